"""The sandbox's side of a launch: the page with the frame, login initiation, the message, the public key."""

from __future__ import annotations

from flask import Blueprint, Response, abort, g, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from .lms import current_sandbox
from .pages import find_course
from .platform import CLIENT_ID, TARGETS, RequestRefused


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
    platform = current_sandbox().platform_for(request.args.get("tool", CLIENT_ID))
    return redirect(platform.login_address(g.person, find_course(course_id), target))


def _auth() -> str:
    """The authorization endpoint: answers with a form that carries the signed message to the tool."""
    sandbox = current_sandbox()
    asked = request.values.to_dict()
    platform = sandbox.platform_for(asked.get("client_id", ""))
    try:
        platform.check(asked, g.person)
        course_id, _, target = asked.get("lti_message_hint", "").partition(":")
        course = sandbox.content.courses.get(course_id)
        if course is None or target not in TARGETS:
            raise RequestRefused("invalid_request", "The message hint is not ours.", tell_tool=True)
    except RequestRefused as refused:
        if not refused.tell_tool:
            abort(400, refused.words)
        fields = {"error": refused.error, "error_description": refused.words, "state": asked.get("state", "")}
        return render_template("launch.html", address=platform.tool.launch, fields=fields)
    back = sandbox.base_url + url_for("pages.course", course_id=course.id)
    fields = platform.message(asked, g.person, course, target, sandbox.locale(g.person), back)
    return render_template("launch.html", address=fields.pop("launch_url"), fields=fields)


def _jwks() -> Response:
    return jsonify(current_sandbox().platform.jwks())
