"""Spacing strategy: when a skill is about to be forgotten, by FSRS (the ``fsrs`` package), one card a skill.

All that happened to a skill on one day (UTC) is one review: its time is the first of that day and its rating
comes from the mean result. So neither a quiz of ten questions counts as ten reviews, nor does the order in
which events arrive matter: a late one is sorted in, and the card is replayed when it is asked for next.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import msgspec
from fsrs import Card, Rating, Scheduler
from marshmallow import Schema, fields, validate

from .. import Event, EventKind, LearnedModel, Purpose, Review, Situation, hookimpl, message
from .in_place import InPlace
from .settings import of

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

DAY = 86400
FIELDS = 3  # of a day's review: second of the first event, sum of results in hundredths, number of results
FORM = "stifinder-reviews"
CARDS = 512  # learners whose cards are kept


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


@lru_cache(64)
def _scheduler(retention: float) -> Scheduler:
    """No steps within a day, because a day is one review; no fuzz, because answers must be repeatable."""
    return Scheduler(
        desired_retention=retention, learning_steps=(), relearning_steps=(), enable_fuzzing=False
    )


def rating(result: float) -> Rating:
    """FSRS rating of a result in 0..1: below 0.5 again, 0.7 hard, 0.95 good, from there easy."""
    if result < 0.5:
        return Rating.Again
    if result < 0.7:
        return Rating.Hard
    return Rating.Good if result < 0.95 else Rating.Easy


Days = array  # of type "q": FIELDS integers for each day, in time order


class ReviewLog:
    """Learner to skill to days. ``cards`` keeps what was replayed: bounded, and no part of the state."""

    def __init__(self) -> None:
        self.learners: dict[str, dict[str, Days[int]]] = {}
        self.cards: dict[str, dict[str, tuple[bytes, Card]]] = {}

    def learn(self, event: Event) -> None:
        """Note the result of one event on each of its skills."""
        result = event.result
        if result is None or event.kind not in REVIEWS or not event.skills:
            return
        at = int(event.at.timestamp())
        hundredths = round(100 * min(1.0, max(0.0, result)))
        mine = self.learners.setdefault(event.learner_id, {})
        for skill in dict.fromkeys(event.skills):
            days = mine.get(skill)
            if days is None:
                days = mine[sys.intern(skill)] = array("q")
            note(days, at, hundredths)

    def add(self, other: ReviewLog) -> None:
        """Add the other's learners.

        :raises ValueError: when both saw the same learner.
        """
        if both := self.learners.keys() & other.learners.keys():
            raise ValueError(f"{len(both)} learners are in both states: merge states of different learners")
        self.learners.update(other.learners)

    def forget(self, learner_id: str) -> None:
        """Take a learner out, and the cards replayed for them."""
        self.learners.pop(learner_id, None)
        self.cards.pop(learner_id, None)

    def __eq__(self, other: object) -> bool:
        """The same reviews; cards follow from them."""
        return self.learners == other.learners if isinstance(other, ReviewLog) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


def note(days: Days[int], at: int, hundredths: int) -> None:
    """Add one result to its day; at the end in the usual case, else where it belongs."""
    place = len(days) - FIELDS
    if place >= 0 and at // DAY < days[place] // DAY:
        place = FIELDS * bisect_left(days[::FIELDS], at // DAY, key=lambda second: second // DAY)
    elif place < 0 or at // DAY > days[place] // DAY:
        place = len(days)
    if place == len(days) or days[place] // DAY != at // DAY:
        days[place:place] = array("q", (at, hundredths, 1))
        return
    days[place] = min(days[place], at)
    days[place + 1] += hundredths
    days[place + 2] += 1


def replay(
    days: Days[int], kept: tuple[bytes, Card] | None, scheduler: Scheduler
) -> tuple[Card, tuple[bytes, Card]]:
    """The card after all days, starting from a kept one when it rests on the same first days.

    A card says how well something is remembered, which does not depend on the wished recall; only its due
    time does, and that comes from the last day.

    :returns: the card, and the one to keep: it covers all days but the last, which may still change.
    """
    prefix, card = kept or (b"", None)
    data = days.tobytes()
    last = len(data) - FIELDS * days.itemsize
    if card is None or len(prefix) > last or not data.startswith(prefix):
        prefix, card = b"", Card(card_id=1, due=datetime.fromtimestamp(days[0], UTC))
    for place in range(len(prefix) // days.itemsize, len(days) - FIELDS, FIELDS):
        card = _review(scheduler, card, days, place)
    return _review(scheduler, card, days, len(days) - FIELDS), (data[:last], card)


def _review(scheduler: Scheduler, card: Card, days: Days[int], place: int) -> Card:
    at, total, number = days[place : place + FIELDS]
    moved, _ = scheduler.review_card(card, rating(total / (100 * number)), datetime.fromtimestamp(at, UTC))
    return moved


class ReviewModel(InPlace[ReviewLog]):
    """``ReviewLog`` as a learned model."""

    name = "spacing"
    version = 1
    purpose = Purpose.SUGGESTIONS

    def empty(self) -> ReviewLog:
        """Nobody's reviews."""
        return ReviewLog()

    def dump(self, state: ReviewLog) -> bytes:
        """Serialise the reviews; cards are replayed when they are asked for."""
        learners = {
            learner: {skill: days.tolist() for skill, days in skills.items()}
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
            state.learners[learner] = {sys.intern(skill): array("q", days) for skill, days in skills.items()}
        return state


class _Stored(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    form: str
    learners: dict[str, dict[str, list[int]]]


def schedule(log: ReviewLog, learner_id: str, now: datetime, settings: Settings) -> list[Review]:
    """When each of a learner's skills should be reviewed, soonest first."""
    scheduler = _scheduler(settings.retention)
    skills = log.learners.get(learner_id, {})
    kept = log.cards.pop(learner_id, {})
    reviews, fresh = [], {}
    for skill, days in list(skills.items()):  # a fold may add a skill meanwhile
        card, fresh[skill] = replay(days, kept.get(skill), scheduler)
        recall = min(1.0, float(scheduler.get_card_retrievability(card, now)))
        reviews.append(Review(skill, card.due, recall, settings.minutes))
    if skills:
        if len(log.cards) >= CARDS:
            log.cards.clear()
        log.cards[learner_id] = fresh
    return sorted(reviews, key=lambda review: (review.due, review.skill_id))


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
    return schedule(state, situation.learner.id, situation.now, of(Settings, situation))
