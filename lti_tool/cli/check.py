"""``stifinder check``: what launches and statements say about each LMS of a tenant."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import click

from ...core.store import lti
from ..lti.check import address, examine
from . import Tool, tenant_option, the_tenant


@click.command()
@tenant_option
@click.pass_obj
def check(tool: Tool, tenant: str | None) -> None:
    """Say for each registered LMS what works, what was not seen yet, and what needs somebody.

    Prints, too, the address of a page that shows the same to an LMS administrator for two weeks. `stifinder
    doctor` looks at the server instead.
    """
    core = tool.core()
    core.database.require_migrated()
    entries = lti.registrations(core.database, the_tenant(core, tenant))
    if not entries:
        click.echo("No LMS is registered. `stifinder invite` makes the address with which one is.")
    for entry in entries:
        click.echo(
            f"{entry.product or 'LMS'} {entry.issuer}, client {entry.client_id}\n{address(core, entry)}"
        )
        for line in examine(core, entry):
            click.echo(f"  {line.state:8} {line.name}: {_told(line.what, line.values)}")
            if line.cure:
                click.echo(f"{'':11}→ {_told(line.cure, line.values)}")


def _told(sentence: str, values: Mapping[str, object]) -> str:
    shown = {
        name: f"{value:%Y-%m-%d %H:%M} UTC" if isinstance(value, datetime) else value
        for name, value in values.items()
    }
    return sentence % shown if shown else sentence
