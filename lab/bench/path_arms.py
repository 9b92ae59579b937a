"""Ways through a simulated course: its fixed order, chance, need, and the planner as production asks it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core import engine
from ...core.catalogue import Activity
from ...core.people import Context, Depth, Learner, Purpose
from ...core.plans import Goal, goal
from ...core.plugins import Plugins
from ...core.proposals import Situation
from .simulated_course import TENANT, Person

LONGEST = 3.0
"""A way ends, mastered or not, after so many times the minutes of the whole course."""
GOOD = 0.6


@dataclass(frozen=True, slots=True)
class Walked:
    """One learner's way.

    :param minutes: until every skill of the goal was mastered in truth; the longest there is if never.
    :param reached: whether that happened.
    :param at_end: mean probability of a right answer on the goal's skills when the way said it was finished.
    :param end_minutes: minutes until it said so.
    """

    minutes: float
    reached: bool
    at_end: float
    end_minutes: float


Choose = Callable[[Person], "Activity | tuple[str, int] | None"]
"""What to do next: an activity, a review (skill, minutes), or None when the way says it is finished."""


Rest = Callable[[Person, Sequence[Activity]], Activity]


class Knowing:
    """The states of one learner's own models, kept as events come, and the situation they make."""

    def __init__(self, plugins: Plugins, who: Person) -> None:
        self.plugins = plugins
        self.models = [m for _, m in plugins.models() if m.purpose is Purpose.SUGGESTIONS]
        self.states: dict[str, Any] = {m.name: m.empty() for m in self.models}
        self.who = who
        self.folded = 0

    def situation(self) -> Situation:
        """This moment, still to be estimated."""
        who = self.who
        for event in who.events[self.folded :]:
            for model in self.models:
                self.states[model.name] = model.fold(self.states[model.name], event)
        self.folded = len(who.events)
        catalogue = who.course.catalogue
        return Situation(
            now=who.now,
            seed=1,
            minutes=who.a_day,
            learner=Learner("learner-1", TENANT),
            context=Context("course-0", TENANT, "Course"),
            catalogue=catalogue,
            pool=tuple(a.id for a in catalogue),
            history=tuple(reversed(who.events[-300:])),
            models=self.states,
        )


def results(who: Person) -> dict[str, float]:
    """Activity to the mean of the answers at its latest try; 1 for a lesson that was read."""
    found: dict[str, list[float]] = {}
    closed: set[str] = set()
    for event in who.events:
        if not event.activity_id:
            continue
        if event.activity_id in closed and event.result is not None:
            closed.discard(event.activity_id)
            found[event.activity_id] = []
        if event.result is not None:
            found.setdefault(event.activity_id, []).append(event.result)
        else:
            closed.add(event.activity_id)
            found.setdefault(event.activity_id, [])
    return {a: sum(r) / len(r) if r else 1.0 for a, r in found.items()}


def mended(who: Person, wanted: Sequence[Activity]) -> Activity:
    """After a whole way: what went badly, in the course's order; then what was done least often."""
    told = results(who)
    bad = [a for a in wanted if told.get(a.id, 0.0) < GOOD]
    return min(bad or wanted, key=lambda a: (who.times.get(a.id, 0), a.position))


def fixed() -> Choose:
    """The course as it stands, once; finished at its end."""

    def choose(who: Person) -> Activity | None:
        return next((a for a in who.course.catalogue if a.id not in who.times), None)

    return choose


def at_random(seed: int) -> Choose:
    """Any activity not done yet whose prerequisites are done."""
    chance = np.random.default_rng(seed)

    def choose(who: Person) -> Activity | None:
        free = _free(who)
        return free[int(chance.integers(len(free)))] if free else None

    return choose


def _free(who: Person) -> list[Activity]:
    return [
        a
        for a in who.course.catalogue
        if a.id not in who.times and all(need in who.times for need in a.prerequisites)
    ]


def by_need(plugins: Plugins) -> Choose:
    """The next activity of the skill that is estimated lowest (0.5 where nothing is known)."""
    knowing: list[Knowing] = []

    def choose(who: Person) -> Activity | None:
        if not knowing:
            knowing.append(Knowing(plugins, who))
        estimated = engine.estimate(knowing[0].situation(), plugins).mastery
        free = _free(who)

        def need(activity: Activity) -> tuple[float, int]:
            known = estimated.get(activity.skill_ids[0])
            return (known.mean if known else 0.5, activity.position)

        return min(free, key=need, default=None)

    return choose


def planned(plugins: Plugins, wanted: Sequence[str], depth: Depth = Depth.UNDERSTAND) -> Choose:
    """The first step of the plan, planned anew each time."""
    knowing: list[Knowing] = []

    def choose(who: Person) -> Activity | tuple[str, int] | None:
        if not knowing:
            knowing.append(Knowing(plugins, who))
        aimed: Goal = goal(wanted, depth, who.a_day)
        plan = engine.plan(knowing[0].situation(), aimed, plugins)
        if plan is None or not plan.steps:
            return None
        step = plan.steps[0]
        if not step.activity_id:
            return step.skill_id, step.minutes
        return who.course.catalogue.by_id[step.activity_id]

    return choose


def in_order_again(who: Person, wanted: Sequence[Activity]) -> Activity:
    """The course once more from its beginning, as a fixed order has it."""
    return min(wanted, key=lambda a: (who.times.get(a.id, 0), a.position))


def walk(who: Person, choose: Choose, wanted: Sequence[str], rest: Rest = mended) -> Walked:
    """Go on until the goal is mastered in truth and the way has said it is finished, or time is up.

    :param rest: what somebody does whose way says that it is finished before the goal is mastered.
    """
    longest = LONGEST * who.course.minutes
    mastered_at = 0.0 if who.mastered(wanted) else None
    ended: tuple[float, float] | None = None
    on_goal = [a for a in who.course.catalogue if set(a.skill_ids) & set(wanted)]
    while who.minutes < longest and (mastered_at is None or ended is None):
        chosen = choose(who) if ended is None else None
        if chosen is None and ended is None:
            ended = (_level(who, wanted), who.minutes)
            continue
        if isinstance(chosen, tuple):
            who.review(*chosen)
        else:
            who.do(chosen or rest(who, on_goal))
        if mastered_at is None and who.mastered(wanted):
            mastered_at = who.minutes
    level, minutes = ended or (_level(who, wanted), who.minutes)
    return Walked(
        mastered_at if mastered_at is not None else longest, mastered_at is not None, level, minutes
    )


def _level(who: Person, wanted: Sequence[str]) -> float:
    return sum(who.right(s) for s in wanted) / len(wanted)
