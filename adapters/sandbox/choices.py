"""Choices of links that are under way: a teacher is at a tool, which will answer with what was chosen."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from .sqlite_file import SqliteFile

LIFETIME = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice under way.

    :param session_key: stands in the address that the answer goes to.
    :param data: what the answer must bring along.
    """

    session_key: str
    course_id: str
    client_id: str
    data: str


class Choices(SqliteFile):
    """All choices under way."""

    SCHEMA = """
    CREATE TABLE IF NOT EXISTS choice (
        session_key TEXT PRIMARY KEY, course TEXT NOT NULL, client_id TEXT NOT NULL,
        data TEXT NOT NULL, until TEXT NOT NULL
    );
    """

    def begin(self, course_id: str, client_id: str) -> Choice:
        """A new choice."""
        made = Choice(secrets.token_urlsafe(16), course_id, client_id, secrets.token_urlsafe(16))
        now = datetime.now(UTC)
        with self._open() as connection:
            connection.execute("DELETE FROM choice WHERE until <= ?", (now.isoformat(),))
            connection.execute(
                "INSERT INTO choice VALUES (?, ?, ?, ?, ?)",
                (made.session_key, course_id, client_id, made.data, (now + LIFETIME).isoformat()),
            )
        return made

    def find(self, session_key: str, course_id: str, client_id: str) -> Choice | None:
        """The choice that an answer says it belongs to; None when there is none, or its time is over."""
        with self._open() as connection:
            row = connection.execute(
                "SELECT session_key, course, client_id, data FROM choice WHERE session_key = ? AND until > ?",
                (session_key, datetime.now(UTC).isoformat()),
            ).fetchone()
        found = Choice(*row) if row else None
        return found if found and (found.course_id, found.client_id) == (course_id, client_id) else None

    def end(self, choice: Choice) -> bool:
        """Take the answer; False when another answer was first."""
        with self._open() as connection:
            gone = connection.execute("DELETE FROM choice WHERE session_key = ?", (choice.session_key,))
        return gone.rowcount == 1


def brings(choice: Choice, data: object) -> bool:
    """Whether an answer brought along what it must."""
    return isinstance(data, str) and hmac.compare_digest(data.encode(), choice.data.encode())
