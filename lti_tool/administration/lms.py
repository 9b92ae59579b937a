"""The tabs about LMSs: which are registered, how another is invited, and with which keys the tool signs."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, Response, request

from ...core.desks.administration import INVITATION_DAYS
from ...core.store import joining, lti, tool_keys
from ...schemas.lti_products import product_of
from ..lti import check
from ..visiting import core, go_to
from .page import actor, show_tab, tenant_id


def add_routes(made: Blueprint) -> None:
    """Add these tabs."""
    made.add_url_rule("/lms", "lms", lms)
    made.add_url_rule("/lms", "invite", invite, methods=["POST"])
    made.add_url_rule("/lms/<registration_id>/approve", "approve", approve, methods=["POST"])
    made.add_url_rule("/lms/<registration_id>/remove", "remove", remove, methods=["POST"])
    made.add_url_rule("/keys", "keys", keys)


def lms() -> Response:
    """The LMSs of the tenant, those that wait first, and a form to invite another."""
    return _lms()


def _lms(invitation: str = "", days: int = 0) -> Response:
    entries = lti.registrations(core().database, tenant_id())
    base = core().settings.base_url
    return show_tab(
        "administration/lms.html",
        "administration.lms",
        entries=sorted(entries, key=lambda entry: (entry.status != lti.PENDING, entry.issuer)),
        checks={entry.id: check.address(core(), entry) for entry in entries},
        named=_named,
        pending=lti.PENDING,
        days_offered=INVITATION_DAYS,
        usual_days=joining.INVITATION_DAYS,
        made=f"{base}/lti/register?invite={invitation}" if invitation else "",
        by_hand=f"{base}/lti/register/manual?invite={invitation}" if invitation else "",
        days=days,
    )


def _named(entry: lti.Registration) -> str:
    """What people call an LMS: the product and where it is."""
    host = urlsplit(entry.issuer).hostname or entry.issuer
    product = product_of(entry.product).name or entry.product
    return f"{product} · {host}" if product else host


def invite() -> Response:
    """Make an invitation and show it: it stands on this one page only, and is not kept."""
    days = request.form.get("days", 0, type=int)
    return _lms(core().invite_lms(tenant_id(), actor(), days), days)


def approve(registration_id: str) -> Response:
    """Let an LMS that waits open the tool."""
    core().approve_registration(tenant_id(), actor(), registration_id)
    return go_to("administration.lms", said="approved")


def remove(registration_id: str) -> Response:
    """Take an LMS away, or refuse one that waits."""
    gone = core().remove_registration(tenant_id(), actor(), registration_id)
    return go_to("administration.lms", said="refused" if gone.status == lti.PENDING else "removed")


def keys() -> Response:
    """The keys with which the tool signs, for all tenants."""
    now = core().clock()
    known = core().keys()
    return show_tab(
        "administration/keys.html",
        "administration.keys",
        keys=known,
        signing=tool_keys.signing(known, now),
        now=now,
        address=f"{core().settings.base_url}/lti/jwks",
    )
