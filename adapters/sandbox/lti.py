"""The sandbox's side of a launch: the page with the frame, login initiation, the message, the public key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from flask import Blueprint, Response, abort, g, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from . import deep_links, errands
from .content import Course
from .errands import ErrandRefused
from .lms import Sandbox, current_sandbox
from .messages import Message
from .pages import find_course
from .people import Person
from .platform import CLIENT_ID, TARGETS, RequestRefused
from .tools import DEEP_LINKING, RegisteredTool

STORAGE = "_parent"
"""Which frame keeps values for a tool: the page around it, by its script ``platform_storage.js``."""


def blueprint() -> Blueprint:
    """``/courses/<id>/adaptive``, its start, ``/lti/auth`` and ``/lti/jwks``."""
    made = Blueprint("lti", __name__)
    made.add_url_rule("/courses/<course_id>/adaptive", "adaptive", _adaptive)
    made.add_url_rule("/courses/<course_id>/adaptive/start", "start", _start)
    made.add_url_rule("/lti/auth", "auth", _auth, methods=["GET", "POST"])
    made.add_url_rule("/lti/jwks", "jwks", _jwks)
    return made


def _adaptive(course_id: str) -> AnyResponse | str:
    if g.person is None:
        return redirect(url_for("pages.login", next=request.path))
    return render_template("adaptive.html", course=find_course(course_id), tool=current_sandbox().tool_url)


def _start(course_id: str) -> AnyResponse:
    """Third-party initiated login (IMS Security Framework 1.0, section 5.1.1.1)."""
    if g.person is None:
        return redirect(url_for("pages.login", next=f"/courses/{course_id}/adaptive"))
    target = request.args.get("target", TARGETS[0])
    if target not in TARGETS:
        abort(400, f"The target is {target!r}; it can be {' or '.join(TARGETS)}.")
    sandbox, course = current_sandbox(), find_course(course_id)
    tool = sandbox.tool(request.args.get("tool", CLIENT_ID)) or abort(404, "There is no such tool.")
    errand = request.args.get("errand", "")
    try:
        message = errands.message(sandbox, tool, course, errand, g.person)
    except ErrandRefused as refused:
        abort(403, str(refused))
    address = sandbox.platform_for(tool.client_id).login_address(
        g.person, course, target, errand=errand, address=message.address
    )
    if request.args.get("storage") == STORAGE:
        address += f"&lti_storage_target={STORAGE}"
    return redirect(address)


def _auth() -> str:
    """The authorization endpoint: answers with a form that carries the signed message to the tool."""
    sandbox = current_sandbox()
    asked = request.values.to_dict()
    platform = sandbox.platform_for(asked.get("client_id", ""))
    try:
        platform.check(asked, g.person)
        course, target, message = _asked_for(sandbox, asked, g.person)
    except RequestRefused as refused:
        if not refused.tell_tool:
            abort(400, refused.words)
        fields = {"error": refused.error, "error_description": refused.words, "state": asked.get("state", "")}
        return render_template("launch.html", address=platform.tool.launch, fields=fields)
    back = sandbox.base_url + url_for("pages.course", course_id=course.id)
    fields = platform.message(asked, g.person, course, target, sandbox.locale(g.person), back, message)
    return render_template("launch.html", address=fields.pop("launch_url"), fields=fields)


def _asked_for(sandbox: Sandbox, asked: Mapping[str, str], person: Person) -> tuple[Course, str, Message]:
    """Course, target and message of a checked request, as its hint says.

    :raises RequestRefused: when the hint is not ours, or not for this person.
    """
    course_id, _, rest = asked.get("lti_message_hint", "").partition(":")
    target, _, errand = rest.partition(":")
    course, tool = sandbox.content.courses.get(course_id), sandbox.tool(asked["client_id"])
    if course is None or tool is None or target not in TARGETS:
        raise RequestRefused("invalid_request", "The message hint is not ours.", tell_tool=True)
    try:
        message = errands.message(sandbox, tool, course, errand, person)
    except ErrandRefused as refused:
        raise RequestRefused("invalid_request", str(refused), tell_tool=True) from refused
    return course, target, _with_return(sandbox, tool, course, message)


def _with_return(sandbox: Sandbox, tool: RegisteredTool, course: Course, message: Message) -> Message:
    """The message, and for a choice of links where its answer goes."""
    if message.kind != DEEP_LINKING:
        return message
    choice = sandbox.choices.begin(course.id, tool.client_id)
    return replace(message, return_url=deep_links.return_url(sandbox, choice), data=choice.data)


def _jwks() -> Response:
    return jsonify(current_sandbox().platform.jwks())
