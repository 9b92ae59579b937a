"""Errors for machines: problem+json (RFC 9457), made in this one place.

``type`` names the kind of error and ``title`` says it in words that stay the same; ``detail`` is about this
one, ``cure`` says what to do. ``errors`` holds what is wrong with each field, where that is known.
"""

from __future__ import annotations

import json
from typing import Any

from flask import Response
from werkzeug.exceptions import HTTPException

PATHS = ("/xapi", "/api", "/.well-known")
"""Below these, errors are problem+json; elsewhere they are pages."""
MEDIA_TYPE = "application/problem+json"


def problem(status: int, code: str, what: str, cure: str = "", **more: Any) -> Response:
    """One answer that says what was wrong.

    :param code: names the kind of error: short, stable, with hyphens.
    :param more: further members; empty ones are left out.
    """
    members: dict[str, Any] = {
        "type": f"urn:stifinder:{code}",
        "title": code.replace("-", " ").capitalize(),
        "status": status,
        "detail": what,
        "cure": cure,
        **more,
    }
    told = {name: value for name, value in members.items() if value not in ("", None, {}, [])}
    # Escaped to ASCII: what was sent wrong may hold halves of surrogate pairs, which UTF-8 cannot say.
    return Response(json.dumps(told), status=status, mimetype=MEDIA_TYPE)


def of_fields(error: HTTPException) -> dict[str, Any]:
    """What is wrong with each field, where the schemas of the API found it: field to reasons, by place.

    The parser leaves it on the error, by where the field was sent (``json``, ``query``, ``headers``).
    """
    messages = getattr(error, "data", {}).get("messages")
    return {str(place): _plain(found) for place, found in messages.items()} if messages else {}


def _plain(found: Any) -> Any:
    """Names of fields as texts: places in a list are numbers."""
    if isinstance(found, dict):
        return {str(name): _plain(inner) for name, inner in found.items()}
    return [str(reason) for reason in found] if isinstance(found, list) else str(found)
