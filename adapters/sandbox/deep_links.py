"""Taking the links that a teacher chose at a tool into a course (LTI Deep Linking 2.0, section 4.5).

The answer comes through the browser, maybe without the sandbox's cookie: what counts is the session key in
its address, the data that it brings along, and the tool's signature.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, abort, render_template, request

from . import choices, line_items
from .gradebook import LineItem
from .lms import Sandbox, current_sandbox
from .services import ServiceRefused
from .tool_keys import NotVerified
from .tools import RegisteredTool, origin

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
NEEDED = ("iss", "aud", "iat", "exp", "nonce")
MOST = 50
"""Links taken at a time."""
LONGEST = 1000


@dataclass(frozen=True, slots=True)
class _Item:
    """A content item that was checked, and is not in the course yet."""

    title: str
    text: str
    url: str
    custom: Mapping[str, str]
    column: LineItem | None


class _Refused(Exception):
    """An answer that the sandbox does not take."""


def blueprint() -> Blueprint:
    """``/lti/deep-linking/return``."""
    made = Blueprint("deep_links", __name__)
    made.add_url_rule("/lti/deep-linking/return", "take", _take, methods=["POST"])
    return made


def return_url(sandbox: Sandbox, choice: choices.Choice) -> str:
    """Where the tool sends its answer."""
    query = {"course": choice.course_id, "id": choice.client_id, "sesskey": choice.session_key}
    return f"{sandbox.base_url}/lti/deep-linking/return?{urlencode(query)}"


def _take() -> tuple[str, int]:
    sandbox = current_sandbox()
    course = sandbox.content.courses.get(request.args.get("course", ""))
    tool = sandbox.tool(request.args.get("id", ""))
    if course is None or tool is None:
        abort(404, "There is no such course or tool.")
    choice = sandbox.choices.find(request.args.get("sesskey", ""), course.id, tool.client_id)
    added: list[str] = []
    said = problem = ""
    status = 200
    try:
        if choice is None:
            raise _Refused("This choice is not under way: it was answered before, or its time is over.")
        claims = _claims(sandbox, tool, choice, request.form.get("JWT", ""))
        said, problem = _words(claims, "msg"), _words(claims, "errormsg")
        items = [_read(course.id, tool, item) for item in _items(claims)]
        if not sandbox.choices.end(choice):
            raise _Refused("This choice was answered before.")
        added = [_add(sandbox, course.id, tool, item) for item in items]
    except (_Refused, NotVerified, ServiceRefused) as refused:
        problem, status = f"{refused} Nothing was added.", 400
    page = render_template(
        "links_added.html", course=course, registered=tool, added=added, said=said, problem=problem
    )
    return page, status


def _claims(
    sandbox: Sandbox, tool: RegisteredTool, choice: choices.Choice, message: str
) -> Mapping[str, Any]:
    claims = sandbox.keys.verify(tool, message, sandbox.issuer_for(tool), NEEDED)
    wanted = {
        f"{LTI}message_type": "LtiDeepLinkingResponse",
        f"{LTI}version": "1.3.0",
        f"{LTI}deployment_id": tool.deployment_id,
    }
    wrong = [name.rsplit("/", 1)[-1] for name, value in wanted.items() if claims.get(name) != value]
    if not choices.brings(choice, claims.get(f"{DL}data")):
        wrong.append("data")
    if wrong:
        raise _Refused(f"Missing or wrong in the tool's message: {', '.join(wrong)}.")
    if not sandbox.tokens.use_once(f"nonce {tool.client_id} {claims['nonce']}", claims["exp"]):
        raise _Refused("The tool's message was used before.")
    return claims


def _words(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(f"{DL}{name}")
    return value[:LONGEST] if isinstance(value, str) else ""


def _items(claims: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = claims.get(f"{DL}content_items", [])
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise _Refused("The content items are no list of objects.")
    if len(found) > MOST:
        raise _Refused(f"At most {MOST} links are taken at a time.")
    if any(item.get("type") != "ltiResourceLink" for item in found):
        raise _Refused("Only links to the tool are accepted (ltiResourceLink).")
    return found


def _read(course_id: str, tool: RegisteredTool, item: Mapping[str, Any]) -> _Item:
    url, custom, column = item.get("url", tool.target), item.get("custom", {}), item.get("lineItem")
    if not _is_of(tool, url):
        raise _Refused("A link leads out of the tool.")
    if not isinstance(custom, dict) or not all(isinstance(value, str) for value in custom.values()):
        raise _Refused("The custom parameters of a link are no texts.")
    title = item.get("title")
    title = title[:LONGEST] if isinstance(title, str) and title else tool.name
    text = item.get("text")
    text = text[:LONGEST] if isinstance(text, str) else ""
    if column is None:
        return _Item(title, text, url, custom, None)
    if not isinstance(column, dict):
        raise _Refused("The lineItem of a link is no object.")
    return _Item(title, text, url, custom, line_items.read(course_id, tool.client_id, column, title))


def _is_of(tool: RegisteredTool, url: object) -> bool:
    try:
        return isinstance(url, str) and origin(url) == tool.origin
    except ValueError:  # no address at all
        return False


def _add(sandbox: Sandbox, course_id: str, tool: RegisteredTool, item: _Item) -> str:
    link = sandbox.links.add(course_id, tool.client_id, item.title, item.text, item.url, item.custom)
    if item.column is not None:
        sandbox.gradebook.add(replace(item.column, link_id=link.id))
    return link.title
