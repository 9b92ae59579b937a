"""The tab "API tokens": make a token, see it once, and revoke those that are not needed any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, g, request

from ...core.desks.api_tokens import MOST_DAYS, USUAL_DAYS
from ...core.errors import InvalidInput
from ...core.proposals import message
from ...core.scopes import Scope
from ..visiting import core, go_to
from .page import actor, of_a_tenant, show_tab, tenant_id

DAYS = (30, USUAL_DAYS, 180, MOST_DAYS)
"""Lifetimes to choose from."""

SCOPE_WORDS: Mapping[Scope, str] = {
    Scope.LEARNERS_READ: message("See what is held about learners who agreed to be remembered"),
    Scope.LEARNERS_WRITE: message("Have suggestions made, answer for learners, change what they agreed to"),
    Scope.CATALOGUE_READ: message("See activities and skills"),
    Scope.CATALOGUE_WRITE: message("Import activities and skills, rule activities out"),
    Scope.COURSES_READ: message("See courses, their figures and what was suggested there"),
    Scope.COURSES_DECIDE: message("Approve, pin, hide and replace suggestions in courses"),
    Scope.ADMINISTRATION_READ: message("See what this administration shows"),
    Scope.ADMINISTRATION_WRITE: message("Change what this administration can change, except tokens"),
}


def blueprint() -> Blueprint:
    """``/learn/<visit>/administration/tokens``."""
    routes = Blueprint("tokens", __name__, url_prefix="/learn/<visit_id>/administration/tokens")
    routes.url_value_preprocessor(_take_visit_id)
    routes.url_defaults(_give_visit_id)
    routes.before_request(of_a_tenant)
    routes.add_url_rule("/", "page", page)
    routes.add_url_rule("/", "add", add, methods=["POST"])
    routes.add_url_rule("/<token_id>/revoke", "revoke", revoke, methods=["POST"])
    return routes


def _take_visit_id(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    g.visit_id = (values or {}).pop("visit_id", "")


def _give_visit_id(_endpoint: str, values: dict[str, Any]) -> None:
    values.setdefault("visit_id", g.get("visit_id", ""))


def page() -> Response:
    """All tokens of the tenant, and a form for a new one."""
    return _page(_Given())


@dataclass(frozen=True, slots=True)
class _Given:
    """What the form holds."""

    name: str = ""
    scopes: tuple[str, ...] = ()
    days: int = USUAL_DAYS


def _page(given: _Given, made: str = "", wrong: InvalidInput | None = None) -> Response:
    now = core().clock()
    tokens = core().tokens(tenant_id())
    return show_tab(
        "api/tokens.html",
        "tokens.page",
        made=made,
        wrong=wrong,
        given=given,
        good=[token for token in tokens if token.good(now)],
        gone=[token for token in tokens if not token.good(now)],
        now=now,
        scopes=SCOPE_WORDS,
        days=DAYS,
    )


def add() -> Response | tuple[Response, int]:
    """Make a token and show it: it stands on this one page only, and is not kept."""
    form = request.form
    given = _Given(form.get("name", ""), tuple(form.getlist("scope")), form.get("days", USUAL_DAYS, type=int))
    try:
        _, token = core().add_token(tenant_id(), actor(), given.name, given.scopes, given.days)
    except InvalidInput as error:
        return _page(given, wrong=error), error.status
    return _page(_Given(), made=token)


def revoke(token_id: str) -> Response:
    """Make a token open nothing any more."""
    core().revoke_token(tenant_id(), actor(), token_id)
    return go_to("tokens.page")
