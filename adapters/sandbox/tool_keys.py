"""What tools sign: their public keys, fetched where they registered them, and messages checked with these."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import jwt
import requests

from .tools import RegisteredTool

TIMEOUT = (3.0, 10.0)
"""Seconds to connect, and to wait for an answer."""
LONGEST = 24 * 3600
"""Seconds that a message may be good for: as long as it is remembered which were used."""


class NotVerified(Exception):
    """A message that is not the tool's, or is not good (any more); the text says why."""


class ToolKeys:
    """Key sets by address; fetched once more when a message names a key that is not among them."""

    def __init__(self) -> None:
        self._sets: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()
        self._session = requests.Session()
        self._session.trust_env = False  # loopback: no proxy

    def verify(
        self, tool: RegisteredTool, token: str, audience: str, needed: Sequence[str]
    ) -> dict[str, Any]:
        """The claims of a message that this tool signed for ``audience``.

        There is no leeway: a message from the future is refused, as Moodle does.

        :param needed: claims that it must have.
        :raises NotVerified: when it is not good.
        """
        try:
            header = jwt.get_unverified_header(token)
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key(tool, str(header.get("kid", ""))),
                algorithms=["RS256"],
                audience=audience,
                issuer=tool.client_id,
                options={"require": list(needed)},
            )
        except jwt.PyJWTError as error:
            raise NotVerified(f"The tool's message is not good: {error}.") from error
        begins, ends = claims["iat"], claims["exp"]
        numbers = isinstance(begins, int | float) and isinstance(ends, int | float)
        if not numbers or not 0 < ends - begins <= LONGEST:
            raise NotVerified("The tool's message must be good for a while, and for a day at most.")
        return claims

    def _key(self, tool: RegisteredTool, kid: str) -> Any:
        address = tool.key_set
        with self._lock:
            if kid not in self._sets.get(address, {}):
                self._sets[address] = self._fetch(address)
            found = self._sets[address].get(kid)
        if found is None:
            raise NotVerified(f"The key {kid!r} is not in the tool's key set.")
        return found

    def _fetch(self, address: str) -> dict[str, Any]:
        try:
            answer = self._session.get(address, timeout=TIMEOUT)
            answer.raise_for_status()
            body = answer.json()
            keys = jwt.PyJWKSet.from_dict(body if isinstance(body, dict) else {}).keys
        except (requests.RequestException, ValueError, jwt.PyJWTError) as error:
            raise NotVerified(f"The tool's keys cannot be fetched ({type(error).__name__}).") from error
        return {key.key_id: key.key for key in keys if key.key_id}
