"""Who takes part in a course, for tools (LTI Names and Role Provisioning Services 2.0).

Besides the list there is its ``differences`` address: the same list, of what changed since.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from . import groups
from .content import Course
from .enrolments import Enrolment, Status
from .lms import current_sandbox
from .services import ServiceRefused, answer, caller, course_of, page_of, with_query
from .tools import MEMBERS, RESOURCE_LINK, RegisteredTool

MEDIA_TYPE = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
_CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"


def add_to(services: Blueprint) -> None:
    """``/memberships`` of a course."""
    services.add_url_rule(
        "/courses/<course_id>/bindings/<client_id>/memberships", "memberships", _memberships
    )


def _memberships(course_id: str, client_id: str) -> Response:
    tool = caller(MEMBERS, client_id=client_id)
    course = course_of(course_id)
    sandbox = current_sandbox()
    link_id = request.args.get("rlid")
    if link_id is not None and link_id not in sandbox.link_ids(course, tool):
        raise ServiceRefused(404, "This tool has no such resource link in the course.")
    # A list that is read page by page tells of changes since its first page.
    until = _change("until", sandbox.enrolments.last_change(course.id))
    since = _change("since", -1)
    role = request.args.get("role", "").rpartition("#")[2]
    found = [
        one
        for one in sandbox.enrolments.of_course(course.id)
        if role in ("", _role(one))
        # Who left is told once, among the changes.
        and (one.changed > since if since >= 0 else one.status is not Status.DELETED)
    ]
    shown, links = page_of(found)
    if "next" in links:
        links["next"] += f"&until={until}" if "until" not in request.args else ""
    links["differences"] = with_query(since=str(until), until=None, **{"from": None})
    content = {
        "id": with_query(),
        "context": {"id": course.id, "label": course.id, "title": course.title},
        "members": [_described(tool, course, one, link_id) for one in shown],
    }
    return answer(content, MEDIA_TYPE, links=links)


def _change(name: str, default: int) -> int:
    text = request.args.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ServiceRefused(400, f"{name} is not from an address that this service gave.")
    return int(text)


def _role(one: Enrolment) -> str:
    """The short name, as Moodle gives it."""
    return "Instructor" if one.person.teacher else "Learner"


def _described(tool: RegisteredTool, course: Course, one: Enrolment, link_id: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {"status": one.status, "user_id": one.person.id, "roles": [_role(one)]}
    if "name" in tool.claims:
        found["name"] = one.person.title
    if request.args.get("groups") == "true":
        group = groups.of_learner(current_sandbox(), course, one.person)
        found["group_enrollments"] = [{"group_id": group.id}] if group else []
    if link_id is not None:
        link = current_sandbox().links.find(course.id, link_id)
        message = {_CLAIM + "message_type": RESOURCE_LINK}
        found["message"] = [message | {_CLAIM + "custom": dict(link.custom)} if link else message]
    return found
