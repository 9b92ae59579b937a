"""What the LTI border keeps: registrations of platforms, tokens that were used, and the tool's own keys."""

from __future__ import annotations

import hashlib
import json
import secrets as random
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from ..errors import Conflict, NotFound
from ..secrets import Secrets
from . import tables, tenants
from .database import Database, across_tenants

KEY_BITS = 2048


@dataclass(frozen=True, slots=True)
class Registration:
    """One deployment of this tool in one platform; a platform with several deployments has several.

    :param id: opaque; "" before it is stored.
    :param issuer, client_id, deployment_id: as the platform writes them; together unique.
    :param auth_login_url: where the login request goes (OpenID Connect's authorization endpoint).
    :param auth_token_url: where access tokens for the platform's services come from; "" when not used.
    :param key_set_url: where the platform publishes its public keys.
    :param product: name of the LMS, for people; "" when not said.
    """

    tenant_id: str
    issuer: str
    client_id: str
    deployment_id: str
    auth_login_url: str
    key_set_url: str
    auth_token_url: str = ""
    product: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class ToolKey:
    """A key pair with which the tool signs what it sends to platforms (RS256).

    :param kid: the key's thumbprint (RFC 7638).
    """

    kid: str
    private_key: rsa.RSAPrivateKey


# --- registrations --------------------------------------------------------------------------------


def _registration(row: Row[tuple[object, ...]]) -> Registration:
    values = dict(row._mapping)
    del values["created_at"]
    return Registration(**values)


def register(
    database: Database, entries: Sequence[Registration], now: datetime
) -> tuple[bool, list[tuple[Registration, bool]]]:
    """Store registrations of one tenant, all or none; one that is there is brought up to date.

    :returns: whether the tenant was made, and each registration as stored with whether it is new.
    :raises Conflict: when another tenant holds the same issuer, client id and deployment.
    """
    with database.write() as connection:
        made = _ensure_tenant(connection, entries[0].tenant_id, entries[0].tenant_id, now)
        return made, [_store(connection, entry, now) for entry in entries]


def _ensure_tenant(connection: Connection, tenant_id: str, name: str, now: datetime) -> bool:
    if tenants.find(connection, tenant_id) is not None:
        return False
    tenants.add(connection, tenant_id, name, "en", now)
    return True


def _store(connection: Connection, entry: Registration, now: datetime) -> tuple[Registration, bool]:
    table = tables.registration
    found = find_all(connection, entry.issuer, entry.client_id, entry.deployment_id)
    if found and found[0].tenant_id != entry.tenant_id:
        raise Conflict(
            f"Deployment {entry.deployment_id!r} of client {entry.client_id!r} at {entry.issuer} belongs "
            f"to the tenant {found[0].tenant_id!r}.",
            "Remove it there first, or check the tenant's name.",
        )
    stored = replace(entry, id=found[0].id if found else random.token_hex(16))
    if found:
        same = (table.c.tenant_id == stored.tenant_id) & (table.c.id == stored.id)
        connection.execute(update(table).where(same).values(asdict(stored)))
    else:
        connection.execute(insert(table).values(created_at=now, **asdict(stored)))
    return stored, not found


def find_all(
    connection: Connection, issuer: str, client_id: str = "", deployment_id: str = ""
) -> list[Registration]:
    """Registrations of a platform in all tenants, in a steady order; "" stands for any."""
    table = tables.registration
    query = select(table).where(table.c.issuer == issuer)
    if client_id:
        query = query.where(table.c.client_id == client_id)
    if deployment_id:
        query = query.where(table.c.deployment_id == deployment_id)
    ordered = query.order_by(table.c.client_id, table.c.deployment_id)
    return [_registration(row) for row in connection.execute(across_tenants(ordered))]


def find(database: Database, issuer: str, client_id: str = "", deployment_id: str = "") -> list[Registration]:
    """Like :func:`find_all`, on a connection of its own: a message names its tenant by these three only."""
    with database.read() as connection:
        return find_all(connection, issuer, client_id, deployment_id)


def registrations(database: Database, tenant_id: str = "") -> list[Registration]:
    """All registrations of a tenant, or of all tenants."""
    table = tables.registration
    query = select(table).order_by(
        table.c.tenant_id, table.c.issuer, table.c.client_id, table.c.deployment_id
    )
    query = query.where(table.c.tenant_id == tenant_id) if tenant_id else across_tenants(query)
    with database.read() as connection:
        return [_registration(row) for row in connection.execute(query)]


def remove(database: Database, registration_id: str) -> Registration:
    """Take a registration away; launches through it are refused from then on.

    :raises NotFound: when there is none of that id.
    """
    table = tables.registration
    with database.write() as connection:
        row = connection.execute(across_tenants(select(table).where(table.c.id == registration_id))).first()
        if row is None:
            raise NotFound(
                f"There is no registration {registration_id!r}.", "See `stifinder register --list`."
            )
        entry = _registration(row)
        same = (table.c.tenant_id == entry.tenant_id) & (table.c.id == entry.id)
        connection.execute(delete(table).where(same))
    return entry


# --- nonces and states that were used ----------------------------------------------------------------


def _digest(kind: str, value: str) -> str:
    return hashlib.sha256(f"{kind}\n{value}".encode()).hexdigest()


def was_used(database: Database, kind: str, value: str) -> bool:
    """Whether a token was used before (and has not been swept away after its end)."""
    table = tables.used_token
    query = select(table.c.digest).where(
        table.c.tenant_id == tables.SYSTEM, table.c.digest == _digest(kind, value)
    )
    with database.read() as connection:
        return connection.execute(query).first() is not None


def use_once(
    database: Database, used: Iterable[tuple[str, str]], expires_at: datetime, now: datetime
) -> bool:
    """Mark tokens as used, all or none; sweeps away those whose time is over.

    :param used: kind and value of each; only digests are stored.
    :param expires_at: until when the mark must be kept: no later use could pass the other checks.
    :returns: False when one of them was used before; then nothing is changed.
    """
    table = tables.used_token
    rows = [
        {"tenant_id": tables.SYSTEM, "digest": _digest(kind, value), "expires_at": expires_at}
        for kind, value in used
    ]
    try:
        with database.write() as connection:
            _ensure_tenant(connection, tables.SYSTEM, "Stifinder", now)
            connection.execute(
                delete(table).where(table.c.tenant_id == tables.SYSTEM, table.c.expires_at < now)
            )
            connection.execute(insert(table), rows)
    except IntegrityError:
        return False
    return True


# --- the tool's own keys --------------------------------------------------------------------------


def signing_key(database: Database, secrets: Secrets, now: datetime) -> ToolKey:
    """The newest key that is not retired; made when there is none.

    :raises ConfigurationError: when the stored key cannot be opened with this master key.
    """
    table = tables.tool_key
    current = (
        select(table.c.kid, table.c.private_key)
        .where(table.c.tenant_id == tables.SYSTEM, table.c.retired_at.is_(None))
        .order_by(table.c.created_at.desc())
        .limit(1)
    )
    with database.read() as connection:
        row = connection.execute(current).first()
    if row is None:
        fresh = _new_key(secrets)
        with database.write() as connection:
            _ensure_tenant(connection, tables.SYSTEM, "Stifinder", now)
            row = connection.execute(current).first()  # another process may have been first
            if row is None:
                connection.execute(
                    insert(table).values(tenant_id=tables.SYSTEM, created_at=now, retired_at=None, **fresh)
                )
                row = connection.execute(current).one()
    private_key = serialization.load_der_private_key(secrets.decrypt(row.private_key), password=None)
    if not isinstance(private_key, rsa.RSAPrivateKey):
        raise TypeError(f"the tool's key {row.kid} is no RSA key")
    return ToolKey(row.kid, private_key)


def key_set(database: Database) -> dict[str, list[dict[str, str]]]:
    """The public keys that platforms need, as a JSON Web Key Set (RFC 7517); retired keys are left out."""
    table = tables.tool_key
    query = (
        select(table.c.public_jwk)
        .where(table.c.tenant_id == tables.SYSTEM, table.c.retired_at.is_(None))
        .order_by(table.c.created_at)
    )
    with database.read() as connection:
        return {"keys": list(connection.execute(query).scalars())}


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
