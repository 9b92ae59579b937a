"""Access tokens for a platform's services: got by a signed assertion, kept until shortly before they end.

1EdTech Security Framework 1.0, section 4.1: OAuth 2.0 client credentials with a JWT assertion (RFC 7523).
"""

from __future__ import annotations

import json
import secrets as random
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import jwt
from cachetools import LRUCache

from ...core.errors import ConfigurationError, NoAnswer, OutgoingError
from ...core.outgoing import Answer, Outgoing
from ...core.store.lti import Registration
from ...core.store.tool_keys import ToolKey

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
EARLY = 60
"""Seconds before its end from which a token is not used any more."""
USUAL_LIFETIME = 3600
"""Seconds that a token is good for when the platform does not say."""
ASSERTION_LIFETIME = 300
IN_THE_PAST = 5
"""Seconds: a platform whose clock is a little behind would refuse an assertion from the future."""
LARGEST_BYTES = 64 * 1024
SECONDS = 10.0


class TokenRefused(OutgoingError):
    """The platform gives no token: it does not know us, cannot read our keys, or grants no such scope."""

    code = "token-refused"


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    good_until: float


class Tokens:
    """A bounded cache of access tokens, safe between threads; each registration and scope has its own.

    :param key: gives the tool's signing key.
    :param clock: gives timezone-aware times.
    """

    def __init__(self, outgoing: Outgoing, key: Callable[[], ToolKey], clock: Callable[[], datetime]) -> None:
        self._outgoing = outgoing
        self._key = key
        self._clock = clock
        self._known: LRUCache[tuple[str, str], _Token] = LRUCache(1000)
        self._lock = threading.Lock()

    def get(self, registration: Registration, scopes: Iterable[str]) -> str:
        """A token that is good for these scopes.

        :raises ConfigurationError: when the registration has no token address.
        :raises TokenRefused: when the platform gives none.
        :raises OutgoingError: when it cannot be reached.
        """
        scope = " ".join(sorted(scopes))
        with self._lock:
            known = self._known.get((registration.id, scope))
        if known is None or known.good_until <= self._clock().timestamp():
            known = self._ask(registration, scope)
            with self._lock:
                self._known[registration.id, scope] = known
        return known.value

    def forget(self, registration: Registration) -> None:
        """Let this registration's tokens go: the platform has refused one before its time."""
        with self._lock:
            for key in [key for key in self._known if key[0] == registration.id]:
                del self._known[key]

    def _ask(self, registration: Registration, scope: str) -> _Token:
        if not registration.auth_token_url:
            raise ConfigurationError(
                f"The registration of {registration.issuer} has no address for access tokens.",
                "Run `stifinder register` again with --auth-token-url, as the LMS shows it.",
            )
        now = self._clock().timestamp()
        answer = self._outgoing.post(
            registration.auth_token_url,
            data={
                "grant_type": "client_credentials",
                "client_assertion_type": ASSERTION,
                "client_assertion": self._assertion(registration, int(now)),
                "scope": scope,
            },
            headers={"Accept": "application/json"},
            limit_bytes=LARGEST_BYTES,
            seconds=SECONDS,
        )
        return _read(answer, now)

    def _assertion(self, registration: Registration, now: int) -> str:
        key = self._key()
        claims = {
            "iss": registration.client_id,
            "sub": registration.client_id,
            "aud": registration.auth_token_url,
            "iat": now - IN_THE_PAST,
            "exp": now + ASSERTION_LIFETIME,
            "jti": random.token_urlsafe(24),
        }
        return jwt.encode(claims, key.private_key, algorithm="RS256", headers={"kid": key.kid})


def _read(answer: Answer, now: float) -> _Token:
    """The token of an answer. Moodle labels its JSON text/html, so the label does not count."""
    host = urlsplit(answer.url).hostname
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        body = None
    if answer.status >= 500 or answer.status == 429:
        raise NoAnswer(f"The token address at {host} answered {answer.status}.", "Try again in a while.")
    if answer.status == 404 and body is None:
        raise TokenRefused(
            f"{host} answered 404 with a page when asked for an access token.",
            "Moodle does so when it cannot fetch this tool's keys: let it reach /lti/jwks (its settings cURL "
            "blocked hosts and cURL allowed ports). Otherwise check the access token URL.",
        )
    if answer.status != 200:
        said = str(body.get("error", ""))[:100] if isinstance(body, dict) else ""
        raise TokenRefused(
            f"{host} gives no access token: {answer.status} {said}.".replace(" .", "."),
            "Check client id and key set address in the LMS, and that the tool may use this service there.",
        )
    token = body.get("access_token") if isinstance(body, dict) else None
    if not isinstance(token, str) or not token or not token.isprintable():
        raise TokenRefused(
            f"{host} answered without an access token.", "Check the access token URL of the registration."
        )
    lifetime = body.get("expires_in", USUAL_LIFETIME) if isinstance(body, dict) else USUAL_LIFETIME
    try:
        seconds = float(lifetime)
    except (TypeError, ValueError):
        seconds = USUAL_LIFETIME
    return _Token(token, now + max(seconds - EARLY, 0))
