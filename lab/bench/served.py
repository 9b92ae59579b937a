"""What the product itself would suggest next: all plugins, learned models and the blend, as in production.

Each item is an activity of one tenant with one skill of its own. A step is a completed activity, or a scored
one where the data has results. The pool's order says nothing: in the public files items are numbered much as
the course goes, which no method here is told.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ...core import blend, engine
from ...core.catalogue import Activity, Catalogue, Level, Skill, SkillLevel
from ...core.evidence import Event, EventKind
from ...core.people import Context, Learner, Profile, Source
from ...core.plugins import Plugins
from ...core.proposals import Outcome, Situation
from ..patience import Patient
from .leave_last_out import START, Histories, Step

TENANT = "tenant-1"
CONTEXT = Context("course-1", TENANT, "Everything")
HISTORY = 300
"""Events of a learner that the host gives to strategies (``Situation.history``)."""
PAGES = 150
"""Pages from which the blend learns before anything is measured."""


def catalogue(histories: Histories) -> Catalogue:
    """An activity and a skill for each item, with its title and nothing else."""
    titles = {item: histories.titles.get(item, item) for item in histories.items}
    return Catalogue(
        TENANT,
        f"{histories.name}-{len(titles)}",
        tuple(
            Activity(
                item,
                TENANT,
                item,
                title,
                skills=(SkillLevel(item, Level.BEGINNER),),
                context_ids=(CONTEXT.id,),
            )
            for item, title in titles.items()
        ),
        {item: Skill(item, TENANT, title) for item, title in titles.items()},
    )


def events(steps: Sequence[Step], learner: str) -> list[Event]:
    """A learner's steps, oldest first."""
    return [
        Event(
            f"{learner}-{n}",
            TENANT,
            learner,
            EventKind.COMPLETED if step.result is None else EventKind.SCORED,
            step.at,
            activity_id=step.item,
            context_id=CONTEXT.id,
            skills=(step.item,),
            score=step.result,
        )
        for n, step in enumerate(steps)
    ]


def settled() -> None:
    """Wait until what plugins began in the background is done."""
    for thread in threading.enumerate():
        if "_in_background" in thread.name or "_index_texts" in thread.name:
            thread.join()


@dataclass
class Served:
    """A tenant in production: its plugins, its catalogue, the states of its models.

    :param only: strategies that may vote; empty for all.
    """

    histories: Histories
    plugins: Plugins
    catalogue: Catalogue
    states: dict[str, Any]

    @classmethod
    def of(cls, histories: Histories, only: Collection[str] = ()) -> Served:
        """Learn from everybody's steps.

        :param only: strategies that may vote; empty for all.
        """
        installed = Plugins(isolation=Patient())
        silent = [row.name for row in installed.describe() if only and row.name not in only]
        plugins = Plugins(disable=silent, isolation=Patient()) if silent else installed
        states: dict[str, Any] = {}
        for _, model in plugins.models():
            state = model.empty()
            for n, steps in enumerate(histories.seen):
                for event in events(steps, f"learner-{n}"):
                    state = model.fold(state, event)
            states[model.name] = state
        return cls(histories, plugins, catalogue(histories), states)

    def situation(
        self, n: int, steps: Sequence[Step], profile: Profile | None = None, done: Collection[str] = ()
    ) -> Situation:
        """The moment after these steps of learner ``n``; the pool is everything not practised.

        :param done: what is left out of the pool too, though the history does not show it.
        """
        name = f"learner-{n}"
        practised = {step.item for step in steps} | set(done)
        return Situation(
            now=(steps[-1].at if steps else START) + timedelta(days=1),
            seed=1,
            minutes=60,
            learner=Learner(name, TENANT, profile=profile or Profile()),
            context=CONTEXT,
            catalogue=self.catalogue,
            pool=tuple(item for item in self.histories.items if item not in practised),
            history=tuple(events(steps, name)[::-1][:HISTORY]),
            models=self.states,
        )

    def settle(self, situation: Situation) -> None:
        """Ask once, and wait for what is prepared in the background."""
        engine.rank(situation, self.plugins)
        settled()

    def place(self, situation: Situation, hidden: str) -> float:
        """Where the hidden item stands, from 1; what nobody voted for comes last, in the pool's order."""
        ranked = [r.activity_id for r in engine.rank(situation, self.plugins)]
        if hidden in ranked:
            return 1.0 + ranked.index(hidden)
        others = len(situation.pool) - len(ranked)
        return len(ranked) + (1 + others) / 2

    def learn_from_pages(self, pages: Iterable[tuple[Situation, str]]) -> None:
        """Show pages and tell the blend what came of them, by the host's own rules.

        :param pages: situations and what the learner did next.
        """
        model = blend.BlendModel()
        state = self.states.get(model.name, model.empty())
        for number, (situation, next_item) in enumerate(pages):
            shown = engine.suggest(situation, self.plugins).suggestions
            said = [blend.shown(shown, f"shown-{number}")] + [
                blend.credit(s, Outcome.COMPLETED, f"came-{number}", situation.now, Source.STATEMENTS)
                for s in shown
                if s.activity_id == next_item
            ]
            for event in filter(None, said):
                state = model.fold(state, event)
        self.states[model.name] = state


def blended(histories: Histories, profiles: Mapping[int, Profile] | None = None) -> dict[str, Any]:
    """What the blend learned one step earlier, from ``PAGES`` learners: no hidden step is in it."""
    before = Served.of(histories.earlier())
    pages = list(_pages(before, profiles or {}))
    if pages:
        before.settle(pages[-1][0])
    before.learn_from_pages(pages)
    return {"blend": before.states["blend"]}


def _pages(served: Served, profiles: Mapping[int, Profile]) -> Iterator[tuple[Situation, str]]:
    histories = served.histories
    every = max(1, len(histories.seen) // PAGES)
    for n in range(0, len(histories.seen), every):
        yield served.situation(n, histories.seen[n], profiles.get(n)), histories.hidden[n]
