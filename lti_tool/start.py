"""Where somebody arrives who opens the tool: staff at their course, learners at what the link opens."""

from __future__ import annotations

from ..core.access import STAFF, Act, may
from ..core.launch import Launch
from ..core.opens import Kind, opens
from ..core.people import Role

OPENED = {Kind.REVIEW: "review", Kind.ACTIVITY: "activity"}
"""What a link opens besides the learner's page: the path below a visit."""


def path(launch: Launch) -> str:
    """The path below the visit where it starts; "" is the learner's page."""
    if Role.OPERATOR in launch.roles and not may(launch.roles, Act.LEARN):
        return "tenants"
    if launch.roles & STAFF and launch.context_key:
        return "course/"
    if may(launch.roles, Act.ADMINISTER):
        return "administration/"
    return OPENED.get(opens(launch.custom).kind, "")
