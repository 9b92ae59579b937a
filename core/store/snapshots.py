"""Stored states of learned models: what spares a start from reading the whole event log."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select

from .tables import model_snapshot


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A model's state after folding the events up to and including ``cursor``."""

    model: str
    version: int
    epoch: int
    cursor: int
    data: bytes


def load(connection: Connection, tenant_id: str) -> dict[str, Snapshot]:
    """Model name to its stored state."""
    rows = connection.execute(select(model_snapshot).where(model_snapshot.c.tenant_id == tenant_id))
    return {r.model: Snapshot(r.model, r.version, r.epoch, r.cursor, r.data) for r in rows}


def sizes(connection: Connection, tenant_id: str) -> dict[str, int]:
    """Model name to the bytes of its stored state."""
    length = func.length(model_snapshot.c.data).label("bytes")
    rows = connection.execute(
        select(model_snapshot.c.model, length).where(model_snapshot.c.tenant_id == tenant_id)
    )
    return {r.model: r.bytes for r in rows}


def save(connection: Connection, tenant_id: str, snapshot: Snapshot) -> None:
    """Replace a model's stored state."""
    drop(connection, tenant_id, snapshot.model)
    connection.execute(
        insert(model_snapshot).values(
            tenant_id=tenant_id,
            model=snapshot.model,
            version=snapshot.version,
            epoch=snapshot.epoch,
            cursor=snapshot.cursor,
            data=snapshot.data,
        )
    )


def drop_before(connection: Connection, tenant_id: str, epoch: int) -> None:
    """Remove states of earlier epochs: those of models that no plugin brings any more."""
    connection.execute(
        delete(model_snapshot).where(model_snapshot.c.tenant_id == tenant_id, model_snapshot.c.epoch < epoch)
    )


def drop(connection: Connection, tenant_id: str, model: str) -> None:
    """Remove a model's stored state."""
    connection.execute(
        delete(model_snapshot).where(model_snapshot.c.tenant_id == tenant_id, model_snapshot.c.model == model)
    )


def drop_all(connection: Connection, tenant_id: str) -> None:
    """Remove the stored states of all of a tenant's models."""
    connection.execute(delete(model_snapshot).where(model_snapshot.c.tenant_id == tenant_id))
