"""The catalogue in the API: activities and skills, in and out, and what is suggested to nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from ...core.catalogue import Activity, Skill
from ...core.decisions import Decision, DecisionKind
from ...core.drafts import ImportReport
from ...core.errors import NotFound
from ...schemas.api_catalogue import (
    ActivitiesAsked,
    ActivityTold,
    BanTold,
    CountTold,
    ImportAsked,
    ImportTold,
    LiftedTold,
    SkillOfCatalogueTold,
    SkillsAsked,
    WholeActivityTold,
)
from ...schemas.api_courses import DecidedTold
from ...schemas.api_fields import PageAsked, page_of
from ..token_gate import actor, current
from ..visiting import core
from .paging import Answer, sorted_part
from .routes import Calls

LARGEST_IMPORT = 16 * 1024 * 1024
"""Bytes in one import."""

calls = Calls(
    "api_catalogue",
    "Catalogue",
    "What can be learned: activities and skills, and the activities that are suggested to nobody.",
)


def _room_for_imports() -> None:
    """Imports may be larger than forms."""
    if request.method == "PUT":
        request.max_content_length = LARGEST_IMPORT
        if (request.content_length or 0) > LARGEST_IMPORT:
            raise RequestEntityTooLarge(f"An import has at most {LARGEST_IMPORT} bytes: send it in parts.")


calls.before_request(_room_for_imports)


@calls.call("GET", "/activities", page_of(ActivityTold, "ActivitiesTold"), asks=ActivitiesAsked)
def activities(query: dict[str, Any]) -> Answer:
    """List activities, by key; with filters, those that all of them fit."""
    catalogue = core().catalogue(current().tenant_id)
    words = query["q"].casefold().split()
    return sorted_part((a for a in catalogue if _fits(a, query, words)), query, lambda a: [a.key, a.id])


def _fits(activity: Activity, query: Mapping[str, Any], words: list[str]) -> bool:
    if query["course"] and query["course"] not in activity.context_ids:
        return False
    if query["skill"] and query["skill"] not in activity.skill_ids:
        return False
    if query["media_type"] not in ("", activity.media_type):
        return False
    if query["language"] not in ("", activity.language):
        return False
    text = f"{activity.title}\n{activity.text}".casefold() if words else ""
    return all(word in text for word in words)


@calls.call("GET", "/activities/<id:activity>", WholeActivityTold)
def activity(activity: str) -> Activity:
    """See an activity with its text."""
    return _activity(activity)


def _activity(activity_id: str) -> Activity:
    found = core().catalogue(current().tenant_id).by_id.get(activity_id)
    if found is None:
        raise NotFound("There is no such activity (any more).", "GET /api/v1/activities lists them.")
    return found


@calls.call("PUT", "/activities", ImportTold, takes=ImportAsked, refuses=(413,))
def import_activities(body: dict[str, Any]) -> ImportReport:
    """Add activities, or bring them up to date by their `id`: all of them, or none.

    Activities that are not in it stay. What is left out of an activity is found from its text by plugins.
    """
    tenant_id = current().tenant_id
    report = core().import_catalogue(tenant_id, body["items"])
    core().record(tenant_id, actor(), "import activities", new=report.new, changed=report.changed)
    return report


@calls.call("GET", "/skills", page_of(SkillOfCatalogueTold, "SkillsOfCatalogueTold"), asks=PageAsked)
def skills(query: dict[str, Any]) -> Answer:
    """List the skills that activities teach or test, by title."""
    found = core().catalogue(current().tenant_id).skills.values()

    def place(skill: Skill) -> list[str]:
        return [skill.title, skill.id]

    return sorted_part(found, query, place)


@calls.call("PUT", "/skills", CountTold, takes=SkillsAsked, refuses=(413,))
def import_skills(body: dict[str, Any]) -> dict[str, int]:
    """Add skills, or bring them up to date by their `id`: all of them, or none.

    Do it before activities are imported: those without skills are tagged then, by these words.
    """
    tenant_id = current().tenant_id
    count = core().import_skills(tenant_id, body["items"])
    core().record(tenant_id, actor(), "import skills", count=count)
    return {"count": count}


@calls.call("GET", "/bans", page_of(BanTold, "BansTold"), asks=PageAsked)
def bans(query: dict[str, Any]) -> Answer:
    """List the activities that are suggested to nobody."""
    decided = core().decided(current().tenant_id, "")
    found = [d for d in decided if d.kind is DecisionKind.NEVER and not d.learner_id]
    return sorted_part(found, query, lambda d: [d.activity_id])


@calls.call("PUT", "/activities/<id:activity>/ban", DecidedTold)
def ban(activity: str) -> dict[str, int]:
    """Have an activity no longer suggested to anybody, in any course."""
    done = core().decide(current().tenant_id, actor(), Decision(DecisionKind.NEVER, activity))
    return {"no_longer_waiting": done}


@calls.call("DELETE", "/activities/<id:activity>/ban", LiftedTold)
def lift_ban(activity: str) -> dict[str, bool]:
    """Let an activity be suggested again."""
    found = _activity(activity)
    lifted = core().lift(current().tenant_id, actor(), Decision(DecisionKind.NEVER, found.id))
    return {"lifted": lifted}
