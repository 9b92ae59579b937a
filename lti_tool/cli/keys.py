"""``stifinder keys``: the keys with which the tool signs what it sends to LMSs."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import click

from ...core.errors import ConfigurationError
from ...core.secrets import Secrets
from ...core.store import tool_keys
from . import Tool


@click.group()
def keys() -> None:
    """The tool's own keys: list them, follow one with another, bring them under a new master key."""


@keys.command("list")
@click.pass_obj
def show(tool: Tool) -> None:
    """List the published keys, oldest first, and what each is for."""
    core = tool.core()
    core.database.require_migrated()
    now = core.clock()
    known = tool_keys.every(core.database, now)
    signing = tool_keys.signing(known, now)
    for key in known:
        click.echo(f"{key.kid}  made {_moment(key.created_at)}  {_state(key, signing, now)}")
    if not known:
        click.echo("None yet: the first is made when it is needed.", err=True)


@keys.command("rotate")
@click.option(
    "--after",
    type=click.IntRange(0, 24 * 30),
    metavar="HOURS",
    default=round(tool_keys.AFTER / timedelta(hours=1)),
    show_default=True,
    help="Publish the new key for so long before it signs: LMSs keep our keys for hours.",
)
@click.option("--leaked", is_flag=True, help="An old key is known to others: delete all old ones at once.")
@click.pass_obj
def rotate(tool: Tool, after: int, leaked: bool) -> None:
    """Make a new key; it is published now and signs after a day.

    The old key signs until then, stays published for 7 days more, and is then deleted. Nothing has to be
    restarted, and nothing changed in an LMS that was given the keyset address.
    """
    core = tool.core()
    core.database.require_migrated()
    now = core.clock()
    made = tool_keys.rotate(core.database, core.secrets, now, after=timedelta(hours=after), leaked=leaked)
    begins = "now" if made.signs_from <= now else _moment(made.signs_from)
    click.echo(f"Made and published {made.kid}; it signs from {begins}.")
    if leaked:
        click.echo(
            "LMSs may trust the old key until they fetch ours again, which can take hours. Where an LMS has "
            f"a copy of the key, paste the new one: {core.settings.base_url}/lti/jwks",
            err=True,
        )


@keys.command("reencrypt")
@click.option(
    "--old-secret-file",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="The file with the master key until now.",
)
@click.pass_obj
def reencrypt(tool: Tool, old_secret_file: Path) -> None:
    """Bring the tool's keys under a new master key, after that was changed.

    Only for a master key that leaked: it also links people with their data, and with a new one nobody is
    recognised any more.
    """
    core = tool.core()
    core.database.require_migrated()
    try:
        old = old_secret_file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigurationError(
            f"The old master key cannot be read from {old_secret_file}: {reason}.", "Check --old-secret-file."
        ) from error
    changed = tool_keys.reencrypt(core.database, Secrets(old, str(old_secret_file)), core.secrets)
    click.echo(f"Keys encrypted anew, under the master key in {core.secrets.origin}: {changed}.")


def _state(key: tool_keys.KeyTimes, signing: tool_keys.KeyTimes | None, now: datetime) -> str:
    if key == signing:
        return f"signs until {_moment(key.retired_at)}" if key.retired_at else "signs"
    if key.signs_from > now:
        return f"signs from {_moment(key.signs_from)}"
    return f"published until {_moment(key.until)}" if key.until else "published"


def _moment(value: datetime | None) -> str:
    return f"{value:%Y-%m-%d %H:%M} UTC" if value else "-"
