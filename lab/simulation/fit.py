"""Find the parameters of the simulated mind from public data, by maximum marginal likelihood.

What is hidden (how able a person is at a skill, how hard a card is) is integrated out by Gauss-Hermite
quadrature. That matters: who answers often, and which card is asked late, was decided by earlier answers,
so that raw shares by number or by days are curves of who is left, not of learning. The likelihood of the
whole sequence does not suffer from it, as the deciding answers are in it (D. B. Rubin, "Inference and
Missing Data", 1976).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize
from scipy.special import expit, log_expit, logsumexp

from .parameters import Answering, Forgetting, Leaving
from .real import SKILLS, Answered, Reviewed, Stayed

Floats = NDArray[np.float64]
NODES = 15
_points, _weights = np.polynomial.hermite_e.hermegauss(NODES)
LOG_WEIGHTS = np.log(_weights / _weights.sum())
APART = 0.5
"""Days from which a review tells of forgetting rather than of what is still in mind."""
FEWEST = 5
"""First answers from which a person's share of right ones is looked at."""


def answering(data: Answered, seed: int = 1) -> tuple[Answering, Floats]:
    """Fit ``Answering``; also gives the ease of each skill, in logits, by its number."""
    gain, spread, ease = _marginal(data, (0.3, 0.0), [(0.0, 5.0), (-4.0, 2.0)])
    asked = np.bincount(data.skill, minlength=SKILLS)
    usual = float(np.average(ease, weights=asked))
    skill_spread = float(np.sqrt(np.average((ease - usual) ** 2, weights=asked)))
    everyone = Answering(usual, skill_spread, 0.0, spread, gain)
    people = _people(data, everyone, ease, seed)
    return replace(everyone, people=people, pairs=float(np.sqrt(spread**2 - people**2))), ease


def eases(data: Answered, known: Answering) -> Floats:
    """The ease of each skill, all else being as fitted before."""
    gain, spread = known.gain, float(np.log(np.hypot(known.people, known.pairs)))
    return _marginal(data, (gain, spread), [(gain, gain), (spread, spread)])[2]


def _marginal(
    data: Answered, start: tuple[float, float], bounds: list[tuple[float, float]]
) -> tuple[float, float, Floats]:
    """Gain, spread (``start`` and ``bounds`` take its logarithm) and ease of each skill, the likeliest."""
    skill = data.skill[data.pair]
    practice = np.log1p(data.before)

    def loss(values: Floats) -> tuple[float, Floats]:
        gain, spread, ease = values[0], np.exp(values[1]), values[2:]
        logit = (ease[skill] + gain * practice)[:, None] + spread * _points
        by_pair = _by_pair(data, _logs(data.right, logit)) + LOG_WEIGHTS
        whole = logsumexp(by_pair, axis=1)
        surplus = (data.right[:, None] - expit(logit)) * np.exp(by_pair - whole[:, None])[data.pair]
        each = surplus.sum(axis=1)
        slopes = [each @ practice, (surplus @ _points).sum() * spread]
        # A skill with few answers stays near the others: a weak normal prior.
        away = ease - ease.mean()
        value = float(-whole.sum() + 0.5 * (away**2).sum())
        return value, -np.concatenate([slopes, np.bincount(skill, each, minlength=SKILLS) - away])

    found = minimize(
        loss,
        np.concatenate([start, np.full(SKILLS, 0.2)]),
        jac=True,
        method="L-BFGS-B",
        bounds=[*bounds, *[(None, None)] * SKILLS],
        options={"maxiter": 200},
    ).x
    return float(found[0]), float(np.exp(found[1])), found[2:]


def _logs(right: Floats, logit: Floats) -> Floats:
    """Log likelihood of each answer at each node; ``right`` has one axis less."""
    found: Floats = log_expit(np.where(right[..., None] > 0, logit, -logit))
    return found


def _by_pair(data: Answered, logs: Floats) -> Floats:
    """Sums over the answers of each pair, [pair, node]."""
    order = np.argsort(data.pair, kind="stable")
    starts = np.searchsorted(data.pair[order], np.arange(len(data.person)))
    sums: Floats = np.add.reduceat(logs[order], starts, axis=0)
    return sums


def firsts(data: Answered) -> tuple[Floats, NDArray[np.bool_]]:
    """First answers by pair, and which pairs belong to people with ``FEWEST`` of them."""
    first = data.before == 0
    right = np.zeros(len(data.person))
    right[data.pair[first]] = data.right[first]
    return right, np.bincount(data.person)[data.person] >= FEWEST


def shares(data: Answered, right: Floats, counted: NDArray[np.bool_]) -> Floats:
    """Share right by person, of the people that count."""
    size = int(data.person.max()) + 1
    sums = np.bincount(data.person[counted], right[counted], minlength=size)
    numbers = np.bincount(data.person[counted], minlength=size)
    return sums[numbers > 0] / numbers[numbers > 0]


def simulated_firsts(data: Answered, spread: Answering, ease: Floats, chance: np.random.Generator) -> Floats:
    """First answers of new people, as many and on the same skills."""
    people = chance.normal(size=int(data.person.max()) + 1) * spread.people
    logit = ease[data.skill] + people[data.person] + spread.pairs * chance.normal(size=len(data.person))
    found: Floats = (chance.random(len(logit)) < expit(logit)).astype(float)
    return found


def _people(data: Answered, whole: Answering, ease: Floats, seed: int) -> float:
    """How much of the spread belongs to people: so that their shares of right first answers spread alike."""
    right, counted = firsts(data)
    wanted = shares(data, right, counted).std()

    def surplus(people: float) -> float:
        spread = replace(whole, people=people, pairs=float(np.sqrt(whole.pairs**2 - people**2)))
        found = [
            shares(
                data, simulated_firsts(data, spread, ease, np.random.default_rng([seed, n])), counted
            ).std()
            for n in range(5)
        ]
        return float(np.mean(found) - wanted)

    return float(brentq(surplus, 0.0, 0.999 * whole.pairs, xtol=0.005))


def foretold_answers(data: Answered, spread: Answering, ease: Floats) -> Floats:
    """Chance that each answer is right, from the same person's earlier answers on the same skill alone."""
    whole = np.hypot(spread.people, spread.pairs)
    practice = np.log1p(data.before)
    logit = (ease[data.skill[data.pair]] + spread.gain * practice)[:, None] + whole * _points
    order = np.lexsort((data.before, data.pair))
    logs = _logs(data.right, logit)[order]
    earlier = np.cumsum(logs, axis=0) - logs
    starts = np.searchsorted(data.pair[order], np.arange(len(data.person)))
    found = np.empty(len(order))
    found[order] = _expected(logit[order], earlier - earlier[starts][data.pair[order]])
    return found


def _expected(logit: Floats, earlier: Floats) -> Floats:
    """Mean chance over the nodes, weighed by the log likelihood of what came before; nodes come last."""
    weights = earlier + LOG_WEIGHTS
    found: Floats = (np.exp(weights - logsumexp(weights, axis=-1, keepdims=True)) * expit(logit)).sum(axis=-1)
    return found


# --- forgetting ---


@dataclass(frozen=True, slots=True)
class Cards:
    """What belongs to flash cards alone.

    :param ease, spread: mean and standard deviation of the cards' logits without practice.
    :param gain: as in ``Answering``.
    :param failed: practice that a failed review counts for; one that was recalled counts 1.
    """

    ease: float
    spread: float
    gain: float
    failed: float


def left_of(data: Reviewed, how: Forgetting, cards: Cards) -> Floats:
    """Practice still left at each review, [card, review]."""
    day = np.nan_to_num(data.day)
    weight = np.where(np.nan_to_num(data.recalled) > 0, 1.0, cards.failed)
    decay, left = np.zeros_like(day), np.zeros_like(day)
    for n in range(day.shape[1]):
        for then in range(n):
            gap = np.maximum(day[:, n] - day[:, then], 0.0)  # what is padded lies before
            left[:, n] += weight[:, then] * (1 + gap) ** -decay[:, then]
        decay[:, n] = np.minimum(how.fastest, how.slow + how.massed * left[:, n])
    return left


def telling(data: Reviewed) -> NDArray[np.bool_]:
    """Which reviews tell of forgetting, [card, review]."""
    gap = np.diff(data.day, axis=1, prepend=np.nan)
    return np.nan_to_num(gap) >= APART


def _card_logs(data: Reviewed, how: Forgetting, cards: Cards) -> tuple[Floats, Floats]:
    """Logits at each node and log likelihood of what was recalled, both [card, review, node]."""
    practice = np.log1p(left_of(data, how, cards))
    logit = (cards.ease + cards.gain * practice)[:, :, None] + cards.spread * _points
    logs = _logs(np.nan_to_num(data.recalled), logit)
    return logit, np.where(telling(data)[:, :, None], logs, 0.0)


def foretold_reviews(data: Reviewed, how: Forgetting, cards: Cards) -> Floats:
    """Chance that each review is recalled, from the card's earlier ones alone, [card, review]."""
    logit, logs = _card_logs(data, how, cards)
    return _expected(logit, np.cumsum(logs, axis=1) - logs)


def forgetting(data: Reviewed) -> tuple[Forgetting, Cards]:
    """Fit ``Forgetting`` and what belongs to flash cards alone."""

    def unpack(values: Floats) -> tuple[Forgetting, Cards]:
        slow, massed, spread, gain, failed = map(float, np.exp(values[[0, 1, 3, 4, 5]]))
        return Forgetting(slow, massed), Cards(float(values[2]), spread, gain, failed)

    def loss(values: Floats) -> float:
        _, logs = _card_logs(data, *unpack(values))
        return float(-logsumexp(logs.sum(axis=1) + LOG_WEIGHTS, axis=1).sum() / telling(data).sum())

    start = np.array([-1.5, -2.5, -3.0, 0.3, 1.2, -2.0])
    bounds = [(-6, 1), (-8, 1), (-8, 6), (-3, 1.5), (-3, 2), (-5, 0)]
    found = minimize(loss, start, method="L-BFGS-B", bounds=bounds, options={"maxiter": 40})
    return unpack(found.x)


# --- leaving ---


def leaving(data: Stayed) -> Leaving:
    """Fit ``Leaving``: the curve by weighted least squares, the slope by results by logistic regression."""

    def loss(values: Floats) -> float:
        curve = np.exp(-((data.day / np.exp(values[0])) ** np.exp(values[1])))
        return float((data.people * (curve - data.share) ** 2).sum())

    scale, shape = np.exp(minimize(loss, np.array([6.0, 0.0]), method="Nelder-Mead").x)

    def against(values: Floats) -> float:
        logit = values[0] - values[1] * data.results
        return float(-_logs(data.left, logit[:, None]).sum())

    slope = minimize(against, np.array([-1.0, 1.0])).x[1]
    return Leaving(float(scale), float(shape), float(slope))
