"""What another policy would have brought, from the record of the one that was followed.

Three estimators of the mean reward, from rewards, the chance with which each suggestion was shown, and the
chance the other policy would have given it (``w`` = theirs / ours):

- inverse propensity (IPS): the mean of ``w r`` (D. G. Horvitz and D. J. Thompson, 1952);
- self-normalised (SNIPS): ``sum w r / sum w`` (A. Swaminathan and T. Joachims, NeurIPS 2015);
- doubly robust (DR): the mean of ``q_other + w (r - q_shown)``, where ``q`` is a guess at rewards (M. Dudik,
  J. Langford and L. Li, ICML 2011). A bad guess costs precision, not truth.

The intervals rest on the central limit theorem, over people and not over suggestions, because what one
person does hangs together. Importance weights have long tails, so the variance itself is known badly:
Student's t gets the degrees of freedom that fit its fourth moment (F. E. Satterthwaite, 1946), and not the
number of people. IPS is skewed as well, its parts being never below 0: there P. Hall's monotone
transformation takes the skewness out ("On the Removal of Skewness by Transformation", JRSS B 1992). This was
chosen by simulation, in worlds other than those of the bench. A bootstrap has the same tails to draw from at
a thousand times the cost; an empirical Bernstein bound (A. Maurer and M. Pontil, COLT 2009) never promises
too much, but is so wide with such weights that it tells nothing. ``bernstein`` gives it for comparison.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from ..core.errors import InvalidInput

Floats = NDArray[np.float64]
FEW = 30.0
"""Effective sample size, or people, below which an estimate says next to nothing."""
HEAVY = 0.05
"""Share of all weight that one suggestion may carry before that is said."""
FOLDS = 5
RIDGE = 1.0


@dataclass(frozen=True, slots=True)
class Logged:
    """What was recorded, one row a suggestion.

    :param reward: what came of it, 0..1.
    :param chance: with which it was shown, above 0 (given what stood above it).
    :param other: the chance that the other policy would have shown it there, 0..1.
    :param person: whose it was, as a number.
    :param guess: expected reward of what was shown, made without this person's rewards; 0..1.
    :param other_guess: the same, averaged over what the other policy would have shown.
    """

    reward: Floats
    chance: Floats
    other: Floats
    person: NDArray[np.intp]
    guess: Floats
    other_guess: Floats

    def __post_init__(self) -> None:
        if not len(self.reward):
            raise InvalidInput("There is nothing to estimate from.", "Give at least one suggestion.")
        if not (np.all(self.chance > 0) and np.all(self.chance <= 1)):
            raise InvalidInput(
                "A recorded chance is not in (0, 1].", "Leave out what has no recorded chance."
            )

    @property
    def weight(self) -> Floats:
        """How much likelier the other policy is to show it."""
        return self.other / self.chance

    @property
    def effective(self) -> float:
        """Effective sample size, (sum w)^2 / sum w^2 (L. Kish, 1965)."""
        squares = float((self.weight**2).sum())
        return float(self.weight.sum()) ** 2 / squares if squares > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean reward with its interval.

    :param error: standard error.
    """

    name: str
    value: float
    low: float
    high: float
    error: float


def ips(logged: Logged, level: float = 0.95) -> Estimate:
    """Inverse propensity: unbiased, and as uncertain as the weights are uneven; may leave 0..1."""
    parts = logged.weight * logged.reward
    return _estimate("IPS", float(parts.mean()), parts - parts.mean(), logged.person, level, skewed=True)


def snips(logged: Logged, level: float = 0.95) -> Estimate:
    """Self-normalised: a little biased with few suggestions, steadier, never outside the rewards' range."""
    weight = logged.weight
    mass = float(weight.mean())
    if mass <= 0:
        return Estimate("SNIPS", math.nan, math.nan, math.nan, math.nan)
    value = float((weight * logged.reward).mean()) / mass
    return _estimate("SNIPS", value, weight * (logged.reward - value) / mass, logged.person, level)


def doubly_robust(logged: Logged, level: float = 0.95) -> Estimate:
    """Doubly robust: unbiased as IPS, and the steadier the better the guess."""
    parts = logged.other_guess + logged.weight * (logged.reward - logged.guess)
    return _estimate("DR", float(parts.mean()), parts - parts.mean(), logged.person, level)


def gain(logged: Logged, level: float = 0.95) -> Estimate:
    """How much more the other policy brings than what was done: doubly robust, paired row by row."""
    parts = logged.other_guess + logged.weight * (logged.reward - logged.guess) - logged.reward
    return _estimate("gain", float(parts.mean()), parts - parts.mean(), logged.person, level)


def served(logged: Logged, level: float = 0.95) -> Estimate:
    """What was done: the mean reward."""
    value = float(logged.reward.mean())
    return _estimate("as served", value, logged.reward - value, logged.person, level)


def _estimate(
    name: str,
    value: float,
    influence: Floats,
    person: NDArray[np.intp],
    level: float,
    *,
    skewed: bool = False,
) -> Estimate:
    """The interval of a mean, or of what is nearly one.

    :param influence: how much each row moves the value, times the number of rows; they sum to about 0.
    """
    people = np.unique(person, return_inverse=True)[1]
    count = int(people.max()) + 1
    if count < 2:
        return Estimate(name, value, -math.inf, math.inf, math.inf)
    # Rows of one person hang together: their sum counts as one.
    each = np.bincount(people, influence, count) * count / len(influence)
    scale = float(np.abs(each).max())
    if scale == 0:
        return Estimate(name, value, value, value, 0.0)
    each = each / scale  # so that no power of it is lost in rounding
    error = scale * math.sqrt(float((each**2).sum()) / (count - 1) / count)
    tails = float((each**4).mean()) / float((each**2).mean()) ** 2
    # What a variance is worth: the variance of s^2 is s^4 (tails - 1) / count, that of chi^2_f / f is 2 / f.
    freedom = min(count - 1.0, 2 * count / max(tails - 1, 1e-9))
    reach = float(student.ppf(0.5 + level / 2, freedom))
    skew = float((each**3).mean()) / float((each**2).mean()) ** 1.5 if skewed else 0.0
    low, high = (value - error * unskewed(x, skew / math.sqrt(count)) for x in (reach, -reach))
    return Estimate(name, value, low, high, error)


def unskewed(quantile: float, k: float) -> float:
    """The quantile of a studentised mean, from that of its transformation: Hall's g, turned round.

    ``g(T) = T + k T^2/3 + k^2 T^3/27 + k/6``, so that ``T = 3/k ((1 + k (g - k/6))^(1/3) - 1)``.

    :param k: skewness over the root of the number of people.
    """
    if abs(k) < 1e-6:
        return quantile
    return 3 / k * (float(np.cbrt(1 + k * (quantile - k / 6))) - 1)


def bernstein(logged: Logged, level: float = 0.95) -> Estimate:
    """IPS with an interval that holds for any number of rows, rows being independent, weights bounded.

    ``sqrt(2 var ln(4/d) / n) + 7 M ln(4/d) / (3 (n - 1))``, both sides, with ``M`` the largest weight seen
    (A. Maurer and M. Pontil, 2009, theorem 4).
    """
    parts = logged.weight * logged.reward
    count, log = len(parts), math.log(4 / (1 - level))
    if count < 2:
        return Estimate("Bernstein", float(parts.mean()), -math.inf, math.inf, math.inf)
    variance = float(parts.var(ddof=1))
    reach = math.sqrt(2 * variance * log / count) + 7 * float(logged.weight.max()) * log / (3 * (count - 1))
    value = float(parts.mean())
    return Estimate("Bernstein", value, value - reach, value + reach, math.sqrt(variance / count))


def warnings(logged: Logged) -> list[str]:
    """Why not to rely on the estimates, in words; none when nothing speaks against it."""
    found = []
    people = len(np.unique(logged.person))
    if people < FEW:
        found.append(
            f"Only {people} people are in the record; intervals over fewer than {FEW:.0f} are rough."
        )
    if logged.effective < FEW:
        found.append(
            f"Too little overlap: {len(logged.reward)} suggestions count as {logged.effective:.0f} "
            f"(fewer than {FEW:.0f}), because what it would suggest was hardly ever shown."
        )
    elif float(logged.weight.max()) > HEAVY * float(logged.weight.sum()):
        found.append(
            f"One suggestion carries {logged.weight.max() / logged.weight.sum():.0%} of all weight: there is "
            "little overlap, and the intervals may be too narrow."
        )
    mass = _estimate(
        "mass", float(logged.weight.mean()), logged.weight - logged.weight.mean(), logged.person, 0.99
    )
    if not mass.low <= 1 <= mass.high:
        found.append(
            f"The weights average {mass.value:.2f} where 1 is expected: "
            + (
                "much of what it would suggest had no chance of being shown, so IPS is too low."
                if mass.value < 1
                else "situations could not be rebuilt as they were."
            )
        )
    return found


def cross_fitted(
    features: Floats, reward: Floats, person: NDArray[np.intp], other_features: Floats
) -> tuple[Floats, Floats]:
    """Guesses at rewards by ridge regression, for each person from the others alone.

    :param features: of what was shown, one row a suggestion.
    :param other_features: their mean over what the other policy would have shown: the guess is linear, so the
        mean guess is the guess at the mean.
    :returns: ``guess`` and ``other_guess`` of ``Logged``.
    """
    shown, instead = (np.column_stack([np.ones(len(f)), f]) for f in (features, other_features))
    fold = np.unique(person, return_inverse=True)[1] % FOLDS
    penalty = RIDGE * np.eye(shown.shape[1])
    penalty[0, 0] = 1e-9
    guess, other_guess = np.zeros(len(reward)), np.zeros(len(reward))
    for number in range(FOLDS):
        here = fold == number
        x, y = shown[~here], reward[~here]
        coefficients = np.linalg.solve(x.T @ x + penalty, x.T @ y)
        guess[here], other_guess[here] = shown[here] @ coefficients, instead[here] @ coefficients
    return guess, other_guess
