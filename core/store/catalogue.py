"""Activities, skills and contexts of a tenant."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from ..catalogue import Activity, Catalogue, Level, Skill, SkillLevel
from ..people import Context
from .tables import activity, context, skill


def opaque(tenant_id: str, kind: str, key: str) -> str:
    """The id of a thing that a tenant calls ``key``: the same at every import, and says nothing."""
    return hashlib.blake2b(f"{tenant_id}\n{kind}\n{key}".encode(), digest_size=16).hexdigest()


def load(connection: Connection, tenant_id: str, version: int) -> Catalogue:
    """All activities and skills of a tenant."""
    activities = connection.execute(
        select(activity).where(activity.c.tenant_id == tenant_id).order_by(activity.c.key)
    )
    return Catalogue(
        tenant_id,
        f"{tenant_id}:{version}",
        tuple(
            Activity(
                id=row.id,
                tenant_id=tenant_id,
                key=row.key,
                title=row.title,
                text=row.text,
                language=row.language,
                media_type=row.media_type,
                minutes=row.minutes,
                skills=tuple(SkillLevel(s, Level(level)) for s, level in row.skills),
                prerequisites=tuple(row.prerequisites),
                difficulty=row.difficulty,
                address=row.address,
                object_id=row.object_id,
                context_ids=tuple(row.contexts),
                position=row.position,
            )
            for row in activities
        ),
        skills(connection, tenant_id),
    )


def store(
    connection: Connection, tenant_id: str, new: Sequence[Activity], changed: Sequence[Activity]
) -> None:
    """Insert and update activities."""
    if new:
        connection.execute(insert(activity), [_row(tenant_id, a) for a in new])
    for a in changed:
        connection.execute(
            update(activity)
            .where(activity.c.tenant_id == tenant_id, activity.c.id == a.id)
            .values(**_row(tenant_id, a))
        )


def _row(tenant_id: str, a: Activity) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "id": a.id,
        "key": a.key,
        "title": a.title,
        "text": a.text,
        "language": a.language,
        "media_type": a.media_type,
        "minutes": a.minutes,
        "skills": [[s.skill_id, int(s.level)] for s in a.skills],
        "prerequisites": list(a.prerequisites),
        "difficulty": a.difficulty,
        "address": a.address,
        "object_id": a.object_id,
        "contexts": list(a.context_ids),
        "position": a.position,
    }


def skills(connection: Connection, tenant_id: str) -> Mapping[str, Skill]:
    """Skill id to skill."""
    rows = connection.execute(select(skill).where(skill.c.tenant_id == tenant_id).order_by(skill.c.id))
    return {row.id: Skill(row.id, tenant_id, row.title, tuple(row.terms)) for row in rows}


def store_skills(connection: Connection, tenant_id: str, wanted: Iterable[Skill]) -> None:
    """Insert skills, or update their titles and terms."""
    before = skills(connection, tenant_id)
    for s in wanted:
        values = {"tenant_id": tenant_id, "id": s.id, "title": s.title, "terms": list(s.terms)}
        if s.id not in before:
            connection.execute(insert(skill).values(**values))
        elif before[s.id] != s:
            connection.execute(
                update(skill).where(skill.c.tenant_id == tenant_id, skill.c.id == s.id).values(**values)
            )


def contexts(connection: Connection, tenant_id: str) -> list[tuple[str, Context]]:
    """All (key, context) pairs of a tenant."""
    rows = connection.execute(select(context).where(context.c.tenant_id == tenant_id).order_by(context.c.key))
    return [(r.key, Context(r.id, tenant_id, r.title, r.kind)) for r in rows]


def contexts_like(
    connection: Connection, tenant_id: str, keys: Sequence[str], title: str
) -> list[tuple[str, str, Context]]:
    """(key, the LMS's key that was bound to it, context) of those with one of these keys or this title."""
    alike = context.c.key.in_(keys) | context.c.lms_key.in_(keys) | (context.c.title == title)
    rows = connection.execute(
        select(context).where(context.c.tenant_id == tenant_id, alike).order_by(context.c.key)
    )
    return [(r.key, r.lms_key, Context(r.id, tenant_id, r.title, r.kind)) for r in rows]


def bind_context(connection: Connection, tenant_id: str, context_id: str, lms_key: str) -> bool:
    """Say which course of the LMS a context is; whether it was free. It is said once."""
    free = update(context).where(
        context.c.tenant_id == tenant_id, context.c.id == context_id, context.c.lms_key == ""
    )
    return connection.execute(free.values(lms_key=lms_key)).rowcount == 1


def store_context(
    connection: Connection, tenant_id: str, key: str, title: str, kind: str = "course"
) -> Context:
    """Find or add the context with this key, and keep its title current."""
    found = connection.execute(
        select(context).where(context.c.tenant_id == tenant_id, context.c.key == key)
    ).one_or_none()
    if found is None:
        made = Context(opaque(tenant_id, "context", key), tenant_id, title, kind)
        connection.execute(
            insert(context).values(tenant_id=tenant_id, id=made.id, key=key, title=title, kind=kind)
        )
        return made
    if title and title != found.title:
        connection.execute(
            update(context)
            .where(context.c.tenant_id == tenant_id, context.c.id == found.id)
            .values(title=title)
        )
    return Context(found.id, tenant_id, title or found.title, found.kind)
