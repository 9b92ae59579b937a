"""Recommendation: what to do next, what is known, what is about to be forgotten, who could help."""

from __future__ import annotations

from collections.abc import Sequence

from ..evidence import Mastery, Review
from ..plans import Goal, Plan
from ..proposals import Candidate, PeerMatch, Question, Risk, Signal, Situation
from . import rule


@rule("recommendation", Candidate, many=True, milliseconds=200)
def candidates(situation: Situation) -> Sequence[Candidate]:  # type: ignore[empty-body]
    """Vote for activities from ``situation.pool``, scores in 0..1; all plugins' votes are blended."""


@rule("recommendation", Mastery, many=True, first=True, milliseconds=100)
def estimate_mastery(situation: Situation) -> Sequence[Mastery]:  # type: ignore[empty-body]
    """Say what the learner knows, one estimate a skill; the first plugin that says anything wins."""


@rule("recommendation", Review, many=True, first=True, milliseconds=100)
def schedule_reviews(situation: Situation) -> Sequence[Review]:  # type: ignore[empty-body]
    """Say when each skill should be reviewed, due or not; the first plugin that says anything wins."""


@rule("recommendation", Signal, many=True, milliseconds=100)
def context_signals(situation: Situation) -> Sequence[Signal]:  # type: ignore[empty-body]
    """Report what around the learner matters now: meetings, projects, free time; all are collected."""


@rule("recommendation", Plan, first=True, milliseconds=300)
def plan_path(situation: Situation, goal: Goal) -> Plan | None:
    """Lay out the steps to a goal from ``situation.pool``, in order; the first plan that is not None wins."""


@rule("recommendation", PeerMatch, many=True, first=True, milliseconds=100)
def match_peers(situation: Situation) -> Sequence[PeerMatch]:  # type: ignore[empty-body]
    """Pick from ``situation.peers`` people to learn with, best first; the first plugin that answers wins."""


@rule("recommendation", Question, many=True, first=True)
def opening_questions(situation: Situation) -> Sequence[Question]:  # type: ignore[empty-body]
    """Ask at most three short questions when nothing is known of the learner; the first plugin wins."""


@rule("recommendation", Risk, first=True, milliseconds=100)
def stopping_risk(situation: Situation) -> Risk | None:
    """Say how likely the learner is to stop in this course; the first answer that is not None wins."""
