"""How a simulated person learns, forgets and gives up. No strategy that ships assumes the same.

*Knowledge.* A right answer has the chance ``logistic(base - difficulty + gain * ln(1 + A))``: a latent
ability for each skill (G. Rasch, 1960) raised by practice. ``A`` is the practice still left. The ``j``-th
practice of weight ``w`` leaves ``w (1 + t) ** -d`` after ``t`` days, a power law (J. R. Anderson and L. J.
Schooler, "Reflections of the Environment in Memory", 1991), and ``d`` grows with the practice that was left
when it happened, so that spaced practice lasts longer than massed practice (P. I. Pavlik and J. R.
Anderson, "Practice and Forgetting Effects on Vocabulary Memory", 2005). This is neither BKT's two states
nor FSRS's stability.

*Leaving.* A Weibull hazard by days since the start, higher after bad results and when everything is known
already.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from .parameters import Forgetting, Parameters


def logistic(x: float) -> float:
    """1 / (1 + exp(-x)), for any x."""
    return 0.5 + 0.5 * math.tanh(x / 2)


@dataclass(slots=True)
class Trace:
    """What is left of the practice of one skill: (day, weight, decay) of each practice."""

    practised: list[tuple[float, float, float]] = field(default_factory=list)

    def left(self, day: float) -> float:
        """Practice still left at that day (any unit of practice, from 0)."""
        return math.fsum(w * math.pow(1 + max(0.0, day - then), -d) for then, w, d in self.practised)

    def practise(self, day: float, weight: float, how: Forgetting) -> None:
        """Add a practice."""
        decay = min(how.fastest, how.slow + how.massed * self.left(day))
        self.practised.append((day, weight, decay))


@dataclass(slots=True)
class Mind:
    """One person.

    :param base: latent ability by skill, in logits, without any practice.
    :param traces: practice by skill.
    :param result: running mean of results, 0..1.
    :param easy: running share of answers that were known already, 0..1.
    """

    base: list[float]
    parameters: Parameters
    traces: list[Trace] = field(default_factory=list)
    result: float = 0.0
    easy: float = 0.0

    def __post_init__(self) -> None:
        self.traces = [Trace() for _ in self.base]
        self.result = self.parameters.judged.usual_result

    def chance(self, skill: int, day: float, difficulty: float = 0.0) -> float:
        """Chance in 0..1 of a right answer; ``difficulty`` in logits, 0 is medium."""
        practice = math.log1p(self.traces[skill].left(day))
        return logistic(self.base[skill] + self.parameters.answering.gain * practice - difficulty)

    def practise(self, skill: int, day: float, weight: float) -> None:
        """Learn: ``weight`` practices of a skill."""
        self.traces[skill].practise(day, weight, self.parameters.forgetting)

    def experience(self, right: bool, chance: float) -> None:
        """Take note of how an answer went, for motivation."""
        memory = self.parameters.judged.memory
        self.result += memory * (float(right) - self.result)
        self.easy += memory * (float(chance > 0.95) - self.easy)

    def leaves(self, day: int) -> float:
        """Chance in 0..1 of giving up on that day, counted from 0."""
        leaving, judged = self.parameters.leaving, self.parameters.judged
        hazard = ((day + 1) / leaving.scale) ** leaving.shape - (day / leaving.scale) ** leaving.shape
        mood = judged.boredom * self.easy - leaving.results * (self.result - judged.usual_result)
        return 1 - math.exp(-hazard * math.exp(mood))
