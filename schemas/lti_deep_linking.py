"""What a platform says when a teacher adds a link: the settings of an LTI Deep Linking 2.0 request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validate

from .addresses import is_safe_address

DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
DEEP_LINKING_REQUEST = "LtiDeepLinkingRequest"
RESOURCE_LINK = "ltiResourceLink"
RETURN_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class DeepLinking:
    """How a platform wants to be answered.

    :param return_url: where the answer goes; https, or http on this machine itself.
    :param data: goes back unchanged; None when none came.
    :param accepts_links: whether it takes links to this tool at all.
    :param several: whether it takes more than one at a time.
    :param line_items: whether it takes a column for grades with a link.
    """

    return_url: str
    data: str | None = None
    accepts_links: bool = True
    several: bool = False
    line_items: bool = True


def _flag(**more: Any) -> fields.Boolean:
    return fields.Boolean(allow_none=True, truthy={True, "true"}, falsy={False, "false"}, **more)


class DeepLinkingSettings(Schema):
    """The claim ``deep_linking_settings`` (LTI Deep Linking 2.0, section 4.4.1)."""

    class Meta:
        """Platforms add settings of their own."""

        unknown = EXCLUDE

    deep_link_return_url = fields.String(required=True, validate=validate.Length(1, RETURN_CHARACTERS))
    accept_types = fields.List(fields.String(), required=True)
    accept_multiple = _flag(load_default=False)
    accept_lineitem = _flag(load_default=None)
    data = fields.String(load_default=None, allow_none=True)

    @post_load
    def _settings(self, found: Mapping[str, Any], **_: Any) -> DeepLinking:
        address = found["deep_link_return_url"]
        if not is_safe_address(address) or not address.isprintable():
            raise ValidationError("It is no https address.", "deep_link_return_url")
        return DeepLinking(
            return_url=address,
            data=found["data"],
            accepts_links=RESOURCE_LINK in found["accept_types"],
            several=bool(found["accept_multiple"]),
            line_items=found["accept_lineitem"] is not False,
        )
