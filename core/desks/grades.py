"""Progress as grades for the LMS: who is graded, what the grade is, and the outbox that survives everything.

Sending itself is not done here: ``take_score`` hands out what is due, one at a time in each place, and
``score_arrived`` or ``score_failed`` hears what became of it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from .. import engine, learner_page, opens, rights
from ..errors import NotFound
from ..launch import Launch
from ..people import Context, Learner, Purpose, Role
from ..progress import progress
from ..proposals import Situation
from ..store import events, grades, learners, tenants
from ..store.grades import GradeLink, Waiting
from .opened import Opened

CLAIMED = timedelta(minutes=2)
"""How long a score belongs to who took it; much longer than one request may last."""
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)
GIVE_UP = timedelta(days=14)
"""After this a score waits for a person: a link or an LMS that is gone does not come back by asking."""
MOST_AT_ONCE = 100
CONFLICT = 409


@dataclass(frozen=True, slots=True)
class Taken:
    """A score to be sent now.

    :param user_id: what the LMS calls the learner.
    :param at: the time that the score carries.
    """

    waiting: Waiting
    user_id: str
    at: datetime


class GradesDesk(Opened):
    """Calls about grades."""

    def note_graded(self, launch: Launch, learner_id: str) -> bool:
        """Note what a launch says about grading: from now on progress goes to its column, or no longer.

        Only of learners who agreed to suggestions; the LMS takes no grades of teachers.

        :returns: whether something may have to be sent.
        """
        if not learner_id or not launch.line_item or launch.roles != {Role.LEARNER}:
            return False
        opened = opens.opens(launch.custom)
        with self.database.read() as connection:
            context = learner_page.find_context(connection, launch)
            known = grades.find(connection, launch.tenant_id, learner_id, launch.line_item)
        link = GradeLink(
            launch.tenant_id,
            learner_id,
            launch.line_item,
            launch.registration_id,
            self.secrets.encrypt(launch.identities[0].split("|", 2)[2].encode()),
            context.id,
            opened.text,
        )
        if not opened.graded and known is None:
            return False
        if opened.graded and known and known.same_as(link):
            return True
        with self.database.write() as connection:
            tenants.counters(connection, launch.tenant_id, lock=True)
            if not opened.graded or not self._may_grade(connection, launch.tenant_id, learner_id):
                grades.drop(connection, link)
                return False
            grades.note(connection, link)
        return True

    @staticmethod
    def _may_grade(connection: Connection, tenant_id: str, learner_id: str) -> bool:
        granted = rights.granted(connection, tenant_id, [learner_id]).get(learner_id, frozenset())
        return learners.find(connection, tenant_id, learner_id) is not None and any(
            purpose is Purpose.SUGGESTIONS for purpose, _ in granted
        )

    def count_progress(self) -> int:
        """Grade what learners did since the last count; returns how many scores were put into the outbox."""
        with self.database.read() as connection:
            tenant_ids = [tenant.id for tenant in tenants.every(connection)]
        return sum(self._count(tenant_id) for tenant_id in tenant_ids)

    def _count(self, tenant_id: str) -> int:
        with self.database.read() as connection:
            behind = grades.behind(connection, tenant_id)
        put = 0
        for link, event_seq in behind:
            score = self._progress(link)
            with self.database.write() as connection:
                tenants.counters(connection, tenant_id, lock=True)
                if self._may_grade(connection, tenant_id, link.learner_id):
                    put += grades.count(connection, link, event_seq, score, self.clock())
        return put

    def _progress(self, link: GradeLink) -> float | None:
        tenant_id, learner_id = link.tenant_id, link.learner_id
        opened = opens.opens({opens.OPEN: link.opens})
        with self.models.lock(tenant_id), self.database.read() as connection:
            at = tenants.counters(connection, tenant_id)
            catalogue = self._catalogue(connection, tenant_id, at)
            learner = learners.find(connection, tenant_id, learner_id)
            granted = rights.granted(connection, tenant_id, [learner_id]).get(learner_id, frozenset())
            sources = {source for purpose, source in granted if purpose is Purpose.SUGGESTIONS}
            log = [e for e in events.of_learner(connection, tenant_id, learner_id) if e.source in sources]
            log.sort(key=lambda e: e.at, reverse=True)
            recent = events.history(connection, tenant_id, learner_id)
            situation = Situation(
                now=self.clock(),
                seed=self.settings.seed,
                minutes=0,
                learner=learner or Learner(learner_id, tenant_id),
                context=Context(link.context_id, tenant_id, ""),
                catalogue=catalogue,
                pool=tuple(a.id for a in opens.pool(opened, catalogue, link.context_id)),
                history=tuple(e for e in recent if e.source in sources),
                models=dict(self.models.states(connection, tenant_id, at)),
            )
            return progress(opened, engine.estimate(situation, self._plugins_of(connection, tenant_id)), log)

    # --- the outbox ---

    def take_scores(self, skip: Collection[str] = ()) -> list[Taken]:
        """The scores that are due, of each learner and column only the oldest; they belong to the caller now.

        :param skip: registrations to leave alone for now.
        """
        now = self.clock()
        with self.database.read() as connection:
            due = grades.due(connection, now, skip, MOST_AT_ONCE)
        taken = []
        for each in due:
            with self.database.write() as connection:
                stamp = grades.claim(connection, each, now, now + CLAIMED)
            if stamp is not None:
                user_id = self.secrets.decrypt(each.subject).decode()
                taken.append(Taken(replace(each, tries=each.tries + 1), user_id, stamp))
        return taken

    def score_arrived(self, taken: Taken) -> None:
        """The LMS has the score."""
        with self.database.write() as connection:
            grades.arrived(connection, taken.waiting)

    def score_failed(
        self, taken: Taken, error: str, *, status: int | None, again: bool, after: float | None = None
    ) -> None:
        """The LMS did not take the score, or may not have taken it.

        A conflict (409) says that the LMS has a score of this time, or a later one. After a try of unknown
        end that was this very score, for no other carries its time; else it is sent with a new time.

        :param status: what the LMS answered; 0 when nothing was sent, None when there was no answer.
        :param after: seconds that the LMS asks to wait.
        """
        waiting = taken.waiting
        if status == CONFLICT and waiting.unsure:
            self.score_arrived(taken)
            return
        now = self.clock()
        pause = min(FIRST_PAUSE * 2 ** min(waiting.tries - 1, 10), LONGEST_PAUSE)
        if after is not None:
            pause = max(pause, min(timedelta(seconds=after), timedelta(days=1)))
        waits = again and now - waiting.created_at < GIVE_UP
        known = waiting.unsure if status == 0 else status is None or status >= 500
        with self.database.write() as connection:
            grades.failed(
                connection,
                waiting,
                error,
                now + pause if waits else None,
                unsure=known,
                new_stamp=status == CONFLICT,
            )

    def waiting_scores(self, tenant_id: str) -> list[Waiting]:
        """What waits to be sent, oldest first."""
        with self.database.read() as connection:
            return grades.waiting(connection, tenant_id)

    def retry_scores(self, tenant_id: str, score_id: int | None = None) -> int:
        """Have what waits tried at once; returns how many.

        :raises NotFound: when there is no such score.
        """
        with self.database.write() as connection:
            ids = {each.id for each in grades.waiting(connection, tenant_id)}
            if score_id is not None and score_id not in ids:
                raise NotFound(f"No score {score_id} waits.", "`stifinder jobs list` shows what waits.")
            return grades.retry(connection, tenant_id, ids if score_id is None else {score_id}, self.clock())
