"""Two ways of forgetting that are not the scheduler's: they decide what a simulated learner recalls."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from .spacing_peers import half_life


class Judge(Protocol):
    """The memory of one skill; days are counted from any day, times do not go back."""

    def recall(self, day: float) -> float:
        """Probability of recall, 0..1."""

    def practise(self, day: float, recalled: bool) -> None:
        """A presentation, or a test and then the answer."""


@dataclass
class Activation:
    """ACT-R whose decay depends on activation (Pavlik and Anderson 2005): spaced practice lasts longer.

    ``m = ln sum t_i ** -d_i`` with ``d_i = c exp(m at i) + a``; recall ``1 / (1 + exp((tau - m) / s))``. Time
    runs in seconds, slowed by ``h``. Parameters are the paper's; ``ease`` (about 0) moves ``m``.
    """

    ease: float = 0.0
    c: float = 0.217
    a: float = 0.177
    tau: float = -0.704
    s: float = 0.255
    h: float = 0.025
    practices: list[tuple[float, float]] = field(default_factory=list)

    def activation(self, day: float) -> float:
        """``m`` on a day; minus infinity before any practice."""
        parts = ((max(1.0, (day - at) * 86400 * self.h), decay) for at, decay in self.practices)
        total = sum(gone**-decay for gone, decay in parts)
        return math.log(total) if total else -math.inf

    def recall(self, day: float) -> float:
        """Probability of recall, 0..1."""
        return 1 / (1 + math.exp(min(700.0, (self.tau - self.activation(day) - self.ease) / self.s)))

    def practise(self, day: float, recalled: bool) -> None:  # noqa: ARG002
        """A presentation, or a test and then the answer; both leave the same trace."""
        before = self.activation(day)
        self.practices.append((day, self.a + (self.c * math.exp(before) if before > -math.inf else 0.0)))


@dataclass
class HalfLife:
    """Exponential forgetting (Settles and Meeder 2016).

    Right answers lengthen the half-life, wrong ones shorten it. The form is the paper's; by the
    weights it is 2 days after one right answer and two months after twenty.
    Spacing as such does nothing here.
    """

    ease: float = 0.0
    right: int = 0
    wrong: int = 0
    last: float = 0.0

    def recall(self, day: float) -> float:
        """Probability of recall, 0..1."""
        if not self.right + self.wrong:
            return 0.0
        features = np.array([1.0, math.sqrt(1 + self.right), math.sqrt(1 + self.wrong)])
        return half_life(np.array([self.ease - 1.0, 1.6, -0.3]), features, max(0.0, day - self.last))[0]

    def practise(self, day: float, recalled: bool) -> None:
        """A presentation, or a test and then the answer."""
        self.right, self.wrong, self.last = self.right + recalled, self.wrong + (not recalled), day
