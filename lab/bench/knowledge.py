"""The next answer, right or wrong, foretold from those before it (suite ``knowledge``).

Train and test files as published; a test learner's answers are learned as they come and help nobody else. In
the ASSISTments file one answer can have a row for each of its question's skills, so the row before may give
it away. Rows marked ``no twins`` hold back every earlier row that may belong to the same answer, in training
(where such rows are one event) and in judging; ``sure first rows`` judges as the papers do, but only rows
that cannot be the second of such a pair because their skill is that of the row before.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import numpy as np

from ...core.errors import StifinderError
from ...core.learned import LearnedModel
from ...core.plugins import Plugins
from ..knowledge_tracing import (
    Answers,
    Foreteller,
    Foretold,
    event,
    foretell,
    foretellers,
    learn,
    possible_twins,
    read,
)
from . import knowledge_peers
from .measure import measured, microseconds
from .suite import Options, Row, absent, public, published

FILES = {"ASSISTments 2009": "assist2009_updated", "STATICS 2011": "STATICS"}
TWINS = {"ASSISTments 2009"}
"""Data where one answer may have several rows."""
SPANS = ((0, 5), (5, 10), (10, 20), (20, 50), (50, 100), (100, 200), (200, 100_000))
ZHANG = "Zhang et al. 2017, Dynamic Key-Value Memory Networks for Knowledge Tracing"
PUBLISHED = {
    "ASSISTments 2009": {"DKT": 0.805, "DKVMN": 0.816},
    "STATICS 2011": {"DKT": 0.802, "DKVMN": 0.828},
}
SHARE = 0.7


def run(options: Options) -> list[Row]:
    """All rows of the suite."""
    found: list[Row] = []
    for data, train, test in _data(options):
        twins = data in TWINS or options.file is not None
        for foreteller in foretellers(Plugins()):
            options.say(f"{foreteller.plugin} on {data}")
            found += _ours(foreteller, data, train, test, twins)
        if options.peers:
            found += _peers(options, data, train, test, twins)
    return found


def _data(options: Options) -> Iterator[tuple[str, list[Answers], list[Answers]]]:
    if options.file is None:
        for data, name in FILES.items():
            folder = public("knowledge_tracing")
            yield data, read(folder / f"{name}_train.csv"), read(folder / f"{name}_test.csv")
        return
    learners = [one for one in read(options.file) if one.skills]
    order = np.random.default_rng(options.seed).permutation(len(learners)).tolist()
    cut = round(SHARE * len(learners))
    train, test = [learners[n] for n in order[:cut]], [learners[n] for n in order[cut:]]
    yield options.file.name, train, test


def _figures(data: str, name: str, ours: bool, score: Foretold, **cost: Any) -> list[Row]:
    return [
        Row(data, "AUC", name, ours, score.auc, **cost),
        Row(data, "log loss", name, ours, score.log_loss),
        Row(data, "ECE", name, ours, score.calibration_error),
    ]


def curve(data: str, name: str, ours: bool, score: Foretold) -> list[Row]:
    """AUC by how many answers stand before, where both right and wrong ones are among them."""
    rows = []
    for low, high in SPANS:
        part = score.of((score.before >= low) & (score.before < high))
        if 0 < part.right.sum() < len(part.right):
            words = f"{low + 1}-{high}" if high < SPANS[-1][1] else f"{low + 1} and more"
            rows.append(Row(f"{data}, answers {words}", "AUC", name, ours, part.auc))
    return rows


def _ours(
    foreteller: Foreteller, data: str, train: Sequence[Answers], test: Sequence[Answers], twins: bool
) -> list[Row]:
    name = foreteller.plugin
    cost = measured(lambda: learn(foreteller, train))
    states = cost.value
    score = foretell(foreteller, states, test)
    rows = _figures(data, name, True, score, seconds=cost.seconds, peak_mb=cost.peak_mb)
    rows += curve(data, name, True, score)
    if twins:
        rows += _figures(f"{data}, sure first rows", name, True, score.of(score.sure))
        honest = foretell(foreteller, learn(foreteller, train, twins=True), test, twins=True)
        rows += _figures(f"{data}, no twins", name, True, honest)
    return [*rows, *_costs(foreteller, data, states, test)]


def _costs(foreteller: Foreteller, data: str, states: dict[str, Any], test: Sequence[Answers]) -> list[Row]:
    """Cost of one update, one prediction and one forgetting for the median learner of the test file."""
    name = foreteller.plugin
    middle = sorted(test, key=lambda learner: len(learner.skills))[len(test) // 2]
    steps = [event("bench-1", middle, range(n, n + 1)) for n in range(len(middle.skills))]

    def update() -> None:
        for model in foreteller.models:
            for one in steps:
                states[model.name] = model.fold(states[model.name], one)

    def forget() -> None:
        for model in foreteller.models:
            states[model.name] = model.subtract(states[model.name], "bench-1")

    update()
    forget()
    folds = []
    forgets = []
    for _ in range(5):
        folds.append(microseconds(update, 1))
        forgets.append(microseconds(forget, 1))
    update()
    foreteller.foretells.prepare(states)
    skill = middle.skills[-1]
    asked = microseconds(lambda: foreteller.foretells.foretell(states, "bench-1", skill))
    forget()
    again = measured(lambda: foreteller.foretells.prepare(states))
    return [
        Row(data, "update (µs)", name, True, float(np.median(folds)) / len(steps)),
        Row(data, "prediction (µs)", name, True, asked),
        Row(data, "forgetting a learner exactly (ms)", name, True, float(np.median(forgets)) / 1000),
        Row(data, "solving again after forgetting (s)", name, True, again.seconds),
        *_sizes(foreteller, data, test),
    ]


def _sizes(foreteller: Foreteller, data: str, test: Sequence[Answers]) -> list[Row]:
    """Bytes a learner takes in memory, for each hundred skills that learners have answered on.

    What belongs to a learner is what ``learners`` of a state holds under the learner's id, apart from the
    names of skills, which all share.
    """
    pairs = sum(len(set(learner.skills)) for learner in test)
    rows = []
    for model in foreteller.models:
        state = _folded(model, test)
        size = sum(_bytes(held) for held in state.learners.values())
        rows.append(
            Row(
                data,
                f"{model.name}: state (bytes per learner and 100 skills)",
                foreteller.plugin,
                True,
                100 * size / pairs,
            )
        )
    return rows


def _folded(model: LearnedModel, learners: Sequence[Answers]) -> Any:
    state = model.empty()
    for number, learner in enumerate(learners):
        for place in range(len(learner.skills)):
            state = model.fold(state, event(f"test-{number}", learner, range(place, place + 1)))
    return state


def _bytes(held: Any) -> int:
    if isinstance(held, dict):
        return sys.getsizeof(held) + sum(map(sys.getsizeof, held.values()))
    return sys.getsizeof(held)


def _peers(
    options: Options, data: str, train: Sequence[Answers], test: Sequence[Answers], twins: bool
) -> list[Row]:
    right = np.array([mark for learner in test for mark in learner.right], dtype=np.float64)
    before = np.array([place for learner in test for place in range(len(learner.right))])
    starts = [start for learner in test for start in possible_twins(learner.skills)]
    blank = Foretold(right, right, before, np.array(starts) == before)
    rows: list[Row] = []
    methods = dict(knowledge_peers.WITH_US)
    if find_spec("pyBKT") is None:
        rows.append(absent(data, "AUC", "BKT (pyBKT)", "pyBKT"))
    else:
        methods["BKT (pyBKT)"] = knowledge_peers.bkt
    for name, method in methods.items():
        options.say(f"{name} on {data}")
        try:
            cost = measured(lambda method=method: method(train, test))  # type: ignore[misc]
        except StifinderError as error:
            why = error.what.strip().rpartition("\n")[2]
            rows.append(Row(data, "AUC", name, False, None, source=f"it fails with what is installed: {why}"))
            continue
        score = replace(blank, chance=cost.value)
        rows += _figures(data, name, False, score, seconds=cost.seconds, peak_mb=cost.peak_mb)
        rows += curve(data, name, False, score)
        if twins:
            rows += _figures(f"{data}, sure first rows", name, False, score.of(score.sure))
    rows += [published(data, "AUC", name, value, ZHANG) for name, value in PUBLISHED.get(data, {}).items()]
    return rows
