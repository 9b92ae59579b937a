"""The answer to a request for links: content items, and the signed message they travel in.

LTI Deep Linking 2.0, sections 3.1 (ltiResourceLink) and 4.5 (response message).
"""

from __future__ import annotations

import secrets as random
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jwt
from flask_babel import gettext  # type: ignore[import-untyped]

from ...core.catalogue import Catalogue
from ...core.opens import Kind, Opens, activity
from ...core.store.tool_keys import signing_key
from ...schemas.lti import LTI
from ...schemas.lti_deep_linking import DL, RESOURCE_LINK
from .deep_linking_visit import Asked

if TYPE_CHECKING:
    from ...core.service import Core

DEEP_LINKING_RESPONSE = "LtiDeepLinkingResponse"
IN_THE_PAST = 5
"""Seconds: an LMS whose clock is a little behind would refuse a message from the future, without leeway."""
VALID_FOR = 300
"""Seconds."""
MAXIMUM = 100
"""What a full score counts in the LMS's gradebook."""
TITLE_CHARACTERS = 200


def content_item(opened: Opens, catalogue: Catalogue, base_url: str) -> dict[str, Any]:
    """A link as the LMS will keep it."""
    title, text = describe(opened, catalogue)
    item: dict[str, Any] = {
        "type": RESOURCE_LINK,
        "title": title[:TITLE_CHARACTERS],
        "text": text,
        "url": f"{base_url}/",
        "custom": opened.custom,
    }
    if opened.graded:
        # Moodle reads the maximum from scoreConstraints, others from scoreMaximum.
        item["lineItem"] = {
            "label": title[:TITLE_CHARACTERS],
            "scoreMaximum": MAXIMUM,
            "scoreConstraints": {"normalMaximum": MAXIMUM, "totalMaximum": MAXIMUM},
            "resourceId": opened.text[:250],
            "tag": "stifinder",
        }
    return item


def describe(opened: Opens, catalogue: Catalogue) -> tuple[str, str]:
    """Title and one sentence, in the teacher's language."""
    if opened.kind is Kind.REVIEW:
        return gettext("Review of the day"), gettext("What is about to be forgotten, a few minutes a day.")
    if opened.kind is Kind.SKILL:
        (skill,) = catalogue.titles([opened.of])
        return (
            gettext("Path to “%(skill)s”", skill=skill),
            gettext("The next steps towards this skill, chosen for each learner."),
        )
    if (found := activity(opened, catalogue)) is not None:
        return found.title, gettext("One activity, and what fits next.")
    return gettext("Adaptive path"), gettext("The next steps in this course, chosen for each learner.")


def may_be_graded(opened: Opens) -> Opens:
    """The same link with a grade, where there is something to grade."""
    return opened if opened.kind is Kind.REVIEW else replace(opened, graded=True)


def message(core: Core, asked: Asked, items: Sequence[dict[str, Any]], *, error: str = "") -> str:
    """The signed message (JWT, RS256) with these content items.

    :param error: what went wrong, in the teacher's words; the LMS shows it.
    """
    now = int(core.clock().timestamp())
    key = signing_key(core.database, core.secrets, core.clock())
    claims: dict[str, Any] = {
        "iss": asked.client_id,
        "aud": asked.issuer,
        "iat": now - IN_THE_PAST,
        "exp": now + VALID_FOR,
        "nonce": random.token_urlsafe(24),
        f"{LTI}message_type": DEEP_LINKING_RESPONSE,
        f"{LTI}version": "1.3.0",
        f"{LTI}deployment_id": asked.deployment_id,
        f"{DL}content_items": list(items),
    }
    if asked.settings.data is not None:
        claims[f"{DL}data"] = asked.settings.data
    if error:
        claims[f"{DL}errormsg"] = claims[f"{DL}errorlog"] = error
    return jwt.encode(claims, key.private_key, algorithm="RS256", headers={"kid": key.kid})
