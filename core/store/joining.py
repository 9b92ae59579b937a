"""How an LMS comes to be known: invitations, registrations that wait, deployments learned at a launch.

What a launch shows about an installation is kept here too, one row a registration; nothing of it is about a
person.
"""

from __future__ import annotations

import hashlib
import secrets as random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, update

from ..errors import Conflict, LaunchRefused, NotFound, RegistrationRefused
from . import lti, tables
from .database import Database, across_tenants
from .lti import PENDING, Registration

INVITATION_DAYS = 7
REGISTER = "register"
LEARN_DEPLOYMENT_WITHIN = timedelta(days=30)
"""How long after its registration the first launch of a client may tell which deployment it is."""
QUIET = timedelta(minutes=1)
MOST_PENDING = 50
"""Registrations that wait at the same time; anybody can make them when registration is open."""


# --- invitations ------------------------------------------------------------------------------------


def _digest(token: str) -> str:
    return hashlib.sha256(f"invitation\n{token}".encode()).hexdigest()


def invite(
    database: Database, tenant_id: str, expires_at: datetime, now: datetime, kind: str = REGISTER
) -> str:
    """Make an invitation to register one LMS for a tenant; sweeps away those that ended a month ago.

    :param kind: for what; other kinds are links to sign in.
    :returns: the token, which is not stored: only its digest is.
    """
    with database.write() as connection:
        return add_invitation(connection, tenant_id, expires_at, now, kind)


def add_invitation(
    connection: Connection, tenant_id: str, expires_at: datetime, now: datetime, kind: str = REGISTER
) -> str:
    """Like :func:`invite`, in the caller's transaction."""
    token = random.token_urlsafe(24)
    table = tables.invitation
    connection.execute(
        delete(table).where(
            table.c.tenant_id == tenant_id, table.c.expires_at < now - LEARN_DEPLOYMENT_WITHIN
        )
    )
    connection.execute(
        insert(table).values(
            tenant_id=tenant_id, digest=_digest(token), kind=kind, created_at=now, expires_at=expires_at
        )
    )
    return token


def invited(database: Database, token: str, now: datetime, kind: str = REGISTER) -> str:
    """The tenant that an invitation is for.

    :raises RegistrationRefused: ``unknown-invitation``, ``used-invitation`` or ``expired-invitation``.
    """
    table = tables.invitation
    query = select(table.c.tenant_id, table.c.expires_at, table.c.used_at)
    with database.read() as connection:
        this = query.where(table.c.digest == _digest(token), table.c.kind == kind)
        row = connection.execute(across_tenants(this)).first()
    if row is None:
        raise _refused("unknown-invitation", "This invitation is not known: the address is not complete.")
    if row.used_at is not None:
        raise _refused("used-invitation", "This invitation was used before; each is good for one LMS.")
    if row.expires_at <= now:
        raise _refused("expired-invitation", "This invitation is too old.")
    return str(row.tenant_id)


def claim(database: Database, token: str, now: datetime, kind: str = REGISTER) -> str:
    """Use an invitation up; of two who do so at once, one succeeds.

    :returns: its tenant.
    :raises RegistrationRefused: like :func:`invited`.
    """
    tenant_id = invited(database, token, now, kind)
    with database.write() as connection:
        if not _mark(connection, tenant_id, token, now, unused=True):
            raise _refused("used-invitation", "This invitation was used before; each is good for one LMS.")
    return tenant_id


def give_back(database: Database, tenant_id: str, token: str) -> None:
    """Make an invitation good again whose registration came to nothing."""
    with database.write() as connection:
        _mark(connection, tenant_id, token, None, unused=False)


def _mark(
    connection: Connection, tenant_id: str, token: str, used_at: datetime | None, *, unused: bool
) -> bool:
    table = tables.invitation
    this = update(table).where(table.c.tenant_id == tenant_id, table.c.digest == _digest(token))
    if unused:
        this = this.where(table.c.used_at.is_(None))
    return connection.execute(this.values(used_at=used_at)).rowcount == 1


def _refused(reason: str, what: str) -> RegistrationRefused:
    return RegistrationRefused(reason, what, "Ask for a new one: stifinder invite --tenant NAME", status=403)


# --- registrations ----------------------------------------------------------------------------------


def known_at(database: Database, tenant_id: str, issuer: str) -> list[Registration]:
    """The tenant's registrations of one LMS."""
    return [entry for entry in lti.find(database, issuer) if entry.tenant_id == tenant_id]


def join(database: Database, entry: Registration, now: datetime) -> Registration:
    """Store what an LMS answered to a registration.

    Where the tenant has exactly one registration of this LMS, it is brought up to date in place, also when
    the LMS gave a new client id: its id stays. Otherwise it is added.

    :param entry: its ``deployment_id`` may be "": the first launch tells it.
    :raises Conflict: another tenant holds this client, or too many registrations wait.
    """
    with database.write() as connection:
        same_client = lti.find_all(connection, entry.issuer, entry.client_id)
        if any(other.tenant_id != entry.tenant_id for other in same_client):
            raise Conflict(
                f"The client {entry.client_id!r} of {entry.issuer} is registered already.",
                "Use an invitation of the tenant it belongs to.",
            )
        if entry.status == PENDING:
            _make_room(connection)
        mine = [e for e in lti.find_all(connection, entry.issuer) if e.tenant_id == entry.tenant_id]
        before = next((e for e in mine if e.triple == entry.triple), None)
        if before is None and len(mine) == 1:
            before = mine[0]
        if before is not None and not entry.deployment_id and before.client_id == entry.client_id:
            entry = replace(entry, deployment_id=before.deployment_id)
        return lti.put(connection, replace(entry, id=before.id if before else ""), now)


def _make_room(connection: Connection) -> None:
    table = tables.registration
    query = select(func.count()).select_from(table).where(table.c.status == PENDING)
    if connection.execute(across_tenants(query)).scalar_one() >= MOST_PENDING:
        raise Conflict(
            "Too many registrations wait already.",
            "The operator of this tool looks through them: stifinder register --list",
        )


def approve(database: Database, registration_id: str, tenant_id: str) -> Registration:
    """Let a registration that waits launch, for this tenant.

    :raises NotFound: no registration of this id waits.
    """
    with database.write() as connection:
        waiting = next((e for e in pending(connection) if e.id == registration_id), None)
        if waiting is None:
            raise NotFound(f"No registration {registration_id!r} waits.", "See `stifinder register --list`.")
        return let_launch(connection, waiting, tenant_id)


def pending(connection: Connection) -> list[Registration]:
    """The registrations that wait for a yes, of all tenants, the oldest first."""
    table = tables.registration
    query = select(table).where(table.c.status == PENDING).order_by(table.c.created_at, table.c.id)
    return [lti.registration_of(row) for row in connection.execute(across_tenants(query))]


def let_launch(connection: Connection, waiting: Registration, tenant_id: str) -> Registration:
    """Let a registration that waits launch, for this tenant, in the caller's transaction."""
    table = tables.registration
    this = (table.c.tenant_id == waiting.tenant_id) & (table.c.id == waiting.id)
    connection.execute(update(table).where(this).values(tenant_id=tenant_id, status=lti.ACTIVE))
    return lti.get(connection, tenant_id, waiting.id)


# --- what launches tell -------------------------------------------------------------------------------


def deployment_of(registration: Registration, deployment_id: str, now: datetime) -> Registration:
    """The registration as it is once a first launch has told its deployment; stores nothing.

    Only a message that the LMS signed for this client may come here. After the first one, or a month after
    the registration, further deployments are an administrator's decision.

    :raises LaunchRefused: ``unknown-deployment``.
    """
    if registration.deployment_id:
        return registration
    if registration.created_at is None or now - registration.created_at > LEARN_DEPLOYMENT_WITHIN:
        raise LaunchRefused(
            "unknown-deployment",
            f"The deployment {deployment_id!r} is not registered for this LMS, and its registration is too "
            "old to take the first one that comes.",
            "Administrator: add it with `stifinder register --deployment`.",
        )
    return replace(registration, deployment_id=deployment_id)


def note_launch(
    database: Database, registration: Registration, seen: Mapping[str, bool], skew_seconds: int, now: datetime
) -> bool:
    """Keep what a good launch showed, in one statement; a registration without deployment gets its own.

    Nothing is written when the same was seen within the last minute, so that a rush of launches does not
    queue here.

    :param registration: as ``deployment_of`` gives it.
    :param seen: names (``names``, ``deep_linking``, ``grades``, ``roster``, ``cookies_in_frame``) to whether
        the launch showed it; what it says nothing about is left out and stays. No person is in it.
    :param skew_seconds: positive when the clock of the LMS is ahead.
    :returns: False when another launch was first to tell another deployment.
    """
    together = {**registration.seen, **seen}
    last = registration.last_launch_at
    if last is not None and now - last < QUIET and together == registration.seen:
        return True
    table = tables.registration
    this = update(table).where(
        table.c.tenant_id == registration.tenant_id,
        table.c.id == registration.id,
        table.c.deployment_id.in_((registration.deployment_id, "")),
    )
    with database.write() as connection:
        done = connection.execute(
            this.values(
                deployment_id=registration.deployment_id,
                last_launch_at=now,
                seen=together,
                clock_skew_seconds=skew_seconds,
            )
        )
    return done.rowcount == 1


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Statements that arrived for a tenant.

    :param kept: within the last 24 hours.
    :param passed_over: since yesterday, by UTC days: of people who did not agree, or who are not known.
    :param last_at: when the last one that was kept came.
    """

    kept: int
    passed_over: int
    last_at: datetime | None


def arrivals(database: Database, tenant_id: str, now: datetime) -> Arrivals:
    """How many statements arrived lately."""
    table = tables.statement
    mine = table.c.tenant_id == tenant_id
    with database.read() as connection:
        kept = connection.execute(
            select(func.count()).select_from(table).where(mine, table.c.stored_at > now - timedelta(days=1))
        ).scalar_one()
        last = connection.execute(select(func.max(table.c.stored_at)).where(mine)).scalar_one()
        passed = connection.execute(
            select(func.coalesce(func.sum(tables.dropped.c.count), 0)).where(
                tables.dropped.c.tenant_id == tenant_id,
                tables.dropped.c.day >= (now - timedelta(days=1)).date().isoformat(),
            )
        ).scalar_one()
    return Arrivals(kept, int(passed), last)


def pick(entries: Sequence[Registration], deployment_id: str) -> Registration | None:
    """The registration a message of this deployment belongs to: the deployment's own, else one that has none
    yet; None when there is neither."""
    own = next((entry for entry in entries if entry.deployment_id == deployment_id), None)
    return own or next((entry for entry in entries if not entry.deployment_id), None)
