"""From votes to an order: blend, rank with a known chance, choose the reasons to show.

The order is drawn from a Plackett-Luce model over the blended values (R. L. Plackett, "The Analysis of
Permutations", 1975), by adding Gumbel noise and sorting; its temperature is low, so that nearly always the
best is first. The chance with which each activity got its place is recorded, because only suggestions with a
known chance can be evaluated afterwards.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .proposals import Candidate, Reason, Situation, Vote

TEMPERATURE = 0.02
AT_MOST = 5
LOTTERY = 40
"""How many of the best values take part in the draw."""
REASONS_SHOWN = 2


@dataclass(frozen=True, slots=True)
class Ranked:
    """An activity with its blended value, its votes, and the candidates behind them."""

    activity_id: str
    value: float
    votes: tuple[Vote, ...]
    reasons: tuple[Reason, ...]
    uses: frozenset[str]
    propensity: float = 1.0


def blend(
    votes: Mapping[str, Sequence[Candidate]], weights: Mapping[str, float], allowed: Collection[str]
) -> list[Ranked]:
    """Weighted sum of the strategies' scores; a strategy that is silent on an activity gives it 0.

    :param votes: strategy to its candidates, scores in 0..1.
    :param weights: strategy to weight; the weights of the voting strategies sum to 1.
    :returns: only activities in ``allowed``, best first, ties by id.
    """
    by_activity: dict[str, list[tuple[float, str, Candidate]]] = {}
    allowed = frozenset(allowed)
    for strategy, candidates in votes.items():
        best: dict[str, Candidate] = {}
        for candidate in candidates:
            if (
                candidate.activity_id in allowed
                and candidate.score > best.get(candidate.activity_id, _LOWEST).score
            ):
                best[candidate.activity_id] = candidate
        for candidate in best.values():
            share = weights[strategy] * float(candidate.score)
            by_activity.setdefault(candidate.activity_id, []).append((share, strategy, candidate))
    values = sorted(
        ((sum(share for share, _, _ in parts), activity_id) for activity_id, parts in by_activity.items()),
        key=lambda pair: (-pair[0], pair[1]),
    )
    return [
        _ranked(activity_id, value, by_activity[activity_id], weights)
        for value, activity_id in values[:LOTTERY]
    ]


_LOWEST = Candidate("", -1.0)


def _ranked(
    activity_id: str, value: float, parts: list[tuple[float, str, Candidate]], weights: Mapping[str, float]
) -> Ranked:
    parts.sort(key=lambda part: (-part[0], part[1]))
    reasons: list[Reason] = []
    for _, _, candidate in parts:
        for reason in candidate.reasons:
            if all(reason.text != r.text for r in reasons):
                reasons.append(reason)
    # Evidence about the learner says more than the catalogue does: such reasons come first, else by weight.
    reasons.sort(key=lambda r: r.uses <= {"catalogue", "launch"})
    return Ranked(
        activity_id,
        value,
        tuple(Vote(strategy, float(c.score), weights[strategy]) for _, strategy, c in parts),
        tuple(reasons[:REASONS_SHOWN]),
        frozenset().union(*(r.uses for _, _, c in parts for r in c.reasons)) or frozenset({"catalogue"}),
    )


def draw(ranked: Sequence[Ranked], generator: np.random.Generator, at_most: int = AT_MOST) -> list[Ranked]:
    """Choose and order ``at_most`` of ``ranked``; each carries the chance with which it got its place."""
    if not ranked:
        return []
    logits = np.array([r.value for r in ranked]) / TEMPERATURE
    order = np.argsort(-(logits + generator.gumbel(size=len(ranked))), kind="stable")[:at_most]
    weights = np.exp(logits - logits.max())
    left = float(weights.sum())
    chosen = []
    for n in order:
        r = ranked[n]
        chance = min(1.0, max(float(weights[n]) / left, 1e-12)) if left > 0 else 1.0
        chosen.append(Ranked(r.activity_id, r.value, r.votes, r.reasons, r.uses, chance))
        left = max(left - float(weights[n]), math.ulp(0.0))
    return chosen


def generator_for(situation: Situation) -> np.random.Generator:
    """Chance for one learner, context, budget and day: a page loaded again stays the same."""
    parts = (
        situation.seed,
        situation.learner.id,
        situation.context.id,
        situation.minutes,
        situation.now.date(),
    )
    words = "\n".join(map(str, parts))
    return np.random.default_rng(int.from_bytes(hashlib.blake2b(words.encode(), digest_size=8).digest()))


def suggestion_id(situation: Situation, ranked: Ranked, position: int) -> str:
    """The same day, place and votes give the same id, so that loading a page twice records it once."""
    words = "\n".join(
        [
            situation.learner.tenant_id,
            situation.learner.id,
            situation.context.id,
            str(situation.minutes),
            situation.now.date().isoformat(),
            str(position),
            ranked.activity_id,
            *(f"{v.strategy}={v.score:.6f}*{v.weight:.6f}" for v in ranked.votes),
        ]
    )
    return hashlib.blake2b(words.encode(), digest_size=16).hexdigest()
