"""A tenant leaves with everything, and arrives with everything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from ..errors import Conflict
from ..moving import leaving, parts
from ..moving.arriving import Arrival, Arriving
from ..moving.places import Places
from ..staff import Actor
from ..store import audit, tables, tenants
from .opened import Opened


@dataclass(frozen=True)
class Leaving:
    """All that is a tenant's own, as of one moment; see ``core.moving.leaving``.

    :param named: digest to canonical identity, for the people whom the caller can name.
    """

    connection: Connection
    tenant_id: str
    named: Mapping[str, str]
    digest: Callable[[str], str]

    def counts(self) -> dict[str, int]:
        """How many rows there are of what is many."""
        return leaving.counts(self.connection, self.tenant_id)

    def tip(self) -> parts.Tip:
        """Where the record of what staff did ends."""
        return leaving.tip(self.connection, self.tenant_id)

    def settings(self) -> parts.TenantSettings:
        """What the tenant chose."""
        return leaving.settings(self.connection, self.tenant_id)

    def catalogue(self) -> parts.MovedCatalogue:
        """What can be learned."""
        return leaving.the_catalogue(self.connection, self.tenant_id)

    def people(self, who: Callable[[bytes], str]) -> Iterator[parts.MovedLearner]:
        """Everybody who is remembered.

        :param who: the canonical identity of a statement's actor.
        """
        return leaving.people(self.connection, self.tenant_id, named=self.named, who=who, digest=self.digest)

    def ledger(self) -> Iterator[parts.LedgerEntry]:
        """Every event and statement, in the order in which they arrived."""
        return leaving.ledger(self.connection, self.tenant_id)

    def mastered(self) -> Iterator[tuple[str, parts.Estimate]]:
        """Who has mastered what."""
        return leaving.mastered(self.connection, self.tenant_id)

    def record(self) -> Iterator[parts.MovedSuggestion]:
        """Every suggestion."""
        return leaving.record(self.connection, self.tenant_id)


class MovingDesk(Opened):
    """Calls about moving a tenant."""

    def _digest(self, tenant_id: str) -> Callable[[str], str]:
        return lambda known: self._people.digests(tenant_id, [known])[known]

    @contextmanager
    def leaving(self, tenant_id: str, known: Iterable[str] = ()) -> Iterator[Leaving]:
        """All of a tenant, as of one moment.

        :param known: canonical identities of people of the LMS, to name those who never sent a statement.
        :raises NotFound: when there is no such tenant.
        """
        digest = self._digest(tenant_id)
        with self.database.read() as connection:
            tenants.counters(connection, tenant_id)
            yield Leaving(connection, tenant_id, {digest(i): i for i in known}, digest)

    def left(self, tenant_id: str, actor: Actor, details: Mapping[str, Any]) -> None:
        """Put an export on record."""
        with self.database.write() as connection:
            tenants.counters(connection, tenant_id, lock=True)
            audit.add(connection, tenant_id, actor, "export the tenant", tenant_id, details, self.clock())

    def arrive(
        self,
        tenant_id: str,
        came_from: str,
        arriving: Arriving,
        places: Places,
        actor: Actor,
        details: Mapping[str, Any],
        progress: Callable[[str, int], None] = lambda _kind, _count: None,
    ) -> parts.Arrived:
        """Take a tenant in: all of it, or nothing; and put that on record.

        :param tenant_id, came_from: the id that the tenant gets, and had.
        :raises Conflict: when the id is the tool's own, the tenant has data already, or two people would
            become one.
        :raises InvalidInput: when what arrives does not fit together.
        """
        if tenant_id == tables.SYSTEM:
            raise Conflict(f"{tenant_id!r} is the tool's own tenant.", "Choose another id.")
        now = self.clock()
        with self._changing_models(tenant_id) as connection:
            arrival = Arrival(
                connection, tenant_id, came_from, places, self._digest(tenant_id), now, progress
            )
            arrived = arrival.take(arriving)
            tenants.counters(connection, tenant_id, lock=True)
            said = {**details, "counts": arrived.counts}
            audit.add(connection, tenant_id, actor, "import the tenant", tenant_id, said, now)
        self.save_models(tenant_id)
        return arrived
