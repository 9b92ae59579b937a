"""How likely each activity is the learner's next one: seven views of everybody's steps, in a logit model.

With ``a1, a2, ...`` what the learner did, latest first, and ``p(c | a)`` the share of ``flow`` from ``a``
that goes to ``c``, smoothed by how many people did ``c`` at all, the views of an activity ``c`` are:

0. ``log p(c | a1)``: what came next at once counts more;
1. ``log sum_k s_k p(c | a_k)``: the same from the latest ten, later ones count more;
2. ``sum_k s_k log p(c | a_k)``: as naive Bayes joins them, so that every one of the ten must agree;
3. the regression ``ease`` on all the learner did;
4. the same where what was done later counts more;
5. ``log p(c)``: how many people did it;
6. a first-order Markov chain, ``log p(c | a1)`` from ``onto`` alone.

A conditional logit model (D. McFadden, "Conditional Logit Analysis of Qualitative Choice Behavior", 1973)
over these says what a learner does next. Its seven weights are fitted to the tenant: each learner's latest
activity is taken out of the sums, and is what the weights must foretell. That reads the state and nothing
else, so what is true of the state holds for the weights: the order of events does not matter, and nobody who
was forgotten is in them. A ridge holds them near ``USUAL``, which speaks alone where few people are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from ..paths import LATEST, ROW, TIME, Integers, Path, outcome
from . import ease
from .steps import FLOW, SCALE, TAU, WEIGHTS, Steps

Floats = NDArray[np.floating]
Rows = NDArray[np.intp]

USUAL: Floats = np.array([0.1, 0.0, 0.6, 0.2, 0.5, -0.8, 0.3])
RECENT = 10
FADES = 0.9  # from one of the latest to the one before it, in the transitions
FADES_FAST = 0.8  # the same in the regression
SMOOTHING = 5.0  # learners
REGRESSION = 10.0  # brings the regression to the scale of the logarithms
FIT_FROM = 50  # learners with a latest activity to foretell
SAMPLE = 300
CHOICES = 100
RIDGE = 30.0


@dataclass(frozen=True, slots=True)
class Done:
    """What a learner did: rows, seconds and results (0..1, 0.5 when not known), latest first."""

    rows: Rows
    at: NDArray[np.int64]
    results: Floats


@dataclass(frozen=True, slots=True)
class Sums:
    """What is known of everybody: ``Steps.flow``, how many did each activity, the weights of ``ease``.

    :param onto: ``Steps.onto``.
    :param weights: None while they are being solved; the views that need them are 0.
    """

    flow: Integers
    onto: Integers
    seen: NDArray[np.int64]
    weights: ease.Floats | None


def sums(state: Steps, weights: ease.Floats | None) -> Sums:
    """A view of a state; nothing is copied but the counts."""
    seen = np.array(state.seen, dtype=np.int64)
    size = len(seen)
    return Sums(state.flow[:size, :size], state.onto[:size, :size], seen, weights)


def interest(done: Done) -> Floats:
    """How much each counts: halved when it went badly, decayed by time before the learner's latest one."""
    decay = np.exp((done.at - done.at[0]) / (3600.0 * TAU))
    weight: Floats = decay * (0.5 + 0.5 * done.results)
    return weight


def shares(number: int) -> Floats:
    """How much each of the latest counts in the transitions; they sum to 1."""
    weight: Floats = FADES ** np.arange(number)
    weight /= weight.sum()
    return weight


def views(known: Sums, done: Done, rows: Rows) -> Floats:
    """The seven views of each of ``rows``: (number of rows, 7)."""
    usual = (known.seen + 1.0) / (known.seen.sum() + len(known.seen))
    recent = done.rows[:RECENT]
    share = shares(len(recent))
    steps = known.flow[:, recent] / SCALE
    onward = (steps[rows] + SMOOTHING * usual[rows, None]) / (steps.sum(axis=0) + SMOOTHING)
    logs = np.log(onward)
    found = np.zeros((len(rows), len(USUAL)))
    found[:, 0] = logs[:, 0]
    found[:, 1] = np.log(onward @ share)
    found[:, 2] = logs @ share
    found[:, 5] = np.log(usual[rows])
    next_to = known.onto[:, recent[0]]
    found[:, 6] = np.log((next_to[rows] + SMOOTHING * usual[rows]) / (next_to.sum() + SMOOTHING))
    if known.weights is not None:
        size = len(known.weights)
        mine, theirs = done.rows < size, rows < size
        weight = interest(done)
        both = np.stack([weight, weight * FADES_FAST ** np.arange(len(weight))])[:, mine]
        found[theirs, 3:5] = REGRESSION * (both @ known.weights[done.rows[mine]]).T[rows[theirs]]
    return found


def earlier_than_latest(path: Path) -> Done:
    """What a learner did before their latest activity."""
    columns = path.columns[:, max(0, path.count - 1 - LATEST) : path.count - 1][:, ::-1]
    results = [outcome(*entry) for entry in columns[TIME + 2 :].T.tolist()]
    return Done(
        columns[ROW].astype(np.intp),
        columns[TIME].astype(np.int64),
        np.array([0.5 if result < 0 else result / 100 for result in results]),
    )


def sample(state: Steps) -> list[Path]:
    """Learners with two activities or more; the hash of their ids chooses, not the order they came in."""
    size = len(state.ids)
    held = [(crc32(name.encode()), name, path) for name, path in list(state.paths.items()) if path.count > 1]
    paths = [path for _, _, path in sorted(held, key=lambda one: one[:2])[:SAMPLE]]
    return [path for path in paths if int(path.columns[ROW].max()) < size]


def without_latest(state: Steps, paths: Sequence[Path], regularisation: float) -> Sums:
    """The sums as they would be without the latest activity of each of ``paths``."""
    size = len(state.ids)
    near, flow, onto = (m[:size, :size].copy() for m in (state.near, state.flow, state.onto))
    seen = np.array(state.seen[:size], dtype=np.int64)
    for path in paths:
        rows, times = path.columns[ROW], path.columns[TIME]
        row = int(rows[-1])
        first = max(0, len(rows) - LATEST)
        gap = times[-1] - times[first:-1]
        near[row][rows[first:-1]] -= WEIGHTS.take(gap // 3600, mode="clip")
        near[row, row] -= SCALE // 2
        before = rows[-2 : -len(FLOW) - 2 : -1]
        flow[row][before] -= FLOW[: len(before)]
        onto[row][before[:1]] -= 1
        seen[row] -= 1
    return Sums(flow, onto, seen, ease.solve(near, regularisation))


def fit(state: Steps, regularisation: float) -> Floats:
    """The weights of the views that best foretell everybody's latest activity; ``USUAL`` for few people."""
    paths = sample(state)
    if len(paths) < FIT_FROM:
        return USUAL
    known = without_latest(state, paths, regularisation)
    table = np.zeros((len(paths), CHOICES + 1, len(USUAL)))
    open_to = np.zeros(table.shape[:2], dtype=bool)
    everything = np.flatnonzero(np.array(state.seen[: len(known.seen)]) > 0)
    for n, path in enumerate(paths):
        done = earlier_than_latest(path)
        latest = path.columns[ROW, -1]
        others = np.setdiff1d(everything, path.columns[ROW], assume_unique=True)
        seen = views(known, done, np.concatenate([[latest], others]))
        best = 1 + np.argsort(-(seen[1:] @ USUAL), kind="stable")[:CHOICES]
        table[n, : len(best) + 1] = seen[[0, *best.tolist()]]
        open_to[n, : len(best) + 1] = True
    return fitted(table, open_to)


def fitted(table: Floats, open_to: NDArray[np.bool_]) -> Floats:
    """Fit the conditional logit model by penalised maximum likelihood.

    :param table: (people, choices, views); choice 0 is the one that was made.
    :param open_to: (people, choices): False pads the table.
    """

    def loss(mix: Floats) -> tuple[float, Floats]:
        score = np.where(open_to, table @ mix, -np.inf)
        whole = logsumexp(score, axis=1, keepdims=True)
        expected = np.einsum("pc,pcv->v", np.exp(score - whole), table)
        off = mix - USUAL
        value = float((whole[:, 0] - score[:, 0]).sum() + 0.5 * RIDGE * off @ off)
        return value, expected - table[:, 0].sum(axis=0) + RIDGE * off

    from scipy.optimize import minimize  # 0.1 s that no start need wait for

    found: Floats = minimize(loss, USUAL, jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    return found
