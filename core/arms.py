"""Few ways of weighing the strategies, and how often each is tried: Thompson sampling, bounded by policy.

An arm leans to one strategy, or weighs all alike. What is known of an arm's value is a beta distribution, and
an arm is tried as often as it is the best one under these distributions (W. R. Thompson, "On the Likelihood
that One Unknown Probability Exceeds Another", 1933), but altogether on no larger share of pages than the
tenant allows. All other pages use the learned weights: the arms' weights, averaged by the same probabilities.

The probabilities are computed on a grid and the arm is drawn from what was computed. So the chance of an arm
is known exactly; only how closely it follows the beta distributions depends on the grid (to about 0.002).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .evidence import Event

LEARNED = "learned"
"""Name of the weighing that is no arm: what was learned so far."""
EVENLY = ""
"""Name of the arm that weighs all strategies alike; the others are named after the strategy they lean to."""
LEAN = 0.6
"""How much an arm gives its strategy before the rest is shared by all: nobody is ever silenced."""
PRIOR = 20.0
"""Suggestions that what is believed beforehand counts for."""
ALWAYS = 0.1
"""Share of the exploration that all arms get alike, however little is thought of them."""
GRID = 400
STEPS = 20
"""The learned weights move in steps of so many, so that a page stays as it is while little is learned."""
SOME, LONG = 1, 10
"""Different activities in a history from which it is one with something, or much, to go by."""


@dataclass(frozen=True, slots=True)
class Arm:
    """A way of weighing.

    :param weights: strategy to weight; they sum to 1.
    :param chance: with which a page is made so.
    """

    name: str
    weights: Mapping[str, float]
    chance: float = 1.0


@dataclass(frozen=True, slots=True)
class Beliefs:
    """What is known of each arm over some strategies.

    :param arms: names, ``EVENLY`` first.
    :param shapes: the two shape parameters of each arm's beta distribution.
    """

    strategies: tuple[str, ...]
    arms: tuple[str, ...]
    shapes: tuple[tuple[float, float], ...]


def moment(history: Sequence[Event]) -> str:
    """Which of three moments a history stands for: the first guess, some, or long."""
    done = len({event.activity_id for event in history if event.activity_id})
    return "first" if done < SOME else "some" if done < LONG else "long"


Sums = Mapping[str, tuple[float, float, float]]
"""Name to [credit, weight, squared weight]."""


def believe(strategies: Sequence[str], here: Sums, anywhere: Sums, prefix: str) -> Beliefs:
    """Beta distributions of the arms.

    A strategy's mean credit is drawn towards its mean in all moments, and that towards the mean of all
    strategies: a new one starts in the middle, and to be heard more often is no drawback. This is what is
    believed of the arm that leans to it, as if seen in ``PRIOR`` suggestions; what was seen of the arm itself
    is added, by its self-normalised mean and its effective sample size (sum w)^2 / sum w^2 (L. Kish, "Survey
    Sampling", 1965).

    :param prefix: what stands before an arm's name in the sums.
    """
    nothing = (0.0, 0.0, 0.0)
    voices = [sums for name, sums in anywhere.items() if not name.startswith(prefix)]
    heard = sum(v[1] for v in voices)
    middle = min(1.0, max(0.0, sum(v[0] for v in voices) / heard)) if heard > 0 else 0.5
    before = {EVENLY: middle}
    for name in strategies:
        in_all = _mean(*anywhere.get(name, nothing)[:2], middle)
        before[name] = _mean(*here.get(name, nothing)[:2], in_all)
    shapes = []
    for name, prior in before.items():
        credit, weight, square = here.get(f"{prefix}{name}", nothing)
        seen = weight**2 / square if square > 0 else 0.0
        mean = min(1.0, max(0.0, credit / weight)) if weight > 0 else 0.0
        # Rounded, so that pages between two outcomes share one computation.
        shapes.append(
            (
                round(0.5 + PRIOR * prior + seen * mean, 3),
                round(0.5 + PRIOR * (1 - prior) + seen * (1 - mean), 3),
            )
        )
    return Beliefs(tuple(strategies), tuple(before), tuple(shapes))


def _mean(credit: float, weight: float, prior: float) -> float:
    return min(1.0, max(0.0, (credit + PRIOR * prior) / (weight + PRIOR)))


@lru_cache(maxsize=2048)
def best(shapes: tuple[tuple[float, float], ...]) -> tuple[float, ...]:
    """The probability of each beta distribution to give the largest value.

    ``P(a) = integral of f_a(x) prod_{b != a} F_b(x) dx`` on ``GRID`` steps over where the distributions lie.
    """
    a, b = np.array(shapes).T[:, :, None]
    mean = a / (a + b)
    spread = np.sqrt(mean * (1 - mean) / (a + b + 1))
    low, high = np.clip([(mean - 6 * spread).min(), (mean + 6 * spread).max()], 0.0, 1.0)
    from scipy.special import betainc  # a tenth of a start, and only what is learned needs it

    below = betainc(a, b, np.linspace(low, high, GRID + 1)[None, :])
    steps, level = np.diff(below, axis=1), (below[:, 1:] + below[:, :-1]) / 2
    others = np.array([np.prod(np.delete(level, n, axis=0), axis=0) for n in range(len(shapes))])
    found = (steps * others).sum(axis=1)
    return tuple((found / found.sum()).tolist())


def _weighed(strategies: Sequence[str], arm: str) -> dict[str, float]:
    lean = LEAN if arm != EVENLY else 0.0
    return {name: (1 - lean) / len(strategies) + lean * (name == arm) for name in strategies}


def learned(beliefs: Beliefs) -> Arm:
    """The arms' weights, averaged by the probability of each to be the best one, in ``STEPS``."""
    if not beliefs.strategies:
        return Arm(LEARNED, {})
    rounded = np.round(np.array(best(beliefs.shapes)) * max(STEPS, 2 * len(beliefs.arms)))
    shares = rounded / rounded.sum()
    weights = [_weighed(beliefs.strategies, arm) for arm in beliefs.arms]
    return Arm(
        LEARNED,
        {
            name: float(sum(p * w[name] for p, w in zip(shares, weights, strict=True)))
            for name in beliefs.strategies
        },
    )


def policy(beliefs: Beliefs, exploration: float) -> tuple[Arm, ...]:
    """The learned weights, and each arm with its chance; the chances sum to 1.

    Arms that no page is made by (``exploration`` 0) are there too: what was shown says something of them.

    :param exploration: the chances of all arms together, 0..1.
    """
    first = learned(beliefs)
    if len(beliefs.strategies) < 2:
        return (first,)
    count = len(beliefs.arms)
    tried = [(1 - ALWAYS) * p + ALWAYS / count for p in best(beliefs.shapes)]
    return (
        Arm(LEARNED, first.weights, 1 - exploration),
        *(
            Arm(name, _weighed(beliefs.strategies, name), exploration * share)
            for name, share in zip(beliefs.arms, tried, strict=True)
        ),
    )
