"""What is retained for the minutes spent: ours against fixed intervals and no review, by other memories.

A learner takes up one skill a day for twenty days (four presentations each), reviews for ninety days with ten
minutes a day, and is tested then. A review takes two minutes; what is not recalled is shown again. Ours is
the plugin's hook, which sees only the answers. Fixed intervals are set to take the same time; nothing else is
known of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from ...core.catalogue import Catalogue
from ...core.evidence import Event, EventKind
from ...core.plugins import Plugins
from .. import histories
from ..patience import Patient
from .spacing_judges import Activation, HalfLife, Judge
from .suite import Options, Row

SKILLS, DAYS, BUDGET, REVIEW, LEARNERS = 20, 90, 10, 2, 6
SHOWN = 4  # presentations of a new skill, a minute each
EVENING = 0.4  # of a day: when reviews are done
JUDGES: dict[str, Callable[[float], Judge]] = {"ACT-R": Activation, "half-life": HalfLife}
SPREAD = {"ACT-R": 0.15, "half-life": 0.5}  # standard deviation of skills' ease, in each judge's own unit
CATALOGUE = Catalogue(histories.TENANT, "simulated-memory")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one learner: mean recall on the last day, and minutes from the first."""

    retained: float
    minutes: float


class Served:
    """Ours: reviews that the hook says fall due today."""

    def __init__(self, plugins: Plugins) -> None:
        self.plugins = plugins
        self.model: Any = next(model for _, model in plugins.models() if model.name == "spacing")
        self.state = self.model.empty()

    def answered(self, skill: str, day: float, recalled: bool) -> None:
        """Learn the result."""
        at = histories.START + timedelta(days=day)
        self.state = self.model.fold(
            self.state,
            Event(
                f"{skill}-{day}",
                histories.TENANT,
                "learner-1",
                EventKind.REVIEWED,
                at,
                skills=(skill,),
                score=0.8 if recalled else 0.0,
            ),
        )

    def due(self, day: float) -> list[str]:
        """The skills to review today."""
        now = histories.START + timedelta(days=day)
        situation = histories.situation(CATALOGUE, models={"spacing": self.state}, now=now, minutes=BUDGET)
        said = self.plugins.first("schedule_reviews", situation=situation)
        return [r.skill_id for r in said.values if r.due.date() <= now.date()] if said else []


class Fixed:
    """Every skill again after the same number of days (a fraction is kept in mind); without one, never."""

    def __init__(self, days: float | None) -> None:
        self.days = days
        self.next: dict[str, float] = {}

    def answered(self, skill: str, day: float, recalled: bool) -> None:  # noqa: ARG002
        """Set the next date by the plan, whatever the result."""
        if self.days is not None:
            self.next[skill] = max(self.next.get(skill, day) + self.days, day)

    def due(self, day: float) -> list[str]:
        """The skills to review today, the longest due first."""
        found = sorted((at, skill) for skill, at in self.next.items() if at <= day + 1 - EVENING)
        return [skill for _, skill in found]


def live(make: Callable[[float], Judge], spread: float, policy: Served | Fixed, seed: int) -> Outcome:
    """Ninety days of one learner."""
    chance = np.random.default_rng(seed)
    memory = {f"skill-{n}": make(float(ease)) for n, ease in enumerate(chance.normal(0, spread, SKILLS))}
    luck = chance.random((DAYS, SKILLS))
    minutes = 0.0
    for day in range(DAYS):
        now = day + EVENING
        for skill in [s for s in policy.due(now) if s in memory][: BUDGET // REVIEW]:
            judge = memory[skill]
            recalled = bool(luck[day, int(skill.split("-")[1])] < judge.recall(now))
            judge.practise(now, recalled)
            policy.answered(skill, now, recalled)
            minutes += REVIEW
        if day < SKILLS:
            for n in range(SHOWN):
                memory[f"skill-{day}"].practise(now + n / 1440, True)
            policy.answered(f"skill-{day}", now + SHOWN / 1440, True)
            minutes += SHOWN
    return Outcome(float(np.mean([judge.recall(DAYS + EVENING) for judge in memory.values()])), minutes)


def mean(name: str, policy: Callable[[], Served | Fixed], seed: int) -> Outcome:
    """The mean of ``LEARNERS`` learners, the same ones for each policy."""
    found = [live(JUDGES[name], SPREAD[name], policy(), seed + n) for n in range(LEARNERS)]
    return Outcome(float(np.mean([o.retained for o in found])), float(np.mean([o.minutes for o in found])))


def same_time(name: str, minutes: float, seed: int) -> Outcome:
    """Fixed intervals that take the wished minutes, as near as halving finds; retention is not looked at."""
    short, long = 1.0, float(DAYS)
    tried = []
    for _ in range(12):
        middle = (short * long) ** 0.5
        tried.append(mean(name, lambda days=middle: Fixed(days), seed))  # type: ignore[misc]
        if tried[-1].minutes > minutes:
            short = middle
        else:
            long = middle
    return min(tried, key=lambda o: abs(o.minutes - minutes))


def simulated(options: Options) -> list[Row]:
    """Retention, minutes and their ratio, by each judge."""
    plugins = Plugins(isolation=Patient())
    rows = []
    for name in JUDGES:
        options.say(f"ninety days, judged by {name}")
        ours = mean(name, lambda: Served(plugins), options.seed)
        named = [("as served", True, ours)]
        if options.peers:
            named.append(("fixed intervals, same time", False, same_time(name, ours.minutes, options.seed)))
            named.append(("no review", False, mean(name, lambda: Fixed(None), options.seed)))
        for who, mine, o in named:
            data = f"judged by {name}"
            rows.append(Row(data, "retention at 90 days", who, mine, o.retained))
            rows.append(Row(data, "minutes", who, mine, o.minutes))
            rows.append(
                Row(data, "retention at 90 days per minute", who, mine, SKILLS * o.retained / o.minutes)
            )
    return rows
