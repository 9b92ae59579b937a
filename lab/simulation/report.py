"""Strategies compared: mastery, time, retention, drop-out, and gaps between groups, each with an interval.

Intervals are percentiles of a bootstrap over people (B. Efron, "Bootstrap Methods: Another Look at the
Jackknife", 1979), within each run. All strategies meet the same people with the same luck, so a difference
is taken person by person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .parameters import USUAL, Parameters
from .strategies import Available
from .trial import Result, Trial
from .world import course, fresh, people

Floats = NDArray[np.float64]
RESAMPLES = 1000
EARLIER = "earlier"
"""Name of those who learn before the others, in the course's order, to teach the models."""

FIGURES = {
    "mastery": "mean chance of a right answer at the end, over the skills that count for the person",
    "gain": "mastery at the end, less mastery at the start",
    "retained": "the same gain 90 days later, without anything done meanwhile",
    "known": "share of those skills known at the end (chance of a right answer from 0.8)",
    "minutes": "time spent learning, minutes a person",
    "gain_per_hour": "what everybody gained together, by the hours everybody spent",
    "left": "share of people who gave up",
}
GROUPS = {
    "time": ("little time", "more time"),
    "start": ("new to it", "experienced"),
    "claim": ("only claimed", "true claim"),
}
"""Ways in which simulated people differ; a gap is the gain of the second less that of the first."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval; all three are NaN where there is nobody to take it of."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Compared:
    """One strategy.

    :param figures: by ``FIGURES``.
    :param differences: the same, less those of the first strategy; empty for that one.
    :param gaps: by ``GROUPS``: how much more the second group of people gained.
    :param gap_differences: the same, less those of the first strategy.
    :param failures: plugin to its last failure, in words.
    """

    name: str
    figures: Mapping[str, Estimate]
    differences: Mapping[str, Estimate]
    gaps: Mapping[str, Estimate]
    gap_differences: Mapping[str, Estimate]
    failures: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is simulated.

    :param strategies: names (``Available.plugins``); the first is what others are compared with.
    :param runs: how many courses, each with people of its own; seeds follow each other.
    :param earlier: people who went before, by run.
    """

    strategies: tuple[str, ...]
    learners: int = 200
    days: int = 30
    seed: int = 1
    runs: int = 1
    earlier: int = 60

    @property
    def steps(self) -> int:
        """How often ``said`` is called."""
        return len(self.strategies) * self.runs * self.days


def compare(
    plan: Plan,
    available: Available,
    parameters: Parameters = USUAL,
    said: Callable[[str], None] = lambda _: None,
) -> list[Compared]:
    """Run every strategy of a plan; the same plan gives the same figures.

    :param said: told the strategy's name after each simulated day.
    :raises NotFound: for a strategy that there is not.
    """
    sets = {name: available.plugins(name) for name in plan.strategies}  # before anything takes long
    results: dict[str, list[list[Result]]] = {name: [] for name in plan.strategies}
    failures: dict[str, dict[str, str]] = {name: {} for name in plan.strategies}
    for run in range(plan.runs):
        seed = plan.seed + run
        of = course(seed, parameters)
        went = people(plan.earlier, plan.days, seed, parameters, of, EARLIER)
        lesson = Trial(of, available.plugins("fixed-order"), seed)
        lesson.run(went, plan.days)
        everybody = people(plan.learners, plan.days, seed, parameters, of, "learner")
        for name in plan.strategies:
            plugins = sets[name] if run == 0 else available.plugins(name)
            trial = Trial(of, plugins, seed, after_days=plan.days)
            trial.learn(lesson.events())
            results[name].append(trial.run(fresh(everybody), plan.days, said=lambda _, n=name: said(n)))  # type: ignore[misc]
            failures[name] |= {
                plugin: health.last
                for plugin, health in plugins.isolation.health.items()
                if health.failures.total()
            }
    return _compared(plan, results, failures)


def _compared(
    plan: Plan, results: Mapping[str, list[list[Result]]], failures: Mapping[str, Mapping[str, str]]
) -> list[Compared]:
    weights = _weights([len(run) for run in results[plan.strategies[0]]], plan.seed)
    drawn = {name: _figures([r for run in found for r in run], weights) for name, found in results.items()}
    gaps = {name: _gaps([r for run in found for r in run], weights) for name, found in results.items()}
    first = plan.strategies[0]
    return [
        Compared(
            name,
            {what: _estimate(values) for what, values in drawn[name].items()},
            {what: _estimate(v - drawn[first][what]) for what, v in drawn[name].items() if name != first},
            {what: _estimate(values) for what, values in gaps[name].items()},
            {what: _estimate(v - gaps[first][what]) for what, v in gaps[name].items() if name != first},
            failures[name],
        )
        for name in plan.strategies
    ]


def _weights(sizes: Sequence[int], seed: int) -> Floats:
    """How often each person is drawn, [resample, person]; the first row is everybody once."""
    chance = np.random.default_rng([seed, 3])
    parts = []
    for size in sizes:
        drawn = chance.multinomial(size, np.full(size, 1 / size), size=RESAMPLES).astype(float)
        parts.append(np.vstack([np.ones((1, size)), drawn]))
    return np.hstack(parts)


def _figures(results: Sequence[Result], weights: Floats) -> dict[str, Floats]:
    """Each figure in each resample."""
    before, after = _column(results, lambda r: r.before), _column(results, lambda r: r.after)
    minutes = _column(results, lambda r: r.minutes)
    columns = {
        "mastery": after,
        "gain": after - before,
        "retained": _column(results, lambda r: r.retained) - before,
        "known": _column(results, lambda r: r.known),
        "minutes": minutes,
        "left": _column(results, lambda r: float(r.left)),
    }
    size = weights.sum(axis=1)
    found = {name: weights @ values / size for name, values in columns.items()}
    found["gain_per_hour"] = (weights @ (after - before)) / np.maximum(weights @ minutes / 60, 1e-9)
    return {name: found[name] for name in FIGURES}


def _gaps(results: Sequence[Result], weights: Floats) -> dict[str, Floats]:
    gain = _column(results, lambda r: r.after - r.before)
    found = {}
    for what, (one, other) in GROUPS.items():
        means = []
        for group in (one, other):
            mine = weights * np.array([float(getattr(r.kind, what) == group) for r in results])
            size = mine.sum(axis=1)
            means.append(np.where(size > 0, mine @ gain / np.maximum(size, 1), np.nan))
        found[what] = means[1] - means[0]
    return found


def _column(results: Sequence[Result], of: Callable[[Result], float]) -> Floats:
    return np.array([of(r) for r in results])


def _estimate(drawn: Floats) -> Estimate:
    """The value, which comes first, and the percentiles of the rest."""
    if np.isnan(drawn[0]):
        return Estimate(float("nan"), float("nan"), float("nan"))
    low, high = np.nanpercentile(drawn[1:], [2.5, 97.5])
    return Estimate(float(drawn[0]), float(low), float(high))
