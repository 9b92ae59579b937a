"""Tenants, and the counters that order what happens in each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, bindparam, delete, insert, select, update

from ..errors import Conflict, NotFound
from ..people import Purpose, Source, Tenant
from .tables import legal_basis, tenant


@dataclass(frozen=True, slots=True)
class Counters:
    """Where a tenant stands.

    :param event_seq: the number of its last event.
    :param model_epoch: how often its models were changed otherwise than by new events.
    :param catalogue_version: how often its catalogue changed.
    :param people_version: how often people were remembered, forgotten, or changed what they agree to.
    """

    event_seq: int
    model_epoch: int
    catalogue_version: int
    people_version: int


def add(connection: Connection, tenant_id: str, name: str, locale: str, now: datetime) -> Tenant:
    """Add a tenant.

    :raises Conflict: when the id is taken.
    """
    if find(connection, tenant_id) is not None:
        raise Conflict(f"The tenant {tenant_id!r} exists already.", "Choose another id, or use it as it is.")
    connection.execute(insert(tenant).values(id=tenant_id, name=name, locale=locale, created_at=now))
    return Tenant(tenant_id, name, locale)


def find(connection: Connection, tenant_id: str) -> Tenant | None:
    """One tenant, or None."""
    row = connection.execute(select(tenant).where(tenant.c.id == tenant_id)).one_or_none()
    return Tenant(row.id, row.name, row.locale) if row else None


def known(connection: Connection, tenant_id: str) -> Tenant:
    """One tenant.

    :raises NotFound: when there is no such tenant.
    """
    tenant = find(connection, tenant_id)
    if tenant is None:
        raise _unknown(tenant_id)
    return tenant


def _unknown(tenant_id: str) -> NotFound:
    return NotFound(
        f"There is no tenant {tenant_id!r}.", "`stifinder tenant list` shows the tenants there are."
    )


def every(connection: Connection) -> list[Tenant]:
    """All tenants, by id."""
    rows = connection.execute(select(tenant).order_by(tenant.c.id))
    return [Tenant(row.id, row.name, row.locale) for row in rows]


# Asked several times for each page, so made once.
_COUNTERS = select(
    tenant.c.event_seq, tenant.c.model_epoch, tenant.c.catalogue_version, tenant.c.people_version
).where(tenant.c.id == bindparam("tenant_id"))
_LOCKED = _COUNTERS.with_for_update()
_BASES = select(legal_basis).where(legal_basis.c.tenant_id == bindparam("tenant_id"))


def counters(connection: Connection, tenant_id: str, *, lock: bool = False) -> Counters:
    """The tenant's counters; with ``lock`` no other writer passes until this transaction ends.

    :raises NotFound: when there is no such tenant.
    """
    row = connection.execute(_LOCKED if lock else _COUNTERS, {"tenant_id": tenant_id}).one_or_none()
    if row is None:
        raise _unknown(tenant_id)
    return Counters(row.event_seq, row.model_epoch, row.catalogue_version, row.people_version)


def advance(connection: Connection, tenant_id: str, **counter: int) -> None:
    """Set counters (``event_seq=7``) of a tenant whose row this transaction has locked."""
    connection.execute(update(tenant).where(tenant.c.id == tenant_id).values(**counter))


def people_changed(connection: Connection, tenant_id: str) -> None:
    """Say that people were remembered or forgotten, or changed what they agree to."""
    raised = tenant.c.people_version + 1
    connection.execute(update(tenant).where(tenant.c.id == tenant_id).values(people_version=raised))


def set_legal_basis(
    connection: Connection,
    tenant_id: str,
    purpose: Purpose,
    source: Source,
    *,
    basis: str,
    decided_by: str,
    notice: str,
    now: datetime,
) -> None:
    """Record that a purpose rests on another basis than consent, who decided, and what learners are told.

    A decision about the same purpose and source that is there already is replaced.
    """
    connection.execute(delete(legal_basis).where(*_decision(tenant_id, purpose, source)))
    connection.execute(
        insert(legal_basis).values(
            tenant_id=tenant_id,
            purpose=purpose,
            source=source,
            basis=basis,
            decided_by=decided_by,
            decided_at=now,
            notice=notice,
        )
    )
    people_changed(connection, tenant_id)


def remove_legal_basis(connection: Connection, tenant_id: str, purpose: Purpose, source: Source) -> None:
    """Have a purpose rest on consent alone again.

    :raises NotFound: when no other basis is recorded for it.
    """
    if not connection.execute(delete(legal_basis).where(*_decision(tenant_id, purpose, source))).rowcount:
        raise NotFound(
            f"{tenant_id} has recorded no basis for {purpose} from {source}.",
            f"See what is recorded: stifinder tenant basis {tenant_id} --list",
        )
    people_changed(connection, tenant_id)


def _decision(tenant_id: str, purpose: Purpose, source: Source) -> tuple[ColumnElement[bool], ...]:
    return (
        legal_basis.c.tenant_id == tenant_id,
        legal_basis.c.purpose == purpose,
        legal_basis.c.source == source,
    )


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """A recorded decision that a purpose rests on another basis than consent.

    :param notice: what learners are told.
    """

    purpose: Purpose
    source: Source
    basis: str
    decided_by: str
    decided_at: datetime
    notice: str


def decisions(connection: Connection, tenant_id: str) -> list[LegalBasis]:
    """The recorded decisions, sorted by purpose and source."""
    rows = connection.execute(
        select(legal_basis)
        .where(legal_basis.c.tenant_id == tenant_id)
        .order_by(legal_basis.c.purpose, legal_basis.c.source)
    )
    return [
        LegalBasis(Purpose(r.purpose), Source(r.source), r.basis, r.decided_by, r.decided_at, r.notice)
        for r in rows
    ]


def legal_bases(connection: Connection, tenant_id: str) -> Mapping[tuple[Purpose, Source], tuple[str, str]]:
    """Purpose and source to (basis, text shown to learners), where it is not consent."""
    rows = connection.execute(_BASES, {"tenant_id": tenant_id})
    return {(Purpose(r.purpose), Source(r.source)): (r.basis, r.notice) for r in rows}
