"""Which groups a course has, and who is in which, as the platform tells (LTI Course Groups Service 1.0)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from ...core.membership import Group
from ...core.outgoing import Outgoing
from ...core.store.lti import Registration
from ...schemas.lti_services import GROUPS_SCOPE
from .paging import ListRefused, pages
from .tokens import Tokens

GROUPS_TYPE = "application/vnd.ims.lti-gs.v1.contextgroupcontainer+json"
LONGEST_ID = 255
LONGEST_TITLE = 300
MOST = 1000
"""Groups of one course that are read."""


def groups(
    outgoing: Outgoing, tokens: Tokens, registration: Registration, address: str, sets_address: str = ""
) -> list[Group]:
    """The groups of a course, each with the title of its set.

    :param address: ``context_groups_url`` of a launch.
    :param sets_address: ``context_group_sets_url``; "" where the platform has no sets.
    :raises ListRefused: when an answer is no list of groups.
    :raises OutgoingError: when the platform does not give it.
    """
    sets: dict[str, str] = {}
    if sets_address:
        for page in pages(outgoing, tokens, registration, sets_address, GROUPS_SCOPE, GROUPS_TYPE):
            sets |= {key: title for key, title, _ in _entries(page, "sets")}
    found: dict[str, Group] = {}
    for page in pages(outgoing, tokens, registration, address, GROUPS_SCOPE, GROUPS_TYPE):
        for key, title, entry in _entries(page, "groups"):
            found[key] = Group(key, title, sets.get(_id(entry.get("set_id")), ""))
            if len(found) > MOST:
                raise ListRefused(f"The LMS lists more than {MOST} groups of one course.", "Use fewer.")
    return list(found.values())


def of_each(
    outgoing: Outgoing, tokens: Tokens, registration: Registration, address: str, user_ids: Iterable[str]
) -> dict[str, frozenset[str]]:
    """Who to the groups that the person is in: one question each, for platforms that do not list it.

    :raises OutgoingError: when the platform does not tell.
    """
    found: dict[str, frozenset[str]] = {}
    for user_id in user_ids:
        parts = urlsplit(address)
        query = "&".join(filter(None, [parts.query, urlencode({"user_id": user_id})]))
        here = urlunsplit(parts._replace(query=query))
        found[user_id] = frozenset(
            key
            for page in pages(outgoing, tokens, registration, here, GROUPS_SCOPE, GROUPS_TYPE)
            for key, _, _ in _entries(page, "groups")
        )
    return found


def _entries(page: Any, name: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Id, title and the whole of what a page lists; what has no id is passed over."""
    listed = page.get(name) if isinstance(page, Mapping) else None
    if not isinstance(listed, list):
        raise ListRefused(f"The LMS answered with something that is no list of {name}.", "Try again later.")
    for entry in listed:
        key = _id(entry.get("id")) if isinstance(entry, Mapping) else ""
        if not key or len(key) > LONGEST_ID:
            continue
        title = entry.get("name")
        shown = "".join(c if c.isprintable() else " " for c in title) if isinstance(title, str) else ""
        yield key, " ".join(shown.split())[:LONGEST_TITLE], entry


def _id(value: object) -> str:
    """Ids are texts; some platforms send numbers."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
