"""The command line, ``stifinder``: one file a command, each loaded when it is asked for."""

from __future__ import annotations

import importlib
import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ... import __version__
from ...core.errors import ConfigurationError, InvalidInput, StifinderError
from ...core.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import URL

    from ...core.service import Core

COMMANDS = {
    "demo": "demo",
    "serve": "serve",
    "migrate": "migrate",
    "doctor": "doctor",
    "tenant": "tenants",
    "invite": "invite",
    "sign-in": "sign_in",
    "register": "register",
    "check": "check",
    "keys": "keys",
    "audit": "audit",
    "xapi": "xapi_credentials",
    "token": "tokens",  # nosec B105 # the name of a module
    "catalogue": "catalogue",
    "jobs": "jobs",
    "plugins": "plugins",
    "plugin": "plugin",
    "bench": "bench",
    "evaluate": "evaluate",
    "simulate": "simulate",
}
"""Each command and the module that has it, in the order of a set-up."""


class Tool:
    """What every command gets: the configuration, and the core when it asks for it.

    :param data_dir: replaces ``STIFINDER_DATA_DIR``.
    :param config: the file to read instead of ``stifinder.toml``.
    """

    def __init__(
        self, context: click.Context, data_dir: str | None = None, config: Path | None = None
    ) -> None:
        self._context = context
        self._data_dir = data_dir
        self._config = config
        self.given: dict[str, str] = {}
        """Environment variables that a command's own options stand for; set before ``settings`` is read."""

    @cached_property
    def settings(self) -> Settings:
        """The configuration, read once."""
        environ = {**os.environ, **self.given}
        if self._data_dir:
            environ["STIFINDER_DATA_DIR"] = self._data_dir
        return Settings.read(environ, self._config)

    def core(self) -> Core:
        """The open core; closed when the command ends."""
        return self._core

    @cached_property
    def _core(self) -> Core:
        from ...core.service import Core

        database_url(self.settings)
        core = Core.open(self.settings)
        self._context.call_on_close(core.close)
        return core


class _Commands(click.Group):
    """Commands found by name; what a person can put right is said in one line and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f".{COMMANDS[cmd_name]}", __name__)
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except StifinderError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(error.exit_code)


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="stifinder")
@click.option("--data-dir", metavar="FOLDER", help="Where Stifinder keeps its files.")
@click.option(
    "--config", type=click.Path(path_type=Path), help="Configuration file [default: stifinder.toml]."
)
@click.pass_context
def main(context: click.Context, data_dir: str | None, config: Path | None) -> None:
    """Adaptive learning inside the LMS you already have.

    Look at it first; this needs no LMS, server or account:

    \b
        stifinder demo

    Set it up for your LMS:

    \b
        stifinder migrate
        stifinder tenant add acme --name "Acme Ltd"
        stifinder invite
        stifinder catalogue import courses.csv
        stifinder xapi add
        stifinder serve

    When something does not work, `stifinder doctor` says what and how to cure it.
    """
    context.obj = Tool(context, data_dir, config)


def database_url(settings: Settings) -> URL:
    """The address of the database.

    :raises ConfigurationError: when it is none, or of a database that Stifinder does not speak.
    """
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(settings.database_url)
    except ArgumentError:
        url = None
    if url is None or url.get_backend_name() not in ("sqlite", "postgresql", "postgres"):
        raise ConfigurationError(
            "DATABASE_URL is not the address of a database that Stifinder can use.",
            "Write it like postgresql://user:password@host/name, or leave it out for SQLite.",
        )
    return url


def switched_off(settings: Settings) -> frozenset[str]:
    """Plugins that ``stifinder plugins disable`` switched off; looking makes no database where none is."""
    from ...core import plugin_switches
    from ...core.store.database import Database

    url = database_url(settings)
    if url.get_backend_name() == "sqlite" and not (url.database and Path(url.database).exists()):
        return frozenset()
    database = Database(settings.database_url)
    try:
        return plugin_switches.off(database)
    finally:
        database.close()


def the_tenant(core: Core, wanted: str | None) -> str:
    """The tenant a command works on: the named one, or the only one there is.

    :raises ConfigurationError: when it is not clear which.
    :raises NotFound: when there is no such tenant.
    """
    from ...core.errors import NotFound
    from ...core.store import tenants
    from ...core.store.tables import SYSTEM

    with core.database.read() as connection:
        known = [tenant.id for tenant in tenants.every(connection) if tenant.id != SYSTEM]
    names = ", ".join(known)
    if wanted:
        if wanted not in known:
            raise NotFound(
                f"There is no tenant {wanted!r}.",
                f"There are: {names}." if known else f"Add it: stifinder tenant add {wanted}",
            )
        return wanted
    if len(known) == 1:
        return known[0]
    raise ConfigurationError(
        f"There are several tenants ({names})." if known else "There is no tenant yet.",
        "Say which with --tenant." if known else "Add one: stifinder tenant add acme",
    )


def one_line(option: str, text: str, longest: int) -> str:
    """What a person wrote for the record, without line breaks and blanks around it.

    :raises InvalidInput: when there is nothing, or more than ``longest`` characters.
    """
    text = " ".join(text.split())
    if not text:
        raise InvalidInput(f"{option} is missing.", "It is kept for the record; --help shows an example.")
    if len(text) > longest:
        raise InvalidInput(f"{option} has {len(text)} characters; {longest} are the most.", "Say it shorter.")
    return text


tenant_option = click.option(
    "--tenant", "tenant", metavar="ID", help="The organisation; needed only when there are several."
)
