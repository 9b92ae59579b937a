"""The path to a goal, step by step: what, when, why; what is skipped; what changed since the latest result.

The wish (skills, depth, minutes a day, deadline) stands in the address alone, or comes from the profile:
nothing is stored by looking, and skill ids say nothing of a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby

from flask import Blueprint, Response, request

from ...core.catalogue import Activity, Catalogue
from ...core.people import Depth
from ...core.plans import ChangeKind, Goal, LeftOut, Step, StepKind, goal
from ...core.proposals import Reason, message
from ..rendering import formatting_locale
from ..visiting import core, current, show

MINUTES = (10, 20, 30, 45, 60)
"""Minutes a day that are offered."""
DAYS = 7
"""Days that are laid open; later ones are folded."""
GOALS = 12
"""Skills of the course that are offered as a goal."""

KINDS = {
    StepKind.LEARN: message("Learn"),
    StepKind.PRACTICE: message("Practise"),
    StepKind.EXPLAIN: message("Another explanation"),
    StepKind.CHECK: message("Test yourself first"),
    StepKind.REVIEW: message("Review"),
}
CHANGES = {
    ChangeKind.DONE: message("Done"),
    ChangeKind.ADDED: message("New"),
    ChangeKind.DROPPED: message("Falls away"),
    ChangeKind.EARLIER: message("Comes earlier"),
    ChangeKind.LATER: message("Comes later"),
}
DEPTHS = {
    Depth.USE: message("To work with it soon"),
    Depth.UNDERSTAND: message("To understand it thoroughly"),
}


def add_routes(routes: Blueprint) -> None:
    """Add this page to the learner's blueprint."""
    routes.add_url_rule("/path", "path", path)


def path() -> Response:
    """The page."""
    here = current()
    catalogue = core().catalogue(here.launch.tenant_id)
    profile = core().profile(here.launch.tenant_id, here.learner_id) if here.learner_id else None
    wish = _wish(catalogue, profile.depth if profile else None, profile.deadline if profile else None)
    found = core().path(
        here.launch,
        here.learner_id,
        wish,
        locale=formatting_locale(here.locale).language,
        answers=here.answers,
    )
    plan, now = found.plan, found.situation.now
    days = by_day(plan.steps) if plan else []
    wanted = plan.goal if plan else wish
    return show(
        "learner/path.html",
        plan=plan,
        goal=wanted,
        catalogue=found.catalogue,
        now=now,
        days=days[:DAYS],
        later=days[DAYS:],
        skipped=by_reason(plan.left_out, found.catalogue) if plan else [],
        kinds=KINDS,
        changes=CHANGES,
        depths=DEPTHS,
        budgets=sorted({*MINUTES, wanted.minutes_a_day}),
        offered=offered(found.catalogue, found.situation.pool, wanted),
        today=now.date(),
    )


def _wish(catalogue: Catalogue, depth: Depth | None, deadline: date | None) -> Goal:
    """What the address asks for, filled up from the profile; what it says wrongly counts as not said."""
    asked = request.args
    skills = [s for s in asked.getlist("skill") if s in catalogue.skills]
    said = asked.get("depth", "")
    chosen = Depth(said) if said in set(Depth) else depth or Depth.USE
    until = _day(asked["deadline"]) if "deadline" in asked else deadline
    return goal(skills, chosen, asked.get("minutes", 20, type=int), until)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def by_day(steps: Sequence[Step]) -> list[tuple[date, list[Step], int]]:
    """Steps under the day on which they begin: ``(day, steps, minutes)``."""
    groups = [(day, list(of_day)) for day, of_day in groupby(steps, key=lambda step: step.day)]
    return [(day, of_day, sum(step.minutes for step in of_day)) for day, of_day in groups]


def by_reason(left_out: Sequence[LeftOut], catalogue: Catalogue) -> list[tuple[Reason, list[str]]]:
    """Titles of what is left out, under the reason they share."""
    groups: dict[tuple[str, tuple[tuple[str, object], ...]], tuple[Reason, list[str]]] = {}
    for left in left_out:
        key = (left.reason.text, tuple(sorted(left.reason.values.items())))
        groups.setdefault(key, (left.reason, []))[1].append(catalogue.by_id[left.activity_id].title)
    return list(groups.values())


def offered(catalogue: Catalogue, pool: Sequence[str], wanted: Goal) -> list[tuple[str, str, bool]]:
    """Skills to choose a goal from: ``(id, title, chosen)``, those chosen first, then the course's."""
    activities: list[Activity] = [catalogue.by_id[a] for a in pool if a in catalogue.by_id]
    taught = dict.fromkeys([*wanted.skill_ids, *(s for a in activities for s in a.skill_ids)])
    known = [s for s in taught if s in catalogue.skills][: max(GOALS, len(wanted.skills))]
    return [(s, catalogue.skills[s].title, s in wanted.skill_ids) for s in known]
