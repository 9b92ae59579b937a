"""What the sandbox remembers: its statements, which of them the tool has, and some settings. One file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from .content import ISSUER
from .sqlite_file import SqliteFile
from .statements import Statement

LESSONS = f"{ISSUER}/activities/"
"""What the IRIs of lessons, and of their questions, begin with."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far somebody is with a lesson.

    :param state: ``started``, ``failed``, ``done`` (completed, without questions) or ``passed``.
    :param score: the latest score in 0..1; None without questions.
    """

    state: str
    score: float | None = None

    @property
    def finished(self) -> bool:
        """Whether the course counts the lesson as done."""
        return self.state in ("done", "passed")


@dataclass(frozen=True, slots=True)
class Kept:
    """A statement as the outbox holds it."""

    seq: int
    state: str
    note: str
    statement: Statement


class Store(SqliteFile):
    """Statements and settings. Every call opens its own connection, so threads may share the object."""

    SCHEMA = """
    CREATE TABLE IF NOT EXISTS setting (key TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS statement (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        person TEXT NOT NULL,
        lesson TEXT NOT NULL,
        verb TEXT NOT NULL,
        score REAL,
        at TEXT NOT NULL,
        body TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'refused')),
        note TEXT NOT NULL DEFAULT ''
    );
    CREATE INDEX IF NOT EXISTS statement_state ON statement (state, seq);
    CREATE INDEX IF NOT EXISTS statement_person ON statement (person, lesson);
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with self._open() as connection:
            connection.execute("PRAGMA journal_mode=WAL")

    def setting(self, key: str, make: Callable[[], str]) -> str:
        """A setting; the first call decides it by ``make``."""
        with self._open() as connection:
            found = connection.execute("SELECT value FROM setting WHERE key = ?", (key,)).fetchone()
            if found is None:
                connection.execute("INSERT OR IGNORE INTO setting VALUES (?, ?)", (key, make()))
                found = connection.execute("SELECT value FROM setting WHERE key = ?", (key,)).fetchone()
        return str(found[0])

    def set(self, key: str, value: str) -> None:
        """Change a setting."""
        with self._open() as connection:
            connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (key, value))

    def add(self, statements: Iterable[Statement]) -> None:
        """Put statements into the outbox in this order: all of them or none; known ids are left alone."""
        with self._open() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO statement (id, person, lesson, verb, score, at, body)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    (
                        s["id"],
                        s["actor"]["account"]["name"],
                        s["object"]["id"].removeprefix(LESSONS).partition("/")[0],
                        s["verb"]["id"].rsplit("/", 1)[1],
                        s.get("result", {}).get("score", {}).get("scaled"),
                        s["timestamp"],
                        json.dumps(s, ensure_ascii=False),
                    )
                    for s in statements
                ),
            )

    def waiting(self, limit: int) -> list[Kept]:
        """The oldest statements that the tool does not have yet, in the order in which they were made."""
        return self._kept("WHERE state = 'waiting' ORDER BY seq LIMIT ?", (limit,))

    def latest(self, person_id: str, limit: int) -> list[Kept]:
        """One person's newest statements, newest first."""
        return self._kept("WHERE person = ? ORDER BY at DESC, seq DESC LIMIT ?", (person_id, limit))

    def _kept(self, where: str, values: tuple[object, ...]) -> list[Kept]:
        with self._open() as connection:
            rows = connection.execute(
                f"SELECT seq, state, note, body FROM statement {where}",  # noqa: S608  # nosec B608 # from this class only
                values,
            ).fetchall()
        return [Kept(seq, state, note, json.loads(body)) for seq, state, note, body in rows]

    def mark(self, seqs: Iterable[int], state: str, note: str = "") -> None:
        """Write down what became of statements: ``sent``, or ``refused`` with the tool's reason."""
        with self._open() as connection:
            connection.executemany(
                "UPDATE statement SET state = ?, note = ? WHERE seq = ?", [(state, note, seq) for seq in seqs]
            )

    def count(self, state: str) -> int:
        """How many statements are in this state."""
        with self._open() as connection:
            found = connection.execute("SELECT count(*) FROM statement WHERE state = ?", (state,)).fetchone()
        return int(found[0])

    def progress(self, person_id: str) -> dict[str, Progress]:
        """Lesson id to how far the person is. A lesson once finished stays finished."""
        with self._open() as connection:
            rows = connection.execute(
                "SELECT lesson, verb, score FROM statement WHERE person = ? ORDER BY at, seq", (person_id,)
            ).fetchall()
        found: dict[str, Progress] = {}
        for lesson, verb, score in rows:
            before = found.get(lesson, Progress("started"))
            if verb == "passed":
                found[lesson] = Progress("passed", score)
            elif verb == "completed":
                found[lesson] = before if before.finished else Progress("done")
            elif verb == "failed":
                found[lesson] = Progress(before.state if before.finished else "failed", score)
            else:
                found[lesson] = before
        return found
