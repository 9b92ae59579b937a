"""The part of `make bench` that needs a served tool: pages, statements and launches over HTTP.

Everything is measured on this machine, in this run; medians where not said otherwise. Nothing here decides
whether a test passes. What needs no server is measured by `stifinder bench`.
"""

from __future__ import annotations

import argparse
import socket
import tempfile
from pathlib import Path

import launches
import lms
import served
import tokens
from figures import Figure
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from stifinder.core.service import Core
from stifinder.core.store import credentials, lti
from stifinder.lab import histories
from stifinder.lab.bench import results, suite
from stifinder.lab.bench import world as bench_world

ROOT = Path(__file__).parents[2]
PASSWORD = "a password for the bench"
console = Console()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def measure(options: argparse.Namespace, progress: Progress) -> list[Figure]:
    """Make a world, and take every figure in it."""
    task = progress.add_task("", total=6)

    def step(words: str) -> None:
        progress.update(task, advance=1, description=words)

    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="stifinder-bench-") as name:
        folder, port = Path(name), free_port()
        step("making the history")
        world = histories.world(
            learners=options.learners, activities=options.activities, per_learner=options.events
        )
        core = bench_world.build(folder, world, port)
        step("learning from it")
        with core.models.lock(histories.TENANT), core.database.read() as connection:
            core.models.states(connection, histories.TENANT)
        core.save_models(histories.TENANT)
        with core.database.write() as connection:
            credentials.add(connection, histories.TENANT, "bench", PASSWORD, core.clock())
        step("serving pages")
        with served.tool(folder, port) as process:
            base = f"http://127.0.0.1:{port}"
            figures += served.pages(base, core, world, options.times)
            figures.append(served.memory(process, "history loaded"))
            step("taking statements in")
            figures += served.intake(base, world, ("bench", PASSWORD), options.batches)
            figures.append(served.memory(process, "after the intake"))
        step("checking launch messages")
        figures += tokens.verification(core)
        step("launching")
        figures += launching(folder, port, core, world, options)
        core.database.close()
    return figures


def launching(
    folder: Path, port: int, core: Core, world: histories.World, options: argparse.Namespace
) -> list[Figure]:
    """Launches by people who are not remembered, and by people with their whole history."""
    base, key = f"http://127.0.0.1:{port}", lms.new_key()
    figures = []
    with lms.publishing(key) as key_set_url:
        lti.register(core.database, [lms.registration(histories.TENANT, key_set_url)], core.clock())
        with served.tool(folder, port, workers=launches.WORKERS) as process:
            for words, people in (
                ("not remembered", [f"somebody-{n}" for n in range(10_000)]),
                ("remembered", [world.learners[n * 37 % len(world.learners)] for n in range(10_000)]),
            ):
                figures += launches.one_by_one(base, key, world, people[: options.times], words)
                load = launches.Load(base, key, people, world.contexts, options.seconds)
                figures += launches.most(load, process, words)
                figures += launches.held(load, process, words)
            figures.append(served.memory_of_all(process))
    return figures


def report(figures: list[Figure], options: argparse.Namespace) -> None:
    """Print the table and write the JSON."""
    size = f"{options.activities:,} activities, {options.learners:,} learners × {options.events} events"
    table = Table(title=size)
    table.add_column("what")
    table.add_column("measured", justify="right")
    table.add_column("unit")
    table.add_column("target")
    for f in figures:
        table.add_row(f.name, f"{f.value:,.2f}" if f.value < 100 else f"{f.value:,.0f}", f.unit, f.target)
    console.print(table)
    rows = [suite.Row(size, f"{f.name} ({f.unit})", "the tool, served", True, f.value) for f in figures]
    console.print(f"written to {results.write(results.of_this_run('served', rows), options.output)}")


def main() -> None:
    """Read the options, measure, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=10_000)
    parser.add_argument("--activities", type=int, default=2_000)
    parser.add_argument("--events", type=int, default=50, help="per learner")
    parser.add_argument("--times", type=int, default=200, help="pages asked for")
    parser.add_argument("--batches", type=int, default=100, help="batches of 100 statements")
    parser.add_argument("--seconds", type=int, default=20, help="of each load of launches")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "results")
    options = parser.parse_args()
    with Progress(console=console) as progress:
        figures = measure(options, progress)
    report(figures, options)


if __name__ == "__main__":
    main()
