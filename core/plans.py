"""A path to a goal: what is aimed at, the steps proposed, what is left out and why, and what changed since.

A plan is a proposal that is made anew whenever somebody looks, from the situation alone. So nothing of it is
stored: what changed is the difference to the plan of the same situation without its latest result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import SequenceMatcher
from enum import StrEnum

from .catalogue import Level, SkillLevel
from .evidence import Event
from .people import Depth
from .proposals import Reason, message

LEAST_A_DAY, MOST_A_DAY = 5, 480
"""Minutes a day that a goal may ask for."""

HAPPENED = Reason(message("Because you did it, and it went well enough."), uses=frozenset({"statements"}))
NOT_NEEDED = Reason(
    message("Because your goal is reached without it, as things stand."), uses=frozenset({"statements"})
)
MOVED = Reason(message("Because something else matters more before it."), uses=frozenset({"statements"}))


@dataclass(frozen=True, slots=True)
class Goal:
    """What somebody wants to reach, and the time they give to it.

    :param skills: skills with the highest level of activity that serves the goal; the dearest first.
    :param depth: whether the skills are to be used soon, or understood thoroughly.
    :param minutes_a_day: minutes on a day on which there is time, 5..480.
    :param deadline: the last day (UTC); None when there is none.
    """

    skills: tuple[SkillLevel, ...]
    depth: Depth = Depth.USE
    minutes_a_day: int = 20
    deadline: date | None = None

    @property
    def skill_ids(self) -> tuple[str, ...]:
        """The ids of its skills, the dearest first."""
        return tuple(entry.skill_id for entry in self.skills)


def goal(
    skill_ids: Sequence[str],
    depth: Depth = Depth.USE,
    minutes_a_day: int = 20,
    deadline: date | None = None,
) -> Goal:
    """A goal for these skills: up to intermediate activities to work with them, advanced ones for depth."""
    level = Level.ADVANCED if depth is Depth.UNDERSTAND else Level.INTERMEDIATE
    minutes = min(MOST_A_DAY, max(LEAST_A_DAY, minutes_a_day))
    return Goal(tuple(SkillLevel(s, level) for s in dict.fromkeys(skill_ids)), depth, minutes, deadline)


class StepKind(StrEnum):
    """What a step is for."""

    LEARN = "learn"
    PRACTICE = "practice"
    EXPLAIN = "explain"
    """The same skill explained in another way, after it went badly twice."""
    CHECK = "check"
    """A test first: if it goes well, what follows on the skill falls away."""
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Slot:
    """A stretch of time in which somebody can learn; timezone-aware, ``start`` before ``end``."""

    start: datetime
    end: datetime

    @property
    def minutes(self) -> int:
        """Whole minutes."""
        return int((self.end - self.start).total_seconds() // 60)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a plan.

    :param skill_id: what it is mainly for.
    :param activity_id: what to do; "" for a review without an activity.
    :param minutes: what it is taken to need, at least 1.
    :param day: the day on which it is begun.
    :param last_day: the day on which it ends; another one only if it is longer than a day's time.
    :param slot: the free time it was put into; None when the calendar says nothing of that day.
    :param late: whether it ends after the goal's deadline.
    """

    kind: StepKind
    skill_id: str
    minutes: int
    reasons: tuple[Reason, ...]
    day: date
    last_day: date
    activity_id: str = ""
    slot: Slot | None = None
    late: bool = False


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An activity that is not in the plan though it treats a skill of it, and why."""

    activity_id: str
    reason: Reason


class ChangeKind(StrEnum):
    """How a plan differs from the one before."""

    DONE = "done"
    ADDED = "added"
    DROPPED = "dropped"
    EARLIER = "earlier"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference to the plan before the latest result, and why."""

    kind: ChangeKind
    activity_id: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Plan:
    """A proposed path, in order. The learner decides.

    :param steps: in the order in which they are proposed; none when the goal is reached.
    :param left_out: activities on the goal's skills that are not needed, in the catalogue's order.
    :param known: skills that count as known well enough for this goal.
    :param missing: skills that are needed and that no activity teaches (any more).
    :param needed_a_day: minutes a day that would meet the deadline; None when it is met, or nothing would.
    :param changes: differences to the plan before the latest result.
    :param after: that result; None when there is none.
    """

    goal: Goal
    steps: tuple[Step, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    known: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    needed_a_day: int | None = None
    changes: tuple[Change, ...] = field(default=())
    after: Event | None = None

    @property
    def minutes(self) -> int:
        """Minutes of all steps."""
        return sum(step.minutes for step in self.steps)

    @property
    def ends(self) -> date | None:
        """The day on which the last step ends; None without steps."""
        return max((step.last_day for step in self.steps), default=None)

    @property
    def in_time(self) -> bool | None:
        """Whether all of it ends by the deadline; None without one."""
        return None if self.goal.deadline is None else not any(step.late for step in self.steps)


def changes(before: Plan, now: Plan, done: frozenset[str]) -> tuple[Change, ...]:
    """What is different, with the reason: what was done, what came, what went, what moved.

    :param done: activities that count as done by the latest result.
    """
    old = [step.activity_id for step in before.steps if step.activity_id]
    new = [step.activity_id for step in now.steps if step.activity_id]
    why = {step.activity_id: step.reasons[0] for step in now.steps if step.reasons}
    left_out = {left.activity_id: left.reason for left in now.left_out}
    gone = [activity for activity in dict.fromkeys(old) if activity not in new]
    found = [Change(ChangeKind.DONE, a, HAPPENED) for a in gone if a in done]
    found += [Change(ChangeKind.ADDED, a, why[a]) for a in dict.fromkeys(new) if a not in old and a in why]
    found += [Change(ChangeKind.DROPPED, a, left_out.get(a, NOT_NEEDED)) for a in gone if a not in done]
    kept_old = [a for a in dict.fromkeys(old) if a in new]
    kept_new = [a for a in dict.fromkeys(new) if a in old]
    in_place: set[str] = set()
    for start, _, size in SequenceMatcher(None, kept_old, kept_new, autojunk=False).get_matching_blocks():
        in_place.update(kept_old[start : start + size])
    place = {activity: number for number, activity in enumerate(kept_old)}
    for number, activity in enumerate(kept_new):
        if activity not in in_place:
            earlier = number < place[activity]
            kind = ChangeKind.EARLIER if earlier else ChangeKind.LATER
            found.append(Change(kind, activity, why.get(activity, MOVED) if earlier else MOVED))
    return tuple(found)
