"""Groups of courses, and who is in which, of those who agreed to be found by others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, delete, insert, select

from ..membership import Group
from .catalogue import opaque
from .tables import course_group, course_group_member

Pairs = set[tuple[str, str]]


def group_id(tenant_id: str, context_id: str, key: str) -> str:
    """The id under which a group of the LMS is kept."""
    return opaque(tenant_id, "group", f"{context_id}\n{key}")


def replace(connection: Connection, tenant_id: str, context_id: str, wanted: Iterable[Group]) -> None:
    """Make these the groups of a course; who was in one that is gone is in it no longer."""
    groups = {group_id(tenant_id, context_id, group.key): group for group in wanted}
    here = (course_group.c.tenant_id == tenant_id, course_group.c.context_id == context_id)
    connection.execute(delete(course_group).where(*here))
    if groups:
        connection.execute(
            insert(course_group),
            [
                {
                    "tenant_id": tenant_id,
                    "context_id": context_id,
                    "id": key,
                    "title": group.title,
                    "set_title": group.set_title,
                }
                for key, group in groups.items()
            ],
        )
    connection.execute(
        delete(course_group_member).where(
            course_group_member.c.tenant_id == tenant_id,
            course_group_member.c.context_id == context_id,
            course_group_member.c.group_id.not_in(list(groups)),
        )
    )


def put_members(
    connection: Connection, tenant_id: str, context_id: str, groups_of: Mapping[str, Iterable[str]]
) -> None:
    """Make these the only members of a course's groups.

    :param groups_of: learner id to what the LMS calls the groups; those that the course does not have are
        passed over.
    """
    there = {id for id, _, _ in every(connection, tenant_id, context_id)}
    wanted = {
        (group_id(tenant_id, context_id, key), learner_id)
        for learner_id, keys in groups_of.items()
        for key in keys
    }
    connection.execute(
        delete(course_group_member).where(
            course_group_member.c.tenant_id == tenant_id, course_group_member.c.context_id == context_id
        )
    )
    rows = [
        {"tenant_id": tenant_id, "context_id": context_id, "group_id": id, "learner_id": learner_id}
        for id, learner_id in sorted(wanted)
        if id in there
    ]
    if rows:
        connection.execute(insert(course_group_member), rows)


def every(connection: Connection, tenant_id: str, context_id: str) -> list[tuple[str, str, str]]:
    """Id, title and title of the set of each group of a course, by title."""
    rows = connection.execute(
        select(course_group.c.id, course_group.c.title, course_group.c.set_title)
        .where(course_group.c.tenant_id == tenant_id, course_group.c.context_id == context_id)
        .order_by(course_group.c.set_title, course_group.c.title, course_group.c.id)
    )
    return [(row.id, row.title, row.set_title) for row in rows]


def fellows(
    connection: Connection, tenant_id: str, context_id: str, learner_id: str
) -> frozenset[str] | None:
    """Who shares a group of a course with a learner; None when the learner is in none."""
    here = (course_group_member.c.tenant_id == tenant_id, course_group_member.c.context_id == context_id)
    own = select(course_group_member.c.group_id).where(*here, course_group_member.c.learner_id == learner_id)
    rows = connection.execute(
        select(course_group_member.c.learner_id).where(*here, course_group_member.c.group_id.in_(own))
    )
    found = frozenset(rows.scalars())
    return found - {learner_id} if found else None


def titles(connection: Connection, tenant_id: str, context_id: str, learner_id: str) -> tuple[str, ...]:
    """What the groups of a course are called that a learner is in; one without a title is left out."""
    member = course_group_member
    rows = connection.execute(
        select(course_group.c.title)
        .join(
            member,
            (member.c.tenant_id == course_group.c.tenant_id)
            & (member.c.context_id == course_group.c.context_id)
            & (member.c.group_id == course_group.c.id),
        )
        .where(
            course_group.c.tenant_id == tenant_id,
            course_group.c.context_id == context_id,
            member.c.learner_id == learner_id,
            member.c.tenant_id == tenant_id,
            course_group.c.title != "",
        )
        .order_by(course_group.c.set_title, course_group.c.title)
    )
    return tuple(rows.scalars())
