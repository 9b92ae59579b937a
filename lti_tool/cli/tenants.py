"""``stifinder tenant``: the organisations that one installation serves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from ...core.errors import InvalidInput
from ...core.people import Purpose, Source
from ...core.store import tenants
from ...core.store.tables import SYSTEM
from . import Tool, one_line, the_tenant
from .moving import export, import_

if TYPE_CHECKING:
    from ...core.service import Core

IDS = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@click.group()
def tenant() -> None:
    """Organisations; every row of data belongs to one."""


tenant.add_command(export)
tenant.add_command(import_)


@tenant.command("add")
@click.argument("tenant_id", metavar="ID")
@click.option("--name", help="What people call it [default: the id].")
@click.option(
    "--locale",
    type=click.Choice(["da", "de", "en"]),
    default="en",
    show_default=True,
    help="Language when the LMS does not say.",
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
    click.echo(f"Added {tenant_id}. Next: `stifinder register` prints the addresses that the LMS asks for.")


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


@tenant.command("basis")
@click.argument("tenant_id", metavar="ID")
@click.option(
    "--purpose",
    type=click.Choice([each.value for each in Purpose]),
    help="What data about people is used for.",
)
@click.option(
    "--source",
    type=click.Choice([each.value for each in Source]),
    help="Which data: the LMS's statements, or Stifinder's own page.",
)
@click.option("--basis", default="", metavar="TEXT", help="What it rests on, such as a contract.")
@click.option(
    "--decided-by", default="", metavar="WHO", help="Who decided it: a role or a body, for the record."
)
@click.option(
    "--notice", default="", metavar="TEXT", help="What learners read on the page, in their language."
)
@click.option("--list", "show_all", is_flag=True, help="List what is recorded.")
@click.option("--remove", is_flag=True, help="Have the purpose rest on consent alone again.")
@click.option("--yes", is_flag=True, help="Remove without asking.")
@click.pass_obj
def basis(
    tool: Tool,
    tenant_id: str,
    purpose: str | None,
    source: str | None,
    basis: str,
    decided_by: str,
    notice: str,
    show_all: bool,
    remove: bool,
    yes: bool,
) -> None:
    """Record that a purpose rests on another legal basis than each learner's consent.

    Without one, nothing is kept about anybody who did not agree. With one, data from that source is used for
    that purpose for everybody, and the page shows the notice where it would have asked. With one for
    suggestions everybody who opens the page is remembered. Recording it again replaces it. Ask your data
    protection officer whether you may.

    \b
        stifinder tenant basis acme --purpose suggestions --source statements \\
          --basis "contract of employment" --decided-by "data protection officer" \\
          --notice "Acme uses what you do in courses for suggestions, as agreed with the works council."
        stifinder tenant basis acme --list
        stifinder tenant basis acme --remove --purpose suggestions --source statements

    --remove also removes for good what was kept on this basis alone, and forgets who agreed to nothing.
    """
    core = tool.core()
    core.database.require_migrated()
    the_tenant(core, tenant_id)
    if show_all:
        _list_bases(core, tenant_id)
        return
    if purpose is None or source is None:
        missing = "--purpose" if purpose is None else "--source"
        choices = ", ".join(Purpose if purpose is None else Source)
        raise InvalidInput(f"{missing} is missing.", f"Choose one of {choices}; --help shows an example.")
    use, origin = Purpose(purpose), Source(source)
    if remove:
        if not yes:
            click.confirm(
                f"What is kept for {purpose} from {source} without consent is removed for good. Go on?",
                abort=True,
            )
        forgotten = core.remove_legal_basis(tenant_id, use, origin)
        click.echo(f"Removed: {purpose} from {source} rests on consent alone. People forgotten: {forgotten}.")
        return
    basis = one_line("--basis", basis, 100)
    decided_by = one_line("--decided-by", decided_by, 200)
    notice = one_line("--notice", notice, 2000)
    before = (use, origin) in core.legal_bases(tenant_id)
    core.set_legal_basis(tenant_id, use, origin, basis=basis, decided_by=decided_by, notice=notice)
    done = "Replaced" if before else "Recorded"
    click.echo(f"{done}: {purpose} from {source} rests on {basis!r} for everybody in {tenant_id}.")
    click.echo("Learners read the notice on their page.")


def _list_bases(core: Core, tenant_id: str) -> None:
    with core.database.read() as connection:
        found = tenants.decisions(connection, tenant_id)
    for each in found:
        click.echo(
            f"{each.purpose} from {each.source}: {each.basis}\n"
            f"  decided by {each.decided_by}, {each.decided_at:%Y-%m-%d}\n"
            f"  notice: {each.notice}"
        )
    if not found:
        click.echo("None: everything rests on each learner's consent.", err=True)
