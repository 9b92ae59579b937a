"""How far somebody is with what a link opens, as a grade from 0 to 100. Pure: no store, no clock."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .catalogue import Activity
from .constraints import done, mastered_skills
from .evidence import Event
from .opens import Kind, Opens, activity
from .proposals import Situation

FULL = 100.0


def progress(opened: Opens, situation: Situation, log: Sequence[Event]) -> float | None:
    """The grade, a whole number in 0..100; None while there is nothing to grade.

    Path: the share of its activities that are done, or whose skills are all mastered. Skill: how likely it
    is known. Activity: full when it is done, else its newest result.

    :param situation: with the path's activities as pool, and mastery estimated.
    :param log: all that is known of the learner, newest first.
    """
    if opened.kind is Kind.REVIEW:
        return None
    if opened.kind is Kind.SKILL:
        known = situation.mastery.get(opened.of)
        return _whole(known.mean) if known and known.answers else None
    if opened.kind is Kind.ACTIVITY:
        found = activity(opened, situation.catalogue)
        return _of_activity(found, log) if found else None
    pool = [a for i in situation.pool if (a := situation.catalogue.by_id.get(i)) is not None]
    return _of_path(pool, mastered_skills(situation), log)


def _of_activity(found: Activity, log: Sequence[Event]) -> float | None:
    if found.id in done(log):
        return FULL
    results = (e.result for e in log if e.activity_id == found.id and not e.item)
    newest = next((result for result in results if result is not None), None)
    return None if newest is None else _whole(newest)


def _of_path(pool: Sequence[Activity], mastered: Collection[str], log: Sequence[Event]) -> float | None:
    ids = {a.id for a in pool}
    finished = done(log)
    through = sum(
        a.id in finished or (bool(a.skills) and all(s in mastered for s in a.skill_ids)) for a in pool
    )
    begun = through or any(e.activity_id in ids for e in log)
    return _whole(through / len(pool)) if pool and begun else None


def _whole(share: float) -> float:
    return float(round(FULL * min(max(share, 0.0), 1.0)))
