"""Fit the simulated mind to the public data, and draw how well it fits: real curves beside simulated ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import altair
import vl_convert

from . import curves, fit, real
from .curves import Curve
from .parameters import Answering, Forgetting, Leaving

STEPS = ("answers", "reviews", "giving up")
CARDS = fit.Cards(ease=-4.121, spread=1.543, gain=5.389, failed=0.0067)
"""What was found for flash cards, beside ``Forgetting``; simulated people have no use for it."""
COLOURS = ("#1b4f72", "#d35400")


@dataclass(frozen=True)
class Fitted:
    """What ``Parameters`` should hold, what belongs to flash cards alone, and the curves."""

    answering: Answering
    forgetting: Forgetting
    cards: fit.Cards
    leaving: Leaving
    curves: tuple[Curve, ...]

    def summary(self) -> dict[str, dict[str, float]]:
        """The numbers, by part; ``distance`` is how far curves lie apart, as shares."""
        found = {
            "answering": asdict(self.answering),
            "forgetting": asdict(self.forgetting),
            "cards": asdict(self.cards),
            "leaving": asdict(self.leaving),
        }
        gaps = {
            f"{c.name} {what}": gap
            for c in self.curves
            for what, gap in (("mean", c.mean_gap), ("widest", c.widest))
        }
        return {**found, "distance": gaps}


def fitted(said: Callable[[str], None] = lambda _: None) -> Fitted:
    """Fit everything; answers are fitted to the training file and drawn from the test file.

    :param said: told each of ``STEPS`` when it is done.
    :raises NoData: when the public data is not there.
    """
    test, reviewed, stayed = real.answered("test"), real.reviewed(), real.stayed()
    answering, ease = fit.answering(real.answered("train"))
    said(STEPS[0])
    forgetting, cards = fit.forgetting(reviewed)
    said(STEPS[1])
    leaving = fit.leaving(stayed)
    said(STEPS[2])
    drawn = (
        curves.learning(test, answering, ease),
        curves.spread(test, answering, ease),
        curves.recall(reviewed, forgetting, cards),
        curves.staying(stayed, leaving),
    )
    return Fitted(answering, forgetting, cards, leaving, drawn)


def draw(found: Fitted, folder: Path) -> list[Path]:
    """Write one SVG a curve into a folder; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for curve in found.curves:
        file = folder / f"{curve.name}.svg"
        file.write_text(vl_convert.vegalite_to_svg(chart(curve).to_dict()) + "\n", encoding="utf-8")
        files.append(file)
    return files


def chart(curve: Curve) -> altair.Chart:
    """Both curves over the same points."""
    rows = [
        {"x": label, "y": value, "which": which, "n": place}
        for which, values in (("real", curve.real), ("simulated", curve.simulated))
        for place, (label, value) in enumerate(zip(curve.labels, values, strict=True))
    ]
    which = altair.Scale(domain=["real", "simulated"], range=list(COLOURS))
    made: altair.Chart = (
        altair.Chart(
            altair.InlineData(values=rows), title=curve.title, width=420, height=240, background="white"
        )
        .mark_line(point=altair.OverlayMarkDef(size=60))
        .encode(
            x=altair.X("x:N", sort=list(curve.labels), title=curve.x, axis=altair.Axis(labelAngle=0)),
            y=altair.Y(
                "y:Q",
                title=curve.y,
                scale=altair.Scale(zero=curve.name == "people"),
                axis=altair.Axis(format="%"),
            ),
            color=altair.Color("which:N", scale=which, title=None),
            strokeDash=altair.StrokeDash(
                "which:N",
                title=None,
                scale=altair.Scale(domain=["real", "simulated"], range=[[1, 0], [5, 3]]),
            ),
            shape=altair.Shape("which:N", title=None, scale=altair.Scale(domain=["real", "simulated"])),
        )
        .configure_axis(labelFontSize=12, titleFontSize=12)
        .configure_legend(labelFontSize=12)
    )
    return made
