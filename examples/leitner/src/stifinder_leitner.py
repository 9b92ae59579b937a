"""Leitner boxes: a skill answered right moves one box up, one answered wrong goes back to the first.

Each box waits longer than the one before (S. Leitner, "So lernt man lernen", 1972). The boxes are worked out
anew from the learner's history, so the plugin keeps nothing and has nothing to forget.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate
from stifinder import Event, EventKind, Manifest, Reads, Review, Situation, hookimpl, message

DAYS = (1, 2, 4, 8, 16)
ASKED = frozenset({EventKind.ANSWERED, EventKind.REVIEWED, EventKind.PASSED, EventKind.FAILED})
RIGHT = 0.5
"""A result from here on moves up."""


def _growing(days: list[int]) -> None:
    if days != sorted(set(days)):
        raise ValidationError("Each box must wait longer than the one before.")


class SettingsSchema(Schema):
    """What an organisation can set; the administration page makes its form from this."""

    days = fields.List(
        fields.Integer(strict=True, validate=validate.Range(1, 365)),
        load_default=lambda: list(DAYS),
        validate=[validate.Length(1, 10), _growing],
        metadata={
            "title": message("Days in each box"),
            "description": message("How long a skill rests in the first box, the second, and so on."),
        },
    )
    minutes = fields.Integer(
        strict=True,
        load_default=2,
        validate=validate.Range(1, 60),
        metadata={
            "title": message("Minutes of a review"),
            "description": message("How long one review is taken to last."),
        },
    )


@dataclass(frozen=True, slots=True)
class Card:
    """Where one skill stands: its box, counted from 0, and when it was put there."""

    box: int
    since: datetime

    def due(self, days: Sequence[int]) -> datetime:
        """When its rest is over."""
        return self.since + timedelta(days=days[self.box])


def boxes(history: Iterable[Event], days: Sequence[int]) -> dict[str, Card]:
    """Skill to its card, after these events in whatever order.

    A right answer counts only when the card was due: ten questions in one quiz are one review. A wrong answer
    always counts.
    """
    cards: dict[str, Card] = {}
    for event in sorted(history, key=lambda event: (event.at, event.id)):
        if event.kind not in ASKED or event.result is None:
            continue
        for skill in event.skills:
            card = cards.get(skill)
            if event.result < RIGHT:
                cards[skill] = Card(0, event.at)
            elif card is None:
                cards[skill] = Card(min(1, len(days) - 1), event.at)
            elif event.at >= card.due(days):
                cards[skill] = Card(min(card.box + 1, len(days) - 1), event.at)
    return cards


def recall(card: Card, days: Sequence[int], now: datetime) -> float:
    """Probability of recall, 0..1: it halves each time the box's days go by.

    Leitner's boxes say nothing of it; this is the form of B. Settles and B. Meeder, "A Trainable Spaced
    Repetition Model for Language Learning" (2016), with a box's days as the half-life.
    """
    return float(0.5 ** (max(timedelta(), now - card.since) / timedelta(days=days[card.box])))


@hookimpl
def manifest() -> Manifest:
    """It reads the learner's own answers and nothing else."""
    return Manifest(
        about=message("Repeats skills by Leitner's boxes."),
        reads=frozenset({Reads.HISTORY}),
    )


@hookimpl
def settings_schema() -> type[Schema]:
    """What can be set."""
    return SettingsSchema


@hookimpl
def schedule_reviews(situation: Situation) -> Sequence[Review]:
    """One review a skill, soonest first."""
    settings: Mapping[str, Any] = situation.settings or SettingsSchema().load({})
    days = settings["days"]
    found = [
        Review(skill, card.due(days), recall(card, days, situation.now), settings["minutes"])
        for skill, card in boxes(situation.history, days).items()
    ]
    return sorted(found, key=lambda review: (review.due, review.skill_id))
