"""Signing in without an LMS: a link that the command line makes, good once and for a short time.

Before an LMS is connected somebody must invite it, and when none works any more somebody must see why.
Opening the link shows a button, and only the button uses it up: programs that look at links before people do
(mail filters, previews) must not.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, g, make_response, redirect, render_template, request

from ..core.errors import Forbidden, RegistrationRefused
from ..core.launch import Launch
from ..core.people import Role
from ..core.staff import OPERATOR, Actor
from ..core.store import joining
from . import start
from .cookies import base_path, launch_core
from .visit import open_visit, save_visit

if TYPE_CHECKING:
    from ..core.service import Core

LIFETIME = timedelta(minutes=15)
ROLES = {"administer": Role.ADMINISTRATOR, "operate": Role.OPERATOR}
"""Kind of link to the role it gives."""


def blueprint() -> Blueprint:
    """``/sign-in``."""
    made = Blueprint("sign_in", __name__)
    made.add_url_rule("/sign-in/<token>", "ask", _ask)
    made.add_url_rule("/sign-in/<token>", "enter", _enter, methods=["POST"])
    return made


def _ask(token: str) -> str:
    """Show for what the link is, without using it."""
    core = launch_core()
    tenant_id, kind = _known(token)
    return render_template("sign_in.html", tenant=core.tenant(tenant_id), operator=kind == "operate")


def _enter(token: str) -> Response:
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        # No cookie guards this form, because there is no visit yet. Without this another site could sign its
        # visitors in with a link of its own, and they would enter things in a tenant that is not theirs.
        raise Forbidden("This form did not come from our page.", "Open the link itself, and sign in there.")
    core = launch_core()
    tenant_id, kind = _known(token)
    try:
        joining.claim(core.database, token, core.clock(), kind)
    except RegistrationRefused as error:
        raise _refused() from error
    return enter(tenant_id, ROLES[kind], f"link-{hashlib.sha256(token.encode()).hexdigest()[:8]}")


def enter(tenant_id: str, role: Role, sign: str) -> Response:
    """Begin a visit of a tenant without a launch.

    :param sign: under which this visit acts, in the record of what staff did.
    """
    core = launch_core()
    launch = Launch(
        tenant_id=tenant_id,
        registration_id="",
        identities=(),
        roles=frozenset({role}),
        link_id=sign,
        locale=g.get("locale_tag") or request.accept_languages.best_match(("da", "en", "de")) or "en",
    )
    visit = open_visit(current_app._get_current_object(), launch, "")  # type: ignore[attr-defined]
    core.record(tenant_id, Actor(sign, role), "sign in")
    path = f"{base_path(core.settings.base_url)}/learn/{visit.id}/{start.path(launch)}"
    response = make_response(redirect(path, code=303))
    save_visit(response, visit)
    return response


def make_link(core: Core, tenant_id: str, kind: str) -> str:
    """A new link for a tenant, recorded; ``kind`` is a key of ``ROLES``."""
    token = core.link_to_sign_in(tenant_id, OPERATOR, kind, LIFETIME)
    return f"{core.settings.base_url}/sign-in/{token}"


def _known(token: str) -> tuple[str, str]:
    core = launch_core()
    for kind in ROLES:
        try:
            return joining.invited(core.database, token, core.clock(), kind), kind
        except RegistrationRefused:
            continue
    raise _refused()


def _refused() -> Forbidden:
    return Forbidden(
        "This link was used before, is too old, or is not complete.",
        "Whoever runs this tool makes a new one: stifinder sign-in",
    )
