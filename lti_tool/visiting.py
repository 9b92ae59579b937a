"""The visit a request belongs to: who asks, in which language, framed by whom. Set before the handler."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from flask import Blueprint, Response, current_app, g, redirect, render_template, request, url_for

from . import security_headers, visit
from .learner import start_links

if TYPE_CHECKING:
    from ..core.service import Core
    from .visit import Visit


def below(routes: Blueprint) -> None:
    """Let a blueprint's pages stand below a visit: its id is taken from the address, and put into links."""
    routes.url_value_preprocessor(_take_visit_id)
    routes.url_defaults(_give_visit_id)


def _take_visit_id(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    g.visit_id = (values or {}).pop("visit_id", "")


def _give_visit_id(_endpoint: str, values: dict[str, Any]) -> None:
    values.setdefault("visit_id", g.get("visit_id", ""))


def enter() -> None:
    """Load the visit named in the address; refuse a form that does not carry its token.

    :raises StifinderError: there is no such visit (any more), or the form's token is wrong.
    """
    found = visit.load_visit(g.visit_id)
    g.visit = found
    g.locale_tag = found.locale
    g.timezone_name = found.launch.custom.get("timezone", "")
    security_headers.allow_frame(found.launch.frame_origin, found.launch.return_url)
    if request.method == "POST":
        visit.check_csrf(found)


def current() -> Visit:
    """The visit of this request."""
    return cast("Visit", g.visit)


def core() -> Core:
    """The core of this application."""
    return cast("Core", current_app.extensions["stifinder"])


def changed(response: Response, **changes: Any) -> Response:
    """Keep changes of the visit (minutes, locale, answers, learner) beyond this request."""
    g.visit = replace(current(), **changes)
    visit.save_visit(response, g.visit)
    return response


def show(template: str, **values: Any) -> Response:
    """A page of this visit."""
    here = current()
    page = render_template(
        template,
        visit=here,
        remembered=values.pop("remembered", bool(here.learner_id)),
        csrf=visit.csrf_token(here),
        sealed=lambda shown: start_links.seal(core().secrets, here, shown),
        **values,
    )
    return current_app.make_response(page)


def go_to(endpoint: str, **values: Any) -> Response:
    """After a form: a page to look at, so that loading it again repeats nothing."""
    return cast(Response, redirect(url_for(endpoint, **values), code=303))
