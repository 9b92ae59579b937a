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

import jwt
from cachetools import LRUCache

from ...core.errors import LaunchRefused, OutgoingError
from ...core.outgoing import Outgoing

ALGORITHMS = ("RS256", "ES256")
"""What platforms may sign with; fixed here, never taken from a token."""
KEEP_SECONDS = 3600
REFETCH_SECONDS = 60
FAILURE_SECONDS = 10
"""How long a platform that did not answer is left alone."""
TIMEOUT_SECONDS = 5
LARGEST_BYTES = 256 * 1024
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

    :param outgoing: the client to fetch with.
    :param timer: seconds that only grow.
    """

    def __init__(self, outgoing: Outgoing, timer: Timer = time.monotonic) -> None:
        self._outgoing = outgoing
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
            entry.keys = read_key_set(download(self._outgoing, key_set_url))
        except LaunchRefused:
            entry.failed_at = self._timer()
            raise
        entry.fetched_at = self._timer()


def download(outgoing: Outgoing, url: str) -> bytes:
    """The body at an address: within 5 seconds, at most 256 KB.

    :raises LaunchRefused: ``keys-unreachable``.
    """
    try:
        answer = outgoing.get(url, limit_bytes=LARGEST_BYTES, seconds=TIMEOUT_SECONDS)
    except OutgoingError as error:
        raise LaunchRefused(
            "keys-unreachable", f"The keys of the LMS could not be fetched: {error.what}", error.cure
        ) from error
    if answer.status != 200:
        raise _unreachable(url, f"it answered {answer.status}")
    return answer.body


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
    if not isinstance(entry.get("kid"), str) or entry.get("alg", "") not in ("", *ALGORITHMS):
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
