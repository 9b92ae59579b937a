"""From counts by context to the probability of a right answer: a logistic mix of a few views.

Each view is how far a context's share of right answers lies from that of the plainer context behind it, on
the logit scale. Its counts are drawn to the plainer one's share as if ``DRAWN`` more answers were there
(``PLAIN`` for a skill's own share), so a context that was seen twice says little. The mix's weights start at
``USUAL`` and are fitted on the tenant's own answers where there are enough, each learner's answers foretold
from the counts without that learner.
"""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from .answer_log import Rows
from .contexts import NUMBER, SHIFT, Keys, Tables, replay, skill_key

Floats = NDArray[np.float64]
GROUP = 5
PLAIN, DRAWN, PAIR = 10.0, 6.0, 10.0
PRIOR, PRIOR_ANSWERS = 0.65, 20.0
FADES = 0.07
WINDOW = 64
FADING = FADES * (1 - FADES) ** np.arange(WINDOW - 1, -1, -1.0)
USUAL = np.array([0.0, 0.9, 0.67, 0.4, 0.3, 0.42, 0.08, 0.07, 1.4, 1.8, 0.0])
"""Bias, then the views as in ``views``: fitted on the training answers of both public data sets together."""
FIT_FROM = 2000
"""Answers from which a tenant's own weights are fitted."""
FIT_ON = 30_000
"""Answers the fit looks at, at most; whole learners, spread evenly."""
TRUST = 20.0
"""How strongly the fit is drawn to ``USUAL``: the precision of a normal prior."""
STALE = 0.2
"""The share of new answers after which the weights are fitted again, in the background."""
_publish = threading.Lock()
_one_at_a_time = threading.Lock()
Count = Callable[[int], int]


class Surplus(NamedTuple):
    """How a learner did beyond what everybody gets: lately, on all skills, and on this skill."""

    lately: float
    ever: float
    here: float


@dataclass(frozen=True, slots=True)
class Solution:
    """Fitted weights, and the state they were fitted on."""

    weights: Floats
    answers: int
    generation: int


def logit(share: float) -> float:
    """Logarithm of the odds of a share in (0, 1)."""
    return math.log(share / (1 - share))


def usual_share(total: int) -> float:
    """The share of right answers over everything, drawn to ``PRIOR``."""
    return ((total >> SHIFT) + PRIOR_ANSWERS * PRIOR) / ((total & NUMBER) + PRIOR_ANSWERS)


def _drawn(packed: int, share: float, strength: float) -> float:
    return ((packed >> SHIFT) + strength * share) / ((packed & NUMBER) + strength)


def mean(tables: Tables, skill: int) -> float:
    """What everybody gets on a skill; the usual share below ``GROUP`` people."""
    usual = usual_share(tables.total)
    if tables.people.get(skill, 0) < GROUP:
        return usual
    return _drawn(tables.counts.get(skill_key(skill), 0), usual, PLAIN)


def views(count: Count, usual: float, known: bool, found: Keys, surplus: Surplus) -> list[float]:
    """The numbers that are mixed, a leading one first.

    :param count: packed count of a key.
    :param known: whether enough people answered on this skill to look at its contexts.
    """
    if not known:
        return [1.0, logit(usual), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, *surplus]
    plain = _drawn(count(found.skill), usual, PLAIN)
    after = _drawn(count(found.after), plain, DRAWN)
    two = _drawn(count(found.two), plain, DRAWN)
    ground, chained, answered = logit(plain), logit(after), logit(two)
    pairs = 0.0
    for key in found.pairs:
        if packed := count(key):
            pairs += logit(_drawn(packed, plain, PAIR)) - ground
    return [
        1.0,
        ground,
        chained - ground,
        logit(_drawn(count(found.after_two), after, DRAWN)) - chained,
        logit(_drawn(count(found.after_own), after, DRAWN)) - chained,
        logit(_drawn(count(found.five), two, DRAWN)) - answered,
        logit(_drawn(count(found.rate), plain, DRAWN)) - ground,
        pairs,
        *surplus,
    ]


def surpluses(rows: Rows, means: Floats) -> tuple[Floats, float, float]:
    """Each answer beyond what everybody gets on its skill; then ``lately`` and ``ever`` of ``Surplus``.

    :param means: by the skill's number.
    """
    beyond = (rows & 1) - means[rows >> 2]
    last = beyond[-WINDOW:]
    lately = float(last @ FADING[WINDOW - len(last) :])
    return beyond, lately, float(beyond.sum()) / (len(beyond) + 6)


def here(beyond: Floats, mine: NDArray[np.bool_]) -> float:
    """``Surplus.here``: the mean over a learner's answers on one skill, drawn to 0."""
    chosen = beyond[mine]
    return float(chosen.sum()) / (len(chosen) + 4)


def probabilities(weights: Floats, seen: Floats) -> Floats:
    """The mix of the views of each answer [answer, view], in (0, 1)."""
    found: Floats = expit((seen @ weights).clip(-12.0, 12.0))
    return found


def rows_to_fit(tables: Tables) -> tuple[Floats, Floats]:
    """Views [answer, view] and results of whole learners, each foretold without the learner's own counts."""
    names = sorted(tables.learners)
    step = max(1, math.ceil(tables.answers / FIT_ON))
    means = np.array([mean(tables, skill) for skill in tables.codes])
    seen: list[list[float]] = []
    results: list[int] = []
    for name in names[::step]:
        rows = tables.rows(name)
        steps = list(replay(rows, tables.codes))
        own: Counter[int] = Counter()
        for _, right, _, found in steps:
            packed = right << SHIFT | 1
            *single, pairs = found
            for key in (*single, *pairs):
                own[key] += packed
        mine = sum(right << SHIFT | 1 for _, right, _, _ in steps)
        usual = usual_share(tables.total - mine)

        def others(key: int, own: Counter[int] = own) -> int:
            return tables.counts.get(key, 0) - own[key]

        beyond = (rows & 1) - means[rows >> 2]
        sums: dict[int, tuple[float, int]] = {}
        lately, ever = 0.0, 0.0
        for place, right, _, found in steps:
            number = int(rows[place]) >> 2
            total, times = sums.get(number, (0.0, 0))
            known = tables.people.get(tables.codes[number], 0) > GROUP
            surplus = Surplus(lately, ever / (place + 6), total / (times + 4))
            seen.append(views(others, usual, known, found, surplus))
            results.append(right)
            lately += FADES * (beyond[place] - lately)
            ever += beyond[place]
            sums[number] = (total + beyond[place], times + 1)
    return np.array(seen), np.array(results, dtype=np.float64)


def fit(seen: Floats, results: Floats, trust: float = TRUST) -> Floats:
    """Weights of a logistic regression with a normal prior around ``USUAL``."""

    def loss(weights: Floats) -> tuple[float, Floats]:
        logits = seen @ weights
        off = weights - USUAL
        value = float(np.logaddexp(0, logits).sum() - results @ logits + trust / 2 * off @ off)
        slope = seen.T @ (expit(logits) - results) + trust * off
        return value / len(seen), slope / len(seen)

    from scipy.optimize import minimize  # 0.1 s that no start need wait for

    found: Floats = minimize(
        loss, USUAL, jac=True, method="L-BFGS-B", options={"ftol": 1e-13, "gtol": 1e-8}
    ).x
    return found


def prepare(tables: Tables) -> None:
    """Fit the weights now, where there is enough to fit them on."""
    generation, answers = tables.generation, tables.answers
    if answers < FIT_FROM:
        return
    solution = Solution(fit(*rows_to_fit(tables)), answers, generation)
    with _publish:
        if tables.generation == generation:  # nobody was forgotten meanwhile
            tables.solution = solution


def weights(tables: Tables) -> Floats:
    """The weights to use now: the usual ones until the tenant's own are there; begin a fit when due."""
    kept = tables.solution
    if not isinstance(kept, Solution) or kept.generation != tables.generation:
        kept = None
    if tables.answers >= FIT_FROM and (kept is None or tables.answers - kept.answers > STALE * kept.answers):
        _begin(tables)
    return kept.weights if kept else USUAL


def _begin(tables: Tables) -> None:
    with _publish:
        if tables.solving:
            return
        tables.solving = True
    threading.Thread(target=_in_background, args=(tables,), daemon=True).start()


def _in_background(tables: Tables) -> None:
    try:
        with _one_at_a_time:
            prepare(tables)
    finally:
        tables.solving = False
