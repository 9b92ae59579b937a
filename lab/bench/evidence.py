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
LINES = ["#0b5d5b", "#b05119", "#3d6fa5", "#8a6d1d", "#7a4e8a", "#5c6a68", "#2f8f5b", "#a33d5e"]
PICTURED: dict[str, tuple[str, ...]] = {
    "next-skill": ("NDCG@10",),
    "cold-start": ("NDCG@10",),
    "new-content": ("NDCG@10",),
    "knowledge": ("AUC",),
    "spacing": ("log loss",),
    "paths": ("time to mastery (min, mean)",),
    "peers": ("true gain a person",),
    "dropout": ("AUC",),
    "fairness": ("equal-opportunity difference",),
    "evaluation": ("coverage of the 95 % interval",),
}
"""Suites that are drawn, and by which metrics; the others have their table only."""
AT_MOST = 6
"""Data sets that one picture shows as bars."""
PART = re.compile(r"(?P<data>.+), (?:answers (?P<at>\d.*)|(?P<seen>.*) seen|first (?P<first>\d+) reviews)\Z")
"""Data that is a point of a curve."""


def kind(row: Row) -> str:
    """Which of three kinds of figure it is: they are never mixed without saying so."""
    if row.ours:
        return OURS
    return OTHERS if row.source == "measured here" else PAPERS


def picture(suite: str, rows: Iterable[Row]) -> str | None:
    """Bars of the suite's main metric, a panel for each data set, as SVG; None when nothing is to draw."""
    wanted = PICTURED.get(suite, ())
    shown = [row for row in rows if row.metric in wanted and row.value is not None]
    if not shown:
        return None
    curves: dict[str, list[tuple[str, Row]]] = {}
    for row in shown:
        if part := PART.match(row.data):
            at = next(words for words in part.groups()[1:] if words)
            curves.setdefault(part["data"], []).append((at, row))
    panels = list(dict.fromkeys(row.data for row in shown if not PART.match(row.data)))[:AT_MOST]
    chart: Any = altair.vconcat(
        *(_panel([row for row in shown if row.data == data], data, data == panels[0]) for data in panels),
        *(_curve(points, data) for data, points in curves.items()),
        spacing=18,
    ).resolve_scale(color="independent")
    chart = chart.configure(background=PAPER, font="sans-serif").configure_view(stroke=None)
    return vl_convert.vegalite_to_svg(chart.to_json())


def _panel(rows: Sequence[Row], data: str, first: bool) -> Any:
    """A bar for each method; the first panel says what the colours mean."""
    legend = altair.Legend(title=None, orient="top", labelColor=INK, labelLimit=260) if first else None
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
            legend=legend,
        )
    )
    text = base.mark_text(align="left", dx=4, color=INK, fontSize=11).encode(text="label:N")
    return (bars + text).properties(
        width=380, height=20 * len(names), title=altair.Title(data, anchor="start", color=INK, fontSize=13)
    )


def _curve(points: Sequence[tuple[str, Row]], data: str) -> Any:
    """A line for each method; ours is the thick one."""
    places = list(dict.fromkeys(at for at, _ in points))
    values = [
        {"at": at, "name": row.name, "value": row.value, "width": 3.5 if row.ours else 1.5}
        for at, row in points
    ]
    names = list(dict.fromkeys(row.name for _, row in points))
    return (
        altair.Chart({"values": values})
        .mark_line(point=True)
        .encode(
            x=altair.X("at:O", sort=places, title=None, axis=altair.Axis(labelAngle=0, labelColor=INK)),
            y=altair.Y(
                "value:Q",
                title=points[0][1].metric,
                scale=altair.Scale(zero=False),
                axis=altair.Axis(gridColor=LINE, labelColor=INK, titleColor=INK),
            ),
            color=altair.Color(
                "name:N",
                sort=names,
                scale=altair.Scale(range=LINES),
                legend=altair.Legend(title=None, labelColor=INK, labelLimit=260),
            ),
            strokeWidth=altair.StrokeWidth("width:Q", scale=None, legend=None),
        )
        .properties(width=380, height=200, title=altair.Title(data, anchor="start", color=INK, fontSize=13))
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
