"""What the sandbox's administrator does: paste a tool's registration address, and let the tool be opened."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, abort, g, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from . import tools
from .lms import current_sandbox
from .pages import find_course
from .tools import RegisteredTool, RegistrationRejected


def blueprint() -> Blueprint:
    """``/admin/tools``, a registered tool in a course, and the addresses that a tool itself calls."""
    made = Blueprint("admin", __name__)
    made.add_url_rule("/admin/tools", "tools", _tools)
    made.add_url_rule("/admin/tools/add", "add", _add, methods=["POST"])
    made.add_url_rule("/admin/tools/<client_id>/activate", "activate", _activate, methods=["POST"])
    made.add_url_rule("/admin/tools/<client_id>/remove", "remove", _remove, methods=["POST"])
    made.add_url_rule("/courses/<course_id>/tools/<client_id>", "tool", _tool)
    made.add_url_rule("/.well-known/openid-configuration", "configuration", _configuration)
    made.add_url_rule("/lti/registration", "registration", _registration, methods=["POST"])
    return made


def find_tool(client_id: str) -> RegisteredTool:
    """A tool that may be opened, or the page that says there is none."""
    return current_sandbox().tool(client_id) or abort(404, "There is no such tool, or it is not active yet.")


def _must_be_administrator() -> None:
    if g.person is None or not g.person.administrator:
        abort(403, "Log in as the administrator to look after tools.")


def _tools() -> AnyResponse | str:
    if g.person is None:
        return redirect(url_for("pages.login", next=request.path))
    _must_be_administrator()
    return render_template("tools.html", tools=current_sandbox().tools.every())


def _add() -> str:
    """The tool's registration page in a frame, with what it needs to register."""
    _must_be_administrator()
    address = request.form.get("address", "").strip()
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or set(parts.netloc) & set("@;,' \""):
        abort(400, "This is no web address. Paste the whole address that you were given.")
    sandbox = current_sandbox()
    given = urlencode(
        {
            "openid_configuration": f"{sandbox.base_url}/.well-known/openid-configuration",
            "registration_token": sandbox.tools.new_token(),
        }
    )
    g.frame_origin = f"{parts.scheme}://{parts.netloc}"
    opened = f"{address}{'&' if parts.query else '?'}{given}"
    return render_template("tool_registration.html", address=opened, origin=g.frame_origin)


def _activate(client_id: str) -> AnyResponse:
    _must_be_administrator()
    current_sandbox().tools.activate(client_id)
    return redirect(url_for(".tools"), code=303)


def _remove(client_id: str) -> AnyResponse:
    _must_be_administrator()
    sandbox = current_sandbox()
    sandbox.tools.remove(client_id)
    sandbox.links.remove_all_of(client_id)
    sandbox.gradebook.remove_all_of(client_id)
    return redirect(url_for(".tools"), code=303)


def _tool(course_id: str, client_id: str) -> AnyResponse | str:
    if g.person is None:
        return redirect(url_for("pages.login", next=request.path))
    found = find_tool(client_id)
    g.frame_origin = found.origin
    return render_template("tool.html", course=find_course(course_id), registered=found, title=found.name)


# --- what a tool calls --------------------------------------------------------------------------------


def _configuration() -> Response:
    return jsonify(tools.openid_configuration(current_sandbox().base_url))


def _registration() -> tuple[Response, int]:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    try:
        made = current_sandbox().tools.register(
            token if kind == "Bearer" else "", request.get_json(silent=True)
        )
    except RegistrationRejected as rejected:
        return jsonify(error=rejected.error, error_description=rejected.words), rejected.status
    return jsonify(tools.answer(made)), 200
