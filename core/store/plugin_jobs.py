"""How the jobs of plugins stand: when each is due, who is at it, and what came of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update

from .tables import plugin_job


@dataclass(frozen=True, slots=True)
class JobState:
    """One plugin's job in one tenant.

    :param claimed_until: until then a process is at it, or was when it died.
    :param done: of ``total``, as the job says; 0 of 0 when it says nothing.
    :param failures: in a row.
    :param failure: the last one, by type and place; "" after a run that went well.
    """

    plugin: str
    job: str
    next_at: datetime
    claimed_until: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    done: int = 0
    total: int = 0
    failures: int = 0
    failure: str = ""

    def runs(self, now: datetime) -> bool:
        """Whether a process is at it."""
        return self.claimed_until is not None and self.claimed_until > now


def of_tenant(connection: Connection, tenant_id: str) -> dict[tuple[str, str], JobState]:
    """(plugin, job) to how it stands."""
    columns = [plugin_job.c[name] for name in JobState.__dataclass_fields__]
    rows = connection.execute(select(*columns).where(plugin_job.c.tenant_id == tenant_id))
    return {(row.plugin, row.job): JobState(*row) for row in rows}


def introduce(
    connection: Connection, tenant_id: str, jobs: Collection[tuple[str, str]], now: datetime
) -> None:
    """Make jobs that were never seen here due now; the tenant's row must be locked."""
    known = of_tenant(connection, tenant_id)
    for plugin, job in sorted(set(jobs) - set(known)):
        connection.execute(
            insert(plugin_job).values(tenant_id=tenant_id, plugin=plugin, job=job, next_at=now)
        )


def claim(
    connection: Connection, tenant_id: str, plugin: str, job: str, now: datetime, until: datetime
) -> bool:
    """Take a job that is due and that nobody is at; whether it was there to take."""
    taken = connection.execute(
        update(plugin_job)
        .where(
            *_this(tenant_id, plugin, job),
            plugin_job.c.next_at <= now,
            or_(plugin_job.c.claimed_until.is_(None), plugin_job.c.claimed_until <= now),
        )
        .values(claimed_until=until, started_at=now, done=0, total=0)
    )
    return taken.rowcount == 1


def change(connection: Connection, tenant_id: str, plugin: str, job: str, **values: object) -> None:
    """Note something about a job."""
    connection.execute(update(plugin_job).where(*_this(tenant_id, plugin, job)).values(**values))


def _this(tenant_id: str, plugin: str, job: str) -> tuple[Any, ...]:
    return plugin_job.c.tenant_id == tenant_id, plugin_job.c.plugin == plugin, plugin_job.c.job == job
