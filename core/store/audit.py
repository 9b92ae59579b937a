"""The record of what staff did: rows are only added, each sealed by a digest over itself and the one before.

A row that is changed, removed or put between others breaks the chain from there on. What a chain cannot show
by itself is that its end was cut off: for that, note the last number and digest elsewhere, and give them to
``stifinder audit verify``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from ..people import Role
from ..staff import Actor
from .tables import audit

FIRST = "0" * 64
"""What the first row is sealed over."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One act, as recorded.

    :param seq: 1, 2, 3 … without gaps, per tenant.
    :param subject: what it was done to: an id, never a name.
    :param digest: over this entry and the digest before it, hexadecimal.
    """

    seq: int
    at: datetime
    actor: Actor
    act: str
    subject: str
    details: Mapping[str, Any]
    digest: str


def _seal(before: str, tenant_id: str, seq: int, at: datetime, *words: Any) -> str:
    said = [before, tenant_id, seq, at.astimezone(UTC).isoformat(timespec="microseconds"), *words]
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def add(
    connection: Connection,
    tenant_id: str,
    actor: Actor,
    act: str,
    subject: str,
    details: Mapping[str, Any],
    now: datetime,
) -> None:
    """Add an entry, in the transaction that does what it tells of; the tenant's row must be locked in it."""
    last = connection.execute(
        select(audit.c.seq, audit.c.digest)
        .where(audit.c.tenant_id == tenant_id)
        .order_by(audit.c.seq.desc())
        .limit(1)
    ).one_or_none()
    seq, before = (last.seq + 1, last.digest) if last else (1, FIRST)
    connection.execute(
        insert(audit).values(
            tenant_id=tenant_id,
            seq=seq,
            at=now,
            actor=actor.sign,
            role=actor.role,
            act=act,
            subject=subject,
            details=dict(details),
            digest=_seal(before, tenant_id, seq, now, actor.sign, actor.role, act, subject, dict(details)),
        )
    )


def entries(
    connection: Connection,
    tenant_id: str,
    *,
    before: int | None = None,
    limit: int = 50,
    act: str = "",
    sign: str = "",
) -> list[Entry]:
    """Entries, newest first.

    :param before: only those with a smaller number, for the next page.
    :param act, sign: only those of this act, and by this actor.
    """
    query = select(audit).where(audit.c.tenant_id == tenant_id)
    if before is not None:
        query = query.where(audit.c.seq < before)
    if act:
        query = query.where(audit.c.act == act)
    if sign:
        query = query.where(audit.c.actor == sign)
    return [_entry(r) for r in connection.execute(query.order_by(audit.c.seq.desc()).limit(limit))]


def _entry(row: Any) -> Entry:
    actor = Actor(row.actor, Role(row.role))
    return Entry(row.seq, row.at, actor, row.act, row.subject, row.details, row.digest)


def kinds(connection: Connection, tenant_id: str) -> tuple[list[str], list[str]]:
    """The acts there are, and the signs of who did them, each sorted."""
    mine = audit.c.tenant_id == tenant_id
    acts, signs = (
        sorted(connection.scalars(select(column).where(mine).distinct()))
        for column in (audit.c.act, audit.c.actor)
    )
    return acts, signs


def whole(connection: Connection, tenant_id: str) -> Iterator[Entry]:
    """All entries, oldest first."""
    rows = connection.execute(select(audit).where(audit.c.tenant_id == tenant_id).order_by(audit.c.seq))
    return map(_entry, rows)


def broken_at(connection: Connection, tenant_id: str) -> int | None:
    """The number of the first entry that does not fit what stands before it; None when all do."""
    digest, seq = FIRST, 0
    for entry in whole(connection, tenant_id):
        words = (entry.actor.sign, entry.actor.role, entry.act, entry.subject, dict(entry.details))
        if entry.seq != seq + 1 or entry.digest != _seal(digest, tenant_id, entry.seq, entry.at, *words):
            return seq + 1
        digest, seq = entry.digest, entry.seq
    return None


def last(connection: Connection, tenant_id: str) -> Entry | None:
    """The newest entry."""
    return next(iter(entries(connection, tenant_id, limit=1)), None)
