"""Keeps a database of its own."""

from __future__ import annotations

import contextlib
import sqlite3

from stifinder import Candidate, Manifest, Reason, Situation, hookimpl, message

BECAUSE = Reason(message("Because it is there."))


@hookimpl
def candidates(situation: Situation):
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("SELECT 1")
    return [Candidate(name, 0.5, (BECAUSE,)) for name in situation.pool]


@hookimpl
def manifest() -> Manifest:
    return Manifest(about="Votes for everything.")
