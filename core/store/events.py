"""The event log: append, read one learner's history, read on from a cursor; and the statements behind it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from ..evidence import Event, EventKind
from ..people import Source
from .bulk import insert_many
from .tables import dropped, event, statement

CHUNK = 5_000
EVENT_COLUMNS = tuple(c.name for c in event.columns)
KINDS = {str(kind): kind for kind in EventKind}
SOURCES = {str(source): source for source in Source}
"""Stored words to members; calling the enumeration is slow, and a start reads the whole log."""


def append(connection: Connection, tenant_id: str, first_seq: int, events: Sequence[Event]) -> None:
    """Append events, numbered from ``first_seq``."""
    insert_many(
        connection,
        event,
        EVENT_COLUMNS,
        [
            (
                tenant_id,
                seq,
                e.id,
                e.learner_id,
                e.kind,
                e.at,
                e.source,
                e.activity_id,
                e.context_id,
                e.skills,
                e.item,
                e.success,
                e.score,
                e.minutes,
                e.votes,
            )
            for seq, e in enumerate(events, first_seq)
        ],
    )


def _event(row: Row[Any]) -> Event:
    return Event(
        id=row.id,
        tenant_id=row.tenant_id,
        learner_id=row.learner_id,
        kind=KINDS[row.kind],
        at=row.at,
        source=SOURCES[row.source],
        activity_id=row.activity_id,
        context_id=row.context_id,
        skills=tuple(row.skills),
        item=row.item,
        success=row.success,
        score=row.score,
        minutes=row.minutes,
        votes=row.votes,
    )


def history(connection: Connection, tenant_id: str, learner_id: str, limit: int = 300) -> tuple[Event, ...]:
    """A learner's newest events, newest first, without outcomes of suggestions."""
    rows = connection.execute(
        select(event)
        .where(
            event.c.tenant_id == tenant_id,
            event.c.learner_id == learner_id,
            event.c.kind != EventKind.OUTCOME,
        )
        .order_by(event.c.at.desc(), event.c.seq.desc())
        .limit(limit)
    )
    return tuple(_event(row) for row in rows)


def of_learner(connection: Connection, tenant_id: str, learner_id: str) -> list[Event]:
    """All events of a learner in the order they arrived."""
    rows = connection.execute(
        select(event)
        .where(event.c.tenant_id == tenant_id, event.c.learner_id == learner_id)
        .order_by(event.c.seq)
    )
    return [_event(row) for row in rows]


def sources(connection: Connection, tenant_id: str, learner_id: str) -> list[Source]:
    """Where the kept events of a learner came from."""
    mine = (event.c.tenant_id == tenant_id, event.c.learner_id == learner_id)
    return [
        SOURCES[word] for word in connection.execute(select(event.c.source).where(*mine).distinct()).scalars()
    ]


def after(connection: Connection, tenant_id: str, cursor: int, until: int) -> Iterator[list[Event]]:
    """Events numbered in (cursor, until], in order, in chunks; memory does not grow with their number."""
    while cursor < until:
        top = min(cursor + CHUNK, until)
        rows = connection.execute(
            select(event)
            .where(event.c.tenant_id == tenant_id, event.c.seq > cursor, event.c.seq <= top)
            .order_by(event.c.seq)
        )
        yield [_event(row) for row in rows]
        cursor = top


def in_time(connection: Connection, tenant_id: str) -> Iterator[Event]:
    """Every event in the order in which it happened, which is not that in which it arrived."""
    rows = connection.execute(
        select(event).where(event.c.tenant_id == tenant_id).order_by(event.c.at, event.c.seq),
        execution_options={"yield_per": CHUNK},
    )
    yield from map(_event, rows)


def remove(connection: Connection, tenant_id: str, learner_id: str, event_id: str) -> bool:
    """Take one event of a learner out of the log; says whether there was one."""
    found = delete(event).where(
        event.c.tenant_id == tenant_id, event.c.learner_id == learner_id, event.c.id == event_id
    )
    return connection.execute(found).rowcount > 0


# --- statements ---


def statements(
    connection: Connection, tenant_id: str, ids: Collection[str]
) -> dict[str, tuple[bytes, datetime]]:
    """Statement id to (raw JSON, when stored), for those that exist."""
    rows = connection.execute(
        select(statement.c.id, statement.c.raw, statement.c.stored_at).where(
            statement.c.tenant_id == tenant_id, statement.c.id.in_(ids)
        )
    )
    return {row.id: (row.raw, row.stored_at) for row in rows}


def keep_statements(
    connection: Connection, tenant_id: str, rows: Iterable[tuple[str, str, bytes]], now: datetime
) -> None:
    """Keep statements given as (id, learner id, raw JSON)."""
    columns = ("tenant_id", "id", "learner_id", "stored_at", "raw")
    insert_many(connection, statement, columns, [(tenant_id, i, who, now, raw) for i, who, raw in rows])


def count_dropped(connection: Connection, tenant_id: str, reasons: dict[str, int], now: datetime) -> None:
    """Add to today's counts of statements that were accepted but not kept."""
    day = now.date().isoformat()
    for reason, count in reasons.items():
        here = (dropped.c.tenant_id == tenant_id, dropped.c.day == day, dropped.c.reason == reason)
        added = update(dropped).where(*here).values(count=dropped.c.count + count)
        if connection.execute(added).rowcount == 0:
            connection.execute(
                insert(dropped).values(tenant_id=tenant_id, day=day, reason=reason, count=count)
            )
