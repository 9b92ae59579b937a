"""From votes to an order: blend, rank with a known chance, choose the reasons to show.

The weighing is drawn first, nearly always the learned one (see ``arms``). The order is then drawn from a
Plackett-Luce model over the values it gives (R. L. Plackett, "The Analysis of Permutations", 1975), by adding
Gumbel noise and sorting; its temperature is low, so that nearly always the best is first. The chance with
which each activity got its place is recorded, because only suggestions with a known chance can be evaluated
afterwards. It is exact: the sum over the weighings of the chance of each, given what stands above, times the
chance of the activity by it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .arms import Arm
from .proposals import Candidate, Reason, Situation, Vote

TEMPERATURE = 0.02
AT_MOST = 5
LOTTERY = 40
"""How many of the best values take part in the draw."""
REASONS_SHOWN = 2
MOST = 10.0
"""Largest weight that is recorded for an arm (E. L. Ionides, "Truncated Importance Sampling", 2008). Of 3, 10
and 100 it lost least in simulated worlds other than those of the bench."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """An activity with its blended value, its votes, and the candidates behind them.

    :param by_arm: what it brings to the draw by each arm, in the arms' order; empty where that is the same
        by each, as for what no strategy voted for.
    :param ratios: arm to how much likelier it would have put it there than the page did; from ``draw``.
    :param abstaining: strategies that cannot know it.
    """

    activity_id: str
    value: float
    votes: tuple[Vote, ...]
    reasons: tuple[Reason, ...]
    uses: frozenset[str]
    propensity: float = 1.0
    by_arm: tuple[float, ...] = ()
    ratios: Mapping[str, float] = field(default_factory=dict)
    abstaining: frozenset[str] = frozenset()

    def weighed(self, weights: Mapping[str, float]) -> float:
        """Its value by other weights: the mean score over the strategies that do not abstain on it."""
        whole = sum(weight for name, weight in weights.items() if name not in self.abstaining)
        said = sum(v.score * weights.get(v.strategy, 0.0) for v in self.votes)
        return said / whole if whole > 0 else 0.0


def blend(
    votes: Mapping[str, Sequence[Candidate]],
    weights: Mapping[str, float],
    allowed: Collection[str],
    arms: Sequence[Arm] = (),
) -> list[Ranked]:
    """Weighted mean of the strategies' scores; a strategy that is silent on an activity gives it 0.

    One that abstains on it takes no part: the mean is over the weights of the others. What is new is then
    judged by those who can read it, instead of falling behind because nobody has done it.

    :param votes: strategy to its candidates, scores in 0..1.
    :param weights: strategy to weight; the weights of the voting strategies sum to 1.
    :param arms: other weighings of the same strategies that may be drawn instead; the first has ``weights``.
    :returns: only activities in ``allowed``, best first, ties by id; the ``LOTTERY`` best by each weighing.
    """
    by_activity: dict[str, dict[str, Candidate]] = {}
    abstained: dict[str, set[str]] = {strategy: set() for strategy in votes}
    allowed = frozenset(allowed)
    for strategy, candidates in votes.items():
        for candidate in candidates:
            if candidate.activity_id not in allowed:
                continue
            if candidate.abstains:
                abstained[strategy].add(candidate.activity_id)
                continue
            best = by_activity.setdefault(candidate.activity_id, {})
            if strategy not in best or candidate.score > best[strategy].score:
                best[strategy] = candidate
    names = sorted(by_activity)  # so that a stable sort leaves ties in order of id
    scores = np.array(
        [[float(c.score) if (c := by_activity[n].get(s)) else 0.0 for s in votes] for n in names]
    ).reshape(len(names), len(votes))
    speaking = np.array(
        [[s in by_activity[n] or n not in abstained[s] for s in votes] for n in names], dtype=float
    ).reshape(scores.shape)
    weighings = [weights, *(arm.weights for arm in arms[1:])]
    table = np.array([[w[s] for s in votes] for w in weighings]).reshape(len(weighings), -1).T
    values = (scores @ table) / (speaking @ table)
    order = np.argsort(-values, axis=0, kind="stable")
    taking_part = np.zeros(values.shape, dtype=bool)
    np.put_along_axis(taking_part, order[:LOTTERY], True, axis=0)
    # What is not among an arm's best comes after all that is, where the draw must go so far.
    by_arm = np.where(taking_part, values, values - 1.0)
    return [
        _ranked(
            names[n],
            float(values[n, 0]),
            by_activity[names[n]],
            weights,
            tuple(by_arm[n].tolist()) if arms else (),
            frozenset(s for s, yes in zip(votes, speaking[n], strict=True) if not yes),
        )
        for n in order[:, 0]
        if taking_part[n].any()
    ]


def _ranked(
    activity_id: str,
    value: float,
    said: Mapping[str, Candidate],
    weights: Mapping[str, float],
    by_arm: tuple[float, ...],
    abstaining: frozenset[str],
) -> Ranked:
    parts = sorted(
        ((weights[strategy] * float(c.score), strategy, c) for strategy, c in said.items()),
        key=lambda part: (-part[0], part[1]),
    )
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
        by_arm=by_arm,
        abstaining=abstaining,
    )


def draw(
    ranked: Sequence[Ranked],
    generator: np.random.Generator,
    at_most: int = AT_MOST,
    arms: Sequence[Arm] = (),
    by: int = 0,
) -> list[Ranked]:
    """Choose and order ``at_most`` of ``ranked``; each carries the chance with which it got its place.

    :param arms: those that ``blend`` was given; their chances sum to 1.
    :param by: which of them makes this page (see ``pick``).
    """
    if not ranked:
        return []
    logits = _logits(ranked, max(1, len(arms)))
    noisy = logits[by] + generator.gumbel(size=len(ranked))
    order = np.argsort(-noisy, kind="stable")[:at_most].tolist()
    return [
        replace(
            _weighed(ranked[n], arms[by], by) if arms else ranked[n],
            propensity=chance,
            ratios={a.name: round(float(x), 6) for a, x in zip(arms[1:], ratios[1:], strict=True)},
        )
        for n, (chance, ratios) in zip(order, _chances(logits, order, arms), strict=True)
    ]


def next_chances(ranked: Sequence[Ranked], above: Sequence[str], arms: Sequence[Arm] = ()) -> list[float]:
    """The chance of each of ``ranked`` to come next in ``draw``, given what stands above; they sum to 1.

    :param above: activity ids. What is not in ``ranked``, such as what staff put first, says nothing.
    """
    place = {r.activity_id: n for n, r in enumerate(ranked)}
    known = [place[i] for i in above if i in place]
    if len(known) == len(ranked):
        return [0.0] * len(ranked)
    logits = _logits(ranked, max(1, len(arms)))
    so_far = _before(arms)
    for n in known:
        by_arm = _softmax(logits)[:, n]
        if so_far @ by_arm > CERTAINLY_POSSIBLE:
            so_far = so_far * by_arm / float(so_far @ by_arm)
        logits[:, n] = -np.inf
    found: list[float] = (so_far @ _softmax(logits)).tolist()
    return found


def _before(arms: Sequence[Arm]) -> NDArray[np.float64]:
    """How likely each arm is before anything of the page is known."""
    return np.array([arm.chance for arm in arms]) if arms else np.ones(1)


def _logits(ranked: Sequence[Ranked], count: int) -> NDArray[np.float64]:
    return np.array([r.by_arm or (r.value,) * count for r in ranked]).T / TEMPERATURE


def _chances(
    logits: NDArray[np.float64], order: Sequence[int], arms: Sequence[Arm]
) -> Iterator[tuple[float, NDArray[np.float64]]]:
    """For each place: its chance, and how much likelier each arm makes it."""
    logits = logits.copy()
    so_far = _before(arms)
    for n in order:
        by_arm = _softmax(logits)[:, n]
        chance = max(float(so_far @ by_arm), CERTAINLY_POSSIBLE)
        ratios = by_arm / chance
        if so_far @ by_arm > CERTAINLY_POSSIBLE:
            so_far = so_far * ratios
        logits[:, n] = -np.inf
        yield min(1.0, chance), np.minimum(ratios, MOST)


CERTAINLY_POSSIBLE = 1e-12
"""Below this a chance is lost in rounding; what was drawn had at least some."""


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Chances by each arm, one arm a row; what is gone has minus infinity."""
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    found: NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
    return found


def _weighed(ranked: Ranked, arm: Arm, number: int) -> Ranked:
    """As this arm values it."""
    if number == 0 or not ranked.votes:
        return ranked
    votes = tuple(replace(vote, weight=arm.weights[vote.strategy]) for vote in ranked.votes)
    return replace(ranked, value=ranked.weighed(arm.weights), votes=votes)


def pick(arms: Sequence[Arm], generator: np.random.Generator) -> int:
    """Draw the arm that makes a page."""
    return int(generator.choice(len(arms), p=[arm.chance for arm in arms])) if len(arms) > 1 else 0


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
    """The same day, place and votes give the same id, so that loading a page twice records it once.

    The strategies' weights are left out: they move whenever something comes of anybody's suggestions.
    """
    words = "\n".join(
        [
            situation.learner.tenant_id,
            situation.learner.id,
            situation.context.id,
            str(situation.minutes),
            situation.now.date().isoformat(),
            str(position),
            ranked.activity_id,
            *(f"{v.strategy}={v.score:.6f}" for v in ranked.votes),
        ]
    )
    return hashlib.blake2b(words.encode(), digest_size=16).hexdigest()
