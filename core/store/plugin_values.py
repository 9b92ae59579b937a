"""What plugins keep, by plugin and key, of a tenant or of one learner."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, insert, select

from ..errors import InvalidInput
from ..people import Purpose, Source
from .tables import plugin_value

MOST_BYTES = 65_536
MOST_OF_TENANT, MOST_OF_LEARNER = 1_000, 50
LONGEST_KEY = 200

Pairs = frozenset[tuple[Purpose, Source]]
Kept = dict[str, dict[str, Any]]
"""Plugin to key to value."""

_BOTH = select(
    plugin_value.c.learner_id, plugin_value.c.plugin, plugin_value.c.key, plugin_value.c.value
).where(
    plugin_value.c.tenant_id == bindparam("tenant_id"),
    plugin_value.c.learner_id.in_(["", bindparam("learner_id")]),
)
"""Asked for each page, so made once."""


def of_page(connection: Connection, tenant_id: str, learner_id: str = "") -> tuple[Kept, Kept]:
    """What plugins keep of the tenant, and of one learner; without a learner of nobody."""
    tenants: Kept = {}
    learners: Kept = {}
    for row in connection.execute(_BOTH, {"tenant_id": tenant_id, "learner_id": learner_id}):
        into = learners if row.learner_id else tenants
        into.setdefault(row.plugin, {})[row.key] = msgspec.json.decode(row.value)
    return tenants, learners


def keep(
    connection: Connection,
    tenant_id: str,
    plugin: str,
    learner_id: str,
    key: str,
    value: Any,
    agreed: Pairs,
    now: datetime,
) -> None:
    """Keep a value under a key; the tenant's row must be locked.

    :param agreed: the purposes and sources under which a learner's value is kept; it goes with any of them.
    :raises InvalidInput: for a value that JSON cannot hold, one too large, or one too many.
    """
    if not isinstance(key, str) or not 0 < len(key) <= LONGEST_KEY:
        raise InvalidInput(f"A key has 1 to {LONGEST_KEY} characters.", "Use a shorter key.")
    try:
        stored = msgspec.json.encode(value)
        if msgspec.json.decode(stored) != value:
            raise TypeError("it comes back as something else")
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(
            f"JSON cannot hold the value of {key!r}: {error}", "Use texts, numbers, lists and dicts of them."
        ) from error
    if len(stored) > MOST_BYTES:
        raise InvalidInput(
            f"The value of {key!r} has {len(stored)} bytes; {MOST_BYTES} are kept.", "Keep less of it."
        )
    forget(connection, tenant_id, plugin, learner_id, key)
    count = select(func.count()).select_from(plugin_value).where(*_of(tenant_id, plugin, learner_id))
    most = MOST_OF_LEARNER if learner_id else MOST_OF_TENANT
    if connection.execute(count).scalar_one() >= most:
        raise InvalidInput(f"The plugin keeps {most} values already.", "Forget one first.")
    connection.execute(
        insert(plugin_value).values(
            tenant_id=tenant_id,
            plugin=plugin,
            learner_id=learner_id,
            key=key,
            value=stored,
            agreed=",".join(sorted(map(":".join, agreed))),
            changed_at=now,
        )
    )


def forget(connection: Connection, tenant_id: str, plugin: str, learner_id: str, key: str) -> None:
    """Keep a value no longer."""
    here = (*_of(tenant_id, plugin, learner_id), plugin_value.c.key == key)
    connection.execute(delete(plugin_value).where(*here))


def drop_uncovered(connection: Connection, tenant_id: str, learner_id: str, allowed: Pairs) -> None:
    """Remove what was kept of a learner under anything that is not allowed any more."""
    pairs = set(map(":".join, allowed))
    mine = (plugin_value.c.tenant_id == tenant_id, plugin_value.c.learner_id == learner_id)
    found = connection.execute(select(plugin_value.c.agreed).where(*mine).distinct()).scalars()
    for gone in [each for each in found if not set(each.split(",")) <= pairs]:
        connection.execute(delete(plugin_value).where(*mine, plugin_value.c.agreed == gone))


def held(connection: Connection, tenant_id: str, learner_id: str) -> list[Mapping[str, Any]]:
    """What plugins keep of a learner, as it is shown to them."""
    rows = connection.execute(
        select(plugin_value)
        .where(plugin_value.c.tenant_id == tenant_id, plugin_value.c.learner_id == learner_id)
        .order_by(plugin_value.c.plugin, plugin_value.c.key)
    )
    return [
        {
            "plugin": row.plugin,
            "key": row.key,
            "value": msgspec.json.decode(row.value),
            "changed_at": row.changed_at.isoformat(),
        }
        for row in rows
    ]


def _of(tenant_id: str, plugin: str, learner_id: str) -> tuple[Any, ...]:
    return (
        plugin_value.c.tenant_id == tenant_id,
        plugin_value.c.learner_id == learner_id,
        plugin_value.c.plugin == plugin,
    )
