"""Platforms that launch the tool: what they have in common, and messages made by hand.

Each is registered at the tool under an issuer of its own. They speak through one interface: ``request`` is
a login request, ``form`` what the browser posts to the tool, ``asks_for_links`` the same when a teacher adds
a link, ``takes`` their own judgement of the tool's signed answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from lti_platform import LTI, MEMBERSHIP, Platform, rsa_key

DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
SCOPES = "https://purl.imsglobal.org/spec/lti-ags/scope/"
SUBJECT = "subject-1"
TITLE = "Algebra basics"
PLAIN = frozenset({"iss", "aud", "azp", "sub", "nonce", "iat", "exp", "nbf", "name", "email"})
"""Claims that go by their own name; the others begin with LTI's address."""


@dataclass(frozen=True)
class Person:
    """Who launches, and what the platform tells about that person and the place.

    :param role: ``Learner`` or ``Instructor``; None for an empty list of roles.
    """

    role: str | None = "Learner"
    name: str = "Learner 1"
    email: str = "learner-1@example.test"
    course: str = "course-1"
    subject: str = SUBJECT


@dataclass(frozen=True)
class Signing:
    """How a message is signed.

    :param key: name of the key pair; ``first`` is published.
    :param kid: of the header; None for none, "" for the right one.
    """

    key: str = "first"
    kid: str | None = ""


LEARNER = Person()
USUAL = Signing()


@cache
def pem(name: str) -> str:
    """The private key of this name."""
    key = rsa_key(name).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return key.decode()


@cache
def public_pem(name: str) -> str:
    key = rsa_key(name).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return key.decode()


def changed(claims: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A message with some of its claims changed, by their short names; None leaves one out."""
    full = {name if name in PLAIN or "://" in name else LTI + name: value for name, value in changes.items()}
    return {name: value for name, value in {**claims, **full}.items() if value is not None}


@dataclass
class Sender(Platform):
    """A platform with one tool.

    :param services: whether it offers grades and members with its launches.
    """

    services: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        host = urlsplit(self.issuer).hostname
        self.columns = f"https://{host}/2/lineitems?type_id=1"
        self.column = f"https://{host}/2/lineitems/2/lineitem?type_id=1"
        self.members = f"https://{host}/2/memberships"
        self.back = f"https://{host}/return?course=2&sesskey=ej9AyfMpXE"

    @property
    def now(self) -> int:
        return int(self.core.clock().timestamp())

    def form(
        self, asked: Mapping[str, str], person: Person = LEARNER, signing: Signing = USUAL, /, **changes: Any
    ) -> dict[str, str]:
        """What the browser posts to launch a link.

        :param asked: the tool's authentication request.
        :param changes: claims that are changed just before the message is signed; None leaves one out.
        """
        raise NotImplementedError

    def asks_for_links(self, asked: Mapping[str, str], **settings: Any) -> dict[str, str]:
        """What the browser posts when a teacher adds a link.

        :param settings: ``accept_types``, ``data``.
        """
        raise NotImplementedError

    def takes(self, token: str, tool_keys: str) -> list[dict[str, Any]]:
        """The links in the tool's answer, once this platform has checked it.

        :param tool_keys: address of the tool's key set.
        """
        raise NotImplementedError


class HandMade(Sender):
    """Messages written claim by claim."""

    def form(
        self, asked: Mapping[str, str], person: Person = LEARNER, signing: Signing = USUAL, /, **changes: Any
    ) -> dict[str, str]:
        usual: dict[str, Any] = {
            "sub": person.subject,
            "roles": [MEMBERSHIP + person.role] if person.role else [],
            "name": person.name or None,
            "given_name": person.name or None,
            "family_name": person.name or None,
            "email": person.email or None,
            "context": {"id": person.course, "title": TITLE} if person.course else None,
        }
        claims = self.claims(asked["nonce"], usual)
        if self.services:
            claims |= self._services()
        return self._posted(asked, changed(claims, changes), signing)

    def _services(self) -> dict[str, Any]:
        scopes = [f"{SCOPES}{name}" for name in ("lineitem", "result.readonly", "score")]
        return {
            AGS: {"scope": scopes, "lineitems": self.columns, "lineitem": self.column},
            NRPS: {"context_memberships_url": self.members, "service_versions": ["2.0"]},
        }

    def _posted(self, asked: Mapping[str, str], claims: dict[str, Any], signing: Signing) -> dict[str, str]:
        kid = "key-1" if signing.kid == "" else signing.kid
        return {"state": asked["state"], "id_token": self.sign(claims, key=rsa_key(signing.key), kid=kid)}

    def asks_for_links(self, asked: Mapping[str, str], **settings: Any) -> dict[str, str]:
        claims = self.claims(
            asked["nonce"],
            {
                "message_type": "LtiDeepLinkingRequest",
                "resource_link": None,
                "roles": [f"{MEMBERSHIP}Instructor"],
                "launch_presentation": {"locale": "en"},
            },
        )
        usual = {
            "accept_types": ["ltiResourceLink"],
            "accept_presentation_document_targets": ["iframe", "window"],
            "accept_multiple": True,
            "deep_link_return_url": self.back,
        }
        claims[f"{DL}deep_linking_settings"] = usual | settings
        claims |= self._services()
        return self._posted(asked, claims, USUAL)

    def takes(self, token: str, tool_keys: str) -> list[dict[str, Any]]:
        """As the specification asks: signature by kid, parties, time, and each claim of the answer."""
        key = jwt.PyJWKClient(tool_keys).get_signing_key_from_jwt(token)
        claims = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            audience=self.issuer,
            issuer=self.client_id,
            options={"require": ["iss", "aud", "iat", "exp", "nonce"]},
        )
        assert claims[f"{LTI}message_type"] == "LtiDeepLinkingResponse"
        assert claims[f"{LTI}version"] == "1.3.0"
        assert claims[f"{LTI}deployment_id"] == self.deployments[0]
        return list(claims[f"{DL}content_items"])


def timed(changes: Mapping[str, Any], now: int) -> dict[str, Any]:
    """Changes with both times, where one is changed: the libraries set both or none."""
    return {"iat": now, "exp": now + 60, **changes} if {"iat", "exp"} & set(changes) else dict(changes)


def unsigned(header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """Header and claims of a token, encoded, with the dot that its signature follows."""
    parts = [jwt.utils.base64url_encode(json.dumps(part).encode()).decode() for part in (header, claims)]
    return ".".join([*parts, ""])
