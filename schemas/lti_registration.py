"""The data of a registration, as an administrator copies it from the LMS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from ..core.errors import InvalidInput
from ..core.store.tables import SYSTEM
from .addresses import is_safe_address
from .lti import Identifier, OneLine

CURE = "Copy it from the tool's page in the LMS; `stifinder register --help` shows an example."


def _safe(address: str) -> None:
    if not address.isprintable() or " " in address or not is_safe_address(address):
        raise ValidationError(
            "It is no https:// address (http:// is accepted on this machine itself, for development)."
        )


def _safe_or_nothing(address: str) -> None:
    if address:
        _safe(address)


_SHORT_ENOUGH = validate.Length(max=1000)


class _Registration(Schema):
    tenant = fields.String(
        required=True,
        validate=[
            validate.Regexp(
                r"[a-z0-9][a-z0-9-]{0,62}\Z",
                error="Use 1 to 63 small letters, digits and hyphens, like acme-training.",
            ),
            validate.NoneOf([SYSTEM], error="This name is the tool's own."),
        ],
    )
    issuer = OneLine(
        required=True,
        validate=[
            validate.Length(max=500),
            validate.Regexp(r"https?://\S+\Z", error="It is an address, as the LMS shows it."),
        ],
    )
    client_id = Identifier(required=True)
    deployments = fields.List(Identifier(), required=True, validate=validate.Length(min=1))
    auth_login_url = fields.String(required=True, validate=[_SHORT_ENOUGH, _safe])
    auth_token_url = fields.String(load_default="", validate=[_SHORT_ENOUGH, _safe_or_nothing])
    key_set_url = fields.String(required=True, validate=[_SHORT_ENOUGH, _safe])
    product = OneLine(load_default="", validate=validate.Length(max=100))


def load_registration(data: Mapping[str, Any]) -> dict[str, Any]:
    """Check what an administrator gave: tenant, issuer, client id, deployments, addresses, product.

    :param data: keys ``tenant``, ``issuer``, ``client_id``, ``deployments`` (a list), ``auth_login_url``,
        ``key_set_url``, and optionally ``auth_token_url`` and ``product``.
    :returns: the same keys, all present.
    :raises InvalidInput: for the first wrong field, which ``where`` names.
    """
    try:
        return dict(_Registration().load(data))
    except ValidationError as error:
        name = str(next(iter(error.messages)))
        given = f" Given: {data[name]!r}." if data.get(name) else ""
        raise InvalidInput(f"{_first(error.messages)}{given}", CURE, where=name) from error


def _first(messages: Any) -> str:
    """The first text in marshmallow's nested messages."""
    while not isinstance(messages, str):
        messages = next(iter(messages.values() if isinstance(messages, Mapping) else messages))
    return messages
