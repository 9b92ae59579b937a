"""Who takes part in a course: members as a platform tells them, and what is kept of that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from .people import Role


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a course.

    :param user_id: what the LMS calls the person; not stored.
    """

    user_id: str
    roles: frozenset[Role]
    active: bool = True


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
