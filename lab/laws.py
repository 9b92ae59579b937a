"""The laws of a model that adds up, as checks that any ``LearnedModel`` can be put through.

Each check takes a model and events and raises ``AssertionError`` naming the law that was broken. States are
compared by ``==`` unless another comparison is given (for states that hold floats).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..core.evidence import Event
from ..core.learned import LearnedModel

Equal = Callable[[Any, Any], bool]


def fold_all(model: LearnedModel, events: Iterable[Event], state: Any = None) -> Any:
    """The state after these events, starting from ``state`` or from nothing."""
    state = model.empty() if state is None else state
    for event in events:
        state = model.fold(state, event)
    return state


def learners_of(events: Iterable[Event]) -> list[str]:
    """The learners in these events, sorted."""
    return sorted({event.learner_id for event in events})


def _require(holds: bool, model: LearnedModel, law: str) -> None:
    if not holds:
        raise AssertionError(f"model {model.name!r} breaks the law: {law}")


def _shuffled(model: LearnedModel, events: Sequence[Event], seed: int) -> list[Event]:
    """Any order; for an ``ordered`` model one that keeps each learner's own order."""
    mixed = [events[n] for n in np.random.default_rng(seed).permutation(len(events)).tolist()]
    if getattr(model, "ordered", False):
        queues = {name: [e for e in events if e.learner_id == name][::-1] for name in learners_of(events)}
        mixed = [queues[event.learner_id].pop() for event in mixed]
    return mixed


def check_order(
    model: LearnedModel, events: Sequence[Event], *, seed: int = 0, equal: Equal = operator.eq
) -> None:
    """Folding the same events in another order gives the same state."""
    other = _shuffled(model, events, seed)
    same = equal(fold_all(model, events), fold_all(model, other))
    _require(same, model, "the order of events does not matter")


def check_merge(
    model: LearnedModel, events: Sequence[Event], *, seed: int = 0, equal: Equal = operator.eq
) -> None:
    """Training in two parts and adding them gives the state of the whole, whichever comes first."""
    chance = np.random.default_rng(seed)
    first = {name for name in learners_of(events) if chance.random() < 0.5}
    parts = [e for e in events if e.learner_id in first], [e for e in events if e.learner_id not in first]
    whole = fold_all(model, events)
    for one, two in (parts, parts[::-1]):
        merged = model.merge(fold_all(model, one), fold_all(model, two))
        _require(equal(merged, whole), model, "merging parts equals the whole")


def check_subtract(model: LearnedModel, events: Sequence[Event], *, equal: Equal = operator.eq) -> None:
    """After subtracting a learner the state equals one that never saw the learner, and does not name them."""
    for name in learners_of(events):
        never = fold_all(model, (e for e in events if e.learner_id != name))
        left = model.subtract(fold_all(model, events), name)
        _require(equal(left, never), model, f"subtracting {name!r} equals never having seen them")
        # counted, because the name may be part of another learner's id
        named = [model.dump(state).count(name.encode()) for state in (left, never)]
        _require(named[0] == named[1], model, f"a stored state does not name {name!r} after subtraction")
        again = [e for e in events if e.learner_id == name]
        whole = fold_all(model, again, left)
        _require(equal(whole, fold_all(model, events)), model, f"{name!r} can come back after subtraction")


def check_subtract_stranger(
    model: LearnedModel, events: Sequence[Event], *, equal: Equal = operator.eq
) -> None:
    """Subtracting somebody the state never saw changes nothing."""
    left = model.subtract(fold_all(model, events), "a learner nobody has seen")
    _require(equal(left, fold_all(model, events)), model, "subtracting a stranger changes nothing")


def check_round_trip(model: LearnedModel, events: Sequence[Event], *, equal: Equal = operator.eq) -> None:
    """What ``dump`` wrote ``load`` reads, it learns on the same, and nonsense is a ``ValueError``."""
    half = len(events) // 2
    state = fold_all(model, events[:half])
    loaded = model.load(model.dump(state))
    _require(equal(loaded, state), model, "load(dump(state)) equals state")
    whole = fold_all(model, events[half:], loaded)
    _require(equal(whole, fold_all(model, events)), model, "a loaded state goes on learning the same")
    try:
        model.load(b"not a state")
    except ValueError:
        return
    _require(False, model, "load refuses nonsense with ValueError")


def check_all(
    model: LearnedModel, events: Sequence[Event], *, seed: int = 0, equal: Equal = operator.eq
) -> None:
    """Every law, on these events."""
    check_order(model, events, seed=seed, equal=equal)
    check_merge(model, events, seed=seed, equal=equal)
    check_subtract(model, events, equal=equal)
    check_subtract_stranger(model, events, equal=equal)
    check_round_trip(model, events, equal=equal)
