"""A course and its learners, simulated for the bench of paths: small, and not what planners assume.

*Knowledge* of a skill is 0..1; a question on it is answered right with probability 0.2 + 0.75 knowledge.
*Before the course* a third of the learners know next to nothing, a third know nine of ten skills of its
first two fifths, a third those of its first four fifths. *A lesson* takes away the share ``g f r`` of what
is missing: ``g`` the learner's own speed (0.25..0.8), ``f`` whether this explanation speaks to this learner
(one in four does so badly: 0.3), ``r`` how well the skills are known that it builds on (0.3..1 each);
repeated, it brings half. *A question*, with its answer, takes away ``0.25 g r``: 0.06 to 0.2, as learning
rates of knowledge tracing are (A. T. Corbett and J. R. Anderson, 1995). *Forgetting*: each day a part of
what was known fades towards four tenths of its best, slower after each time it was recalled (15 days at
first). Nothing of this is told to a planner.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from ...core.catalogue import Activity, Catalogue, Skill, SkillLevel
from ...core.evidence import Event, EventKind

TENANT = "tenant-1"
START = datetime(2026, 1, 5, 8, tzinfo=UTC)
GUESS, SLOPE = 0.2, 0.75
MASTERED = 0.75
"""Probability of a right answer from which a skill is mastered."""
LESSONS = ("text", "video")
QUESTIONS = {"exercise": 4, "quiz": 5}


@dataclass(frozen=True)
class Course:
    """A catalogue in its fixed order, and what each skill builds on."""

    catalogue: Catalogue
    builds_on: dict[str, tuple[str, ...]]

    @property
    def minutes(self) -> int:
        """Minutes of everything once."""
        return sum(a.minutes for a in self.catalogue)


def course(chance: np.random.Generator, skills: int = 12) -> Course:
    """Five activities a skill (two explanations, two exercises, a quiz), each skill after its needs."""
    names = [f"skill-{n}" for n in range(skills)]
    builds_on: dict[str, tuple[str, ...]] = {}
    activities: list[Activity] = []
    for number, name in enumerate(names):
        recent = names[max(0, number - 4) : number]
        count = min(len(recent), int(chance.integers(1, 3)))
        builds_on[name] = (
            tuple(sorted(chance.choice(recent, count, replace=False).tolist())) if recent else ()
        )
        for place, medium in enumerate((*LESSONS, "exercise", "exercise", "quiz")):
            minutes = int(chance.integers(8, 15) if medium in LESSONS else chance.integers(5, 9))
            first = [f"{need}-a0" for need in builds_on[name]] if place == 0 else [f"{name}-a0"]
            activities.append(
                Activity(
                    id=f"{name}-a{place}",
                    tenant_id=TENANT,
                    key=f"{name}-a{place}",
                    title=f"{name}, part {place}",
                    media_type=medium,
                    minutes=minutes,
                    skills=(SkillLevel(name),),
                    prerequisites=tuple(first) if medium in LESSONS else (),
                    context_ids=("course-0",),
                    position=number * 5 + place,
                )
            )
    vocabulary = {name: Skill(name, TENANT, name) for name in names}
    version = "-".join(str(a.minutes) for a in activities)
    return Course(Catalogue(TENANT, version, tuple(activities), vocabulary), builds_on)


@dataclass
class Person:
    """A simulated learner in a course; time passes as they do things, ``a_day`` minutes on each day."""

    course: Course
    chance: np.random.Generator
    prior: str
    a_day: int = 30
    speed: float = 0.5
    knows: dict[str, float] = field(default_factory=dict)
    best: dict[str, float] = field(default_factory=dict)
    stability: dict[str, float] = field(default_factory=dict)
    speaks: dict[str, float] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    minutes: float = 0.0
    day: int = 0
    today: float = 0.0
    events: list[Event] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        """The clock of this learner."""
        return START + timedelta(days=self.day, minutes=self.today)

    def right(self, skill: str) -> float:
        """Probability of a right answer."""
        return GUESS + SLOPE * self.knows[skill]

    def mastered(self, skills: Sequence[str]) -> bool:
        """Whether all of them are mastered, in truth."""
        return all(self.right(s) >= MASTERED for s in skills)

    def _pass_time(self, minutes: float) -> None:
        self.minutes += minutes
        self.today += minutes
        while self.today >= self.a_day:
            self.today -= self.a_day
            self.day += 1
            for skill, known in self.knows.items():
                floor = 0.4 * self.best[skill]
                if known > floor:
                    self.knows[skill] = floor + (known - floor) * math.exp(-1 / self.stability[skill])

    def _gain(self, skill: str, share: float) -> None:
        known = self.knows[skill] + share * (1 - self.knows[skill])
        self.knows[skill] = min(0.99, known)
        self.best[skill] = max(self.best[skill], self.knows[skill])

    def _ready(self, skill: str) -> float:
        return math.prod(0.3 + 0.7 * self.knows[need] for need in self.course.builds_on[skill])

    def _each(self, skill: str) -> float:
        """What is learned from one question and its answer, of what is missing."""
        return 0.25 * self.speed * self._ready(skill)

    def _answer(self, skill: str) -> bool:
        right = bool(self.chance.random() < self.right(skill))
        if right:
            self.stability[skill] *= 1.15
        return right

    def do(self, activity: Activity) -> None:
        """Do one activity, learn from it, and leave what the LMS would report."""
        (skill,) = activity.skill_ids
        self._pass_time(activity.minutes)
        again = self.times.get(activity.id, 0)
        self.times[activity.id] = again + 1
        if activity.media_type in LESSONS:
            speaks = self.speaks.setdefault(activity.id, 0.3 if self.chance.random() < 0.25 else 1.0)
            self._gain(skill, self.speed * speaks * self._ready(skill) * 0.5**again)
        else:
            for item in range(QUESTIONS[activity.media_type]):
                self._note(activity, EventKind.ANSWERED, skill, self._answer(skill), f"q{item}")
            self._gain(skill, 1 - (1 - self._each(skill)) ** QUESTIONS[activity.media_type])
        self._note(activity, EventKind.COMPLETED, skill, None, "")

    def review(self, skill: str, minutes: int) -> None:
        """Recall a skill and look it up where that fails."""
        self._pass_time(minutes)
        right = self._answer(skill)
        self._gain(skill, self._each(skill))
        self._note(None, EventKind.REVIEWED, skill, right, "")

    def _note(
        self, activity: Activity | None, kind: EventKind, skill: str, right: bool | None, item: str
    ) -> None:
        self.events.append(
            Event(
                id=f"e{len(self.events)}",
                tenant_id=TENANT,
                learner_id="learner-1",
                kind=kind,
                at=self.now + timedelta(seconds=len(self.events)),
                activity_id=activity.id if activity else "",
                context_id="course-0",
                skills=(skill,),
                item=item,
                success=right,
                minutes=float(activity.minutes) if activity else None,
            )
        )


KNOWN_PART = {"new to it": 0.0, "knows some": 0.4, "knows most": 0.8}
"""How far into the course somebody knows it already (nine of ten skills of that part)."""
PRIORS = tuple(KNOWN_PART)


def person(number: int, made: Course, seed: int) -> Person:
    """The learner of this number; the same on every call."""
    chance = np.random.default_rng([seed, number])
    prior = PRIORS[number % 3]
    who = Person(made, chance, prior, speed=float(np.clip(chance.lognormal(math.log(0.5), 0.3), 0.25, 0.8)))
    length = len(made.builds_on)
    for place, skill in enumerate(made.builds_on):
        knows = place < KNOWN_PART[prior] * length and chance.random() < 0.9
        level = chance.uniform(0.8, 0.95) if knows else chance.uniform(0.02, 0.2)
        who.knows[skill] = who.best[skill] = float(level)
        who.stability[skill] = 60.0 if knows else 15.0
    return who
