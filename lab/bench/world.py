"""A tool with a large simulated history in its database, as the benches need it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, insert

from ...core import identity
from ...core.evidence import Event
from ...core.launch import Launch
from ...core.people import Profile, Purpose, Role, Source
from ...core.service import Core
from ...core.settings import Settings
from ...core.store import catalogue, events, learners, tables, tenants
from .. import histories

ISSUER = "https://lms.example.org"
GRANTS = [(p, s) for p in (Purpose.SUGGESTIONS, Purpose.SHARED_MODELS) for s in Source]


def chunks(values: Iterator[Event], size: int = 20_000) -> Iterator[list[Event]]:
    """Lists of at most ``size`` values."""
    while chunk := list(islice(values, size)):
        yield chunk


def settings(folder: Path, port: int) -> Settings:
    """Settings of a tool in ``folder`` that will serve on ``port``."""
    return Settings(folder, f"sqlite:///{folder / 'stifinder.db'}", f"http://127.0.0.1:{port}", port=port)


def launch(world: histories.World, learner_id: str, course: int = 0) -> Launch:
    """A launch by one of the simulated learners."""
    return Launch(
        tenant_id=histories.TENANT,
        registration_id="r",
        identities=(identity.account(ISSUER, learner_id),),
        context_key=world.contexts[course],
        context_title=f"Course {course}",
    )


def build(folder: Path, world: histories.World, port: int) -> Core:
    """Fill a database with a world whose last event was yesterday."""
    core = Core.open(settings(folder, port))
    core.migrate()
    core.add_tenant(histories.TENANT, "Bench")
    now = core.clock()
    shift = now - timedelta(days=181) - histories.START
    key = core.secrets.derive("identity")
    with core.database.write() as connection:
        for context in world.contexts:
            catalogue.store_context(connection, histories.TENANT, context, context)
        own = {c: catalogue.opaque(histories.TENANT, "context", c) for c in world.contexts}
        catalogue.store_skills(connection, histories.TENANT, world.catalogue.skills.values())
        activities = [
            replace(a, context_ids=tuple(own[c] for c in a.context_ids), object_id=f"{ISSUER}/{a.id}")
            for a in world.catalogue
        ]
        catalogue.store(connection, histories.TENANT, activities, [])
        tenants.advance(connection, histories.TENANT, catalogue_version=1)
        _people(connection, world.learners, key, now)
        number = 0
        for chunk in chunks(world.events()):
            shifted = [replace(e, at=e.at + shift) for e in chunk]
            events.append(connection, histories.TENANT, number + 1, shifted)
            number += len(chunk)
        tenants.advance(connection, histories.TENANT, event_seq=number)
    return core


def _people(connection: Connection, names: Sequence[str], key: bytes, now: datetime) -> None:
    profile = learners.profile_out(Profile())
    tenant = histories.TENANT
    connection.execute(
        insert(tables.learner),
        [
            {
                "tenant_id": tenant,
                "id": n,
                "roles": [Role.LEARNER],
                "locale": "en",
                "profile": profile,
                "created_at": now,
            }
            for n in names
        ],
    )
    connection.execute(
        insert(tables.learner_identity),
        [
            {
                "tenant_id": tenant,
                "digest": identity.digest(key, tenant, identity.account(ISSUER, n)),
                "learner_id": n,
            }
            for n in names
        ],
    )
    connection.execute(
        insert(tables.grant),
        [
            {
                "tenant_id": tenant,
                "learner_id": n,
                "purpose": p,
                "source": s,
                "at": now,
                "text_version": learners.CONSENT_TEXT,
            }
            for n in names
            for p, s in GRANTS
        ],
    )
