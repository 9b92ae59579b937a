"""``stifinder tenant export`` and ``import``: an organisation leaves with everything, or arrives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ...core.errors import InvalidInput
from ...core.moving.places import Places
from ...core.store.tables import SYSTEM
from ...schemas import moving_maps
from . import Tool, the_tenant

Table = click.Path(path_type=Path, dir_okay=False)


@contextmanager
def _bar(words: Callable[[str], str]) -> Iterator[Callable[[str, int], None]]:
    """A line on a terminal for each kind of thing, with how many are done."""
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
    tasks = {}
    with bar:

        def progress(kind: str, count: int) -> None:
            if kind not in tasks:
                tasks[kind] = bar.add_task(words(kind), total=None)
            bar.advance(tasks[kind], count)

        yield progress


@click.command("export")
@click.argument("tenant_id", metavar="ID")
@click.argument("file", type=Table)
@click.option(
    "--people",
    type=Table,
    help="CSV with the columns issuer,user: accounts of the LMS, to name people who sent no statement.",
)
@click.option(
    "--alignments",
    type=Table,
    help="CSV with the columns skill,framework,uri: what skills are called in CASE or ESCO.",
)
@click.option("--replace", is_flag=True, help="Write over a file of this name.")
@click.pass_obj
def export(
    tool: Tool, tenant_id: str, file: Path, people: Path | None, alignments: Path | None, replace: bool
) -> None:
    """Write everything of an organisation into FILE, a zip of open formats.

    In it are people and what they agreed to, the evidence as xAPI statements, the catalogue, settings,
    suggestions and what came of them, and achievements as Open Badges. Not in it: passwords, tokens and keys.
    It holds personal data: keep it as you keep a backup. docs/moving.md describes each file.

    \b
        stifinder tenant export acme acme.zip --people accounts.csv
    """
    from ..moving import export as write

    core = tool.core()
    core.database.require_migrated()
    the_tenant(core, tenant_id)
    known = tuple(moving_maps.people(people)) if people else ()
    aligned = moving_maps.alignments(alignments) if alignments else {}
    with _bar(lambda kind: f"Writing {kind}") as progress:
        left = write(
            core, tenant_id, file, known=known, alignments=aligned, replace=replace, progress=progress
        )
    for name, lines in left.lines.items():
        click.echo(f"{name}: {lines}")
    if left.unnamed:
        click.echo(
            f"{left.unnamed} learners cannot be recognised elsewhere: of them only keyed digests are kept. "
            "Name them with --people.",
            err=True,
        )
    click.echo("Not in it: registrations, passwords, tokens and keys. Make them anew at the new place.")


@click.command("import")
@click.argument("file", type=Table)
@click.option("--as", "tenant_id", default="", metavar="ID", help="Another id [default: the one it had].")
@click.option(
    "--map",
    "accounts",
    type=Table,
    help="CSV with old_issuer,old_user,new_issuer,new_user: what the new LMS calls people.",
)
@click.option(
    "--platform",
    "platforms",
    nargs=2,
    multiple=True,
    metavar="OLD NEW",
    help="Issuers: everybody of OLD has the same user id at NEW. Repeatable.",
)
@click.option(
    "--addresses",
    type=Table,
    help="CSV with old,new: addresses, object ids and course keys. One that ends in / stands for all below.",
)
@click.pass_obj
def import_(
    tool: Tool,
    file: Path,
    tenant_id: str,
    accounts: Path | None,
    platforms: tuple[tuple[str, str], ...],
    addresses: Path | None,
) -> None:
    """Take an organisation in from FILE, as `stifinder tenant export` wrote it: everything, or nothing.

    The organisation must be new here, or empty but for its registrations. Everybody is then suggested the
    same as before.

    \b
        stifinder tenant import acme.zip --map people.csv --addresses addresses.csv
        stifinder tenant import acme.zip --platform https://old.example.com https://new.example.com
    """
    from ..moving import import_ as read
    from .tenants import IDS

    if tenant_id and (not IDS.fullmatch(tenant_id) or tenant_id == SYSTEM):
        raise InvalidInput(
            f"{tenant_id!r} cannot be a tenant's id.",
            "Use lower-case letters, digits and hyphens, like acme-dk.",
        )
    core = tool.core()
    core.database.require_migrated()
    places = Places(
        people=moving_maps.accounts(accounts) if accounts else {},
        issuers={old.rstrip("/"): new for old, new in platforms},
        addresses=moving_maps.addresses(addresses) if addresses else {},
    )
    with _bar(lambda kind: "Checking" if kind == "bytes" else f"Writing {kind}") as progress:
        arrived_as, arrived = read(core, file, tenant_id=tenant_id, places=places, progress=progress)
    for name, count in arrived.counts.items():
        click.echo(f"{name}: {count}")
    for said in arrived.differences:
        click.echo(f"Warning: {said} Other things may be suggested than before.", err=True)
    for kind, count in arrived.left_out.items():
        click.echo(f"Warning: {count} {kind} have no place here; they stay in the file.", err=True)
    for kind, count in arrived.unused.items():
        click.echo(f"Warning: {count} {kind} of your tables are not in the file.", err=True)
    if arrived.unnamed:
        click.echo(
            f"Warning: {arrived.unnamed} learners cannot be recognised here: the file does not name them.",
            err=True,
        )
    click.echo(f"Imported {arrived_as}. Next: `stifinder invite` registers its LMS here.")
