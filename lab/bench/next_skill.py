"""What a learner practises next, foretold from everybody's order: NDCG@10 of the hidden last step.

Ours is asked as production asks it (``served``). Settings of other methods are chosen for each data set one
step earlier; ours has one setting for all, and fits its mix to the data inside its state.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from . import baselines
from .baselines import Method
from .leave_last_out import Histories, data, ndcg, places
from .measure import measured, microseconds
from .served import Served, blended, events
from .suite import Options, Row, absent, peer

METRIC = "NDCG@10"
FOLDS = 300
SLOW = 200
"""Learners that a method is asked for where one answer takes longer than 10 ms; its name says so."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run of ours found: places, seconds of learning, milliseconds of one answer, µs of one fold."""

    places: list[float]
    training: float
    answer: float
    update: float


def run(options: Options) -> list[Row]:
    """Measure every data set there is."""
    return [row for histories in data(options) for row in rows(histories, options)]


def rows(histories: Histories, options: Options) -> Iterator[Row]:
    """One data set."""
    name = histories.name
    options.say(f"{name}: ours, all voices")
    learned = measured(lambda: blended(histories)).value
    yield from _ours(histories, "as served (all voices)", lambda: asked(histories, (), learned))
    options.say(f"{name}: ours, collaborative alone")
    yield from _ours(histories, "collaborative alone", lambda: asked(histories, ("collaborative",), {}))
    baseline: dict[str, list[Method]] = {
        "popularity": [baselines.popularity],
        "first-order transitions": [baselines.transitions],
        "EASE": [baselines.ease(ridge) for ridge in baselines.RIDGE],
    }
    for label, methods in baseline.items():
        yield _compared(histories, label, methods)
    if options.peers:
        for package, of in _peers(options):
            found = peer(package)
            if found is None:
                yield absent(name, METRIC, package, package)
                continue
            for label, methods in of(found).items():
                options.say(f"{name}: {label}")
                slow = package == "lenskit"
                yield _compared(histories, label, methods, max(1, len(histories.seen) // SLOW) if slow else 1)


def _peers(options: Options) -> list[tuple[str, Callable[[Any], dict[str, list[Method]]]]]:
    return [
        ("implicit", lambda package: baselines.from_implicit(package, options.seed)),
        ("lenskit", baselines.from_lenskit),
    ]


def asked(histories: Histories, only: Collection[str], learned: dict[str, Any]) -> Asked:
    """Learn, ask for everybody, and fold some more.

    :param only: strategies that may vote; empty for all.
    :param learned: states of models that learned elsewhere, such as the blend.
    """
    started = time.perf_counter()
    served = Served.of(histories, only)
    served.states.update(learned)
    served.settle(served.situation(0, histories.seen[0]))
    training = time.perf_counter() - started
    found, costs = [], []
    for n, hidden in enumerate(histories.hidden):
        situation = served.situation(n, histories.seen[n])
        started = time.perf_counter()
        found.append(served.place(situation, hidden))
        costs.append(time.perf_counter() - started)
    return Asked(found, training, statistics.median(costs) * 1000, _update(served))


def _update(served: Served) -> float:
    """What one fold of the collaborative model costs: other learners' steps, one by one."""
    model = next(m for _, m in served.plugins.models() if m.name == "collaborative")
    state = model.empty()
    longest = max(served.histories.seen, key=len)
    following = iter([e for n in range(FOLDS) for e in events(longest, f"learner-{n}")])
    return microseconds(lambda: model.fold(state, next(following)), min(2000, FOLDS * len(longest)))


def _ours(histories: Histories, label: str, ask: Callable[[], Asked]) -> Iterator[Row]:
    found = measured(ask)
    value = ndcg(found.value.places)
    yield Row(histories.name, METRIC, label, True, value, found.value.training, found.peak_mb)
    yield Row(histories.name, "prediction (ms)", label, True, found.value.answer)
    yield Row(histories.name, "update (µs)", label, True, found.value.update)


def _compared(histories: Histories, label: str, methods: list[Method], every: int = 1) -> Row:
    # In a process of its own, because a package that has started threads cannot be forked.
    method = methods[measured(lambda: baselines.chosen(methods, histories, every)).value]
    found = measured(lambda: _trained(method, histories, every))
    value, seconds = found.value
    if every > 1:
        label = f"{label} (one in {every} learners)"
    return Row(histories.name, METRIC, label, False, value, seconds, found.peak_mb)


def _trained(method: Method, histories: Histories, every: int) -> tuple[float, float]:
    """NDCG, and the seconds that training took."""
    started = time.perf_counter()
    scores = method(histories)
    seconds = time.perf_counter() - started
    return ndcg(places(histories, scores, every)), seconds
