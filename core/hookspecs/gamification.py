"""Gamification: how a learner likes to work, the next challenge, what was achieved. No guilt, no ranking."""

from __future__ import annotations

from collections.abc import Sequence

from ..proposals import Award, Challenge, Motivation, Pace, Situation, Team
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


@rule("gamification", Pace, first=True)
def describe_pace(situation: Situation) -> Pace | None:
    """Say how the learner is getting on (load, flow, waning), for their eyes; the first answer wins."""


@rule("gamification", Team, many=True, first=True, milliseconds=500)
def form_teams(situation: Situation, size: int) -> Sequence[Team]:  # type: ignore[empty-body]
    """Split ``situation.peers`` into teams of about ``size`` for a task; the first plugin that does wins."""
