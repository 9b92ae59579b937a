"""What a program does for a learner, or asks about one by number: nobody is there to click.

A page belongs to the person who opened it; a program with a token acts for somebody else. So whatever
changes what a person agreed to carries a statement of why, and is recorded. For whom is left out of that
record, which outlives what people agreed to.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .. import engine, identity, rights
from ..errors import NotFound
from ..launch import Launch
from ..people import Context, Learner, Purpose, Role, Source
from ..proposals import Situation, Suggestion
from ..staff import Actor
from ..store import audit, catalogue, course, events, learners, suggestions, tenants
from .opened import Opened

SEVERAL = 500
"""Suggestions read at a time."""


class OnBehalfDesk(Opened):
    """Calls about learners by number, and about courses by number."""

    def learner(self, tenant_id: str, learner_id: str) -> Learner:
        """One learner.

        :raises NotFound: when nobody of that number is remembered.
        """
        with self.database.read() as connection:
            return self._learner(connection, tenant_id, learner_id)

    def learner_known_as(self, tenant_id: str, issuer: str, user: str) -> str:
        """The number of the learner whom the LMS ``issuer`` calls ``user``.

        :raises NotFound: when that person is not remembered.
        """
        digests = self._people.digests(tenant_id, [identity.account(issuer, user)])
        with self.database.read() as connection:
            known = learners.recognise(connection, tenant_id, digests.values())
        if not known:
            raise NotFound("Nobody of this account is remembered.", "A person has to agree to it first.")
        return next(iter(known.values()))

    def agree_on_behalf(
        self,
        tenant_id: str,
        actor: Actor,
        learner_id: str,
        grants: Iterable[tuple[Purpose, Source]],
        on_behalf: str,
    ) -> str:
        """Make exactly these grants a remembered person's; with none, and no other basis, they are forgotten.

        :param on_behalf: where the person said so, for the record; it must not name them.
        :returns: the learner's number, "" when nothing is remembered any more.
        :raises NotFound: when nobody of that number is remembered.
        """
        wanted = frozenset(grants)
        now = self.clock()
        with self._changing_models(tenant_id) as connection:
            tenants.counters(connection, tenant_id, lock=True)
            self._learner(connection, tenant_id, learner_id)
            stays = bool(wanted) or bool(tenants.legal_bases(connection, tenant_id))
            if stays:
                rights.set_grants(connection, tenant_id, learner_id, wanted, self.models, now)
            else:
                rights.erase(connection, tenant_id, learner_id, self.models, self.plugins, now)
            said = {"on_behalf": on_behalf, "grants": sorted(f"{p}:{s}" for p, s in wanted)}
            audit.add(connection, tenant_id, actor, "agree on behalf", "", said, now)
        self.database.scrub()
        return learner_id if stays else ""

    def remember_on_behalf(
        self,
        tenant_id: str,
        actor: Actor,
        account: tuple[str, str],
        grants: Iterable[tuple[Purpose, Source]],
        on_behalf: str,
        locale: str = "en",
    ) -> tuple[str, bool]:
        """Remember somebody who agreed to something elsewhere; whom we know keeps what they agreed to.

        :param account: the LMS's address (issuer), and what it calls the person.
        :returns: the learner's number, and whether it is new.
        """
        issuer, user = account
        digests = self._people.digests(tenant_id, [identity.account(issuer, user)])
        wanted = frozenset(grants)
        now = self.clock()
        with self._changing_models(tenant_id) as connection:
            tenants.counters(connection, tenant_id, lock=True)
            known = learners.recognise(connection, tenant_id, digests.values())
            if known:
                return next(iter(known.values())), False
            learner_id = learners.remember(
                connection, tenant_id, digests.values(), (Role.LEARNER,), locale, now
            )
            rights.set_grants(connection, tenant_id, learner_id, wanted, self.models, now)
            said = {"on_behalf": on_behalf, "grants": sorted(f"{p}:{s}" for p, s in wanted)}
            audit.add(connection, tenant_id, actor, "agree on behalf", "", said, now)
        return learner_id, True

    def erase_on_behalf(self, tenant_id: str, actor: Actor, learner_id: str) -> dict[str, Any]:
        """Forget a person everywhere; returns the receipt (see ``rights.erase``).

        :raises NotFound: when nobody of that number is remembered.
        """
        now = self.clock()
        with self._changing_models(tenant_id) as connection:
            tenants.counters(connection, tenant_id, lock=True)
            self._learner(connection, tenant_id, learner_id)
            receipt = rights.erase(connection, tenant_id, learner_id, self.models, self.plugins, now)
            audit.add(connection, tenant_id, actor, "erase on behalf", receipt["receipt"], {}, now)
        self.database.scrub()
        return receipt

    # --- what is known of a learner ---

    def shown_to(self, tenant_id: str, learner_id: str) -> list[Suggestion]:
        """Everything that was suggested to a learner, newest first.

        :raises NotFound: when nobody of that number is remembered.
        """
        with self.database.read() as connection:
            self._learner(connection, tenant_id, learner_id)
            return suggestions.of_learner(connection, tenant_id, learner_id)

    def estimated(self, tenant_id: str, learner_id: str) -> Situation:
        """What is believed about a learner now: ``mastery`` and ``reviews`` are filled in; nothing is kept.

        :raises NotFound: when nobody of that number is remembered.
        """
        with self.models.lock(tenant_id), self.database.read() as connection:
            at = tenants.counters(connection, tenant_id)
            learner = self._learner(connection, tenant_id, learner_id)
            agreed = rights.granted(connection, tenant_id, [learner_id]).get(learner_id, frozenset())
            sources = {source for purpose, source in agreed if purpose is Purpose.SUGGESTIONS}
            history = events.history(connection, tenant_id, learner_id) if sources else []
            situation = Situation(
                now=self.clock(),
                seed=self.settings.seed,
                minutes=0,
                learner=learner,
                context=Context("", tenant_id, ""),
                catalogue=self._catalogue(connection, tenant_id, at),
                pool=(),
                history=tuple(event for event in history if event.source in sources),
                models=dict(self.models.states(connection, tenant_id, at)) if sources else {},
            )
            return engine.estimate(situation, self._plugins_of(connection, tenant_id))

    # --- courses ---

    def courses(self, tenant_id: str) -> list[tuple[str, Context]]:
        """The courses of the catalogue, each with the key by which the catalogue knows it, by key."""
        with self.database.read() as connection:
            return catalogue.contexts(connection, tenant_id)

    def course(self, tenant_id: str, course_id: str) -> tuple[str, Context]:
        """One course with its key.

        :raises NotFound: when the catalogue has no such course.
        """
        for key, context in self.courses(tenant_id):
            if context.id == course_id:
                return key, context
        raise NotFound("There is no such course.", "Courses come with the catalogue: import it first.")

    def entering(self, tenant_id: str, course_id: str) -> Launch:
        """A launch into a course, or with "" into none, that names nobody.

        :raises NotFound: when the catalogue has no such course.
        """
        if not course_id:
            return Launch(tenant_id, "", ())
        key, context = self.course(tenant_id, course_id)
        return Launch(tenant_id, "", (), context_key=key, context_title=context.title)

    def suggested_in(
        self, tenant_id: str, course_id: str, before: tuple[str, str] | None, limit: int
    ) -> list[Suggestion]:
        """What was suggested in a course to people whose agreement says that staff see it, newest first.

        :param before: time (ISO 8601, UTC) and id of the last one told; only earlier ones then.
        """
        covered = course.Population(tenant_id, covered=True)
        found: list[Suggestion] = []
        skip = 0
        with self.database.read() as connection:
            while True:
                several = course.suggested(
                    connection, covered, course_id, Purpose.SUGGESTIONS, skip=skip, limit=SEVERAL
                )
                skip += len(several)
                found += [s for s in several if before is None or (s.at.isoformat(), s.id) < tuple(before)]
                # Of one moment all are read before they are put in order.
                if len(several) < SEVERAL or (len(found) >= limit and several[-1].at < found[limit - 1].at):
                    break
        return sorted(found, key=lambda s: (s.at.isoformat(), s.id), reverse=True)[:limit]
