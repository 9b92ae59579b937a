"""A simulated course and its people. The same seed gives the same world.

The course has twelve skills in three chains; each builds on the one before it in its chain. A skill has a
text and a video that explain it, an exercise and a quiz. People have a role, and want the skills of their
role.

Not ``lab.histories``, which makes load for benches and no people.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from ...core.catalogue import Activity, Catalogue, Level, Skill, SkillLevel
from ...core.people import Learner, Profile
from .mind import Mind, logistic
from .parameters import Parameters

TENANT = "simulated"
COURSE = "course"
CHAINS = ("machines", "numbers", "people")
"""Three fields of skills; a role wants one whole field and the first skill of the next."""
SUBJECTS = (
    "pumps", "valves", "sensors", "robots",
    "tables", "charts", "budgets", "forecasts",
    "meetings", "feedback", "interviews", "teams",
)  # fmt: skip
DEEP = len(SUBJECTS) // len(CHAINS)
FORMS = (("text", "Reading about"), ("video", "Film on"), ("exercise", "Practising"), ("quiz", "Test on"))
MEDIA = ("text", "video")
"""Media that a person may learn better by, or say so."""
RATED = 4
"""Skills that somebody who answers the opening questions rates."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What sets a person apart; strategies are never told.

    :param time: ``little time`` or ``more time``.
    :param start: ``new to it`` or ``experienced``.
    :param claim: whether the medium a person claims is the one they learn better by: ``true claim``, ``only
        claimed``, or ``no claim``.
    """

    time: str
    start: str
    claim: str


@dataclass
class Person:
    """One simulated person.

    :param goals: numbers of the skills that count for them.
    :param at_hand: minutes at hand by day; 0 where the calendar leaves no time.
    :param best: the medium they learn better by; empty when none.
    """

    learner: Learner
    mind: Mind
    kind: Kind
    goals: tuple[int, ...]
    at_hand: tuple[int, ...]
    best: str


@dataclass(frozen=True)
class Course:
    """The catalogue, and what it hides.

    :param ease: logits that each skill is easier than the usual.
    :param difficulty: logits that each activity's questions are harder than medium, by id.
    :param skill: the number of the skill that each activity is about, by id.
    """

    catalogue: Catalogue
    ease: tuple[float, ...]
    difficulty: dict[str, float]
    skill: dict[str, int]


def before(skill: int) -> int | None:
    """The skill that this one builds on; None for the first of a chain."""
    return skill - 1 if skill % DEEP else None


def skill_id(number: int) -> str:
    """The id of a skill."""
    return f"skill-{SUBJECTS[number]}"


def course(seed: int, parameters: Parameters) -> Course:
    """Make the course."""
    chance = np.random.default_rng([seed, 0])
    answering = parameters.answering
    ease = tuple((answering.skills * chance.normal(size=len(SUBJECTS))).tolist())
    vocabulary = {
        skill_id(n): Skill(skill_id(n), TENANT, word.title(), (word,)) for n, word in enumerate(SUBJECTS)
    }
    made, difficulty, about = [], {}, {}
    for n, word in enumerate(SUBJECTS):
        for form, (medium, phrase) in enumerate(FORMS):
            name = f"{word}-{medium}"
            harder = 0.3 * float(chance.normal()) + (0.2 if medium == "quiz" else 0.0)
            prepared = logistic(answering.usual + ease[n] + answering.gain * math.log(5) - harder)
            earlier = before(n)
            needs = (f"{SUBJECTS[earlier]}-exercise",) if earlier is not None and medium == "exercise" else ()
            minutes = int(chance.integers(3, 13)) if medium in MEDIA else int(chance.integers(5, 16))
            made.append(
                Activity(
                    id=name,
                    tenant_id=TENANT,
                    key=name,
                    title=f"{phrase} {word}",
                    text=f"{word} in the field of {CHAINS[n // DEEP]}, step {1 + n % DEEP}",
                    language="en",
                    media_type=medium,
                    minutes=minutes,
                    skills=(SkillLevel(skill_id(n), Level(1 + min(2, n % DEEP))),),
                    prerequisites=needs,
                    difficulty=round(1 - prepared, 2),
                    context_ids=(COURSE,),
                    position=n * len(FORMS) + form,
                )
            )
            difficulty[name], about[name] = harder, n
    return Course(Catalogue(TENANT, f"simulated-{seed}", tuple(made), vocabulary), ease, difficulty, about)


def people(count: int, days: int, seed: int, parameters: Parameters, of: Course, name: str) -> list[Person]:
    """Make people.

    :param days: how far their calendars reach.
    :param name: what their ids begin with; people of another name are others.
    """
    chance = np.random.default_rng([seed, *name.encode()])
    return [_person(f"{name}-{n}", days, parameters, of, chance) for n in range(count)]


def _person(name: str, days: int, parameters: Parameters, of: Course, chance: np.random.Generator) -> Person:
    judged, answering = parameters.judged, parameters.answering
    much, experienced, role = (
        int(chance.integers(2)),
        int(chance.integers(2)),
        int(chance.integers(len(CHAINS))),
    )
    whole = answering.usual + judged.start[experienced] + answering.people * chance.normal()
    base = whole + np.array(of.ease) + answering.pairs * chance.normal(size=len(SUBJECTS))
    mind = Mind(base.tolist(), parameters)
    goals = (*range(role * DEEP, (role + 1) * DEEP), (role + 1) % len(CHAINS) * DEEP)
    best = str(chance.choice(MEDIA))
    claims, true, has_best = chance.random(3) < (0.5, judged.true_claims, 0.5)
    other = MEDIA[1 - MEDIA.index(best)]
    claim = ("true claim" if true else "only claimed") if claims else "no claim"
    learner = Learner(
        name,
        TENANT,
        profile=Profile(
            goals=tuple(skill_id(g) for g in goals),
            stated_levels=_ratings(mind, goals, chance),
            solo=(True, False, None)[int(chance.integers(3))],
            media=(best if true else other,) if claims else (),
            role=f"I work with {CHAINS[role]}",
        ),
    )
    kind = Kind(("little time", "more time")[much], ("new to it", "experienced")[experienced], claim)
    # Who claims wrongly may learn better by the other medium, or by none; who claims nothing likewise.
    really = best if (claims and true) or has_best else ""
    return Person(learner, mind, kind, goals, _calendar(days, much, parameters, chance), really)


def _ratings(mind: Mind, goals: Iterable[int], chance: np.random.Generator) -> dict[str, float]:
    """What half of the people say they know, on the page's four steps: the truth with an error."""
    if chance.random() < 0.5:
        return {}
    return {
        skill_id(g): round(min(1.0, max(0.0, mind.chance(g, 0.0) + 0.2 * float(chance.normal()))) * 3) / 3
        for g in list(goals)[:RATED]
    }


def _calendar(days: int, much: int, parameters: Parameters, chance: np.random.Generator) -> tuple[int, ...]:
    """Minutes at hand by day: working days only, the same chance on each, and now and then a week away."""
    judged = parameters.judged
    minutes, likely = zip(*judged.budgets[much], strict=True)
    found = chance.choice(minutes, size=days, p=likely)
    free = chance.random(days) < judged.sessions[much] / 5
    away = np.repeat(chance.random(days // 7 + 1) < 0.05, 7)[:days]
    working = np.arange(days) % 7 < 5
    return tuple(np.where(free & working & ~away, found, 0).tolist())


def fresh(made: Iterable[Person]) -> list[Person]:
    """The same people as they were at the start, to meet another strategy."""
    return [replace(one, mind=Mind(list(one.mind.base), one.mind.parameters)) for one in made]
