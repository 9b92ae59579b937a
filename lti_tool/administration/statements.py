"""The tab about statements: the names and passwords with which an LMS sends them."""

from __future__ import annotations

from flask import Blueprint, Response, request

from ...core.errors import Conflict, InvalidInput, StifinderError
from ..visiting import core, go_to
from .page import actor, show_tab, tenant_id


def add_routes(made: Blueprint) -> None:
    """Add this tab."""
    made.add_url_rule("/statements", "credentials", credentials)
    made.add_url_rule("/statements", "add_credential", add_credential, methods=["POST"])
    made.add_url_rule("/statements/remove", "remove_credential", remove_credential, methods=["POST"])


def credentials() -> Response:
    """What arrived lately, the names there are, and a form for a new one."""
    return _credentials()


def _credentials(
    made: tuple[str, str] | None = None, wrong: StifinderError | None = None, given: str = ""
) -> Response:
    found = core().overview(tenant_id())
    return show_tab(
        "administration/statements.html",
        "administration.credentials",
        names=found.credentials,
        arrivals=found.arrivals,
        endpoint_address=f"{core().settings.base_url}/xapi",
        made=made,
        wrong=wrong,
        given=given,
    )


def add_credential() -> Response | tuple[Response, int]:
    """Make a name and password and show them: the password stands on this one page only."""
    username = request.form.get("username", "").strip()
    try:
        made = core().add_credential(tenant_id(), actor(), username)
    except (InvalidInput, Conflict) as error:
        return _credentials(wrong=error, given=username), error.status
    return _credentials(made)


def remove_credential() -> Response:
    """Take a name away."""
    core().remove_credential(tenant_id(), actor(), request.form.get("username", ""))
    return go_to("administration.credentials", said="credential-removed")
