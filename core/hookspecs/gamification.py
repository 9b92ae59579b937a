"""Gamification: how a learner likes to work, the next challenge, what was achieved. No guilt, no ranking."""

from __future__ import annotations

from collections.abc import Sequence

from ..proposals import Award, Challenge, Motivation, Situation
from . import rule


@rule("gamification", Motivation, first=True)
def describe_motivation(situation: Situation) -> Motivation | None:
    """Describe how the learner likes to work; the first answer that is not None wins."""


@rule("gamification", Challenge, first=True)
def next_challenge(situation: Situation, motivation: Motivation) -> Challenge | None:
    """Propose one challenge at the edge of ability; the first answer that is not None wins."""


@rule("gamification", Award, many=True)
def award(situation: Situation) -> Sequence[Award]:  # type: ignore[empty-body]
    """Name what the learner's history has achieved; each key is given once, all plugins are collected."""
