"""``stifinder plugins``: which there are, whether they do their work, and their switch for all tenants."""

from __future__ import annotations

import dataclasses
import difflib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from ...core.errors import NotFound
from ...core.plugins import Plugins
from ...core.staff import OPERATOR
from . import Tool, database_url, switched_off

if TYPE_CHECKING:
    from ...core.store.database import Database


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def plugins(context: click.Context, as_json: bool) -> None:
    """List the plugins with their version, hooks and status; switch one off for everybody.

    A plugin is installed with pip and announces itself, or is a module that Python finds and stifinder.toml
    names. For a file in this folder: PYTHONPATH=. stifinder plugins

    \b
        [plugins]
        load = ["my_package.my_plugin"]
        disable = ["peers"]
    """
    if context.invoked_subcommand is not None:
        return
    tool: Tool = context.obj
    chosen = tool.settings.plugins
    off = switched_off(tool.settings)
    loaded = Plugins(
        load=chosen.load, disable=chosen.disable | off, apart=chosen.apart, settings=chosen.settings
    )
    loaded.models()  # as a start does, so that a model that cannot be used shows in the status
    found = loaded.describe()
    for name in loaded.unknown_disabled():
        click.echo(f"Warning: {name} is disabled, but there is no such plugin.", err=True)
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(row) for row in found], indent=2))
        return
    table = Table("Plugin", "Version", "From", "Hooks", "Status", box=None, pad_edge=False)
    for row in found:
        table.add_row(row.name, row.version, row.origin, ", ".join(row.hooks), row.status)
    console = Console()
    if not console.is_terminal:
        console.width = 200  # do not wrap what another program reads line by line
    console.print(table)


@plugins.command()
@click.argument("name")
@click.pass_obj
def disable(tool: Tool, name: str) -> None:
    """Switch a plugin off for all tenants, from the next start on.

    Reads none of the plugin's code: this works when a plugin keeps Stifinder from starting. What its model
    has learned stays.

    \b
        stifinder plugins disable collaborative
    """
    _switch(tool, name, on=False)


@plugins.command()
@click.argument("name")
@click.pass_obj
def enable(tool: Tool, name: str) -> None:
    """Let a plugin that was switched off take part again, from the next start on."""
    _switch(tool, name, on=True)
    if name in tool.settings.plugins.disable:
        where = tool.settings.file or "the configuration"
        click.echo(f"Warning: {name} stays off while [plugins] disable in {where} names it.", err=True)


def _switch(tool: Tool, name: str, *, on: bool) -> None:
    from ...core import plugin_switches

    known = set(Plugins.names(tool.settings.plugins.load)) | switched_off(tool.settings)
    with _database(tool) as database:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise NotFound(
                f"There is no plugin {name!r}.",
                f"Did you mean {near[0]}?" if near else f"There are: {', '.join(sorted(known))}.",
            )
        changed = plugin_switches.switch(database, OPERATOR, name, datetime.now(UTC), on=on)
    state = "on" if on else "off"
    if changed:
        click.echo(f"{name} is {state} for all tenants. Start Stifinder again where it runs.")
    else:
        click.echo(f"{name} was {state} already.")


@contextmanager
def _database(tool: Tool) -> Iterator[Database]:
    from ...core.store.database import Database

    database_url(tool.settings)
    database = Database(tool.settings.database_url)
    try:
        yield database
    finally:
        database.close()
