"""Settings of plugins, read by each plugin's own schema: the installation's, and a tenant's over them.

A schema is somebody else's code, so it is called as plugins are: it can fail, or take too long, alone.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import msgspec
from cachetools import LRUCache
from marshmallow import Schema

from .hookspecs import RULES
from .isolation import Isolation, log
from .plugin_choices import PluginChoice, WrongSettings, read

MILLISECONDS = RULES["settings_schema"].milliseconds
KEPT = 500
"""Settings of tenants whose reading is remembered."""
NOT_CHECKED = "The plugin could not check its settings."


class SettingsBySchema:
    """What schemas there are, and the settings they give.

    :param table: plugin name to what the configuration says.
    """

    def __init__(self, table: Mapping[str, Mapping[str, object]], isolation: Isolation) -> None:
        self.table = table
        self.schemas: dict[str, type[Schema]] = {}
        self._isolation = isolation
        self._installed: dict[str, Mapping[str, Any]] = {}
        self._read: LRUCache[tuple[str, bytes], Mapping[str, Any]] = LRUCache(KEPT)
        self._lock = threading.Lock()

    def take(self, plugin: str, schema: type[Schema]) -> None:
        """Take a plugin's schema, and read by it what the configuration says.

        :raises WrongSettings: when the configuration does not fit; then the plugin has no settings here.
        """
        self.schemas[plugin] = schema
        try:
            self._installed[plugin] = self.check(plugin, {})
        except WrongSettings:
            del self.schemas[plugin]
            raise

    def installed(self, plugin: str) -> Mapping[str, Any]:
        """What holds without a tenant's choice; what the configuration says where there is no schema."""
        return self._installed.get(plugin, self.table.get(plugin, {}))

    def of(self, plugin: str, choice: PluginChoice) -> Mapping[str, Any]:
        """A plugin's settings for a tenant; empty without schema.

        A choice that the schema refuses (any more) is left out, and said in the log.
        """
        if plugin not in self.schemas:
            return {}
        if not choice.settings:
            return self._installed[plugin]
        key = plugin, msgspec.json.encode(choice.settings, order="sorted")
        with self._lock:
            known = self._read.get(key)
        if known is None:
            try:
                known = self.check(plugin, choice.settings)
            except WrongSettings as error:
                log.warning("a tenant's settings are not used: %s", error.what)
                known = self._installed[plugin]
            with self._lock:
                self._read[key] = known
        return known

    def check(self, plugin: str, own: Mapping[str, Any]) -> Mapping[str, Any]:
        """Settings as the schema reads them: a tenant's own, else the configuration's, else the default.

        :raises WrongSettings: for what the schema refuses, or when it fails itself.
        """
        _, answer = self._isolation.call(
            plugin,
            "settings_schema",
            read,
            {"schema": self.schemas[plugin], "values": {**self.table.get(plugin, {}), **own}},
            seconds=MILLISECONDS / 1000,
            check=lambda found: found,
        )
        found, errors = answer or ({}, {"_schema": [NOT_CHECKED]})
        if errors:
            raise WrongSettings(plugin, errors)
        return dict(found)
