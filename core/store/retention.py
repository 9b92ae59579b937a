"""Finding and removing what is older than a tenant keeps it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, func, select, union_all

from .tables import event, mastery, statement, suggestion, waiting

DATED = (event, suggestion, waiting)
"""Tables whose rows grow old by their own time; a statement goes with its event."""


def _old(table: Table, tenant_id: str, before: datetime) -> tuple[Any, Any]:
    return table.c.tenant_id == tenant_id, table.c.at < before


def learners(connection: Connection, tenant_id: str, before: datetime, most: int) -> list[str]:
    """Ids of learners with something older, at most so many."""
    parts = union_all(*(select(t.c.learner_id).where(*_old(t, tenant_id, before)) for t in DATED)).subquery()
    found = select(parts.c.learner_id).distinct().order_by(parts.c.learner_id).limit(most)
    return list(connection.scalars(found))


def count(connection: Connection, tenant_id: str, before: datetime) -> dict[str, int]:
    """How much is older: ``statement``, ``event``, ``suggestion``, and of how many people (``learner``)."""
    old = _old(event, tenant_id, before)
    ids = select(event.c.id).where(*old)
    with_statement = (statement.c.tenant_id == tenant_id) & statement.c.id.in_(ids)
    parts = union_all(*(select(t.c.learner_id).where(*_old(t, tenant_id, before)) for t in DATED)).subquery()
    return {
        "statement": connection.execute(
            select(func.count()).select_from(statement).where(with_statement)
        ).scalar_one(),
        "event": connection.execute(select(func.count()).select_from(event).where(*old)).scalar_one(),
        "suggestion": sum(
            connection.execute(
                select(func.count()).select_from(t).where(*_old(t, tenant_id, before))
            ).scalar_one()
            for t in (suggestion, waiting)
        ),
        "learner": connection.execute(select(func.count(parts.c.learner_id.distinct()))).scalar_one(),
    }


def remove(
    connection: Connection, tenant_id: str, learner_ids: Collection[str], before: datetime
) -> dict[str, int]:
    """Remove what is older of these learners; returns how much, as ``count`` names it."""
    theirs = event.c.learner_id.in_(learner_ids)
    ids = select(event.c.id).where(*_old(event, tenant_id, before), theirs)
    gone = {
        "statement": connection.execute(
            delete(statement).where(
                statement.c.tenant_id == tenant_id,
                statement.c.learner_id.in_(learner_ids),
                statement.c.id.in_(ids),
            )
        ).rowcount
    }
    for table in DATED:
        old = delete(table).where(*_old(table, tenant_id, before), table.c.learner_id.in_(learner_ids))
        kind = "suggestion" if table is waiting else table.name
        gone[kind] = gone.get(kind, 0) + connection.execute(old).rowcount
    return gone | {"learner": len(learner_ids)}


def estimated(connection: Connection, tenant_id: str, learner_ids: Collection[str]) -> set[str]:
    """Those of these learners for whom estimates are stored."""
    rows = select(mastery.c.learner_id).where(
        mastery.c.tenant_id == tenant_id, mastery.c.learner_id.in_(learner_ids)
    )
    return set(connection.scalars(rows.distinct()))
