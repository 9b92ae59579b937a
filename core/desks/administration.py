"""What a tenant's administration does at its border, each act recorded in the transaction that does it."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from .. import rights
from ..errors import InvalidInput, NotFound
from ..people import Purpose, Source
from ..staff import Actor
from ..store import audit, credentials, grades, joining, learners, lti, overview, tenants, tool_keys
from ..store.audit import Entry
from ..store.joining import Arrivals
from ..store.lti import Registration
from ..store.overview import InShort, Unread
from ..store.tables import SYSTEM
from ..store.tenants import LegalBasis
from ..store.tool_keys import KeyTimes
from .staff import StaffDesk

INVITATION_DAYS = (1, joining.INVITATION_DAYS, 30, 90)
"""How long an invitation can be good."""
LONGEST_BASIS, LONGEST_DECIDED_BY, LONGEST_NOTICE = 100, 200, 2000


@dataclass(frozen=True)
class Overview:
    """How a tenant's installation stands.

    :param stuck: scores that wait for a person.
    :param late: scores that an LMS did not take at the last try, and that are tried again.
    :param credentials: names with which an LMS may send statements.
    :param consent_text: version of what the consent page says.
    """

    registrations: tuple[Registration, ...]
    activities: int
    learners: int
    arrivals: Arrivals
    credentials: tuple[str, ...]
    waiting: int
    stuck: int
    late: int
    unread: tuple[Unread, ...]
    consent_text: str

    @property
    def active(self) -> tuple[Registration, ...]:
        """The registrations that may launch."""
        return tuple(entry for entry in self.registrations if entry.status == lti.ACTIVE)

    @property
    def last_launch_at(self) -> datetime | None:
        """When the tool was last opened from an LMS."""
        return max((e.last_launch_at for e in self.registrations if e.last_launch_at), default=None)


class AdministrationDesk(StaffDesk):
    """Calls of the administration pages; every one names the tenant it is about, and who acts."""

    def overview(self, tenant_id: str) -> Overview:
        """How the installation stands."""
        arrivals = joining.arrivals(self.database, tenant_id, self.clock())
        entries = lti.registrations(self.database, tenant_id)
        with self.database.read() as connection:
            waiting = grades.waiting(connection, tenant_id)
            return Overview(
                tuple(entries),
                overview.activities(connection, tenant_id),
                overview.learners(connection, tenant_id),
                arrivals,
                tuple(credentials.names(connection, tenant_id)),
                len(waiting),
                sum(each.next_try_at is None for each in waiting),
                sum(each.next_try_at is not None and bool(each.last_error) for each in waiting),
                tuple(overview.unread(connection, tenant_id)),
                learners.consent_text(connection, tenant_id),
            )

    def tenants_in_short(self) -> list[InShort]:
        """All tenants, for whoever runs the tool; the tool's own is not among them."""
        with self.database.read() as connection:
            return [each for each in overview.every(connection) if each.id != SYSTEM]

    def found_tenant(self, actor: Actor, tenant_id: str, name: str, locale: str) -> None:
        """Add a tenant, and begin its record.

        :raises Conflict: when the id is taken.
        """
        with self.database.write() as connection:
            tenants.add(connection, tenant_id, name, locale, self.clock())
            tenants.counters(connection, tenant_id, lock=True)
            self._record_act(connection, tenant_id, actor, "add tenant", tenant_id)

    # --- LMSs ---

    def invite_lms(self, tenant_id: str, actor: Actor, days: int) -> str:
        """Make an invitation for one LMS; returns its token, which is not kept.

        :raises InvalidInput: for another number of days than is offered.
        """
        if days not in INVITATION_DAYS:
            raise InvalidInput(f"An invitation for {days} days is not offered.", "Choose one of the list.")
        now = self.clock()
        with self.database.write() as connection:
            tenants.counters(connection, tenant_id, lock=True)
            token = joining.add_invitation(connection, tenant_id, now + timedelta(days=days), now)
            self._record_act(connection, tenant_id, actor, "invite an LMS", "", days=days)
        return token

    def link_to_sign_in(self, tenant_id: str, actor: Actor, kind: str, lifetime: timedelta) -> str:
        """Make the token of a link that signs somebody in once; it is not kept.

        :param kind: ``administer`` or ``operate``.
        """
        now = self.clock()
        with self.database.write() as connection:
            tenants.counters(connection, tenant_id, lock=True)
            token = joining.add_invitation(connection, tenant_id, now + lifetime, now, kind)
            self._record_act(connection, tenant_id, actor, f"make a link to {kind}", "")
        return token

    def registration(self, tenant_id: str, registration_id: str) -> Registration:
        """One registration of the tenant.

        :raises NotFound: when the tenant has none of that id.
        """
        with self.database.read() as connection:
            return lti.get(connection, tenant_id, registration_id)

    def approve_registration(
        self, tenant_id: str, actor: Actor, registration_id: str, *, waiting_in: str = ""
    ) -> None:
        """Let a registration that waits launch, for this tenant.

        :param waiting_in: the tenant that keeps it until then; "" for this one.
        :raises NotFound: when it does not wait there (any more).
        """
        with self.database.write() as connection:
            tenants.counters(connection, tenant_id, lock=True)
            found = lti.get(connection, waiting_in or tenant_id, registration_id)
            if found.status != lti.PENDING:
                raise NotFound("This registration does not wait any more.", "Load the page again.")
            joining.let_launch(connection, found, tenant_id)
            self._record_act(
                connection, tenant_id, actor, "approve registration", found.id, issuer=found.issuer
            )

    def remove_registration(self, tenant_id: str, actor: Actor, registration_id: str) -> Registration:
        """Take a registration away, or refuse one that waits; launches through it are refused from then on.

        :raises NotFound: when the tenant has none of that id.
        """
        with self.database.write() as connection:
            tenants.counters(connection, tenant_id, lock=True)
            found = lti.get(connection, tenant_id, registration_id)
            lti.take_away(connection, found)
            act = "refuse registration" if found.status == lti.PENDING else "remove registration"
            self._record_act(connection, tenant_id, actor, act, found.id, issuer=found.issuer)
        return found

    def pending_everywhere(self) -> list[Registration]:
        """Registrations that wait in any tenant, the oldest first."""
        with self.database.read() as connection:
            return joining.pending(connection)

    def keys(self) -> list[KeyTimes]:
        """The tool's published keys, oldest first; they sign for all tenants."""
        return tool_keys.every(self.database, self.clock())

    def rotate_keys(self, actor: Actor) -> KeyTimes:
        """Make and publish a new key, which signs after a day.

        :raises Conflict: when a key waits for its turn already.
        """
        return tool_keys.rotate(
            self.database,
            self.secrets,
            self.clock(),
            note=lambda connection, made: self._record_act(
                connection, SYSTEM, actor, "rotate keys", made.kid
            ),
        )

    # --- statements ---

    def add_credential(self, tenant_id: str, actor: Actor, username: str) -> tuple[str, str]:
        """Make a name and password for statements; returns both, the password is not kept.

        :param username: "" has one made up.
        :raises InvalidInput, Conflict: see ``store.credentials.add``.
        """
        username = username or f"{tenant_id}-{secrets.token_hex(3)}"
        password = secrets.token_urlsafe(24)
        with self.database.write() as connection:
            tenants.counters(connection, tenant_id, lock=True)
            credentials.add(connection, tenant_id, username, password, self.clock())
            self._record_act(connection, tenant_id, actor, "add statement credential", username)
        return username, password

    def remove_credential(self, tenant_id: str, actor: Actor, username: str) -> None:
        """Take a name away; statements sent with it are refused from then on.

        :raises NotFound: when the tenant has no such name.
        """
        with self.database.write() as connection:
            tenants.counters(connection, tenant_id, lock=True)
            if not credentials.remove(connection, tenant_id, username):
                raise NotFound("There is no such name (any more).", "Load the page again.")
            self._record_act(connection, tenant_id, actor, "remove statement credential", username)

    # --- jobs ---

    def retry_waiting(self, tenant_id: str, actor: Actor, ids: Collection[int] = ()) -> int:
        """Have scores tried at once, all without ``ids``; returns how many.

        :raises NotFound: when one of them does not wait (any more).
        """
        with self.database.write() as connection:
            tenants.counters(connection, tenant_id, lock=True)
            known = {each.id for each in grades.waiting(connection, tenant_id)}
            if set(ids) - known:
                raise NotFound("That score does not wait any more.", "Load the page again.")
            count = grades.retry(connection, tenant_id, ids or known, self.clock())
            self._record_act(connection, tenant_id, actor, "retry scores", "", count=count)
        return count

    # --- legal bases ---

    def recorded_bases(self, tenant_id: str) -> list[LegalBasis]:
        """Purposes that rest on another basis than consent, by purpose and source."""
        with self.database.read() as connection:
            return tenants.decisions(connection, tenant_id)

    def record_basis(
        self,
        tenant_id: str,
        actor: Actor,
        purpose: Purpose,
        source: Source,
        *,
        basis: str,
        decided_by: str,
        notice: str,
    ) -> None:
        """Record another legal basis than consent; see ``PeopleDesk.set_legal_basis``.

        :raises InvalidInput: when one of the three texts is missing or too long.
        """
        for name, text, most in (
            ("basis", basis, LONGEST_BASIS),
            ("decided_by", decided_by, LONGEST_DECIDED_BY),
            ("notice", notice, LONGEST_NOTICE),
        ):
            if not 0 < len(text) <= most:
                raise InvalidInput(
                    "A text is missing or too long.", f"Give 1 to {most} characters.", where=name
                )
        with self._changing_models(tenant_id) as connection:
            tenants.counters(connection, tenant_id, lock=True)
            tenants.set_legal_basis(
                connection,
                tenant_id,
                purpose,
                source,
                basis=basis,
                decided_by=decided_by,
                notice=notice,
                now=self.clock(),
            )
            self.models.rebuild(connection, tenant_id)
            said = {"basis": basis, "decided_by": decided_by}
            self._record_act(connection, tenant_id, actor, "record basis", f"{purpose}:{source}", **said)

    def withdraw_basis(self, tenant_id: str, actor: Actor, purpose: Purpose, source: Source) -> int:
        """Have a purpose rest on consent alone again; returns how many people were forgotten.

        :raises NotFound: when no other basis is recorded for it.
        """
        with self._changing_models(tenant_id) as connection:
            forgotten = rights.remove_basis(
                connection, tenant_id, purpose, source, self.models, self.plugins, self.clock()
            )
            self._record_act(
                connection, tenant_id, actor, "withdraw basis", f"{purpose}:{source}", forgotten=forgotten
            )
        self.database.scrub()
        return forgotten

    # --- the record ---

    def audit_page(
        self, tenant_id: str, *, before: int | None, limit: int, act: str = "", sign: str = ""
    ) -> list[Entry]:
        """What was recorded, newest first, of one act or actor if asked."""
        with self.database.read() as connection:
            return audit.entries(connection, tenant_id, before=before, limit=limit, act=act, sign=sign)

    def audit_kinds(self, tenant_id: str) -> tuple[list[str], list[str]]:
        """The acts that are in the record, and the signs of who did them."""
        with self.database.read() as connection:
            return audit.kinds(connection, tenant_id)

    def audit_broken_at(self, tenant_id: str) -> int | None:
        """The number of the first entry that does not fit what stands before it; None when all do."""
        with self.database.read() as connection:
            return audit.broken_at(connection, tenant_id)
