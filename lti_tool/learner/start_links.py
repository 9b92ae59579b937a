"""Links that start an activity in the LMS's own window.

Such a link leaves the frame, and a cookie that was set inside the frame (partitioned) does not come along. So
the link itself carries, encrypted, which suggestion is started and where the activity is; it is good for as
long as a visit may last.
"""

from __future__ import annotations

import base64
import json

from cryptography.fernet import Fernet, InvalidToken

from ...core.errors import Forbidden
from ...core.page import Shown
from ...core.secrets import Secrets
from ..visit import LIFETIME, Visit


def seal(secrets: Secrets, visit: Visit, shown: Shown) -> str:
    """What the link carries."""
    facts = [visit.launch.tenant_id, visit.learner_id, shown.suggestion.id, shown.activity.address]
    return _box(secrets).encrypt(json.dumps(facts).encode()).decode()


def unseal(secrets: Secrets, sealed: str) -> tuple[str, str, str, str]:
    """Tenant, learner, suggestion and address that a link carries.

    :raises Forbidden: it was not made here, was changed, or is too old.
    """
    try:
        tenant_id, learner_id, suggestion_id, address = json.loads(
            _box(secrets).decrypt(sealed.encode(), ttl=LIFETIME)
        )
    except InvalidToken as error:
        raise Forbidden(
            "This link is too old, or was changed.", "Open the tool from your LMS again."
        ) from error
    return tenant_id, learner_id, suggestion_id, address


def _box(secrets: Secrets) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(secrets.derive("start-link")))
