"""What teachers and team leads see of their course: figures, what waits for their yes, what was suggested.

Figures are about people who agreed to suggestions, and told as ``course_figures`` says. Rows about one person
are only of those whose agreement says that staff see them.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cachetools import LRUCache
from sqlalchemy import Connection

from .. import course_figures, course_tally, identity
from ..catalogue import Catalogue
from ..course_figures import Band, KnownSkill, Module, Way
from ..course_tally import Suggested, Waiting
from ..evidence import Mastery
from ..launch import Launch
from ..learner_page import find_context
from ..membership import Headcount
from ..people import Purpose
from ..proposals import Suggestion
from ..store import choices, course, decisions, learners, rosters, tenants
from ..store.course import Population
from ..store.rosters import Roster
from .opened import Opened

FRESH = timedelta(minutes=1)
"""How long figures of a course hold; a change of consent ends them at once."""
FRESH_LIKE = timedelta(minutes=10)
"""How long what they are compared with holds."""
ROWS = 20
"""Suggestions on one page of the list."""
NOW_SUGGESTED = timedelta(days=14)
"""How far back what is suggested to somebody now can lie."""


@dataclass(frozen=True)
class CourseFigures:
    """All figures of one course at one moment.

    :param taking_part: how many agreed and take part here.
    :param headcount: what the LMS says of the course's members; None when it did not.
    :param fewest: people in a group from which figures about it are shown.
    :param reported: whether the LMS has reported anything that somebody did in this course.
    :param skills: weakest first.
    """

    taking_part: int
    headcount: Headcount | None
    fewest: int
    reported: bool
    far: tuple[Band, ...] = ()
    modules: tuple[Module, ...] = ()
    skills: tuple[KnownSkill, ...] = ()
    suggested: tuple[Suggested, ...] = ()

    @property
    def enough(self) -> bool:
        """Whether figures are shown at all."""
        return self.taking_part >= self.fewest


@dataclass(frozen=True, slots=True)
class Mentee:
    """Somebody who agreed to be accompanied.

    :param user_id: what the LMS calls the person.
    """

    learner_id: str
    user_id: str
    mastery: tuple[Mastery, ...]
    suggestions: tuple[Suggestion, ...]


class CourseDesk(Opened):
    """Calls about one course, for those who teach it."""

    def __init__(self, *arguments: object, **named: object) -> None:
        super().__init__(*arguments, **named)  # type: ignore[arg-type]
        self._figures: LRUCache[object, tuple[datetime, CourseFigures]] = LRUCache(200)
        self._likes: LRUCache[object, tuple[datetime, dict[str, Way]]] = LRUCache(20)
        self._figures_lock = threading.Lock()

    def course_figures(self, tenant_id: str, context_id: str) -> CourseFigures:
        """The figures of a course, at most a minute old."""
        now = self.clock()
        with self.database.read() as connection:
            at = tenants.counters(connection, tenant_id)
            fewest = choices.of_course(connection, tenant_id, context_id).figures_from
            key = (tenant_id, context_id, at.people_version, at.catalogue_version, fewest)
            with self._figures_lock:
                known = self._figures.get(key)
            if known is not None and now - known[0] < FRESH:
                return known[1]
            catalogue = self._catalogue(connection, tenant_id, at)
            made = self._count_course(connection, catalogue, context_id, fewest, at)
        with self._figures_lock:
            self._figures[key] = (now, made)
        return made

    def _count_course(
        self,
        connection: Connection,
        catalogue: Catalogue,
        context_id: str,
        fewest: int,
        at: tenants.Counters,
    ) -> CourseFigures:
        tenant_id = catalogue.tenant_id
        everybody = Population(tenant_id)
        pool = catalogue.in_context(context_id)
        own = {a.id for a in pool}
        shared = [a.id for a in pool if len(a.context_ids) > 1]
        steps = course.steps_here(connection, everybody, context_id, shared)
        steps = [s for s in steps if s.activity_id in own]
        came = course.came_of(connection, everybody, context_id)
        people = {s.learner_id for s in steps} | {c.learner_id for c in came}
        roster = rosters.find(connection, tenant_id, context_id)
        headcount = roster[1] if roster else None
        if len(people) < fewest:
            return CourseFigures(len(people), headcount, fewest, bool(steps))
        ways = course_tally.ways(steps)
        like = self._like(connection, everybody, at, fewest)
        covered = course.ids(connection, Population(tenant_id, covered=True), Purpose.SUGGESTIONS)
        return CourseFigures(
            len(people),
            headcount,
            fewest,
            bool(steps),
            course_figures.how_far(course_tally.ended_each(steps, people), len(pool), fewest),
            tuple(
                course_figures.module(
                    a.id, ways.get(a.id, Way()), course_tally.alike(a, catalogue, like), len(people), fewest
                )
                for a in pool
            ),
            self._known_skills(connection, tenant_id, people, {s for a in pool for s in a.skill_ids}, fewest),
            course_tally.suggested(course_tally.tellable(came, covered, fewest), fewest),
        )

    def _like(
        self, connection: Connection, everybody: Population, at: tenants.Counters, fewest: int
    ) -> dict[str, Way]:
        """What happened with every activity of the tenant that enough people began, of late."""
        now, key = self.clock(), (everybody.tenant_id, at.people_version, fewest)
        with self._figures_lock:
            known = self._likes.get(key)
        if known is not None and now - known[0] < FRESH_LIKE:
            return known[1]
        ways = course_tally.ways(course.steps_of_late(connection, everybody, at.event_seq))
        made = {activity_id: way for activity_id, way in ways.items() if way.begun >= fewest}
        with self._figures_lock:
            self._likes[key] = (now, made)
        return made

    @staticmethod
    def _known_skills(
        connection: Connection, tenant_id: str, people: Collection[str], wanted: Collection[str], fewest: int
    ) -> tuple[KnownSkill, ...]:
        sums: dict[str, tuple[int, float, float]] = {}
        for row in course.known(connection, tenant_id, people):
            count, total, squares = sums.get(row.skill_id, (0, 0.0, 0.0))
            sums[row.skill_id] = (count + row.people, total + row.sum, squares + row.squares)
        told = (course_figures.known_skill(s, *sums[s], fewest) for s in wanted if s in sums)
        return tuple(sorted(filter(None, told), key=lambda k: (k.mean, k.skill_id)))

    # --- what waits for a yes ---

    def course_queue(self, tenant_id: str, context_id: str) -> list[Waiting]:
        """What waits for a yes of staff in a course: what waits for most people first."""
        figures = self.course_figures(tenant_id, context_id)
        went_well = {s.activity_id: s.went_well for s in figures.suggested}
        with self.database.read() as connection:
            held = decisions.what_waits(connection, tenant_id, context_id)
            covered = course.ids(connection, Population(tenant_id, covered=True), Purpose.SUGGESTIONS)
        current = self.catalogue(tenant_id).by_id
        by_activity: dict[str, list[Suggestion]] = {}
        for each in held:
            if each.activity_id in current:
                by_activity.setdefault(each.activity_id, []).append(each)
        made = [
            course_tally.waiting(same, covered, figures.fewest, went_well.get(activity_id))
            for activity_id, same in by_activity.items()
        ]
        return sorted(made, key=lambda w: (-w.people, w.since, w.activity_id))

    # --- what was suggested to whom ---

    def course_suggestions(
        self, tenant_id: str, context_id: str, at: int = 1
    ) -> tuple[list[Suggestion], bool]:
        """What was suggested to whom, newest first, of those whose agreement says that staff see it.

        :param at: which screenful, from 1.
        :returns: the suggestions, and whether there are more.
        """
        with self.database.read() as connection:
            found = course.suggested(
                connection,
                Population(tenant_id, covered=True),
                context_id,
                Purpose.SUGGESTIONS,
                skip=(at - 1) * ROWS,
                limit=ROWS + 1,
            )
        current = self.catalogue(tenant_id).by_id
        return [s for s in found[:ROWS] if s.activity_id in current], len(found) > ROWS

    def may_decide_for(self, tenant_id: str, context_id: str, learner_id: str) -> bool:
        """Whether staff of the course see this learner's suggestions, and so may decide about one of them."""
        covered = Population(tenant_id, covered=True)
        with self.database.read() as connection:
            return bool(
                course.suggested(
                    connection, covered, context_id, Purpose.SUGGESTIONS, learner_ids=[learner_id], limit=1
                )
            )

    def seen_among(self, tenant_id: str, issuer: str, user_ids: Iterable[str]) -> dict[str, str]:
        """Learner id to what the LMS calls the person, of those whose suggestions staff see."""
        covered = Population(tenant_id, covered=True)
        with self.database.read() as connection:
            seen = course.ids(connection, covered, Purpose.SUGGESTIONS)
            known = self._accounts(connection, tenant_id, {identity.account(issuer, u): u for u in user_ids})
        return {learner_id: user_id for learner_id, user_id in known.items() if learner_id in seen}

    def _accounts(self, connection: Connection, tenant_id: str, named: Mapping[str, str]) -> dict[str, str]:
        """Learner id to what an account is called here, of those who are remembered."""
        digests = self._people.digests(tenant_id, named)
        name_of = {digests[account]: name for account, name in named.items()}
        wanted, found = list(name_of), dict[str, str]()
        for start in range(0, len(wanted), course.CHUNK):
            known = learners.recognise(connection, tenant_id, wanted[start : start + course.CHUNK])
            found |= {learner_id: name_of[digest] for digest, learner_id in known.items()}
        return found

    def roster_of(self, tenant_id: str, context_id: str) -> Roster | None:
        """Where the LMS tells the members of a course; None when it did not say."""
        with self.database.read() as connection:
            found = rosters.find(connection, tenant_id, context_id)
        return found[0] if found else None

    # --- accompanying ---

    def accompanied(self, launch: Launch) -> list[Mentee]:
        """Those whom the LMS gave to this mentor, and who agreed to it; nothing is said of the others."""
        tenant_id, now = launch.tenant_id, self.clock()
        named = {account: account.rpartition("|")[2] for account in launch.accompanies}
        both = (Purpose.SUGGESTIONS, Purpose.PEERS)
        covered = Population(tenant_id, covered=True)
        with self.database.read() as connection:
            context = find_context(connection, launch)
            agreed = course.ids(connection, covered, *both)
            mentees = {i: u for i, u in self._accounts(connection, tenant_id, named).items() if i in agreed}
            mastery = course.known_of(connection, tenant_id, mentees)
            made = course.suggested(
                connection, covered, context.id, *both, learner_ids=list(mentees), limit=len(mentees) * ROWS
            )
        current = self.catalogue(tenant_id).by_id
        newest: dict[tuple[str, str], Suggestion] = {}
        for each in made:
            if each.activity_id in current and each.at > now - NOW_SUGGESTED:
                newest.setdefault((each.learner_id, each.activity_id), each)
        return [
            Mentee(
                learner_id,
                user_id,
                tuple(sorted(mastery.get(learner_id, ()), key=lambda m: (-m.answers, m.skill_id))),
                tuple(s for (who, _), s in newest.items() if who == learner_id)[:5],
            )
            for learner_id, user_id in sorted(mentees.items())
        ]

    @staticmethod
    def _context(connection: Connection, launch: Launch) -> str:
        from ..learner_page import find_context

        return find_context(connection, launch).id
