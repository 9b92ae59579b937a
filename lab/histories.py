"""Simulated catalogues and event histories, for tests and benches; the same seed gives the same world.

What is simulated, and no more: activities teach one or two skills of their course and lie in course order;
a learner has an ability and learns a little with each try; they go mostly onwards through a course, now and
then jump; what is answered depends on ability, practice and difficulty. It is a plausible load, not a
model of people: never read an effect of learning out of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from ..core.catalogue import Activity, Catalogue, Level, Skill, SkillLevel
from ..core.evidence import Event, EventKind
from ..core.people import Context, Learner, Profile
from ..core.proposals import Situation

TENANT = "tenant-1"
START = datetime(2026, 1, 5, 8, tzinfo=UTC)
PER_COURSE = 25
MEDIA = ("text", "video", "exercise", "quiz")
WORDS = ("table", "chart", "query", "loop", "branch", "sample", "survey", "budget", "safety", "valve", "team")


@dataclass(frozen=True)
class World:
    """A catalogue and the size of its history; ``events`` makes the events one by one, in time order."""

    catalogue: Catalogue
    learners: tuple[str, ...]
    per_learner: int
    seed: int

    def events(self) -> Iterator[Event]:
        """Every event, oldest first; the same on every call."""
        return _events(self)

    @property
    def contexts(self) -> tuple[str, ...]:
        """The ids of the courses."""
        return tuple(dict.fromkeys(a.context_ids[0] for a in self.catalogue))


def world(
    *, learners: int = 30, activities: int = 60, per_learner: int = 20, skills: int = 0, seed: int = 1
) -> World:
    """Make a world.

    :param per_learner: events a learner has, over half a year.
    :param skills: how many skills there are; 0 means one for every five activities.
    """
    skills = skills or max(1, activities // 5)
    chance = np.random.default_rng(seed)
    vocabulary = {}
    for number in range(skills):
        words = (WORDS[number % len(WORDS)], WORDS[(number * 7 + 3) % len(WORDS)])
        name = f"skill-{number}"
        vocabulary[name] = Skill(name, TENANT, f"{words[0].title()} and {words[1]} {number}", words)
    made = tuple(_activity(n, skills, vocabulary, chance) for n in range(activities))
    catalogue = Catalogue(TENANT, f"simulated-{seed}-{activities}-{skills}", made, vocabulary)
    return World(catalogue, tuple(f"learner-{n}" for n in range(learners)), per_learner, seed)


def _activity(n: int, skills: int, vocabulary: dict[str, Skill], chance: np.random.Generator) -> Activity:
    course, place = divmod(n, PER_COURSE)
    first = n // 5 % skills
    names = dict.fromkeys([f"skill-{first}"] + ([f"skill-{(first + 1) % skills}"] if n % 3 == 0 else []))
    level = Level(1 + min(2, 3 * place // PER_COURSE))
    text = " ".join(chance.choice(WORDS, size=60)) + " " + " ".join(vocabulary[s].title for s in names)
    return Activity(
        id=f"activity-{n}",
        tenant_id=TENANT,
        key=f"key-{n}",
        title=f"{vocabulary[f'skill-{first}'].title}, part {place}",
        text=text,
        language="en",
        media_type=MEDIA[n % len(MEDIA)],
        minutes=int(chance.integers(3, 45)),
        skills=tuple(SkillLevel(s, level) for s in names),
        prerequisites=(f"activity-{n - 1}",) if place % 5 else (),
        difficulty=round(0.15 + 0.7 * place / PER_COURSE, 2),
        context_ids=(f"course-{course}",),
        position=place,
    )


def _events(made: World) -> Iterator[Event]:
    """Walk all learners side by side, so that events of different learners interleave as they would."""
    chance = np.random.default_rng(made.seed + 1)
    count, steps, activities = len(made.learners), made.per_learner, made.catalogue.activities
    ability = chance.normal(0, 1, count).tolist()
    place = [int(n) - int(n) % PER_COURSE for n in chance.integers(0, len(activities), count)]
    practice = [[0] * len(made.catalogue.skills) for _ in range(count)]
    numbers = {name: n for n, name in enumerate(made.catalogue.skills)}
    taught_by = [[numbers[s] for s in activity.skill_ids] for activity in activities]
    gap = 180 * 86400 / max(1, steps)
    for step in range(steps):
        offsets = np.sort(chance.integers(0, max(1, int(gap)), count))
        people = chance.permutation(count)
        luck, jump = chance.random(count).tolist(), chance.random(count).tolist()
        for who, offset in zip(people.tolist(), offsets.tolist(), strict=True):
            activity = activities[place[who]]
            taught, mine = taught_by[place[who]], practice[who]
            known = ability[who] + 0.25 * sum(mine[skill] for skill in taught) / len(taught)
            likely = 1 / (1 + math.exp(-(known + 2.5 * (0.5 - (activity.difficulty or 0.5)))))
            for skill in taught:
                mine[skill] += 1
            yield _event(made, activity, who, step, offset, gap, likely, luck[who])
            if jump[who] < 0.05:
                place[who] = int(jump[who] * 20 * len(activities))
            else:
                place[who] = (place[who] + 1 + (jump[who] > 0.8)) % len(activities)


def _event(
    made: World, activity: Activity, who: int, step: int, offset: int, gap: float, likely: float, luck: float
) -> Event:
    """A reading is completed without a result, a quiz is scored, an exercise has an answer right or wrong."""
    kind, success, score = EventKind.COMPLETED, None, None
    if activity.media_type == "quiz":
        kind, score = EventKind.SCORED, round(min(1.0, max(0.0, likely + 0.5 * (luck - 0.5))), 2)
    elif activity.media_type == "exercise":
        kind, success = EventKind.ANSWERED, luck < likely
    return Event(
        id=f"event-{who}-{step}",
        tenant_id=TENANT,
        learner_id=made.learners[who],
        kind=kind,
        at=START + timedelta(seconds=step * gap + offset),
        activity_id=activity.id,
        context_id=activity.context_ids[0],
        skills=activity.skill_ids,
        success=success,
        score=score,
        minutes=float(activity.minutes),
    )


def situation(
    catalogue: Catalogue, learner_id: str = "learner-1", history: Iterable[Event] = (), **known: Any
) -> Situation:
    """A moment for a learner, the whole catalogue as pool: a day after the last event, 30 minutes at hand.

    :param history: in any order, of any learners; the situation holds the learner's own, newest first.
    :param known: further fields of ``Situation``, and ``profile`` for the learner's.
    """
    mine = sorted(
        (e for e in history if e.learner_id == learner_id), key=lambda e: (e.at, e.id), reverse=True
    )
    profile = known.pop("profile", Profile())
    values: dict[str, Any] = {
        "now": mine[0].at + timedelta(days=1) if mine else START,
        "seed": 1,
        "minutes": 30,
        "learner": Learner(learner_id, catalogue.tenant_id, profile=profile),
        "context": Context("course-0", catalogue.tenant_id, "Course 0"),
        "catalogue": catalogue,
        "pool": tuple(activity.id for activity in catalogue),
        "history": tuple(mine[:300]),
    }
    return Situation(**{**values, **known})
