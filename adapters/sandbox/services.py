"""What the sandbox's LTI services have in common: who may call, answers, pages of lists, errors as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import Blueprint, Response, jsonify, request

from .content import Course
from .lms import current_sandbox
from .tools import RegisteredTool

LARGEST_PAGE = 100
T = TypeVar("T")


class ServiceRefused(Exception):
    """A call that is answered with an error.

    :param status: of HTTP.
    """

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


def blueprint() -> Blueprint:
    """``/lti/token``, and everything below ``/lti/courses/<id>/``."""
    from . import groups, line_items, memberships, scores, token_service

    made = Blueprint("services", __name__, url_prefix="/lti")
    for part in (token_service, line_items, scores, memberships, groups):
        part.add_to(made)
    made.register_error_handler(ServiceRefused, _refused)
    return made


def caller(*scopes: str, client_id: str | None) -> RegisteredTool:
    """The tool that calls, by its access token.

    :param scopes: one of them must have been granted.
    :param client_id: the tool that the called address was given to; None when the address does not say.
    :raises ServiceRefused: 401 without a good token, 403 without the scope, 400 for another tool's address.
    """
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    sandbox = current_sandbox()
    grant = sandbox.tokens.find(token) if kind.lower() == "bearer" else None
    tool = sandbox.tool(grant.client_id) if grant else None
    if grant is None or tool is None:
        raise ServiceRefused(401, "The access token is missing, unknown, or over its time.")
    if not grant.scopes & tool.scopes & set(scopes):
        raise ServiceRefused(403, f"The access token lacks the scope {' or '.join(scopes)}.")
    if client_id != tool.client_id:
        raise ServiceRefused(400, "This is not the whole address that this tool was given.")
    return tool


def course_of(course_id: str) -> Course:
    """A course.

    :raises ServiceRefused: 404 when there is none.
    """
    found = current_sandbox().content.courses.get(course_id)
    if found is None:
        raise ServiceRefused(404, "There is no such course.")
    return found


def body(media_type: str) -> Mapping[str, Any]:
    """The JSON object that was sent.

    :raises ServiceRefused: 415 for another media type, 400 for no JSON object.
    """
    if request.mimetype != media_type:
        raise ServiceRefused(415, f"The content type must be {media_type}.")
    found = request.get_json(force=True, silent=True)
    if not isinstance(found, dict):
        raise ServiceRefused(400, "The body is no JSON object.")
    return found


def page_of(entries: Sequence[T]) -> tuple[list[T], dict[str, str]]:
    """The page that ``limit`` and ``from`` ask for, and the links to others by relation: ``next``, or none.

    :raises ServiceRefused: 400 for what is no number.
    """
    limit = min(_number("limit", LARGEST_PAGE), LARGEST_PAGE) or LARGEST_PAGE
    start = _number("from", 0)
    shown = list(entries[start : start + limit])
    if start + limit >= len(entries):
        return shown, {}
    return shown, {"next": with_query(**{"limit": str(limit), "from": str(start + limit)})}


def with_query(**changed: str | None) -> str:
    """The called address with other values in its query; None takes one out."""
    parts = urlsplit(current_sandbox().base_url + request.full_path)
    query = dict(parse_qsl(parts.query)) | changed
    kept = {name: value for name, value in query.items() if value is not None}
    return urlunsplit(parts._replace(query=urlencode(kept)))


def answer(
    content: Any, media_type: str, status: int = 200, links: Mapping[str, str] | None = None
) -> Response:
    """JSON under its media type, with a ``Link`` header (RFC 8288) to what belongs to it."""
    made = jsonify(content)
    made.mimetype = media_type
    made.status_code = status
    if links:
        made.headers["Link"] = ", ".join(f'<{address}>; rel="{name}"' for name, address in links.items())
    return made


def _number(name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ServiceRefused(400, f"{name} is no number.")
    return int(text)


def _refused(refused: ServiceRefused) -> Response:
    made = jsonify(error=refused.words)
    made.status_code = refused.status
    if refused.status == 401:
        made.headers["WWW-Authenticate"] = "Bearer"
    return made
