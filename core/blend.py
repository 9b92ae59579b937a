"""How much each strategy's vote counts: learned from what came of the suggestions it voted for.

Every outcome credits the strategies behind the suggestion by their share. A strategy's weight is its mean
credit with a prior, so a new strategy starts in the middle and nobody is ever silenced. Credits are integer
thousandths: the model adds up and forgets exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from .evidence import Event, EventKind
from .people import Purpose
from .proposals import Outcome

VALUE = {
    Outcome.DISMISSED: 0.0,
    Outcome.STARTED: 0.4,
    Outcome.FAILED: 0.4,
    Outcome.COMPLETED: 0.8,
    Outcome.PASSED: 1.0,
}
"""What an outcome says of the suggestion. A failed attempt says no more than that the learner tried."""
PRIOR_MEAN = 0.5
PRIOR_OUTCOMES = 20
UNIT = 1000

Tally = dict[str, list[int]]
"""Strategy to [credit, weight] in thousandths."""


class State(msgspec.Struct):
    """Tallies of each learner, and their sum."""

    learners: dict[str, Tally] = {}
    total: Tally = {}


class BlendModel:
    """The learned model behind ``weights``; see the module."""

    name = "blend"
    version = 1
    purpose = Purpose.SHARED_MODELS

    def empty(self) -> State:
        """Nobody seen: every strategy weighs the same."""
        return State()

    def fold(self, state: State, event: Event) -> State:
        """Credit the strategies that ``event.votes`` names with ``event.score``."""
        if event.kind is not EventKind.OUTCOME or event.score is None:
            return state
        for strategy, share in event.votes.items():
            weight = round(share * UNIT)
            credit = round(share * UNIT * event.score)
            for tally in (state.learners.setdefault(event.learner_id, {}), state.total):
                entry = tally.setdefault(strategy, [0, 0])
                entry[0] += credit
                entry[1] += weight
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


def _add(into: Tally, tally: Mapping[str, list[int]], sign: int) -> None:
    for strategy, (credit, weight) in tally.items():
        entry = into.setdefault(strategy, [0, 0])
        entry[0] += sign * credit
        entry[1] += sign * weight
        if entry == [0, 0]:
            del into[strategy]


def weights(state: Any, strategies: Iterable[str]) -> dict[str, float]:
    """The weight of each strategy; they sum to 1. ``state`` None stands for nobody seen."""
    names = sorted(set(strategies))
    total: Tally = state.total if isinstance(state, State) else {}
    means = {}
    for name in names:
        credit, weight = total.get(name, (0, 0))
        means[name] = (credit / UNIT + PRIOR_MEAN * PRIOR_OUTCOMES) / (weight / UNIT + PRIOR_OUTCOMES)
    whole = sum(means.values())
    return {name: mean / whole for name, mean in means.items()}
