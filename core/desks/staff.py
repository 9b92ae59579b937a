"""What staff decide and choose, each act recorded in the transaction that does it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from .. import learner_page
from ..access import leading
from ..choices import Choices, checked
from ..decisions import Decision, DecisionKind
from ..errors import NotFound
from ..launch import Launch
from ..people import Context
from ..staff import Actor
from ..store import audit, choices, decisions, staff, tenants
from ..store.audit import Entry
from .opened import Opened


class StaffDesk(Opened):
    """Calls that need to know who acts; see ``staff.Actor``."""

    def actor(self, launch: Launch) -> Actor:
        """Who acts in a visit: a person of the LMS by their sign, or a sign-in link by its own."""
        role = leading(launch.roles)
        if not launch.identities:
            return Actor(launch.link_id, role)
        (digest,) = self._people.digests(launch.tenant_id, launch.identities[:1]).values()
        with self.database.write() as connection:
            tenants.counters(connection, launch.tenant_id, lock=True)
            return Actor(staff.sign(connection, launch.tenant_id, digest, self.clock()), role)

    def context_of(self, launch: Launch) -> Context:
        """The course that a launch came from."""
        with self.database.read() as connection:
            return learner_page.find_context(connection, launch)

    def record(self, tenant_id: str, actor: Actor, act: str, subject: str = "", **details: Any) -> None:
        """Record an act that changed nothing in this database, or something elsewhere."""
        with self.database.write() as connection:
            tenants.counters(connection, tenant_id, lock=True)
            self._record_act(connection, tenant_id, actor, act, subject, **details)

    def _record_act(
        self, connection: Connection, tenant_id: str, actor: Actor, act: str, subject: str, **details: Any
    ) -> None:
        audit.add(connection, tenant_id, actor, act, subject, details, self.clock())

    def audit_log(self, tenant_id: str, *, before: int | None = None, limit: int = 50) -> list[Entry]:
        """What was recorded, newest first."""
        with self.database.read() as connection:
            return audit.entries(connection, tenant_id, before=before, limit=limit)

    # --- decisions about suggestions ---

    def decide(self, tenant_id: str, actor: Actor, wanted: Decision) -> int:
        """Keep a decision about an activity; the same decision made again replaces the earlier.

        :returns: how many suggestions waited for it and do not any more.
        :raises NotFound: when the catalogue has no such activity.
        """
        current = self.catalogue(tenant_id).by_id
        for activity_id in filter(None, (wanted.activity_id, wanted.instead_id)):
            if activity_id not in current:
                raise NotFound(
                    "There is no such activity (any more).", "Load the page again: it shows what there is."
                )
        if (wanted.kind is DecisionKind.REPLACE) != bool(wanted.instead_id):
            raise NotFound(
                "There is nothing to replace it by.", "Choose another activity that takes its place."
            )
        with self.database.write() as connection:
            tenants.counters(connection, tenant_id, lock=True)
            decided = Decision(
                wanted.kind,
                wanted.activity_id,
                wanted.context_id,
                wanted.learner_id,
                wanted.instead_id,
                actor.sign,
            )
            decisions.decide(connection, tenant_id, decided, self.clock())
            done = decisions.no_longer_waiting(
                connection, tenant_id, wanted.context_id, wanted.activity_id, wanted.learner_id
            )
            self._record_decision(connection, tenant_id, actor, wanted, lifted=False)
        return done

    def lift(self, tenant_id: str, actor: Actor, wanted: Decision) -> bool:
        """Take a decision back; whether there was one."""
        with self.database.write() as connection:
            tenants.counters(connection, tenant_id, lock=True)
            lifted = decisions.lift(connection, tenant_id, wanted)
            if lifted:
                self._record_decision(connection, tenant_id, actor, wanted, lifted=True)
        return lifted

    def _record_decision(
        self, connection: Connection, tenant_id: str, actor: Actor, about: Decision, *, lifted: bool
    ) -> None:
        # For whom is left out: this record outlives what people agreed to.
        self._record_act(
            connection,
            tenant_id,
            actor,
            f"{'lift' if lifted else 'decide'} {about.kind}",
            about.activity_id,
            context=about.context_id,
            instead=about.instead_id,
            everybody=not about.learner_id,
        )

    def decided(self, tenant_id: str, context_id: str) -> list[Decision]:
        """What was decided for a course ("" for everywhere), earliest first."""
        with self.database.read() as connection:
            return decisions.made(connection, tenant_id, context_id)

    # --- choices of a tenant or a course ---

    def choices(self, tenant_id: str, context_id: str = "") -> Choices:
        """What holds for the tenant, or in one of its courses."""
        with self.database.read() as connection:
            if context_id:
                return choices.of_course(connection, tenant_id, context_id)
            return choices.of_tenant(connection, tenant_id)

    def choose(self, tenant_id: str, actor: Actor, key: str, value: Any, context_id: str = "") -> None:
        """Choose something for the tenant, or for one course; None goes back to what holds otherwise.

        :raises InvalidInput: for an unknown key or a wrong value.
        """
        kept = None if value is None else checked(key, value, course=bool(context_id))
        now = self.clock()
        with self.database.write() as connection:
            tenants.counters(connection, tenant_id, lock=True)
            before = choices.of_tenant(connection, tenant_id)
            choices.choose(connection, tenant_id, context_id, key, kept, now)
            if key == "consent_note":
                version = before.consent_version + 1
                choices.choose(connection, tenant_id, "", "consent_version", version, now)
            self._record_act(connection, tenant_id, actor, f"choose {key}", context_id, value=kept)
