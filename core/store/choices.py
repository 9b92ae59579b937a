"""What tenants and courses chose otherwise than the defaults."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from ..choices import DEFAULTS, Choices
from .tables import setting


def of_tenant(connection: Connection, tenant_id: str) -> Choices:
    """What the tenant chose."""
    return replace(DEFAULTS, **_stored(connection, tenant_id, "").get("", {}))


def numbered_as(connection: Connection, tenant_id: str) -> str:
    """The tenant's id from which the ids of its activities and skills are made (``catalogue.opaque``)."""
    return of_tenant(connection, tenant_id).ids_from or tenant_id


def of_course(connection: Connection, tenant_id: str, context_id: str) -> Choices:
    """What holds in a course: its own choices before the tenant's; groups are never smaller than there."""
    stored = _stored(connection, tenant_id, context_id)
    tenant = replace(DEFAULTS, **stored.get("", {}))
    here = replace(tenant, **stored.get(context_id, {}))
    return replace(here, figures_from=max(here.figures_from, tenant.figures_from))


def _stored(connection: Connection, tenant_id: str, context_id: str) -> dict[str, dict[str, Any]]:
    rows = connection.execute(
        select(setting.c.context_id, setting.c.key, setting.c.value).where(
            setting.c.tenant_id == tenant_id, setting.c.context_id.in_(["", context_id])
        )
    )
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        found.setdefault(row.context_id, {})[row.key] = row.value
    return found


def choose(
    connection: Connection, tenant_id: str, context_id: str, key: str, value: Any, now: datetime
) -> None:
    """Keep a checked value; None goes back to what holds otherwise."""
    connection.execute(
        delete(setting).where(
            setting.c.tenant_id == tenant_id, setting.c.context_id == context_id, setting.c.key == key
        )
    )
    if value is not None:
        connection.execute(
            insert(setting).values(
                tenant_id=tenant_id, context_id=context_id, key=key, value=value, changed_at=now
            )
        )
