"""The LTI 1.3 border: login, launch, and the tool's public keys.

Every refusal is a page for the person and one line in the log, and leaves nothing behind.
"""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime
from typing import cast

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    g,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.sansio.app import App

from ...core import identity
from ...core.errors import LaunchRefused
from ...core.launch import Launch
from ...core.people import Role
from ...core.store import joining, tool_keys
from ...core.store import lti as store
from ...schemas.addresses import origin
from ...schemas.lti import LaunchClaims
from .. import jobs, start
from ..cookies import base_path, launch_core
from ..course import review
from ..visit import open_visit, save_visit
from . import deep_linking, login, platform_storage
from .id_token import LEEWAY, check_target, verify
from .platform_keys import PlatformKeys

KEYS = "stifinder.platform_keys"
"""Where the application keeps its cache of platforms' keys (``app.extensions``)."""

log = logging.getLogger("stifinder.lti")

_OPEN_AGAIN = frozenset(
    {
        "expired-login",
        "expired-token",
        "keys-unreachable",
        "missing-id_token",
        "missing-iss",
        "missing-login_hint",
        "missing-state",
        "missing-target_link_uri",
        "nonce-used",
        "opened-directly",
        "other-browser",
        "state-used",
        "unknown-kid",
        "unknown-state",
        "wrong-nonce",
    }
)
"""Refusals cured by opening the activity again; for the rest, somebody must change a setting."""


def blueprint() -> Blueprint:
    """``/lti/login``, ``/lti/launch`` and ``/lti/jwks``."""
    made = Blueprint("lti", __name__)
    made.record_once(lambda state: _remember_keys(state.app))
    made.record_once(lambda state: platform_storage.init_app(cast(Flask, state.app)))
    made.add_url_rule("/lti/login", "login", _login, methods=["GET", "POST"])
    made.add_url_rule("/lti/launch", "launch", _launch, methods=["GET", "POST"])
    made.add_url_rule("/lti/jwks", "jwks", _jwks)
    made.register_error_handler(LaunchRefused, _refused)
    return made


def _remember_keys(app: App) -> None:
    app.extensions.setdefault(KEYS, PlatformKeys(app.extensions["stifinder"].outgoing))


def _login() -> Response:
    core = launch_core()
    parameters = request.values.to_dict()
    if "again" in parameters:
        parameters = login.read_state(core, parameters["again"], even_expired=True).parameters
    g.lti_parties = (parameters.get("iss", ""), parameters.get("client_id", ""))
    return login.begin(core, parameters)


def _launch() -> Response:
    core = launch_core()
    answer = request.form if request.method == "POST" else request.args
    if "error" not in answer and request.method != "POST":
        raise LaunchRefused(
            "opened-directly",
            "This address only works from inside the LMS.",
            "Open the activity there.",
            status=400,
        )
    if "error" in answer:
        raise _platform_error(
            answer.get("error", ""), answer.get("error_description", ""), answer.get("state", "")
        )
    state = login.read_state(core, answer.get("state", ""))
    g.lti_parties = (state.issuer, state.client_id)
    if store.was_used(core.database, "state", state.id):
        raise _used("state")
    if (page := login.ask_storage(state, request.cookies, answer)) is not None:
        return page
    try:
        login.check_browser(state, request.cookies, platform_storage.posted())
    except LaunchRefused as refusal:
        if refusal.reason == "no-cookie":
            g.lti_again = answer["state"]
        raise
    if state.place and platform_storage.asked():
        platform_storage.use(state.place)
    registrations = store.find(core.database, state.issuer, state.client_id)
    if not registrations:
        raise LaunchRefused("unknown-client", "This tool is no longer registered for the LMS.")
    now = core.clock()
    registration, claims = verify(
        answer.get("id_token", ""), state, registrations, current_app.extensions[KEYS], now
    )
    check_target(claims, core.settings.base_url)
    deep_linking.check(claims)
    review.check(claims)
    if claims.nonce != state.nonce:
        raise _used("nonce") if store.was_used(core.database, "nonce", claims.nonce) else _wrong_nonce()
    keep_until = datetime.fromtimestamp(state.until + LEEWAY, UTC)
    if not store.use_once(core.database, [("state", state.id), ("nonce", claims.nonce)], keep_until, now):
        raise _used("nonce")
    _note(registration, claims)
    launch = _reduced(registration, claims)
    core.note_course(launch)
    if claims.deep_linking:
        response = deep_linking.begin(core, registration, claims, claims.deep_linking, launch)
    else:
        visit = open_visit(current_app._get_current_object(), launch, core.recognise(launch))  # type: ignore[attr-defined]
        offered = claims.services
        core.note_roster(
            launch,
            registration.issuer,
            offered.memberships,
            groups=offered.groups,
            group_sets=offered.group_sets,
        )
        where = review.path(visit, registration.issuer, claims.about)
        if not where:
            jobs.note_graded(core, launch, visit.learner_id)
        path = f"{base_path(core.settings.base_url)}/learn/{visit.id}/{where or start.path(launch)}"
        response = make_response(redirect(path, code=303))
        save_visit(response, visit)
    login.forget(response, state)
    return response


def _note(registration: store.Registration, claims: LaunchClaims) -> None:
    """Keep for the administrator's check what this launch showed; nothing of it is about the person."""
    core = launch_core()
    now = core.clock()
    seen = {"names": claims.named}
    if claims.deep_linking:
        seen["deep_linking"] = True
    else:
        seen |= {"grades": claims.services.scores, "roster": bool(claims.services.memberships)}
    if request.headers.get("Sec-Fetch-Dest") == "iframe":
        seen["cookies_in_frame"] = any(name.startswith("sf-login-") for name in request.cookies)
    skew = round(claims.issued_at - now.timestamp())
    if not joining.note_launch(core.database, registration, seen, skew, now):
        raise LaunchRefused(
            "unknown-deployment",
            f"The deployment {claims.deployment_id!r} is not registered for this LMS: another was first.",
            "Administrator: add it with `stifinder register`.",
        )


def _reduced(registration: store.Registration, claims: LaunchClaims) -> Launch:
    """What of a launch is used; the rest is gone when this request ends."""
    identities = [identity.account(claims.issuer, claims.subject)]
    if claims.email:
        identities.append(identity.mbox(claims.email))
    return Launch(
        tenant_id=registration.tenant_id,
        registration_id=registration.id,
        identities=tuple(identities),
        roles=claims.roles,
        context_key=f"{claims.issuer}#{claims.context_id}" if claims.context_id else "",
        context_title=claims.context_title,
        link_id=claims.link_id,
        locale=claims.locale or "en",
        return_url=claims.return_url,
        frame_origin=origin(registration.auth_login_url),
        custom=claims.custom,
        line_item=claims.services.column_of(claims.link_id),
        accompanies=tuple(identity.account(claims.issuer, mentee) for mentee in claims.mentees)
        if Role.MENTOR in claims.roles
        else (),
    )


def _jwks() -> Response:
    core = launch_core()
    now = core.clock()
    keys = tool_keys.key_set(core.database, now)
    if not keys["keys"]:
        tool_keys.signing_key(core.database, core.secrets, now)
        keys = tool_keys.key_set(core.database, now)
    response = jsonify(keys)
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


# --- refusals -------------------------------------------------------------------------------------


def _used(kind: str) -> LaunchRefused:
    return LaunchRefused(
        f"{kind}-used",
        "This launch was used before: a page was loaded again, or somebody repeats an old message.",
        "Open the activity in the LMS again.",
    )


def _wrong_nonce() -> LaunchRefused:
    return LaunchRefused(
        "wrong-nonce",
        "The answer of the LMS belongs to another login.",
        "Open the activity in the LMS again.",
    )


def _platform_error(code: str, description: str, state: str) -> LaunchRefused:
    """What the LMS answered instead of a launch; its own words only in the browser that began the login.

    Anybody can begin a login and send its state to somebody else, with words of theirs.
    """
    shown = code if re.fullmatch(r"[a-z_]{1,60}", code) else "unknown error"
    core = launch_core()
    try:
        found = login.read_state(core, state, even_expired=True)
        login.check_browser(found, request.cookies)
    except LaunchRefused:
        return LaunchRefused(
            "platform-error", f"The LMS answered: {shown}.", "Open the activity in the LMS again."
        )
    g.lti_parties = (found.issuer, found.client_id)
    words = f" ({description[:300]})" if description else ""
    return LaunchRefused(
        "platform-error", f"The LMS answered: {shown}{words}.", "Open the activity in the LMS again."
    )


def _refused(refusal: LaunchRefused) -> Response:
    issuer, client_id = g.get("lti_parties", ("", ""))
    log.warning(
        "launch refused: reason=%s issuer=%r client_id=%r", refusal.reason, issuer[:200], client_id[:200]
    )
    page = render_template(
        "refused.html",
        kind=_kind(refusal.reason),
        what=refusal.what,
        cure=refusal.cure,
        reason=refusal.reason,
        status=refusal.status,
        again=url_for(".login", again=g.get("lti_again", "")),
    )
    response = make_response(page, refusal.status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _kind(reason: str) -> str:
    if reason == "no-cookie":
        return "cookies"
    if reason == "platform-error":
        return "platform"
    return "again" if reason in _OPEN_AGAIN else "setup"
