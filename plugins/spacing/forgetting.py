"""FSRS-6 in plain numbers: how a memory changes with a review, and how it fades.

The formulas of the ``fsrs`` package (Ye, Su and Cao, "A stochastic shortest path algorithm for optimizing
spaced repetition scheduling", KDD 2022; version 6 of the model), without its cards and steps, because a
learner's whole record is replayed. A test compares every number with the package.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from fsrs.scheduler import DEFAULT_PARAMETERS, STABILITY_MIN

AGAIN, HARD, GOOD, EASY = 1, 2, 3, 4
DECAY = -DEFAULT_PARAMETERS[20]
FACTOR = 0.9 ** (1 / DECAY) - 1
W = DEFAULT_PARAMETERS
EASIEST = W[4] - math.exp(W[5] * (EASY - 1)) + 1


@dataclass(frozen=True, slots=True)
class Memory:
    """What FSRS holds of one skill.

    :param stability: days after which recall is 0.9; at least 0.001.
    :param difficulty: 1..10.
    """

    stability: float
    difficulty: float


def rating(result: float) -> int:
    """FSRS rating of a result in 0..1: below 0.5 again, 0.7 hard, 0.95 good, from there easy."""
    if result < 0.5:
        return AGAIN
    if result < 0.7:
        return HARD
    return GOOD if result < 0.95 else EASY


def recall(stability: float, days: float) -> float:
    """Probability of recall ``days`` after a review."""
    return float((1 + FACTOR * max(0.0, days) / stability) ** DECAY)


def interval(stability: float, wished: float) -> float:
    """Days until recall has fallen to ``wished``."""
    return float(stability / FACTOR * (wished ** (1 / DECAY) - 1))


def first(grade: int) -> Memory:
    """The memory after the first review."""
    return Memory(max(W[grade - 1], STABILITY_MIN), _within(W[4] - math.exp(W[5] * (grade - 1)) + 1))


def after(memory: Memory, days: int, grade: int) -> Memory:
    """The memory after a review, whole days after the last one; 0 days is a repetition on the same day."""
    stability, difficulty = memory.stability, memory.difficulty
    if days < 1:
        growth = math.exp(W[17] * (grade - 3 + W[18])) * stability ** -W[19]
        stability *= growth if grade == AGAIN else max(growth, 1.0)
    elif grade == AGAIN:
        forgotten = 1 - recall(stability, days)
        stability = min(
            W[11] * difficulty ** -W[12] * ((stability + 1) ** W[13] - 1) * math.exp(forgotten * W[14]),
            stability / math.exp(W[17] * W[18]),
        )
    else:
        growth = math.exp(W[8]) * (11 - difficulty) * stability ** -W[9]
        growth *= math.exp((1 - recall(stability, days)) * W[10]) - 1
        growth *= W[15] if grade == HARD else W[16] if grade == EASY else 1.0
        stability *= 1 + growth
    harder = difficulty - W[6] * (grade - 3) * (10 - difficulty) / 9
    return Memory(max(stability, STABILITY_MIN), _within(W[7] * EASIEST + (1 - W[7]) * harder))


def _within(difficulty: float) -> float:
    return min(10.0, max(1.0, difficulty))
