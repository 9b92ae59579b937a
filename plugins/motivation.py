"""Motivation strategy: one challenge at the edge of ability, alone or in a team as the learner prefers.

Nothing here counts days, compares people or takes anything away. What a learner likes is what they said; how
big the next step is follows from how the latest ones went.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from marshmallow import Schema, fields, validate

from .. import (
    Activity,
    Award,
    Challenge,
    Event,
    Manifest,
    Motivation,
    Purpose,
    Reads,
    Reason,
    Situation,
    hookimpl,
    message,
)
from .indexed import difficulty
from .paths import ENGAGEMENT
from .settings import of

LATEST = 5
WELL = 0.6
KNOWN_FROM = 0.65
"""A skill is likely known when even the low end of its interval reaches this."""
KNOWN_RESULTS = 3
STATEMENTS = frozenset({"catalogue", "statements"})

STRETCH = message("Because it asks a little more than what you have shown on %(skill)s so far.")
WITHIN = message("Because it uses what you have shown on %(skill)s, and takes a small step on.")
SMALLER = message("Because the last ones were hard going, this one is a smaller step.")
ALONE = message("Because you said you like to work alone.")
TOGETHER = message("Because you said you like to work with others.")
KNOWN = message("Because your results show that you likely know %(skill)s.")
CAME_BACK = message("Because you came back to %(activity)s after it went wrong, and it went well.")
KNOWN_TITLE = message("First skill known")
CAME_BACK_TITLE = message("Came back and did it")


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator, and a tenant, may change.

    :param edge: wished probability of success of a challenge.
    :param gentle_edge: the same while the latest results went badly.
    """

    edge: float = 0.7
    gentle_edge: float = 0.85


USUAL = Settings()
EDGES = validate.Range(0.5, 0.95)


class SettingsSchema(Schema):
    """``Settings`` as they are given."""

    edge = fields.Float(
        load_default=USUAL.edge,
        validate=EDGES,
        metadata={
            "title": message("Chance of success in a challenge"),
            "description": message("The activity nearest to this chance is the next challenge."),
        },
    )
    gentle_edge = fields.Float(
        load_default=USUAL.gentle_edge,
        validate=EDGES,
        metadata={
            "title": message("The same after hard ones"),
            "description": message("Used while most of a learner’s latest results went badly."),
        },
    )


def results(history: Sequence[Event]) -> list[Event]:
    """The events that say how an activity went, newest first."""
    return [e for e in history if e.kind in ENGAGEMENT and e.activity_id and e.result is not None]


def hard_going(history: Sequence[Event]) -> list[Event]:
    """The latest results that went badly, when they are most of the latest ``LATEST``."""
    latest = results(history)[:LATEST]
    badly = [event for event in latest if (event.result or 0.0) < WELL]
    return badly if len(latest) >= 3 and 2 * len(badly) > len(latest) else []


def expected_success(situation: Situation, activity: Activity) -> tuple[float, str] | None:
    """Probability of success in the skill the learner is weakest at, and that skill; None when none is known.

    A mean is the probability at medium difficulty, so on the logit scale difficulty is subtracted (Rasch).
    """
    known = [situation.mastery[s] for s in activity.skill_ids if s in situation.mastery]
    if not known:
        return None
    weakest = min(known, key=lambda estimate: (estimate.mean, estimate.skill_id))
    mean = min(0.98, max(0.02, weakest.mean))
    hard = difficulty(activity)
    logit = math.log(mean / (1 - mean)) - math.log(hard / (1 - hard))
    return 1 / (1 + math.exp(-logit)), weakest.skill_id


@hookimpl
def manifest() -> Manifest:
    """What this plugin needs."""
    return Manifest(
        about=message(
            "Describes how somebody likes to work, proposes a challenge, and names what was achieved."
        ),
        purposes=frozenset({Purpose.SUGGESTIONS}),
        reads=frozenset({Reads.PROFILE, Reads.HISTORY, Reads.ESTIMATES}),
        languages=("en", "da", "de"),
    )


@hookimpl
def settings_schema() -> type[Schema]:
    """What can be set."""
    return SettingsSchema


@hookimpl
def describe_motivation(situation: Situation) -> Motivation | None:
    """Alone or with others as the learner said, and smaller steps after hard ones; else None."""
    settings = of(Settings, situation)
    solo = situation.learner.profile.solo
    if badly := hard_going(situation.history):
        evidence = tuple(event.id for event in badly)
        return Motivation(
            solo, settings.gentle_edge, Reason(SMALLER, {}, evidence, frozenset({"statements"}))
        )
    if solo is None:
        return Motivation(None, settings.edge) if situation.history else None
    return Motivation(solo, settings.edge, Reason(ALONE if solo else TOGETHER, uses=frozenset({"page"})))


@hookimpl
def next_challenge(situation: Situation, motivation: Motivation) -> Challenge | None:
    """The undone activity nearest the edge, with its prerequisites done and within the time at hand."""
    done = {
        e.activity_id
        for e in situation.history
        if e.kind in ENGAGEMENT and (e.result is None or e.result >= WELL)
    }
    best: tuple[float, int, Activity, float, str] | None = None
    for place, name in enumerate(situation.pool):
        activity = situation.catalogue.by_id.get(name)
        if activity is None or name in done or not done.issuperset(activity.prerequisites):
            continue
        if activity.minutes > situation.minutes or (found := expected_success(situation, activity)) is None:
            continue
        distance = abs(found[0] - motivation.edge)
        if best is None or distance < best[0]:
            best = distance, place, activity, *found
    if best is None:
        return None
    _, _, activity, expected, skill = best
    text = STRETCH if expected < situation.mastery[skill].mean else WITHIN
    answered = situation.mastery[skill].answers
    uses = STATEMENTS if answered else frozenset({"catalogue", "page"})
    reason = motivation.reason if motivation.edge > of(Settings, situation).edge else None
    team = motivation.solo is False
    return Challenge(activity.id, team, expected, reason or Reason(text, {"skill": skill}, uses=uses))


@hookimpl
def award(situation: Situation) -> Sequence[Award]:
    """The first skill likely known, and coming back to something that went wrong."""
    found = []
    known = [m for m in situation.mastery.values() if m.answers >= KNOWN_RESULTS and m.low >= KNOWN_FROM]
    if known:
        skill = max(known, key=lambda m: (m.low, m.skill_id)).skill_id
        evidence = tuple(e.id for e in situation.history if skill in e.skills and e.result is not None)[
            :LATEST
        ]
        reason = Reason(KNOWN, {"skill": skill}, evidence, frozenset({"statements"}))
        found.append(Award("first-skill-known", KNOWN_TITLE, reason, skill))
    if pair := came_back(situation.history):
        evidence = pair[1].id, pair[0].id
        reason = Reason(CAME_BACK, {"activity": pair[0].activity_id}, evidence, frozenset({"statements"}))
        found.append(Award("came-back", CAME_BACK_TITLE, reason))
    return found


def came_back(history: Sequence[Event]) -> tuple[Event, Event] | None:
    """The first result that went badly and a later one on the same activity that went well."""
    badly: dict[str, Event] = {}
    for event in reversed(results(history)):
        if (event.result or 0.0) < WELL:
            badly.setdefault(event.activity_id, event)
        elif event.activity_id in badly:
            return badly[event.activity_id], event
    return None
