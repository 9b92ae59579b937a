"""The connection of one guarded request: looked up, checked, connected to what was checked, cut in time."""

from __future__ import annotations

import logging
import queue
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from .errors import AddressRefused, NoAnswer
from .outgoing_policy import Policy, is_loopback

log = logging.getLogger("stifinder.outgoing")
# It writes down each address that is asked for, whole: with registration tokens and ids of people in it.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)

Resolve = Callable[[str, int], Sequence[str]]
"""Host name and port to numeric addresses; raises OSError when there are none."""


def look_up(host: str, port: int) -> list[str]:
    """The numeric addresses of a host, best first, as this machine's resolver gives them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Line(HTTPAdapter):
    """The connection of one request: to an address that was checked, cut when the time is over.

    A timer cuts it, because time-outs of sockets start anew with each byte that arrives.
    """

    def __init__(
        self, policy: Policy, resolve: Resolve, tls: ssl.SSLContext, remaining: Callable[[], float]
    ) -> None:
        self.cut = False
        self._policy = policy
        self._resolve = resolve
        self._tls = tls
        self._remaining = remaining
        self._held: socket.socket | None = None
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Have every connection opened by :meth:`open`; name and certificate stay those of the host."""
        super().init_poolmanager(*args, ssl_context=self._tls, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pools(self.open)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:  # noqa: ARG002
        """Always check certificates; the authorities are in the context already."""
        conn.cert_reqs = "CERT_REQUIRED"

    @contextmanager
    def cut_in_time(self) -> Iterator[None]:
        """Within this, the connection is cut when no time remains."""
        timer = threading.Timer(max(self._remaining(), 0), self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            if self._held is not None:
                self._held.close()

    def _cut(self) -> None:
        self.cut = True
        if self._held is not None:
            try:
                self._held.shutdown(socket.SHUT_RDWR)
            except OSError as error:  # it ended by itself just now
                log.debug("nothing to cut: %s", error)

    def open(self, host: str, port: int, secure: bool) -> socket.socket:
        """Look the host up, check every address it has, and connect to one of them.

        :raises AddressRefused: when any of the addresses must not be called.
        :raises NoAnswer: when the host is unknown or does not answer.
        """
        addresses = self._addresses(host, port)
        for address in addresses:
            why = self._policy.refusal(host, address)
            if not secure and not is_loopback(address):
                why = why or "another machine, without https"
            if why:
                log.warning("refused to call %s: it leads to %s, %s", host, address, why)
                raise _refused(host, why)
        problem = "it has no address"
        for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            share = max(self._remaining(), 0.001) / left
            try:
                opened = socket.create_connection((address, port), timeout=share)
            except OSError as error:
                problem = error.strerror or "it did not answer in time"
                continue
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            opened.settimeout(max(self._remaining(), 0) + 1)  # for the handshake; the line is cut before
            self._held = opened.dup()  # stays good when TLS takes the socket over
            if self.cut:
                self._cut()
            return opened
        raise NoAnswer(
            f"{host} cannot be reached: {problem}.", "Try again; check that this server may call it."
        )

    def _addresses(self, host: str, port: int) -> Sequence[str]:
        """The host's addresses; a name server that is slow on purpose is not waited for."""
        found: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

        def ask() -> None:
            try:
                found.put(self._resolve(host, port))
            except (OSError, UnicodeError) as error:
                found.put(error)

        threading.Thread(target=ask, name="look-up", daemon=True).start()
        try:
            answer = found.get(timeout=max(self._remaining(), 0.001))
        except queue.Empty as error:
            raise too_slow(host) from error
        if isinstance(answer, Exception):
            raise NoAnswer(f"There is no host {host}.", "Check the address for typing errors.") from answer
        return answer


def _pools(opened: Callable[[str, int, bool], socket.socket]) -> dict[str, type[HTTPConnectionPool]]:
    """urllib3's pools, with connections that are opened our way."""

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return opened(self.host, self.port, False)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return opened(self.host, self.port, True)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _refused(host: str, why: str) -> AddressRefused:
    return AddressRefused(
        f"{host} leads to {why}; nothing was sent.",
        f"Administrator: if it is an LMS of your own network, add {host} or its network to `allow_private` "
        "(STIFINDER_ALLOW_PRIVATE).",
    )


def too_slow(host: str) -> NoAnswer:
    """The time was over."""
    return NoAnswer(f"{host} took too long to answer.", "Try again in a minute.")
