"""Formats: what people say about how they learn best, weighed against their results. No learning styles.

A statement ("I learn best by video") is a weak prior. After each medium the learner's results are compared
with what was expected of this learner on that task (Rasch: mastery against difficulty), so that easy tasks
after videos do not speak for videos. Normal shrinkage (Gelman and others, "Bayesian Data Analysis", 2013,
section 2.5): with ``n`` results whose mean surplus is ``r``, what a medium brings is ``(K m + n r) / (K +
n)``, where ``m`` is ``SAID`` for what was stated, else 0. Without results that is the prior; with many the
statement no longer matters.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from ... import Activity, Event, PageSection, Reason, Situation, message
from ..indexed import difficulty
from ..paths import ENGAGEMENT

K = 10.0
"""Results that a statement weighs as much as."""
SAID = 0.05
"""What a stated format is taken to bring at first, in shares of a result."""
NOISE = 0.4
"""Standard deviation of a result around what was expected; 0.5 is the most that right and wrong can have."""
LASTS = timedelta(days=30)
"""How long after something was learned a result is still put down to it."""
ENOUGH = 5
"""Results after each of two formats from which the page compares them."""
ALIKE_FROM = 15
"""The same from which the page says that there is hardly a difference."""
SURE = 1.28
"""Standard deviations of a difference that is said: nine times out of ten it has this sign."""
STEEP = 4.0
LEAST = 0.5
UNTESTED = frozenset({"quiz", "other", "course", ""})
"""What nobody learns by, as such."""

TITLE = message("Formats, and how it went")
SAID_BUT = message(
    "You said “%(medium)s”. So far your results after “%(medium_other)s” are better than after “%(medium)s”, "
    "measured by what was to be expected of you (%(other)d and %(own)d results). Suggestions go by that."
)
SAID_AND = message(
    "You said “%(medium)s”, and so far your results bear that out, measured by what was to be expected of "
    "you: they are better than after “%(medium_other)s” (%(own)d and %(other)d results)."
)
SAID_ALIKE = message(
    "You said “%(medium)s”. So far your results after “%(medium)s” and after “%(medium_other)s” hardly "
    "differ (%(own)d and %(other)d results). Suggestions follow what you said a little."
)
FORMAT_SAID = message("Because it is of a format that you said you like.")
FORMAT_FOUND = message(
    "Because your results after this format were better than expected of you, in %(results)d tasks."
)


@dataclass(frozen=True, slots=True)
class Brought:
    """What learning by one medium brought one learner.

    :param prior: what was taken for granted before any result.
    :param results: how many results it rests on.
    :param surplus: their mean difference from what was expected, in shares of a result; 0 without any.
    """

    prior: float
    results: int = 0
    surplus: float = 0.0

    @property
    def mean(self) -> float:
        """What it is believed to bring."""
        return (K * self.prior + self.results * self.surplus) / (K + self.results)

    @property
    def variance(self) -> float:
        """How unsure that is."""
        return NOISE**2 / (K + self.results)


def expected(situation: Situation, activity: Activity) -> float:
    """What result is to be expected of this learner: mean over the skills, on the logit scale (Rasch)."""
    hard = difficulty(activity)
    chances = []
    for skill in activity.skill_ids:
        known = situation.mastery.get(skill)
        mean = min(0.98, max(0.02, known.mean)) if known else 0.5
        chances.append(1 / (1 + (1 - mean) / mean * hard / (1 - hard)))
    return sum(chances) / len(chances) if chances else 1 - hard


def surpluses(situation: Situation) -> dict[str, list[float]]:
    """Medium to the surplus of each task done after learning by it; several answers in a task are one.

    A result is put down to what the learner did last on one of its skills before, else to the medium of the
    task itself.
    """
    learned: dict[str, Event] = {}
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    catalogue = situation.catalogue.by_id
    for event in reversed(situation.history):
        activity = catalogue.get(event.activity_id)
        if activity is None or event.kind not in ENGAGEMENT:
            continue
        if event.result is not None:
            medium = _medium(catalogue, activity, event, learned)
            if medium not in UNTESTED:
                found[medium, activity.id].append(event.result - expected(situation, activity))
        if activity.media_type not in UNTESTED:
            for skill in activity.skill_ids:
                learned[skill] = event
    by_medium: dict[str, list[float]] = defaultdict(list)
    for (medium, _), values in found.items():
        by_medium[medium].append(sum(values) / len(values))
    return by_medium


def _medium(
    catalogue: Mapping[str, Activity], activity: Activity, event: Event, learned: Mapping[str, Event]
) -> str:
    before = [
        e
        for skill in activity.skill_ids
        if (e := learned.get(skill)) and e.activity_id != activity.id and event.at - e.at <= LASTS
    ]
    last = max(before, key=lambda e: (e.at, e.id), default=None)
    return catalogue[last.activity_id].media_type if last else activity.media_type


def brought(situation: Situation) -> dict[str, Brought]:
    """Medium to what it brings this learner, for those that were stated or have results."""
    stated = situation.learner.profile.media
    found = surpluses(situation) if situation.history else {}
    return {
        medium: Brought(
            SAID if medium in stated else 0.0,
            len(values := found.get(medium, [])),
            sum(values) / len(values) if values else 0.0,
        )
        for medium in dict.fromkeys((*stated, *found))
    }


def factors(known: Mapping[str, Brought], media: Sequence[str]) -> list[float]:
    """What a score is multiplied by for each of ``media``, ``LEAST`` to 1: 1 for what brings most."""
    best = max((b.mean for b in known.values()), default=0.0)
    best = max(best, 0.0)
    nothing = Brought(0.0)
    return [max(LEAST, 1 - STEEP * (best - known.get(medium, nothing).mean)) for medium in media]


def sections(situation: Situation) -> list[PageSection]:
    """What was found about the first stated format; nothing before there is enough to say it."""
    known = brought(situation)
    own = next((m for m in situation.learner.profile.media if known[m].results >= ENOUGH), "")
    others = [m for m in known if m != own and known[m].results >= ENOUGH]
    if not own or not others:
        return []
    other = max(others, key=lambda m: (known[m].mean, m))
    # What was said is the claim that is tested: the comparison leaves it out.
    a, b = (Brought(0.0, known[m].results, known[m].surplus) for m in (own, other))
    sure = (b.mean - a.mean) / math.sqrt(a.variance + b.variance)
    if sure >= SURE:
        text = SAID_BUT
    elif sure <= -SURE:
        text = SAID_AND
    elif min(a.results, b.results) >= ALIKE_FROM:
        text = SAID_ALIKE
    else:
        return []
    values: dict[str, str | int | float] = {
        "medium": own,
        "medium_other": other,
        "own": a.results,
        "other": b.results,
    }
    return [PageSection(TITLE, (text,), values=values)]


def reasons(situation: Situation, known: Mapping[str, Brought], medium: str) -> list[Reason]:
    """Why a format speaks for an activity: results where there are enough, else what was said."""
    here = known.get(medium)
    if here is None or here.mean < max(b.mean for b in known.values()) or here.mean <= 0:
        return []
    if here.results >= ENOUGH and here.surplus > 0:
        return [Reason(FORMAT_FOUND, {"results": here.results}, uses=frozenset({"catalogue", "statements"}))]
    if medium in situation.learner.profile.media:
        return [Reason(FORMAT_SAID, uses=frozenset({"catalogue", "page"}))]
    return []
