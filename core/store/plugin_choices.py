"""What tenants chose about plugins."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select

from ..plugin_choices import PluginChoice
from .tables import plugin_choice

_OF_TENANT = select(
    plugin_choice.c.plugin,
    plugin_choice.c.enabled,
    plugin_choice.c.settings,
    plugin_choice.c.settings_version,
).where(plugin_choice.c.tenant_id == bindparam("tenant_id"))
"""Asked for each page, so made once."""


def of_tenant(connection: Connection, tenant_id: str) -> Mapping[str, PluginChoice]:
    """Plugin to what the tenant chose, where it chose something."""
    rows = connection.execute(_OF_TENANT, {"tenant_id": tenant_id})
    return {row.plugin: PluginChoice(row.enabled, row.settings, row.settings_version) for row in rows}


def choose(
    connection: Connection,
    tenant_id: str,
    plugin: str,
    choice: PluginChoice,
    now: datetime,
    *,
    usual: PluginChoice,
) -> None:
    """Keep a choice, unless it is the usual one; the tenant's row must be locked."""
    here = (plugin_choice.c.tenant_id == tenant_id, plugin_choice.c.plugin == plugin)
    connection.execute(delete(plugin_choice).where(*here))
    if (choice.enabled, choice.settings) != (usual.enabled, usual.settings):
        connection.execute(
            insert(plugin_choice).values(
                tenant_id=tenant_id,
                plugin=plugin,
                enabled=choice.enabled,
                settings=dict(choice.settings),
                settings_version=choice.version,
                changed_at=now,
            )
        )
