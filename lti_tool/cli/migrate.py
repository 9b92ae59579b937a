"""``stifinder migrate``: bring the database to this version."""

from __future__ import annotations

import click

from . import Tool


@click.command()
@click.pass_obj
def migrate(tool: Tool) -> None:
    """Make the database, or bring it to this version. Does nothing when it is there already.

    Make a backup first when there is data in it. The database is a file in the data folder, or the PostgreSQL
    database that DATABASE_URL names.
    """
    core = tool.core()
    pending = core.database.pending_migrations()
    core.migrate()
    done = f"{len(pending)} migration(s) applied: {', '.join(pending)}." if pending else "Nothing to do."
    click.echo(f"{done} The database is at this version.")
