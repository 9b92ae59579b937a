"""Asks a server while the page waits."""

from __future__ import annotations

import contextlib
import socket

from stifinder import Candidate, Manifest, Reason, Situation, hookimpl, message

BECAUSE = Reason(message("Because it is there."))


@hookimpl
def candidates(situation: Situation):
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", 9), timeout=0.01).close()
    return [Candidate(name, 0.5, (BECAUSE,)) for name in situation.pool]


@hookimpl
def manifest() -> Manifest:
    return Manifest(about="Votes for everything.")
