"""The same question as next-skill with 0, 1 or 2 skills seen of a learner, and what the learner says.

The people who are asked for are every fifth; nothing of them is in the models, which learn from the others.
What they say is taken from the part of their history that is not hidden, as somebody may say it who learned
elsewhere and is new here: up to three goals, skills they do take up later, and how well they know three
skills that they have practised, by the share of right answers where the data has results, else "well enough
to use it". Neither is ever the hidden skill. What they practised is not ranked, as in next-skill.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ...core.people import Profile
from . import baselines
from .leave_last_out import Histories, data, ndcg, place_by_score
from .measure import measured
from .served import Served
from .suite import Options, Row

METRIC = "NDCG@10"
EVERY = 5
SEEN = (0, 1, 2)
SAID = 3
CHOICES = np.array([0.0, 0.33, 0.66, 1.0])
"""What the page lets people say of a skill."""


def run(options: Options) -> list[Row]:
    """Measure every data set there is."""
    return [row for histories in data(options) for row in rows(histories, options)]


def says(histories: Histories, n: int, seen: int, seed: int) -> Profile:
    """What this learner would declare after ``seen`` skills."""
    chance = np.random.default_rng([seed, n])
    later = histories.seen[n][seen:]
    mixed = [later[i] for i in chance.permutation(len(later)).tolist()]
    levels = {
        step.item: 0.66
        if step.result is None
        else float(CHOICES[int(np.abs(CHOICES - step.result).argmin())])
        for step in mixed[SAID : 2 * SAID]
    }
    return Profile(goals=tuple(step.item for step in mixed[:SAID]), stated_levels=levels)


def rows(histories: Histories, options: Options) -> Iterator[Row]:
    """One data set: the curve over skills seen, and the full history of the same people."""
    options.say(f"{histories.name}: {', '.join(map(str, SEEN))} skills seen, and all")
    found = measured(lambda: _values(histories, options.seed))
    for seen, name, ours, value in found.value:
        amount = "full history" if seen is None else f"{seen} skills seen"
        yield Row(f"{histories.name}, {amount}", METRIC, name, ours, value, found.seconds, found.peak_mb)


def _values(histories: Histories, seed: int) -> list[tuple[int | None, str, bool, float]]:
    """(skills seen or None for all, method, ours, NDCG@10)."""
    people = range(0, len(histories.seen), EVERY)
    others = replace(
        histories,
        seen=tuple(steps for n, steps in enumerate(histories.seen) if n % EVERY),
        hidden=tuple(item for n, item in enumerate(histories.hidden) if n % EVERY),
    )
    served = Served.of(others)
    served.settle(served.situation(0, others.seen[0]))
    counts = baselines.popularity(others)(())
    number = {item: n for n, item in enumerate(histories.items)}
    popular = ndcg(
        [
            place_by_score(counts, [number[s.item] for s in histories.seen[n]], number[histories.hidden[n]])
            for n in people
        ]
    )
    found: list[tuple[int | None, str, bool, float]] = []
    for seen in (*SEEN, None):
        found.append((seen, "popularity", False, popular))
        for told in (True, False) if seen is not None else (False,):
            places = []
            for n in people:
                steps = histories.seen[n]
                profile = says(histories, n, seen, seed) if told and seen is not None else None
                situation = served.situation(
                    len(histories.seen) + n, steps[:seen], profile, {step.item for step in steps}
                )
                places.append(served.place(situation, histories.hidden[n]))
            name = "as served, with goals and prior knowledge" if told else "as served, nothing declared"
            found.append((seen, name, True, ndcg(places)))
    return found
