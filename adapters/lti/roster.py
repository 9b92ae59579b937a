"""Who takes part in a course, as the platform tells (LTI Names and Role Provisioning Services 2.0).

Names and addresses are not read, although some platforms send them: what is needed is who (as an opaque id)
and in which role.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...core.membership import Member
from ...core.outgoing import Outgoing
from ...core.store.lti import Registration
from ...schemas.lti_roles import roles_of
from ...schemas.lti_services import ROSTER_SCOPE
from .paging import ListRefused, pages
from .tokens import Tokens

MEMBERS_TYPE = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
ACTIVE = "active"


def members(outgoing: Outgoing, tokens: Tokens, registration: Registration, address: str) -> Iterator[Member]:
    """The members of a course, page by page; those who are inactive or deleted are marked so.

    :param address: ``context_memberships_url`` of a launch.
    :raises ListRefused: when an answer is no list of members.
    :raises OutgoingError: when the platform does not give it.
    """
    for page in pages(outgoing, tokens, registration, address, ROSTER_SCOPE, MEMBERS_TYPE):
        yield from read(page)


def read(page: Any) -> Iterator[Member]:
    """The members on one page.

    :raises ListRefused: when it is no page of members.
    """
    entries = page.get("members") if isinstance(page, Mapping) else None
    if not isinstance(entries, list):
        raise ListRefused("The LMS answered with something that is no list of members.", "Try again later.")
    for entry in entries:
        user_id = entry.get("user_id") if isinstance(entry, Mapping) else None
        if not isinstance(user_id, str) or not user_id:
            continue  # nobody whom a launch could name
        roles, status = entry.get("roles"), entry.get("status")
        names = [role for role in roles if isinstance(role, str)] if isinstance(roles, list) else []
        # Without a status somebody is active (NRPS 2.0, section 2.2).
        active = not isinstance(status, str) or status.lower() == ACTIVE
        yield Member(user_id, roles_of(names), active)
