"""Teams for a task: of ``size``, each with somebody for every skill, and no team much stronger than another.

People are dealt out in rounds; each round is an assignment (``scipy.optimize.linear_sum_assignment``) of
one person to each team for the greatest gain in skills covered. Then pairs of people change places as long
as that helps. The problem as a whole is NP-hard (it contains the covering of sets), so this is good and not
proven best; the bench ``peers`` sets it beside teams drawn by chance, and a bound that none can pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STRONG = 0.6
"""A skill is covered by a team of which somebody's estimate has at least this low end."""
BALANCE = 0.5
"""What the spread of the teams' mean strength counts, against the share of skills covered."""
ROUNDS = 10


def covered(low: Floats, team: Sequence[int]) -> NDArray[np.bool_]:
    """Which skills somebody in the team is strong in."""
    found: NDArray[np.bool_] = np.any(low[list(team)] >= STRONG, axis=0)
    return found


def quality(low: Floats, teams: Sequence[Sequence[int]]) -> float:
    """Mean and least share of skills covered, half each, less ``BALANCE`` times the spread of mean strength.

    :param low: (people, skills) low ends of the estimates, 0 where nothing is known.
    """
    shares = [float(covered(low, team).mean()) for team in teams]
    strengths = [float(low[list(team)].mean()) for team in teams]
    return (float(np.mean(shares)) + min(shares)) / 2 - BALANCE * (max(strengths) - min(strengths))


def form(low: Floats, size: int) -> list[list[int]]:
    """Teams of ``size`` or one more or fewer, everybody in one; the same people give the same teams.

    :param low: (people, skills), at least one skill.
    :raises ValueError: for a size below 2, or fewer people than one team needs.
    """
    from scipy.optimize import linear_sum_assignment

    people = len(low)
    if size < 2 or people < size:
        raise ValueError(f"{people} people make no team of {size}")
    count = max(1, round(people / size))
    teams: list[list[int]] = [[] for _ in range(count)]
    # The strongest are dealt out first: one to each team.
    left = np.argsort(-low.mean(axis=1), kind="stable").tolist()
    while left:
        turn, left = left[:count], left[count:]
        gain = np.array([[_gain(low, team, person) for team in teams] for person in turn])
        for person, team in zip(*linear_sum_assignment(gain, maximize=True), strict=True):
            teams[team].append(turn[person])
    return _exchanged(low, teams)


def _gain(low: Floats, team: Sequence[int], person: int) -> float:
    """What a person adds: skills covered, and strength the more the weaker the team is."""
    strong = low[person] >= STRONG
    new = strong & ~covered(low, team) if team else strong
    weakness = 1 - float(low[list(team)].mean()) if team else 1.0
    return float(new.mean()) + BALANCE * float(low[person].mean()) * weakness


@dataclass
class _Dealt:
    """Teams by what counts: bits for the skills of each person, and their mean strength."""

    skills: int
    bits: list[int]
    means: list[float]
    teams: list[list[int]]
    shares: list[float] = field(default_factory=list)
    strengths: list[float] = field(default_factory=list)

    def count(self, team: int) -> None:
        members = self.teams[team]
        together = 0
        for n in members:
            together |= self.bits[n]
        self.shares[team] = together.bit_count() / self.skills
        self.strengths[team] = sum(self.means[n] for n in members) / len(members)

    def quality(self) -> float:
        """As ``quality``."""
        shares, strengths = self.shares, self.strengths
        mean = sum(shares) / len(shares)
        return (mean + min(shares)) / 2 - BALANCE * (max(strengths) - min(strengths))

    def exchange(self, a: int, i: int, b: int, j: int) -> None:
        """Let the i-th of team a and the j-th of team b change places."""
        teams = self.teams
        teams[a][i], teams[b][j] = teams[b][j], teams[a][i]
        self.count(a)
        self.count(b)


def _exchanged(low: Floats, teams: list[list[int]]) -> list[list[int]]:
    """Let two people change places as long as that makes the whole better."""
    bits = [sum(1 << k for k in np.flatnonzero(row >= STRONG).tolist()) for row in low]
    dealt = _Dealt(
        low.shape[1], bits, low.mean(axis=1).tolist(), teams, [0.0] * len(teams), [0.0] * len(teams)
    )
    for team in range(len(teams)):
        dealt.count(team)
    best = dealt.quality()
    for _ in range(ROUNDS):
        before = best
        for a, b in combinations(range(len(teams)), 2):
            for i, j in product(range(len(teams[a])), range(len(teams[b]))):
                dealt.exchange(a, i, b, j)
                now = dealt.quality()
                if now > best + 1e-12:
                    best = now
                else:
                    dealt.exchange(a, i, b, j)
        if best <= before:
            break
    return dealt.teams
