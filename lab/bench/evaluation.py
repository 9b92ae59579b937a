"""Whether the record foretells what another policy brings, and what learning from it gains: by simulation.

Estimates: in a world whose truth is known, pages are made by the product's own blend and draw; what another
policy would have brought is estimated from their record, a thousand times over, and compared with the truth.
Learning: the product's own learned weights against equal ones and against the best fixed ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...core import arms, blend, intake, ranking
from ...core.evidence import Event
from ...core.people import Source
from ...core.proposals import Candidate, Outcome, Suggestion
from .. import evaluation
from ..evaluation import Estimate, Logged
from ..histories import START, TENANT
from .measure import measured, microseconds
from .suite import Options, Row

RUNS = 1000
PEOPLE = (300, 1000)
SITUATIONS, ACTIVITIES = 200, 12
EACH = 5
"""Suggestions a person is shown."""
EXPLORATION = 0.05
NOISE = {"near": 0.15, "fair": 0.3, "poor": 0.6, "blind": 5.0}
"""Strategies, and the noise in how they see what would help a learner, which itself spreads by about 0.29."""
NEW = "new"
ESTIMATORS: tuple[Callable[[Logged], Estimate], ...] = (
    evaluation.ips,
    evaluation.snips,
    evaluation.doubly_robust,
    evaluation.bernstein,
)
Floats = NDArray[np.float64]
Votes = dict[str, tuple[Candidate, ...]]


@dataclass(frozen=True)
class World:
    """Situations with what each activity would bring in them, and what strategies say of it.

    :param worth: probability that it helps, [situation, activity], 0.15..0.65; a person adds up to 0.15.
    :param scores: [situation, activity, strategy], 0..1; the last strategy is the new one.
    """

    worth: Floats
    scores: Floats

    def votes(self, situation: int, strategies: Sequence[str]) -> Votes:
        """What strategies say, as they would."""
        return {
            name: tuple(
                Candidate(str(a), float(score))
                for a, score in enumerate(self.scores[situation, :, STRATEGIES.index(name)])
            )
            for name in strategies
        }


STRATEGIES = (*NOISE, NEW)


def world(chance: np.random.Generator, situations: int = SITUATIONS) -> World:
    """Make a world."""
    likes = chance.random((situations, ACTIVITIES))
    seen = [
        likes + spread * chance.normal(size=likes.shape) for spread in (*NOISE.values(), min(NOISE.values()))
    ]
    ranks = [np.argsort(np.argsort(s, axis=1), axis=1) / (ACTIVITIES - 1) for s in seen]
    return World(0.15 + 0.5 * likes, np.stack(ranks, axis=2))


def first_place(
    made: World, strategies: Sequence[str], weights: Mapping[str, float], weighings: Sequence[arms.Arm] = ()
) -> Floats:
    """The chance of each activity to come first, [situation, activity], by the product's own draw."""
    ids = {str(a) for a in range(ACTIVITIES)}
    table = np.zeros(made.worth.shape)
    for situation in range(len(table)):
        ranked = ranking.blend(made.votes(situation, strategies), weights, ids, weighings)
        places = [int(r.activity_id) for r in ranked]
        table[situation, places] = ranking.next_chances(ranked, (), weighings)
    return table


def others(made: World) -> dict[str, Floats]:
    """The policies that are asked about: [situation, activity]."""

    def leaning(weight: float) -> Floats:
        rest = (1 - weight) / (len(NOISE) - 1)
        return first_place(made, tuple(NOISE), {n: weight if n == "near" else rest for n in NOISE})

    return {
        "other weights": leaning(0.4),
        "one strategy more": first_place(made, STRATEGIES, dict.fromkeys(STRATEGIES, 1 / len(STRATEGIES))),
        "far other weights, little overlap": leaning(0.7),
    }


def reward_of(helps: NDArray[np.bool_], luck: Floats) -> Floats:
    """What came of it: passed where it helps, else dismissed, passed over or started (20, 60, 20 %)."""
    value = blend.VALUE
    otherwise = np.select(
        [luck < 0.2, luck < 0.8],
        [value[Outcome.DISMISSED], value[Outcome.SHOWN]],
        value[Outcome.STARTED],
    )
    return np.where(helps, value[Outcome.PASSED], otherwise)


OTHERWISE = 0.6 * blend.VALUE[Outcome.SHOWN] + 0.2 * blend.VALUE[Outcome.STARTED]
"""The mean reward of what does not help."""


def simulate(made: World, logging: Floats, other: Floats, people: int, chance: np.random.Generator) -> Logged:
    """One record: people, each shown some suggestions in situations of their own."""
    person = np.repeat(np.arange(people), EACH)
    situation = chance.integers(0, len(logging), len(person))
    shown = (logging[situation].cumsum(axis=1) < chance.random((len(person), 1))).sum(axis=1)
    shown = np.minimum(shown, ACTIVITIES - 1)
    own = chance.uniform(-0.15, 0.15, people)[person]
    helps = chance.random(len(person)) < made.worth[situation, shown] + own
    reward = reward_of(helps, chance.random(len(person)))
    features = made.scores[situation]
    guess, other_guess = evaluation.cross_fitted(
        features[np.arange(len(person)), shown],
        reward,
        person,
        np.einsum("na,nas->ns", other[situation], features),
    )
    return Logged(reward, logging[situation, shown], other[situation, shown], person, guess, other_guess)


def truth(made: World, policy: Floats) -> float:
    """What a policy brings."""
    helps = float((policy * made.worth).sum(axis=1).mean())
    return helps + (1 - helps) * OTHERWISE


def coverage(options: Options) -> list[Row]:
    """How often the interval holds the truth, and how far off the value is."""
    chance = np.random.default_rng(options.seed)
    made = world(chance)
    weighings = blend.policy(None, NOISE, "some", EXPLORATION)
    logging = first_place(made, tuple(NOISE), weighings[0].weights, weighings)
    rows: list[Row] = []
    for name, other in others(made).items():
        right = truth(made, other)
        for people in PEOPLE:
            data = f"simulated, {name}, {people} people"
            options.say(data)
            found: dict[str, list[Estimate]] = {}
            effective, warned = [], 0
            for _ in range(RUNS):
                logged = simulate(made, logging, other, people, chance)
                effective.append(logged.effective)
                warned += bool(evaluation.warnings(logged))
                for estimator in ESTIMATORS:
                    each = estimator(logged)
                    found.setdefault(each.name, []).append(each)
            rows += _judged(data, found, right)
            rows.append(
                Row(data, "effective sample size", f"of {people * EACH}", True, float(np.mean(effective)))
            )
    return rows


def _judged(data: str, found: Mapping[str, Sequence[Estimate]], right: float) -> Iterator[Row]:
    for name, estimates in found.items():
        ours = name != "Bernstein"
        off = np.array([e.value for e in estimates]) - right
        holds = np.mean([e.low <= right <= e.high for e in estimates])
        yield Row(data, "coverage of the 95 % interval", name, ours, float(holds))
        yield Row(
            data,
            "width of the 95 % interval",
            name,
            ours,
            float(np.mean([e.high - e.low for e in estimates])),
        )
        if ours:
            yield Row(data, "bias", name, True, float(off.mean()))
            yield Row(data, "RMSE", name, True, float(np.sqrt((off**2).mean())))


# --- learning -----------------------------------------------------------------------------------------

PAGES, PLACES, WORLDS = 2000, 3, 4
LEARN_EVERY = 20
"""Pages between two looks at the learned state, as pages of a day share one."""


def _suggestions(drawn: Sequence[ranking.Ranked], page: int) -> list[Suggestion]:
    return [
        Suggestion(
            id=f"{page}-{place}",
            tenant_id=TENANT,
            learner_id=f"learner-{page}",
            context_id="course",
            activity_id=r.activity_id,
            at=START,
            position=place,
            value=r.value,
            propensity=r.propensity,
            votes=r.votes,
            reasons=(),
            uses=frozenset(),
            minutes_asked=20,
            moment="some",
            ratios=r.ratios,
        )
        for place, r in enumerate(drawn)
    ]


def _outcome(helps: float, luck: float) -> Outcome:
    if luck < helps:
        return Outcome.PASSED
    rest = (luck - helps) / (1 - helps)
    return Outcome.DISMISSED if rest < 0.2 else Outcome.SHOWN if rest < 0.8 else Outcome.STARTED


def brought(made: World, exploration: float, seed: int, fixed: Mapping[str, float] | None = None) -> float:
    """The mean reward per suggestion that is to be expected of what was shown, over all pages.

    :param exploration: share of the pages; of no account with ``fixed``.
    :param fixed: weights to use instead of learned ones.
    """
    chance = np.random.default_rng(seed)
    model, names = blend.BlendModel(), tuple(NOISE)
    state, waiting = model.empty(), list[Event]()
    ids = {str(a) for a in range(ACTIVITIES)}
    weighings: tuple[arms.Arm, ...] = ()
    total = 0.0
    for page in range(PAGES):
        situation = int(chance.integers(len(made.worth)))
        if page % LEARN_EVERY == 0 and fixed is None:
            for event in waiting:
                state = model.fold(state, event)
            waiting.clear()
            weighings = blend.policy(state, names, "some", exploration)
        weights = fixed or weighings[0].weights
        ranked = ranking.blend(made.votes(situation, names), weights, ids, weighings)
        drawn = ranking.draw(ranked, chance, PLACES, weighings, ranking.pick(weighings, chance))
        worth = made.worth[situation, [int(r.activity_id) for r in drawn]]
        total += float((worth + (1 - worth) * OTHERWISE).sum())
        if fixed is None:
            suggested = _suggestions(drawn, page)
            waiting += intake.shown(suggested)
            for suggestion, helps, luck in zip(suggested, worth, chance.random(PLACES), strict=True):
                outcome = _outcome(float(helps), float(luck))
                if outcome is not Outcome.SHOWN:
                    waiting.append(intake.credit(suggestion, outcome, START, Source.PAGE))
    return total / PAGES / PLACES


def learning(options: Options) -> list[Row]:
    """The learned weights against equal ones and the best fixed ones."""
    data = f"simulated, {PAGES} pages, mean of {WORLDS} worlds"
    even = dict.fromkeys(NOISE, 1 / len(NOISE))
    best = {a.name: a.weights for a in blend.policy(None, NOISE, "some", 0.0)}["near"]
    ways: dict[str, tuple[float, Mapping[str, float] | None]] = {
        "learned, exploring 5 % of pages": (0.05, None),
        "learned, exploring nothing": (0.0, None),
        "learned, exploring 20 % of pages": (0.20, None),
        "equal weights": (0.0, even),
        "the best arm from the start (nobody knows it)": (0.0, best),
    }
    values: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(WORLDS):
        options.say(f"learning, world {number + 1} of {WORLDS}")
        made = world(np.random.default_rng([options.seed, number]))
        for name, (exploration, fixed) in ways.items():
            values[name].append(brought(made, exploration, options.seed + number, fixed))
    means = {name: float(np.mean(found)) for name, found in values.items()}
    top = max(means.values())
    rows = [Row(data, "mean reward", name, "learned" in name, mean) for name, mean in means.items()]
    rows += [
        Row(data, "regret, of 100 suggestions", name, "learned" in name, 100 * (top - mean))
        for name, mean in means.items()
    ]
    return rows


def run(options: Options) -> list[Row]:
    """All of it, and what a page pays for the learned weights."""
    estimates = measured(lambda: coverage(options))
    rows = [*estimates.value]
    rows[0] = replace(rows[0], seconds=estimates.seconds, peak_mb=estimates.peak_mb)
    rows += learning(options)
    arms.best.cache_clear()
    shapes = iter(
        ((10.0 + n / 7, 10.0), (9.0, 11.0), (12.0, 8.0), (10.5, 9.5), (10.0, 10.0)) for n in range(300)
    )
    rows.append(
        Row(
            "five arms",
            "update (µs)",
            "chances of the arms",
            True,
            microseconds(lambda: arms.best(next(shapes)), 200),
        )
    )
    return rows
