"""What the administration shows of tenants: numbers and the newest times, nothing about a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Connection, Select, func, select

from .database import across_tenants
from .lti import PENDING
from .tables import activity, context, learner, outbox, registration, roster, tenant


@dataclass(frozen=True, slots=True)
class Unread:
    """A course whose members the LMS did not tell.

    :param title: of the course; "" when the catalogue has none.
    """

    title: str
    error: str
    next_at: datetime


@dataclass(frozen=True, slots=True)
class InShort:
    """One tenant, for whoever runs the tool.

    :param stuck: scores that wait for a person.
    """

    id: str
    name: str
    locale: str
    learners: int
    registrations: int
    pending: int
    stuck: int
    last_launch_at: datetime | None


def activities(connection: Connection, tenant_id: str) -> int:
    """How many activities the catalogue has."""
    here = activity.c.tenant_id == tenant_id
    return connection.execute(select(func.count()).select_from(activity).where(here)).scalar_one()


def learners(connection: Connection, tenant_id: str) -> int:
    """How many people are remembered."""
    here = learner.c.tenant_id == tenant_id
    return connection.execute(select(func.count()).select_from(learner).where(here)).scalar_one()


def unread(connection: Connection, tenant_id: str) -> list[Unread]:
    """Courses whose members the LMS did not tell at the last try."""
    named = (context.c.tenant_id == roster.c.tenant_id) & (context.c.id == roster.c.context_id)
    rows = connection.execute(
        select(context.c.title, roster.c.last_error, roster.c.next_at)
        .select_from(roster.outerjoin(context, named))
        .where(roster.c.tenant_id == tenant_id, roster.c.last_error != "")
        .order_by(roster.c.next_at)
    )
    return [Unread(row.title or "", row.last_error, row.next_at) for row in rows]


def every(connection: Connection) -> list[InShort]:
    """All tenants, by id."""
    people = _by_tenant(connection, select(learner.c.tenant_id, func.count()), learner.c.tenant_id)
    for_a_person = select(outbox.c.tenant_id, func.count()).where(outbox.c.next_try_at.is_(None))
    stuck = _by_tenant(connection, for_a_person, outbox.c.tenant_id)
    query = select(registration.c.tenant_id, registration.c.status, registration.c.last_launch_at)
    known: dict[str, list[tuple[str, datetime | None]]] = {}
    for row in connection.execute(across_tenants(query)):
        known.setdefault(row.tenant_id, []).append((row.status, row.last_launch_at))
    found = []
    for row in connection.execute(select(tenant.c.id, tenant.c.name, tenant.c.locale).order_by(tenant.c.id)):
        mine = known.get(row.id, [])
        waiting = sum(status == PENDING for status, _ in mine)
        launches = [at for _, at in mine if at is not None]
        found.append(
            InShort(
                row.id,
                row.name,
                row.locale,
                people.get(row.id, 0),
                len(mine) - waiting,
                waiting,
                stuck.get(row.id, 0),
                max(launches, default=None),
            )
        )
    return found


def _by_tenant(connection: Connection, query: Select[tuple[str, int]], column: Column[str]) -> dict[str, int]:
    rows = connection.execute(across_tenants(query.group_by(column)))
    return {row[0]: row[1] for row in rows}
