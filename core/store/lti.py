"""What the LTI border keeps: registrations of platforms, and tokens that were used."""

from __future__ import annotations

import hashlib
import secrets as random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from ..errors import Conflict, NotFound
from . import tables, tenants
from .database import Database, across_tenants

ACTIVE = "active"
PENDING = "pending"
"""A registration that nobody has approved yet: it cannot launch."""


@dataclass(frozen=True, slots=True)
class Registration:
    """One deployment of this tool in one platform; a platform with several deployments has several.

    :param id: opaque; "" before it is stored.
    :param issuer, client_id, deployment_id: as the platform writes them; together unique. A deployment that
        is "" is told by the first launch (``joining.deployment_of``).
    :param auth_login_url: where the login request goes (OpenID Connect's authorization endpoint).
    :param auth_token_url: where access tokens for the platform's services come from; "" when not used.
    :param key_set_url: where the platform publishes its public keys.
    :param product: name of the LMS, for people; "" when not said.
    :param status: ``ACTIVE`` or ``PENDING``.
    :param scopes: of the LMS's services, as it granted them; empty when it did not say.
    :param last_launch_at, clock_skew_seconds, seen: what launches showed, see ``joining.note_launch``;
        written there only.
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
    status: str = ACTIVE
    scopes: tuple[str, ...] = ()
    created_at: datetime | None = None
    last_launch_at: datetime | None = None
    clock_skew_seconds: int | None = None
    seen: Mapping[str, bool] = field(default_factory=dict)

    @property
    def triple(self) -> tuple[str, str, str]:
        """What makes it unique."""
        return self.issuer, self.client_id, self.deployment_id


# --- registrations --------------------------------------------------------------------------------

_OF_LAUNCHES = frozenset({"created_at", "last_launch_at", "clock_skew_seconds", "seen"})
"""What bringing a registration up to date leaves as it is."""


def registration_of(row: Row[tuple[object, ...]]) -> Registration:
    """A registration from its row."""
    values = {each.name: row._mapping[each.name] for each in fields(Registration)}
    return Registration(**values | {"scopes": tuple(values["scopes"])})


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
    found = find_all(connection, entry.issuer, entry.client_id, entry.deployment_id)
    if found and found[0].tenant_id != entry.tenant_id:
        raise Conflict(
            f"Deployment {entry.deployment_id!r} of client {entry.client_id!r} at {entry.issuer} belongs "
            f"to the tenant {found[0].tenant_id!r}.",
            "Remove it there first, or check the tenant's name.",
        )
    before = found[0] if found else entry
    return put(connection, replace(entry, id=before.id, scopes=entry.scopes or before.scopes), now), not found


def put(connection: Connection, entry: Registration, now: datetime) -> Registration:
    """Write a registration: the one of its id is brought up to date; without an id it is new.

    :raises Conflict: another one has the same issuer, client id and deployment.
    """
    table = tables.registration
    stored = entry if entry.id else replace(entry, id=random.token_hex(16), created_at=now)
    values = {name: value for name, value in asdict(stored).items() if name not in _OF_LAUNCHES}
    if any(other.id != stored.id for other in find_exactly(connection, stored.triple)):
        raise Conflict(
            f"Deployment {entry.deployment_id!r} of client {entry.client_id!r} at {entry.issuer} is "
            "registered already.",
            "See `stifinder register --list`.",
        )
    if not stored.deployment_id:
        values["created_at"] = now  # from here on counts how long a first launch may tell it
    if entry.id:
        same = (table.c.tenant_id == stored.tenant_id) & (table.c.id == stored.id)
        connection.execute(update(table).where(same).values(values))
    else:
        connection.execute(insert(table).values({"created_at": now, **values}))
    return get(connection, stored.tenant_id, stored.id)


def get(connection: Connection, tenant_id: str, registration_id: str) -> Registration:
    """One registration of a tenant.

    :raises NotFound: when there is none of that id.
    """
    table = tables.registration
    same = (table.c.tenant_id == tenant_id) & (table.c.id == registration_id)
    row = connection.execute(select(table).where(same)).first()
    if row is None:
        raise NotFound("There is no such registration.", "See `stifinder register --list`.")
    return registration_of(row)


def find_exactly(connection: Connection, triple: tuple[str, str, str]) -> list[Registration]:
    """The registration of this issuer, client id and deployment, if there is one; "" means just that."""
    return [entry for entry in find_all(connection, triple[0], triple[1]) if entry.triple == triple]


_OF_PLATFORM = across_tenants(
    select(tables.registration)
    .where(tables.registration.c.issuer == bindparam("issuer"))
    .order_by(tables.registration.c.client_id, tables.registration.c.deployment_id)
)


def find_all(
    connection: Connection, issuer: str, client_id: str = "", deployment_id: str = ""
) -> list[Registration]:
    """Registrations of a platform in all tenants, in a steady order; "" stands for any."""
    found = map(registration_of, connection.execute(_OF_PLATFORM, {"issuer": issuer}))
    return [
        entry
        for entry in found
        if client_id in ("", entry.client_id) and deployment_id in ("", entry.deployment_id)
    ]


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
        return [registration_of(row) for row in connection.execute(query)]


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
        entry = registration_of(row)
        take_away(connection, entry)
    return entry


def take_away(connection: Connection, entry: Registration) -> None:
    """Take a registration away, in the caller's transaction."""
    table = tables.registration
    same = (table.c.tenant_id == entry.tenant_id) & (table.c.id == entry.id)
    connection.execute(delete(table).where(same))


# --- nonces and states that were used ----------------------------------------------------------------


def _digest(kind: str, value: str) -> str:
    return hashlib.sha256(f"{kind}\n{value}".encode()).hexdigest()


_USED = tables.used_token
_WAS_USED = select(_USED.c.digest).where(
    _USED.c.tenant_id == tables.SYSTEM, _USED.c.digest == bindparam("digest")
)
_USE = insert(_USED)
SWEEP_EVERY = timedelta(minutes=1)
_swept: WeakKeyDictionary[Database, datetime] = WeakKeyDictionary()


def was_used(database: Database, kind: str, value: str) -> bool:
    """Whether a token was used before (and has not been swept away after its end)."""
    with database.read() as connection:
        return connection.execute(_WAS_USED, {"digest": _digest(kind, value)}).first() is not None


def use_once(
    database: Database, used: Iterable[tuple[str, str]], expires_at: datetime, now: datetime
) -> bool:
    """Mark tokens as used, all or none; about once a minute it sweeps away those whose time is over.

    :param used: kind and value of each; only digests are stored.
    :param expires_at: until when the mark must be kept: no later use could pass the other checks.
    :returns: False when one of them was used before; then nothing is changed.
    """
    rows = [
        {"tenant_id": tables.SYSTEM, "digest": _digest(kind, value), "expires_at": expires_at}
        for kind, value in used
    ]
    try:
        _use(database, rows, now)
    except IntegrityError:
        with database.write() as connection:
            if not _ensure_tenant(connection, tables.SYSTEM, "Stifinder", now):
                return False
        try:  # the tool's own tenant was missing: this is a new database
            _use(database, rows, now)
        except IntegrityError:
            return False
    return True


def _use(database: Database, rows: list[dict[str, object]], now: datetime) -> None:
    last = _swept.get(database)
    sweep = last is None or abs(now - last) >= SWEEP_EVERY
    with database.write() as connection:
        if sweep:  # not at each launch: it looks at every token of the last minutes
            connection.execute(
                delete(_USED).where(_USED.c.tenant_id == tables.SYSTEM, _USED.c.expires_at < now)
            )
        connection.execute(_USE, rows)
    if sweep:
        _swept[database] = now
