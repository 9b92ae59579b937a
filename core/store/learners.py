"""People who agreed to be remembered: how they are recognised, what they agreed to, what they say."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from ..people import Depth, Grant, Learner, Profile, Purpose, Role, Source
from . import choices, tenants
from .tables import grant, learner, learner_identity, membership

CONSENT_TEXT = "2026-11.3"
"""Version of the consent page’s text; raise it when its meaning changes. Versions sort as texts."""
SEEN_BY_STAFF_SINCE = "2026-11.2"
"""From this text on it says that staff of a course see what is suggested to whom, and what came of it."""


def recognise(connection: Connection, tenant_id: str, digests: Collection[str]) -> dict[str, str]:
    """Identity digest to learner id, for those that are known."""
    rows = connection.execute(
        select(learner_identity.c.digest, learner_identity.c.learner_id).where(
            learner_identity.c.tenant_id == tenant_id, learner_identity.c.digest.in_(digests)
        )
    )
    return {row.digest: row.learner_id for row in rows}


def remember(
    connection: Connection,
    tenant_id: str,
    digests: Iterable[str],
    roles: Iterable[Role],
    locale: str,
    now: datetime,
) -> str:
    """Make a learner known by these identity digests; returns the new opaque id."""
    learner_id = secrets.token_hex(16)
    connection.execute(
        insert(learner).values(
            tenant_id=tenant_id,
            id=learner_id,
            roles=sorted(roles),
            locale=locale,
            profile=profile_out(Profile()),
            created_at=now,
        )
    )
    name_again(connection, tenant_id, learner_id, digests)
    return learner_id


def name_again(connection: Connection, tenant_id: str, learner_id: str, digests: Iterable[str]) -> None:
    """Add identity digests that nobody has yet; one that is another person's stays theirs."""
    wanted = set(digests)
    new = wanted - recognise(connection, tenant_id, wanted).keys()
    if new:
        connection.execute(
            insert(learner_identity),
            [{"tenant_id": tenant_id, "digest": d, "learner_id": learner_id} for d in sorted(new)],
        )
        tenants.people_changed(connection, tenant_id)


def find(connection: Connection, tenant_id: str, learner_id: str) -> Learner | None:
    """One learner, or None."""
    row = connection.execute(
        select(learner).where(learner.c.tenant_id == tenant_id, learner.c.id == learner_id)
    ).one_or_none()
    if row is None:
        return None
    return Learner(
        row.id, tenant_id, frozenset(Role(r) for r in row.roles), row.locale, profile_in(row.profile)
    )


def every(connection: Connection, tenant_id: str) -> list[str]:
    """The ids of everybody who is remembered."""
    return list(connection.execute(select(learner.c.id).where(learner.c.tenant_id == tenant_id)).scalars())


def set_profile(connection: Connection, tenant_id: str, learner_id: str, profile: Profile) -> None:
    """Replace what the person says about themselves."""
    connection.execute(
        update(learner)
        .where(learner.c.tenant_id == tenant_id, learner.c.id == learner_id)
        .values(profile=profile_out(profile))
    )


def grants(
    connection: Connection, tenant_id: str, learner_ids: Collection[str]
) -> dict[str, frozenset[tuple[Purpose, Source]]]:
    """Learner id to what they agreed to; learners without any grant are absent."""
    rows = connection.execute(
        select(grant.c.learner_id, grant.c.purpose, grant.c.source).where(
            grant.c.tenant_id == tenant_id, grant.c.learner_id.in_(learner_ids)
        )
    )
    found: dict[str, list[tuple[Purpose, Source]]] = {}
    for learner_id, purpose, source in rows.all():
        found.setdefault(learner_id, []).append(PAIRS[purpose, source])
    return {learner_id: frozenset(pairs) for learner_id, pairs in found.items()}


def recognise_with_grants(
    connection: Connection, tenant_id: str, digests: Collection[str]
) -> dict[str, tuple[str, frozenset[tuple[Purpose, Source]]]]:
    """Identity digest to learner id and what they agreed to, for those that are known; one query."""
    of_them = (grant.c.tenant_id == tenant_id) & (grant.c.learner_id == learner_identity.c.learner_id)
    rows = connection.execute(
        select(learner_identity.c.digest, learner_identity.c.learner_id, grant.c.purpose, grant.c.source)
        .select_from(learner_identity.outerjoin(grant, of_them))
        .where(learner_identity.c.tenant_id == tenant_id, learner_identity.c.digest.in_(digests))
    )
    found: dict[str, tuple[str, list[tuple[Purpose, Source]]]] = {}
    for digest, learner_id, purpose, source in rows.all():
        pairs = found.setdefault(digest, (learner_id, []))[1]
        if purpose is not None:
            pairs.append(PAIRS[purpose, source])
    return {digest: (learner_id, frozenset(pairs)) for digest, (learner_id, pairs) in found.items()}


PAIRS = {(str(p), str(s)): (p, s) for p in Purpose for s in Source}
"""Stored words to what they mean; looked up for every learner of every batch."""


def agreements(connection: Connection, tenant_id: str, learner_id: str) -> list[Grant]:
    """What one learner agreed to, and when."""
    rows = connection.execute(
        select(grant)
        .where(grant.c.tenant_id == tenant_id, grant.c.learner_id == learner_id)
        .order_by(grant.c.purpose, grant.c.source)
    )
    return [Grant(Purpose(r.purpose), Source(r.source), r.at) for r in rows]


def agreed_before(connection: Connection, tenant_id: str, learner_id: str) -> bool:
    """Whether the learner agreed to something on a page that said less than it says today."""
    older = select(grant.c.purpose).where(
        grant.c.tenant_id == tenant_id,
        grant.c.learner_id == learner_id,
        grant.c.text_version < SEEN_BY_STAFF_SINCE,
    )
    return connection.execute(older.limit(1)).one_or_none() is not None


def consent_text(connection: Connection, tenant_id: str) -> str:
    """Version of what the consent page says here: it counts the changes of what the tenant adds."""
    changes = choices.of_tenant(connection, tenant_id).consent_version
    return f"{CONSENT_TEXT}+{changes}" if changes else CONSENT_TEXT


def set_grants(
    connection: Connection,
    tenant_id: str,
    learner_id: str,
    wanted: frozenset[tuple[Purpose, Source]],
    now: datetime,
) -> frozenset[tuple[Purpose, Source]]:
    """Make ``wanted`` the learner's grants; returns what was withdrawn.

    What was agreed to before keeps its date, unless the text has changed: then it is agreed to anew.
    """
    before = grants(connection, tenant_id, [learner_id]).get(learner_id, frozenset())
    for purpose, source in before - wanted:
        connection.execute(
            delete(grant).where(
                grant.c.tenant_id == tenant_id,
                grant.c.learner_id == learner_id,
                grant.c.purpose == purpose,
                grant.c.source == source,
            )
        )
    text_version = consent_text(connection, tenant_id)
    mine = (grant.c.tenant_id == tenant_id, grant.c.learner_id == learner_id)
    connection.execute(
        update(grant)
        .where(*mine, grant.c.text_version != text_version)
        .values(at=now, text_version=text_version)
    )
    rows = [
        {
            "tenant_id": tenant_id,
            "learner_id": learner_id,
            "purpose": purpose,
            "source": source,
            "at": now,
            "text_version": text_version,
        }
        for purpose, source in sorted(wanted - before)
    ]
    if rows:
        connection.execute(insert(grant), rows)
    if before != wanted:
        tenants.people_changed(connection, tenant_id)
    return before - wanted


def seen_in(connection: Connection, tenant_id: str, context_id: str, learner_id: str, now: datetime) -> None:
    """Remember that the learner takes part in a context."""
    here = (
        membership.c.tenant_id == tenant_id,
        membership.c.context_id == context_id,
        membership.c.learner_id == learner_id,
    )
    if connection.execute(update(membership).where(*here).values(seen_at=now)).rowcount == 0:
        connection.execute(
            insert(membership).values(
                tenant_id=tenant_id, context_id=context_id, learner_id=learner_id, seen_at=now
            )
        )


def profile_out(profile: Profile) -> dict[str, Any]:
    """The stored form of a profile."""
    return {
        "goals": list(profile.goals),
        "stated_levels": dict(profile.stated_levels),
        "solo": profile.solo,
        "media": list(profile.media),
        "role": profile.role,
        "depth": profile.depth,
        "deadline": profile.deadline.isoformat() if profile.deadline else None,
        "helps": profile.helps,
    }


def profile_in(stored: Mapping[str, Any]) -> Profile:
    """A profile from its stored form."""
    return Profile(
        goals=tuple(stored.get("goals", ())),
        stated_levels=dict(stored.get("stated_levels", {})),
        solo=stored.get("solo"),
        media=tuple(stored.get("media", ())),
        role=stored.get("role", ""),
        depth=Depth(stored["depth"]) if stored.get("depth") else None,
        deadline=date.fromisoformat(stored["deadline"]) if stored.get("deadline") else None,
        helps=stored.get("helps"),
    )
