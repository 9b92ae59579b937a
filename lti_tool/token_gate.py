"""Who is at the door of the API: a token, sent as RFC 6750 says (``Authorization: Bearer sf_...``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import Response, g, request

from ..core.errors import Unauthorized
from . import rate_limits
from .visiting import core

if TYPE_CHECKING:
    from ..core.staff import Actor
    from ..core.store.api_tokens import ApiToken

_REALM = 'Bearer realm="stifinder"'


def enter() -> None:
    """Load the token that came with this request.

    :raises Unauthorized: without one, or with one that is unknown, has ended or was revoked.
    """
    given = request.authorization
    if given is None or given.type != "bearer" or not given.token:
        raise Unauthorized("This needs a token.", "Send it as `Authorization: Bearer sf_...`.")
    try:
        g.token, g.token_actor = core().token_holder(given.token)
    except Unauthorized:
        g.token_wrong = True
        rate_limits.wrong_token()
        raise


def current() -> ApiToken:
    """The token of this request."""
    return cast("ApiToken", g.token)


def actor() -> Actor:
    """Who acts in this request."""
    return cast("Actor", g.token_actor)


def challenge(answer: Response) -> Response:
    """Say in the header of a refusal what would be let in (RFC 6750, section 3)."""
    if answer.status_code == 401:
        wrong = ', error="invalid_token"' if g.get("token_wrong") else ""
        answer.headers["WWW-Authenticate"] = _REALM + wrong
    elif answer.status_code == 403 and g.get("scope_missing"):
        answer.headers["WWW-Authenticate"] = (
            f'{_REALM}, error="insufficient_scope", scope="{g.scope_missing}"'
        )
    return answer
