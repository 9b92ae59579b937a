"""The part all models here have in common: their states learn, add and forget in place."""

from __future__ import annotations

from typing import Any, Generic, Protocol, TypeVar

from .. import Event


class Sums(Protocol):
    """A state that changes itself."""

    def learn(self, event: Event) -> None:
        """Take one event in."""

    def add(self, other: Any) -> None:
        """Add a state that saw other learners."""

    def forget(self, learner_id: str) -> None:
        """Take a learner out."""


State = TypeVar("State", bound=Sums)


class InPlace(Generic[State]):
    """``fold``, ``merge`` and ``subtract`` of a ``LearnedModel`` whose state does the work."""

    def fold(self, state: State, event: Event) -> State:
        """Learn from one event, in place."""
        state.learn(event)
        return state

    def merge(self, state: State, other: State) -> State:
        """Add the other's learners to the first, in place.

        :raises ValueError: when both saw the same learner.
        """
        state.add(other)
        return state

    def subtract(self, state: State, learner_id: str) -> State:
        """Take a learner out, in place."""
        state.forget(learner_id)
        return state
