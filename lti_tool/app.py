"""The application factory: languages, look, safety, errors, and the blueprints by what a person is doing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, cast

from babel import Locale
from babel.dates import get_timezone
from flask import Flask, Response, current_app, g, jsonify, render_template, request
from flask_babel import Babel, gettext  # type: ignore[import-untyped]
from flask_bootstrap import Bootstrap5
from werkzeug.exceptions import HTTPException

from ..core.errors import StifinderError
from ..core.proposals import message
from . import access, fault_log, problems, rate_limits, rendering, security_headers
from .cookies import base_path

if TYPE_CHECKING:
    from ..core.service import Core
    from . import xapi

log = logging.getLogger(__name__)

LARGEST_FORM = 256 * 1024
"""Bytes a form of a page may hold, with any files in it; the xAPI intake has limits of its own."""

ERROR_WORDS: dict[int, tuple[str, str]] = {
    400: (message("This could not be understood"), message("Go back and try again.")),
    401: (message("This visit has ended"), message("Open the tool from your LMS again.")),
    403: (
        message("This page is closed"),
        message("Your visit may have ended. Open the tool from your LMS again; what was stored is safe."),
    ),
    404: (
        message("There is nothing here"),
        message("The address may be old. Open the tool from your LMS again."),
    ),
    405: (message("This cannot be done here"), message("Go back and use the buttons on the page.")),
    409: (
        message("This contradicts what is stored"),
        message("Nothing was changed. Load the page again and look before you repeat it."),
    ),
    413: (message("That is too much at once"), message("Nothing was stored. Send less.")),
    429: (
        message("That was too often"),
        message("Nothing was lost. Wait a minute, then try again."),
    ),
    500: (
        message("Something went wrong in the tool"),
        message(
            "What was stored before is safe. Try again in a moment; if it stays, tell your LMS administrator."
        ),
    ),
    503: (
        message("The tool is busy"),
        message("Nothing of this step was stored, and nothing before it was lost. Try again in a moment."),
    ),
}
"""Status to what happened and what to do, for pages."""


def create_app(core: Core) -> Flask:
    """The whole application around a core."""
    from . import api, sign_in, xapi
    from .administration import operator
    from .administration import pages as administration
    from .administration import tokens as administration_tokens
    from .course import pages as course
    from .course import review
    from .learner import pages as learner
    from .lti import deep_linking, launch, register

    app = pages_app(core)
    app.register_blueprint(launch.blueprint())
    app.register_blueprint(deep_linking.blueprint())
    app.register_blueprint(register.blueprint())
    app.register_blueprint(xapi.blueprint())
    app.register_blueprint(learner.blueprint())
    app.register_blueprint(course.blueprint())
    app.register_blueprint(review.blueprint())
    app.register_blueprint(sign_in.blueprint())
    app.register_blueprint(administration.blueprint())
    app.register_blueprint(operator.blueprint())
    app.register_blueprint(administration_tokens.blueprint())
    api.init_app(app)
    rate_limits.init_app(app, core.settings, access.by_token())
    inner = xapi.collapse_slashes(app.wsgi_app)
    app.wsgi_app = _below(base_path(core.settings.base_url), inner)  # type: ignore[method-assign,assignment]
    return app


def _below(prefix: str, app: xapi.WsgiApp) -> xapi.WsgiApp:
    """Serve under a path of the base address (``https://host/stifinder``), stripped by a proxy or not."""
    if not prefix:
        return app

    def placed(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == prefix or path.startswith(f"{prefix}/"):
            path = path[len(prefix) :]
        return app({**environ, "SCRIPT_NAME": prefix, "PATH_INFO": path}, start_response)

    return placed


def pages_app(core: Core) -> Flask:
    """What every page stands on: look, languages, headers, errors, the front page; no blueprints yet."""
    app = Flask(__name__)
    app.secret_key = core.secrets.derive("flask")
    app.config.update(
        BOOTSTRAP_SERVE_LOCAL=True,
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        SEND_FILE_MAX_AGE_DEFAULT=3600,
        TEMPLATES_AUTO_RELOAD=False,
    )
    app.extensions["stifinder"] = core
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    Bootstrap5(app)
    Babel(app, locale_selector=_locale, timezone_selector=_timezone)
    rendering.init_app(app)
    security_headers.init_app(app)
    access.init_app(app)
    app.context_processor(lambda: {"languages": rendering.LANGUAGES, "language": _locale().language})
    app.register_error_handler(StifinderError, _stifinder_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unforeseen)
    app.add_url_rule("/", view_func=_front, endpoint="front")
    app.add_url_rule("/health", view_func=_health, endpoint="health")
    return app


def _locale() -> Locale:
    """The visit's language, else the browser's."""
    tag = g.get("locale_tag") or request.accept_languages.best_match(rendering.LANGUAGES) or "en"
    return rendering.formatting_locale(tag)


def _timezone() -> str | None:
    """The visit's time zone (LTI's ``Person.address.timezone`` as a custom parameter); else UTC."""
    name = g.get("timezone_name")
    if not name:
        return None
    try:
        get_timezone(name)
    except LookupError:
        return None
    return str(name)


def _front() -> str:
    return render_template("front.html")


def _health() -> Response:
    return jsonify(status="ok")


# --- errors -----------------------------------------------------------------------------------------


def _stifinder_error(error: StifinderError) -> tuple[Response | str, int]:
    if error.status >= 500:
        log.error("%s: %s", error.code, error)
    else:
        log.info("%s in %s", error.code, request.endpoint)  # its words may quote what somebody sent
    return _answer(
        error.status,
        error.code,
        error.what,
        error.cure,
        where=getattr(error, "where", ""),
        errors=getattr(error, "errors", {}),
    )


def _http_error(error: HTTPException) -> tuple[Response | str, int] | Response:
    status = error.code or 500
    if status < 400:
        return cast(Response, error.get_response(request.environ))
    what = error.description or error.name
    errors = problems.of_fields(error)
    code = "invalid-input" if errors else error.name.lower().replace(" ", "-")
    if errors:
        what = "What was sent is not of the form that is asked for; `errors` says where."
    body, status = _answer(status, code, what, "", errors=errors)
    answer = current_app.make_response((body, status))
    for name, value in error.get_headers(request.environ):
        if name not in {"Content-Type", "Content-Length"}:
            answer.headers[name] = value
    return answer


def _unforeseen(error: Exception) -> tuple[Response | str, int]:
    """A fault of ours: logged with its place, told in short."""
    fault_log.report(
        log, str(request.endpoint), error, words=current_app.extensions["stifinder"].settings.development
    )
    return _answer(500, "fault", "The tool met a fault of its own.", "Try again; the log says more.")


def _answer(status: int, code: str, what: str, cure: str, **more: Any) -> tuple[Response | str, int]:
    if request.path.startswith(problems.PATHS):
        return problems.problem(status, code, what, cure, **more), status
    title, advice = ERROR_WORDS.get(status, ERROR_WORDS[400 if status < 500 else 500])
    detail = f"{what} {cure}".strip() if status < 500 else ""
    page = render_template(
        "error.html", title=gettext(title), advice=gettext(advice), detail=detail, code=code, status=status
    )
    return page, status
