"""The sandbox's one SQLite file, as each part of the sandbox opens it: a connection a call."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class SqliteFile:
    """What a part of the sandbox keeps in the file; the tables are made at the first use.

    :cvar SCHEMA: the part's own tables.
    """

    SCHEMA = ""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        with self._open() as connection:
            connection.executescript(self.SCHEMA)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection in a transaction, which is undone when the block raises."""
        connection = sqlite3.connect(self.path, timeout=10)
        try:
            with connection:
                yield connection
        finally:
            connection.close()
