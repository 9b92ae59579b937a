"""Who takes part in a course, as the platform tells (LTI Names and Role Provisioning Services 2.0).

Names and addresses are not read, although some platforms send them: what is needed is who (as an opaque id),
in which role and, where groups are read too, in which groups.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from ...core.membership import Member, Told
from ...core.outgoing import Outgoing
from ...core.store.lti import Registration
from ...schemas.lti_roles import roles_of
from ...schemas.lti_services import ROSTER_SCOPE
from .paging import ListRefused, linked_pages, pages, same_origin
from .tokens import Tokens

MEMBERS_TYPE = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
ACTIVE = "active"
DIFFERENCES_CHARACTERS = 900
"""Longer addresses are not kept."""


def told(
    outgoing: Outgoing,
    tokens: Tokens,
    registration: Registration,
    address: str,
    *,
    differences: str = "",
    with_groups: bool = False,
) -> Told:
    """What the platform tells of a course's members, without reading the whole list where nothing changed.

    Of a change only that there was one is used: then the whole list is read again. So nothing has to be kept
    about people to apply changes to.

    :param address: ``context_memberships_url`` of a launch.
    :param differences: from the last time; an address that is refused by now costs nothing but the question.
    :param with_groups: ask for the groups of each member too (Course Groups Service 1.0).
    :raises ListRefused: when an answer is no list of members.
    :raises OutgoingError: when the platform does not give it.
    """
    if differences:
        try:
            found = _read(outgoing, tokens, registration, differences, stop_at_first=True)
        except ListRefused:
            found = None
        if found is not None and not found.members:
            return Told(unchanged=True, differences=found.differences or differences)
    if with_groups:
        try:
            return _read(outgoing, tokens, registration, _asking_for_groups(address))
        except ListRefused:
            return _read(outgoing, tokens, registration, address)  # it knows no such question
    return _read(outgoing, tokens, registration, address)


def _read(
    outgoing: Outgoing,
    tokens: Tokens,
    registration: Registration,
    address: str,
    *,
    stop_at_first: bool = False,
) -> Told:
    listed: list[Member] = []
    differences = ""
    for page in linked_pages(outgoing, tokens, registration, address, ROSTER_SCOPE, MEMBERS_TYPE):
        listed += read(page.content)
        if stop_at_first and listed:
            break
        differences = page.links.get("differences", differences)
    if len(differences) > DIFFERENCES_CHARACTERS or not same_origin(differences, address):
        differences = ""  # the token is for the platform, and nobody else
    return Told(tuple(listed), differences=differences)


def _asking_for_groups(address: str) -> str:
    parts = urlsplit(address)
    return urlunsplit(
        parts._replace(query="&".join(filter(None, [parts.query, urlencode({"groups": "true"})])))
    )


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
        yield Member(user_id, roles_of(names), active, _groups(entry.get("group_enrollments")))


def _groups(enrollments: Any) -> frozenset[str] | None:
    if not isinstance(enrollments, list):
        return None
    ids = (each.get("group_id") for each in enrollments if isinstance(each, Mapping))
    return frozenset(str(i) for i in ids if isinstance(i, str | int) and not isinstance(i, bool))
