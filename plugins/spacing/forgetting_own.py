"""How one person forgets: FSRS with its defaults, set right by that person's own answers as they come.

Two experts foretell a review. One is FSRS with default parameters. The other adds to its log-odds a linear
correction whose weights start at zero with a Gaussian prior and are learned answer by answer (Bayesian
logistic regression by one Newton step an answer: Spiegelhalter and Lauritzen 1990). They are mixed by how
well each foretold so far (Bayesian mixture: Vovk 1990), so the sum of log losses never exceeds that of the
defaults by more than log 2, whatever the answers are.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import forgetting
from .forgetting import Memory

DAY = 86400
PRIOR = 0.3  # standard deviation of a weight before any answer
DRIFT = 0.01  # of a weight in a day, for people change
SURE = 1e-4  # no foretelling is nearer to 0 or 1
KNOWN = 13  # features that time does not change
FEATURES = KNOWN + 5
LONGEST = 36500  # days, of an interval
GRID = (
    1,
    2,
    3,
    4,
    6,
    9,
    13,
    20,
    30,
    45,
    70,
    110,
    180,
    365,
    1000,
    LONGEST,
)  # days at which a curve is reckoned
_GRID = np.array(GRID, float)
_LOG_GRID = np.log(_GRID)
_DRIFT = np.eye(FEATURES) * DRIFT**2
LOGS = _LOG_GRID.tolist()

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trace:
    """What a person's answers left of one skill.

    :param memory: as FSRS with default parameters holds it.
    :param first, last: seconds of the first and the latest review.
    :param tests, recalled: reviews at least a day after the one before, and how many of them went well.
    :param again: reviews that went badly on the latest day.
    :param spent: seconds spent on the latest day.
    :param failed: second of the latest review that went badly; 0 without one.
    """

    memory: Memory
    first: int
    last: int
    tests: int = 0
    recalled: int = 0
    again: int = 0
    spent: float = 0.0
    failed: int = 0


def reviewed(trace: Trace | None, at: int, result: float, spent: float) -> Trace:
    """The trace after one more review."""
    grade = forgetting.rating(result)
    bad = int(grade == forgetting.AGAIN)
    if trace is None:
        return Trace(forgetting.first(grade), at, at, again=bad, spent=spent, failed=at if bad else 0)
    days = (at - trace.last) // DAY
    same = at // DAY == trace.last // DAY
    return Trace(
        forgetting.after(trace.memory, days, grade),
        trace.first,
        at,
        trace.tests + (days >= 1),
        trace.recalled + (days >= 1 and not bad),
        (trace.again if same else 0) + bad,
        (trace.spent if same else 0.0) + spent,
        at if bad else trace.failed,
    )


def by_default(trace: Trace, at: int) -> float:
    """Recall as FSRS with default parameters foretells it, in whole days as its package does."""
    found = forgetting.recall(trace.memory.stability, max(0, at - trace.last) // DAY)
    return min(1 - SURE, max(SURE, found))


class Person:
    """What is known of how one person forgets, after a number of reviews in time order."""

    def __init__(self) -> None:
        self.traces: dict[str, Trace] = {}
        self.weights: Vector = np.zeros(FEATURES)
        self.doubt: Vector = np.eye(FEATURES) * PRIOR**2
        self.trust = 0.0  # log-odds of the corrected expert against the default one
        self.recent = 0.0  # mean surprise (result minus default) over the last 5 and the last 20 tests
        self.lately = 0.0
        self.day = 0  # of the latest review of anything
        self.before = 0  # the day before that
        self.drifted = 0
        self.answers = 0

    def copy(self) -> Person:
        """One that goes on by itself: traces are frozen, arrays are replaced and never written to."""
        other = Person.__new__(Person)
        other.__dict__.update(self.__dict__)
        other.traces = dict(self.traces)
        return other

    def recall(self, skill: str, at: int, asked: int | None = None) -> float:
        """Probability in 0..1 that a skill met before is recalled at a second.

        :param asked: the second of asking, where that is earlier. For one asking, recall never rises.
        """
        trace = self.traces[skill]
        default = by_default(trace, at)
        if self.answers == 0:
            return default
        scores = self._scores(trace, (at if asked is None else asked) // DAY)
        return self._mixed(default, _at(scores, at - trace.last))

    def due(self, skill: str, wished: float, asked: int) -> int:
        """The second at which recall has fallen to ``wished``: whole days, at least one, after the last."""
        trace = self.traces[skill]
        soon, late = 1, LONGEST
        if self.answers == 0:
            days = round(forgetting.interval(trace.memory.stability, wished))
            return trace.last + DAY * min(late, max(soon, days))
        scores = self._scores(trace, asked // DAY)

        def fallen(days: int) -> bool:
            default = by_default(trace, trace.last + days * DAY)
            return self._mixed(default, _at(scores, days * DAY)) <= wished

        for days in GRID:
            late = days
            if fallen(days):
                break
            soon = min(LONGEST, days + 1)
        while soon < late:
            middle = (soon + late) // 2
            soon, late = (soon, middle) if fallen(middle) else (middle + 1, late)
        return trace.last + soon * DAY

    def review(self, skill: str, at: int, result: float, spent: float = 0.0) -> tuple[float, float] | None:
        """Learn from one review.

        :param spent: seconds it took; 0 when not known.
        :returns: recall as it was foretold (mixed, by default); None unless it came a day after the last.
        """
        self._on(at // DAY)
        trace, told = self.traces.get(skill), None
        if trace is not None and at - trace.last >= DAY:
            told = self._learn(trace, at, result >= 0.5)
        self.traces[skill] = reviewed(trace, at, result, spent)
        return told

    def _on(self, day: int) -> None:
        if day != self.day:
            self.before, self.day = self.day or day, day

    def _known(self, trace: Trace, day: int) -> Vector:
        """What time does not change. A break is one of the person, so it counts for all skills alike."""
        pause = day - (self.before if day == self.day else self.day)
        memory = trace.memory
        rate = 2 * ((trace.recalled + 1.5) / (trace.tests + 2) - 0.8)
        age = math.log1p((trace.last - trace.first) / DAY) - 2
        again, failures = math.log1p(trace.again), math.log1p(trace.tests - trace.recalled)
        return np.array(
            (
                1.0,
                math.log(memory.stability) - 1.5,
                (memory.difficulty - 7) / 2,
                again,
                self.recent,
                2 * self.lately,
                math.log(max(1, pause)),
                age,
                rate,
                failures,
                again * (failures - 1),
                age * rate,
                (math.log1p(trace.spent) - 2.5) if trace.spent else 0.0,
            )
        )

    def _scores(self, trace: Trace, day: int) -> list[float]:
        """Corrected log-odds at ``GRID`` days; where the weights would let recall rise, it stays level."""
        known = self._known(trace, day)
        chances = (1 + forgetting.FACTOR * _GRID / trace.memory.stability) ** forgetting.DECAY
        default = np.log(np.clip(chances, SURE, 1 - SURE))
        default = default - np.log(-np.expm1(default))
        features = np.empty((len(GRID), FEATURES))
        features[:, :KNOWN] = known
        features[:, KNOWN] = moved = default - 1.3
        features[:, KNOWN + 1] = moved**2 / 2
        features[:, KNOWN + 2] = _LOG_GRID - 1.5
        features[:, KNOWN + 3] = (_LOG_GRID - 1.5) * (known[1] / 2)
        since = _GRID + (trace.last - trace.failed) / DAY
        features[:, KNOWN + 4] = np.log1p(since) if trace.failed else -1.0
        spread = ((features @ self._doubt(day)) * features).sum(axis=1)
        score = (default + features @ self.weights) / np.sqrt(1 + math.pi * spread / 8)  # MacKay 1992
        found: list[float] = np.minimum.accumulate(score).tolist()
        return found

    def _doubt(self, day: int) -> Vector:
        """Covariance of the weights on a day: it grows while nothing is learned."""
        gone = min(30, day - self.drifted) if self.answers else 0
        return self.doubt + _DRIFT * gone if gone > 0 else self.doubt

    def _mixed(self, default: float, corrected: float) -> float:
        share = _chance(self.trust)
        return (1 - share) * default + share * corrected

    def _learn(self, trace: Trace, at: int, recalled: bool) -> tuple[float, float]:
        default = by_default(trace, at)
        features = _features(trace, self._known(trace, at // DAY), at)
        corrected = _at(self._scores(trace, at // DAY), at - trace.last) if self.answers else default
        told = self._mixed(default, corrected)
        right = (corrected, default) if recalled else (1 - corrected, 1 - default)
        self.trust += math.log(right[0]) - math.log(right[1])
        self.doubt, self.drifted = self._doubt(self.day), self.day
        chance = _chance(float(_log_odds(default) + features @ self.weights))
        along = self.doubt @ features
        gain = along / (1 + chance * (1 - chance) * float(features @ along))
        self.doubt = self.doubt - np.outer(gain, along) * (chance * (1 - chance))
        self.weights = self.weights + gain * (recalled - chance)
        surprise = recalled - default
        self.recent += (surprise - self.recent) / 5
        self.lately += (surprise - self.lately) / 20
        self.answers += 1
        return told, default


def _features(trace: Trace, known: Vector, at: int) -> Vector:
    """What is known, and what moves with time."""
    gone = math.log(max(DAY, at - trace.last) / DAY) - 1.5
    default = _log_odds(by_default(trace, at)) - 1.3
    since = math.log1p((at - trace.failed) / DAY) if trace.failed else -1.0
    return np.concatenate((known, (default, default**2 / 2, gone, gone * known[1] / 2, since)))


def _at(scores: list[float], seconds: int) -> float:
    """The chance between the points of the grid."""
    days = min(float(LONGEST), max(DAY, seconds) / DAY)
    place = max(1, bisect_left(GRID, days))
    left, right = LOGS[place - 1], LOGS[place]
    part = (math.log(days) - left) / (right - left)
    return _chance(scores[place - 1] + part * (scores[place] - scores[place - 1]))


def _log_odds(chance: float) -> float:
    return math.log(chance / (1 - chance))


def _chance(log_odds: float) -> float:
    """The logistic function, kept off 0 and 1."""
    bounded = max(-30.0, min(30.0, log_odds))
    return min(1 - SURE / 10, max(SURE / 10, 1 / (1 + math.exp(-bounded))))
