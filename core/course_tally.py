"""From rows about people to what is told of many: how activities went, what came of suggestions, what waits.

Pure: no store, no clock. What may be told is in ``course_figures``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from . import course_figures
from .catalogue import Activity, Catalogue
from .course_figures import Share, Way
from .proposals import Outcome, Reason, Suggestion
from .store.course import Came, Step

LIKE_AT_LEAST = 2
"""Modules that a comparison takes."""
TAKEN = frozenset({Outcome.STARTED, Outcome.COMPLETED, Outcome.FAILED, Outcome.PASSED})
WELL = frozenset({Outcome.COMPLETED, Outcome.PASSED})


@dataclass(frozen=True, slots=True)
class Suggested:
    """What was suggested in a course, for one activity; None where too few for a figure.

    :param people: to how many.
    :param taken: the share that began it.
    :param went_well: of those, the share that completed or passed it.
    """

    activity_id: str
    people: int | None
    taken: Share | None
    went_well: Share | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """An activity that needs a yes.

    :param people: for how many it waits.
    :param more: for some more too, who are too few to be told.
    :param reasons: why, as those who are told it most read it; () where nobody's reasons may be shown.
    :param went_well: what it did for those who took it; None while that was not measured.
    """

    activity_id: str
    people: int
    more: bool
    reasons: tuple[Reason, ...]
    went_well: Share | None
    since: datetime


def ways(steps: Iterable[Step]) -> dict[str, Way]:
    """Activity id to what happened with it."""
    begun, ended = Counter[str](), Counter[str]()
    minutes: dict[str, list[int]] = {}
    for step in steps:
        begun[step.activity_id] += 1
        if step.ended:
            ended[step.activity_id] += 1
        elif step.minutes is not None:
            minutes.setdefault(step.activity_id, []).append(step.minutes)
    return {a: Way(n, ended[a], tuple(minutes.get(a, ()))) for a, n in begun.items()}


def ended_each(steps: Iterable[Step], people: Iterable[str]) -> list[int]:
    """How many activities each has ended, in no order."""
    ended = Counter(step.learner_id for step in steps if step.ended)
    return [ended[learner_id] for learner_id in people]


def alike(activity: Activity, catalogue: Catalogue, ways: Mapping[str, Way]) -> Way:
    """Modules like this one taken together: of its media type, and of its skills where there are enough."""
    like = [
        a
        for a in map(catalogue.by_id.get, ways)
        if a is not None and a.id != activity.id and a.media_type == activity.media_type
    ]
    closer = [a for a in like if set(a.skill_ids) & set(activity.skill_ids)]
    chosen = closer if len(closer) >= LIKE_AT_LEAST else like
    return sum((ways[a.id] for a in chosen), Way()) if len(chosen) >= LIKE_AT_LEAST else Way()


def tellable(came: Sequence[Came], covered: Collection[str], fewest: int) -> list[Came]:
    """What figures about suggestions may be made of.

    Those who are not covered are not listed. If they were few, figures less what is listed would be about
    them: then they are left out.
    """
    others = {c.learner_id for c in came} - set(covered)
    if len(others) >= fewest:
        return list(came)
    return [c for c in came if c.learner_id not in others]


def suggested(came: Iterable[Came], fewest: int) -> tuple[Suggested, ...]:
    """What came of suggestions, activity by activity: what was shown to most people first."""
    by_activity: dict[str, dict[str, set[Outcome]]] = {}
    for row in came:
        by_activity.setdefault(row.activity_id, {}).setdefault(row.learner_id, set()).add(row.outcome)
    made = []
    for activity_id, outcomes in by_activity.items():
        taken = [each for each in outcomes.values() if each & TAKEN]
        well = sum(bool(each & WELL) for each in taken)
        people = len(outcomes)
        made.append(
            Suggested(
                activity_id,
                people if people >= fewest else None,
                course_figures.share(len(taken), people, fewest),
                course_figures.share(well, len(taken), fewest),
            )
        )
    return tuple(sorted(made, key=lambda s: (-(s.people or 0), s.activity_id)))


def waiting(
    same: Sequence[Suggestion], covered: Collection[str], fewest: int, went_well: Share | None
) -> Waiting:
    """The row of the queue for suggestions of one activity.

    :param same: one for each learner, at least one.
    :param covered: ids of those whose reasons staff may read.
    """
    seen = [s for s in same if s.learner_id in covered]
    more = 0 < len(same) - len(seen) < fewest
    # The same sentences count together, whatever stands in their places.
    said = Counter(tuple(r.text for r in s.reasons) for s in seen)
    most = said.most_common(1)[0][0] if said else ()
    reasons = next((s.reasons for s in seen if tuple(r.text for r in s.reasons) == most), ())
    people = len(seen) if more else len(same)
    return Waiting(same[0].activity_id, people, more, reasons, went_well, min(s.at for s in same))
