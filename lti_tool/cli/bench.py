"""``stifinder bench``: how good the strategies are and what they cost, beside what else one could install."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from ...core.errors import InvalidInput
from ...lab.bench import results, suite
from ...lab.bench.suite import SUITES, NoData, Options, Row

OWN_DATA = ("next-skill", "knowledge", "spacing")
"""Suites that take a file of the user's own."""

TEXT = "\n\n".join(
    [
        "Measure the strategies beside what else could be installed, on public data.",
        "Without a SUITE all of them run, one after the other. Ours, others and published figures stand in "
        "one table; test rows choose no setting. Where STIFINDER_DATA names no folder with the data, a suite "
        "says so and is skipped. The others come with: pip install 'stifinder[bench]'",
        "\b\n" + "\n".join(f"{name:<12} {words}" for name, words in SUITES.items()),
        "\b\nExamples:\n  stifinder bench knowledge\n  stifinder bench next-skill --data steps.csv --json",
        "\b\nYour own data (--data), by suite:\n"
        "  next-skill  CSV: learner,item,time[,result]\n"
        "  knowledge   three lines a learner: how many, skills, right (1) or wrong (0)\n"
        "  spacing     CSV: card_id,review_rating,review_datetime[,review_duration]",
    ]
)


@click.command(help=TEXT)
@click.argument("names", metavar="[SUITE]...", nargs=-1)
@click.option(
    "--json", "as_json", is_flag=True, help="For programs: {suite, rows}; of several suites a list."
)
@click.option(
    "--data", "file", type=click.Path(path_type=Path), metavar="FILE", help="Your own data, for one suite."
)
@click.option("--ours", is_flag=True, help="Only what ships with Stifinder, and published figures.")
@click.option("--seed", type=int, default=1, show_default=True, help="The only source of chance.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Write SUITE.json into this folder, too.",
)
def bench(
    names: Sequence[str], as_json: bool, file: Path | None, ours: bool, seed: int, output: Path | None
) -> None:
    """Run suites; what they take and give is in ``TEXT``."""
    chosen = list(dict.fromkeys(names)) or list(SUITES)
    _check(chosen, file)
    console, notes = Console(), Console(stderr=True)
    if not console.is_terminal:
        console.width = 200  # do not wrap what another program reads line by line
    found = []
    for name in chosen:
        try:
            with notes.status(f"{name} …") as status:

                def say(words: str, name: str = name) -> None:
                    status.update(f"{name}: {words} …")

                rows = suite.run(name, Options(file, peers=not ours, seed=seed, say=say))
        except NoData as error:
            notes.print(f"{name} is skipped: {error}", markup=False, highlight=False)
            rows = []
        found.append(results.as_json(name, rows))
        if rows and not as_json:
            console.print(_table(name, rows))
        if rows and output is not None:
            path = results.write(results.of_this_run(name, rows), output)
            notes.print(f"Written to {path}", markup=False, highlight=False)
    if as_json:
        click.echo(json.dumps(found[0] if len(found) == 1 else found, indent=1, ensure_ascii=False))


def _check(names: Sequence[str], file: Path | None) -> None:
    for name in names:
        if name not in SUITES:
            raise InvalidInput(f"There is no suite {name!r}.", f"There are: {', '.join(SUITES)}.")
    if file is None:
        return
    if len(names) != 1 or names[0] not in OWN_DATA:
        raise InvalidInput(
            "--data goes with one suite that takes such a file.", f"One of: {', '.join(OWN_DATA)}."
        )
    if not file.is_file():
        raise InvalidInput(f"There is no file {file}.", "Check its name; --help says what it must hold.")


def _table(name: str, rows: Sequence[Row]) -> Table:
    """Ours in bold; numbers as they are read best."""
    table = Table(title=f"{name}: {SUITES[name]}", box=None, pad_edge=False, title_justify="left")
    for title, side in (("data", "left"), ("metric", "left"), ("method", "left"), ("value", "right")):
        table.add_column(title, justify=side)  # type: ignore[arg-type]
    table.add_column("seconds", justify="right")
    table.add_column("peak MB", justify="right")
    table.add_column("source")
    previous = ""
    for row in rows:
        here = f"{row.data}\n{row.metric}"
        if previous and here != previous:
            table.add_section()
        previous = here
        style = "bold" if row.ours else ""
        table.add_row(
            row.data,
            row.metric,
            row.name,
            _number(row.value),
            _number(row.seconds),
            _number(row.peak_mb),
            row.source,
            style=style,
        )
    return table


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.1f}" if abs(value) >= 20 else f"{value:.3f}"
