"""What a simulated person does with a page: which suggestion they follow, and what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from ...core.catalogue import Activity
from ...core.constraints import GOOD_RESULT
from ...core.evidence import Event, EventKind
from ...core.people import Source
from ...core.proposals import Dismissal
from .world import COURSE, TENANT, Course, Person, before, skill_id

TOO_EASY, TOO_HARD = 0.95, 0.2
"""Chances of a right answer beyond which an activity may be dismissed."""
NOTHING = -1.0
"""Value, in logits, of closing the page instead."""
REVIEW_PRACTICE = 1.0


@dataclass(frozen=True, slots=True)
class Moment:
    """One person's session.

    :param day: days since the start; a fraction, as the session goes on.
    :param at: the same as a time.
    """

    day: float
    at: datetime

    def later(self, minutes: float) -> Moment:
        """So many minutes on."""
        return Moment(self.day + minutes / 1440, self.at + timedelta(minutes=minutes))


def choose(
    person: Person, offered: Sequence[Activity], course: Course, chance: np.random.Generator
) -> Activity | None:
    """Pick one of what is offered, best place first, or None.

    A multinomial logit choice (D. McFadden, 1974): the place on the page, whether it serves a goal, and the
    medium the person likes or says they like.
    """
    judged = person.mind.parameters.judged
    values = [NOTHING]
    for place, activity in enumerate(offered):
        value = -judged.place * place + (1.0 if course.skill[activity.id] in person.goals else 0.0)
        liked = activity.media_type in (*person.learner.profile.media, person.best)
        values.append(value + judged.liking * liked)
    # The noise is drawn for a whole page whatever is on it, so that the same luck meets each strategy.
    picked = int(np.argmax(np.array(values) + chance.gumbel(size=8)[: len(values)]))
    return offered[picked - 1] if picked else None


def dismissal(
    person: Person, activity: Activity, course: Course, day: float, chance: np.random.Generator
) -> Dismissal | None:
    """Whether the person says "not for me" instead of doing it, and why."""
    known = person.mind.chance(course.skill[activity.id], day, course.difficulty[activity.id])
    speaks = chance.random() < person.mind.parameters.judged.dismissing
    if speaks and known > TOO_EASY:
        return Dismissal.KNOWN
    return Dismissal.TOO_HARD if speaks and known < TOO_HARD else None


def do(
    person: Person, activity: Activity, course: Course, moment: Moment, name: str, chance: np.random.Generator
) -> list[Event]:
    """Do an activity: learn, and leave the events an LMS would send, oldest first.

    :param name: what the ids of the events begin with.
    """
    mind, judged = person.mind, person.mind.parameters.judged
    skill = course.skill[activity.id]
    difficulty = course.difficulty[activity.id]
    factor = _learns(person, skill, moment.day)
    after = moment.later(activity.minutes)

    def event(part: str, kind: EventKind, at: datetime, item: str = "", **result: float | bool) -> Event:
        return Event(
            f"{name}-{part}",
            TENANT,
            person.learner.id,
            kind,
            at,
            activity_id=activity.id,
            context_id=COURSE,
            skills=(skill_id(skill),),
            item=item,
            minutes=None if item else float(activity.minutes),
            **result,  # type: ignore[arg-type]
        )

    if activity.media_type not in ("exercise", "quiz"):
        if activity.media_type == person.best:
            factor *= judged.medium
        mind.practise(skill, moment.day, judged.reading * factor)
        return [event("done", EventKind.COMPLETED, after.at)]
    events, right = [], 0
    for question in range(judged.questions):
        now = moment.later(activity.minutes * (question + 1) / (judged.questions + 1))
        known = mind.chance(skill, now.day, difficulty)
        well = bool(chance.random() < known)
        right += well
        mind.practise(skill, now.day, factor)
        mind.experience(well, known)
        events.append(event(f"q{question}", EventKind.ANSWERED, now.at, f"q{question}", success=well))
    score = right / judged.questions
    kind = EventKind.SCORED
    if activity.media_type == "exercise":
        kind = EventKind.PASSED if score >= GOOD_RESULT else EventKind.FAILED
    return [*events, event("done", kind, after.at, score=score)]


def review(person: Person, skill: int, moment: Moment, name: str, chance: np.random.Generator) -> Event:
    """Answer a review on the page: recall, say honestly how it went, and practise by it."""
    known = person.mind.chance(skill, moment.day)
    well = bool(chance.random() < known)
    person.mind.practise(skill, moment.day, REVIEW_PRACTICE * _learns(person, skill, moment.day))
    person.mind.experience(well, known)
    return Event(
        name,
        TENANT,
        person.learner.id,
        EventKind.REVIEWED,
        moment.at,
        Source.PAGE,
        skills=(skill_id(skill),),
        success=well,
        score=0.8 if well else 0.0,
    )


def _learns(person: Person, skill: int, day: float) -> float:
    """How much of a practice takes effect, 0..1: less on what is too hard, or without what it builds on."""
    judged = person.mind.parameters.judged
    earlier = before(skill)
    ready = 1.0 if earlier is None else person.mind.chance(earlier, day)
    can = min(1.0, 2 * person.mind.chance(skill, day))
    return (judged.unready + (1 - judged.unready) * ready) * (judged.hard + (1 - judged.hard) * can)
