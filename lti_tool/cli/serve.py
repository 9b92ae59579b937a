"""``stifinder serve``: the tool behind a proxy that speaks https; workers by gunicorn, else waitress."""

from __future__ import annotations

import errno
import gc
import signal
import socket
import sys
from datetime import UTC, datetime
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import click

from ...core.errors import ConfigurationError
from ...core.starting import starting

if TYPE_CHECKING:
    from ...core.secrets import Secrets
    from ...core.settings import Settings
    from ...core.store.database import Database
    from . import Tool

LARGEST_BODY = 64 * 1024 * 1024
"""Bytes; below it the tool itself refuses what is too large, with an answer that says why."""


@click.command()
@click.option("--host", help="Address to listen on [default: 127.0.0.1, or `host` in the configuration].")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 takes a free one [default: 8080].")
@click.option(
    "--threads",
    type=click.IntRange(1, 256),
    help="Requests at a time, in each worker [default: 8; with several workers 2].",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes that answer; each keeps its own models in memory.",
)
@click.option(
    "--jobs/--no-jobs",
    default=True,
    help="Whether to send grades and read course members too [default: yes; else `stifinder jobs run`].",
)
@click.pass_obj
def serve(
    tool: Tool, host: str | None, port: int | None, threads: int | None, workers: int, jobs: bool
) -> None:
    """Serve the tool until Ctrl-C or SIGTERM.

    An LMS needs https: put a proxy with a certificate in front, and tell its address:

    \b
        export STIFINDER_BASE_URL=https://learn.example.com
        stifinder serve

    With many people at a time, take as many workers as the machine has cores, or twice as many.
    """
    for name, given in (("STIFINDER_HOST", host), ("STIFINDER_PORT", port)):
        if given is not None:
            tool.given[name] = str(given)
    settings = tool.settings
    with listen(settings.host, settings.port) as listening:
        if workers > 1:
            # Threads of one process take turns; more of them only make plugins wait until their time is up.
            _on_gunicorn(settings, listening, workers=workers, threads=threads or 2, jobs=jobs)
        else:
            _on_waitress(tool, listening, threads=threads or 8, jobs=jobs)
    click.echo("Stopped.")


def _on_waitress(tool: Tool, listening: socket.socket, *, threads: int, jobs: bool) -> None:
    with starting():
        from waitress import create_server

        from ..app import create_app
        from ..jobs import QUEUE, Queue

        core = tool.core()
        _must_be_ready(core.database, core.secrets)
        app, queue = create_app(core), Queue(core)
        app.extensions[QUEUE] = queue
    server = create_server(
        app,
        sockets=[listening],
        threads=threads,
        max_request_body_size=LARGEST_BODY,
        recv_bytes=65536,  # batches of statements come in whole, not in twenty pieces
        clear_untrusted_proxy_headers=not core.settings.trusted_proxies,
        ident=None,
    )
    signal.signal(signal.SIGTERM, _stop)
    _say_where(listening, core.settings)
    settle()
    if jobs:
        queue.start()
    try:
        server.run()
    finally:
        queue.stop()


def _on_gunicorn(
    settings: Settings, listening: socket.socket, *, workers: int, threads: int, jobs: bool
) -> None:
    if sys.platform == "win32":
        raise ConfigurationError(
            "Several workers need a system that can fork, and this is Windows.",
            "Leave --workers out, and give more --threads.",
        )
    from ...core.secrets import Secrets
    from ...core.store.database import Database
    from . import database_url
    from .workers import Workers

    # Looked at and closed again: what is open must not be carried over a fork.
    database_url(settings)
    database = Database(settings.database_url)
    try:
        _must_be_ready(database, Secrets.open(settings.data_dir, settings.secret))
    finally:
        database.close()
    _say_where(listening, settings)
    server = Workers(
        settings,
        listening,
        workers=workers,
        threads=threads,
        jobs=jobs,
        settle=settle,
        stopped=lambda: click.echo("Stopped."),
    )
    server.serve()


def _must_be_ready(database: Database, secrets: Secrets) -> None:
    from ...core.store.tool_keys import signing_key

    database.require_migrated()
    # With a wrong master key nobody is recognised: better not to start.
    signing_key(database, secrets, datetime.now(UTC))


def _say_where(listening: socket.socket, settings: Settings) -> None:
    address, taken = listening.getsockname()[:2]
    shown = f"[{address}]" if ":" in address else address
    click.echo(
        f"Listening on http://{shown}:{taken}; browsers reach it at {settings.base_url}. Ctrl-C stops it."
    )


def settle() -> None:
    """Collect garbage once, and leave what the start made out of later collections.

    A full collection walks through all that the libraries made and stops every thread for some 70 ms: on a
    busy machine, long enough for plugins to lose their vote.
    """
    gc.collect()
    gc.freeze()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    :param port: 0 takes a free one.
    :raises ConfigurationError: when the port is in use, not allowed, or the host is not this machine's.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except socket.gaierror as error:
        raise ConfigurationError(
            f"The host {host!r} is not known.", "Listen on 127.0.0.1 or 0.0.0.0."
        ) from error
    except OSError as error:
        what, cure = {
            errno.EADDRINUSE: (
                "is in use.",
                "Stop what listens there, or take another: --port 8081 (0 takes a free one).",
            ),
            errno.EACCES: ("is not allowed.", "Take one above 1023, with a proxy in front."),
            errno.EADDRNOTAVAIL: ("is not an address of this machine.", "Listen on 127.0.0.1 or 0.0.0.0."),
        }.get(error.errno or 0, (f"cannot be opened: {error.strerror}.", "Check --host and --port."))
        raise ConfigurationError(f"Port {port} on {host} {what}", cure) from error


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)
