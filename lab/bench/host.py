"""What the host costs beside a plugin's own work, in each call of a hook; and a process of its own.

Asked as a page asks: ``Plugins.collect`` for a tenant, with the limits of the manifest, settings, isolation,
the check of the answer and the count. The plugins vote for ten activities and do nothing else; their own time
is taken from the whole.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...core.catalogue import Activity, Catalogue
from ...core.people import Context, Learner
from ...core.plugins import Plugins
from ...core.proposals import Situation
from .suite import Options, Row

PLUGINS = 10
TIMES = 500
NEW = 20
"""Times a catalogue that a process has not seen goes across."""
SIZES = (20, 200, 2_000)
TARGET = "target: under 0.5 ms"
MODULE = """
import time
from stifinder import Candidate, Reason, hookimpl

spent = 0.0
BECAUSE = (Reason("Because it is next."),)

@hookimpl
def candidates(situation):
    global spent
    started = time.perf_counter()
    votes = [Candidate(a, 0.5, BECAUSE) for a in situation.pool[:10]]
    spent += time.perf_counter() - started
    return votes
"""


def run(options: Options) -> list[Row]:
    """Write the plugins into a folder, and ask them."""
    with tempfile.TemporaryDirectory(prefix="stifinder-bench-") as folder:
        names = [f"bench_trivial_{n}" for n in range(PLUGINS)]
        for name in names:
            Path(folder, f"{name}.py").write_text(MODULE)
        sys.path.insert(0, folder)
        try:
            options.say("in process")
            rows = _within(names)
            options.say("in processes of their own")
            return rows + _apart(names[0])
        finally:
            sys.path.remove(folder)
            for name in names:
                sys.modules.pop(name, None)


def _situation(activities: int, version: str = "1") -> Situation:
    found = tuple(
        Activity(f"a{n}", "t", f"a{n}", f"Activity {n}", "What it is about. " * 60) for n in range(activities)
    )
    return Situation(
        now=datetime(2026, 3, 2, tzinfo=UTC),
        seed=1,
        minutes=20,
        learner=Learner("learner-1", "t", frozenset(), "en"),
        context=Context("c", "t", "A course"),
        catalogue=Catalogue("t", version, found),
        pool=tuple(a.id for a in found),
    )


def _within(names: list[str]) -> list[Row]:
    plugins = Plugins(load=names, discover=False).of_tenant("t", {})
    modules: list[Any] = [sys.modules[name] for name in names]
    rows = []
    for size in SIZES:
        situation = _situation(size)
        costs = []
        for _ in range(TIMES):
            before = sum(module.spent for module in modules)
            started = time.perf_counter()
            plugins.collect("candidates", situation=situation)
            whole = time.perf_counter() - started
            own = sum(module.spent for module in modules) - before
            costs.append((whole - own) / PLUGINS * 1000)
        data = f"{PLUGINS} plugins, {size:,} activities"
        rows.append(
            Row(
                data,
                "host per hook call (ms, median)",
                "in process",
                True,
                statistics.median(costs),
                source=f"measured here; {TARGET}",
            )
        )
        rows.append(
            Row(data, "host per hook call (ms, p95)", "in process", True, sorted(costs)[int(TIMES * 0.95)])
        )
    return rows


def _apart(name: str) -> list[Row]:
    started = time.perf_counter()
    loaded = Plugins(load=[name], apart=[name], discover=False)
    rows = [
        Row("one plugin", "starting its process (ms)", "apart", True, (time.perf_counter() - started) * 1000)
    ]
    plugins = loaded.of_tenant("t", {})
    try:
        for size in SIZES:
            data = f"one plugin, {size:,} activities"
            first = []
            for version in range(NEW):
                situation = _situation(size, f"new {version}")
                started = time.perf_counter()
                while not plugins.collect("candidates", situation=situation):
                    time.sleep(0.0005)
                first.append((time.perf_counter() - started) * 1000)
            costs = []
            for _ in range(TIMES):
                started = time.perf_counter()
                plugins.collect("candidates", situation=replace(situation, seed=2))
                costs.append((time.perf_counter() - started) * 1000)
            rows += [
                Row(data, "whole hook call (ms, median)", "apart", True, statistics.median(costs)),
                Row(
                    data,
                    "until it answers of a new catalogue (ms, median)",
                    "apart",
                    True,
                    statistics.median(first),
                ),
            ]
        resident = loaded.apart[name].resident
        if resident is not None:
            rows.append(Row("one plugin", "memory of its process (MB)", "apart", True, resident / 1e6))
    finally:
        loaded.close()
    return rows
