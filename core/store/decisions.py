"""What staff decided about what is suggested, and what waits for their yes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, select

from ..decisions import Decision, DecisionKind
from ..proposals import Suggestion
from .suggestions import record_in, record_out
from .tables import decision, waiting


def _is(tenant_id: str, wanted: Decision) -> Any:
    return and_(
        decision.c.tenant_id == tenant_id,
        decision.c.context_id == wanted.context_id,
        decision.c.learner_id == wanted.learner_id,
        decision.c.activity_id == wanted.activity_id,
        decision.c.kind == wanted.kind,
    )


def decide(connection: Connection, tenant_id: str, wanted: Decision, now: datetime) -> None:
    """Keep a decision; the same one made again replaces the earlier."""
    lift(connection, tenant_id, wanted)
    connection.execute(
        insert(decision).values(
            tenant_id=tenant_id,
            context_id=wanted.context_id,
            learner_id=wanted.learner_id,
            activity_id=wanted.activity_id,
            kind=wanted.kind,
            instead_id=wanted.instead_id,
            decided_by=wanted.by,
            decided_at=now,
        )
    )


def lift(connection: Connection, tenant_id: str, wanted: Decision) -> bool:
    """Take a decision back; whether there was one."""
    return connection.execute(delete(decision).where(_is(tenant_id, wanted))).rowcount > 0


def applying(connection: Connection, tenant_id: str, context_id: str, learner_id: str = "") -> list[Decision]:
    """What holds in a context for a learner, earliest first; without a learner what holds for everybody."""
    return _read(
        connection,
        decision.c.tenant_id == tenant_id,
        decision.c.context_id.in_(["", context_id]),
        decision.c.learner_id.in_(["", learner_id]),
    )


def made(connection: Connection, tenant_id: str, context_id: str) -> list[Decision]:
    """What was decided for a context ("" for everywhere), for anybody, earliest first."""
    return _read(connection, decision.c.tenant_id == tenant_id, decision.c.context_id == context_id)


def _read(connection: Connection, *where: Any) -> list[Decision]:
    rows = connection.execute(
        select(decision).where(*where).order_by(decision.c.decided_at, decision.c.activity_id)
    )
    return [
        Decision(
            DecisionKind(r.kind),
            r.activity_id,
            r.context_id,
            r.learner_id,
            r.instead_id,
            r.decided_by,
            r.decided_at,
        )
        for r in rows
    ]


# --- what waits for a yes ---


def keep_waiting(
    connection: Connection, tenant_id: str, learner_id: str, context_id: str, held: Iterable[Suggestion]
) -> None:
    """Replace what waits for this learner here."""
    connection.execute(
        delete(waiting).where(
            waiting.c.tenant_id == tenant_id,
            waiting.c.learner_id == learner_id,
            waiting.c.context_id == context_id,
        )
    )
    rows = [
        {
            "tenant_id": tenant_id,
            "learner_id": learner_id,
            "context_id": context_id,
            "activity_id": each.activity_id,
            "at": each.at,
            "record": record_out(each),
        }
        for each in held
    ]
    if rows:
        connection.execute(insert(waiting), rows)


def what_waits(connection: Connection, tenant_id: str, context_id: str) -> list[Suggestion]:
    """What waits in a context, oldest first."""
    rows = connection.execute(
        select(waiting)
        .where(waiting.c.tenant_id == tenant_id, waiting.c.context_id == context_id)
        .order_by(waiting.c.at, waiting.c.activity_id, waiting.c.learner_id)
    )
    return [
        record_in(
            row.record,
            id="",
            tenant_id=tenant_id,
            learner_id=row.learner_id,
            context_id=row.context_id,
            activity_id=row.activity_id,
            at=row.at,
            position=0,
        )
        for row in rows
    ]


def no_longer_waiting(
    connection: Connection, tenant_id: str, context_id: str, activity_id: str, learner_id: str = ""
) -> int:
    """Take an activity off the queue, for one learner or for everybody; returns for how many it waited.

    :param context_id: "" for all courses.
    """
    gone = delete(waiting).where(
        waiting.c.tenant_id == tenant_id,
        waiting.c.activity_id == activity_id,
    )
    if context_id:
        gone = gone.where(waiting.c.context_id == context_id)
    if learner_id:
        gone = gone.where(waiting.c.learner_id == learner_id)
    return connection.execute(gone).rowcount
