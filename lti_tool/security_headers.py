"""Headers that keep a page what it is: no foreign script or style, framed by its own LMS only.

A handler says who may frame its answer with ``allow_frame``; nobody may otherwise. Errors carry no control
worth stealing a click for, and must be readable inside whichever LMS opened the tool: those may be framed
anywhere.

At an https address browsers are told to come by https only. Names below the host are not spoken for: they may
be other people's.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g

HTTPS_ONLY_SECONDS = 365 * 24 * 60 * 60
"""How long a browser remembers that this host speaks https (RFC 6797)."""

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "form-action 'self'{forms}; base-uri 'none'; frame-ancestors {ancestors}"
)


def allow_frame(*addresses: str) -> None:
    """Let pages of these addresses' origins frame the answer to the current request.

    An LMS may log in at one host and show courses at another, as Canvas does. Anything that is not a plain
    http(s) address is ignored, so that no second directive can be slipped in.
    """
    g.frame_ancestors = " ".join(dict.fromkeys(filter(None, map(_plain, addresses))))


def allow_form(address: str) -> None:
    """Let a form of the answer to the current request go to this address's origin besides our own."""
    if plain := _plain(address):
        g.form_target = f" {plain}"


def _plain(address: str) -> str:
    """The origin of a plain http(s) address, "" for anything else."""
    parts = urlsplit(address)
    if parts.scheme in {"http", "https"} and parts.netloc and not set(parts.netloc) & set(" ;,'\"\\@"):
        return f"{parts.scheme}://{parts.netloc}"
    return ""


def _protect(response: Response) -> Response:
    ancestors = g.get("frame_ancestors") or ("*" if response.status_code >= 400 else "'none'")
    headers = response.headers
    headers.setdefault(
        "Content-Security-Policy", _POLICY.format(ancestors=ancestors, forms=g.get("form_target", ""))
    )
    if current_app.extensions["stifinder"].settings.base_url.startswith("https://"):
        headers.setdefault("Strict-Transport-Security", f"max-age={HTTPS_ONLY_SECONDS}")
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
    headers.setdefault("Cache-Control", "no-store")
    return response


def init_app(app: Flask) -> None:
    """Add the headers to every answer that does not set its own."""
    app.after_request(_protect)
