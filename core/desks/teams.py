"""Teams for a task, and where a course has people who are strong in a skill, for those who teach it.

Only people who agreed to be found by others count, and to a text that says that staff see what is suggested
to them. What one of them knows is not told: figures are about all of them together.
"""

from __future__ import annotations

from dataclasses import dataclass

from .. import engine
from ..people import Context, Learner, Purpose
from ..proposals import Situation
from ..store import choices, course, suggestions
from ..store.course import Population
from .opened import Opened

SIZES = (3, 4, 5)
"""People in a team, to choose from."""
MOST = 60
"""People who are put into teams at a time."""
STRONG = 0.6
"""Somebody is strong in a skill by results whose estimate has at least this low end."""


@dataclass(frozen=True, slots=True)
class CourseTeams:
    """Who could work together.

    :param people: how many agreed to it; the rest is empty when they are fewer than ``fewest``.
    :param alone: how many of them like to work alone, and are in no team.
    :param teams: learner ids.
    :param covered: skill id to (people strong in it, teams in which somebody is), commonest last.
    """

    people: int
    fewest: int
    alone: int = 0
    teams: tuple[tuple[str, ...], ...] = ()
    covered: tuple[tuple[str, int, int], ...] = ()


class TeamsDesk(Opened):
    """Calls about people who could work together."""

    def course_teams(self, tenant_id: str, context_id: str, size: int) -> CourseTeams:
        """Teams of about ``size``, as a plugin forms them."""
        current = self.catalogue(tenant_id)
        with self.database.read() as connection:
            fewest = choices.of_course(connection, tenant_id, context_id).figures_from
            agreed = course.ids(
                connection, Population(tenant_id, covered=True), Purpose.SUGGESTIONS, Purpose.PEERS
            )
            found = suggestions.everybody_found(connection, tenant_id, context_id, agreed)
            plugins = self._plugins_of(connection, tenant_id)
        if len(found) < fewest:
            return CourseTeams(len(found), fewest)
        together = {i: p for i, p in found.items() if not p.solo}
        learner_of = {p.ref: i for i, p in sorted(together.items())[:MOST]}
        pool = current.in_context(context_id)
        situation = Situation(
            now=self.clock(),
            seed=self.settings.seed,
            minutes=0,
            learner=Learner("", tenant_id),
            context=Context(context_id, tenant_id, ""),
            catalogue=current,
            pool=tuple(a.id for a in pool),
            peers=tuple(together[i] for i in learner_of.values()),
        )
        teams = engine.teams(situation, size, plugins)
        rows = []
        for skill in sorted({s for a in pool for s in a.skill_ids}):
            strong = sum(
                skill in p.mastery and p.mastery[skill].answers > 0 and p.mastery[skill].low >= STRONG
                for p in found.values()
            )
            rows.append((skill, strong, sum(skill in team.covers for team in teams)))
        return CourseTeams(
            len(found),
            fewest,
            len(found) - len(together),
            tuple(tuple(learner_of[ref] for ref in team.refs) for team in teams),
            tuple(sorted(rows, key=lambda row: (row[1], row[0]))),
        )
