"""Who may do what: every act a page or a call of the API is for, and the roles that may do it.

``lti_tool.access`` names the act of every page; ``docs/access.md`` shows both as one table.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

from .people import Role


class Act(StrEnum):
    """What somebody can come to do."""

    LEARN = "learn"
    """See and answer for oneself: suggestions, reviews, consent, one's own data."""
    ACCOMPANY = "accompany"
    """See how the learners are doing whom one was given to accompany, and who agreed to it."""
    SEE_COURSE = "see-course"
    """See a course's figures, and of those who take part what was suggested to whom and why."""
    DECIDE = "decide"
    """Approve, pin, hide, replace, rule out; choose how the course handles suggestions."""
    PLACE = "place"
    """Choose what the LMS links to."""
    ADMINISTER = "administer"
    """See and change what belongs to the tenant."""
    OPERATE = "operate"
    """See and enter all tenants."""


_LAUNCHED = frozenset({Role.LEARNER, Role.MENTOR, Role.TEACHER, Role.ADMINISTRATOR})

ALLOWED: Mapping[Act, frozenset[Role]] = {
    Act.LEARN: _LAUNCHED,
    Act.ACCOMPANY: frozenset({Role.MENTOR}),
    Act.SEE_COURSE: frozenset({Role.TEACHER, Role.ADMINISTRATOR}),
    Act.DECIDE: frozenset({Role.TEACHER, Role.ADMINISTRATOR}),
    Act.PLACE: frozenset({Role.TEACHER, Role.ADMINISTRATOR}),
    Act.ADMINISTER: frozenset({Role.ADMINISTRATOR, Role.OPERATOR}),
    Act.OPERATE: frozenset({Role.OPERATOR}),
}
"""Which roles may do what, within their own tenant; OPERATOR in any."""

STAFF = ALLOWED[Act.SEE_COURSE]
"""Roles that see what others do."""


def may(roles: Collection[Role], act: Act) -> bool:
    """Whether one of these roles allows it."""
    return not ALLOWED[act].isdisjoint(roles)


def leading(roles: Collection[Role]) -> Role:
    """The role in which somebody acts: the one that allows most."""
    order = list(Role)
    return max(roles, key=order.index, default=Role.LEARNER)
