"""What a suggestion costs: the engine with all strategies over a large history, a fold, isolation."""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...core import engine, learner_page
from ...core.isolation import Isolation
from ...core.launch import Launch
from ...core.service import Core
from ...core.store import tenants
from .. import histories
from . import world as bench_world
from .suite import Options, Row

TENANT = histories.TENANT
LEARNERS, ACTIVITIES, EVENTS = 10_000, 2_000, 50
TIMES = 200
"""Suggestions asked for."""
SAMPLE = 5_000
"""Events that are folded."""
SIZE = f"{ACTIVITIES:,} activities, {LEARNERS:,} learners × {EVENTS} events"


def run(options: Options) -> list[Row]:
    """Make a tool with a history, and ask."""
    options.say("making the history")
    world = histories.world(learners=LEARNERS, activities=ACTIVITIES, per_learner=EVENTS, seed=options.seed)
    with tempfile.TemporaryDirectory(prefix="stifinder-bench-") as name:
        core = bench_world.build(Path(name), world, 0)
        try:
            options.say("learning from it")
            started = time.perf_counter()
            with core.models.lock(TENANT), core.database.read() as connection:
                core.models.states(connection, TENANT)
            seconds = time.perf_counter() - started
            count = LEARNERS * EVENTS
            rows = [_row(f"reading and folding {count:,} events once (s)", "the host", seconds)]
            options.say("asking")
            rows += _suggestions(core, world)
            options.say("folding")
            rows += _folding(core, world)
        finally:
            core.close()
    return rows + _isolation()


def _row(metric: str, name: str, value: float) -> Row:
    return Row(SIZE, metric, name, True, value)


def _suggestions(core: Core, world: histories.World) -> list[Row]:
    """Suggestions from a pool of all activities: the engine alone, and with reading and recording."""
    chance = np.random.default_rng(7)
    people = [world.learners[int(n)] for n in chance.choice(len(world.learners), TIMES)]

    def everywhere(name: str) -> Launch:
        return replace(bench_world.launch(world, name), context_key="none", context_title="")

    core.page(everywhere(people[0]), people[0], minutes=120)
    waited = _milliseconds_until_settled()
    pages, alone = [], []
    plugins = core.plugins.of_tenant(TENANT, {})
    for name in people:
        started = time.perf_counter()
        core.page(everywhere(name), name, minutes=120)
        pages.append((time.perf_counter() - started) * 1000)
        visit = _visit(core, everywhere(name), name)
        started = time.perf_counter()
        engine.suggest(visit.situation, plugins)
        alone.append((time.perf_counter() - started) * 1000)
    return [
        _row("suggestions (ms, median)", "the engine alone", statistics.median(alone)),
        _row("suggestions (ms, p95)", "the engine alone", float(np.percentile(alone, 95))),
        _row("suggestions (ms, median)", "read and recorded", statistics.median(pages)),
        _row("suggestions (ms, p95)", "read and recorded", float(np.percentile(pages, 95))),
        _row("background work after the first request (s)", "the strategies", waited / 1000),
    ]


def _milliseconds_until_settled() -> float:
    """Until what the plugins do in the background after a start is done."""
    started = time.perf_counter()
    while any("_in_background" in t.name or "_index_texts" in t.name for t in threading.enumerate()):
        time.sleep(0.05)
    return (time.perf_counter() - started) * 1000


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


def _folding(core: Core, world: histories.World) -> list[Row]:
    """The cost of learning from an event, with no history and with the whole history behind it."""
    with core.models.lock(TENANT), core.database.read() as connection:
        full = core.models.states(connection, TENANT)
    sample = list(world.events())[-SAMPLE:]
    rows = []
    for name, (_, model) in core.models.models.items():
        for words, state in (
            ("no history", model.empty()),
            ("whole history", model.load(model.dump(full[name]))),
        ):
            started = time.perf_counter()
            for event in sample:
                state = model.fold(state, event)
            cost = (time.perf_counter() - started) / len(sample) * 1e6
            rows.append(_row(f"fold, {words} (µs/event)", name, cost))
    return rows


def _isolation() -> list[Row]:
    """What it costs to call a plugin so that it cannot take the page down."""
    guard = Isolation()

    def nothing() -> None:
        return None

    def hundred() -> None:
        for _ in range(100):
            guard.call("p", "h", nothing, {}, seconds=1, check=lambda value: value)

    hundred()
    costs = []
    for _ in range(30):
        started = time.perf_counter()
        hundred()
        costs.append((time.perf_counter() - started) * 1e4)
    return [
        Row("an empty call", "isolation of one plugin call (µs)", "the host", True, statistics.median(costs))
    ]
