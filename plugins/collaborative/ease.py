"""Item-item regression in closed form, from a Gram matrix.

EASE (H. Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", The Web Conference 2019): with
``P = (G + lambda I)^-1`` the weights ``B = -P / diag(P)`` (columns), with a zero diagonal, minimise the
squared error of predicting each activity from all others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import get_lapack_funcs

from ..paths import Integers
from .steps import SCALE

Floats = NDArray[np.float64] | NDArray[np.float32]

SMALL = 400
"""Up to this many activities double precision is used; above, single, which is enough and twice as fast."""


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


def solve(near: Integers, regularisation: float) -> Floats:
    """Weights from half a Gram matrix in whole numbers (``steps.Steps.near``).

    The sums are rounded, so a lambda that is too small for them is raised tenfold until it is enough.
    """
    kind = np.float64 if len(near) <= SMALL else np.float32
    while True:
        gram: Floats = np.add(near, near.T, dtype=kind, order="F")
        gram *= 1.0 / SCALE
        try:
            return weights(gram, regularisation)
        except np.linalg.LinAlgError:
            regularisation *= 10
