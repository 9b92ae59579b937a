"""What happened: events about learners, the estimates drawn from them, and reviews that fall due."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from .people import Source


class EventKind(StrEnum):
    """What an event says about learning. ``docs/xapi.md`` tables which xAPI verbs become which."""

    VIEWED = "viewed"
    STARTED = "started"
    ANSWERED = "answered"
    SUBMITTED = "submitted"
    COMPLETED = "completed"
    PASSED = "passed"
    FAILED = "failed"
    SCORED = "scored"
    ENROLLED = "enrolled"
    LEFT = "left"
    RATED = "rated"
    COMMENTED = "commented"
    ATTENDED = "attended"
    ACHIEVED = "achieved"
    REVIEWED = "reviewed"
    """A review of a skill, answered in Stifinder's page."""
    OUTCOME = "outcome"
    """What came of a suggestion; ``votes`` says which strategies it credits."""
    OTHER = "other"


CHECK_IN = "check-in"
"""The item of a ``RATED`` event on how it goes: score 0..1 (motivation), success (the goal is right)."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing a learner did, reduced to what strategies need.

    :param id: the statement's id, or an opaque one; unique in the tenant.
    :param at: when it happened, timezone-aware, UTC.
    :param activity_id: the catalogue's activity, "" when the statement's object is not in the catalogue.
    :param skills: ids of the skills concerned, as the catalogue had them when the event arrived.
    :param item: the question inside the activity, "" when none; for ``OUTCOME`` the moment (``arms.moment``).
    :param success: right or wrong, passed or failed; None when not said.
    :param score: 0..1; None when not said. For ``OUTCOME`` how much more it is worth than before, -1..1.
    :param minutes: how long it took; None when not said.
    :param votes: for ``OUTCOME``: strategy name to its share of the credit, and ``>`` with an arm's name to
        its importance weight; see ``blend``.
    """

    id: str
    tenant_id: str
    learner_id: str
    kind: EventKind
    at: datetime
    source: Source = Source.STATEMENTS
    activity_id: str = ""
    context_id: str = ""
    skills: tuple[str, ...] = ()
    item: str = ""
    success: bool | None = None
    score: float | None = None
    minutes: float | None = None
    votes: Mapping[str, float] = field(default_factory=dict)

    @property
    def result(self) -> float | None:
        """How well it went in 0..1: the score, else 1 or 0 for success, else 1 for a bare pass, else None."""
        if self.score is not None:
            return self.score
        if self.success is not None:
            return float(self.success)
        if self.kind is EventKind.PASSED:
            return 1.0
        if self.kind is EventKind.FAILED:
            return 0.0
        return None


@dataclass(frozen=True, slots=True)
class Mastery:
    """What is believed about one learner and one skill.

    :param mean: probability in 0..1 of doing a task of medium difficulty right.
    :param low, high: an interval that holds the truth with about 80 % probability; 0 <= low <= mean <=
        high <= 1.
    :param answers: how many results it rests on; 0 means only what the person said.
    """

    skill_id: str
    mean: float
    low: float
    high: float
    answers: int = 0


@dataclass(frozen=True, slots=True)
class Review:
    """A skill that is about to be forgotten.

    :param due: when recall falls to the wished retention.
    :param retrievability: probability of recall now, 0..1.
    :param minutes: how long the review takes.
    :param activity_id: an activity to review with; "" leaves the choice to the engine.
    """

    skill_id: str
    due: datetime
    retrievability: float
    minutes: int = 2
    activity_id: str = ""
