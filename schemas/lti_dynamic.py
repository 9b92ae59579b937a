"""What an LMS tells in a dynamic registration: its OpenID configuration, and its answer.

LTI Dynamic Registration 1.0 (1EdTech), on OpenID Connect Discovery 1.0 and Dynamic Client Registration 1.0.
What is not listed here is not read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from ..core.errors import RegistrationRefused
from .addresses import is_safe_address, origin
from .lti import Number, OneLine

PLATFORM = "https://purl.imsglobal.org/spec/lti-platform-configuration"
TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"
MOST = 500
"""Entries of a list that are read."""
_AGAIN = "Start the registration in the LMS again."
_VENDOR = "Register by hand instead, and tell whoever makes the LMS."


@dataclass(frozen=True, slots=True)
class PlatformConfiguration:
    """An LMS as its OpenID configuration describes it.

    :param product, version: of the LMS; "" when not said.
    :param scopes, variables: that it knows; empty when it does not say.
    :param messages: type of message to the placements where the LMS offers it.
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    registration_endpoint: str
    product: str
    version: str
    scopes: frozenset[str]
    variables: frozenset[str]
    messages: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class RegistrationAnswer:
    """What the LMS made of a registration.

    :param deployment_id: "" when it does not say; the first launch will.
    :param scopes: that it granted; empty when it does not say.
    """

    client_id: str
    deployment_id: str
    scopes: tuple[str, ...]


def _safe(address: str) -> None:
    if not address.isprintable() or " " in address or not is_safe_address(address):
        raise ValidationError("It is no https:// address.")


class _Loose(Schema):
    class Meta:
        unknown = EXCLUDE


def _address() -> fields.String:
    return fields.String(required=True, validate=[validate.Length(max=1000), _safe])


class _Strings(fields.Field[tuple[str, ...]]):
    """The texts of a list; whatever else is in it is passed over."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[str, ...]:
        return _texts(value)


def _texts(value: object) -> tuple[str, ...]:
    entries = value if isinstance(value, list) else []
    return tuple(entry for entry in entries[:MOST] if isinstance(entry, str) and entry.isprintable())


class _Messages(fields.Field[dict[str, tuple[str, ...]]]):
    """``[{"type": "LtiDeepLinkingRequest", "placements": ["ContentArea"]}]`` by type."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for entry in value[:MOST] if isinstance(value, list) else []:
            if isinstance(entry, dict) and isinstance(entry.get("type"), str):
                found[entry["type"]] = found.get(entry["type"], ()) + _texts(entry.get("placements"))
        return found


class _Platform(_Loose):
    product_family_code = OneLine(load_default="", allow_none=True)
    version = OneLine(load_default="", allow_none=True)
    messages_supported = _Messages(load_default=dict, allow_none=True)
    variables = _Strings(load_default=(), allow_none=True)


class _Configuration(_Loose):
    issuer = OneLine(required=True, validate=[validate.Length(max=500), validate.Regexp(r"https?://\S+\Z")])
    authorization_endpoint = _address()
    token_endpoint = _address()
    jwks_uri = _address()
    registration_endpoint = _address()
    scopes_supported = _Strings(load_default=(), allow_none=True)
    platform = fields.Nested(_Platform, data_key=PLATFORM, load_default=dict, allow_none=True)


class _Tool(_Loose):
    deployment_id = Number(load_default="", allow_none=True)


class _Answer(_Loose):
    client_id = Number(required=True)
    scope = fields.Raw(load_default="", allow_none=True)
    tool = fields.Nested(_Tool, data_key=TOOL, load_default=dict, allow_none=True)


def load_configuration(body: bytes, address: str) -> PlatformConfiguration:
    """Read an OpenID configuration that was fetched from ``address``.

    :raises RegistrationRefused: ``bad-configuration``, or ``issuer-mismatch`` when it speaks for another.
    """
    data = _read(body, "bad-configuration", "The configuration of the LMS")
    try:
        values = dict(_Configuration().load(data))
    except ValidationError as error:
        name = str(next(iter(error.messages)))
        raise RegistrationRefused(
            "bad-configuration",
            f"The configuration of the LMS at {address} lacks {name!r}, or it is malformed.",
            _VENDOR,
        ) from error
    if not same_host(values["issuer"], address):
        raise RegistrationRefused(
            "issuer-mismatch",
            f"The configuration at {address} speaks for {values['issuer']}, which is another host.",
            "Start the registration from inside your LMS. Where the LMS itself does this, register by hand.",
            status=403,
        )
    platform = values["platform"] or {}
    return PlatformConfiguration(
        issuer=values["issuer"],
        authorization_endpoint=values["authorization_endpoint"],
        token_endpoint=values["token_endpoint"],
        jwks_uri=values["jwks_uri"],
        registration_endpoint=values["registration_endpoint"],
        product=(platform.get("product_family_code") or "")[:100],
        version=(platform.get("version") or "")[:100],
        scopes=frozenset(values["scopes_supported"] or ()),
        variables=frozenset(platform.get("variables") or ()),
        messages=platform.get("messages_supported") or {},
    )


def same_host(issuer: str, address: str) -> bool:
    """Whether an issuer is at the host and port of an address."""
    try:
        return origin(issuer) == origin(address)
    except ValueError:
        return False


def load_answer(body: bytes) -> RegistrationAnswer:
    """Read what the LMS answered to the registration.

    :raises RegistrationRefused: ``bad-answer``.
    """
    data = _read(body, "bad-answer", "The answer of the LMS")
    try:
        values = _Answer().load(data)
    except ValidationError as error:
        name = str(next(iter(error.messages)))
        raise RegistrationRefused(
            "bad-answer", f"In the answer of the LMS {name!r} is missing or malformed.", _VENDOR, status=502
        ) from error
    scope = values["scope"] if isinstance(values["scope"], str) else ""
    return RegistrationAnswer(
        client_id=values["client_id"],
        deployment_id=(values["tool"] or {}).get("deployment_id") or "",
        scopes=tuple(scope.split()[:MOST]),
    )


def _read(body: bytes, reason: str, what: str) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RegistrationRefused(reason, f"{what} is no JSON.", _AGAIN, status=502) from error
    if not isinstance(data, dict):
        raise RegistrationRefused(reason, f"{what} is no JSON object.", _AGAIN, status=502)
    return data
