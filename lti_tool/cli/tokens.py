"""``stifinder token``: tokens with which programs use the API."""

from __future__ import annotations

import click

from ...core.desks.api_tokens import MOST_DAYS, USUAL_DAYS
from ...core.scopes import Scope
from ...core.staff import OPERATOR
from . import Tool, tenant_option, the_tenant


@click.group()
def token() -> None:
    """Tokens for the API (docs/api.md)."""


@token.command("add")
@click.argument("name")
@tenant_option
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice([str(each) for each in Scope]),
    help="Give several.",
)
@click.option(
    "--days", type=click.IntRange(1, MOST_DAYS), default=USUAL_DAYS, show_default=True, help="Until it ends."
)
@click.pass_obj
def add(tool: Tool, name: str, tenant: str | None, scopes: tuple[str, ...], days: int) -> None:
    """Make a token called NAME, and show it once; only its digest is kept.

    \b
        stifinder token add "catalogue sync" --scope catalogue:write
    """
    core = tool.core()
    core.database.require_migrated()
    kept, made = core.add_token(the_tenant(core, tenant), OPERATOR, name, scopes, days)
    click.echo(made)
    click.echo(
        f"Token {kept.id}, good until {kept.expires_at:%Y-%m-%d %H:%M} UTC. It is not shown again.", err=True
    )


@token.command("list")
@tenant_option
@click.pass_obj
def show(tool: Tool, tenant: str | None) -> None:
    """List the tokens: id, name, scopes, until when, and when last used (to the hour)."""
    core = tool.core()
    core.database.require_migrated()
    tenant_id, now = the_tenant(core, tenant), core.clock()
    tokens = core.tokens(tenant_id)
    for each in tokens:
        if each.revoked_at is not None:
            state = f"revoked {each.revoked_at:%Y-%m-%d}"
        else:
            state = f"{'good until' if each.good(now) else 'ended'} {each.expires_at:%Y-%m-%d}"
        used = f"last used {each.last_used_at:%Y-%m-%d %H:00} UTC" if each.last_used_at else "never used"
        click.echo("\t".join((each.id, each.name, " ".join(each.scopes), state, used)))
    if not tokens:
        click.echo(
            f"None yet. Make one: stifinder token add NAME --scope SCOPE --tenant {tenant_id}", err=True
        )


@token.command("revoke")
@click.argument("token_id", metavar="ID")
@tenant_option
@click.pass_obj
def revoke(tool: Tool, token_id: str, tenant: str | None) -> None:
    """Make a token open nothing any more; ID is the first column of `stifinder token list`."""
    core = tool.core()
    core.database.require_migrated()
    found = core.revoke_token(the_tenant(core, tenant), OPERATOR, token_id)
    click.echo(f"Revoked {found.id} ({found.name}).")
