"""The platform side of LTI 1.3: who the sandbox is, starting a launch, and the signed message.

Built on ``lti1p3platform``, so that an implementation which is not ours judges the tool. That library
leaves to the platform what only the platform knows: whether the address and the person of a request are the
right ones.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from lti1p3platform.ltiplatform import LTI1P3PlatformConfAbstract
from lti1p3platform.message_launch import LTIAdvantageMessageLaunchAbstract
from lti1p3platform.oidc_login import OIDCLoginAbstract
from lti1p3platform.registration import Registration

from . import tools
from .content import ISSUER, Course
from .messages import Message
from .people import Person

CLIENT_ID = tools.DEMO_CLIENT
DEPLOYMENT_ID = tools.DEMO_DEPLOYMENT
PRODUCT = "stifinder-sandbox"
TARGETS = ("iframe", "window")

_CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
_GRADES = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
_GROUPS = "https://purl.imsglobal.org/spec/lti-gs/claim/groupsservice"
_GRADE_SCOPES = frozenset({tools.LINE_ITEM, tools.LINE_ITEM_READ, tools.RESULT, tools.SCORE})
_COURSE_TYPE = "http://purl.imsglobal.org/vocab/lis/v2/course#CourseOffering"


class RequestRefused(Exception):
    """An authentication request that must not be answered with a message.

    :param error: the OAuth 2.0 / OpenID Connect error code.
    :param tell_tool: whether the redirect address is the registered one, so that the tool may be told.
    """

    def __init__(self, error: str, words: str, *, tell_tool: bool) -> None:
        super().__init__(words)
        self.error = error
        self.words = words
        self.tell_tool = tell_tool


@dataclass(frozen=True, slots=True)
class ToolAddresses:
    """Where the tool listens."""

    login: str
    launch: str


def key_file(path: Path) -> str:
    """The platform's private key as PEM; made at the first call, readable by its owner only."""
    if not path.exists():
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
        fresh.replace(path)
    return path.read_text(encoding="ascii")


@lru_cache(maxsize=8)
def _public_key(private_key: str) -> str:
    """The public half as PEM; kept, as reading a private key checks it, which takes a while."""
    public = load_pem_private_key(private_key.encode(), password=None).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@dataclass(frozen=True, slots=True)
class Client:
    """What sandbox and tool call each other.

    :param custom: parameters that go along with each launch.
    :param scopes: of the services that the tool registered for.
    :param names: whether the tool asked for people's names.
    """

    issuer: str = ISSUER
    client_id: str = CLIENT_ID
    deployment_id: str = DEPLOYMENT_ID
    custom: Mapping[str, str] = field(default_factory=dict)
    scopes: frozenset[str] = frozenset()
    names: bool = False


class Platform:
    """The sandbox as an LTI platform with one tool.

    :param private_key: PEM, RSA.
    """

    def __init__(self, private_key: str, tool: ToolAddresses, client: Client | None = None) -> None:
        self.private_key = private_key
        self.client = client or Client()
        self.tool = tool
        self.registration = (
            Registration()
            .set_iss(self.client.issuer)
            .set_client_id(self.client.client_id)
            .set_deployment_id(self.client.deployment_id)
            .set_oidc_login_url(tool.login)
            .set_launch_url(tool.launch)
            .set_platform_private_key(private_key)
            .set_platform_public_key(_public_key(private_key))
        )
        self.configuration = _Configuration(registration=self.registration)

    def jwks(self) -> dict[str, Any]:
        """The public key set."""
        keys: dict[str, Any] = self.configuration.get_jwks()
        return keys

    def login_address(
        self, person: Person, course: Course, target: str, *, errand: str = "", address: str = ""
    ) -> str:
        """Where the browser goes to launch something of a course, shown in ``target`` (of ``TARGETS``).

        :param errand: what is launched, as ``errands`` writes it; "" for the course's own link.
        :param address: ``target_link_uri``; "" for the redirect address.
        """
        login = _Login(None, self.configuration)
        if address:
            login.set_launch_url(address)
        login.set_lti_message_hint(":".join(filter(None, (course.id, target, errand))))
        opened: str = login.prepare_preflight_url(person.id)
        return opened

    def check(self, request: Mapping[str, str], person: Person | None) -> None:
        """Check an authentication request (LTI 1.3 / IMS Security Framework 1.0, section 5.1.1.2).

        :param person: who is logged in to the sandbox in this browser.
        :raises RequestRefused: when it must not be answered with a message.
        """
        if request.get("client_id") != self.client.client_id:
            raise RequestRefused("unauthorized_client", "The client id is not known here.", tell_tool=False)
        if request.get("redirect_uri") != self.tool.launch:
            raise RequestRefused(
                "invalid_request", "The redirect address is not the registered one.", tell_tool=False
            )
        fixed = {
            "response_type": "id_token",
            "response_mode": "form_post",
            "scope": "openid",
            "prompt": "none",
        }
        wrong = [name for name, value in fixed.items() if request.get(name) != value]
        wrong += [name for name in ("state", "nonce") if not request.get(name)]
        if wrong:
            raise RequestRefused("invalid_request", f"Missing or wrong: {', '.join(wrong)}.", tell_tool=True)
        if person is None:
            raise RequestRefused("login_required", "Nobody is logged in to the LMS.", tell_tool=True)
        if request.get("login_hint") != person.id:
            raise RequestRefused(
                "login_required", "Somebody else is logged in to the LMS by now.", tell_tool=True
            )

    def message(
        self,
        request: Mapping[str, str],
        person: Person,
        course: Course,
        target: str,
        locale: str,
        back: str,
        message: Message | None = None,
    ) -> dict[str, str]:
        """The fields of the form that the browser posts to ``launch_url``: ``id_token`` and ``state``.

        :param request: one that ``check`` let through.
        :param target: one of ``TARGETS``.
        :param back: address of the page that the learner came from.
        :param message: None for the course's own link, without services.
        """
        said = message or Message(link_id=f"adaptive-{course.id}", title="Adaptive learning")
        launch = _Launch(dict(request), self.configuration)
        launch.set_user_data(
            person.id, [person.lti_role], full_name=person.title if self.client.names else None
        )
        if said.address:
            launch.set_launch_url(said.address)
        if said.link_id:
            launch.set_resource_link_claim(said.link_id, title=said.title)
        launch.set_launch_context_claim(course.id, [_COURSE_TYPE], course.title, course.id)
        custom = {**self.client.custom, **said.custom}
        if custom:
            launch.set_custom_parameters_claim(custom)
        launch.set_extra_claims(
            {
                _CLAIM + "message_type": said.kind,
                # The library's own presentation claim knows no locale.
                _CLAIM + "launch_presentation": {
                    "document_target": target,
                    "return_url": back,
                    "locale": locale,
                },
                _CLAIM + "tool_platform": {
                    "guid": "sandbox.stifinder.example",
                    "name": "Stifinder sandbox",
                    "product_family_code": PRODUCT,
                },
                **({_CLAIM + "for_user": {"user_id": said.about}} if said.about else {}),
            }
        )
        self._offer_services(launch, said)
        if said.return_url:
            self.registration.set_deeplink_launch_url(said.address)
            launch.set_dl(said.return_url, accept_types={"ltiResourceLink"}, extra_data=said.data)
        form: dict[str, str] = launch.lti_launch()
        return form

    def _offer_services(self, launch: _Launch, said: Message) -> None:
        """Add the claims of the services that the tool registered for."""
        grades = sorted(self.client.scopes & _GRADE_SCOPES)
        if said.line_items and grades:
            launch.set_ags(said.line_items, said.line_item or None)
            # The library lists scopes by three switches, which cannot say what this tool registered for.
            launch.extra_claims[_GRADES]["scope"] = grades
        if said.members and tools.MEMBERS in self.client.scopes:
            launch.set_nrps(said.members)
        if said.groups and tools.GROUPS in self.client.scopes:
            groups = {
                "scope": [tools.GROUPS],
                "context_groups_url": said.groups,
                "context_group_sets_url": said.group_sets,
                "service_versions": ["1.0"],
            }
            launch.set_extra_claims({_GROUPS: groups})


class _Configuration(LTI1P3PlatformConfAbstract):  # type: ignore[misc]
    """One platform, one registration."""

    def init_platform_config(self, **kwargs: Any) -> None:
        self._registration = kwargs["registration"]

    def get_registration_by_params(self, **_: Any) -> Registration:
        return self._registration


class _Login(OIDCLoginAbstract):  # type: ignore[misc]
    """A third-party initiated login."""

    def set_lti_message_hint(self, hint: str) -> None:
        self._lti_message_hint = hint

    def get_redirect(self, url: str) -> str:
        return url


class _Launch(LTIAdvantageMessageLaunchAbstract):  # type: ignore[misc]
    """A launch whose request is a plain mapping, and whose form the caller draws."""

    def get_preflight_response(self) -> Any:
        return self._request

    def render_launch_form(self, launch_data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return launch_data
