"""Planner strategy: an ordered path to a goal, made anew from each situation.

What is known is skipped; what may be known is tested first where that saves time; each skill gets lessons
while little is known, then practice until it is likely to be known; after two failures another explanation;
what is about to be forgotten is reviewed between; the steps are laid into the time there is. See
docs/strategies/planner.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from marshmallow import Schema, fields, validate

from ... import (
    Activity,
    Depth,
    Goal,
    LeftOut,
    Manifest,
    Plan,
    Purpose,
    Reads,
    Reason,
    Situation,
    hookimpl,
    message,
)
from ..prerequisites import inferred, text_order
from ..settings import of
from . import cover
from .beliefs import Beliefs, Settings
from .draft import RESULTS, Draft, Drafter, in_blocks, minutes, needed_first
from .slots import capacity, scheduled
from .wanted import Wanted, declared, joined, wanted

DONE = Reason(message("Because you have done it."), uses=frozenset({"statements"}))
KNOWN = message("Because your results show that you know %(skill)s well enough for this goal.")
BEYOND = Reason(message("Because it goes further than this goal asks."))
ENOUGH = message("Because the other steps on %(skill)s are likely to be enough.")
USUAL = Settings()


def _number(name: str, title: str, text: str, low: float, high: float) -> fields.Float:
    return fields.Float(
        load_default=getattr(USUAL, name),
        validate=validate.Range(low, high),
        metadata={"title": title, "description": text},
    )


class SettingsSchema(Schema):
    """``Settings`` as they are given: those that an organisation may have an opinion on."""

    operational = _number(
        "operational",
        message("Known well enough to work with"),
        message("The expected result, from 0 to 1, from which a skill counts as known for this aim."),
        0.5,
        0.95,
    )
    deep = _number(
        "deep",
        message("Known thoroughly"),
        message("The expected result, from 0 to 1, from which a skill counts as known for this aim."),
        0.5,
        0.98,
    )
    confidence = _number(
        "confidence",
        message("Sureness of inferred prerequisites"),
        message("What order and results say of prerequisites counts from here. Above 1 it never does."),
        0.5,
        1.1,
    )
    reviews = _number(
        "reviews",
        message("Share of reviews"),
        message("The largest part of a day’s time that reviews may take in a plan."),
        0.0,
        1.0,
    )


@hookimpl
def manifest() -> Manifest:
    """What this plugin needs."""
    return Manifest(
        about=message("Lays out the steps to a goal."),
        purposes=frozenset({Purpose.SUGGESTIONS, Purpose.SHARED_MODELS}),
        reads=frozenset({Reads.PROFILE, Reads.HISTORY, Reads.ESTIMATES, Reads.CALENDAR}),
        languages=("en", "da", "de"),
    )


@hookimpl
def settings_schema() -> type[Schema]:
    """What can be set."""
    return SettingsSchema


@hookimpl
def plan_path(situation: Situation, goal: Goal) -> Plan | None:
    """Lay out the path; nothing without a goal."""
    if not goal.skills:
        return None
    settings = of(Settings, situation)
    pool = [a for a in map(situation.catalogue.by_id.get, situation.pool) if a is not None]
    pool = _by_text_where_unordered(pool)
    beliefs = Beliefs(situation, settings)
    deep = goal.depth is Depth.UNDERSTAND
    needs = joined(declared(pool, situation.catalogue), inferred(situation), settings.confidence)
    place = _first_places(pool)
    names = set(goal.skill_ids)
    known = {
        skill: _enough(beliefs, skill, settings.deep if deep and skill in names else settings.operational)
        for skill in (*place, *goal.skill_ids)
    }
    path = wanted(goal, needs, known, place)
    drafter = Drafter(situation, goal, pool, beliefs, path, settings)
    drafts = {skill: drafter.steps(skill, _target(beliefs, skill, settings)) for skill in path.order}
    first = _first_in_time(goal, situation, path, drafts)
    order = [d for skill in sorted(path.order, key=lambda s: s not in first) for d in drafts[skill]]
    if deep:
        order += _deeper(path, drafter, settings)
    skills = {d.skill for d in order}
    below = {skill: _below(skill, path) for skill in path.order}
    reviews = [r for r in situation.reviews if r.skill_id in place and r.skill_id not in skills]
    plan = Plan(
        goal,
        tuple(scheduled(_in_order(order, drafter.by_id), reviews, goal, situation, settings.reviews, below)),
        tuple(_left_out(pool, path, drafter)),
        path.known,
        tuple(skill for skill in path.order if skill not in drafter.of_skill),
    )
    return replace(plan, needed_a_day=_needed(plan, order, situation, below))


def _target(beliefs: Beliefs, skill: str, settings: Settings) -> float:
    """What the first round aims at: to work with the skill; nothing where that is so already."""
    return 0.0 if _enough(beliefs, skill, settings.operational) else settings.operational


def _deeper(path: Wanted, drafter: Drafter, settings: Settings) -> list[Draft]:
    """The second round, for depth: the goal's own skills, least firm first, to spread practice."""
    mine = [skill for skill in path.order if skill in drafter.levels]
    mine.sort(key=lambda skill: (drafter.level(skill), path.order.index(skill)))
    return [draft for skill in mine for draft in drafter.steps(skill, settings.deep, again=True)]


def _by_text_where_unordered(pool: list[Activity]) -> list[Activity]:
    """The pool, in the order that texts hint at where the catalogue gives no order at all."""
    unordered = len({a.position for a in pool}) == 1 and not any(a.prerequisites for a in pool)
    if not unordered or not 1 < len(pool) <= MOST_BY_TEXT:
        return pool
    rank = text_order(pool).sum(axis=1)
    return [pool[place] for place in sorted(range(len(pool)), key=lambda n: (-rank[n], n))]


def _enough(beliefs: Beliefs, skill: str, target: float) -> bool:
    """Whether a skill counts as known: mastered, or expected to go well with a result to show for it."""
    if beliefs.mastered(skill):
        return True
    return beliefs.results(skill) > 0 and not beliefs.failures(skill) and beliefs.expected(skill) >= target


def _first_places(pool: Sequence[Activity]) -> dict[str, int]:
    found: dict[str, int] = {}
    for number, activity in enumerate(pool):
        for skill in activity.skill_ids:
            found.setdefault(skill, number)
    return found


def _first_in_time(
    goal: Goal, situation: Situation, path: Wanted, drafts: dict[str, list[Draft]]
) -> frozenset[str]:
    """The skills to come first because with them most goals are reached by the deadline; all when all fit."""
    room = capacity(goal, situation)
    cost = in_blocks(drafts)
    if room is None or sum(cost.values()) <= room:
        return frozenset(path.order)
    goals = [skill for skill in goal.skill_ids if skill in path.builds_on]
    below = {skill: _below(skill, path) for skill in goals}
    chosen = cover.reachable(goals, below, cost, room)
    return frozenset().union(*(below[skill] for skill in chosen))


def _below(skill: str, path: Wanted) -> frozenset[str]:
    found = {skill}
    walk = [skill]
    while walk:
        for need in path.builds_on[walk.pop()] - found:
            found.add(need)
            walk.append(need)
    return frozenset(found)


def _in_order(order: list[Draft], by_id: Mapping[str, Activity]) -> list[Draft]:
    """The same steps, with what an activity asks for moved before it where the deadline tore them apart."""
    steps = {draft.activity.id: draft for draft in order}
    placed: dict[str, Draft] = {}
    for draft in order:
        for activity in needed_first(
            draft.activity, lambda need: need in steps and need not in placed, by_id
        ):
            placed.setdefault(activity.id, steps[activity.id])
        placed.setdefault(draft.activity.id, draft)
    return list(placed.values())


def _left_out(pool: Sequence[Activity], path: Wanted, drafter: Drafter) -> list[LeftOut]:
    """Why an activity on one of the path's skills is no step."""
    skills = {*path.order, *path.known}
    found = []
    for activity in pool:
        mine = [s for s in activity.skill_ids if s in skills]
        if not mine or activity.id in drafter.planned:
            continue
        offered = [s for s in mine if activity in drafter.of_skill.get(s, ())]
        if activity.id in drafter.beliefs.finished:
            reason = DONE
        elif all(s in path.known for s in mine):
            reason = Reason(KNOWN, {"skill": mine[0]}, uses=RESULTS)
        elif not offered:
            reason = BEYOND
        else:
            reason = Reason(ENOUGH, {"skill": next(s for s in offered if s not in path.known)})
        found.append(LeftOut(activity.id, reason))
    return found


def _needed(
    plan: Plan, order: Sequence[Draft], situation: Situation, below: Mapping[str, frozenset[str]]
) -> int | None:
    """The fewest minutes a day, in fives, that meet the deadline; None when it is met or out of reach."""
    if plan.in_time is not False:
        return None
    fewest = plan.goal.minutes_a_day // 5 * 5 + 5
    for more in range(fewest, MOST_A_DAY + 1, 5):
        wish = replace(plan.goal, minutes_a_day=more)
        room = capacity(wish, situation)
        if room is None or room < sum(minutes(d.activity) for d in order):
            continue
        steps = scheduled(order, [], wish, situation, 0.0, below)
        if not any(step.late for step in steps):
            return more
    return None


MOST_BY_TEXT = 60
"""Comparing the texts of more activities takes too long while somebody waits."""
MOST_A_DAY = 240
"""More is not proposed."""
