"""Public keys of platforms: fetched when needed, kept for a while, refetched once when a key is unknown.

PyJWT's own client neither limits the size of an answer nor how often an unknown key makes it ask again.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

import jwt
import requests
from cachetools import LRUCache

from ..core.errors import LaunchRefused
from ..schemas.addresses import is_safe_address

ALGORITHMS = ("RS256", "ES256")
"""What platforms may sign with; fixed here, never taken from a token."""
KEEP_SECONDS = 3600
REFETCH_SECONDS = 60
FAILURE_SECONDS = 10
"""How long a platform that did not answer is left alone."""
TIMEOUT_SECONDS = 5
LARGEST_BYTES = 256 * 1024
MOST_REDIRECTS = 3
MOST_KEY_SETS = 256

log = logging.getLogger("stifinder.lti")

Timer = Callable[[], float]


@dataclass
class _KeySet:
    keys: dict[str, jwt.PyJWK] = field(default_factory=dict)
    fetched_at: float = float("-inf")
    refetched_at: float = float("-inf")
    failed_at: float = float("-inf")
    lock: threading.Lock = field(default_factory=threading.Lock)


class PlatformKeys:
    """A bounded cache of key sets, safe between threads.

    :param timer: seconds that only grow.
    """

    def __init__(self, timer: Timer = time.monotonic) -> None:
        self._timer = timer
        self._sets: LRUCache[str, _KeySet] = LRUCache(MOST_KEY_SETS)
        self._lock = threading.Lock()

    def find(self, key_set_url: str, kid: str) -> jwt.PyJWK:
        """The key of this id.

        :raises LaunchRefused: ``keys-unreachable``, or ``unknown-kid`` after at most one refetch a minute.
        """
        with self._lock:
            entry = self._sets.setdefault(key_set_url, _KeySet())
        with entry.lock:
            now = self._timer()
            if now - entry.fetched_at >= KEEP_SECONDS:
                self._fetch(entry, key_set_url)
            elif kid not in entry.keys and now - entry.refetched_at >= REFETCH_SECONDS:
                entry.refetched_at = now
                self._fetch(entry, key_set_url)
            if kid in entry.keys:
                return entry.keys[kid]
        raise LaunchRefused(
            "unknown-kid",
            f"The message is signed with the key {kid[:100]!r}, which the LMS does not publish.",
            f"Try again in a minute. Administrator: check the key set address {key_set_url}.",
        )

    def _fetch(self, entry: _KeySet, key_set_url: str) -> None:
        if self._timer() - entry.failed_at < FAILURE_SECONDS:
            raise _unreachable(key_set_url, "it did not answer a moment ago")
        try:
            entry.keys = read_key_set(download(key_set_url, self._timer))
        except LaunchRefused:
            entry.failed_at = self._timer()
            raise
        entry.fetched_at = self._timer()


def download(url: str, timer: Timer = time.monotonic) -> bytes:
    """The body at an address: over https (http on loopback), within 5 seconds, at most 256 KB, 3 redirects.

    :raises LaunchRefused: ``keys-unreachable``.
    """
    start, address = url, url
    deadline = timer() + TIMEOUT_SECONDS
    for _ in range(MOST_REDIRECTS + 1):
        if not is_safe_address(address) or (start.startswith("https:") and address.startswith("http:")):
            raise _unreachable(start, "it leads to an address that is not https")
        try:
            with requests.get(address, timeout=TIMEOUT_SECONDS, stream=True, allow_redirects=False) as answer:
                if answer.is_redirect:
                    address = urljoin(address, answer.headers["Location"])
                    continue
                if answer.status_code != 200:
                    raise _unreachable(start, f"it answered {answer.status_code}")
                return _body(answer, start, deadline, timer)
        except (requests.RequestException, ValueError) as error:  # ValueError: a malformed Location
            raise _unreachable(start, type(error).__name__) from error
    raise _unreachable(start, f"it redirects more than {MOST_REDIRECTS} times")


def _body(answer: requests.Response, url: str, deadline: float, timer: Timer) -> bytes:
    body = bytearray()
    for chunk in answer.iter_content(8192):
        body += chunk
        if len(body) > LARGEST_BYTES:
            raise _unreachable(url, f"the answer is larger than {LARGEST_BYTES // 1024} KB")
        if timer() > deadline:
            raise _unreachable(url, f"the answer took longer than {TIMEOUT_SECONDS} seconds")
    return bytes(body)


def read_key_set(body: bytes) -> dict[str, jwt.PyJWK]:
    """Key id to key, of a JSON Web Key Set (RFC 7517). Keys of other kinds or without an id are passed over.

    :raises LaunchRefused: ``keys-unreachable`` when it is no key set.
    """
    try:
        entries = json.loads(body)["keys"]
        if not isinstance(entries, list):
            raise TypeError("keys is no list")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _unreachable("of the LMS", "the answer is no JSON Web Key Set") from error
    found: dict[str, jwt.PyJWK] = {}
    for entry in entries:
        key = _usable(entry)
        if key is not None and key.key_id is not None:
            found.setdefault(key.key_id, key)
    return found


def _usable(entry: Any) -> jwt.PyJWK | None:
    if not isinstance(entry, dict) or entry.get("kty") not in ("RSA", "EC") or entry.get("use") == "enc":
        return None
    if not isinstance(entry.get("kid"), str) or not isinstance(entry.get("alg", ""), str):
        return None
    if "d" in entry:
        log.warning("a platform publishes a private key; it was passed over, for anybody could sign with it")
        return None
    try:
        key = jwt.PyJWK(entry)
    except jwt.PyJWTError as error:
        log.info("a key of a platform's key set was passed over: %s", type(error).__name__)
        return None
    return key if key.algorithm_name in ALGORITHMS else None


def _unreachable(url: str, why: str) -> LaunchRefused:
    return LaunchRefused(
        "keys-unreachable",
        f"The keys of the LMS could not be fetched from {url}: {why}.",
        "Try again in a minute. Administrator: check the key set address, and that this server can reach it.",
    )
