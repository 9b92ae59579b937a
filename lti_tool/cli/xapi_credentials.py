"""``stifinder xapi``: the names and passwords with which an LMS sends statements."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

import click

from ...core.errors import NotFound
from ...core.store import credentials
from . import Tool, tenant_option, the_tenant


@click.group()
def xapi() -> None:
    """Names and passwords for the xAPI endpoint."""


@xapi.command("add")
@tenant_option
@click.option("--username", help="[default: made up]")
@click.pass_obj
def add(tool: Tool, tenant: str | None, username: str | None) -> None:
    """Make a name and password, and show them once; only a hash of the password is kept.

    \b
        stifinder xapi add --tenant acme --username moodle
    """
    core = tool.core()
    core.database.require_migrated()
    tenant_id = the_tenant(core, tenant)
    username = username or f"{tenant_id}-{secrets.token_hex(3)}"
    password = secrets.token_urlsafe(24)
    with core.database.write() as connection:
        credentials.add(connection, tenant_id, username, password, datetime.now(UTC))
    click.echo(f"endpoint  {tool.settings.base_url}/xapi\nusername  {username}\npassword  {password}")
    click.echo("Enter these in the LMS now: the password is not shown again.", err=True)


@xapi.command("list")
@tenant_option
@click.pass_obj
def show(tool: Tool, tenant: str | None) -> None:
    """List the names there are."""
    core = tool.core()
    core.database.require_migrated()
    tenant_id = the_tenant(core, tenant)
    with core.database.read() as connection:
        names = list(credentials.names(connection, tenant_id))
    for name in names:
        click.echo(name)
    if not names:
        click.echo(f"None yet. Make one: stifinder xapi add --tenant {tenant_id}", err=True)


@xapi.command("remove")
@click.argument("username")
@tenant_option
@click.pass_obj
def remove(tool: Tool, username: str, tenant: str | None) -> None:
    """Remove a name; statements sent with it are refused from now on."""
    core = tool.core()
    core.database.require_migrated()
    tenant_id = the_tenant(core, tenant)
    with core.database.write() as connection:
        if username not in list(credentials.names(connection, tenant_id)):
            raise NotFound(f"{tenant_id} has no xAPI name {username!r}.", "See them: stifinder xapi list")
        credentials.remove(connection, tenant_id, username)
    click.echo(f"Removed {username}.")
