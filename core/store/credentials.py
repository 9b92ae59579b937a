"""Names and passwords with which an LMS sends statements; of a password only a salted scrypt hash is kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from ..errors import Conflict, InvalidInput, NotFound
from .database import across_tenants
from .tables import tenant, xapi_credential

# RFC 7914; the cost that Python's own documentation and OWASP's password storage sheet name for interactive
# use: 2^14 rounds of 8 blocks take 16 MiB and some 50 ms.
_COST = 2**14
_BLOCKS = 8
_LANES = 1
_LONGEST_USERNAME = 100
_LONGEST_PASSWORD = 1024


@dataclass(frozen=True, slots=True)
class Credential:
    """Whose it is, and the hash of its password."""

    tenant_id: str
    password_hash: str


def _can_be_a_name(username: str) -> bool:
    return 0 < len(username) <= _LONGEST_USERNAME and ":" not in username and username.isprintable()


def _scrypt(password: str, salt: bytes, cost: int, blocks: int, lanes: int) -> bytes:
    return hashlib.scrypt(
        password.encode(), salt=salt, n=cost, r=blocks, p=lanes, maxmem=64 * 1024 * 1024, dklen=32
    )


def _hash(password: str) -> str:
    salt = secrets.token_bytes(16)
    digest = _scrypt(password, salt, _COST, _BLOCKS, _LANES)
    return f"scrypt:{_COST}:{_BLOCKS}:{_LANES}:{salt.hex()}:{digest.hex()}"


def _same(password: str, stored: str) -> bool:
    _, cost, blocks, lanes, salt, digest = stored.split(":")
    found = _scrypt(password, bytes.fromhex(salt), int(cost), int(blocks), int(lanes))
    return hmac.compare_digest(found, bytes.fromhex(digest))


_NOBODY = f"scrypt:{_COST}:{_BLOCKS}:{_LANES}:{'00' * 16}:{'00' * 32}"
"""Hashed against when the name is unknown, so that the time taken does not tell which names there are."""


def add(connection: Connection, tenant_id: str, username: str, password: str, now: datetime) -> None:
    """Keep a credential for a tenant.

    :raises InvalidInput: for a name with a colon, which Basic authentication cannot carry (RFC 7617), or
        for an empty or overlong name or password.
    :raises NotFound: when there is no such tenant.
    :raises Conflict: when the name is taken; names are unique across tenants.
    """
    if not _can_be_a_name(username):
        raise InvalidInput(
            f"{username[:_LONGEST_USERNAME]!r} cannot be a name.",
            f"Choose 1 to {_LONGEST_USERNAME} printable characters, and no colon.",
            where="username",
        )
    if not 0 < len(password) <= _LONGEST_PASSWORD:
        raise InvalidInput(
            "The password is empty or too long.",
            f"Choose 1 to {_LONGEST_PASSWORD} characters.",
            where="password",
        )
    if connection.execute(select(tenant.c.id).where(tenant.c.id == tenant_id)).first() is None:
        raise NotFound(f"There is no tenant {tenant_id!r}.", "Register the LMS first: `stifinder register`.")
    if find(connection, username) is not None:
        raise Conflict(f"The name {username!r} is taken.", "Choose another name, or remove that one first.")
    connection.execute(
        insert(xapi_credential).values(
            tenant_id=tenant_id, username=username, password_hash=_hash(password), created_at=now
        )
    )


def find(connection: Connection, username: str) -> Credential | None:
    """The credential of that name; who is asking is not known before this, so it looks across tenants."""
    if not _can_be_a_name(username):
        return None
    found = connection.execute(
        across_tenants(
            select(xapi_credential.c.tenant_id, xapi_credential.c.password_hash).where(
                xapi_credential.c.username == username
            )
        )
    ).first()
    return Credential(found[0], found[1]) if found else None


def matches(credential: Credential | None, password: str) -> bool:
    """Whether this is the password; as slow for no credential as for a wrong one."""
    if len(password) > _LONGEST_PASSWORD:
        return False
    same = _same(password, credential.password_hash if credential else _NOBODY)
    return same and credential is not None


def verify(connection: Connection, username: str, password: str) -> str | None:
    """The tenant whose name and password these are, or None."""
    credential = find(connection, username)
    return credential.tenant_id if matches(credential, password) and credential else None


def remove(connection: Connection, tenant_id: str, username: str) -> bool:
    """Remove a tenant's credential; whether there was one."""
    ours = xapi_credential.c.tenant_id == tenant_id
    found = connection.execute(delete(xapi_credential).where(ours, xapi_credential.c.username == username))
    return found.rowcount > 0


def names(connection: Connection, tenant_id: str) -> list[str]:
    """The names of a tenant's credentials, sorted."""
    found = select(xapi_credential.c.username).where(xapi_credential.c.tenant_id == tenant_id)
    return sorted(connection.scalars(found))
