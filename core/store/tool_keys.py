"""The tool's own key pairs: which one signs, which are published, and how one follows another.

Platforms keep our key set for hours. So a new key is published first and signs later, and the old one stays
published for a while after its last signature. Both moments are stored; nothing has to run at them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import Connection, delete, insert, select, update

from ..errors import ConfigurationError, Conflict
from ..secrets import Secrets
from . import tables, tenants
from .database import Database

KEY_BITS = 2048
AFTER = timedelta(hours=24)
"""How long a new key is published before it signs: longer than platforms are known to keep key sets."""
KEPT = timedelta(days=7)
"""How long a key stays published after it stopped signing."""

_ours = tables.tool_key.c.tenant_id == tables.SYSTEM
_by_age = (tables.tool_key.c.created_at, tables.tool_key.c.signs_from)


@dataclass(frozen=True, slots=True)
class ToolKey:
    """A key pair with which the tool signs what it sends to platforms (RS256).

    :param kid: the key's thumbprint (RFC 7638).
    """

    kid: str
    private_key: rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True)
class KeyTimes:
    """The life of a key.

    :param created_at: when it was made and published.
    :param signs_from: when it began to sign, or will.
    :param retired_at: when it stopped signing, or will; None while no other follows it.
    """

    kid: str
    created_at: datetime
    signs_from: datetime
    retired_at: datetime | None

    @property
    def until(self) -> datetime | None:
        """When it leaves the key set."""
        return self.retired_at + KEPT if self.retired_at else None


def signing(keys: Sequence[KeyTimes], now: datetime) -> KeyTimes | None:
    """The key that signs at this time: the last one that began to; with none, the one that is next."""
    usable = [key for key in keys if key.retired_at is None or key.retired_at > now]
    begun = [key for key in usable if key.signs_from <= now]
    if begun:
        return max(begun, key=lambda key: key.signs_from)
    return min(usable, key=lambda key: key.signs_from, default=None)


def signing_key(database: Database, secrets: Secrets, now: datetime) -> ToolKey:
    """The key that signs now; made when there is none.

    :raises ConfigurationError: when the stored key cannot be opened with this master key.
    """
    with database.read() as connection:
        row = _signing(connection, now)
    if row is None:
        fresh = _new_key(secrets)
        with database.write() as connection:
            _ensure_owner(connection, now)
            row = _signing(connection, now)  # another process may have been first
            if row is None:
                _store(connection, fresh, now, now)
                row = _signing(connection, now)
    if row is None:
        raise AssertionError("the key that was just stored is not there")
    kid, sealed = row
    private_key = serialization.load_der_private_key(secrets.decrypt(sealed), password=None)
    if not isinstance(private_key, rsa.RSAPrivateKey):
        raise TypeError(f"the tool's key {kid} is no RSA key")
    return ToolKey(kid, private_key)


def key_set(database: Database, now: datetime) -> dict[str, list[dict[str, str]]]:
    """The public keys that platforms need, oldest first, as a JSON Web Key Set (RFC 7517)."""
    known = {key.kid for key in every(database, now)}
    query = select(tables.tool_key.c.kid, tables.tool_key.c.public_jwk).where(_ours)
    with database.read() as connection:
        rows = connection.execute(query.order_by(*_by_age)).all()
    return {"keys": [row.public_jwk for row in rows if row.kid in known]}


def every(database: Database, now: datetime) -> list[KeyTimes]:
    """The keys that are published, oldest first; those whose time is over are deleted by this look."""
    with database.read() as connection:
        keys = _times(connection)
    over = [key.kid for key in keys if key.until is not None and key.until <= now]
    if over:
        with database.write() as connection:
            connection.execute(delete(tables.tool_key).where(_ours, tables.tool_key.c.kid.in_(over)))
    return [key for key in keys if key.kid not in over]


def rotate(
    database: Database,
    secrets: Secrets,
    now: datetime,
    *,
    after: timedelta = AFTER,
    leaked: bool = False,
    note: Callable[[Connection, KeyTimes], None] = lambda *_: None,
) -> KeyTimes:
    """Make and publish a new key, which signs later; the present one signs until then.

    :param leaked: the old keys are no secret any more: they are deleted at once, and the new one signs at
        once. What platforms keep of our key set for some hours, they keep.
    :param note: records it, in the same transaction.
    :raises Conflict: when a key waits for its turn already.
    """
    fresh = _new_key(secrets)
    every(database, now)
    with database.write() as connection:
        _ensure_owner(connection, now)
        keys = _times(connection)
        if leaked:
            connection.execute(delete(tables.tool_key).where(_ours))
        waiting = [key for key in keys if key.signs_from > now]
        if waiting and not leaked:
            raise Conflict(
                f"A new key waits already; it signs from {waiting[0].signs_from:%Y-%m-%d %H:%M} UTC.",
                "Wait until then. If a key has leaked: stifinder keys rotate --leaked",
            )
        begins = now if leaked or not keys else now + after
        table = tables.tool_key
        connection.execute(update(table).where(_ours, table.c.retired_at.is_(None)).values(retired_at=begins))
        _store(connection, fresh, now, begins)
        made = next(key for key in _times(connection) if key.kid == fresh["kid"])
        note(connection, made)
        return made


def reencrypt(database: Database, old: Secrets, new: Secrets) -> int:
    """Encrypt the private keys under a new master key, all or none; those that are, stay.

    :returns: how many were encrypted anew.
    :raises ConfigurationError: when a key opens with neither.
    """
    table = tables.tool_key
    changed = 0
    with database.write() as connection:
        for row in connection.execute(select(table.c.kid, table.c.private_key).where(_ours)).all():
            try:
                new.decrypt(row.private_key)
            except ConfigurationError:
                sealed = new.encrypt(old.decrypt(row.private_key))
                connection.execute(
                    update(table).where(_ours, table.c.kid == row.kid).values(private_key=sealed)
                )
                changed += 1
    return changed


def _ensure_owner(connection: Connection, now: datetime) -> None:
    if tenants.find(connection, tables.SYSTEM) is None:
        tenants.add(connection, tables.SYSTEM, "Stifinder", "en", now)


def _times(connection: Connection) -> list[KeyTimes]:
    table = tables.tool_key
    query = select(table.c.kid, table.c.created_at, table.c.signs_from, table.c.retired_at).where(_ours)
    return [KeyTimes(*row) for row in connection.execute(query.order_by(*_by_age))]


def _signing(connection: Connection, now: datetime) -> tuple[str, bytes] | None:
    """The id of the key that signs, and its private part as it is stored."""
    key = signing(_times(connection), now)
    if key is None:
        return None
    table = tables.tool_key
    sealed = select(table.c.private_key).where(_ours, table.c.kid == key.kid)
    return key.kid, connection.execute(sealed).scalar_one()


def _store(connection: Connection, fresh: dict[str, object], now: datetime, signs_from: datetime) -> None:
    connection.execute(
        insert(tables.tool_key).values(
            tenant_id=tables.SYSTEM, created_at=now, signs_from=signs_from, retired_at=None, **fresh
        )
    )


def _new_key(secrets: Secrets) -> dict[str, object]:
    private_key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    jwk = jwt.algorithms.RSAAlgorithm.to_jwk(private_key.public_key(), as_dict=True)
    public = {name: str(jwk[name]) for name in ("e", "kty", "n")}
    thumbprint = hashlib.sha256(json.dumps(public, sort_keys=True, separators=(",", ":")).encode())
    kid = jwt.utils.base64url_encode(thumbprint.digest()).decode()
    der = private_key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {
        "kid": kid,
        "private_key": secrets.encrypt(der),
        "public_jwk": {**public, "kid": kid, "alg": "RS256", "use": "sig"},
    }
