"""What checking a launch message costs, here and in PyLTI1p3.

Both get the same RS256 messages, keep the LMS's keys and registration in memory, and check signature, times,
issuer, client, deployment, nonce, the login the message answers (its state and the browser's cookie), and the
claims of the message.

- PyLTI1p3: all of ``MessageLaunch.validate``: state, form, nonce, registration, signature, deployment, and
  the message by its own validators; then it puts the claims into the session, a dictionary here.
- Stifinder: the cookie is compared with the state, ``id_token.verify`` checks the token and loads the claims
  through the schema into a typed value, target and nonce are compared.

Opening our state, which is signed where PyLTI1p3 looks into a session, is a figure of its own. Neither has
a store: PyLTI1p3 does not remember which nonces were used, ours is in the database and part of a launch.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import lms
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from figures import Figure, milliseconds
from pylti1p3.cookie import CookieService
from pylti1p3.exception import LtiException
from pylti1p3.launch_data_storage.session import SessionDataStorage
from pylti1p3.message_launch import MessageLaunch
from pylti1p3.request import Request
from pylti1p3.session import SessionService
from pylti1p3.tool_config import ToolConfDict
from stifinder.core.errors import LaunchRefused
from stifinder.core.outgoing import Outgoing
from stifinder.core.outgoing_policy import Policy
from stifinder.core.service import Core
from stifinder.core.store.lti import Registration, register
from stifinder.lab import histories
from stifinder.lab.bench import world as bench_world
from stifinder.lti_tool.app import create_app
from stifinder.lti_tool.cli.serve import settle
from stifinder.lti_tool.lti import id_token, login
from stifinder.lti_tool.lti.platform_keys import PlatformKeys
from stifinder.schemas.lti import LaunchClaims

ROUNDS = 15
A_ROUND = 40


@dataclass(frozen=True)
class Answer:
    """What the browser brings back, and what its login left behind."""

    token: str
    nonce: str
    state: str
    cookies: dict[str, str]


@dataclass
class _Browser(Request, CookieService):  # type: ignore[misc]
    """A request with its parameters, session and cookies in memory, as PyLTI1p3 asks for them."""

    parameters: dict[str, str]
    kept: dict[str, Any] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def session(self) -> dict[str, Any]:
        return self.kept

    def is_secure(self) -> bool:
        return True

    def get_param(self, key: str) -> str:
        return self.parameters.get(key, "")

    def get_cookie(self, name: str) -> str | None:
        return self.cookies.get(name)

    def set_cookie(self, name: str, value: str | int, exp: int | None = 3600) -> None:
        self.cookies[name] = str(value)


class _MessageLaunch(MessageLaunch):  # type: ignore[misc]
    """Read the form, as the library's own classes for web frameworks do."""

    def _get_request_param(self, key: str) -> str:
        return str(self._request.get_param(key))


class _Theirs:
    """PyLTI1p3 with one registration in a dictionary and the key set in its cache."""

    def __init__(self, keys: dict[str, Any]) -> None:
        known = lms.registration(histories.TENANT, "https://lms.example.org/mod/lti/certs.php")
        self._settings = ToolConfDict(
            {
                known.issuer: {
                    "client_id": known.client_id,
                    "auth_login_url": known.auth_login_url,
                    "auth_token_url": known.auth_token_url,
                    "key_set_url": known.key_set_url,
                    "key_set": keys,  # no request, and no look into a cache either
                    "deployment_ids": [known.deployment_id],
                }
            }
        )

    def check(self, answer: Answer) -> dict[str, Any]:
        browser = _Browser(
            {"id_token": answer.token, "state": answer.state},
            {f"lti1p3-nonce-{answer.nonce}": True},
            {answer.state: answer.state},
        )
        storage: SessionDataStorage[Any] = SessionDataStorage()
        storage.set_request(browser)
        session = SessionService(browser)
        session.set_data_storage(storage)
        launch = _MessageLaunch(browser, self._settings, session, browser)
        return dict(launch.validate().get_launch_data())


class _Ours:
    """The checks of ``/lti/launch``; the registration is at hand, the keys are in their cache."""

    def __init__(self, core: Core, known: Registration) -> None:
        self._core = core
        self._known = [known]
        self._keys = PlatformKeys(Outgoing(Policy.of((), development=True)))

    def state(self, answer: Answer) -> login.LoginState:
        return login.read_state(self._core, answer.state)

    def check(self, answer: Answer, state: login.LoginState) -> LaunchClaims:
        login.check_browser(state, answer.cookies)
        _, claims = id_token.verify(answer.token, state, self._known, self._keys, self._core.clock())
        id_token.check_target(claims, self._core.settings.base_url)
        if claims.nonce != state.nonce:
            raise LaunchRefused("wrong-nonce", "The nonce is another one.", "")
        return claims


def verification(core: Core) -> list[Figure]:
    """The two in turn, so that a change in the machine's speed meets both."""
    key = lms.new_key()
    with lms.publishing(key) as key_set_url:
        _, stored = register(core.database, [lms.registration(histories.TENANT, key_set_url)], core.clock())
        ours, theirs = _Ours(core, stored[0][0]), _Theirs(lms.key_set(key))
        answers = _answers(core, key, ROUNDS * A_ROUND)
        ours.check(answers[0], ours.state(answers[0]))  # fetches the keys
    _must_refuse(ours, theirs, answers)
    settle()  # as the server does
    costs = [_round(ours, theirs, answers[n * A_ROUND : (n + 1) * A_ROUND]) for n in range(ROUNDS)]
    opened, own, other = (statistics.median(cost) for cost in zip(*costs, strict=True))
    return [
        Figure("verification of a launch message", own, "ms"),
        Figure("opening the signed state of its login", opened, "ms"),
        Figure("verification by PyLTI1p3", other, "ms"),
        Figure("how many times as fast", statistics.median(c[2] / c[1] for c in costs), "×", ">= 3"),
    ]


def _round(ours: _Ours, theirs: _Theirs, answers: list[Answer]) -> tuple[float, float, float]:
    """Milliseconds a message: opening its state, our checks, theirs."""
    states: list[login.LoginState] = []
    opened = milliseconds(lambda: states.extend(map(ours.state, answers)))
    own = milliseconds(lambda: [ours.check(a, s) for a, s in zip(answers, states, strict=True)])
    other = milliseconds(lambda: [theirs.check(a) for a in answers])
    return opened / len(answers), own / len(answers), other / len(answers)


def _answers(core: Core, key: RSAPrivateKey, count: int) -> list[Answer]:
    """What browsers bring back after as many logins."""
    base = core.settings.base_url
    browser = create_app(core).test_client(use_cookies=False)
    made = []
    for n in range(count):
        asked = {
            "iss": bench_world.ISSUER,
            "client_id": lms.CLIENT_ID,
            "lti_deployment_id": lms.DEPLOYMENT_ID,
            "login_hint": f"{n}",
            "target_link_uri": f"{base}/",
        }
        answer = browser.post("/lti/login", data=asked, base_url=base)
        question = parse_qs(urlsplit(answer.location).query)
        nonce, state = question["nonce"][0], question["state"][0]
        name, _, value = answer.headers["Set-Cookie"].partition(";")[0].partition("=")
        token = lms.token(key, base, nonce, f"learner-{n}", "course-1")
        made.append(Answer(token, nonce, state, {name: value}))
    return made


def _must_refuse(ours: _Ours, theirs: _Theirs, answers: list[Answer]) -> None:
    """A comparison is fair when both really check: a changed message, and one that answers another login."""
    head, body, signature = answers[0].token.split(".")
    for wrong in (
        replace(answers[0], token=f"{head}.{body}.{signature[:-8]}AAAAAAAA"),
        replace(answers[0], token=answers[1].token),
    ):
        for check, refusal in (
            (lambda answer: ours.check(answer, ours.state(answer)), LaunchRefused),
            (theirs.check, LtiException),
        ):
            try:
                check(wrong)
            except refusal:
                continue
            raise RuntimeError("a message was taken that must be refused")
