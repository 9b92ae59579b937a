"""What may be suggested: time at hand, prerequisites, what is done, mastered, dismissed or ruled out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from .catalogue import Activity
from .evidence import Event, EventKind
from .proposals import Dismissal, Situation, Skip, SkipReason

GOOD_RESULT = 0.6
"""A result from which an activity counts as done."""
MASTERED_LOW = 0.75
"""A skill is mastered when even the low end of its interval is above this."""
MASTERED_ANSWERS = 3
UNKNOWN_MINUTES = 20
"""What an activity of unknown duration is taken to need."""
FINISHING = frozenset({EventKind.COMPLETED, EventKind.PASSED, EventKind.SCORED, EventKind.ATTENDED})

REST = {
    Dismissal.KNOWN: None,
    Dismissal.NOT_RELEVANT: None,
    Dismissal.FORMAT: None,
    Dismissal.TOO_HARD: timedelta(days=30),
    Dismissal.NOT_NOW: timedelta(days=1),
}
"""How long a dismissed activity stays away; None for good."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What passed, what did not and why, and how many only lack time."""

    activities: tuple[Activity, ...]
    skipped: tuple[Skip, ...]


def done(history: Collection[Event]) -> dict[str, datetime]:
    """Activity id to when it was last done well enough; ``history`` newest first.

    The newest result decides: somebody who passed in spring and failed in autumn has not done it.
    """
    found: dict[str, datetime] = {}
    failed: set[str] = set()
    for event in history:
        activity_id = event.activity_id
        if not activity_id or event.item or activity_id in found or activity_id in failed:
            continue
        if event.kind is EventKind.FAILED:
            failed.add(activity_id)
        elif event.kind in FINISHING:
            result = event.result
            if result is not None and result < GOOD_RESULT:
                failed.add(activity_id)
            elif result is not None or event.kind is not EventKind.SCORED:
                found[activity_id] = event.at
    return found


def mastered_skills(situation: Situation) -> dict[str, datetime | None]:
    """Skill id to when it was last shown, for skills known with little doubt."""
    sure = {
        skill_id
        for skill_id, known in situation.mastery.items()
        if known.low >= MASTERED_LOW and known.answers >= MASTERED_ANSWERS
    }
    shown: dict[str, datetime | None] = dict.fromkeys(sure)
    for event in situation.history:
        for skill_id in event.skills:
            if skill_id in shown and shown[skill_id] is None and (event.result or 0) >= GOOD_RESULT:
                shown[skill_id] = event.at
    return shown


def allow(
    situation: Situation,
    *,
    dismissed: Mapping[str, tuple[Dismissal, datetime]],
    banned: Collection[str],
    take_anyway: bool = False,
) -> Allowed:
    """Split the pool into what may be suggested and what is left out, with the first reason that applies.

    :param dismissed: activity id to the newest dismissal in this context, and when.
    :param banned: activity ids that staff ruled out.
    :param take_anyway: the learner asked for what is done or mastered to be offered too.
    """
    finished = done(situation.history)
    mastered = mastered_skills(situation)
    kept: list[Activity] = []
    skipped: list[Skip] = []
    for activity_id in situation.pool:
        activity = situation.catalogue.by_id.get(activity_id)
        if activity is None:
            continue
        skip = _skip(situation, activity, finished, mastered, dismissed, banned, take_anyway)
        if skip is None:
            kept.append(activity)
        else:
            skipped.append(skip)
    return Allowed(tuple(kept), tuple(skipped))


def shortest(allowed: Allowed, longest: int) -> Allowed:
    """Only what takes at most so many minutes, where there is any; all of it with ``longest`` 0."""
    short = tuple(a for a in allowed.activities if (a.minutes or UNKNOWN_MINUTES) <= longest)
    return Allowed(short, allowed.skipped) if short else allowed


def _skip(
    situation: Situation,
    activity: Activity,
    finished: Mapping[str, datetime],
    mastered: Mapping[str, datetime | None],
    dismissed: Mapping[str, tuple[Dismissal, datetime]],
    banned: Collection[str],
    take_anyway: bool,
) -> Skip | None:
    if activity.id in banned:
        return Skip(activity.id, SkipReason.POLICY)
    if activity.id in dismissed:
        why, at = dismissed[activity.id]
        rest = REST[why]
        if rest is None or at + rest > situation.now:
            return Skip(activity.id, SkipReason.DISMISSED, at)
    if not take_anyway:
        if activity.id in finished:
            return Skip(activity.id, SkipReason.DONE, finished[activity.id])
        if mastered and activity.skills and all(s.skill_id in mastered for s in activity.skills):
            times = [t for s in activity.skills if (t := mastered[s.skill_id]) is not None]
            return Skip(activity.id, SkipReason.MASTERED, max(times, default=None))
    for prerequisite in activity.prerequisites:
        if not _open(situation, prerequisite, finished, mastered):
            return Skip(activity.id, SkipReason.PREREQUISITE)
    if (activity.minutes or UNKNOWN_MINUTES) > situation.minutes:
        return Skip(activity.id, SkipReason.TIME)
    return None


def _open(
    situation: Situation,
    prerequisite: str,
    finished: Mapping[str, datetime],
    mastered: Mapping[str, datetime | None],
) -> bool:
    """Whether a prerequisite stands in the way no more: done, mastered, or gone from the catalogue."""
    activity = situation.catalogue.by_id.get(prerequisite)
    if activity is None or prerequisite in finished:
        return True
    return bool(activity.skills) and all(s.skill_id in mastered for s in activity.skills)
