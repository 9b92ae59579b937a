"""A web server around a WSGI application, in a thread of this process, that starts and stops promptly."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Callable
from typing import Any

from waitress import wasyncore
from waitress.server import create_server

from ...core.errors import ConfigurationError

HOST = "127.0.0.1"
"""Loopback only: what the sandbox knows is on its login page."""

THREADS = 6
"""Requests at a time."""


class Server:
    """Takes a port at once, and serves an application on it from ``start`` to ``stop``.

    :param port: 0 takes a free one.
    :param option: what the user would change to get another port; named in the error.
    :raises ConfigurationError: when the port is in use or not allowed.
    """

    def __init__(self, port: int, option: str) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((HOST, port))
            # Listening at once makes a second claim on the port fail here, not at the first request.
            self._socket.listen()
        except (OSError, OverflowError) as error:
            self._socket.close()
            taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
            reason = "in use" if taken else "not allowed"
            raise ConfigurationError(
                f"Port {port} on {HOST} is {reason}.",
                f"Stop what uses it, or choose another port with {option} (0 takes a free one).",
            ) from error
        self.port: int = self._socket.getsockname()[1]
        self.address = f"http://{HOST}:{self.port}"
        self._server: Any = None
        self._thread: threading.Thread | None = None

    def start(self, application: Callable[..., Any], largest_body: int = 1_000_000) -> None:
        """Serve ``application``.

        :param largest_body: bytes of a request beyond which the server itself refuses it.
        """
        self._server = create_server(
            application,
            sockets=[self._socket],
            threads=THREADS,
            max_request_body_size=largest_body,
            clear_untrusted_proxy_headers=True,
            ident=None,
        )
        self._thread = threading.Thread(target=self._server.run, name=f"server-{self.port}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let the requests under way finish for a moment, take no more, and free the port."""
        if self._server is None or self._thread is None:
            self._socket.close()
            return
        server, self._server = self._server, None
        server.task_dispatcher.shutdown(timeout=3)
        # From inside the loop, which must not be looking at the sockets while they close.
        server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map, ignore_all=True))
        self._thread.join(timeout=3)
