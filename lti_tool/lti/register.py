"""The pages on which an LMS is made known: by dynamic registration, or by hand.

``/lti/register`` is opened by the LMS in a frame, with its own address and a token; ``/lti/register/manual``
by a person. Neither knows who asks: the invitation in the address decides.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Blueprint, Response, g, make_response, render_template, request, url_for

from ...core.errors import InvalidInput, RegistrationRefused
from ...core.store import joining, lti
from ...schemas.addresses import is_safe_address, origin
from ...schemas.lti_products import PRODUCTS, Product, product_of
from .. import security_headers
from ..cookies import launch_core
from ..rendering import told
from . import check, messages, register_by_hand, registering
from .registration_request import tool_addresses, wanted_messages, wanted_scopes

if TYPE_CHECKING:
    from ...core.service import Core

log = logging.getLogger("stifinder.lti")


def blueprint() -> Blueprint:
    """``/lti/register``, ``/lti/register/manual`` and ``/lti/check/<token>``."""
    made = Blueprint("register", __name__)
    made.add_url_rule("/lti/register", "ask", _ask)
    made.add_url_rule("/lti/register", "register", _register, methods=["POST"])
    made.add_url_rule("/lti/register/manual", "manual", _manual)
    made.add_url_rule("/lti/register/manual", "by_hand", _by_hand, methods=["POST"])
    made.add_url_rule("/lti/check/<token>", "check", _check)
    made.register_error_handler(RegistrationRefused, _refused)
    return made


# --- dynamic registration -----------------------------------------------------------------------------


def _ask() -> str | Response:
    """Show what would happen; nothing is sent to the LMS but the question who it is."""
    core = launch_core()
    asked = registering.Request(
        request.args.get("openid_configuration", ""),
        request.args.get("registration_token", ""),
        request.args.get("invite", ""),
    )
    _frame(asked.openid_configuration)
    tenant_id = registering.tenant_for(core, asked.invitation)
    if not asked.openid_configuration:
        return _page("register/begin.html", address=request.url, invitation=asked.invitation)
    platform = registering.read(core, asked)
    known = joining.known_at(core.database, tenant_id, platform.issuer)
    return _page(
        "register/ask.html",
        platform=platform,
        product=_product(platform.product),
        claims=messages.CLAIMS,
        scopes=[messages.SCOPES[scope] for scope in wanted_scopes(platform)],
        messages=[messages.MESSAGE_WORDS[name] for name in wanted_messages(platform)],
        replaces=len(known) == 1,
        waits=not asked.invitation,
        sealed=registering.seal(core, asked, platform.issuer),
    )


def _register() -> str | Response:
    core = launch_core()
    asked = registering.unseal(core, request.form.get("request", ""))
    g.registering = asked.openid_configuration
    _frame(asked.openid_configuration)
    entry = registering.register(core, asked)
    log.info("registered: issuer=%r product=%r status=%s", entry.issuer, entry.product, entry.status)
    return _done(core, entry, in_frame=True)


def _done(core: Core, entry: lti.Registration, *, in_frame: bool) -> str | Response:
    return _page(
        "register/done.html",
        entry=entry,
        product=_product(entry.product),
        waits=entry.status == lti.PENDING,
        check_address=check.address(core, entry),
        in_frame=in_frame,
    )


def _frame(openid_configuration: str) -> None:
    """Let the LMS that asks frame the page, and the refusal too."""
    if is_safe_address(openid_configuration):
        security_headers.allow_frame(origin(openid_configuration))


def _product(name: str) -> Product:
    return product_of(name)


# --- by hand ------------------------------------------------------------------------------------------


def _manual(given: dict[str, str] | None = None, wrong: InvalidInput | None = None) -> str | Response:
    core = launch_core()
    invitation = request.values.get("invite", "")
    register_by_hand.tenant_for(core, invitation)
    chosen = product_of(request.values.get("product", ""))
    return _page(
        "register/manual.html",
        addresses=tool_addresses(core.settings.base_url),
        pem=register_by_hand.public_pem(core),
        products=PRODUCTS,
        chosen=chosen,
        site=request.values.get("site", ""),
        given=given or register_by_hand.suggested(chosen, request.values.get("site", "")),
        wrong=wrong,
        invitation=invitation,
        sealed=register_by_hand.seal(core, invitation),
    )


def _by_hand() -> str | Response | tuple[str | Response, int]:
    core = launch_core()
    given = {name: request.form.get(name, "").strip() for name in register_by_hand.FIELDS}
    try:
        entry = register_by_hand.register(core, request.form.get("request", ""), given)
    except InvalidInput as error:
        return _manual(given, error), 400
    log.info("registered by hand: issuer=%r product=%r", entry.issuer, entry.product)
    return _done(core, entry, in_frame=False)


# --- afterwards ---------------------------------------------------------------------------------------


def _check(token: str) -> str | Response:
    core = launch_core()
    entry = check.opened(core, token)
    return _page("register/check.html", entry=entry, checks=check.examine(core, entry), told=told)


def _page(template: str, **values: object) -> str:
    return render_template(template, **values)


def _refused(refusal: RegistrationRefused) -> Response:
    named = request.args.get("openid_configuration") or g.get("registering", "")
    log.warning(
        "registration refused: reason=%s host=%r", refusal.reason, (urlsplit(named).hostname or "")[:200]
    )
    page = render_template(
        "register/refused.html",
        what=refusal.what,
        cure=refusal.cure,
        reason=refusal.reason,
        status=refusal.status,
        manual=url_for("register.manual"),
    )
    return make_response(page, refusal.status)
