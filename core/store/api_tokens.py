"""Tokens of the API. Only their digests are kept: a token is shown once, when it is made.

A token is 256 random bits, so a plain digest is enough: there is nothing to guess that a slow hash would
protect, and it is looked up with every request.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from ..scopes import Scope
from .database import across_tenants
from .tables import api_token

PREFIX = "sf_"
"""What every token begins with, so that people and scanners of files know what they found."""
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token, as it is kept.

    :param id: 8 hexadecimal digits; names the token in lists and in the record of what was done.
    :param scopes: in the order of ``Scope``.
    :param last_used_at: to the hour; None before the first use.
    """

    tenant_id: str
    id: str
    name: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def good(self, now: datetime) -> bool:
        """Whether it opens anything at this time."""
        return self.revoked_at is None and now < self.expires_at


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _token(row: Row[Any]) -> ApiToken:
    known = set(Scope)  # a scope that a later version took away opens nothing
    return ApiToken(
        row.tenant_id,
        row.id,
        row.name,
        tuple(Scope(scope) for scope in row.scopes if scope in known),
        row.created_at,
        row.expires_at,
        row.revoked_at,
        row.last_used_at,
    )


def add(
    connection: Connection,
    tenant_id: str,
    name: str,
    scopes: Sequence[Scope],
    expires_at: datetime,
    now: datetime,
) -> tuple[ApiToken, str]:
    """Make a token; returns it as it is kept, and the token itself, which is not."""
    made = PREFIX + secrets.token_urlsafe(32)
    kept = ApiToken(tenant_id, secrets.token_hex(4), name, tuple(scopes), now, expires_at)
    connection.execute(
        insert(api_token).values(
            tenant_id=tenant_id,
            id=kept.id,
            digest=_digest(made),
            name=name,
            scopes=[str(scope) for scope in scopes],
            created_at=now,
            expires_at=expires_at,
        )
    )
    return kept, made


def find(connection: Connection, token: str) -> ApiToken | None:
    """The token, good or not; whose it is is not known before this, so it looks across tenants."""
    if not token.startswith(PREFIX) or len(token) > _LONGEST:
        return None
    found = connection.execute(
        across_tenants(select(api_token).where(api_token.c.digest == _digest(token)))
    ).one_or_none()
    return _token(found) if found else None


def get(connection: Connection, tenant_id: str, token_id: str) -> ApiToken | None:
    """One token of a tenant, or None."""
    found = connection.execute(select(api_token).where(*_is(tenant_id, token_id))).one_or_none()
    return _token(found) if found else None


def every(connection: Connection, tenant_id: str) -> list[ApiToken]:
    """All tokens of a tenant, newest first."""
    rows = connection.execute(
        select(api_token)
        .where(api_token.c.tenant_id == tenant_id)
        .order_by(api_token.c.created_at.desc(), api_token.c.id)
    )
    return [_token(row) for row in rows]


def revoke(connection: Connection, tenant_id: str, token_id: str, now: datetime) -> None:
    """Make a token open nothing any more; one that was revoked before keeps its time."""
    this = update(api_token).where(*_is(tenant_id, token_id), api_token.c.revoked_at.is_(None))
    connection.execute(this.values(revoked_at=now))


def used(connection: Connection, token: ApiToken, now: datetime) -> None:
    """Note that a token was used."""
    this = update(api_token).where(*_is(token.tenant_id, token.id))
    connection.execute(this.values(last_used_at=now))


def _is(tenant_id: str, token_id: str) -> tuple[Any, Any]:
    return api_token.c.tenant_id == tenant_id, api_token.c.id == token_id
