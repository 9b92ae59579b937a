"""The page of whoever runs the tool: all tenants, what waits in them, and a way into each."""

from __future__ import annotations

import re

from flask import Blueprint, Response, request

from ...core.errors import Conflict, InvalidInput, NotFound, StifinderError
from ...core.people import Role
from ...core.store import tool_keys
from ...core.store.tables import SYSTEM
from .. import sign_in
from ..rendering import LANGUAGES
from ..visiting import below, core, go_to, show
from .page import SAID, actor

IDS = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
LONGEST_NAME = 200


def blueprint() -> Blueprint:
    """``/learn/<visit>/tenants``."""
    made = Blueprint("operator", __name__, url_prefix="/learn/<visit_id>/tenants")
    below(made)
    made.add_url_rule("", "tenants", tenants)
    made.add_url_rule("", "add", add, methods=["POST"])
    made.add_url_rule("/<tenant_id>/enter", "enter", enter, methods=["POST"])
    made.add_url_rule("/waiting/<registration_id>", "decide", decide, methods=["POST"])
    made.add_url_rule("/keys", "rotate", rotate, methods=["POST"])
    return made


def tenants() -> Response:
    """All tenants; first what waits."""
    return _tenants()


def _tenants(wrong: StifinderError | None = None) -> Response:
    found = core().tenants_in_short()
    keys = core().keys()
    return show(
        "administration/tenants.html",
        tabs=(),
        places=(),
        tab="operator.tenants",
        said=SAID.get(request.args.get("said", ""), ""),
        found=found,
        paused=[row for row in core().plugins.describe() if row.status not in ("ok", "disabled")],
        waiting=core().pending_everywhere(),
        keys=keys,
        signing=tool_keys.signing(keys, core().clock()),
        locales=LANGUAGES,
        given=request.form,
        wrong=wrong,
        longest_name=LONGEST_NAME,
    )


def add() -> Response | tuple[Response, int]:
    """Add a tenant."""
    tenant_id = request.form.get("id", "").strip()
    name = " ".join(request.form.get("name", "").split())[:LONGEST_NAME] or tenant_id
    locale = request.form.get("locale", "en")
    try:
        if not IDS.fullmatch(tenant_id) or tenant_id == SYSTEM or locale not in LANGUAGES:
            raise InvalidInput(
                "This cannot be a tenant’s id.", "Use lower-case letters, digits and hyphens, like acme-dk."
            )
        core().found_tenant(actor(), tenant_id, name, locale)
    except (InvalidInput, Conflict) as error:
        return _tenants(error), error.status
    return go_to("operator.tenants", said="added")


def enter(tenant_id: str) -> Response:
    """Begin a visit as administrator of a tenant; its record says so.

    :raises NotFound: when there is no such tenant.
    """
    if tenant_id == SYSTEM or core().tenant(tenant_id) is None:
        raise NotFound("There is no such tenant.", "Load the page again: it shows those there are.")
    who = actor()
    core().record(tenant_id, who, "enter as administrator")
    return sign_in.enter(tenant_id, Role.ADMINISTRATOR, who.sign)


def decide(registration_id: str) -> Response:
    """Let an LMS that registered without invitation open the tool for a tenant, or refuse it."""
    waiting = next((entry for entry in core().pending_everywhere() if entry.id == registration_id), None)
    if waiting is None:
        raise NotFound("This registration does not wait any more.", "Load the page again.")
    if request.form.get("refuse"):
        core().remove_registration(waiting.tenant_id, actor(), registration_id)
        return go_to("operator.tenants", said="refused")
    tenant_id = request.form.get("tenant", "")
    if tenant_id == SYSTEM or core().tenant(tenant_id) is None:
        raise NotFound("There is no such tenant.", "Choose one of the list.")
    core().approve_registration(tenant_id, actor(), registration_id, waiting_in=waiting.tenant_id)
    return go_to("operator.tenants", said="approved")


def rotate() -> Response:
    """Make a new key."""
    core().rotate_keys(actor())
    return go_to("operator.tenants", said="rotated")
