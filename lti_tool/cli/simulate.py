"""``stifinder simulate``: what strategies bring to simulated learners, before real ones meet them."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ...core.errors import InvalidInput
from . import Tool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...lab.simulation.report import Compared, Estimate, Plan

COLUMNS = {
    "mastery": ("Mastery", 100, 1),
    "gain": ("Gain", 100, 1),
    "retained": ("Gain after 90 days", 100, 1),
    "known": ("Skills known", 100, 0),
    "minutes": ("Minutes", 1, 0),
    "gain_per_hour": ("Gain an hour", 100, 1),
    "left": ("Gave up", 100, 1),
}
"""Figure to its heading, the factor it is shown with, and decimals."""
GAPS = {
    "time": "More time less little time",
    "start": "Experienced less new to it",
    "claim": "True format claim less false",
}


@click.command()
@click.argument("strategies", nargs=-1, metavar="[STRATEGY]...")
@click.option(
    "--learners", default=200, show_default=True, type=click.IntRange(2, 20_000), help="How many people."
)
@click.option(
    "--days", default=30, show_default=True, type=click.IntRange(1, 730), help="How long they learn."
)
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="Where chance starts.")
@click.option(
    "--runs",
    default=1,
    show_default=True,
    type=click.IntRange(1, 100),
    help="Courses, each with its own people.",
)
@click.option(
    "--load", multiple=True, metavar="MODULE", help="A plugin that is not installed; may be repeated."
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option(
    "--fit", is_flag=True, help="Instead: fit the simulated mind to the public data anew, and say how well."
)
@click.option(
    "--pictures",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="With --fit: draw both, as SVG.",
)
@click.pass_obj
def simulate(
    tool: Tool,
    strategies: tuple[str, ...],
    learners: int,
    days: int,
    seed: int,
    runs: int,
    load: tuple[str, ...],
    as_json: bool,
    fit: bool,
    pictures: Path | None,
) -> None:
    """Try strategies on simulated learners.

    People with knowledge that grows and fades, little time, moods and habits learn in a simulated course;
    each STRATEGY suggests to the same people, through the engine that also serves real ones. The first is
    what the others are compared with [default: fixed-order random shipped].

    \b
        fixed-order      the course from start to end, as an LMS shows it
        random           any undone activity of the course
        shipped          what is installed, set as in stifinder.toml
        content          the votes of one plugin, beside the estimates of all
        content+beginners   the votes of several
        without:spacing  everything but one

    Your own plugin, before it is installed:

    \b
        PYTHONPATH=. stifinder simulate --load my_package.my_plugin shipped shipped+my_plugin

    Figures are in percent, with the 95 % interval. What they can say, and what not: docs/simulation.md.
    """
    from ...lab.simulation.report import Plan, compare
    from ...lab.simulation.strategies import Available

    if fit:
        _fit(pictures, as_json=as_json)
        return
    if pictures is not None:
        raise InvalidInput("--pictures draws what --fit finds.", "Add --fit, or leave --pictures out.")
    names = tuple(dict.fromkeys(strategies or ("fixed-order", "random", "shipped")))
    chosen = tool.settings.plugins
    plan = Plan(names, learners=learners, days=days, seed=seed, runs=runs)
    available = Available((*chosen.load, *load), chosen.disable, chosen.settings, frozenset(load))
    with _progress(plan.steps) as said:
        found = compare(plan, available, said=said)
    for strategy in found:
        for plugin, words in strategy.failures.items():
            click.echo(f"Warning: in {strategy.name}, {plugin} lost its vote: {words}", err=True)
    if as_json:
        click.echo(
            json.dumps(
                _plain(
                    {"plan": dataclasses.asdict(plan), "strategies": [dataclasses.asdict(f) for f in found]}
                ),
                indent=2,
            )
        )
    else:
        _print(plan, found)


@contextmanager
def _progress(steps: int) -> Iterator[Callable[[str], None]]:
    """What to call after each step with its name; a bar on a terminal."""
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), console=console,
        disable=not console.is_terminal, transient=True,
    )  # fmt: skip
    with bar:
        task = bar.add_task("Getting ready", total=steps)
        yield lambda name: bar.update(task, advance=1, description=name)


def _print(plan: Plan, found: Sequence[Compared]) -> None:
    console = Console()
    if not console.is_terminal:
        console.width = 200  # do not wrap what another program reads line by line
    console.print(
        f"{plan.learners * plan.runs} simulated learners, {plan.days} days, seed {plan.seed}; "
        "percent, 95 % interval\n"
    )
    console.print(_table("Strategy", [(s.name, s.figures) for s in found]))
    others = [(s.name, s.differences) for s in found[1:]]
    if others:
        console.print(_table(f"\nDifference to {found[0].name}", others, signed=True))
    gaps = Table(
        "\nGap in gain between groups", *("\n" + title for title in GAPS.values()), box=None, pad_edge=False
    )
    for strategy in found:
        gaps.add_row(strategy.name, *(_cell(strategy.gaps[g], 100, 1, signed=True) for g in GAPS))
    console.print(gaps)


def _table(title: str, rows: Sequence[tuple[str, Mapping[str, Estimate]]], *, signed: bool = False) -> Table:
    table = Table(title, *(heading for heading, _, _ in COLUMNS.values()), box=None, pad_edge=False)
    for name, figures in rows:
        cells = [
            _cell(figures[what], factor, places, signed=signed)
            for what, (_, factor, places) in COLUMNS.items()
        ]
        table.add_row(name, *cells)
    return table


def _cell(estimate: Estimate, factor: float, places: int, *, signed: bool) -> str:
    if math.isnan(estimate.value):
        return "nobody"
    sign = "+" if signed else ""
    value, low, high = (
        f"{factor * x:{sign}.{places}f}" for x in (estimate.value, estimate.low, estimate.high)
    )
    return f"{value} [{low}, {high}]"


def _plain(value: object) -> object:
    """The same for JSON, which knows no NaN."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _fit(folder: Path | None, *, as_json: bool) -> None:
    from ...lab.simulation import pictures

    with _progress(len(pictures.STEPS)) as said:
        found = pictures.fitted(said)
    if folder is not None:
        pictures.draw(found, folder)
    if as_json:
        click.echo(json.dumps(_plain(found.summary()), indent=2))
        return
    for part, values in found.summary().items():
        click.echo(f"{part}: " + ", ".join(f"{name} {value:.3f}" for name, value in values.items()))
