"""A signed message as text: three parts, read strictly, and read once (RFC 7515, compact serialization).

PyJWT proves the signature; its own reader looks at every character of a message by itself, and would be asked
twice, since the key to prove a message with stands in the message. What is not needed is refused: critical
extensions, detached and unencoded payloads.
"""

from __future__ import annotations

import binascii
import json
import string
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

_ALPHABET = (string.ascii_letters + string.digits + "-_").encode()


class Unreadable(ValueError):
    """The text is no signed message; says why."""


@dataclass(frozen=True, slots=True)
class SignedMessage:
    """A message that says of itself how it is signed; nothing in it is proved before ``signed_by``.

    :param header, payload: JSON objects.
    """

    header: Mapping[str, Any]
    payload: Mapping[str, Any]
    _signed: bytes
    _signature: bytes

    @property
    def algorithm(self) -> str:
        """What it is signed with; "" when it does not say so."""
        name = self.header.get("alg")
        return name if isinstance(name, str) else ""

    @property
    def key_id(self) -> str:
        """Which key it is signed with; "" when it does not say so."""
        kid = self.header.get("kid")
        return kid if isinstance(kid, str) else ""

    def signed_by(self, key: jwt.PyJWK) -> bool:
        """Whether this key signed it, by the key's own algorithm; a key that is too short proves nothing."""
        if self.algorithm != key.algorithm_name or key.Algorithm.check_key_length(key.key):
            return False
        return bool(key.Algorithm.verify(self._signed, key.key, self._signature))


def read(token: str) -> SignedMessage:
    """Take a message apart.

    :raises Unreadable: it has not three parts of base64url, or not two JSON objects.
    """
    try:
        text = token.encode("ascii")
    except UnicodeEncodeError as error:
        raise Unreadable("it holds other characters than base64url") from error
    parts = text.split(b".")
    if len(parts) != 3:
        raise Unreadable(f"it has {len(parts)} parts")
    head, body, signature = parts
    header = _json_object(head)
    if "crit" in header or "b64" in header:
        raise Unreadable("it asks for an extension")
    # An unsigned message is read too: what is wrong with it stands in its header.
    proof = _bytes(signature) if signature else b""
    return SignedMessage(header, _json_object(body), text[: len(head) + 1 + len(body)], proof)


def _json_object(part: bytes) -> dict[str, Any]:
    try:
        value = json.loads(_bytes(part))
    except (ValueError, RecursionError) as error:
        raise Unreadable("a part is not JSON") from error
    if not isinstance(value, dict):
        raise Unreadable("a part is no JSON object")
    return value


def _bytes(part: bytes) -> bytes:
    """What a part stands for; every value has exactly one spelling."""
    if not part or part.translate(None, _ALPHABET):
        raise Unreadable("a part is not base64url")
    try:
        value = urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except binascii.Error as error:
        raise Unreadable("a part is not base64url") from error
    # Of the last characters some bits stand for nothing; written anew, they are zero.
    rest = len(value) % 3
    if rest and not part.endswith(urlsafe_b64encode(value[-rest:]).rstrip(b"=")):
        raise Unreadable("a part is not base64url")
    return value
