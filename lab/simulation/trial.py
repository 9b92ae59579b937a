"""One strategy meets the people of a course, day by day, through the engine and the learned models.

What the command line and the server do in a database is done in memory here, by the same functions of core:
the engine suggests from a situation, what a person does becomes events, events say what came of
suggestions, and all of them are folded into the models. Everybody agreed to everything.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from ...core import engine, intake
from ...core.blend import BlendModel
from ...core.catalogue import Activity
from ...core.evidence import Event
from ...core.people import Context, Source
from ...core.plugins import Plugins
from ...core.proposals import Dismissal, Outcome, Situation, Suggestion
from . import choices
from .choices import Moment
from .world import COURSE, TENANT, Course, Kind, Person, skill_id

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
"""A Monday."""
HISTORY = 300
PAGES = 4
"""How often the page is opened in one session at most."""
RETAINED_AFTER = 90
KNOWN = 0.8
"""Chance of a right answer from which a skill counts as known."""
ORDER = {outcome: place for place, outcome in enumerate(Outcome)}


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one person.

    Mastery is the mean chance of a right answer of medium difficulty over the skills that count for the
    person.

    :param before, after: mastery at the start and at the end.
    :param retained: mastery ``RETAINED_AFTER`` days after the end, without anything done meanwhile.
    :param known: share of the skills known at the end, by ``KNOWN``.
    :param minutes: spent learning.
    :param left: whether the person gave up.
    """

    person: str
    kind: Kind
    before: float
    after: float
    retained: float
    known: float
    minutes: float
    left: bool


@dataclass
class Told:
    """What the tool remembers of one person."""

    history: deque[Event] = field(default_factory=lambda: deque(maxlen=HISTORY))
    shown: dict[str, Suggestion] = field(default_factory=dict)
    dismissed: dict[str, tuple[Dismissal, datetime]] = field(default_factory=dict)
    recorded: set[str] = field(default_factory=set)


class Trial:
    """A strategy's plugins with their models, and what happened so far.

    :param seed: of the engine and of what people do.
    :param after_days: how many days others learned before; the clock starts then.
    """

    def __init__(self, course: Course, plugins: Plugins, seed: int, *, after_days: int = 0) -> None:
        self.course, self.plugins, self.seed = course, plugins, seed
        self.start = START + timedelta(days=after_days)
        self.log: list[Event] = []
        self.models = [BlendModel(), *(model for _, model in plugins.models())]
        self.states: dict[str, Any] = {model.name: model.empty() for model in self.models}
        self.told: dict[str, Told] = {}
        self.pool = tuple(a.id for a in course.catalogue.in_context(COURSE))

    def run(
        self, people: Sequence[Person], days: int, *, said: Callable[[int], None] = lambda _: None
    ) -> list[Result]:
        """Let people learn for so many days; what became of them, in their order.

        :param said: told after each day how many are over.
        """
        start = [_mastery(one, 0.0) for one in people]
        minutes = [0.0] * len(people)
        gone: set[int] = set()
        # The same luck for each person and day, whichever strategy they meet: comparisons are fair.
        moods = np.random.default_rng([self.seed, 1]).random((len(people), days))
        for day in range(days):
            for n, one in enumerate(people):
                if n in gone:
                    continue
                if moods[n, day] < one.mind.leaves(day):
                    gone.add(n)
                elif one.at_hand[day]:
                    chance = np.random.default_rng([self.seed, 2, n, day])
                    minutes[n] += self.session(one, day, (n % 480) / 1440, chance)
            said(day + 1)
        return [
            Result(
                one.learner.id,
                one.kind,
                start[n],
                _mastery(one, days),
                _mastery(one, days + RETAINED_AFTER),
                float(np.mean([one.mind.chance(g, days) >= KNOWN for g in one.goals])),
                minutes[n],
                n in gone,
            )
            for n, one in enumerate(people)
        ]

    def session(self, one: Person, day: int, since: float, chance: np.random.Generator) -> float:
        """One person opens the page and follows it while there is time; returns the minutes spent."""
        told = self.told.setdefault(one.learner.id, Told())
        moment = Moment(day + since, self.start + timedelta(days=day + since))
        budget = float(one.at_hand[day])
        spent = 0.0
        for page in range(PAGES):
            left = int(budget - spent)
            now = moment.later(spent)
            answer = engine.suggest(
                self._situation(one, told, now.at, left), self.plugins, dismissed=told.dismissed
            )
            self._record(told, answer.suggestions)
            if not page:
                spent += self._reviews(one, told, answer, moment, budget, chance)
            offered = [self.course.catalogue.by_id[s.activity_id] for s in answer.suggestions]
            offered = [a for a in offered if a.minutes <= budget - spent]
            # Each page has its own luck, so that what happened on one does not shift the next.
            activity = choices.choose(one, offered, self.course, chance.spawn(1)[0])
            if activity is None:
                break
            spent += self._follow(one, told, activity, moment.later(spent), chance.spawn(1)[0])
            if budget - spent < 3:
                break
        return spent

    def _situation(self, one: Person, told: Told, now: datetime, minutes: int) -> Situation:
        return Situation(
            now=now,
            seed=self.seed,
            minutes=minutes,
            learner=one.learner,
            context=Context(COURSE, TENANT, "Course"),
            catalogue=self.course.catalogue,
            pool=self.pool,
            history=tuple(told.history),
            models=self.states,
        )

    def _record(self, told: Told, suggestions: Sequence[Suggestion]) -> None:
        """Keep what was shown for the first time, as the page's record does."""
        new = [s for s in suggestions if s.id not in told.recorded]
        for suggestion in new:
            told.recorded.add(suggestion.id)
            told.shown[suggestion.activity_id] = suggestion
        self.learn(intake.shown(new))

    def _reviews(
        self,
        one: Person,
        told: Told,
        answer: engine.Answer,
        moment: Moment,
        budget: float,
        chance: np.random.Generator,
    ) -> float:
        """Do some of the reviews that are due; returns the minutes spent."""
        spent = 0.0
        numbers = {skill_id(n): n for n in range(len(self.course.ease))}
        luck = chance.random(engine.REVIEWS_SHOWN)
        for due, drawn in zip(answer.due, luck, strict=False):
            if drawn > one.mind.parameters.judged.diligence or spent + due.minutes > budget / 2:
                continue
            now = moment.later(spent)
            name = f"{one.learner.id}-{now.at.isoformat()}-{due.skill_id}"
            event = choices.review(one, numbers[due.skill_id], now, name, chance.spawn(1)[0])
            self._happened(told, [event])
            spent += due.minutes
        return spent

    def _follow(
        self, one: Person, told: Told, activity: Activity, moment: Moment, chance: np.random.Generator
    ) -> float:
        """Do what was chosen, or wave it away; returns the minutes spent."""
        why = choices.dismissal(one, activity, self.course, moment.day, chance)
        if why is not None:
            told.dismissed[activity.id] = why, moment.at
            self._credit(told, activity.id, Outcome.DISMISSED, moment.at)
            return 0.5
        name = f"{one.learner.id}-{moment.at.isoformat()}-{activity.id}"
        self._happened(told, choices.do(one, activity, self.course, moment, name, chance))
        return float(activity.minutes)

    def _happened(self, told: Told, events: Iterable[Event]) -> None:
        for event in events:
            told.history.appendleft(event)
            self.log.append(event)
            self.learn([event])
            outcome = intake.outcome_of(event)
            if outcome is not None and event.activity_id:
                self._credit(told, event.activity_id, outcome, event.at)

    def _credit(self, told: Told, activity_id: str, outcome: Outcome, at: datetime) -> None:
        """Note what came of a suggestion, and credit who voted for it."""
        shown = told.shown.get(activity_id)
        if shown is None or at - shown.at > timedelta(days=intake.CREDIT_DAYS):
            return
        if ORDER[outcome] > ORDER[shown.outcome]:
            told.shown[activity_id] = replace(shown, outcome=outcome, outcome_at=at)
            self.learn([intake.credit(shown, outcome, at, _source(outcome))])

    def events(self) -> list[Event]:
        """What people did, oldest first; not what came of suggestions."""
        return sorted(self.log, key=lambda e: (e.at, e.id))

    def learn(self, events: Iterable[Event]) -> None:
        """Fold events into all models."""
        for event in events:
            for model in self.models:
                self.states[model.name] = model.fold(self.states[model.name], event)


def _mastery(one: Person, day: float) -> float:
    return float(np.mean([one.mind.chance(g, day) for g in one.goals]))


def _source(outcome: Outcome) -> Source:
    return Source.PAGE if outcome is Outcome.DISMISSED else Source.STATEMENTS
