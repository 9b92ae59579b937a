"""Charts as SVG, drawn on the server with Vega-Altair and vl-convert, without script, style or network.

A chart stands in the page itself, twice: wide, and narrow for a phone; the style sheet shows one. Its colours
are those of the page, by the names of their CSS variables in the SVG's own attributes, so they follow the
reader's scheme, and no style attribute is needed that the Content-Security-Policy would have to allow. Its
text is the page's own font. What it shows must stand beside it as a table, too.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal

from markupsafe import Markup

from ..rendering import duration

WIDE, NARROW = 820, 290
"""Widths in px, with labels, of the two drawings."""
NO_BREAK = "\u00a0"
INKS: Mapping[str, str] = {
    "#000001": "var(--ink)",
    "#000002": "var(--muted)",
    "#000003": "var(--line)",
    "#000004": "var(--due)",
    "#000005": "var(--band)",
    "#000006": "var(--band-mark)",
}
"""What stands for a colour while drawing (no other part of a chart has these) to the page's variable."""
INK, MUTED, LINE, DUE, BAND, MARK = INKS
_NOT_KEPT = re.compile(
    r' (?:aria-[\w-]+|role|font-family|class|width|height|version|xmlns:xlink)="[^"]*"(?=[^<]*>)'
)


@dataclass(frozen=True, slots=True)
class Range:
    """One row of a chart of shares.

    :param value: None where only the bounds are known.
    :param beside: something to compare it with; None for nothing.
    """

    title: str
    value: float | None
    low: float
    high: float
    beside: float | None = None


def percent(value: float) -> str:
    """A share as it is written on an axis."""
    return f"{round(value * 100)}{NO_BREAK}%"


def staying(
    points: Sequence[tuple[int, float]],
    like: Sequence[tuple[int, float]],
    *,
    names: tuple[str, str],
    text: str,
    likely: Sequence[tuple[float, float]] = (),
) -> Markup:
    """Who is still there after how many minutes: one module, and modules like it.

    :param points, like: (minutes, share in 0..1), from 0 minutes on; ``like`` may be empty.
    :param names: what the two lines are called.
    :param text: what the chart shows, for those who do not see it.
    :param likely: the interval of each of ``points``, drawn as a band; none when empty.
    """
    # Some room behind the last step: it shows that the others stay, and the names of the lines stand there.
    last = math.ceil(1.2 * max(minutes for minutes, _ in (*points, *like)))
    ticks = {minutes: duration(minutes) for minutes, _ in _steepest(points)}
    lines = [[*line, (last, line[-1][1])] for line in (points, like) if line]
    band = [[at, low, high] for (at, _), (low, high) in zip(points, likely, strict=False)]
    band += [[last, *band[-1][1:]]] if band else []
    return _both("staying", text, lines=lines, names=names, ticks=ticks, band=band)


def _steepest(points: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """The point that ends the steepest step."""
    steps = [(before[1] - after[1], after) for before, after in pairwise(points)]
    return [max(steps)[1]] if steps else []


def ranges(rows: Sequence[Range], *, text: str) -> Markup:
    """Shares, one below the other, each as a band with a mark; what they compare with is a thin line.

    :param text: what the chart shows, for those who do not see it.
    """
    return _both("ranges", text, rows=[astuple(row) for row in rows])


def _both(kind: str, text: str, **content: Any) -> Markup:
    """The wide and the narrow drawing."""
    key = json.dumps(content, sort_keys=True)
    return Markup("").join(
        Markup('<svg class="chart chart-{}" role="img" aria-label="{}"{}').format(
            name,
            text,
            Markup(_drawn(kind, key, width)),  # noqa: S704  # nosec B704 # drawn here; its texts are escaped
        )
        for name, width in (("wide", WIDE), ("narrow", NARROW))
    )


@lru_cache(256)
def _drawn(kind: str, key: str, width: int) -> str:
    """An SVG without its first word, as it may stand in a page; the same content is drawn once."""
    import vl_convert

    chart = _KINDS[kind](width=width, **json.loads(key))
    drawn = str(vl_convert.vegalite_to_svg(chart.to_json()))
    for stand_in, ink in INKS.items():
        drawn = drawn.replace(f'"{stand_in}"', f'"{ink}"')
    return _NOT_KEPT.sub("", drawn).removeprefix("<svg")


def _staying(
    *,
    lines: list[list[list[float]]],
    names: list[str],
    ticks: dict[str, str],
    band: list[list[float]],
    width: int,
) -> Any:
    import altair as alt

    rows = [
        {"line": names[n], "minutes": minutes, "share": share}
        for n, line in enumerate(lines)
        for minutes, share in line
    ]
    base = alt.Chart({"values": rows})
    x = alt.X(
        "minutes:Q",
        scale=alt.Scale(nice=False, zero=True),
        axis=alt.Axis(
            values=[int(minutes) for minutes in ticks],
            labelExpr=f"({json.dumps(ticks)})[datum.value]",
            grid=False,
            ticks=False,
            domain=False,
            labelFlush=True,
            title=None,
        ),
    )
    y = alt.Y(
        "share:Q",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(
            values=[0, 0.5, 1],
            labelExpr=f"({json.dumps({str(v): percent(v) for v in (0, 0.5, 1)})})[datum.value]",
            domain=False,
            ticks=False,
            title=None,
        ),
    )
    colour = alt.Color("line:N", scale=alt.Scale(domain=names, range=[DUE, MARK]), legend=None)
    dash = alt.StrokeDash("line:N", scale=alt.Scale(domain=names, range=[[1, 0], [6, 5]]), legend=None)
    drawn = base.mark_line(strokeWidth=3, strokeJoin="round").encode(x=x, y=y, color=colour, strokeDash=dash)
    named = [
        alt.Chart({"values": [{"line": name, "minutes": line[-1][0], "share": line[-1][1]}]})
        .mark_text(align="right", baseline=side, dy=shift, fontSize=13, color=colour_of)
        .encode(x="minutes:Q", y="share:Q", text="line:N")
        for name, line, (side, shift), colour_of in zip(
            names, lines, _sides([line[-1][1] for line in lines]), (DUE, MUTED), strict=False
        )
    ]
    if not band:
        return _dressed(alt.layer(drawn, *named), width - 60, 120 if width > NARROW else 130)
    sure = (
        alt.Chart({"values": [{"minutes": at, "low": low, "high": high} for at, low, high in band]})
        .mark_area(color=LINE, opacity=0.8)
        .encode(x=x, y=alt.Y("low:Q", title=None), y2="high:Q")
    )
    return _dressed(alt.layer(sure, drawn, *named), width - 60, 120 if width > NARROW else 130)


def _sides(ends: list[float]) -> list[tuple[Literal["top", "bottom"], int]]:
    """Where the name of each line stands at its end: between the lines where there is room, else outside."""
    below: tuple[Literal["top", "bottom"], int] = ("top", 7)
    above: tuple[Literal["top", "bottom"], int] = ("bottom", -7)
    upper = [end >= max(ends) for end in ends]
    if len(ends) < 2 or max(ends) - min(ends) < 0.4:
        return [above if high or end < 0.15 else below for high, end in zip(upper, ends, strict=True)]
    return [below if high else above for high in upper]


def _ranges(*, rows: list[list[Any]], width: int) -> Any:
    import altair as alt

    wide = width > NARROW
    longest = min(max(8 * len(title) for title, *_ in rows) + 30, 300 if wide else 110)
    values = [
        {"row": n, "title": title, "value": value, "low": low, "high": high, "beside": beside}
        for n, (title, value, low, high, beside) in enumerate(rows)
    ]
    titles = {str(each["row"]): each["title"] for each in values}
    base = alt.Chart({"values": values})
    y = alt.Y(
        "row:O",
        scale=alt.Scale(padding=0.2),
        axis=alt.Axis(
            labelExpr=f"({json.dumps(titles)})[datum.value]",
            labelLimit=longest * 0.87,  # the page's font may be wider than the one drawn with
            minExtent=longest,
            maxExtent=longest,
            labelPadding=8,
            labelColor=INK,
            domain=False,
            ticks=False,
            title=None,
        ),
    )
    x = alt.X(
        "low:Q",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(
            values=[0, 0.5, 1],
            labelExpr=f"({json.dumps({str(v): percent(v) for v in (0, 0.5, 1)})})[datum.value]",
            domain=False,
            ticks=False,
            title=None,
        ),
    )
    likely = base.mark_bar(size=12, cornerRadius=6, color=BAND).encode(y=y, x=x, x2="high:Q")
    value = (
        base.transform_filter("datum.value !== null")
        .mark_tick(size=16, thickness=3, opacity=1, color=MARK)
        .encode(y=y, x="value:Q")
    )
    beside = (
        base.transform_filter("datum.beside !== null")
        .mark_tick(size=22, thickness=2, opacity=1, color=DUE)
        .encode(y=y, x="beside:Q")
    )
    return _dressed(alt.layer(likely, value, beside), width - longest - 30, 30 * len(values))


def _dressed(chart: Any, width: int, height: int) -> Any:
    """The look that all charts share."""
    return (
        chart.properties(width=width, height=height, background="transparent", padding=2)
        .configure_view(stroke=None)
        .configure_axis(gridColor=LINE, labelColor=MUTED, labelFontSize=13)
    )


_KINDS: Mapping[str, Callable[..., Any]] = {"staying": _staying, "ranges": _ranges}
