"""``stifinder audit``: what staff did, and whether the record of it is whole."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import click

from ...core.errors import InvalidInput
from . import Tool, tenant_option, the_tenant

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ...core.service import Core

BROKEN = 1
"""Exit code when a record does not hold together."""
_NOTED = re.compile(r"(\d{1,18}):([0-9a-f]{64})")


@click.group()
def audit() -> None:
    """What staff did: list it, and check that nobody changed the record."""


@audit.command("list")
@tenant_option
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many, newest first."
)
@click.option("--before", type=click.IntRange(1), metavar="NUMBER", help="Only those before this number.")
@click.pass_obj
def show(tool: Tool, tenant: str | None, limit: int, before: int | None) -> None:
    """List what staff did, newest first: number, time, who under which sign and role, what, to what."""
    core = tool.core()
    core.database.require_migrated()
    entries = core.audit_log(_of(core, tenant), before=before, limit=limit)
    if not entries:
        click.echo("Nothing is recorded.", err=True)
    for entry in entries:
        details = json.dumps(dict(entry.details), sort_keys=True, ensure_ascii=False) if entry.details else ""
        words = (
            str(entry.seq),
            entry.at.isoformat(timespec="seconds"),
            f"{entry.actor.sign} ({entry.actor.role})",
            entry.act,
            entry.subject,
            details,
        )
        click.echo("  ".join(filter(None, words)))


@audit.command()
@click.option(
    "--tenant",
    "tenant",
    metavar="ID",
    help="One organisation only, or `system` for what operators did [default: every one].",
)
@click.option(
    "--expect",
    metavar="NUMBER:DIGEST",
    help="What an earlier check printed and you noted elsewhere; the record must still hold that entry.",
)
@click.pass_obj
def verify(tool: Tool, tenant: str | None, expect: str | None) -> None:
    """Check that the record of what staff did is whole.

    Each entry is sealed over the one before, so a changed, removed or added entry shows. That the newest
    entries were cut off does not show by itself: note the last number and digest, which this prints, where
    the same people cannot change it, and give them next time:

    \b
        stifinder audit verify --tenant acme
        stifinder audit verify --tenant acme --expect 41:9f2c…

    Ends with 1 when a record is broken, and names the first entry that is.
    """
    from ...core.store import tenants

    core = tool.core()
    core.database.require_migrated()
    noted = _noted(expect) if expect is not None else None
    broken = False
    with core.database.read() as connection:
        if tenant or expect is not None:
            wanted = [_of(core, tenant)]
        else:
            wanted = [each.id for each in tenants.every(connection)]
        for tenant_id in wanted:
            problem = _problem(connection, tenant_id, noted)
            if problem:
                click.echo(f"Broken: {tenant_id}: {problem}", err=True)
                broken = True
            else:
                click.echo(_whole(connection, tenant_id))
    if broken:
        click.get_current_context().exit(BROKEN)


def _of(core: Core, wanted: str | None) -> str:
    """The tenant whose record is meant; ``system`` is the one of operators."""
    from ...core.store.tables import SYSTEM

    return SYSTEM if wanted == SYSTEM else the_tenant(core, wanted)


def _noted(text: str) -> tuple[int, str]:
    match = _NOTED.fullmatch(text.strip())
    if match is None:
        raise InvalidInput(
            f"--expect {text!r} is no number and digest.", "Write it as an earlier check printed it: 41:9f2c…"
        )
    return int(match[1]), match[2]


def _problem(connection: Connection, tenant_id: str, noted: tuple[int, str] | None) -> str:
    """What is wrong with a tenant's record; "" when nothing is."""
    from ...core.store import audit as store

    at = store.broken_at(connection, tenant_id)
    if at is not None:
        return f"entry {at} is missing, or is not what was recorded."
    if noted is None:
        return ""
    number, digest = noted
    found = next(iter(store.entries(connection, tenant_id, before=number + 1, limit=1)), None)
    if found is None or found.seq != number:
        return f"entry {number} is missing; the record ends at {found.seq if found else 0}."
    return "" if found.digest == digest else f"entry {number} is another one than was noted."


def _whole(connection: Connection, tenant_id: str) -> str:
    from ...core.store import audit as store

    last = store.last(connection, tenant_id)
    if last is None:
        return f"{tenant_id}: nothing is recorded."
    count = "1 entry" if last.seq == 1 else f"{last.seq} entries"
    return f"{tenant_id}: whole, {count}; last {last.seq}:{last.digest}"
