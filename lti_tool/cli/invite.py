"""``stifinder invite``: the one address with which an LMS administrator registers an LMS."""

from __future__ import annotations

from datetime import timedelta

import click

from ...core.store import joining
from . import Tool, tenant_option, the_tenant


@click.command()
@tenant_option
@click.option(
    "--days",
    type=click.IntRange(1, 90),
    default=joining.INVITATION_DAYS,
    show_default=True,
    help="How long it is good.",
)
@click.pass_obj
def invite(tool: Tool, tenant: str | None, days: int) -> None:
    """Print the address that an administrator pastes into the LMS to register it.

    It is good for one LMS and one time. Whoever has it can register an LMS for the tenant: send it like a
    password. Registering the same LMS again, with a new address, brings its registration up to date.

    \b
        stifinder invite --tenant acme
    """
    core = tool.core()
    core.database.require_migrated()
    now = core.clock()
    token = joining.invite(core.database, the_tenant(core, tenant), now + timedelta(days=days), now)
    click.echo(f"{core.settings.base_url}/lti/register?invite={token}")
    click.echo(
        f"Good for {days} days and one LMS. Opened in a browser, it says where to paste it; for an LMS "
        f"without such a place: {core.settings.base_url}/lti/register/manual?invite={token}",
        err=True,
    )
