"""How many take part in each course, as the LMS tells: counts, and when to ask again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, select, update

from ..membership import Headcount
from .database import across_tenants
from .tables import membership, roster


@dataclass(frozen=True, slots=True)
class Roster:
    """Where a course's members are told.

    :param issuer: of the LMS, by which it names accounts.
    :param address: ``context_memberships_url``.
    :param differences: where the LMS tells what changed since it was asked last; "" where it does not.
    :param groups, group_sets: where it tells the course's groups; "" where it does not.
    """

    tenant_id: str
    context_id: str
    registration_id: str
    issuer: str
    address: str
    differences: str = ""
    groups: str = ""
    group_sets: str = ""

    def same_as(self, other: Roster) -> bool:
        """Whether a launch that says this says nothing new."""
        return self == replace(other, differences=self.differences)


def _roster(row: Any) -> Roster:
    return Roster(
        row.tenant_id,
        row.context_id,
        row.registration_id,
        row.issuer,
        row.address,
        row.differences,
        row.groups,
        row.group_sets,
    )


def _is(entry: Roster) -> Any:
    return and_(roster.c.tenant_id == entry.tenant_id, roster.c.context_id == entry.context_id)


def find(connection: Connection, tenant_id: str, context_id: str) -> tuple[Roster, Headcount | None] | None:
    """What is known of a course: where to ask, and what the last answer was; None for an unknown course."""
    row = connection.execute(
        select(roster).where(roster.c.tenant_id == tenant_id, roster.c.context_id == context_id)
    ).one_or_none()
    if row is None:
        return None
    count = Headcount(row.learners, row.staff, row.gone, row.counted_at) if row.counted_at else None
    return _roster(row), count


def note(connection: Connection, entry: Roster, now: datetime) -> None:
    """Remember where to ask for a course, at once if it is new; what changed at an earlier place is void."""
    where = {
        "registration_id": entry.registration_id,
        "issuer": entry.issuer,
        "address": entry.address,
        "differences": "",
        "groups": entry.groups,
        "group_sets": entry.group_sets,
    }
    if connection.execute(update(roster).where(_is(entry)).values(**where)).rowcount == 0:
        connection.execute(
            insert(roster).values(
                tenant_id=entry.tenant_id, context_id=entry.context_id, next_at=now, last_error="", **where
            )
        )


def due(connection: Connection, now: datetime) -> list[Roster]:
    """Courses of all tenants whose members should be asked for now."""
    rows = connection.execute(
        across_tenants(select(roster).where(roster.c.next_at <= now).order_by(roster.c.next_at))
    )
    return [_roster(row) for row in rows]


def counted(
    connection: Connection, entry: Roster, count: Headcount, next_at: datetime, differences: str = ""
) -> None:
    """Keep what the LMS said, and where it will tell what changed since."""
    connection.execute(
        update(roster)
        .where(_is(entry))
        .values(
            learners=count.learners,
            staff=count.staff,
            gone=count.gone,
            counted_at=count.at,
            next_at=next_at,
            differences=differences,
            last_error="",
        )
    )


def unchanged(
    connection: Connection, entry: Roster, now: datetime, next_at: datetime, differences: str
) -> None:
    """Keep that the LMS said that the counts still hold."""
    connection.execute(
        update(roster)
        .where(_is(entry))
        .values(counted_at=now, next_at=next_at, differences=differences, last_error="")
    )


def failed(connection: Connection, entry: Roster, error: str, next_at: datetime) -> None:
    """Keep why the LMS did not answer, and when to ask again."""
    connection.execute(update(roster).where(_is(entry)).values(last_error=error[:500], next_at=next_at))


def members(connection: Connection, tenant_id: str, context_id: str) -> set[str]:
    """Ids of the learners who can be found in a course."""
    query = select(membership.c.learner_id).where(
        membership.c.tenant_id == tenant_id, membership.c.context_id == context_id
    )
    return set(connection.execute(query).scalars())


def left(connection: Connection, tenant_id: str, context_id: str, learner_ids: set[str]) -> int:
    """Take learners out of a course that they are no longer members of; returns how many were in it."""
    gone = delete(membership).where(
        membership.c.tenant_id == tenant_id,
        membership.c.context_id == context_id,
        membership.c.learner_id.in_(learner_ids),
    )
    return connection.execute(gone).rowcount
