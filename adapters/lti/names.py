"""Names of a course's members, as the platform tells them (LTI Names and Role Provisioning Services 2.0).

For showing them at once to somebody who may see them: nothing of this is to be stored or logged. Whoever only
needs to know who takes part reads ``roster``, which leaves names unread.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core.outgoing import Outgoing
from ...core.store.lti import Registration
from ...schemas.lti_services import ROSTER_SCOPE
from .paging import pages
from .roster import MEMBERS_TYPE
from .tokens import Tokens

LONGEST = 200


def names(outgoing: Outgoing, tokens: Tokens, registration: Registration, address: str) -> dict[str, str]:
    """What the platform calls each member, to the person's name; who comes without a name is left out.

    :param address: ``context_memberships_url`` of a launch.
    :raises OutgoingError: when the platform does not give the list.
    """
    found: dict[str, str] = {}
    for page in pages(outgoing, tokens, registration, address, ROSTER_SCOPE, MEMBERS_TYPE):
        entries = page.get("members") if isinstance(page, Mapping) else None
        for entry in entries if isinstance(entries, list) else ():
            user_id = entry.get("user_id") if isinstance(entry, Mapping) else None
            if isinstance(user_id, str) and (name := _name(entry)):
                found[user_id] = name
    return found


def _name(entry: Mapping[str, Any]) -> str:
    given = [entry.get("given_name"), entry.get("family_name")]
    whole = entry.get("name") or " ".join(part for part in given if isinstance(part, str))
    return " ".join(whole.split())[:LONGEST] if isinstance(whole, str) else ""
