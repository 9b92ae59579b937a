"""How cookies survive in an LMS's frame, and how what they hold is signed."""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache
from typing import TYPE_CHECKING, TypedDict, cast
from urllib.parse import urlsplit

from flask import Request, current_app
from itsdangerous import URLSafeSerializer

from ..core.secrets import Secrets

if TYPE_CHECKING:
    from ..core.service import Core


def launch_core() -> Core:
    """The core of the application that handles this request."""
    return cast("Core", current_app.extensions["stifinder"])


class Flags(TypedDict):
    """Cookie attributes, as ``Response.set_cookie`` takes them."""

    path: str
    secure: bool
    httponly: bool
    samesite: str
    partitioned: bool


def flags(base_url: str, path: str) -> Flags:
    """Attributes of a cookie for one path of the tool.

    Inside another site's frame browsers return a cookie only with ``Secure; SameSite=None``, and where
    third-party cookies are restricted only with ``Partitioned`` too. Over http (development: LMS and tool on
    one host, hence one site) ``Secure`` is impossible, and ``Lax`` is enough.
    """
    secure = base_url.startswith("https://")
    return {
        "path": base_path(base_url) + path,
        "secure": secure,
        "httponly": True,
        "samesite": "None" if secure else "Lax",
        "partitioned": secure,
    }


def base_path(base_url: str) -> str:
    """The path under which the tool lives: "" or ``/somewhere``."""
    return urlsplit(base_url).path.rstrip("/")


@lru_cache(64)
def signer(secrets: Secrets, purpose: str) -> URLSafeSerializer:
    """Signs JSON values with a key of its own for each purpose; compact and safe in addresses and cookies."""
    return URLSafeSerializer(
        secrets.derive(purpose), salt=purpose, signer_kwargs={"digest_method": hashlib.sha256}
    )


def form_token(purpose: str, cookie_of: str) -> str:
    """What forms of a page carry in ``csrf_token``: only we can make it for the id its cookie belongs to."""
    key = launch_core().secrets.derive(purpose)
    return hmac.new(key, cookie_of.encode(), hashlib.sha256).hexdigest()


def sent_by_form(purpose: str, cookie_of: str, sent: Request) -> bool:
    """Whether a form came from a page of ours: cookies alone come along with foreign forms too."""
    token = sent.form.get("csrf_token", "").encode()
    return hmac.compare_digest(token, form_token(purpose, cookie_of).encode())
