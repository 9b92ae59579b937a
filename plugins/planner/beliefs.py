"""What a learner is taken to know, skill by skill, for the purpose of a plan.

The estimate of the mastery strategy is the prior; the learner's own latest results move it, the newest
most: ``(k m + sum d^i x_i) / (k + sum d^i)``, with the estimate ``m``, its strength ``k``, and the results
``x_i`` in 0..1, newest first, each counting ``d`` times as much as the one after it (an exponentially
weighted mean with a Beta prior). A result on a whole activity counts for several answers, because it rests
on several.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ... import Activity, Catalogue, Event, EventKind, Mastery, Situation

PRACTICE = frozenset({"exercise", "quiz"})
"""Media that ask for something and give a result; the others explain."""
GOOD = 0.6
"""A try from which an activity counts as done, as where suggestions are made."""
NOTHING, KNOWN_AT_FIRST = 0.4, 0.8
"""A first try, before anything was taught, that says that a skill was not known, and one that says it was."""
MASTERED_LOW, MASTERED_ANSWERS = 0.75, 3
"""From here a skill counts as mastered wherever suggestions are made, and so here."""
RESULTS = frozenset(
    {
        EventKind.ANSWERED,
        EventKind.COMPLETED,
        EventKind.FAILED,
        EventKind.PASSED,
        EventKind.SCORED,
        EventKind.SUBMITTED,
    }
)
FINISHING = frozenset({EventKind.ATTENDED, EventKind.COMPLETED, EventKind.PASSED, EventKind.SCORED})


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator, and a tenant, may change; defaults chosen on simulated learners (docs).

    :param operational, deep: expected result from which a skill is known well enough, by aim.
    :param unknown: expected result where nothing is known.
    :param prior: answers that the estimate of the mastery strategy counts for.
    :param decay: what a result counts beside the next newer one.
    :param whole: answers that a result on a whole activity counts for.
    :param lesson, practice: share of what is missing that a lesson or an exercise is taken to bring.
    :param most: steps planned on one skill at a time.
    :param confidence: from which an inferred prerequisite counts; above 1 only declared ones do.
    :param reviews: largest share of a day's time that reviews may take.
    """

    operational: float = 0.75
    deep: float = 0.8
    unknown: float = 0.3
    prior: float = 1.0
    decay: float = 0.75
    whole: float = 3.0
    lesson: float = 0.35
    practice: float = 0.25
    most: int = 8
    confidence: float = 0.8
    reviews: float = 0.5


@dataclass(frozen=True, slots=True)
class Try:
    """One try at an activity on one day: how it went (0..1), and the answers it rests on, newest first."""

    activity_id: str
    at: datetime
    skills: tuple[str, ...]
    result: float
    answers: tuple[float, ...]
    whole: bool

    @property
    def failed(self) -> bool:
        """Whether it went badly."""
        return self.result < GOOD


def tries(history: Sequence[Event]) -> list[Try]:
    """The tries in a history (newest first), newest first.

    Results on one activity on one day (UTC) are one try: its result is the best on the whole activity, else
    the mean of the answers.
    """
    groups: dict[tuple[str, object], list[Event]] = {}
    for event in history:
        if event.result is not None and event.kind in RESULTS and event.skills:
            groups.setdefault((event.activity_id or event.id, event.at.date()), []).append(event)
    found = []
    for events in groups.values():
        wholes = [e.result or 0.0 for e in events if e.kind is not EventKind.ANSWERED]
        answers = [e.result or 0.0 for e in events if e.kind is EventKind.ANSWERED]
        result = max(wholes) if wholes else sum(answers) / len(answers)
        told = tuple(answers) if answers else (result,)
        newest = events[0]
        found.append(Try(newest.activity_id, newest.at, newest.skills, result, told, whole=not answers))
    return found


def finished(history: Sequence[Event], tried: Sequence[Try]) -> dict[str, datetime]:
    """Activity id to when it was last done well enough; the newest try decides."""
    newest: dict[str, Try] = {}
    for each in tried:
        newest.setdefault(each.activity_id, each)
    found = {a: each.at for a, each in newest.items() if a and not each.failed}
    for event in history:
        bare = event.result is None and event.kind in FINISHING and event.kind is not EventKind.SCORED
        if bare and event.activity_id not in newest:
            found.setdefault(event.activity_id, event.at)
    return found


class Beliefs:
    """What is believed of one learner at one moment."""

    def __init__(self, situation: Situation, settings: Settings) -> None:
        self.settings = settings
        self.mastery: Mapping[str, Mastery] = situation.mastery
        self.tries = tries(situation.history)
        self.finished = finished(situation.history, self.tries)
        self.by_skill: dict[str, list[Try]] = {}
        for each in self.tries:
            for skill in each.skills:
                self.by_skill.setdefault(skill, []).append(each)
        self._untested = _untested_lessons(situation.catalogue, self.finished, self.by_skill)
        self.taught, self.explained = _explained(situation)
        self.first_checks = _first_checks(self.taught, self.tries)

    def expected(self, skill: str) -> float:
        """How well a task on the skill would go now, 0..1."""
        s = self.settings
        known = self.mastery.get(skill)
        mean = known.mean if known else s.unknown
        total, weight, each = s.prior * mean, s.prior, 1.0
        for attempt in self.by_skill.get(skill, ()):
            counts = s.whole if attempt.whole else 1.0
            for result in attempt.answers:
                total += each * counts * result
                weight += each * counts
                each *= s.decay**counts
            if each < 0.01:
                break
        level = total / weight
        for _ in range(self._untested.get(skill, 0)):
            level += s.lesson * (1 - level)
        return level

    def results(self, skill: str) -> int:
        """How many tries there were on a skill."""
        return len(self.by_skill.get(skill, ()))

    def failures(self, skill: str) -> list[Try]:
        """The latest tries on a skill as long as they went badly, newest first, once it was taught."""
        found = []
        for attempt in self.by_skill.get(skill, ()):
            if not attempt.failed or self.taught.get(skill, attempt.at) > attempt.at:
                break
            found.append(attempt)
        return found if skill in self.taught or len(found) > 1 else []

    def explained_since(self, skill: str, at: datetime) -> bool:
        """Whether anything that explains the skill was done after that."""
        return self.explained.get(skill, at) > at

    def mastered(self, skill: str) -> bool:
        """Whether the skill is known with little doubt."""
        known = self.mastery.get(skill)
        return known is not None and known.low >= MASTERED_LOW and known.answers >= MASTERED_ANSWERS

    def likely_known(self, skill: str, needs: Sequence[str]) -> float:
        """Probability that somebody knows a skill they were not taught or tested on here.

        The share of skills that turned out to be known when they were tested first, with Beta(0.5, 1) as
        prior; what the learner said of the skill counts as two more; half as likely where the test on
        something it builds on went badly.
        """
        good, number = 0.5 + sum(self.first_checks.values()), 1.5 + len(self.first_checks)
        if skill in self.mastery:
            good, number = good + 2 * self.mastery[skill].mean, number + 2
        blocked = any(self.first_checks.get(need, 1.0) < 0.5 for need in needs)
        return good / number * (0.5 if blocked else 1.0)


def explains(activity: Activity) -> bool:
    """Whether an activity explains, rather than asks."""
    return activity.media_type not in PRACTICE


def _untested_lessons(
    catalogue: Catalogue, done: Mapping[str, datetime], by_skill: Mapping[str, Sequence[Try]]
) -> dict[str, int]:
    """Skill to the number of activities done since the latest result on it."""
    found: dict[str, int] = {}
    for activity_id, at in done.items():
        activity = catalogue.by_id.get(activity_id)
        for skill in activity.skill_ids if activity else ():
            attempts = by_skill.get(skill)
            if not attempts or (at > attempts[0].at and attempts[0].activity_id != activity_id):
                found[skill] = found.get(skill, 0) + 1
    return found


def _explained(situation: Situation) -> tuple[dict[str, datetime], dict[str, datetime]]:
    """Skill to when it was first, and when it was last explained."""
    first: dict[str, datetime] = {}
    last: dict[str, datetime] = {}
    for event in reversed(situation.history):
        activity = situation.catalogue.by_id.get(event.activity_id)
        if activity and event.kind in FINISHING and explains(activity):
            for skill in activity.skill_ids:
                first.setdefault(skill, event.at)
                last[skill] = event.at
    return first, last


def _first_checks(taught: Mapping[str, datetime], tried: Sequence[Try]) -> dict[str, float]:
    """Skill to how far its first try speaks for knowing it (0..1), where it came before any lesson."""
    found: dict[str, float] = {}
    seen: set[str] = set()
    for attempt in reversed(tried):
        for skill in set(attempt.skills) - seen:
            seen.add(skill)
            if skill not in taught or taught[skill] > attempt.at:
                found[skill] = min(1.0, max(0.0, (attempt.result - NOTHING) / (KNOWN_AT_FIRST - NOTHING)))
    return found
