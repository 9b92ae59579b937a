"""Curves of the public data beside those of the simulated mind, in the same bins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from . import fit
from .mind import Mind
from .parameters import Answering, Forgetting, Leaving, Parameters
from .real import Answered, Reviewed, Stayed

Floats = NDArray[np.float64]
ANSWERS = 15
DAYS = (0.5, 1.5, 3.0, 7.0, 14.0, 30.0, 60.0, 200.0)
SHARES = 10
PEOPLE = 2000


@dataclass(frozen=True)
class Curve:
    """Real and simulated, point by point.

    :param name: short, also the picture's file name.
    :param labels: of the points, in order.
    :param numbers: how many real answers, people or reviews each point rests on.
    """

    name: str
    title: str
    x: str
    y: str
    labels: tuple[str, ...]
    real: tuple[float, ...]
    simulated: tuple[float, ...]
    numbers: tuple[int, ...]

    @property
    def mean_gap(self) -> float:
        """Mean distance, weighed by ``numbers``."""
        gaps = np.abs(np.array(self.real) - np.array(self.simulated))
        return float(np.average(gaps, weights=self.numbers))

    @property
    def widest(self) -> float:
        """The largest distance."""
        return float(np.abs(np.array(self.real) - np.array(self.simulated)).max())


def learning(data: Answered, known: Answering, ease: Floats) -> Curve:
    """Share right by the number of the answer on a skill; simulated from the answers before each."""
    foretold = fit.foretold_answers(data, known, ease)
    bins = [data.before == n for n in range(ANSWERS)]
    return _binned(
        ("learning", "Learning: share right by answer", "n-th answer on a skill", "share right"),
        [str(n + 1) for n in range(ANSWERS)], data.right, foretold, bins,
    )  # fmt: skip


def spread(data: Answered, known: Answering, ease: Floats, seed: int = 1) -> Curve:
    """How people differ: of their first answers on skills, the share right; simulated people are new ones."""
    right, counted = fit.firsts(data)
    simulated = fit.simulated_firsts(data, known, ease, np.random.default_rng(seed))
    real, other = (np.clip(fit.shares(data, r, counted), 0, 0.999) for r in (right, simulated))
    edges = np.linspace(0, 1, SHARES + 1)
    hists = [np.histogram(values, edges)[0] / len(values) for values in (real, other)]
    return Curve(
        "people", "How people differ: share of first answers right", "share right (%)", "share of people",
        tuple(f"{low * 100:.0f}–{high * 100:.0f}" for low, high in pairwise(edges)),
        tuple(hists[0].tolist()), tuple(hists[1].tolist()), (len(real),) * SHARES,
    )  # fmt: skip


def recall(data: Reviewed, how: Forgetting, cards: fit.Cards) -> Curve:
    """Recall by days since the last review; simulated from the reviews of the card before each."""
    told = fit.telling(data)
    gap = np.diff(data.day, axis=1, prepend=np.nan)[told]
    bins = [(gap >= low) & (gap < high) for low, high in pairwise(DAYS)]
    labels = [f"{low:g}–{high:g}" for low, high in pairwise(DAYS)]
    foretold = fit.foretold_reviews(data, how, cards)[told]
    words = (
        "recall",
        "Forgetting: recall by days since the last review",
        "days since the last review",
        "recalled",
    )
    return _binned(words, labels, data.recalled[told], foretold, bins)


def staying(data: Stayed, leaving: Leaving, seed: int = 1) -> Curve:
    """Share still handing in by week; simulated people answer as usual, each with their own luck."""
    chance = np.random.default_rng(seed)
    days = int(data.day.max()) + 1
    still = np.zeros(days)
    for _ in range(PEOPLE):
        mind = Mind([0.0], Parameters(leaving=leaving))
        for day in range(days):
            if chance.random() < mind.leaves(day):
                break
            still[day] += 1
            if chance.random() < 0.4:
                usual = mind.parameters.judged.usual_result
                for _question in range(4):
                    mind.experience(bool(chance.random() < usual), usual)
    weeks = data.day.astype(int) // 7
    found = []
    for week in sorted(set(weeks.tolist())):
        here = weeks == week
        real = float(np.average(data.share[here], weights=data.people[here]))
        simulated = float(np.average(still[data.day[here].astype(int)] / PEOPLE, weights=data.people[here]))
        found.append((str(week + 1), real, simulated, int(data.people[here].sum())))
    labels, reals, simulateds, numbers = zip(*found, strict=True)
    return Curve(
        "staying", "Giving up: who is still there", "week of the course", "share still handing in",
        labels, reals, simulateds, numbers,
    )  # fmt: skip


def _binned(
    words: tuple[str, str, str, str],
    labels: Sequence[str],
    real: Floats,
    simulated: Floats,
    bins: Sequence[NDArray[np.bool_]],
) -> Curve:
    kept = [(label, here) for label, here in zip(labels, bins, strict=True) if here.any()]
    return Curve(
        *words,
        tuple(label for label, _ in kept),
        tuple(float(real[here].mean()) for _, here in kept),
        tuple(float(simulated[here].mean()) for _, here in kept),
        tuple(int(here.sum()) for _, here in kept),
    )
