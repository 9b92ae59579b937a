"""Spacing strategy: when a skill is about to be forgotten, one card a skill.

A review is one *round*: the results on one skill on one day (UTC), each question once. The first round of a
day is a test of memory, later ones repeat what was asked that day. So neither a quiz of ten questions counts
as ten reviews, nor does a right answer after a wrong one hide what was forgotten. Answers are kept and
replayed in time order, so it does not matter in which order they arrive, and forgetting a learner is dropping
theirs.

How a person forgets is in ``forgetting_own``, the days of reviews in ``spacing_days``.
"""

from __future__ import annotations

import sys
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from marshmallow import Schema, fields, validate

from ... import (
    Event,
    EventKind,
    LearnedModel,
    Manifest,
    Purpose,
    Reads,
    Review,
    Signal,
    Situation,
    hookimpl,
    message,
)
from ..in_place import InPlace
from ..settings import of
from .forgetting_own import DAY, Person
from .spacing_days import Wish, spread

REVIEWS = frozenset(
    {
        EventKind.ANSWERED,
        EventKind.COMPLETED,
        EventKind.FAILED,
        EventKind.PASSED,
        EventKind.REVIEWED,
        EventKind.SCORED,
        EventKind.SUBMITTED,
    }
)
"""Kinds whose result says whether a skill was recalled."""

DEADLINES = frozenset({"exam", "meeting", "presentation"})
"""Kinds of signals before whose start their skills should be fresh."""

FIELDS = 3  # of an answer: its second; question and result (hundredths below 128); seconds it took
FORM = "stifinder-answers"
PERSONS = 512  # learners whose replayed memory is kept
LONGEST = 600  # seconds; an answer that took longer was a break


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator, and a tenant, may change.

    :param retention: the wished probability of recall at the time of a review.
    :param minutes: how long a review takes.
    """

    retention: float = 0.9
    minutes: int = 2


USUAL = Settings()


class SettingsSchema(Schema):
    """``Settings`` as they are given."""

    retention = fields.Float(
        load_default=USUAL.retention,
        validate=validate.Range(0.7, 0.97),
        metadata={
            "title": message("Recall to aim for"),
            "description": message(
                "How likely something should still be recalled when its review comes. Higher means more "
                "reviews."
            ),
        },
    )
    minutes = fields.Integer(
        strict=True,
        load_default=USUAL.minutes,
        validate=validate.Range(1, 60),
        metadata={
            "title": message("Minutes of a review"),
            "description": message("How long one review is taken to last."),
        },
    )


Answers = array  # of type "q": FIELDS integers for each answer, in time order


@dataclass(frozen=True, slots=True)
class Foretold:
    """One test of memory, and what was foretold just before it.

    :param recall: by what was learned of the person.
    :param default: by FSRS with default parameters.
    """

    at: int
    skill_id: str
    recall: float
    default: float
    recalled: bool


class ReviewLog:
    """Learner to skill to answers. ``persons`` keeps what was replayed: bounded, and no part of the state."""

    def __init__(self) -> None:
        self.learners: dict[str, dict[str, Answers[int]]] = {}
        self.persons: dict[str, tuple[int, Person]] = {}

    def learn(self, event: Event) -> None:
        """Note the result of one event on each of its skills."""
        result = event.result
        if result is None or event.kind not in REVIEWS or not event.skills:
            return
        at = int(event.at.timestamp())
        question = zlib.crc32(f"{event.activity_id}/{event.item}".encode())
        what = question * 128 + round(100 * min(1.0, max(0.0, result)))
        spent = round(min(LONGEST, 60 * max(0.0, event.minutes or 0.0)))
        mine = self.learners.setdefault(event.learner_id, {})
        for skill in dict.fromkeys(event.skills):
            answers = mine.get(skill)
            if answers is None:
                answers = mine[sys.intern(skill)] = array("q")
            note(answers, (at, what, spent))
        kept = self.persons.get(event.learner_id)
        if kept and at // DAY < kept[0]:  # a late arrival: what was replayed is no longer true
            self.persons.pop(event.learner_id, None)

    def add(self, other: ReviewLog) -> None:
        """Add the other's learners.

        :raises ValueError: when both saw the same learner.
        """
        if both := self.learners.keys() & other.learners.keys():
            raise ValueError(f"{len(both)} learners are in both states: merge states of different learners")
        self.learners.update(other.learners)

    def forget(self, learner_id: str) -> None:
        """Take a learner out, and what was replayed for them."""
        self.learners.pop(learner_id, None)
        self.persons.pop(learner_id, None)

    def person(self, learner_id: str) -> Person:
        """What is known of how a learner forgets, after all their answers; the caller's own to change."""
        mine = self.learners.get(learner_id, {})
        before, kept = self.persons.get(learner_id, (0, Person()))
        rounds = _rounds(mine, before)
        today = max((round_.at // DAY for round_ in rounds), default=0)
        person = kept.copy()
        _replay(person, (r for r in rounds if r.at // DAY < today))
        if today > before:
            if len(self.persons) >= PERSONS:
                self.persons.clear()
            self.persons[learner_id] = (today, person.copy())
        _replay(person, (r for r in rounds if r.at // DAY == today))
        return person

    def foretold(self, learner_id: str) -> list[Foretold]:
        """Every test at least a day after the review before it, foretold from what came before."""
        return _replay(Person(), iter(_rounds(self.learners.get(learner_id, {}), 0)))

    def __eq__(self, other: object) -> bool:
        """The same answers; the rest follows from them."""
        return self.learners == other.learners if isinstance(other, ReviewLog) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


def note(answers: Answers[int], answer: tuple[int, int, int]) -> None:
    """Sort one answer in; at the end in the usual case."""
    place = len(answers)
    if place and tuple(answers[-FIELDS:]) > answer:
        numbers = range(place // FIELDS)
        place = FIELDS * bisect_right(
            numbers, list(answer), key=lambda n: answers[FIELDS * n :][:FIELDS].tolist()
        )
    answers[place:place] = array("q", answer)


@dataclass(frozen=True, slots=True, order=True)
class Round:
    """Each question on a skill at most once; ``at`` is the second of the first, ``result`` the mean."""

    at: int
    skill_id: str
    result: float
    spent: float


def _rounds(skills: dict[str, Answers[int]], since: int) -> list[Round]:
    """The rounds of a learner from a day on, in time order."""
    return sorted(
        round_
        for skill, answers in list(skills.items())  # a fold may add a skill meanwhile
        if len(answers) and answers[-FIELDS] // DAY >= since
        for round_ in _of_skill(skill, answers, since)
    )


def _of_skill(skill: str, answers: Answers[int], since: int) -> Iterator[Round]:
    number = len(answers) // FIELDS
    start = bisect_right(range(number), since * DAY - 1, key=lambda n: answers[FIELDS * n])
    rounds: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
    asked: dict[tuple[int, int], int] = {}
    for n in range(start, number):
        at, what, spent = answers[FIELDS * n : FIELDS * (n + 1)]
        question = (at // DAY, what // 128)
        asked[question] = asked.get(question, 0) + 1
        rounds.setdefault((at // DAY, asked[question]), []).append((at, what % 128, spent))
    for parts in rounds.values():
        mean = sum(p[1] for p in parts) / (100 * len(parts))
        yield Round(parts[0][0], skill, mean, float(sum(p[2] for p in parts)))


def _replay(person: Person, rounds: Iterator[Round]) -> list[Foretold]:
    told = []
    for r in rounds:
        said = person.review(r.skill_id, r.at, r.result, r.spent)
        if said is not None:
            told.append(Foretold(r.at, r.skill_id, *said, r.result >= 0.5))
    return told


class ReviewModel(InPlace[ReviewLog]):
    """``ReviewLog`` as a learned model."""

    name = "spacing"
    version = 2
    purpose = Purpose.SUGGESTIONS

    def empty(self) -> ReviewLog:
        """Nobody's reviews."""
        return ReviewLog()

    def dump(self, state: ReviewLog) -> bytes:
        """Serialise the reviews; memory is replayed when it is asked for."""
        learners = {
            learner: {skill: answers.tolist() for skill, answers in skills.items()}
            for learner, skills in state.learners.items()
        }
        return msgspec.msgpack.encode(_Stored(FORM, learners))

    def load(self, data: bytes) -> ReviewLog:
        """Read what ``dump`` wrote."""
        try:
            stored = msgspec.msgpack.decode(data, type=_Stored)
        except msgspec.DecodeError as error:
            raise ValueError(f"not a stored state of the spacing model: {error}") from error
        if stored.form != FORM:
            raise ValueError(f"not a stored state of the spacing model: it says {stored.form!r}")
        state = ReviewLog()
        for learner, skills in stored.learners.items():
            state.learners[learner] = {
                sys.intern(skill): array("q", answers) for skill, answers in skills.items()
            }
        return state


class _Stored(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    form: str
    learners: dict[str, dict[str, list[int]]]


def schedule(log: ReviewLog, situation: Situation, settings: Settings) -> list[Review]:
    """When each of a learner's skills should be reviewed, soonest first.

    A review that is due and fits into today keeps the time at which it fell due; one that was moved falls at
    the start of its day (UTC).
    """
    person, now = log.person(situation.learner.id), int(situation.now.timestamp())
    before = _deadlines(situation.signals, situation.now)
    dues, wishes = {}, []
    for skill, trace in person.traces.items():
        due, recall = person.due(skill, settings.retention, now), person.recall(skill, max(now, trace.last))
        last = None
        if skill in before:
            last = max(0, (int(before[skill].timestamp()) - 1) // DAY - now // DAY)
            if due >= before[skill].timestamp() and trace.last // DAY >= now // DAY + last - 1:
                last = None  # seen today or on the eve: it is as fresh as it gets
        dues[skill] = due
        wishes.append(Wish(skill, due // DAY - now // DAY, (due - trace.last) // DAY, recall, last))
    done = sum(trace.tests > 0 and trace.last // DAY == now // DAY for trace in person.traces.values())
    room = situation.minutes // settings.minutes
    days = spread(wishes, room, situation.seed, today=max(0, room - done))
    reviews = [_review(wish, days[wish.skill_id], dues[wish.skill_id], now, settings) for wish in wishes]
    return sorted(reviews, key=lambda review: (review.due, review.skill_id))


def _deadlines(signals: Sequence[Signal], now: datetime) -> dict[str, datetime]:
    """Skill to the start of the next thing it is needed for."""
    found: dict[str, datetime] = {}
    for signal in signals:
        if signal.kind in DEADLINES and signal.start > now:
            for skill in signal.skills:
                found[skill] = min(signal.start, found.get(skill, signal.start))
    return found


def _review(wish: Wish, day: int, due: int, now: int, settings: Settings) -> Review:
    if day != max(0, wish.day):
        due = (now // DAY + day) * DAY
    return Review(wish.skill_id, datetime.fromtimestamp(due, UTC), wish.recall, settings.minutes)


@hookimpl
def manifest() -> Manifest:
    """What this plugin needs."""
    return Manifest(
        about=message("Says when something should be repeated, by how people forget."),
        purposes=frozenset({Purpose.SUGGESTIONS}),
        reads=frozenset({Reads.PROFILE, Reads.CALENDAR}),
        languages=("en", "da", "de"),
    )


@hookimpl
def settings_schema() -> type[Schema]:
    """What can be set."""
    return SettingsSchema


@hookimpl
def learned_models() -> Sequence[LearnedModel]:
    """Bring the model of reviews."""
    return (ReviewModel(),)


@hookimpl
def schedule_reviews(situation: Situation) -> Sequence[Review]:
    """Say when each of the learner's skills should be reviewed, due or not; nothing without a model."""
    state = situation.models.get(ReviewModel.name)
    if not isinstance(state, ReviewLog):
        return ()
    return schedule(state, situation, of(Settings, situation))
