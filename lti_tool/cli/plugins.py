"""``stifinder plugins``: which there are, what they do, and whether they do it."""

from __future__ import annotations

import dataclasses
import json

import click
from rich.console import Console
from rich.table import Table

from ...core.plugins import Plugins
from . import Tool


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def plugins(tool: Tool, as_json: bool) -> None:
    """List the plugins with their version, hooks and status.

    A plugin is installed with pip and announces itself, or is a module that Python finds and stifinder.toml
    names. For a file in this folder: PYTHONPATH=. stifinder plugins

    \b
        [plugins]
        load = ["my_package.my_plugin"]
        disable = ["peers"]
    """
    chosen = tool.settings.plugins
    loaded = Plugins(load=chosen.load, disable=chosen.disable, settings=chosen.settings)
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
