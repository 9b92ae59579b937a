"""The switch of the installation: plugins that take part for nobody, kept in the database.

It is read before any plugin's code is, so that a plugin which stops the start can be switched off. What one
tenant chooses is ``plugin_choices``.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, inspect

from .errors import ConfigurationError
from .plugin_choices import AS_INSTALLED, PluginChoice
from .staff import Actor
from .store import audit, plugin_choices, tenants
from .store.database import Database
from .store.tables import SYSTEM, plugin_choice


def off(database: Database) -> frozenset[str]:
    """Names of the plugins that are switched off; none where the database is not migrated yet."""
    with database.read() as connection:
        if not inspect(connection).has_table(plugin_choice.name):
            return frozenset()
        return _off(connection)


def _off(connection: Connection) -> frozenset[str]:
    chosen = plugin_choices.of_tenant(connection, SYSTEM)
    return frozenset(name for name, choice in chosen.items() if not choice.enabled)


def switch(database: Database, actor: Actor, plugin: str, now: datetime, *, on: bool) -> bool:
    """Switch a plugin on or off for the whole installation, and record who did; starts from now on heed it.

    :returns: False when it was so already; then nothing is recorded.
    :raises ConfigurationError: when the database is not migrated.
    """
    database.require_migrated()
    with database.write() as connection:
        if tenants.find(connection, SYSTEM) is None:
            raise ConfigurationError("The database is not set up.", "Run `stifinder migrate`.")
        tenants.counters(connection, SYSTEM, lock=True)
        if on is (plugin not in _off(connection)):
            return False
        choice = PluginChoice(enabled=on)
        plugin_choices.choose(connection, SYSTEM, plugin, choice, now, usual=AS_INSTALLED)
        audit.add(connection, SYSTEM, actor, f"switch plugin {'on' if on else 'off'}", plugin, {}, now)
    return True
