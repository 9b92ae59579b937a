"""Access tokens that the sandbox gave to tools, and the values that count only once."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from .sqlite_file import SqliteFile

LIFETIME = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Grant:
    """What an access token is good for."""

    client_id: str
    scopes: frozenset[str]


class AccessTokens(SqliteFile):
    """Tokens, of which the file holds digests only."""

    SCHEMA = """
    CREATE TABLE IF NOT EXISTS access_token (
        digest TEXT PRIMARY KEY, client_id TEXT NOT NULL, scopes TEXT NOT NULL, until TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS used_once (value TEXT PRIMARY KEY, until TEXT NOT NULL);
    """

    def issue(self, client_id: str, scopes: Iterable[str]) -> str:
        """A new token, good for ``LIFETIME``."""
        token = secrets.token_urlsafe(32)
        now = datetime.now(UTC)
        with self._open() as connection:
            connection.execute("DELETE FROM access_token WHERE until <= ?", (now.isoformat(),))
            connection.execute(
                "INSERT INTO access_token VALUES (?, ?, ?, ?)",
                (_digest(token), client_id, " ".join(sorted(scopes)), (now + LIFETIME).isoformat()),
            )
        return token

    def find(self, token: str) -> Grant | None:
        """What a token is good for; None when it is unknown, or its time is over."""
        with self._open() as connection:
            row = connection.execute(
                "SELECT client_id, scopes FROM access_token WHERE digest = ? AND until > ?",
                (_digest(token), datetime.now(UTC).isoformat()),
            ).fetchone()
        return Grant(row[0], frozenset(row[1].split())) if row else None

    def use_once(self, value: str, until: float) -> bool:
        """Whether a value (``jti``, ``nonce``) comes for the first time.

        :param until: seconds since 1970 to which the message that carries it is good.
        """
        now = datetime.now(UTC)
        keep = datetime.fromtimestamp(until, UTC).isoformat()
        with self._open() as connection:
            connection.execute("DELETE FROM used_once WHERE until <= ?", (now.isoformat(),))
            made = connection.execute("INSERT OR IGNORE INTO used_once VALUES (?, ?)", (_digest(value), keep))
        return made.rowcount == 1


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
