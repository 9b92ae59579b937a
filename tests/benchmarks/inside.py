"""Figures taken inside one process: suggestions, folding, isolation, knowledge estimates."""

from __future__ import annotations

import statistics
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import world as bench_world
from figures import Figure, milliseconds, percentile
from stifinder.core import engine, learner_page
from stifinder.core.isolation import Isolation
from stifinder.core.launch import Launch
from stifinder.core.service import Core
from stifinder.core.store import tenants
from stifinder.lab import histories, knowledge_tracing
from stifinder.plugins import mastery

TENANT = histories.TENANT


def suggestions(core: Core, world: histories.World, times: int) -> list[Figure]:
    """Suggestions from a pool of all activities: the engine alone, and with reading and recording."""
    chance = np.random.default_rng(7)
    people = [world.learners[int(n)] for n in chance.choice(len(world.learners), times)]

    def everywhere(name: str) -> Launch:
        return replace(bench_world.launch(world, name), context_key="none", context_title="")

    def whole(name: str) -> None:
        core.page(everywhere(name), name, minutes=120)

    whole(people[0])
    waited = milliseconds(_settle)
    pages = [milliseconds(lambda name=name: whole(name)) for name in people]
    plugins = core.plugins.of_tenant(TENANT, {})
    alone = []
    for name in people:
        visit = _visit(core, everywhere(name), name)
        alone.append(milliseconds(lambda visit=visit: engine.suggest(visit.situation, plugins)))
    size = f"{len(world.catalogue):,}"
    return [
        Figure(f"suggestions from {size}, engine, median", statistics.median(alone), "ms"),
        Figure(f"suggestions from {size}, engine, p95", percentile(alone, 0.95), "ms", "< 50"),
        Figure(f"suggestions from {size}, read and recorded, p95", percentile(pages, 0.95), "ms"),
        Figure("background work after the first request", waited / 1000, "s"),
    ]


def _settle() -> None:
    """Wait until what the plugins do in the background after a start is done."""
    while any("_in_background" in t.name or "_index_texts" in t.name for t in threading.enumerate()):
        time.sleep(0.05)


def _visit(core: Core, launch: Launch, name: str) -> learner_page.Visit:
    with core.models.lock(TENANT), core.database.read() as connection:
        at = tenants.counters(connection, TENANT)
        return learner_page.read(
            connection,
            launch,
            name,
            catalogue=core.catalogue(TENANT),
            states=lambda: core.models.states(connection, TENANT, at),
            now=core.clock(),
            seed=0,
            minutes=120,
            locale="en",
            answers={},
        )


def folding(core: Core, world: histories.World) -> list[Figure]:
    """The cost of learning from an event, with no history and with the whole history behind it."""
    with core.models.lock(TENANT), core.database.read() as connection:
        full = core.models.states(connection, TENANT)
    sample = list(world.events())[-5000:]
    found = []
    for name, (_, model) in core.models.models.items():
        for words, state, target in (
            ("no history", model.empty(), ""),
            ("whole history", model.load(model.dump(full[name])), "does not grow"),
        ):
            started = time.perf_counter()
            for event in sample:
                state = model.fold(state, event)
            cost = (time.perf_counter() - started) / len(sample) * 1e6
            found.append(Figure(f"fold, {name}, {words}", cost, "µs/event", target))
    return found


def isolation() -> list[Figure]:
    """What it costs to call a plugin so that it cannot take the page down."""
    guard = Isolation()

    def nothing() -> None:
        return None

    def guarded() -> None:
        guard.call("p", "h", nothing, {}, seconds=1, check=lambda value: value)

    guarded()
    costs = [milliseconds(lambda: [guarded() for _ in range(100)]) * 10 for _ in range(30)]
    return [Figure("isolation of one plugin call", statistics.median(costs), "µs")]


def knowledge(data: Path) -> list[Figure]:
    """How well the next answer is foretold on the ASSISTments 2009 test file, learned from its train file."""
    folder = data / "knowledge_tracing"
    if not folder.is_dir():
        return []
    parts = (folder / "assist2009_updated_train.csv", folder / "assist2009_updated_test.csv")
    train, test = (knowledge_tracing.read(path) for path in parts)
    result = knowledge_tracing.next_answer(mastery.learned_models(), mastery.next_answer, train, test)
    return [Figure("next answer, ASSISTments 2009 test, AUC", result.auc, "", "published DKT 0.805")]
