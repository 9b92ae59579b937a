"""How one learner is doing with what a link opens, for a teacher who comes from the gradebook.

Only learners whose agreement says that staff see what is suggested to them are shown; of all others nothing
is said, not even whether they are known.
"""

from __future__ import annotations

from dataclasses import dataclass

from .. import opens
from ..evidence import Mastery
from ..launch import Launch
from ..learner_page import find_context
from ..people import Context, Purpose
from ..proposals import Suggestion
from ..store import course
from ..store.course import Population
from ..store.grades import GradeLink
from .course import CourseDesk
from .grades import GradesDesk

SUGGESTIONS = 10
"""The newest ones, that are shown."""


@dataclass(frozen=True)
class Progress:
    """One learner, one link, one moment.

    :param opened: what the link opens.
    :param grade: 0..100, as ``progress`` counts it; None while there is nothing to grade.
    :param mastery: of the course's skills, what is known best first.
    :param suggestions: in this course, newest first.
    """

    learner_id: str
    context: Context
    opened: opens.Opens
    grade: float | None
    mastery: tuple[Mastery, ...]
    suggestions: tuple[Suggestion, ...]


class ReviewDesk(GradesDesk, CourseDesk):
    """Calls about one learner whom the LMS named to somebody of the staff."""

    def to_review(self, launch: Launch, issuer: str, user_id: str) -> str:
        """Who is to be reviewed; "" for somebody whose progress staff do not see."""
        return next(iter(self.seen_among(launch.tenant_id, issuer, [user_id])), "")

    def progress_of(self, launch: Launch, learner_id: str) -> Progress | None:
        """How a learner is doing; None when the person does not agree to being seen (any more)."""
        tenant_id, covered = launch.tenant_id, Population(launch.tenant_id, covered=True)
        with self.database.read() as connection:
            context = find_context(connection, launch)
            if learner_id not in course.ids(connection, covered, Purpose.SUGGESTIONS):
                return None
            known = course.known_of(connection, tenant_id, [learner_id]).get(learner_id, [])
            made = course.suggested(
                connection,
                covered,
                context.id,
                Purpose.SUGGESTIONS,
                learner_ids=[learner_id],
                limit=SUGGESTIONS,
            )
        catalogue = self.catalogue(tenant_id)
        taught = {skill for activity in catalogue.in_context(context.id) for skill in activity.skill_ids}
        opened = opens.opens(launch.custom)
        link = GradeLink(tenant_id, learner_id, "", launch.registration_id, b"", context.id, opened.text)
        return Progress(
            learner_id,
            context,
            opened,
            self._progress(link),
            tuple(
                sorted(
                    (m for m in known if m.skill_id in taught or not taught),
                    key=lambda m: (-m.answers, m.skill_id),
                )
            ),
            tuple(s for s in made if s.activity_id in catalogue.by_id),
        )
