"""How a tenant uses its plugins: which, with what settings, and how they do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from marshmallow import Schema
from sqlalchemy import Connection

from ..errors import NotFound
from ..isolation import Health
from ..manifests import Manifest
from ..plugin_choices import PluginChoice
from ..plugin_health import PluginHealth, Tally, without_folders
from ..plugins import Described
from ..staff import Actor
from ..store import plugin_choices, snapshots, tenants
from .staff import StaffDesk


@dataclass(frozen=True)
class PluginHere:
    """One plugin, as a tenant has it.

    :param installed: name, version, hooks, and status for all tenants.
    :param manifest: what it may do.
    :param schema: of its settings; None when there is nothing to set.
    :param settings: in force, as the schema reads them.
    :param usual: what holds without the tenant's own settings.
    :param secrets: names of secret settings to whether each is set; their values are in neither.
    :param fits: whether what the tenant set can be used; else what is usual holds.
    :param health: how it does.
    """

    installed: Described
    manifest: Manifest
    choice: PluginChoice
    schema: type[Schema] | None
    settings: Mapping[str, Any]
    usual: Mapping[str, Any]
    secrets: Mapping[str, bool]
    fits: bool
    health: PluginHealth

    @property
    def tally(self) -> Tally:
        """Calls for this tenant since this process started."""
        return self.health.tally

    @property
    def last_failure(self) -> str:
        """Hook and kind of the last failure, for whichever tenant; "" without one."""
        last = self.health.last
        return f"{last.hook}: {last.kind}, {last.words}" if last else ""


class PluginsDesk(StaffDesk):
    """Calls about a tenant's plugins."""

    def plugins_here(self, tenant_id: str) -> list[PluginHere]:
        """All plugins that are installed, by name."""
        with self.database.read() as connection:
            chosen = plugin_choices.of_tenant(connection, tenant_id)
            sizes = snapshots.sizes(connection, tenant_id)
        return [
            self._here(tenant_id, row, chosen.get(row.name) or self.plugins.usual_choice(row.name), sizes)
            for row in sorted(self.plugins.describe(), key=lambda row: row.name)
        ]

    def _here(
        self, tenant_id: str, row: Described, choice: PluginChoice, sizes: Mapping[str, int]
    ) -> PluginHere:
        settings = self.plugins.settings
        schema = settings.schemas.get(row.name)
        names = settings.secrets_of(row.name)
        now = settings.of(row.name, choice) if schema else {}
        usual = settings.installed(row.name) if schema else {}
        return PluginHere(
            row,
            self.plugins.manifest(row.name),
            choice,
            schema,
            {name: value for name, value in now.items() if name not in names},
            {name: value for name, value in usual.items() if name not in names},
            {name: bool(now.get(name)) for name in sorted(names)},
            settings.fits(row.name, choice),
            self._health(tenant_id, row.name, sizes),
        )

    def _health(self, tenant_id: str, plugin: str, sizes: Mapping[str, int]) -> PluginHealth:
        isolation = self.plugins.isolation
        seen = isolation.health.get(plugin, Health())
        apart = self.plugins.apart.get(plugin)
        models = [name for name, (owner, _) in self.models.models.items() if owner == plugin]
        return PluginHealth(
            self.plugins.tallies.of(tenant_id, plugin),
            isolation.since,
            seen.skipped,
            isolation.paused_for(plugin),
            sum(not job.done.is_set() for job in seen.stuck),
            without_folders(seen.last_failure) if seen.last_failure else None,
            self.plugins.grown.get(plugin),
            {name: sizes[name] for name in models if name in sizes},
            apart is not None,
            apart.resident if apart else None,
            apart.walls if apart else (),
        )

    def try_plugin_again(self, tenant_id: str, actor: Actor, plugin: str) -> None:
        """End the pause of a plugin that is left alone, in the process that answers.

        :raises NotFound: when there is no such plugin.
        """
        self.plugin_here(tenant_id, plugin)
        with self.database.write() as connection:
            tenants.counters(connection, tenant_id, lock=True)
            self._record_act(connection, tenant_id, actor, "try plugin again", plugin)
        self.plugins.isolation.try_again(plugin)

    def plugin_here(self, tenant_id: str, plugin: str) -> PluginHere:
        """One plugin.

        :raises NotFound: when there is none of that name.
        """
        for here in self.plugins_here(tenant_id):
            if here.installed.name == plugin:
                return here
        raise NotFound("There is no such plugin.", "Load the page again: it shows what is installed.")

    def switch_plugin(self, tenant_id: str, actor: Actor, plugin: str, *, on: bool) -> None:
        """Use a plugin in this tenant, or not.

        What its model has learned stays, and a model that was kept from what happened meanwhile learns it at
        once.

        :raises NotFound: when there is no such plugin.
        """
        self.plugin_here(tenant_id, plugin)
        with self.database.write() as connection:
            tenants.counters(connection, tenant_id, lock=True)
            self._choose(connection, tenant_id, plugin, enabled=on)
            self._record_act(connection, tenant_id, actor, f"switch plugin {'on' if on else 'off'}", plugin)
        with self.models.lock(tenant_id), self.database.read() as connection:
            self.models.states(connection, tenant_id)

    def set_plugin(self, tenant_id: str, actor: Actor, plugin: str, given: Mapping[str, Any]) -> None:
        """Set a plugin for this tenant; an empty mapping goes back to what is usual.

        Only what differs from the usual is kept, so that later changes of the rest still arrive. A secret
        that is not given stays as it is, and None clears it.

        :param given: setting to value, as JSON has it.
        :raises NotFound: when there is no such plugin, or it has nothing to set.
        :raises WrongSettings: when its schema refuses them; nothing is changed.
        """
        here = self.plugin_here(tenant_id, plugin)
        if here.schema is None:
            raise NotFound("This plugin has nothing to set.", "Load the page again.")
        settings = self.plugins.settings
        if given:
            kept = {n: v for n, v in here.choice.settings.items() if n in here.secrets and n not in given}
            cleared = {n for n in here.secrets if n in given and given[n] is None}
            given = {**kept, **{n: v for n, v in given.items() if n not in cleared}}
        found = settings.check(plugin, given)
        usual = settings.installed(plugin)
        own = settings.seal(plugin, {n: given[n] for n in given if found.get(n) != usual.get(n)})
        told = {name: "secret" if name in here.secrets else value for name, value in own.items()}
        with self.database.write() as connection:
            tenants.counters(connection, tenant_id, lock=True)
            self._choose(connection, tenant_id, plugin, settings=own, version=settings.version(plugin))
            self._record_act(connection, tenant_id, actor, "set plugin", plugin, settings=told)

    def _choose(self, connection: Connection, tenant_id: str, plugin: str, **changed: Any) -> None:
        """Change a part of what the tenant chose."""
        usual = self.plugins.usual_choice(plugin)
        before = plugin_choices.of_tenant(connection, tenant_id).get(plugin, usual)
        after = replace(before, **changed)
        plugin_choices.choose(connection, tenant_id, plugin, after, self.clock(), usual=usual)
