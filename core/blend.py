"""What came of suggestions, summed so that the strategies' weights can be learned from it (see ``arms``).

Each suggestion says two things. Of the strategies: those behind it share the credit by their part of its
value. Of the arms, the few ways of weighing strategies: the suggestion counts by how much likelier an arm
would have put it there than the page did (importance weighting; D. G. Horvitz and D. J. Thompson, 1952). All
sums are integers: the model adds up and forgets exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from . import arms
from .evidence import Event, EventKind
from .people import Purpose, Source
from .proposals import Outcome, Suggestion

VALUE = {
    Outcome.SHOWN: 0.1,
    Outcome.DISMISSED: 0.0,
    Outcome.STARTED: 0.4,
    Outcome.FAILED: 0.4,
    Outcome.COMPLETED: 0.8,
    Outcome.PASSED: 1.0,
}
"""What an outcome says of the suggestion. A failed attempt says no more than that the learner tried; to be
passed over is a little better than to be sent away."""
UNIT = 1000
ARM = ">"
"""In an event's ``votes`` this stands before the strategy an arm leans to, so that the two are told apart."""

Tally = dict[str, list[int]]
"""``<moment>:<strategy>`` or ``<moment>:><arm>`` to [credit, weight, squared weight], in thousandths."""


class State(msgspec.Struct):
    """Tallies of each learner, and their sum."""

    learners: dict[str, Tally] = {}
    total: Tally = {}


class BlendModel:
    """The learned model behind ``arms.policy``; see the module."""

    name = "blend"
    version = 2
    purpose = Purpose.SHARED_MODELS

    def empty(self) -> State:
        """Nobody seen: every strategy weighs the same."""
        return State()

    def fold(self, state: State, event: Event) -> State:
        """Learn from an event that ``shown`` or ``credit`` made."""
        # Without a moment it is of an older form, which did not tell of what was shown in vain.
        if event.kind is not EventKind.OUTCOME or event.score is None or not event.item:
            return state
        for name, share in event.votes.items():
            credit = round(share * UNIT * event.score)
            weight, square = (0, 0) if event.activity_id else (round(share * UNIT), round(share**2 * UNIT))
            _add(
                state.learners.setdefault(event.learner_id, {}),
                {f"{event.item}:{name}": (credit, weight, square)},
                1,
            )
            _add(state.total, {f"{event.item}:{name}": (credit, weight, square)}, 1)
        if not state.learners.get(event.learner_id, True):
            del state.learners[event.learner_id]
        return state

    def merge(self, state: State, other: State) -> State:
        """Add the tallies of other learners."""
        for learner_id, tally in other.learners.items():
            _add(state.learners.setdefault(learner_id, {}), tally, 1)
        _add(state.total, other.total, 1)
        return state

    def subtract(self, state: State, learner_id: str) -> State:
        """Take one learner's tallies out."""
        _add(state.total, state.learners.pop(learner_id, {}), -1)
        return state

    def dump(self, state: State) -> bytes:
        """As MessagePack."""
        return msgspec.msgpack.encode(state)

    def load(self, data: bytes) -> State:
        """From MessagePack."""
        try:
            return msgspec.msgpack.decode(data, type=State)
        except msgspec.DecodeError as error:
            raise ValueError("not a stored blend") from error


def _add(into: Tally, tally: Mapping[str, Sequence[int]], sign: int) -> None:
    for name, numbers in tally.items():
        entry = into.setdefault(name, [0, 0, 0])
        for place, number in enumerate(numbers):
            entry[place] += sign * number
        if entry == [0, 0, 0]:
            del into[name]


def _said(suggestion: Suggestion) -> dict[str, float]:
    """What a suggestion says of each strategy (shares of its value, which sum to 1) and of each arm."""
    parts = {v.strategy: v.score * v.weight for v in suggestion.votes}
    whole = sum(parts.values())
    if not suggestion.moment or whole <= 0:
        return {}
    shares = {name: part / whole for name, part in parts.items()}
    return shares | {f"{ARM}{arm}": ratio for arm, ratio in suggestion.ratios.items()}


def shown(suggestions: Sequence[Suggestion], event_id: str) -> Event | None:
    """The event that says what a page showed; None when no strategy voted for any of it.

    Without it nothing would be learned from what learners pass over.
    """
    said: dict[str, float] = {}
    for suggestion in suggestions:
        for name, share in _said(suggestion).items():
            said[name] = said.get(name, 0.0) + share
    if not said:
        return None
    first = suggestions[0]
    return Event(
        id=event_id,
        tenant_id=first.tenant_id,
        learner_id=first.learner_id,
        kind=EventKind.OUTCOME,
        at=first.at,
        source=Source.PAGE,
        context_id=first.context_id,
        item=next(s.moment for s in suggestions if s.moment),
        score=VALUE[Outcome.SHOWN],
        votes=said,
    )


def credit(before: Suggestion, outcome: Outcome, event_id: str, at: datetime, source: Source) -> Event:
    """The event that says what came of a suggestion: how much more it was worth than as it stood before."""
    return Event(
        id=event_id,
        tenant_id=before.tenant_id,
        learner_id=before.learner_id,
        kind=EventKind.OUTCOME,
        at=at,
        source=source,
        activity_id=before.activity_id,
        context_id=before.context_id,
        item=before.moment,
        score=round(VALUE[outcome] - VALUE[before.outcome], 3),
        votes=_said(before),
    )


def beliefs(state: Any, strategies: Iterable[str], moment: str = "") -> arms.Beliefs:
    """What is known of these strategies.

    :param state: the model's; anything else stands for nobody seen.
    :param moment: as ``arms.moment`` says; "" takes all moments together.
    """
    total: Tally = state.total if isinstance(state, State) else {}
    here: dict[str, tuple[float, float, float]] = {}
    anywhere: dict[str, tuple[float, float, float]] = {}
    for key, (credit_, weight, square) in total.items():
        where, _, name = key.partition(":")
        numbers = (credit_ / UNIT, weight / UNIT, square / UNIT)
        anywhere[name] = _sum(anywhere.get(name), numbers)
        if where == moment or not moment:
            here[name] = _sum(here.get(name), numbers)
    return arms.believe(sorted(set(strategies)), here, anywhere, ARM)


def _sum(a: tuple[float, float, float] | None, b: tuple[float, float, float]) -> tuple[float, float, float]:
    return b if a is None else (a[0] + b[0], a[1] + b[1], a[2] + b[2])


def weights(state: Any, strategies: Iterable[str], moment: str = "") -> dict[str, float]:
    """The learned weight of each strategy; they sum to 1. Nobody seen: all weigh the same."""
    return dict(arms.learned(beliefs(state, strategies, moment)).weights)


def policy(state: Any, strategies: Iterable[str], moment: str, exploration: float) -> tuple[arms.Arm, ...]:
    """The learned weights first, then every arm with the chance that it is tried instead.

    :param exploration: share of pages, 0..1, that an arm may weigh; 0 leaves the learned weights alone.
    """
    return arms.policy(beliefs(state, strategies, moment), exploration)
