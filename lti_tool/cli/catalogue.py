"""``stifinder catalogue``: activities and skills from files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from ...core.decisions import DecisionKind
from ...core.errors import ConfigurationError
from ...core.store import decisions
from ...schemas.catalogue import Refused, read_rows, read_skills
from . import Tool, one_line, tenant_option, the_tenant

SHOWN = 50
"""Refused rows that are printed; the rest is counted."""

Draft = TypeVar("Draft")
Reader = Callable[[Path, BinaryIO], Iterator[Draft | Refused]]


class _Refusals:
    """Takes the refused rows out of the stream, and keeps the first of them to show."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.count = 0
        self.first: list[Refused] = []

    def taken(self, rows: Iterable[Draft | Refused]) -> Iterator[Draft]:
        """Only what was not refused."""
        for row in rows:
            if not isinstance(row, Refused):
                yield row
                continue
            self.count += 1
            if self.count <= SHOWN:
                self.first.append(row)

    def show(self) -> None:
        """Say what was refused, where, why, and the cure."""
        for refused in self.first:
            for line in str(refused).splitlines():
                click.echo(f"{self.file}, {line}", err=True)
        if self.count > SHOWN:
            click.echo(f"{self.file}: {self.count - SHOWN} more rows were refused.", err=True)

    def leave(self) -> None:
        """End the command: with 1 when a row was refused."""
        click.get_current_context().exit(1 if self.count else 0)


@contextmanager
def _open(file: Path) -> Iterator[tuple[BinaryIO, Callable[[int], None]]]:
    """The file, read under a progress bar on a terminal, and what to call for each row that is done."""
    try:
        stream, size = file.open("rb"), file.stat().st_size
    except OSError as error:
        raise ConfigurationError(
            f"{file} cannot be read: {error.strerror}.", "Check its name and rights."
        ) from error
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
    done = 0
    with stream, bar:
        task = bar.add_task("Reading", total=size)

        def progress(rows: int) -> None:
            nonlocal done
            done += rows
            bar.update(task, description=f"{done:,} activities")

        yield bar.wrap_file(stream, total=size, task_id=task), progress


def _check_all(file: Path, reader: Reader[Draft]) -> None:
    """For ``--strict``: read everything once before anything is stored."""
    refusals = _Refusals(file)
    with _open(file) as (stream, _):
        for _row in refusals.taken(reader(file, stream)):
            pass
    if refusals.count:
        refusals.show()
        click.echo(f"{refusals.count} rows were refused; nothing was imported.", err=True)
        refusals.leave()


file_argument = click.argument("file", type=click.Path(path_type=Path))
strict_option = click.option("--strict", is_flag=True, help="Import nothing when any row is refused.")


@click.group()
def catalogue() -> None:
    """Activities and skills: import them, look at them, rule some out."""


@catalogue.command("import")
@file_argument
@tenant_option
@strict_option
@click.pass_obj
def import_(tool: Tool, file: Path, tenant: str | None, strict: bool) -> None:
    """Import activities from FILE (CSV or JSON Lines, UTF-8).

    Rows whose id is there already are updated. Wrong rows are reported with line, column, value and cure, and
    the others imported; then the exit code is 1. All is stored in one piece.

    \b
        id,title,minutes,language,url,skills
        sql-1,Selecting,20,en,https://lms.example.com/sql-1,"SQL:beginner; queries"
    """
    core = tool.core()
    core.database.require_migrated()
    tenant_id = the_tenant(core, tenant)
    if strict:
        _check_all(file, read_rows)
    refusals = _Refusals(file)
    with _open(file) as (stream, progress):
        report = core.import_catalogue(tenant_id, refusals.taken(read_rows(file, stream)), progress=progress)
    refusals.show()
    if report.missing_prerequisites:
        keys = ", ".join(report.missing_prerequisites[:SHOWN])
        click.echo(f"Warning: no row has these ids, which are named as prerequisites: {keys}", err=True)
    click.echo(
        f"{report.new} new, {report.changed} changed, {report.unchanged} unchanged, "
        f"{refusals.count} refused; taggers added to {report.tagged}."
    )
    refusals.leave()


@catalogue.command("skills")
@file_argument
@tenant_option
@strict_option
@click.pass_obj
def skills(tool: Tool, file: Path, tenant: str | None, strict: bool) -> None:
    """Import the vocabulary by which skills are found in texts, from FILE (CSV or JSON Lines, UTF-8).

    Import it before the activities, or import those again: tagging happens when activities are imported.

    \b
        id,title,terms
        sql-joins,Joining tables,"join; inner join; left join"
    """
    core = tool.core()
    core.database.require_migrated()
    tenant_id = the_tenant(core, tenant)
    if strict:
        _check_all(file, read_skills)
    refusals = _Refusals(file)
    with _open(file) as (stream, _):
        stored = core.import_skills(tenant_id, refusals.taken(read_skills(file, stream)))
    refusals.show()
    click.echo(f"{stored} stored, {refusals.count} refused.")
    refusals.leave()


@catalogue.command("ban")
@click.argument("key")
@tenant_option
@click.option(
    "--decided-by", default="", metavar="WHO", help="Who decided it: a role or a body, for the record."
)
@click.option("--lift", is_flag=True, help="Let it be suggested again.")
@click.pass_obj
def ban(tool: Tool, key: str, tenant: str | None, decided_by: str, lift: bool) -> None:
    """Have the activity with the id KEY no longer suggested to anybody.

    It stays in the catalogue and in everybody's history; new imports do not lift the ban.
    `stifinder catalogue list` shows what is banned.

    \b
        stifinder catalogue ban sql-2 --decided-by "head of training"
        stifinder catalogue ban sql-2 --lift
    """
    decided_by = decided_by if lift else one_line("--decided-by", decided_by, 200)
    core = tool.core()
    core.database.require_migrated()
    tenant_id = the_tenant(core, tenant)
    core.ban(tenant_id, key, decided_by=decided_by, lift=lift)
    click.echo(f"{key} can be suggested again." if lift else f"{key} is not suggested any more.")


@catalogue.command("list")
@tenant_option
@click.pass_obj
def show(tool: Tool, tenant: str | None) -> None:
    """List the activities: id, minutes, language, title, skills, and who banned it."""
    core = tool.core()
    core.database.require_migrated()
    tenant_id = the_tenant(core, tenant)
    found = core.catalogue(tenant_id)
    with core.database.read() as connection:
        made = decisions.made(connection, tenant_id, "")
    bans = {d.activity_id: d.by for d in made if d.kind is DecisionKind.NEVER}
    for activity in found:
        minutes = str(activity.minutes) if activity.minutes else "?"
        skills = ", ".join(found.titles(activity.skill_ids))
        banned = f"banned by {bans[activity.id]}" if activity.id in bans else ""
        click.echo(
            "\t".join((activity.key, minutes, activity.language or "?", activity.title, skills, banned))
        )
    if not len(found):
        click.echo("Nothing yet. Import a file: stifinder catalogue import FILE", err=True)
