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

from .errors import ConfigurationError
from .hookspecs import RULES
from .isolation import Isolation, log
from .plugin_choices import PluginChoice, WrongSettings, read, secret_names, version_of
from .secrets import Secrets

MILLISECONDS = RULES["settings_schema"].milliseconds
KEPT = 500
"""Settings of tenants whose reading is remembered."""
NOT_CHECKED = "The plugin could not check its settings."
SEALED = "$sealed"
"""In place of a secret setting stands ``{SEALED: token}``."""


def is_sealed(value: object) -> bool:
    """Whether this stands for a secret."""
    return isinstance(value, dict) and set(value) == {SEALED} and isinstance(value[SEALED], str)


class SettingsBySchema:
    """What schemas there are, and the settings they give.

    :param table: plugin name to what the configuration says.
    """

    def __init__(self, table: Mapping[str, Mapping[str, object]], isolation: Isolation) -> None:
        self.table = table
        self.schemas: dict[str, type[Schema]] = {}
        self._isolation = isolation
        self._installed: dict[str, Mapping[str, Any]] = {}
        self._read: LRUCache[tuple[str, int, bytes], Mapping[str, Any] | None] = LRUCache(KEPT)
        self.secrets: Secrets | None = None
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
        return self._own(plugin, choice) or self._installed[plugin]

    def fits(self, plugin: str, choice: PluginChoice) -> bool:
        """Whether what a tenant set can be used."""
        return plugin not in self.schemas or not choice.settings or self._own(plugin, choice) is not None

    def _own(self, plugin: str, choice: PluginChoice) -> Mapping[str, Any] | None:
        """What a tenant set, with the rest filled in; None where it set nothing, or nothing that fits."""
        if not choice.settings:
            return None
        key = plugin, choice.version, msgspec.json.encode(choice.settings, order="sorted")
        with self._lock:
            if key in self._read:
                return self._read[key]
        try:
            known = self.check(plugin, choice.settings, choice.version)
        except WrongSettings as error:
            log.warning("a tenant's settings are not used: %s", error.what)
            known = None
        with self._lock:
            self._read[key] = known
        return known

    def version(self, plugin: str) -> int:
        """The version of a plugin's schema."""
        return version_of(self.schemas[plugin])

    def secrets_of(self, plugin: str) -> frozenset[str]:
        """Names of the settings that are kept encrypted and never shown."""
        return secret_names(self.schemas[plugin]) if plugin in self.schemas else frozenset()

    def seal(self, plugin: str, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The same settings with their secrets encrypted."""
        names = self.secrets_of(plugin)
        return {
            name: {SEALED: self._secrets().encrypt(str(value).encode()).decode()}
            if name in names and not is_sealed(value)
            else value
            for name, value in settings.items()
        }

    def _opened(self, own: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: self._secrets().decrypt(value[SEALED].encode()).decode() if is_sealed(value) else value
            for name, value in own.items()
        }

    def _secrets(self) -> Secrets:
        if self.secrets is None:
            raise ConfigurationError(
                "There is no master key to open a secret setting with.", "Open the tool's data directory."
            )
        return self.secrets

    def check(self, plugin: str, own: Mapping[str, Any], version: int | None = None) -> Mapping[str, Any]:
        """Settings as the schema reads them: a tenant's own, else the configuration's, else the default.

        :param version: of the schema by which they were set; the present one without.
        :raises WrongSettings: for what the schema refuses, or when it fails itself.
        """
        schema = self.schemas[plugin]
        try:
            own = self._opened(own)
        except ConfigurationError as error:
            raise WrongSettings(plugin, {"_schema": [error.what]}) from error
        given = {
            "schema": schema,
            "usual": self.table.get(plugin, {}),
            "own": own,
            "version": version_of(schema) if version is None else version,
        }
        _, answer = self._isolation.call(
            plugin,
            "settings_schema",
            read,
            given,
            seconds=MILLISECONDS / 1000,
            check=lambda found: found,
        )
        found, errors = answer or ({}, {"_schema": [NOT_CHECKED]})
        if errors:
            raise WrongSettings(plugin, errors)
        return dict(found)
