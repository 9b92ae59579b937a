"""How a tenant uses its plugins: which, with what settings, and how they do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from marshmallow import Schema
from sqlalchemy import Connection

from ..errors import NotFound
from ..manifests import Manifest
from ..plugin_choices import PluginChoice
from ..plugin_health import Tally
from ..plugins import Described
from ..staff import Actor
from ..store import plugin_choices, tenants
from .staff import StaffDesk


@dataclass(frozen=True)
class PluginHere:
    """One plugin, as a tenant has it.

    :param installed: name, version, hooks, and status for all tenants.
    :param manifest: what it may do.
    :param schema: of its settings; None when there is nothing to set.
    :param settings: in force, as the schema reads them.
    :param usual: what holds without the tenant's own settings.
    :param tally: calls for this tenant since this process started.
    :param last_failure: hook and kind of the last failure, for whichever tenant; "" without one.
    """

    installed: Described
    manifest: Manifest
    choice: PluginChoice
    schema: type[Schema] | None
    settings: Mapping[str, Any]
    usual: Mapping[str, Any]
    tally: Tally
    last_failure: str


class PluginsDesk(StaffDesk):
    """Calls about a tenant's plugins."""

    def plugins_here(self, tenant_id: str) -> list[PluginHere]:
        """All plugins that are installed, by name."""
        with self.database.read() as connection:
            chosen = plugin_choices.of_tenant(connection, tenant_id)
        return [
            self._here(tenant_id, row, chosen.get(row.name) or self.plugins.usual_choice(row.name))
            for row in sorted(self.plugins.describe(), key=lambda row: row.name)
        ]

    def _here(self, tenant_id: str, row: Described, choice: PluginChoice) -> PluginHere:
        settings = self.plugins.settings
        schema = settings.schemas.get(row.name)
        health = self.plugins.isolation.health.get(row.name)
        # Where in the code it failed is for the log: it names folders of the machine.
        failure = health.last.partition(" at ")[0] if health else ""
        return PluginHere(
            row,
            self.plugins.manifest(row.name),
            choice,
            schema,
            settings.of(row.name, choice) if schema else {},
            settings.installed(row.name) if schema else {},
            self.plugins.tallies.of(tenant_id, row.name),
            failure,
        )

    def plugin_here(self, tenant_id: str, plugin: str) -> PluginHere:
        """One plugin.

        :raises NotFound: when there is none of that name.
        """
        for here in self.plugins_here(tenant_id):
            if here.installed.name == plugin:
                return here
        raise NotFound("There is no such plugin.", "Load the page again: it shows what is installed.")

    def switch_plugin(self, tenant_id: str, actor: Actor, plugin: str, *, on: bool) -> None:
        """Use a plugin in this tenant, or not; what its model has learned stays either way.

        :raises NotFound: when there is no such plugin.
        """
        self.plugin_here(tenant_id, plugin)
        with self.database.write() as connection:
            tenants.counters(connection, tenant_id, lock=True)
            self._choose(connection, tenant_id, plugin, enabled=on)
            self._record_act(connection, tenant_id, actor, f"switch plugin {'on' if on else 'off'}", plugin)

    def set_plugin(self, tenant_id: str, actor: Actor, plugin: str, given: Mapping[str, Any]) -> None:
        """Set a plugin for this tenant; an empty mapping goes back to what is usual.

        Only what differs from the usual is kept, so that later changes of the rest still arrive.

        :param given: setting to value, as JSON has it.
        :raises NotFound: when there is no such plugin, or it has nothing to set.
        :raises WrongSettings: when its schema refuses them; nothing is changed.
        """
        here = self.plugin_here(tenant_id, plugin)
        if here.schema is None:
            raise NotFound("This plugin has nothing to set.", "Load the page again.")
        found = self.plugins.settings.check(plugin, given)
        own = {name: given[name] for name in given if found.get(name) != here.usual.get(name)}
        with self.database.write() as connection:
            tenants.counters(connection, tenant_id, lock=True)
            self._choose(connection, tenant_id, plugin, settings=own)
            self._record_act(connection, tenant_id, actor, "set plugin", plugin, settings=own)

    def _choose(self, connection: Connection, tenant_id: str, plugin: str, **changed: Any) -> None:
        """Change a part of what the tenant chose."""
        usual = self.plugins.usual_choice(plugin)
        before = plugin_choices.of_tenant(connection, tenant_id).get(plugin, usual)
        after = replace(before, **changed)
        plugin_choices.choose(connection, tenant_id, plugin, after, self.clock(), usual=usual)
