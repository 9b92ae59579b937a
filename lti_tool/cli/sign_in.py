"""``stifinder sign-in``: a link to the administration pages, for whoever runs the tool."""

from __future__ import annotations

import click

from . import Tool, tenant_option, the_tenant


@click.command()
@tenant_option
@click.option("--operator", is_flag=True, help="For all tenants, instead of one.")
@click.pass_obj
def sign_in(tool: Tool, tenant: str | None, operator: bool) -> None:
    """Print a link that opens the administration pages without an LMS.

    It is good once, for 15 minutes: use it before the first LMS is connected, or when none works any more.
    Otherwise an administrator of the LMS simply opens the tool there. Whoever has the link is let in: send it
    like a password.

    \b
        stifinder sign-in --tenant acme
        stifinder sign-in --operator
    """
    from ...core.store.tables import SYSTEM
    from ..sign_in import LIFETIME, make_link

    core = tool.core()
    core.database.require_migrated()
    if operator:
        link = make_link(core, SYSTEM, "operate")
    else:
        link = make_link(core, the_tenant(core, tenant), "administer")
    click.echo(link)
    click.echo(f"Good once, for {int(LIFETIME.total_seconds() // 60)} minutes.", err=True)
