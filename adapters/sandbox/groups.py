"""Groups of learners in courses, and the service that tells tools about them (LTI Course Groups Service 1.0).

Each course has two groups, which make up one set; a learner's number decides which one it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, Response, request

from .content import Course
from .lms import Sandbox, current_sandbox
from .people import Person
from .services import answer, caller, course_of, page_of, with_query
from .tools import GROUPS

MEDIA_TYPE = "application/vnd.ims.lti-gs.v1.contextgroupcontainer+json"


@dataclass(frozen=True, slots=True)
class Group:
    """One group.

    :param set_id: of the set that it belongs to.
    """

    id: str
    name: str
    set_id: str


def of_course(course: Course) -> tuple[Group, Group]:
    """A course's groups."""
    set_id = f"{course.id}-teams"
    return Group(f"{course.id}-a", "Team A", set_id), Group(f"{course.id}-b", "Team B", set_id)


def of_learner(sandbox: Sandbox, course: Course, person: Person) -> Group | None:
    """A learner's group; None for who teaches, or takes no part."""
    if person.teacher or not sandbox.enrolments.is_active(course.id, person.id):
        return None
    odd, even = of_course(course)
    return odd if int(person.id.rpartition("-")[2]) % 2 else even


def add_to(services: Blueprint) -> None:
    """``/groups`` and ``/group-sets`` of a course."""
    here = "/courses/<course_id>/bindings/<client_id>"
    services.add_url_rule(f"{here}/groups", "groups", _groups)
    services.add_url_rule(f"{here}/group-sets", "group_sets", _sets)


def _groups(course_id: str, client_id: str) -> Response:
    caller(GROUPS, client_id=client_id)
    course = course_of(course_id)
    sandbox = current_sandbox()
    found = list(of_course(course))
    wanted = request.args.get("user_id")
    if wanted is not None:
        people: Mapping[str, Person] = {
            one.person.id: one.person for one in sandbox.enrolments.of_course(course.id)
        }
        own = of_learner(sandbox, course, people[wanted]) if wanted in people else None
        found = [group for group in found if group == own]
    shown, links = page_of(found)
    groups = [{"id": group.id, "name": group.name, "set_id": group.set_id} for group in shown]
    return answer({"id": with_query(), "groups": groups}, MEDIA_TYPE, links=links)


def _sets(course_id: str, client_id: str) -> Response:
    caller(GROUPS, client_id=client_id)
    course = course_of(course_id)
    sets = [{"id": of_course(course)[0].set_id, "name": "Teams"}]
    shown, links = page_of(sets)
    return answer({"id": with_query(), "sets": shown}, MEDIA_TYPE, links=links)
