"""The sandbox as a web application: its addresses, and what protects every page."""

from __future__ import annotations

import hmac
import secrets

from flask import Flask, Response, abort, g, redirect, render_template, request, session
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.wrappers import Response as AnyResponse

from . import admin, course_pages, deep_links, lti, pages, services
from .lms import Sandbox, current_sandbox
from .people import ACCOUNTS

FOREIGN_FORMS = ("lti.auth", "admin.registration", "deep_links.take")
"""What tools send, besides calls of services; they prove themselves in other ways than by our form key."""
LARGEST_FORM = 256 * 1024
"""Bytes."""


def create_app(sandbox: Sandbox) -> Flask:
    """The application around an open sandbox."""
    app = Flask(__name__)
    app.secret_key = sandbox.store.setting("session_key", lambda: secrets.token_hex(32))
    app.config.update(
        # Not "session": browsers send a host's cookies to all its ports, and the tool runs on one of them.
        SESSION_COOKIE_NAME="sandbox",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_HTTPONLY=True,
        TRUSTED_HOSTS=[
            "127.0.0.1",
            "localhost",
        ],  # any other name that merely leads here is somebody else's page
        MAX_CONTENT_LENGTH=LARGEST_FORM,
    )
    app.extensions["sandbox"] = sandbox
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.before_request(_check)
    app.after_request(_protect)
    app.context_processor(_for_every_page)
    app.register_error_handler(HTTPException, _error_page)
    app.register_blueprint(pages.blueprint())
    app.register_blueprint(lti.blueprint())
    app.register_blueprint(admin.blueprint())
    app.register_blueprint(course_pages.blueprint())
    app.register_blueprint(deep_links.blueprint())
    app.register_blueprint(services.blueprint())
    return app


def _check() -> AnyResponse | None:
    """Find out who is logged in, and refuse forms that are not from our own pages."""
    if request.host.partition(":")[0] == "localhost":
        # Cookies of the one name are not sent to the other, and a launch comes back to the one we have told.
        return redirect(current_sandbox().base_url + request.full_path)
    g.person = ACCOUNTS.get(session.get("person", ""))
    if request.method == "POST" and not _is_from_a_tool():
        wanted = session.get("form_key", "")
        if not wanted or not hmac.compare_digest(wanted, request.form.get("form_key", "")):
            abort(
                400,
                "This form has expired. Nothing was changed. Go back, load the page again, and repeat it.",
            )
    return None


def _is_from_a_tool() -> bool:
    return request.endpoint in FOREIGN_FORMS or request.blueprint == "services"


def _protect(response: Response) -> Response:
    sandbox = current_sandbox()
    tool = " ".join(sorted({sandbox.tool_url, *(tool.origin for tool in sandbox.tools.every())}))
    frame = g.get("frame_origin", "")
    headers = response.headers
    headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'; "
        f"frame-src 'self' {tool} {frame}; form-action 'self' {tool}; frame-ancestors 'self'"
    )
    headers["Referrer-Policy"] = "same-origin"
    headers["X-Content-Type-Options"] = "nosniff"
    if response.mimetype == "text/html":
        headers["Cache-Control"] = "no-store"
    return response


def _for_every_page() -> dict[str, object]:
    # What a tool sends may come without our cookie; a new one would log the person out.
    if "form_key" not in session and not _is_from_a_tool():
        session["form_key"] = secrets.token_urlsafe(24)
    sandbox = current_sandbox()
    return {
        "person": g.get("person"),
        "form_key": session.get("form_key", ""),
        "waiting": sandbox.store.count("waiting"),
        "problem": sandbox.outbox.problem,
    }


def _error_page(error: HTTPException) -> tuple[str, int] | HTTPException:
    if error.code is None or error.code < 400 or isinstance(error, SecurityError):
        # A redirect; or a foreign host name, for which no page can be drawn.
        return error
    return render_template("error.html", title=error.name, words=error.description or ""), error.code
