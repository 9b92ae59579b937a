"""A teacher adding links: what the LMS asked for, kept in a signed cookie until it is answered.

Like a learner's visit (``visit``), it lives in the browser only, in a cookie for its own path.
"""

from __future__ import annotations

import re
import secrets as random
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from flask import Response, request
from itsdangerous import BadData

from ...core.errors import Forbidden, LaunchRefused
from ...core.launch import Launch
from ...core.people import Role
from ...schemas.lti_deep_linking import DeepLinking
from .. import keeping
from ..cookies import form_token, launch_core, sent_by_form, signer
from ..visit import COOKIE_BYTES, LIFETIME

if TYPE_CHECKING:
    from ...core.service import Core

FORMAT = 1
_ID = re.compile(r"[0-9a-f]{32}")
_PURPOSE = "deep-linking"


@dataclass(frozen=True)
class Asked:
    """One request for links, in one tab.

    :param id: 128 random bits, 32 hexadecimal digits.
    :param launch: where and in which language; without who.
    :param issuer, client_id, deployment_id: of the registration that asked.
    :param grades: whether links may come with a column of grades that this tool can fill.
    :param started: seconds since 1970, UTC.
    """

    id: str
    launch: Launch
    issuer: str
    client_id: str
    deployment_id: str
    settings: DeepLinking
    grades: bool
    started: int


def new(
    core: Core, launch: Launch, party: tuple[str, str, str], settings: DeepLinking, *, grades: bool
) -> Asked:
    """A request that was asked just now; ``party`` is its issuer, client id and deployment id."""
    return Asked(
        random.token_hex(16),
        replace(launch, identities=(), roles=frozenset({Role.TEACHER}), custom={}),
        *party,
        settings,
        grades,
        int(core.clock().timestamp()),
    )


def save(response: Response, asked: Asked) -> None:
    """Put the request into its cookie.

    :raises LaunchRefused: ``deep-linking-too-large``: the LMS sent more than fits into one.
    """
    core = launch_core()
    data = asdict(asked) | {"format": FORMAT}
    data["launch"]["roles"] = sorted(asked.launch.roles)
    value = signer(core.secrets, _PURPOSE).dumps(data)
    if len(value) > COOKIE_BYTES:
        raise LaunchRefused(
            "deep-linking-too-large",
            f"The LMS sent {len(value)} bytes with its request for links; {COOKIE_BYTES} can be kept.",
            "Add the activity as an external tool by its address instead.",
        )
    keeping.keep(response, _cookie(asked.id), value, path(asked.id), LIFETIME)


def load(asked_id: str) -> Asked:
    """The request of this id, from this browser's cookie.

    :raises Forbidden: when the cookie is missing, over its time, changed, or of another request.
    """
    core = launch_core()
    value = keeping.kept(_cookie(asked_id), path(asked_id)) if _ID.fullmatch(asked_id) else None
    if value is None:
        raise _gone("This page belongs to a choice that this browser does not know, or that was sent.")
    try:
        data = signer(core.secrets, _PURPOSE).loads(value)
    except BadData as error:
        raise _gone("The cookie of this choice was changed.") from error
    if data.pop("format") != FORMAT or data["id"] != asked_id:
        raise _gone("The cookie is one of another choice.")
    if data["started"] + LIFETIME <= core.clock().timestamp():
        raise _gone("This choice ended after two hours.")
    launch = {**data.pop("launch"), "identities": ()}
    launch["roles"] = frozenset(Role(role) for role in launch["roles"])
    return Asked(launch=Launch(**launch), settings=DeepLinking(**data.pop("settings")), **data)


def close(response: Response, asked: Asked) -> None:
    """Take the cookie back: the request is answered."""
    keeping.drop(response, _cookie(asked.id), path(asked.id))


def csrf_token(asked: Asked) -> str:
    """What the form of this request carries in its hidden field ``csrf_token``."""
    return form_token("deep-linking-csrf", asked.id)


def check_csrf(asked: Asked) -> None:
    """Refuse a form that no page of this request made.

    :raises Forbidden: when the token is missing or wrong.
    """
    if not sent_by_form("deep-linking-csrf", asked.id, request):
        raise Forbidden(
            "This form did not come from this page; nothing was added.",
            "Load the page again and repeat it there.",
        )


def path(asked_id: str) -> str:
    """The path below the tool's address that belongs to this request."""
    return f"/deep-linking/{asked_id}"


def _cookie(asked_id: str) -> str:
    return f"sf-dl-{asked_id[:8]}"


def _gone(what: str) -> Forbidden:
    return Forbidden(what, "Choose the tool in your course again.")
