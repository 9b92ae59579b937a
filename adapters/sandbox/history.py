"""A past for the sandbox's learners: simulated work over weeks, the same for the same seed and moment."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from .content import Content, Course, Lesson
from .people import PEOPLE, Person
from .statements import Statement, attempt, passed

DAYS = 40
"""How far back the history reaches."""

SEED = 40


def history(catalogue: Content, now: datetime, seed: int = SEED) -> list[Statement]:
    """What the learners did in the weeks before ``now``, as statements in the order of time.

    Ids depend on the person, the lesson, ``now`` and ``seed`` only, so that sending the same history again
    changes nothing in a store that takes statements by id.

    :param now: timezone-aware; every statement lies at least an hour before it.
    """
    made: list[Statement] = []
    for person in PEOPLE.values():
        for course in catalogue.courses.values():
            # Its own source of chance for each person and course: a change to one leaves the others alone.
            chance = Random(f"{seed}|{person.id}|{course.id}")  # noqa: S311  # nosec B311 # a simulation
            made.extend(_walk(person, course, now, chance))
    return sorted(made, key=lambda statement: (statement["timestamp"], statement["id"]))


def _walk(person: Person, course: Course, now: datetime, chance: Random) -> Iterator[Statement]:
    """One person's way through one course: mostly in order, with skips, failures and second tries."""
    length = round(person.pace * len(course.lessons) * chance.uniform(0.8, 1.2))
    plan = [lesson for lesson in course.lessons[:length] if chance.random() > 0.12]
    if not plan:
        return
    talent = {
        skill: min(0.97, max(0.05, person.ability + chance.gauss(0.0, 0.12)))
        for lesson in plan
        for skill, _ in lesson.skills
    }
    pause = timedelta(days=DAYS - 3) / (len(plan) + 1)
    at = now - timedelta(days=DAYS) + pause * chance.uniform(0.2, 1.0)
    last = now - timedelta(hours=2)
    for lesson in plan:
        for trial in range(3):
            took = timedelta(minutes=lesson.minutes * chance.uniform(0.6, 1.6))
            if at + took > last:
                return
            answers, right = _answers(lesson, talent, trial, chance)
            yield from attempt(
                person.id, course, lesson, answers, _whole_second(at), _whole_second(at + took)
            )
            done = not lesson.questions or passed(right, len(lesson.questions))
            at += took + (
                pause * chance.uniform(0.8, 1.3) if done else timedelta(hours=chance.uniform(1, 20))
            )
            if done or chance.random() > 0.4 + person.ability / 2:
                break


def _answers(
    lesson: Lesson, talent: dict[str, float], trial: int, chance: Random
) -> tuple[dict[str, int], int]:
    """Chosen answers, and how many are right: logistic in ability minus difficulty, better at each trial."""
    ability = sum(talent[skill] for skill, _ in lesson.skills) / len(lesson.skills)
    probability = 1 / (1 + math.exp(-5.0 * (ability - lesson.difficulty + 0.03 + 0.12 * trial)))
    answers: dict[str, int] = {}
    right = 0
    for question in lesson.questions:
        wrong = [n for n in range(len(question.choices)) if n != question.right]
        good = chance.random() < probability
        right += good
        answers[question.id] = question.right if good else chance.choice(wrong)
    return answers, right


def _whole_second(at: datetime) -> datetime:
    return at.replace(microsecond=0)
