"""The claims of an LTI launch.

Claims are those of the LTI Core Specification 1.3 and of the 1EdTech Security Framework 1.0. A claim that is
not listed here is not read; a name of a person is never read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from ..core.errors import LaunchRefused
from ..core.people import Role
from .addresses import origin
from .lti_deep_linking import DEEP_LINKING_REQUEST, DL, DeepLinking, DeepLinkingSettings
from .lti_roles import roles_of
from .lti_services import Services, services

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
VERSION = "1.3.0"
RESOURCE_LINK_REQUEST = "LtiResourceLinkRequest"
SUBMISSION_REVIEW_REQUEST = "LtiSubmissionReviewRequest"
ID_CHARACTERS = 255
"""The longest identifier that LTI allows (``sub``, deployment, resource link)."""
CUSTOM_CHARACTERS = 600
RETURN_CHARACTERS = 600
"""What is longer is left out: custom parameters (all together) and return address must fit in a cookie."""
MENTEES, MENTEE_CHARACTERS = 20, 800
"""The most people a mentor accompanies, and the length of all their ids: they too must fit in a cookie."""
TO_ADMINISTRATOR = "Tell the administrator of the LMS: the tool's settings there are incomplete or wrong."


@dataclass(frozen=True, slots=True)
class LaunchClaims:
    """The claims of a launch, checked for form; who sent them is not checked here.

    :param audience: client ids; ``audience_is_list`` says how they were written.
    :param issued_at, expires_at: seconds since 1970, UTC; ``not_before`` is -inf when not said.
    :param email: "" when not sent, or no address.
    :param locale: BCP 47 tag; "" when not sent.
    :param return_url: an http(s) address; "" when not sent.
    :param link_id: the resource link; "" when a teacher is adding links (``deep_linking``).
    :param target_link_uri: "" only where a teacher is adding links, and it was not sent.
    :param deep_linking: how to answer with links; None for a launch of a link.
    :param services: the platform's services that come with this launch.
    :param about: what the platform calls the person whose work is to be reviewed; "" for other messages.
    :param mentees: what the platform calls the people whom a mentor accompanies.
    :param named: whether the platform sent a name or an e-mail address; the names themselves are not read.
    """

    issuer: str
    audience: tuple[str, ...]
    audience_is_list: bool
    authorized_party: str
    subject: str
    nonce: str
    issued_at: float
    expires_at: float
    not_before: float
    deployment_id: str
    target_link_uri: str
    link_id: str
    roles: frozenset[Role]
    context_id: str
    context_title: str
    email: str
    locale: str
    return_url: str
    custom: dict[str, str] = field(default_factory=dict)
    deep_linking: DeepLinking | None = None
    services: Services = field(default_factory=Services)
    about: str = ""
    mentees: tuple[str, ...] = ()
    named: bool = False


class _Quick:
    """A field whose validators are called as they are; marshmallow makes a list of them for each value."""

    validators: list[Any]

    def _validate(self, value: Any) -> None:
        for check in self.validators:
            check(value)


class OneLine(_Quick, fields.String):
    """Text that can be stored: no lone surrogates, no control characters.

    :param longest, shortest: characters.
    """

    def __init__(self, longest: int | None = None, shortest: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._longest, self._shortest = longest, shortest

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("It is no text.")
        if not value.isprintable():
            raise ValidationError("It holds characters that cannot be shown.")
        if len(value) < self._shortest or (self._longest is not None and len(value) > self._longest):
            raise ValidationError(f"It has {len(value)} characters.")
        return value


class Identifier(OneLine):
    """An identifier as LTI allows it: 1 to 255 characters."""

    def __init__(self, longest: int = ID_CHARACTERS, **kwargs: Any) -> None:
        super().__init__(longest, 1, **kwargs)


class Number(Identifier):
    """An identifier that some LMSs count up (Docebo, Moodle), and may send as a number instead of a text."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        counted = isinstance(value, int) and not isinstance(value, bool)
        return super()._deserialize(str(value) if counted else value, *args, **kwargs)


class _Part(_Quick, fields.Field[dict[str, str]]):
    """An object of which some texts are read; what is absent or null is "".

    A nested schema would do the same, and take as long as all the other claims together.

    :param longest: name to the most characters; None for any number, checked where it is used.
    :param needed: a name that must be there, and not be empty.
    """

    def __init__(self, longest: Mapping[str, int | None], needed: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._longest, self._needed = longest, needed

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, str]:
        if not isinstance(value, Mapping):
            raise ValidationError("It is no object.")
        found: dict[str, str] = {}
        for name, longest in self._longest.items():
            text = value.get(name)
            if text is None:
                text = ""
            if not isinstance(text, str) or (not text and name == self._needed):
                raise ValidationError({name: ["It is no text."]})
            if longest is not None and (len(text) > longest or not text.isprintable()):
                raise ValidationError({name: ["It is too long, or cannot be shown."]})
            found[name] = text
        return found


class _NumericDate(_Quick, fields.Field[float]):
    """Seconds since 1970 as JSON number (RFC 7519, section 2)."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValidationError("It is no number.")
        try:
            seconds = float(value)
        except OverflowError as error:
            raise ValidationError("It is too large.") from error
        if not math.isfinite(seconds):
            raise ValidationError("It is no number.")
        return seconds


class _Audience(_Quick, fields.Field[object]):
    """One client id, or a list of them (RFC 7519, section 4.1.3)."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> object:
        entries = value if isinstance(value, list) else [value]
        if not entries or not all(isinstance(entry, str) and entry for entry in entries):
            raise ValidationError("It is neither a client id nor a list of them.")
        return value


class _Names(_Quick, fields.Field[tuple[str, ...]]):
    """A list of names; what is no text in it is passed over."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise ValidationError("It is no list.")
        return tuple(name for name in value if isinstance(name, str))


class _Claims(Schema):
    class Meta:
        unknown = EXCLUDE


class _Message(_Claims):
    """What tells the kind of message; looked at first, so that a refusal names the root of it."""

    version = fields.Raw(data_key=f"{LTI}version", required=True, validate=validate.Equal(VERSION))
    message_type = Identifier(data_key=f"{LTI}message_type", required=True)


class _Launch(_Claims):
    iss = Identifier(500, required=True)
    aud = _Audience(required=True)
    azp = OneLine(load_default="")
    sub = Identifier(required=True)
    nonce = Identifier(required=True)
    iat = _NumericDate(required=True)
    exp = _NumericDate(required=True)
    nbf = _NumericDate(load_default=-math.inf)
    deployment_id = Number(data_key=f"{LTI}deployment_id", required=True)
    roles = _Names(data_key=f"{LTI}roles", required=True)
    context = _Part(
        {"id": ID_CHARACTERS, "title": None, "label": None},
        data_key=f"{LTI}context",
        load_default=None,
        allow_none=True,
    )
    launch_presentation = _Part(
        {"locale": None, "return_url": None},
        data_key=f"{LTI}launch_presentation",
        load_default=None,
        allow_none=True,
    )


class _LinkLaunch(_Launch):
    target_link_uri = Identifier(2000, data_key=f"{LTI}target_link_uri", required=True)
    resource_link = _Part({"id": ID_CHARACTERS}, "id", data_key=f"{LTI}resource_link", required=True)


class _ReviewLaunch(_Launch):
    """Somebody opens a grade (LTI Submission Review Message 1.0); its column need not belong to a link."""

    target_link_uri = Identifier(2000, data_key=f"{LTI}target_link_uri", required=True)
    resource_link = _Part(
        {"id": ID_CHARACTERS}, data_key=f"{LTI}resource_link", load_default=None, allow_none=True
    )
    for_user = _Part({"user_id": ID_CHARACTERS}, "user_id", data_key=f"{LTI}for_user", required=True)


class _DeepLinkingLaunch(_Launch):
    """A teacher adds links: there is none yet, and the target may be left out."""

    target_link_uri = OneLine(2000, data_key=f"{LTI}target_link_uri", load_default="")
    deep_linking = fields.Nested(DeepLinkingSettings, data_key=f"{DL}deep_linking_settings", required=True)


_NAMES = ("name", "given_name", "family_name", "middle_name", "email")

# Made once: making a schema takes as long as loading with it, and loading leaves no trace in it.
_KINDS: Mapping[str, _Launch] = {
    RESOURCE_LINK_REQUEST: _LinkLaunch(),
    DEEP_LINKING_REQUEST: _DeepLinkingLaunch(),
    SUBMISSION_REVIEW_REQUEST: _ReviewLaunch(),
}


def load_launch(payload: Mapping[str, Any]) -> LaunchClaims:
    """Read the payload of an id_token whose signature was verified.

    :raises LaunchRefused: ``not-an-lti-message``, ``wrong-version``, ``unsupported-message``,
        ``missing-<claim>`` or ``bad-<claim>``, where a claim goes by its last word (``missing-sub``,
        ``missing-resource_link``).
    """
    if not any(f"{LTI}{claim}" in payload for claim in ("version", "message_type", "deployment_id")):
        raise LaunchRefused(
            "not-an-lti-message", "The LMS sent a message that is no LTI message.", TO_ADMINISTRATOR
        )
    kind = payload.get(f"{LTI}message_type")
    schema = _KINDS.get(kind) if isinstance(kind, str) else None
    if schema is None or payload.get(f"{LTI}version") != VERSION:
        raise _no_launch(payload)
    data = _load(schema, payload)
    context = data["context"] or {}
    presentation = data["launch_presentation"] or {}
    audience = data["aud"]
    return LaunchClaims(
        issuer=data["iss"],
        audience=tuple(audience) if isinstance(audience, list) else (audience,),
        audience_is_list=isinstance(audience, list),
        authorized_party=data["azp"],
        subject=data["sub"],
        nonce=data["nonce"],
        issued_at=data["iat"],
        expires_at=data["exp"],
        not_before=data["nbf"],
        deployment_id=data["deployment_id"],
        target_link_uri=data["target_link_uri"],
        link_id=(data.get("resource_link") or {}).get("id", ""),
        roles=roles_of(data["roles"]),
        context_id=context.get("id") or "",
        context_title=_one_line(context.get("title") or context.get("label") or "", 200),
        email=_email(payload.get("email")),
        locale=_locale(presentation.get("locale") or ""),
        return_url=_web_address(presentation.get("return_url") or ""),
        custom=_custom(payload.get(f"{LTI}custom")),
        deep_linking=data.get("deep_linking"),
        services=services(payload),
        about=data["for_user"]["user_id"] if "for_user" in data else "",
        mentees=_mentees(payload.get(f"{LTI}role_scope_mentor")),
        named=any(payload.get(claim) for claim in _NAMES),
    )


def _no_launch(payload: Mapping[str, Any]) -> LaunchRefused:
    """Why a message is none of the kinds that are known.

    :raises LaunchRefused: it does not say which kind, or not that it is LTI 1.3.
    """
    message_type = _load(_Message(), payload)["message_type"]
    return LaunchRefused(
        "unsupported-message",
        f"The LMS sent a message of the kind {message_type!r}, which is not supported yet.",
        "Open the activity from a course.",
    )


def _load(schema: Schema, payload: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return dict(schema.load(payload))
    except ValidationError as error:
        path = _path(error.messages)
        claim = ".".join([path[0].rsplit("/", 1)[-1], *path[1:]])
        if claim == "version":
            raise LaunchRefused(
                "wrong-version", "The LMS did not say that it speaks LTI 1.3.0.", TO_ADMINISTRATOR
            ) from error
        value: object = payload
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        missing = value is None or value == ""
        raise LaunchRefused(
            f"{'missing' if missing else 'bad'}-{claim}",
            f"The LMS {'left out the' if missing else 'sent a malformed'} claim {'.'.join(path)}.",
            TO_ADMINISTRATOR,
        ) from error


def _path(messages: object) -> list[str]:
    """The way to the first error in marshmallow's nested messages, in the schema's order; never empty."""
    path: list[str] = []
    while isinstance(messages, Mapping):
        key = next(iter(messages))
        path += [] if key == "_schema" else [str(key)]
        messages = messages[key]
    return path


def _one_line(text: str, longest: int) -> str:
    shown = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(shown.split())[:longest]


def _email(value: object) -> str:
    if not isinstance(value, str) or len(value) > 320 or not value.isprintable():
        return ""
    name, at, host = value.strip().rpartition("@")
    return value.strip() if name and at and host else ""


def _locale(value: str) -> str:
    tag = value.replace("_", "-")
    return tag if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,2}", tag) and len(tag) <= 20 else ""


def _web_address(value: str) -> str:
    try:
        origin(value)
    except ValueError:
        return ""
    return value if len(value) <= RETURN_CHARACTERS and value.isprintable() else ""


def _custom(value: object) -> dict[str, str]:
    kept: dict[str, str] = {}
    room = CUSTOM_CHARACTERS
    for key, text in value.items() if isinstance(value, Mapping) else ():
        if isinstance(key, str) and isinstance(text, str) and text and (key + text).isprintable():
            room -= len(key) + len(text)
            if room < 0:
                break
            kept[key] = text
    return kept


def _mentees(value: object) -> tuple[str, ...]:
    """User ids (LTI Core 1.3, section 5.4.9); what no launch could name is passed over."""
    kept: dict[str, None] = {}
    room = MENTEE_CHARACTERS
    for user_id in value if isinstance(value, list) else ():
        if isinstance(user_id, str) and 0 < len(user_id) <= ID_CHARACTERS and user_id.isprintable():
            room -= len(user_id)
            if room < 0 or len(kept) >= MENTEES:
                break
            kept[user_id] = None
    return tuple(kept)
