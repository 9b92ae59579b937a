"""The situation before the latest result: what a plan is compared with to say what changed.

The learner's own models are taught again what the learner did, without that result. Models that others share
stay as they are: one result of one person hardly moves them, and what is compared is this person's plan.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from .evidence import Event, EventKind
from .proposals import Situation

SAID = frozenset({EventKind.RATED, EventKind.OUTCOME})
"""Kinds whose score says what somebody thinks, or what came of a suggestion: no result."""


def latest_result(situation: Situation) -> Event | None:
    """The newest event that says how something went."""
    return next((e for e in situation.history if e.result is not None and e.kind not in SAID), None)


def before_latest_result(
    situation: Situation,
    events: Sequence[Event],
    relearned: Callable[[Sequence[Event]], Mapping[str, object]],
) -> Situation | None:
    """The same moment without the latest event that has a result, and what came with it; None without one.

    An answer is one of several to the same activity on the same day: all of them are one result.

    :param events: all of the learner's events, in time order.
    :param relearned: model name to the state that knows these events alone, for the learner's own models.
    """
    latest = latest_result(situation)
    if latest is None:
        return None

    def of_latest(event: Event) -> bool:
        same = event.activity_id == latest.activity_id and bool(latest.activity_id)
        return event.id == latest.id or (same and event.at.date() == latest.at.date())

    states = relearned([event for event in events if not of_latest(event)])
    history = tuple(event for event in situation.history if not of_latest(event))
    return replace(situation, history=history, models={**situation.models, **states})
