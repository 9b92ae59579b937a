"""The record, gone through again: what would other strategies or weights have shown, page by page?

Each page's situation is rebuilt from what had happened before it, the learned models too: they are folded
anew in the order of events. Not rebuilt is what is not kept with its date: profiles, the catalogue and
agreements are taken as they stand now, decisions of staff as far as they hold now, a deep link's selection of
activities as the whole course. How well that works is measured: see ``Replayed.alike``.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import numpy as np
from sqlalchemy import Connection

from ..core import blend, engine, ranking, rights
from ..core.catalogue import Catalogue
from ..core.choices import Choices
from ..core.decisions import Decided
from ..core.errors import NotFound
from ..core.evidence import Event, EventKind
from ..core.intake import CREDIT_DAYS
from ..core.learned import LearnedModel
from ..core.people import Context, Purpose
from ..core.plugins import Plugins
from ..core.proposals import Dismissal, Situation, Suggestion
from ..core.store import choices, decisions, events, learners, suggestions
from .evaluation import Logged, cross_fitted

HISTORY = 300
SAME = 0.01
"""By how much a vote that was recorded and the one replayed may differ and count as the same."""


@dataclass(frozen=True)
class Replayed:
    """What to estimate from, and how far to trust it.

    :param lost: suggestions that could not be rebuilt: in the rebuilt situation the rules do not allow them.
    :param alike: share of the recorded votes that the replay gives as well; None when no strategy voted both
        times.
    """

    logged: Logged
    lost: int
    alike: float | None


@dataclass(frozen=True, slots=True)
class _Row:
    shown: Suggestion
    other: float
    features: Mapping[str, float]
    """Scores of what was shown, by strategy."""
    other_features: Mapping[str, float]
    """The same, averaged over what the other policy would have shown."""


Weights = Mapping[str, float]
Say = Callable[[int, int], None]


class Replay:
    """Goes through one tenant's record.

    :param connection: open for reading, for as long as it takes.
    :param plugins: as the tenant would use them.
    :param models: (plugin, model) pairs, as ``Plugins.models`` gives them.
    :param weights: strategy to weight; strategies that are not named have none. None takes what was
        learned by then.
    """

    def __init__(
        self,
        connection: Connection,
        tenant_id: str,
        catalogue: Catalogue,
        plugins: Plugins,
        models: Sequence[tuple[str, LearnedModel]],
        weights: Weights | None = None,
    ) -> None:
        self._connection = connection
        self._tenant_id = tenant_id
        self._catalogue = catalogue
        self._plugins = plugins
        used = [(p, m) for p, m in models if p in plugins.trusted or plugins.choice(p).enabled]
        self._models = [("core", blend.BlendModel()), *used]
        self._weights = weights
        self._states: dict[str, Any] = {}
        self._histories: dict[str, deque[Event]] = defaultdict(lambda: deque(maxlen=HISTORY))
        self._granted: dict[str, Any] = {}
        self._shown: dict[tuple[str, str], list[Suggestion]] = defaultdict(list)
        self._votes = self._votes_alike = 0

    def run(self, now: datetime, say: Say = lambda *_: None) -> Replayed:
        """Replay everything that is old enough for its outcome to be known (``CREDIT_DAYS``).

        :param say: told how many suggestions of how many are done.
        :raises NotFound: when there is nothing to replay.
        """
        every = suggestions.recorded(self._connection, self._tenant_id, now)
        ripe = [s for s in every if s.votes and s.at < now - timedelta(days=CREDIT_DAYS)]
        if not ripe:
            waiting = sum(bool(s.votes) for s in every)
            raise NotFound(
                f"None of {waiting} recorded suggestions is {CREDIT_DAYS} days old: what came of them is not "
                "known yet."
                if waiting
                else "No suggestions are recorded yet.",
                "They are recorded when learners who agreed to it open their page; come back when some are "
                f"{CREDIT_DAYS} days old.",
            )
        self._granted = dict(rights.granted(self._connection, self._tenant_id, {s.learner_id for s in ripe}))
        for name, model in self._models:
            self._states[model.name] = self._safely(name, model, "empty", model.empty)
        for suggestion in every:
            self._shown[suggestion.learner_id, suggestion.context_id].append(suggestion)
        rows: list[_Row] = []
        lost = done = 0
        happened = events.in_time(self._connection, self._tenant_id)
        upcoming = next(happened, None)
        for at, together in groupby((s for s in every if s.at <= ripe[-1].at), key=lambda s: s.at):
            before = []
            while upcoming is not None and upcoming.at < at:
                before.append(upcoming)
                upcoming = next(happened, None)
            self._learn(before)
            for _, page in groupby(together, key=lambda s: (s.learner_id, s.context_id, s.minutes_asked)):
                shown = list(page)
                made = list(self._page(shown))
                rows += made
                lost += sum(bool(s.votes) for s in shown) - len(made)
                done += len(shown)
                say(done, len(every))
        if not rows:
            raise NotFound(
                f"None of {lost} suggestions could be rebuilt.",
                "Their activities, or the people they were made for, are gone.",
            )
        alike = self._votes_alike / self._votes if self._votes else None
        return Replayed(_logged(rows), lost, alike)

    def _safely(
        self, plugin: str, model: LearnedModel, what: str, function: Callable[..., Any], **given: Any
    ) -> Any:
        _, answer = self._plugins.isolation.call(
            plugin, f"{model.name}.{what}", function, given, seconds=60.0, check=lambda value: value
        )
        return answer

    def _learn(self, new: Sequence[Event]) -> None:
        for event in new:
            if event.kind is not EventKind.OUTCOME:
                self._histories[event.learner_id].appendleft(event)
        strangers = {e.learner_id for e in new} - self._granted.keys()
        if strangers:
            self._granted |= rights.granted(self._connection, self._tenant_id, strangers)
        for plugin, model in self._models:
            state = self._states.get(model.name)
            allowed = [e for e in new if (model.purpose, e.source) in self._granted.get(e.learner_id, ())]
            if state is None or not allowed:
                continue

            def fold_all(state: Any, model: LearnedModel = model, allowed: Sequence[Event] = allowed) -> Any:
                for event in allowed:
                    state = model.fold(state, event)
                return state

            self._states[model.name] = self._safely(plugin, model, "fold", fold_all, state=state)

    def _page(self, shown: Sequence[Suggestion]) -> Iterator[_Row]:
        first = shown[0]
        here = self._shown[first.learner_id, first.context_id]
        learner = learners.find(self._connection, self._tenant_id, first.learner_id)
        if learner is None:
            return
        sources = {s for p, s in self._granted.get(learner.id, ()) if p is Purpose.SUGGESTIONS}
        situation = Situation(
            now=first.at,
            seed=0,
            minutes=first.minutes_asked,
            learner=replace(learner, locale=first.locale),
            context=Context(first.context_id, self._tenant_id, ""),
            catalogue=self._catalogue,
            pool=tuple(a.id for a in self._catalogue.in_context(first.context_id)),
            history=tuple(e for e in self._histories[learner.id] if e.source in sources),
            models={name: state for name, state in self._states.items() if state is not None},
        )
        field = engine.field(
            situation,
            self._plugins,
            dismissed=_dismissed(here, first),
            decided=self._decided(first),
        )
        if self._weights is not None:
            field = _weighed(field, self._weights)
        by_id = {r.activity_id: n for n, r in enumerate(field)}
        for suggestion in shown:
            if not suggestion.votes or suggestion.activity_id not in by_id:
                continue
            replayed = {v.strategy: v.score for v in field[by_id[suggestion.activity_id]].votes}
            for vote in suggestion.votes:
                if vote.strategy in replayed:
                    self._votes += 1
                    self._votes_alike += abs(vote.score - replayed[vote.strategy]) <= SAME
            above = _above(here, suggestion)
            chances = ranking.next_chances(field, above)
            mean: dict[str, float] = defaultdict(float)
            for r, chance in zip(field, chances, strict=True):
                for vote in r.votes:
                    mean[vote.strategy] += chance * vote.score
            yield _Row(suggestion, chances[by_id[suggestion.activity_id]], replayed, mean)

    def _decided(self, first: Suggestion) -> Decided:
        chosen: Choices = choices.of_course(self._connection, self._tenant_id, first.context_id)
        made = decisions.applying(self._connection, self._tenant_id, first.context_id, first.learner_id)
        return Decided.of([d for d in made if d.at is None or d.at <= first.at], needs_yes=chosen.needs_yes)


def _dismissed(here: Sequence[Suggestion], first: Suggestion) -> dict[str, tuple[Dismissal, datetime]]:
    """What the learner had said no to in this course by then."""
    return {
        s.activity_id: (s.dismissal, s.outcome_at)
        for s in here
        if s.dismissal is not None and s.outcome_at is not None and s.outcome_at < first.at
    }


def _above(here: Sequence[Suggestion], below: Suggestion) -> list[str]:
    """What stood above a suggestion: that day's latest for each place, which may be older than it is."""
    places = {
        s.position: s.activity_id
        for s in here
        if s.position < below.position
        and s.at <= below.at
        and s.at.date() == below.at.date()
        and s.minutes_asked == below.minutes_asked
    }
    return [places[n] for n in sorted(places)]


def _weighed(field: Sequence[ranking.Ranked], weights: Weights) -> list[ranking.Ranked]:
    """By other weights of the same votes; what they speak of not at all stays below all voted for."""
    speaking = {v.strategy for r in field for v in r.votes}
    weights = {name: weight for name, weight in weights.items() if name in speaking}
    if sum(weights.values()) <= 0:
        return list(field)
    found = []
    for r in field:
        value = r.weighed(weights)
        found.append(replace(r, value=value if r.votes else r.value))
    found.sort(key=lambda r: (-r.value, r.activity_id))
    return [
        r if n < ranking.LOTTERY or not r.votes else replace(r, value=r.value - 1.0)
        for n, r in enumerate(found)
    ]


def _logged(rows: Sequence[_Row]) -> Logged:
    strategies = sorted({name for row in rows for name in (*row.features, *row.other_features)})
    numbers = {name: n for n, name in enumerate(dict.fromkeys(row.shown.learner_id for row in rows))}
    reward = np.array([blend.VALUE[row.shown.outcome] for row in rows])
    person = np.array([numbers[row.shown.learner_id] for row in rows], dtype=np.intp)
    place = np.array([[row.shown.position] for row in rows], dtype=np.float64)
    features, instead = (
        np.column_stack([place, np.array([[each.get(s, 0.0) for s in strategies] for each in scores])])
        for scores in ([row.features for row in rows], [row.other_features for row in rows])
    )
    guess, other_guess = cross_fitted(features, reward, person, instead)
    return Logged(
        reward,
        np.array([row.shown.propensity for row in rows]),
        np.array([row.other for row in rows]),
        person,
        guess,
        other_guess,
    )
