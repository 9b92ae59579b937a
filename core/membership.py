"""Who takes part in a course, and in which groups: as a platform tells it, and what is kept of that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from .people import Role


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a course.

    :param user_id: what the LMS calls the person; not stored.
    :param groups: what the LMS calls the person's groups; None when it does not say.
    """

    user_id: str
    roles: frozenset[Role]
    active: bool = True
    groups: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """One group of a course.

    :param key: what the LMS calls it; unique in the course.
    :param set_title: of the set of groups that it belongs to; "" for none.
    """

    key: str
    title: str
    set_title: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What a platform tells of a course's members.

    :param members: everybody; () where ``unchanged``.
    :param unchanged: nobody came, left or changed since the platform was asked last.
    :param differences: where to ask next time what changed since now; "" when the platform does not say.
    """

    members: tuple[Member, ...] = ()
    unchanged: bool = False
    differences: str = ""


@dataclass(frozen=True, slots=True)
class Headcount:
    """How many take part in a course: counts, and nobody's name.

    :param learners: active members who do not teach or administer.
    :param staff: active members who do.
    :param gone: members who are inactive or deleted.
    """

    learners: int
    staff: int
    gone: int
    at: datetime


def headcount(members: Iterable[Member], at: datetime) -> Headcount:
    """Count members; who is listed twice counts once, as active if either entry is."""
    found: dict[str, Member] = {}
    for member in members:
        if member.user_id not in found or member.active:
            found[member.user_id] = member
    active = [member for member in found.values() if member.active]
    learners = sum(member.roles == {Role.LEARNER} for member in active)
    return Headcount(learners, len(active) - learners, len(found) - len(active), at)
