"""The first half of a launch: the LMS asks for a login, and is sent an authentication request.

OpenID Connect's third-party initiated login, as the 1EdTech Security Framework 1.0 (section 5.1.1) uses it.
What must be remembered until the answer travels in the signed ``state``, which only the browser that holds
its cookie can use; where the LMS offers a storage, it holds the same value for browsers that keep no cookies.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets as random
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit, urlunsplit

from flask import Response, make_response, redirect, url_for
from itsdangerous import BadData

from ...core.errors import LaunchRefused
from ...core.store.lti import PENDING, Registration, find
from ...schemas.addresses import is_within
from .. import keeping
from ..cookies import flags, signer
from . import platform_storage
from .platform_storage import Place

if TYPE_CHECKING:
    from ...core.service import Core

LIFETIME = 10 * 60
"""Seconds from the login to the latest launch."""
LONGEST = 8000
"""Characters of one parameter; message hints of some platforms are long tokens."""
LAUNCH_PATH = "/lti/launch"
_PURPOSE = "login-state"
_AGAIN = "Open the activity in the LMS again."
_ADMINISTRATOR = "Administrator: compare with `stifinder register --list`."


@dataclass(frozen=True, slots=True)
class LoginState:
    """What the tool remembers between login and launch.

    :param id: names the cookie, so that logins in several tabs do not mix.
    :param browser: digest of the cookie's value.
    :param until: seconds since 1970, UTC.
    :param storage: the fields of the ``Place`` that the LMS offered, or nothing.
    """

    id: str
    browser: str
    nonce: str
    until: int
    issuer: str
    client_id: str
    deployment_id: str
    login_hint: str
    target_link_uri: str
    lti_message_hint: str
    storage: tuple[str, ...] = ()

    @property
    def place(self) -> Place | None:
        """The storage that the LMS offered."""
        return Place(*self.storage) if self.storage else None

    @property
    def parameters(self) -> dict[str, str]:
        """The login request that this state came from, for a window that has no page of the LMS around it."""
        named = {
            "iss": self.issuer,
            "client_id": self.client_id,
            "lti_deployment_id": self.deployment_id,
            "login_hint": self.login_hint,
            "target_link_uri": self.target_link_uri,
            "lti_message_hint": self.lti_message_hint,
        }
        return {name: value for name, value in named.items() if value}


def begin(core: Core, parameters: Mapping[str, str]) -> Response:
    """Answer a login request by a redirect to the platform's authentication.

    :param parameters: of the login request: ``iss``, ``login_hint``, ``target_link_uri`` and, as the platform
        likes, ``client_id``, ``lti_deployment_id``, ``lti_message_hint``; hints go back unchanged. With
        ``lti_storage_target`` the way leads over a page that speaks to that storage.
    :raises LaunchRefused: the request is incomplete, its platform is not registered, or it aims elsewhere.
    """
    registration = _check(core, parameters)
    place = platform_storage.offered(parameters.get("lti_storage_target", ""), registration.auth_login_url)
    browser = random.token_urlsafe(32)
    state = LoginState(
        id=random.token_hex(8),
        browser=hashlib.sha256(browser.encode()).hexdigest(),
        nonce=random.token_urlsafe(24),
        until=int(core.clock().timestamp()) + LIFETIME,
        issuer=registration.issuer,
        client_id=registration.client_id,
        deployment_id=parameters.get("lti_deployment_id", ""),
        login_hint=parameters["login_hint"],
        target_link_uri=parameters["target_link_uri"],
        lti_message_hint=parameters.get("lti_message_hint", ""),
        storage=(place.origin, place.target) if place else (),
    )
    question = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": state.client_id,
        "redirect_uri": core.settings.base_url + LAUNCH_PATH,
        "login_hint": state.login_hint,
        "state": signer(core.secrets, _PURPOSE).dumps(asdict(state)),
        "nonce": state.nonce,
    }
    if "lti_message_hint" in parameters:
        question["lti_message_hint"] = state.lti_message_hint
    parts = urlsplit(registration.auth_login_url)
    query = "&".join(filter(None, [parts.query, urlencode(question)]))
    address = urlunsplit(parts._replace(query=query))
    if place:
        response = platform_storage.go_on(place, {_key(state): browser}, address)
    else:
        response = make_response(redirect(address, code=302))
    response.set_cookie(
        _cookie(state.id), browser, max_age=LIFETIME, **flags(core.settings.base_url, LAUNCH_PATH)
    )
    return response


def _check(core: Core, parameters: Mapping[str, str]) -> Registration:
    for name in ("iss", "login_hint", "target_link_uri"):
        if not parameters.get(name):
            raise LaunchRefused(
                f"missing-{name}",
                f"The login request lacks {name!r}.",
                "Open the activity from the LMS.",
                status=400,
            )
    for name, value in parameters.items():
        if len(value) > LONGEST:
            raise LaunchRefused(
                "too-long",
                f"{name[:50]!r} in the login request has {len(value)} characters.",
                _AGAIN,
                status=400,
            )
    if not is_within(parameters["target_link_uri"], core.settings.base_url):
        raise LaunchRefused(
            "target-outside",
            "The activity points to an address outside this tool.",
            f"Administrator: the tool's address in the LMS must begin with {core.settings.base_url}/.",
            status=400,
        )
    issuer, client_id = parameters["iss"], parameters.get("client_id", "")
    known = find(core.database, issuer)
    if not known:
        raise LaunchRefused(
            "unknown-issuer", f"The LMS {issuer[:200]!r} is not registered here.", _ADMINISTRATOR
        )
    if not client_id and len({entry.client_id for entry in known}) > 1:
        raise LaunchRefused(
            "missing-client_id", "The LMS did not say which of its tools this is.", _ADMINISTRATOR
        )
    known = [entry for entry in known if not client_id or entry.client_id == client_id]
    if not known:
        raise LaunchRefused(
            "unknown-client",
            f"The client id {client_id[:200]!r} is not registered for this LMS.",
            _ADMINISTRATOR,
        )
    deployment = parameters.get("lti_deployment_id", "")
    known = [entry for entry in known if not deployment or entry.deployment_id in (deployment, "")]
    if not known:
        raise LaunchRefused(
            "unknown-deployment",
            f"The deployment {deployment[:200]!r} is not registered for this LMS.",
            _ADMINISTRATOR,
        )
    if all(entry.status == PENDING for entry in known):
        raise pending(known[0])
    return known[0]


def pending(registration: Registration) -> LaunchRefused:
    """What is said where a registration still waits for a yes."""
    return LaunchRefused(
        "pending-registration",
        "This LMS has registered, and waits until whoever runs this tool approves it.",
        f"Operator: stifinder register --approve {registration.id}",
        status=403,
    )


def read_state(core: Core, value: str, *, even_expired: bool = False) -> LoginState:
    """The state that an answer of the platform brings back.

    :param even_expired: for starting the same login again.
    :raises LaunchRefused: ``missing-state``, ``unknown-state`` (not ours, or changed), ``expired-login``.
    """
    if not value:
        raise LaunchRefused(
            "missing-state", "The answer of the LMS belongs to no login: it has no state.", _AGAIN
        )
    try:
        state = LoginState(**signer(core.secrets, _PURPOSE).loads(value))
    except BadData as error:
        raise LaunchRefused(
            "unknown-state", "The answer of the LMS belongs to no login of ours.", _AGAIN
        ) from error
    if state.until <= core.clock().timestamp() and not even_expired:
        raise LaunchRefused("expired-login", "The login took longer than ten minutes.", _AGAIN)
    return state


def ask_storage(state: LoginState, cookies: Mapping[str, str], answer: Mapping[str, str]) -> Response | None:
    """The page that reads what the LMS's storage kept, and sends the answer of the LMS once more with it.

    :returns: None where it need not be asked (the cookie came back), was asked, or was not offered.
    """
    if not state.place or _cookie(state.id) in cookies or platform_storage.asked():
        return None
    fields = [(name, answer.get(name, "")) for name in ("state", "id_token")]
    return platform_storage.bring_back(state.place, _key(state), url_for("lti.launch"), fields)


def check_browser(state: LoginState, cookies: Mapping[str, str], stored: str = "") -> None:
    """Refuse an answer that comes from another browser than the login.

    :param stored: what the LMS's storage kept for this login, where the cookie is missing.
    :raises LaunchRefused: ``no-cookie`` (also when cookies are blocked in frames) or ``other-browser``.
    """
    value = cookies.get(_cookie(state.id), stored)
    if not value:
        raise LaunchRefused(
            "no-cookie",
            "The browser did not send back the cookie that the login gave it.",
            "Open it in a new window.",
        )
    if not hmac.compare_digest(hashlib.sha256(value.encode()).hexdigest(), state.browser):
        raise LaunchRefused("other-browser", "The login was started in another browser.", _AGAIN)


def forget(response: Response, state: LoginState) -> None:
    """Take back what the browser keeps of a login that is done."""
    keeping.drop(response, _cookie(state.id), LAUNCH_PATH)


def _key(state: LoginState) -> str:
    return keeping.key_of(_cookie(state.id), LAUNCH_PATH)


def _cookie(state_id: str) -> str:
    return f"sf-login-{state_id}"
