"""The one client for requests to addresses that came from outside: key sets, configurations, services.

The address that is connected to is the very one that was checked, for each redirect anew; so a name that
changes its answer between check and call (DNS rebinding) gains nothing. Time and size are limited as a whole.
What may be called is in ``outgoing_policy``. Each request has a connection of its own: nothing is shared
between platforms, and none needs to be closed.
"""

from __future__ import annotations

import json as json_format
import re
import ssl
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cached_property
from importlib.metadata import version
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from requests.structures import CaseInsensitiveDict
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from .errors import AddressRefused, NoAnswer
from .outgoing_line import Line, Resolve, look_up, too_slow
from .outgoing_policy import Policy

MOST_REDIRECTS = 3
LIMIT_BYTES = 1_000_000
SECONDS = 10.0
USER_AGENT = f"Stifinder/{version('stifinder')}"
BUSY = (429, 503)
"""Answers that say when to come again (``Retry-After``)."""
KEPT_ELSEWHERE = frozenset({"accept", "accept-language"})
"""The headers of a caller that go along to another host; all others may hold credentials."""
ENCODINGS = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})

Timer = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host answered, whatever the status.

    :param headers: by name, in any case.
    :param body: decoded from gzip.
    :param url: the address that answered, after redirects.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str

    def json(self) -> Any:
        """The body as JSON, whatever it calls itself: Moodle labels tokens ``text/html``.

        :raises NoAnswer: when it is none.
        """
        try:
            return json_format.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise NoAnswer(
                f"{urlsplit(self.url).hostname} answered {self.status} with something that is not JSON.",
                "Check the address in the LMS and in the registration.",
            ) from error

    def retry_after(self) -> float | None:
        """Seconds until the host wants to be asked again (RFC 9110, 10.2.3); None when it does not say."""
        said = self.headers.get("Retry-After", "").strip()
        if re.fullmatch(r"[0-9]{1,9}", said):
            return float(said)
        try:
            until = parsedate_to_datetime(said) - parsedate_to_datetime(self.headers.get("Date", ""))
        except (ValueError, TypeError):
            return None
        return max(until.total_seconds(), 0.0)


class Outgoing:
    """A guarded client, safe between threads.

    Certificates are checked against the system's authorities (``SSL_CERT_FILE`` adds or replaces them) and
    those that come with ``requests``. Proxies, passwords and the like are not taken from the environment.

    :param resolve: how names become addresses.
    :param timer: seconds that only grow.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        resolve: Resolve = look_up,
        timer: Timer = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._policy = policy
        self._resolve = resolve
        self._timer = timer
        self._sleep = sleep

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
        return context

    def get(self, url: str, **options: Any) -> Answer:
        """:meth:`request` with GET."""
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> Answer:
        """:meth:`request` with POST."""
        return self.request("POST", url, **options)

    def request(
        self,
        method: str,
        url: str,
        *,
        json: object = None,
        data: bytes | str | Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        limit_bytes: int = LIMIT_BYTES,
        seconds: float = SECONDS,
        retries: int = 0,
        only: Collection[str] = (),
    ) -> Answer:
        """Send one request and read the whole answer.

        A GET follows up to three redirects, to another host without the caller's headers; a request with
        content follows only those that repeat it at the same host (307, 308).

        :param json, data: the content; a mapping is sent as a form.
        :param limit_bytes: the most that the body may have, also after unpacking.
        :param seconds: for everything together: looking the name up, redirects, retries, a body that drips.
        :param retries: how often a 429 or 503 is asked again, when the wait that it asks for (else a second)
            ends in time; otherwise that answer is returned.
        :param only: the hosts (``name`` or ``name:port``) that may be asked, also after a redirect; any
            without.
        :raises AddressRefused: when the address, or one that it leads to, must not be called.
        :raises NoAnswer: when there was no whole answer within the limits.
        """
        deadline = self._timer() + seconds
        content = {"json": json, "data": data}
        while True:
            answer = self._follow(method, url, content, dict(headers or {}), limit_bytes, deadline, only)
            pause = answer.retry_after()
            pause = 1.0 if pause is None else pause
            if answer.status not in BUSY or retries < 1 or self._timer() + pause >= deadline:
                return answer
            retries -= 1
            self._sleep(pause)

    def _follow(
        self,
        method: str,
        url: str,
        content: Mapping[str, Any],
        headers: dict[str, str],
        limit: int,
        deadline: float,
        only: Collection[str],
    ) -> Answer:
        for _ in range(MOST_REDIRECTS + 1):
            here = self._checked(url)
            if only and here.netloc.lower() not in only:
                raise AddressRefused(
                    f"{here.netloc} is none of the hosts that may be asked: {', '.join(sorted(only))}.",
                    "Name the host where the plugin says what it needs; its administrator then sees it.",
                )
            answer, location = self._ask(method, url, content, headers, limit, deadline)
            if location is None:
                return answer
            try:
                url = urljoin(url, location)
                there = self._checked(url)
            except ValueError as error:
                raise _not_an_address(f"{here.hostname} redirects to something that is") from error
            if here.scheme == "https" and there.scheme == "http":
                raise _not_https(there)
            elsewhere = (here.scheme, here.netloc.lower()) != (there.scheme, there.netloc.lower())
            if method not in ("GET", "HEAD") and (elsewhere or answer.status not in (307, 308)):
                raise NoAnswer(
                    f"{here.hostname} redirects a request that carries content.",
                    "Register the address it redirects to instead: content is not sent on to others.",
                )
            if elsewhere:
                headers = {name: value for name, value in headers.items() if name.lower() in KEPT_ELSEWHERE}
        raise NoAnswer(
            f"{here.hostname} redirects more than {MOST_REDIRECTS} times.",
            "Register the address that the redirects end at.",
        )

    def _checked(self, url: str) -> SplitResult:
        """The parts of an address that may be asked for, as far as its text tells."""
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname or "", parts.port
        except ValueError as error:
            raise _not_an_address("An address is") from error
        if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
            raise _not_an_address("An address is")
        if "%" in parts.netloc or re.search(r"[\x00-\x20\x7f\\]", url):
            raise _not_an_address("An address is")
        if parts.scheme == "http" and not self._policy.allows_plain(host):
            raise _not_https(parts)
        return parts

    def _ask(
        self,
        method: str,
        url: str,
        content: Mapping[str, Any],
        headers: Mapping[str, str],
        limit: int,
        deadline: float,
    ) -> tuple[Answer, str | None]:
        """One request to one host; with the address it redirects to, if it does."""
        host = urlsplit(url).hostname or ""
        line = Line(self._policy, self._resolve, self._tls, lambda: deadline - self._timer())
        sent = {
            "User-Agent": USER_AGENT,
            "Accept": "*/*",
            "Accept-Encoding": "gzip",
            "Connection": "close",
        }
        with line.cut_in_time():
            try:
                asked = requests.Request(method, url, headers=sent | dict(headers), **content).prepare()
                longest = max(deadline - self._timer(), 0) + 1  # the line is cut a second before this
                # Not by a session: that would read the body of a redirect, however long it is.
                with line.send(asked, stream=True, timeout=longest) as answer:
                    location = _redirect(answer)
                    body = b"" if location is not None else _body(answer, host, limit)
            except requests.RequestException as error:
                raise (too_slow(host) if line.cut else _failed(host, error)) from error
            if line.cut:  # without a length in its headers, a body that was cut looks whole
                raise too_slow(host)
        return Answer(answer.status_code, CaseInsensitiveDict(answer.headers), body, url), location


def _redirect(answer: requests.Response) -> str | None:
    """Where an answer redirects to; bytes beyond ASCII are UTF-8 there, if anything."""
    if not answer.is_redirect:
        return None
    return answer.headers["Location"].encode("latin-1").decode("utf-8", "replace")


def _body(answer: requests.Response, host: str, limit: int) -> bytes:
    if answer.headers.get("Content-Encoding", "").strip().lower() not in ENCODINGS:
        raise NoAnswer(f"{host} answered in an encoding that was not asked for.", "Check its web server.")
    body = bytearray()
    for chunk in answer.iter_content(8192):
        body += chunk
        if len(body) > limit:
            raise NoAnswer(
                f"The answer of {host} is larger than {limit // 1024} KB.",
                "Check the address: this is not what was expected there.",
            )
    return bytes(body)


# --- errors ---------------------------------------------------------------------------------------


def _not_an_address(subject: str) -> AddressRefused:
    return AddressRefused(f"{subject} no web address.", "Write it like https://lms.example.com/path.")


def _not_https(parts: SplitResult) -> AddressRefused:
    return AddressRefused(
        f"The address at {parts.hostname} is not https.",
        "Use its https address. (For development, `development = true` allows http on this machine.)",
    )


def _failed(host: str, error: requests.RequestException) -> NoAnswer:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return NoAnswer(
                f"The certificate of {host} was not accepted: {cause.verify_message}.",
                "Put it right there; for an authority of your own, set SSL_CERT_FILE for this server.",
            )
        cause = cause.__cause__ or cause.__context__
    return NoAnswer(
        f"{host} gave no whole answer ({type(error).__name__}).", "Try again; check its web server."
    )
