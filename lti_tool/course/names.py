"""Names of a course's people, asked of the LMS at the moment they are shown: never stored, never logged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...adapters.lti.names import names
from ...adapters.lti.tokens import Tokens
from ...core.store import lti as store
from ...core.store.tool_keys import signing_key

if TYPE_CHECKING:
    from ...core.service import Core


def offered(core: Core, tenant_id: str, context_id: str) -> bool:
    """Whether the LMS has said where it tells the members of this course."""
    return core.roster_of(tenant_id, context_id) is not None


def known(core: Core, tenant_id: str, context_id: str) -> dict[str, str]:
    """Learner id to name, of those whose suggestions staff see; {} where the LMS gives no names.

    :raises OutgoingError: when the LMS does not answer.
    """
    entry = core.roster_of(tenant_id, context_id)
    if entry is None:
        return {}
    with core.database.read() as connection:
        registration = store.get(connection, tenant_id, entry.registration_id)
    tokens = Tokens(core.outgoing, lambda: signing_key(core.database, core.secrets, core.clock()), core.clock)
    name_of = names(core.outgoing, tokens, registration, entry.address)
    seen = core.seen_among(tenant_id, entry.issuer, name_of)
    return {learner_id: name_of[user_id] for learner_id, user_id in seen.items()}
