"""What learners do, and what they are shown for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from .. import engine, intake, learner_page, rights
from ..arrival import Arrival, Receipt
from ..errors import Forbidden, NotFound
from ..evidence import CHECK_IN, Event, EventKind
from ..intake import Place
from ..launch import Launch
from ..page import LearnerPage, Shown
from ..people import Context, Purpose, Source
from ..proposals import Dismissal, Outcome, Situation, Suggestion
from ..store import events, suggestions, tenants
from .opened import Opened

RATING_SCORES = {1: 0.0, 2: 0.6, 3: 0.8, 4: 1.0}
"""Again, hard, good, easy: what a review's answer counts as a result."""


class LearningDesk(Opened):
    """Calls about evidence, the learner page, suggestions and reviews."""

    def intake(self, tenant_id: str, arrivals: Sequence[Arrival]) -> Receipt:
        """Take a batch of statements in: all of it is stored and learned from, or none.

        :raises Conflict: when a statement contradicts a stored one with the same id.
        :raises StoreUnavailable: when the database does not take it; nothing was stored.
        """
        identities = {a.identity for a in arrivals if a.identity}
        now = self.clock()
        with self._changing_models(tenant_id) as connection:
            at = tenants.counters(connection, tenant_id, lock=True)
            learner_of, granted = self._people.look_up(connection, tenant_id, at.people_version, identities)
            self.models.states(connection, tenant_id, at)
            appended = intake.store(
                connection,
                tenant_id,
                arrivals,
                at=at,
                learner_of=learner_of,
                granted=granted,
                places=self._by_object(connection, tenant_id, at),
                now=now,
            )
            self.models.arrived(tenant_id, appended.epoch, appended.first_seq, appended.events, granted)
        return appended.receipt

    def _by_object(self, connection: Connection, tenant_id: str, at: tenants.Counters) -> dict[str, Place]:
        """xAPI object to its place in the catalogue."""
        current = self._catalogue(connection, tenant_id, at)
        with self._cache_lock:
            places = self._places.get(current.version)
        if places is None:
            places = {
                a.object_id: Place(a.id, a.context_ids[0] if a.context_ids else "", a.skill_ids)
                for a in current
                if a.object_id
            }
            with self._cache_lock:
                self._places[current.version] = places
        return places

    def statement(self, tenant_id: str, statement_id: str) -> tuple[bytes, datetime] | None:
        """A stored statement and when it was stored, or None."""
        with self.database.read() as connection:
            return events.statements(connection, tenant_id, [statement_id]).get(statement_id)

    def note_course(self, launch: Launch) -> None:
        """At a launch: a course that is known by its title alone is this course of the LMS from now on."""
        with self.database.read() as connection:
            _, by_title = learner_page.found_context(connection, launch)
        if by_title:
            with self.database.write() as connection:
                tenants.counters(connection, launch.tenant_id, lock=True)
                learner_page.bind_context(connection, launch)

    def page(
        self,
        launch: Launch,
        learner_id: str,
        *,
        minutes: int = 20,
        locale: str = "en",
        answers: Mapping[str, str] | None = None,
        take_anyway: bool = False,
        lighter: bool = True,
    ) -> LearnerPage:
        """Everything the learner page shows.

        :param learner_id: "" for a person who is not remembered: nothing is read or stored about them.
        :param answers: what such a person answered in this visit.
        :param lighter: whether less is shown when the person's pace asks for it.
        """
        with self.models.lock(launch.tenant_id), self.database.read() as connection:
            at = tenants.counters(connection, launch.tenant_id)
            visit = learner_page.read(
                connection,
                launch,
                learner_id,
                catalogue=self._catalogue(connection, launch.tenant_id, at),
                states=lambda: self.models.states(connection, launch.tenant_id, at),
                now=self.clock(),
                seed=self.settings.seed,
                minutes=minutes,
                locale=locale,
                answers=answers or {},
            )
            plugins = self._plugins_of(connection, launch.tenant_id)
            answer = engine.suggest(
                visit.situation,
                plugins,
                dismissed=visit.dismissed,
                decided=visit.decided,
                take_anyway=take_anyway,
                lighter=lighter,
            )
        kept = learner_page.NOTHING_KEPT
        if visit.remembered:
            with self.database.write() as connection:
                kept = learner_page.keep(connection, visit, answer, plugins)
            self._note_shown(launch.tenant_id, learner_id, kept.new)
        return learner_page.compose(visit, answer, kept, plugins)

    def _note_shown(self, tenant_id: str, learner_id: str, new: Sequence[Suggestion]) -> None:
        """Tell the models what was shown; after the page is kept, so that pages need not wait for it."""
        told = intake.shown(new)
        if not told:
            return
        with self._changing_models(tenant_id) as connection:
            tenants.counters(connection, tenant_id, lock=True)
            granted = rights.granted(connection, tenant_id, [learner_id]).get(learner_id, frozenset())
            still = suggestions.find_many(connection, tenant_id, learner_id, [new[0].id])
            if still and intake.keeps(granted, Source.PAGE):
                self._record(connection, tenant_id, learner_id, told)

    # --- one suggestion ---

    def _suggestion(
        self, connection: Connection, tenant_id: str, learner_id: str, suggestion_id: str
    ) -> Suggestion:
        found = suggestions.find_many(connection, tenant_id, learner_id, [suggestion_id])
        if not found:
            raise NotFound("There is no such suggestion.", "Go back to the page: it shows the current ones.")
        return found[0]

    def suggestion(self, tenant_id: str, learner_id: str, suggestion_id: str) -> Shown:
        """One recorded suggestion with its activity.

        :raises NotFound: when it is not this learner's, or its activity left the catalogue.
        """
        current = self.catalogue(tenant_id)
        with self.database.read() as connection:
            found = self._suggestion(connection, tenant_id, learner_id, suggestion_id)
        if found.activity_id not in current.by_id:
            raise NotFound(
                "The activity of this suggestion is no longer in the catalogue.", "Choose another one."
            )
        return Shown(found, current.by_id[found.activity_id])

    def start(self, tenant_id: str, learner_id: str, suggestion_id: str) -> str:
        """Note that the learner starts a suggestion; returns the activity's address."""
        address = self.suggestion(tenant_id, learner_id, suggestion_id).activity.address
        self._came_of(tenant_id, learner_id, suggestion_id, Outcome.STARTED)
        return address

    def dismiss(self, tenant_id: str, learner_id: str, suggestion_id: str, why: Dismissal) -> None:
        """Note that a suggestion is not for this learner, and why."""
        self._came_of(tenant_id, learner_id, suggestion_id, Outcome.DISMISSED, why)

    def _came_of(
        self,
        tenant_id: str,
        learner_id: str,
        suggestion_id: str,
        outcome: Outcome,
        why: Dismissal | None = None,
    ) -> None:
        now = self.clock()
        with self._changing_models(tenant_id) as connection:
            tenants.counters(connection, tenant_id, lock=True)
            found = self._suggestion(connection, tenant_id, learner_id, suggestion_id)
            after = suggestions.come_of(connection, found, outcome, now, why)
            granted = rights.granted(connection, tenant_id, [learner_id])
            if after is not None and intake.keeps(granted.get(learner_id, frozenset()), Source.PAGE):
                self._record(
                    connection, tenant_id, learner_id, [intake.credit(found, outcome, now, Source.PAGE)]
                )

    def undo_dismiss(self, tenant_id: str, learner_id: str, suggestion_id: str) -> None:
        """Take a dismissal back, and what the models learned from it."""
        with self._changing_models(tenant_id) as connection:
            tenants.counters(connection, tenant_id, lock=True)
            found = self._suggestion(connection, tenant_id, learner_id, suggestion_id)
            if found.dismissal is None:
                return
            suggestions.take_back_dismissal(connection, found)
            if events.remove(connection, tenant_id, learner_id, intake.credit_id(found, Outcome.DISMISSED)):
                kept = events.of_learner(connection, tenant_id, learner_id)
                self.models.relearn(connection, tenant_id, learner_id, kept)

    def check_in(
        self, tenant_id: str, learner_id: str, context_id: str, motivation: float, goal_is_right: bool | None
    ) -> None:
        """Note how it goes, in the learner's own words of it.

        :param motivation: 0..1.
        :param goal_is_right: None when not said.
        :raises Forbidden: when the person has not agreed to what they say here being kept.
        """
        with self._changing_models(tenant_id) as connection:
            tenants.counters(connection, tenant_id, lock=True)
            granted = rights.granted(connection, tenant_id, [learner_id]).get(learner_id, frozenset())
            if (Purpose.SUGGESTIONS, Source.PAGE) not in granted:
                raise Forbidden(
                    "Check-ins are only kept for people who agreed that answers given here are kept.",
                    "Agree to it under “What is stored about me”.",
                )
            said = Event(
                id=intake.new_id(),
                tenant_id=tenant_id,
                learner_id=learner_id,
                kind=EventKind.RATED,
                at=self.clock(),
                source=Source.PAGE,
                context_id=context_id,
                item=CHECK_IN,
                success=goal_is_right,
                score=motivation,
            )
            self._record(connection, tenant_id, learner_id, [said])

    def answer_review(self, tenant_id: str, learner_id: str, skill_id: str, rating: int) -> datetime:
        """Note how well a skill was recalled (1 again, 2 hard, 3 good, 4 easy); returns when it is due next.

        :raises Forbidden: when the person has not agreed to what they say here being kept.
        :raises NotFound: when there is no such skill.
        """
        current = self.catalogue(tenant_id)
        if skill_id not in current.skills or rating not in RATING_SCORES:
            raise NotFound("There is no such skill or answer.", "Go back to the page and choose again.")
        now = self.clock()
        with self._changing_models(tenant_id) as connection:
            tenants.counters(connection, tenant_id, lock=True)
            learner = self._learner(connection, tenant_id, learner_id)
            granted = rights.granted(connection, tenant_id, [learner_id]).get(learner_id, frozenset())
            if (Purpose.SUGGESTIONS, Source.PAGE) not in granted:
                raise Forbidden(
                    "Reviews are only counted for people who agreed that answers given here are kept.",
                    "Agree to it under “What is stored about me”.",
                )
            review = Event(
                id=intake.new_id(),
                tenant_id=tenant_id,
                learner_id=learner_id,
                kind=EventKind.REVIEWED,
                at=now,
                source=Source.PAGE,
                skills=(skill_id,),
                success=rating > 1,
                score=RATING_SCORES[rating],
            )
            self._record(connection, tenant_id, learner_id, [review])
            situation = Situation(
                now=now,
                seed=self.settings.seed,
                minutes=0,
                learner=learner,
                context=Context("", tenant_id, ""),
                catalogue=current,
                pool=(),
                models=dict(self.models.states(connection, tenant_id)),
            )
            plugins = self._plugins_of(connection, tenant_id)
        scheduled = engine.estimate(situation, plugins).reviews
        return next((r.due for r in scheduled if r.skill_id == skill_id), now)
