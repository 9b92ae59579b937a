"""How sure a curve of those who are still there is: Kaplan-Meier with Greenwood's variance, log-log interval.

E. L. Kaplan and P. Meier, "Nonparametric Estimation from Incomplete Observations", 1958; the interval, which
stays in 0..1, by J. D. Kalbfleisch and R. L. Prentice, "The Statistical Analysis of Failure Time Data", 1980.
Who came to the end is one who did not stop for as long as anybody was seen.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def likely(stopped: Sequence[tuple[int, int]], finished: int) -> tuple[tuple[float, float], ...]:
    """The 95 % interval of the share still there after each step.

    :param stopped: (minutes, how many stopped then), in order; more than one person in all.
    :param finished: how many came to the end.
    :returns: (low, high) in 0..1 for each step; (0, 1) where nobody is left, as nothing follows from that.
    """
    from scipy.stats import CensoredData, ecdf  # a moment to import, and only teachers' pages need it

    minutes = np.repeat([at for at, _ in stopped], [people for _, people in stopped])
    beyond = np.full(finished, minutes.max(initial=0) + 1)
    sample = CensoredData(uncensored=minutes, right=beyond)
    with np.errstate(divide="ignore", invalid="ignore"):
        curve = ecdf(sample).sf
        bounds = curve.confidence_interval(method="log-log")
    at = np.searchsorted(curve.quantiles, [each for each, _ in stopped])
    low = np.nan_to_num(bounds.low.probabilities[at], nan=0.0)
    high = np.nan_to_num(bounds.high.probabilities[at], nan=1.0)
    return tuple(zip(low.tolist(), high.tolist(), strict=True))
