"""How often somebody may ask: pages without login by address, wrong passwords and tokens, the API by token.

Counted in memory, hence by each process for itself, or in Redis where ``REDIS_URL`` names one. A limit must
not become a fault: while Redis is away, each process counts for itself.

By ``limits`` itself, not by Flask-Limiter around it: that took a millisecond of every request, also of those
that are not limited.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import TypeVar, cast

from flask import Flask, Response, current_app, g, request
from limits import RateLimitItemPerMinute
from limits.errors import ConfigurationError as NoClient
from limits.errors import StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter
from werkzeug.middleware.proxy_fix import ProxyFix

from ..core.errors import ConfigurationError, StifinderError
from ..core.settings import Settings
from .visiting import core

LAUNCHES = frozenset({"lti.login", "lti.launch"})
ATTEMPTS = frozenset(
    {
        "register.ask",
        "register.register",
        "register.manual",
        "register.by_hand",
        "register.check",
        "sign_in.ask",
        "sign_in.enter",
    }
)
PASSWORDS = frozenset({"xapi.post", "xapi.put", "xapi.get"})
"""Endpoints by what is counted of them: requests from an address, or wrong passwords for a name."""
PUBLIC = frozenset(
    {
        "front",
        "lti.jwks",
        "learner.go",
        "xapi.about",
        "xapi.elsewhere",
        "api_pages.document",
        "api_pages.guide",
    }
)
"""The other endpoints that need no login, but files and ``health``: many in one firm may come at once."""

AWAY_SECONDS = 10
"""How long Redis is not asked after it did not answer."""
PATIENCE_SECONDS = 0.5
"""How long Redis may take to answer."""
_EXTENSION = "stifinder-limits"

Answer = TypeVar("Answer")

log = logging.getLogger(__name__)


class TooOften(StifinderError):
    """More was asked for than one may ask for in a minute."""

    status = 429
    code = "too-often"

    def __init__(self, what: str, after: int) -> None:
        super().__init__(what, f"Wait {after} seconds.")


class Counts:
    """Counts per minute, shared between processes where there is Redis.

    :param redis_url: "" for none.
    :raises ConfigurationError: when the Redis client is not installed.
    """

    def __init__(self, redis_url: str) -> None:
        self._own = self._shared = FixedWindowRateLimiter(MemoryStorage())
        if redis_url:
            patience = {"socket_timeout": PATIENCE_SECONDS, "socket_connect_timeout": PATIENCE_SECONDS}
            try:
                shared = storage_from_string(redis_url, wrap_exceptions=True, **patience)
            except NoClient as error:
                raise ConfigurationError(
                    "REDIS_URL is set, and the Redis client is not installed.",
                    "Run `pip install redis`, or leave REDIS_URL out.",
                ) from error
            self._shared = FixedWindowRateLimiter(shared)
        self._away_until = 0.0

    def _ask(self, question: Callable[[FixedWindowRateLimiter], Answer]) -> Answer:
        if self._shared is not self._own and time.monotonic() >= self._away_until:
            try:
                return question(self._shared)
            except StorageError as error:
                log.warning("Redis does not answer (%s): limits are counted in this process", error)
                self._away_until = time.monotonic() + AWAY_SECONDS
        return question(self._own)

    def count(self, what: str, most: int, *who: str) -> None:
        """Count one more.

        :raises TooOften: there were ``most`` in this minute already.
        """
        item = RateLimitItemPerMinute(most)
        if not self._ask(lambda counts: counts.hit(item, *who)):
            self._refuse(what, item, *who)

    def look(self, what: str, most: int, *who: str) -> None:
        """As ``count``, without counting."""
        item = RateLimitItemPerMinute(most)
        if not self._ask(lambda counts: counts.test(item, *who)):
            self._refuse(what, item, *who)

    def note(self, most: int, *who: str) -> None:
        """Count one more that was refused already."""
        item = RateLimitItemPerMinute(most)
        self._ask(lambda counts: counts.hit(item, *who))

    def _refuse(self, what: str, item: RateLimitItemPerMinute, *who: str) -> None:
        ends = self._ask(lambda counts: counts.get_window_stats(item, *who)).reset_time
        g.too_often = min(max(1, round(ends - time.time())), 60)
        raise TooOften(what, g.too_often)


def init_app(app: Flask, settings: Settings, by_token: Iterable[str]) -> None:
    """Put limits on the endpoints of an application; the table of doors must be asked before.

    :param by_token: the endpoints of the API.
    """
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.trusted_proxies, x_proto=0, x_host=0, x_port=0, x_prefix=0
        )
    counts, limits = Counts(settings.redis_url), settings.limits
    app.extensions[_EXTENSION] = counts
    calls = frozenset(by_token)

    def check() -> None:
        endpoint = request.endpoint or ""
        if endpoint in LAUNCHES or endpoint in PUBLIC:
            counts.count(_MANY, limits.launches_per_minute, endpoint, address())
        elif endpoint in ATTEMPTS:
            counts.count(_MANY, limits.attempts_per_minute, endpoint, address())
        elif endpoint in PASSWORDS:
            counts.look("A wrong password was sent too often.", limits.failures_per_minute, *_who())
        elif endpoint in calls:
            counts.count("This token was used too often.", limits.api_per_minute, "api", str(g.token.id))

    def note(answer: Response) -> Response:
        if answer.status_code == 401 and request.endpoint in PASSWORDS:
            counts.note(limits.failures_per_minute, *_who())
        if answer.status_code == 429 and "too_often" in g:
            answer.headers["Retry-After"] = str(g.too_often)
        return answer

    app.before_request(check)
    app.after_request(note)


_MANY = "Too much was asked for from one address."


def address() -> str:
    """Who connects, or, behind as many proxies as the settings say, whom the outermost of them heard."""
    return request.remote_addr or "unknown"


def _who() -> tuple[str, str, str]:
    given = request.authorization
    name = given.username if given is not None and given.type == "basic" else None
    return "password", name or "", address()


def wrong_token() -> None:
    """Count a wrong token of the API; good ones from the same address are not held up by it.

    :raises TooOften: there were too many from this address.
    """
    counts = cast(Counts, current_app.extensions[_EXTENSION])
    most = core().settings.limits.failures_per_minute
    counts.count("Wrong tokens were sent too often.", most, "wrong token", address())
