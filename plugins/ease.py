"""Item-item regression in closed form, solved from a Gram matrix and kept until too much has changed.

EASE (H. Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", The Web Conference 2019): with
``P = (G + lambda I)^-1`` the weights ``B = -P / diag(P)`` (columns), with a zero diagonal, minimise the
squared error of predicting each activity from all others.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import get_lapack_funcs

from .steps import SCALE, Steps

Floats = NDArray[np.float64] | NDArray[np.float32]

SMALL = 400
"""Up to this many activities every answer rests on a fresh solve (some milliseconds)."""
STALE = 0.02
"""Above it, the share of new events after which the weights are solved again, in the background."""

_publish = threading.Lock()
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class Solution:
    """Weights [from, to], and the state they were solved from."""

    weights: Floats
    regularisation: float
    changes: int
    generation: int


def weights(gram: Floats, regularisation: float) -> Floats:
    """Solve EASE.

    :param gram: (n, n), symmetric, in units of learners; column order (``order="F"``) spares a copy. It is
        overwritten.
    :param regularisation: lambda in the same units.
    :returns: (n, n), [from, to], the diagonal zero.
    :raises numpy.linalg.LinAlgError: when rounding left the matrix indefinite: lambda must be larger.
    """
    diagonal = np.diag_indices(len(gram))
    gram[diagonal] += regularisation
    factorise, invert = get_lapack_funcs(("potrf", "potri"), (gram,))
    factor, failed = factorise(gram, lower=True, clean=True, overwrite_a=True)
    if failed:
        raise np.linalg.LinAlgError(f"not positive definite with a regularisation of {regularisation:g}")
    lower, _ = invert(factor, lower=True, overwrite_c=True)  # the upper triangle is zero
    inverse: Floats = lower + lower.T
    inverse *= -2.0 / inverse[diagonal]  # the sum holds the diagonal twice
    inverse[diagonal] = 0.0
    return inverse


weights(np.eye(2, order="F"), 1.0)  # LAPACK's first call costs most; here no learner waits for it


def solve(state: Steps, regularisation: float) -> Solution:
    """Solve for the state as it is now; large ones in single precision, which is enough and twice as fast.

    The sums are rounded, so a lambda that is too small for them is raised tenfold until it is enough.
    """
    size = len(state.ids)
    changes, generation = state.changes, state.generation
    near = state.near[:size, :size]
    strength = regularisation
    while True:
        kind = np.float64 if size <= SMALL else np.float32
        gram: Floats = np.add(near, near.T, dtype=kind, order="F")
        gram *= 1.0 / SCALE
        try:
            return Solution(weights(gram, strength), regularisation, changes, generation)
        except np.linalg.LinAlgError:
            strength *= 10


def _keep(state: Steps, solution: Solution) -> bool:
    """Publish a solution, unless somebody was forgotten since it was begun."""
    with _publish:
        if state.generation != solution.generation:
            return False
        state.solution = solution
        return True


def prepare(state: Steps, regularisation: float) -> None:
    """Solve now and keep it; for benches, and for tests that must not depend on a background thread."""
    _keep(state, solve(state, regularisation))


def current(state: Steps, regularisation: float) -> Solution | None:
    """The weights to use now; None while a large state waits for its first solve.

    Never one that was solved with a learner who has been forgotten since.
    """
    kept: Solution | None = state.solution
    if kept and (kept.generation != state.generation or kept.regularisation != regularisation):
        kept = None
    small = len(state.ids) <= SMALL
    allowed = 0.0 if small else STALE * (kept.changes if kept else 0)
    if kept and state.changes - kept.changes <= allowed:
        return kept
    if small:
        fresh = solve(state, regularisation)
        return fresh if _keep(state, fresh) else None
    with _publish:
        if state.solving:
            return kept
        state.solving = True
    threading.Thread(target=_in_background, args=(state, regularisation), daemon=True).start()
    return kept


def _in_background(state: Steps, regularisation: float) -> None:
    """One solve at a time in the whole process: it keeps a core busy for a second."""
    try:
        with _one_at_a_time:
            prepare(state, regularisation)
    finally:
        state.solving = False
