"""Courses in the API: figures, what was suggested, what waits for a yes; decisions and choices of staff."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core.choices import Choices
from ...core.decisions import Decision, DecisionKind
from ...core.desks.course import CourseFigures
from ...core.errors import Forbidden
from ...core.people import Context
from ...schemas.api_catalogue import LiftedTold
from ...schemas.api_courses import (
    CourseChoicesAsked,
    CourseChoicesTold,
    CourseTold,
    DecidedTold,
    DecisionAsked,
    DecisionTold,
    FiguresTold,
    ForWhomAsked,
    WaitingTold,
    WholeCourseTold,
)
from ...schemas.api_fields import PageAsked, page_of
from ...schemas.api_suggestions import SuggestionTold
from ..token_gate import actor, current
from ..visiting import core
from .paging import Answer, part, place, sorted_part
from .routes import Calls, any_of
from .suggestions import reason_told, told

calls = Calls(
    "api_courses",
    "Courses",
    "What staff see and decide. Figures are about groups, and never for fewer people than a course shows "
    "them for; rows about one person are only of those whose agreement says that staff see them.",
    "/courses",
)


@calls.call("GET", "", page_of(CourseTold, "CoursesTold"), asks=PageAsked)
def courses(query: dict[str, Any]) -> Answer:
    """List the courses of the catalogue, by key."""
    found = core().courses(current().tenant_id)
    items, status, headers = sorted_part(found, query, lambda entry: [entry[0], entry[1].id])
    return {**items, "items": [_told(*entry) for entry in items["items"]]}, status, headers


def _told(key: str, course: Context) -> dict[str, Any]:
    activities = core().catalogue(current().tenant_id).in_context(course.id)
    return {
        "id": course.id,
        "key": key,
        "title": course.title,
        "kind": course.kind,
        "activities": len(activities),
    }


@calls.call("GET", "/<id:course>", WholeCourseTold)
def course(course: str) -> dict[str, Any]:
    """See a course, and how many take part."""
    found = core().course(current().tenant_id, course)
    return {**_told(*found), "members": core().members_of(current().tenant_id, course)}


@calls.call("GET", "/<id:course>/figures", FiguresTold)
def figures(course: str) -> CourseFigures:
    """See how a course does: how far people are, where they stop, weak skills, what suggestions did."""
    core().course(current().tenant_id, course)
    return core().course_figures(current().tenant_id, course)


@calls.call(
    "GET", "/<id:course>/suggestions", page_of(SuggestionTold, "SuggestionsInCourseTold"), asks=PageAsked
)
def suggestions(course: str, query: dict[str, Any]) -> Answer:
    """List what was suggested to whom and why, newest first."""
    core().course(current().tenant_id, course)
    before = place(query)
    found = core().suggested_in(current().tenant_id, course, before, query["limit"] + 1)
    items, status, headers = part(found, query, lambda s: [s.at.isoformat(), s.id])
    return {**items, "items": [told(s) for s in items["items"]]}, status, headers


@calls.call("GET", "/<id:course>/waiting", WaitingTold)
def waiting(course: str) -> dict[str, Any]:
    """List what waits for a yes of staff, what waits for most people first. `approve` is the yes."""
    core().course(current().tenant_id, course)
    return {
        "items": [
            {
                "activity_id": each.activity_id,
                "people": each.people,
                "more": each.more,
                "reasons": [reason_told(reason) for reason in each.reasons],
                "went_well": each.went_well,
                "since": each.since,
            }
            for each in core().course_queue(current().tenant_id, course)
        ]
    }


# --- decisions --------------------------------------------------------------------------------------


@calls.call("GET", "/<id:course>/decisions", page_of(DecisionTold, "DecisionsTold"), asks=PageAsked)
def decisions(course: str, query: dict[str, Any]) -> Answer:
    """List what staff decided for a course."""
    core().course(current().tenant_id, course)
    found = core().decided(current().tenant_id, course)
    return sorted_part(found, query, lambda d: [d.activity_id, d.kind, d.learner_id])


_DECISION = f"/<id:course>/decisions/{any_of(DecisionKind)}:kind>/<id:activity>"


@calls.call("PUT", _DECISION, DecidedTold, takes=DecisionAsked)
def decide(course: str, kind: str, activity: str, body: dict[str, str]) -> dict[str, int]:
    """Decide about an activity in a course; the same decision made again replaces the earlier.

    For one learner only where staff of the course see what is suggested to that learner (else 403).
    """
    wanted = _decision(course, kind, activity, body["learner"], body["instead"])
    return {"no_longer_waiting": core().decide(current().tenant_id, actor(), wanted)}


@calls.call("DELETE", _DECISION, LiftedTold, asks=ForWhomAsked)
def lift(course: str, kind: str, activity: str, query: dict[str, str]) -> dict[str, bool]:
    """Take a decision back; `lifted` says whether there was one."""
    wanted = _decision(course, kind, activity, query["learner"], "")
    return {"lifted": core().lift(current().tenant_id, actor(), wanted)}


def _decision(course: str, kind: str, activity: str, learner: str, instead: str) -> Decision:
    tenant_id = current().tenant_id
    core().course(tenant_id, course)
    if learner and not core().may_decide_for(tenant_id, course, learner):
        raise Forbidden(
            "Staff of this course do not see what is suggested to this learner.",
            "Decide for everybody, or leave it to the learner.",
        )
    return Decision(DecisionKind(kind), activity, course, learner, instead)


# --- choices ----------------------------------------------------------------------------------------


@calls.call("GET", "/<id:course>/choices", CourseChoicesTold)
def choices(course: str) -> Choices:
    """See how a course handles suggestions and figures."""
    core().course(current().tenant_id, course)
    return core().choices(current().tenant_id, course)


@calls.call("PATCH", "/<id:course>/choices", CourseChoicesTold, takes=CourseChoicesAsked)
def choose(course: str, body: Mapping[str, Any]) -> Choices:
    """Choose how a course handles suggestions and figures."""
    core().course(current().tenant_id, course)
    for key, value in body.items():
        core().choose(current().tenant_id, actor(), key, value, course)
    return core().choices(current().tenant_id, course)
