"""``stifinder serve``: the tool on waitress, a server for production behind a proxy that speaks https."""

from __future__ import annotations

import errno
import gc
import signal
import socket
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import click

from ...core.errors import ConfigurationError

if TYPE_CHECKING:
    from . import Tool

LARGEST_BODY = 64 * 1024 * 1024
"""Bytes; below it the tool itself refuses what is too large, with an answer that says why."""


@click.command()
@click.option("--host", help="Address to listen on [default: 127.0.0.1, or `host` in the configuration].")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 takes a free one [default: 8080].")
@click.option(
    "--threads", type=click.IntRange(1, 256), default=8, show_default=True, help="Requests at a time."
)
@click.option(
    "--jobs/--no-jobs",
    default=True,
    help="Whether to send grades and read course members too [default: yes; else `stifinder jobs run`].",
)
@click.pass_obj
def serve(tool: Tool, host: str | None, port: int | None, threads: int, jobs: bool) -> None:
    """Serve the tool until Ctrl-C or SIGTERM.

    An LMS needs https: put a proxy with a certificate in front, and tell its address:

    \b
        export STIFINDER_BASE_URL=https://learn.example.com
        stifinder serve
    """
    from waitress import create_server

    from ...core.store.tool_keys import signing_key
    from ..app import create_app
    from ..jobs import QUEUE, Queue

    for name, given in (("STIFINDER_HOST", host), ("STIFINDER_PORT", port)):
        if given is not None:
            tool.given[name] = str(given)
    settings = tool.settings
    with listen(settings.host, settings.port) as listening:
        core = tool.core()
        core.database.require_migrated()
        # With a wrong master key nobody is recognised: better not to start.
        signing_key(core.database, core.secrets, core.clock())
        app, queue = create_app(core), Queue(core)
        app.extensions[QUEUE] = queue
        server = create_server(
            app,
            sockets=[listening],
            threads=threads,
            max_request_body_size=LARGEST_BODY,
            recv_bytes=65536,  # batches of statements come in whole, not in twenty pieces
            clear_untrusted_proxy_headers=True,
            ident=None,
        )
        signal.signal(signal.SIGTERM, _stop)
        address, taken = listening.getsockname()[:2]
        shown = f"[{address}]" if ":" in address else address
        click.echo(
            f"Listening on http://{shown}:{taken}; browsers reach it at {settings.base_url}. Ctrl-C stops it."
        )
        settle()
        if jobs:
            queue.start()
        try:
            server.run()
        finally:
            queue.stop()
    click.echo("Stopped.")


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
