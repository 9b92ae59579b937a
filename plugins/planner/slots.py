"""When the steps come: days with the minutes there are, in the calendar's free time where it is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from ... import Goal, Reason, Review, Signal, Situation, Slot, Step, StepKind, message
from .draft import Draft, minutes

FREE = "free-slot"
"""The kind of signal that says when there is time."""
FORGETTING = message("Because %(skill)s is about to be forgotten.")
LOOK_AHEAD = 10
"""Steps that may be overtaken by one that fits what is left of a day."""
LEAST = 5
"""A shorter stretch of time is not used."""
FARTHEST = 3650
"""Days ahead that are planned."""


@dataclass(frozen=True, slots=True)
class Session:
    """Time on one day; ``slot`` where the calendar names it."""

    day: date
    minutes: int
    slot: Slot | None = None


def free_slots(signals: Sequence[Signal], now: datetime) -> list[Slot]:
    """Free time from now on, soonest first, overlaps joined."""
    found: list[Slot] = []
    known = [s for s in signals if s.kind == FREE and s.end is not None and s.end > now]
    for signal in sorted(known, key=lambda s: (s.start, s.end)):
        start, end = max(signal.start, now).astimezone(UTC), (signal.end or now).astimezone(UTC)
        if found and start <= found[-1].end:
            found[-1] = Slot(found[-1].start, max(end, found[-1].end))
        elif start < end:
            found.append(Slot(start, end))
    return found


def sessions(goal: Goal, signals: Sequence[Signal], now: datetime) -> Iterator[Session]:
    """Time to learn, day by day from today, never more than the goal's minutes a day.

    As far as the calendar tells of free time there is none besides; after that every day has some.
    """
    slots = free_slots(signals, now)
    today = now.astimezone(UTC).date()
    last = slots[-1].start.date() if slots else today - timedelta(days=1)
    by_day: dict[date, list[Slot]] = {}
    for slot in slots:
        by_day.setdefault(slot.start.date(), []).append(slot)
    for ahead in range(FARTHEST):
        day = today + timedelta(days=ahead)
        if day > last:
            yield Session(day, goal.minutes_a_day)
            continue
        left = goal.minutes_a_day
        for slot in by_day.get(day, ()):
            usable = min(left, slot.minutes)
            if usable >= LEAST:
                left -= usable
                yield Session(day, usable, Slot(slot.start, slot.start + timedelta(minutes=usable)))


def capacity(goal: Goal, situation: Situation) -> int | None:
    """Minutes there are until the deadline; None without one."""
    if goal.deadline is None:
        return None
    total = 0
    for session in sessions(goal, situation.signals, situation.now):
        if session.day > goal.deadline:
            break
        total += session.minutes
    return total


def scheduled(
    drafts: Sequence[Draft],
    reviews: Sequence[Review],
    goal: Goal,
    situation: Situation,
    share: float,
    below: Mapping[str, frozenset[str]],
) -> list[Step]:
    """Give each step its day, reviews among them on the first day after they fall due.

    A step that does not fit what is left of a day waits for the next one, and one behind it that does not
    build on it may come first; only one that is longer than a whole day's time is spread over several.

    :param share: the largest part of a session that reviews may take.
    :param below: skill to itself and all it builds on, directly or not.
    """
    waiting = sorted(reviews, key=lambda r: (r.due, r.skill_id))
    steps: list[Step] = []
    todo = list(drafts)
    long: tuple[Session, int] | None = None  # where the first step was begun, and what is left of it
    for session in sessions(goal, situation.signals, situation.now):
        if not todo:
            break
        left = session.minutes
        if long is None:
            left -= _reviews(steps, waiting, session, share * left, goal)
            if minutes(todo[0].activity) > goal.minutes_a_day:
                long = session, minutes(todo[0].activity)
        if long is not None:
            begun, rest = long
            if rest > left:
                long = begun, rest - left
                continue
            steps.append(_step(todo.pop(0), begun, session.day, goal))
            left, long = left - rest, None
        for draft in _fitting(todo, left, below):
            steps.append(_step(draft, session, session.day, goal))
            todo.remove(draft)
    return steps


def _fitting(todo: Sequence[Draft], left: int, below: Mapping[str, frozenset[str]]) -> list[Draft]:
    """The steps that fit, in order; one may overtake those that do not, unless it builds on them."""
    found: list[Draft] = []
    passed: set[str] = set()
    passed_skills: set[str] = set()
    for draft in todo:
        need = minutes(draft.activity)
        free = not passed_skills & below.get(draft.skill, frozenset({draft.skill}))
        if need <= left and free and not passed & set(draft.activity.prerequisites):
            found.append(draft)
            left -= need
            continue
        passed.add(draft.activity.id)
        passed_skills.add(draft.skill)
        if len(passed) > LOOK_AHEAD or left < LEAST:
            break
    return found


def _reviews(steps: list[Step], waiting: list[Review], session: Session, room: float, goal: Goal) -> int:
    """Put what is due into a session; returns the minutes it takes."""
    used = 0
    for review in [r for r in waiting if r.due.astimezone(UTC).date() <= session.day]:
        need = max(1, review.minutes)
        if used + need > room:
            break
        used += need
        waiting.remove(review)
        why = Reason(FORGETTING, {"skill": review.skill_id}, uses=frozenset({"statements"}))
        late = goal.deadline is not None and session.day > goal.deadline
        steps.append(
            Step(
                StepKind.REVIEW,
                review.skill_id,
                need,
                (why,),
                session.day,
                session.day,
                review.activity_id,
                session.slot,
                late,
            )
        )
    return used


def _step(draft: Draft, begun: Session, last: date, goal: Goal) -> Step:
    late = goal.deadline is not None and last > goal.deadline
    return Step(
        draft.kind,
        draft.skill,
        minutes(draft.activity),
        draft.reasons,
        begun.day,
        last,
        draft.activity.id,
        begun.slot,
        late,
    )
