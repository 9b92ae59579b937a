"""Keeping only as long as a tenant chose."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from .. import engine, retention, rights
from ..evidence import Mastery
from ..people import Context, Purpose, Role
from ..proposals import Situation
from ..retention import Old
from ..staff import Actor
from ..store import choices, events, tenants
from ..store import retention as store
from .staff import StaffDesk

DAILY = Actor("daily removal", Role.OPERATOR)
"""Who removes what is too old, as the record names it."""


class RetentionDesk(StaffDesk):
    """Calls about what is too old."""

    def too_old(self, tenant_id: str, days: int) -> Old:
        """How much would go now, were it kept for so many days."""
        with self.database.read() as connection:
            found = store.count(connection, tenant_id, retention.before(self.clock(), days))
        return Old.of(found)

    def remove_too_old(self, tenant_id: str) -> Old:
        """Remove what is older than the tenant keeps it; nothing where it keeps everything.

        Each transaction takes some learners, so it can be killed at any time, and goes on the next time.
        """
        gone = Old()
        while some := self._remove_some(tenant_id):
            gone += some
        if gone:
            self.database.scrub()
        return gone

    def _remove_some(self, tenant_id: str) -> Old:
        with self.database.read() as connection:
            days = choices.of_tenant(connection, tenant_id).retention_days
            limit = retention.before(self.clock(), days)
            if not days or not store.learners(connection, tenant_id, limit, 1):
                return Old()
        with self._changing_models(tenant_id) as connection:

            def estimate(connection: Connection, learner_id: str) -> Mapping[str, Mastery]:
                return self._believed(connection, tenant_id, learner_id)

            gone = retention.remove_some(connection, tenant_id, limit, self.models, estimate, self.clock())
            if gone:
                self._record_act(
                    connection,
                    tenant_id,
                    DAILY,
                    "remove what is too old",
                    "",
                    days=days,
                    statements=gone.statements,
                    events=gone.events,
                    suggestions=gone.suggestions,
                    learners=gone.learners,
                )
        return gone

    def _believed(self, connection: Connection, tenant_id: str, learner_id: str) -> Mapping[str, Mastery]:
        at = tenants.counters(connection, tenant_id)
        agreed = rights.granted(connection, tenant_id, [learner_id]).get(learner_id, frozenset())
        sources = {source for purpose, source in agreed if purpose is Purpose.SUGGESTIONS}
        history = events.history(connection, tenant_id, learner_id) if sources else ()
        situation = Situation(
            now=self.clock(),
            seed=self.settings.seed,
            minutes=0,
            learner=self._learner(connection, tenant_id, learner_id),
            context=Context("", tenant_id, ""),
            catalogue=self._catalogue(connection, tenant_id, at),
            pool=(),
            history=tuple(event for event in history if event.source in sources),
            models=dict(self.models.states(connection, tenant_id, at)) if sources else {},
        )
        return engine.estimate(situation, self._plugins_of(connection, tenant_id)).mastery
