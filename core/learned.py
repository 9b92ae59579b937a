"""Models that add up: the one interface every learned model keeps.

A model's state covers a set of learners and is the sum of what each contributed, so it can learn one event at
a time (``fold``), be trained in parts and added (``merge``), and forget a person exactly (``subtract``).

The laws, which ``lab.laws`` checks for any model:

- folding the same events in any order gives the same state, unless ``ordered`` says events of one learner
  must come in time order (events of different learners always commute);
- ``merge(fold(empty, A), fold(empty, B)) == fold(empty, A + B)`` when A and B concern different learners;
- ``subtract(fold(empty, A + B), learner)`` equals ``fold(empty, B)`` when A is that learner's and B is
  others': exactly where the state holds integers, to 1e-9 where it holds floats;
- ``load(dump(state)) == state``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from .evidence import Event
from .people import Purpose


@runtime_checkable
class LearnedModel(Protocol):
    """A learned model. ``State`` is the author's own type; the core stores, folds and forgets it.

    ``fold`` may change ``state`` in place and return it; ``merge`` and ``subtract`` may reuse their first
    argument. No other code writes to a state, and hooks get it read-only by convention.
    """

    name: str
    """Unique; by this name the state appears in ``Situation.models``."""
    version: int
    """Raise it when the state's form changes: stored states of other versions are rebuilt from events."""
    purpose: Purpose
    """Only events of learners who agreed to this purpose are folded."""

    def empty(self) -> Any:
        """The state that has seen nobody."""

    def fold(self, state: Any, event: Event) -> Any:
        """Learn from one event; cost must not grow with the number of events already seen."""

    def merge(self, state: Any, other: Any) -> Any:
        """The state that saw what both saw; the two concern different learners."""

    def subtract(self, state: Any, learner_id: str) -> Any:
        """The state that never saw this learner."""

    def dump(self, state: Any) -> bytes:
        """Serialise; no pickle, because a stored state must not be able to run code."""

    def load(self, data: bytes) -> Any:
        """Read what ``dump`` wrote.

        :raises ValueError: when the bytes are not a state of this version.
        """


@runtime_checkable
class Foretells(Protocol):
    """What a learned model may offer besides: answers foretold one by one, as benches ask for them.

    It must be the same estimate that the model's plugin gives in ``estimate_mastery``, without its ranges.
    """

    def prepare(self, states: Mapping[str, object]) -> None:
        """Solve now what is otherwise solved in the background; states by model name."""

    def foretell(self, states: Mapping[str, object], learner_id: str, skill: str) -> float:
        """Probability in (0, 1) that the learner's next answer on this skill is right."""
