"""``stifinder tenant``: the organisations that one installation serves."""

from __future__ import annotations

import re

import click

from ...core.errors import InvalidInput
from ...core.store import tenants
from ...core.store.tables import SYSTEM
from . import Tool

IDS = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@click.group()
def tenant() -> None:
    """Organisations; every row of data belongs to one."""


@tenant.command("add")
@click.argument("tenant_id", metavar="ID")
@click.option("--name", help="What people call it [default: the id].")
@click.option(
    "--locale", default="en", show_default=True, help="Language when the LMS does not say: da, de or en."
)
@click.pass_obj
def add(tool: Tool, tenant_id: str, name: str | None, locale: str) -> None:
    """Add an organisation.

    \b
        stifinder tenant add acme --name "Acme Ltd" --locale da
    """
    if not IDS.fullmatch(tenant_id) or tenant_id == SYSTEM:
        raise InvalidInput(
            f"{tenant_id!r} cannot be a tenant's id.",
            "Use lower-case letters, digits and hyphens, like acme-dk.",
        )
    core = tool.core()
    core.database.require_migrated()
    core.add_tenant(tenant_id, name or tenant_id, locale)
    click.echo(f"Added {tenant_id}. Next: stifinder register --tenant {tenant_id}")


@tenant.command("list")
@click.pass_obj
def show(tool: Tool) -> None:
    """List them: id, language, name."""
    core = tool.core()
    core.database.require_migrated()
    with core.database.read() as connection:
        found = [each for each in tenants.every(connection) if each.id != SYSTEM]
    for each in found:
        click.echo(f"{each.id}\t{each.locale}\t{each.name}")
    if not found:
        click.echo("None yet. Add one: stifinder tenant add acme", err=True)
