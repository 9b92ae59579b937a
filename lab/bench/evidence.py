"""Results of the benches as pictures and tables of docs/evidence.md.

    python -m stifinder.lab.bench.evidence benchmarks/results docs

draws ``docs/evidence/<suite>.svg``, and writes each suite's table between its two marks in
``docs/evidence.md``. What is said about the figures stays as it was written.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import altair
import vl_convert

from ...core.errors import InvalidInput
from . import results
from .suite import Row

OURS, OTHERS, PAPERS = "ships with Stifinder", "others, measured in the same run", "published"
INK, PAPER, LINE = "#16302f", "#fbfaf7", "#e4e1d8"
COLOURS = {OURS: "#0b5d5b", OTHERS: "#9cc7bf", PAPERS: "#d9b48f"}
PICTURED: dict[str, tuple[str, ...]] = {
    "next-skill": ("NDCG@10",),
    "cold-start": ("NDCG@10",),
    "new-content": ("hit@10",),
    "knowledge": ("AUC",),
    "spacing": ("log loss",),
    "paths": ("minutes to mastery",),
    "peers": ("total gain",),
    "dropout": ("AUC",),
    "fairness": ("equal-opportunity difference",),
    "evaluation": ("coverage of the 95 % interval",),
}
"""Suites that are drawn, and by which metrics; the others have their table only."""
AT_MOST = 6
"""Data sets that one picture shows."""


def kind(row: Row) -> str:
    """Which of three kinds of figure it is: they are never mixed without saying so."""
    if row.ours:
        return OURS
    return OTHERS if row.source == "measured here" else PAPERS


def picture(suite: str, rows: Iterable[Row]) -> str | None:
    """Bars of the suite's main metric, a panel for each data set, as SVG; None when nothing is to draw."""
    wanted = PICTURED.get(suite, ())
    shown = [row for row in rows if row.metric in wanted and row.value is not None]
    panels = list(dict.fromkeys(row.data for row in shown))[:AT_MOST]
    if not panels:
        return None
    chart: Any = altair.vconcat(
        *(_panel([row for row in shown if row.data == data], data) for data in panels), spacing=18
    )
    chart = chart.configure(background=PAPER, font="sans-serif").configure_view(stroke=None)
    return vl_convert.vegalite_to_svg(chart.to_json())


def _panel(rows: Sequence[Row], data: str) -> Any:
    values = [
        {"name": row.name, "value": row.value, "kind": kind(row), "label": _number(row.value)} for row in rows
    ]
    names = [row.name for row in rows]
    base = altair.Chart({"values": values}).encode(
        y=altair.Y(
            "name:N", sort=names, title=None, axis=altair.Axis(labelLimit=320, labelColor=INK, ticks=False)
        ),
        x=altair.X(
            "value:Q",
            title=rows[0].metric,
            scale=altair.Scale(zero=True),
            axis=altair.Axis(gridColor=LINE, labelColor=INK, titleColor=INK, tickCount=5),
        ),
    )
    bars = base.mark_bar(height=14).encode(
        color=altair.Color(
            "kind:N",
            scale=altair.Scale(domain=list(COLOURS), range=list(COLOURS.values())),
            legend=altair.Legend(title=None, orient="top", labelColor=INK, labelLimit=260),
        )
    )
    text = base.mark_text(align="left", dx=4, color=INK, fontSize=11).encode(text="label:N")
    return (bars + text).properties(
        width=380, height=20 * len(names), title=altair.Title(data, anchor="start", color=INK, fontSize=13)
    )


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table; ours in bold."""
    lines = [
        "| data | metric | method | value | seconds | peak MB | source |",
        "|---|---|---|--:|--:|--:|---|",
    ]
    for (data, metric), group in groupby(rows, key=lambda row: (row.data, row.metric)):
        for number, row in enumerate(group):
            name = f"**{row.name}**" if row.ours else row.name
            cells = [
                "" if number else data,
                "" if number else metric,
                name,
                _number(row.value),
                _number(row.seconds),
                _number(row.peak_mb),
                row.source,
            ]
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.1f}" if abs(value) >= 20 else f"{value:.3f}"


def filled(text: str, found: Iterable[results.Results]) -> str:
    """The document with the tables of these results between their marks.

    :raises InvalidInput: when a suite has no marks.
    """
    for result in found:
        start, end = f"<!-- {result.suite} -->", f"<!-- /{result.suite} -->"
        measured = f"Measured {result.at[:10]} on {result.machine}, commit {result.commit}."
        inside = f"{start}\n{measured}\n\n{table(result.rows)}\n{end}"
        text, number = re.subn(re.escape(start) + r".*?" + re.escape(end), lambda _: inside, text, flags=re.S)  # noqa: B023
        if number != 1:
            raise InvalidInput(
                f"evidence.md has {number} places for the suite {result.suite!r}",
                f"Write {start} and {end} on two lines where its table belongs.",
            )
    return text


def main(folder: Path, docs: Path) -> None:
    """Draw, and write the tables, of all results in ``folder``."""
    found = [results.read(path) for path in sorted(folder.glob("*.json"))]
    page = docs / "evidence.md"
    page.write_text(filled(page.read_text(encoding="utf-8"), found), encoding="utf-8")
    pictures = docs / "evidence"
    pictures.mkdir(exist_ok=True)
    for result in found:
        if (svg := picture(result.suite, result.rows)) is not None:
            (pictures / f"{result.suite}.svg").write_text(svg + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
