"""Where a launch says that the platform's services are: grades (AGS 2.0), members (NRPS 2.0), groups (1.0).

A service whose claim is malformed counts as not offered: a launch is worth more than a grade.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from .addresses import is_safe_address

GRADES_CLAIM = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
ROSTER_CLAIM = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
GROUPS_CLAIM = "https://purl.imsglobal.org/spec/lti-gs/claim/groupsservice"
SCORE_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
LINE_ITEM_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"
ROSTER_SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
GROUPS_SCOPE = "https://purl.imsglobal.org/spec/lti-gs/scope/contextgroup.readonly"
ADDRESS_CHARACTERS = 300
"""Longer addresses count as absent: they must fit in a cookie."""


@dataclass(frozen=True, slots=True)
class Services:
    """What a launch offers; "" for what it does not.

    :param scores: whether this tool may send scores.
    :param line_item: address of this link's own column of grades.
    :param line_items: address of the course's columns.
    :param memberships: address of the course's members.
    :param groups, group_sets: addresses of the course's groups, and of the sets that they make up.
    """

    scores: bool = False
    line_item: str = ""
    line_items: str = ""
    memberships: str = ""
    groups: str = ""
    group_sets: str = ""

    def column_of(self, link_id: str) -> str:
        """Where scores of a link go: its column, or the list to look for it in, as ``<list>#<link>``.

        "" when this tool may not send scores.
        """
        if not self.scores:
            return ""
        return self.line_item or (f"{self.line_items}#{quote(link_id, safe='')}" if self.line_items else "")


def services(payload: Mapping[str, Any]) -> Services:
    """The services that the payload of an id_token offers."""
    grades, roster = _claim(payload, GRADES_CLAIM), _claim(payload, ROSTER_CLAIM)
    scopes = grades.get("scope")
    groups = _claim(payload, GROUPS_CLAIM)
    granted = groups.get("scope")
    if isinstance(granted, list) and GROUPS_SCOPE not in granted:
        groups = {}
    return Services(
        scores=isinstance(scopes, list) and SCORE_SCOPE in scopes,
        line_item=_address(grades.get("lineitem")),
        line_items=_address(grades.get("lineitems")),
        memberships=_address(roster.get("context_memberships_url")),
        groups=_address(groups.get("context_groups_url")),
        group_sets=_address(groups.get("context_group_sets_url")),
    )


def _claim(payload: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = payload.get(name)
    return value if isinstance(value, Mapping) else {}


def _address(value: object) -> str:
    if not isinstance(value, str) or len(value) > ADDRESS_CHARACTERS or not value.isprintable():
        return ""
    return value if is_safe_address(value) else ""
