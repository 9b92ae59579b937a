"""The path to a goal: planned now, and compared with the one before the latest result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .. import engine, learner_page, rights
from ..catalogue import Catalogue
from ..evidence import Event
from ..launch import Launch
from ..opens import leads_to
from ..people import Purpose, Source
from ..plans import Goal, Plan, goal
from ..proposals import Dismissal, Situation
from ..replanning import before_latest_result
from ..store import events, tenants
from .opened import Opened

FOR_GOOD = frozenset({Dismissal.KNOWN, Dismissal.NOT_RELEVANT, Dismissal.FORMAT})
"""Dismissals after which an activity is not proposed again."""


@dataclass(frozen=True)
class Path:
    """A plan with what it was made from; ``plan`` is None where no strategy plans, or there is no goal."""

    situation: Situation
    plan: Plan | None

    @property
    def catalogue(self) -> Catalogue:
        """Where the steps' activities stand."""
        return self.situation.catalogue


class PathsDesk(Opened):
    """Calls about paths."""

    def path(
        self,
        launch: Launch,
        learner_id: str,
        goal: Goal,
        *,
        locale: str = "en",
        answers: Mapping[str, str] | None = None,
    ) -> Path:
        """Plan the way to a goal. Nothing is stored; who is not remembered gets a plan from the catalogue.

        :param learner_id: "" for a person who is not remembered.
        :param goal: without skills it is that of the person's profile, or of the link that was opened.
        :param answers: what a person who is not remembered answered in this visit.
        """
        tenant_id = launch.tenant_id
        with self.models.lock(tenant_id), self.database.read() as connection:
            at = tenants.counters(connection, tenant_id)
            visit = learner_page.read(
                connection,
                launch,
                learner_id,
                catalogue=self._catalogue(connection, tenant_id, at),
                states=lambda: self.models.states(connection, tenant_id, at),
                now=self.clock(),
                seed=self.settings.seed,
                minutes=goal.minutes_a_day,
                locale=locale,
                answers=answers or {},
            )
            ruled_out = visit.decided.banned | {
                a for a, (why, _) in visit.dismissed.items() if why in FOR_GOOD
            }
            wanted = goal if goal.skills else _of_profile(goal, visit.situation)
            situation = replace(visit.situation, pool=_pool(visit.situation, wanted, frozenset(ruled_out)))
            before = None
            if visit.remembered:
                mine = events.of_learner(connection, tenant_id, learner_id)
                granted = rights.granted(connection, tenant_id, [learner_id])
                sources = {s for p, s in granted.get(learner_id, frozenset()) if p is Purpose.SUGGESTIONS}

                def relearned(kept: Sequence[Event]) -> Mapping[str, object]:
                    return self.models.alone(kept, granted, situation.models)

                before = before_latest_result(situation, _allowed(mine, sources), relearned)
            plugins = self._plugins_of(connection, tenant_id)
            return Path(situation, engine.plan(situation, wanted, plugins, before=before))


def _allowed(mine: Sequence[Event], sources: set[Source]) -> list[Event]:
    return sorted((e for e in mine if e.source in sources), key=lambda e: (e.at, e.id))


def _of_profile(wanted: Goal, situation: Situation) -> Goal:
    """The same wish, for the goals that the person set or the link brings."""

    known = [s for s in situation.learner.profile.goals if s in situation.catalogue.skills]
    return goal(known, wanted.depth, wanted.minutes_a_day, wanted.deadline)


def _pool(situation: Situation, wanted: Goal, ruled_out: frozenset[str]) -> tuple[str, ...]:
    """This course's activities, and what leads to the goal elsewhere where the course does not teach it."""
    by_id = situation.catalogue.by_id
    ids = dict.fromkeys(situation.pool)
    taught = {s for a in ids if a in by_id for s in by_id[a].skill_ids}
    for skill in wanted.skill_ids:
        if skill not in taught:
            ids |= dict.fromkeys(a.id for a in leads_to(skill, situation.catalogue))
    return tuple(a for a in ids if a not in ruled_out)
