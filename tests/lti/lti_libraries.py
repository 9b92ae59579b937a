"""Two independent libraries as platforms: ``lti1p3platform``, and Open edX's ``lti_consumer``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from lti1p3platform.ltiplatform import LTI1P3PlatformConfAbstract
from lti1p3platform.message_launch import LTIAdvantageMessageLaunchAbstract
from lti1p3platform.oidc_login import OIDCLoginAbstract
from lti1p3platform.registration import Registration as LibraryRegistration
from lti_clauses import CONSUMER, HAND, LIBRARY
from lti_platform import MEMBERSHIP, TOOL
from lti_senders import (
    LEARNER,
    SUBJECT,
    TITLE,
    USUAL,
    HandMade,
    Person,
    Sender,
    Signing,
    changed,
    pem,
    public_pem,
    timed,
)

# --- lti1p3platform ---


class _Configuration(LTI1P3PlatformConfAbstract):
    def init_platform_config(self, **kwargs: Any) -> None:
        self._registration = kwargs["registration"]

    def get_registration_by_params(self, **_: Any) -> LibraryRegistration:
        return self._registration


class _Registration(LibraryRegistration):
    """The library's registration, with faults that a test asks for."""

    changes: Mapping[str, Any] = {}
    kid: str | None = ""

    def get_kid(self) -> str | None:
        return published("first")[0]["kid"] if self.kid == "" else self.kid

    def platform_encode_and_sign(self, payload: dict[str, Any], expiration: int | None = None) -> str:
        timed = {"iat", "exp"} & set(self.changes)
        token: str = super().platform_encode_and_sign(
            changed(payload, self.changes), None if timed else expiration
        )
        return token


@cache
def published(name: str) -> list[dict[str, Any]]:
    """The library's key set for a key pair."""
    made = LibraryRegistration().set_platform_public_key(public_pem(name))
    keys: list[dict[str, Any]] = _Configuration(registration=made).get_jwks()["keys"]
    return keys


class _Login(OIDCLoginAbstract):
    def set_lti_message_hint(self, hint: str) -> None:
        self._lti_message_hint = hint

    def get_redirect(self, url: str) -> str:
        return url


class _Launch(LTIAdvantageMessageLaunchAbstract):
    def get_preflight_response(self) -> Any:
        return self._request

    def render_launch_form(self, launch_data: dict[str, Any], **_: Any) -> dict[str, Any]:
        assert launch_data.pop("launch_url") == f"{TOOL}/lti/launch"
        return launch_data


class Lti1p3Platform(Sender):
    """``lti1p3platform``, the library that the sandbox stands on."""

    def publish(self) -> str:
        return self.server.publish(f"/{urlsplit(self.issuer).hostname}/keys", published("first"))

    def configuration(self, deployment: str, signing: Signing = USUAL) -> _Configuration:
        made = (
            _Registration()
            .set_iss(self.issuer)
            .set_client_id(self.client_id)
            .set_deployment_id(deployment)
            .set_oidc_login_url(f"{TOOL}/lti/login")
            .set_launch_url(f"{TOOL}/")
            .set_deeplink_launch_url(f"{TOOL}/")
            .set_platform_private_key(pem(signing.key))
            .set_platform_public_key(public_pem(signing.key))
        )
        made.kid = signing.kid
        return _Configuration(registration=made)

    def request(self, **changes: str | None) -> dict[str, str]:
        deployment = changes.get("lti_deployment_id") or self.deployments[0]
        login = _Login(None, self.configuration(deployment))
        login.set_lti_message_hint("hint & more")
        made = dict(parse_qsl(urlsplit(login.prepare_preflight_url(SUBJECT)).query))
        return {name: value for name, value in {**made, **changes}.items() if value is not None}

    def _launch(
        self, asked: Mapping[str, str], person: Person, signing: Signing, changes: Mapping[str, Any]
    ) -> _Launch:
        deployment = changes.get("deployment_id")
        known = deployment if deployment in self.deployments else self.deployments[0]
        configuration = self.configuration(known, signing)
        configuration.get_registration().changes = timed(changes, self.now)
        launch = _Launch(dict(asked), configuration)
        roles = [MEMBERSHIP + person.role] if person.role else []
        launch.set_user_data(person.subject, roles, person.name, person.email)
        if person.course:
            launch.set_launch_context_claim(person.course, [], TITLE, TITLE)
        return launch

    def form(
        self, asked: Mapping[str, str], person: Person = LEARNER, signing: Signing = USUAL, /, **changes: Any
    ) -> dict[str, str]:
        launch = self._launch(asked, person, signing, changes)
        launch.set_resource_link_claim("link-1", title="Adaptive learning")
        launch.set_launch_presentation_claim("iframe", f"{self.issuer}/course/1")
        if self.services:
            launch.set_ags(self.columns, self.column).set_nrps(self.members)
        form: dict[str, str] = launch.lti_launch()
        return form

    def asks_for_links(self, asked: Mapping[str, str], **settings: Any) -> dict[str, str]:
        launch = self._launch(asked, Person("Instructor"), USUAL, {})
        launch.set_ags(self.columns)
        launch.set_dl(self.back, accept_types=settings.get("accept_types"), extra_data=settings.get("data"))
        form: dict[str, str] = launch.lti_launch()
        return form

    def takes(self, token: str, tool_keys: str) -> list[dict[str, Any]]:
        configuration = self.configuration(self.deployments[0])
        configuration.get_registration().set_tool_key_set_url(tool_keys)
        items: list[dict[str, Any]] = configuration.validate_deeplinking_resp({"JWT": token})
        return items


# --- lti_consumer ---


@cache
def consumer_library() -> SimpleNamespace:
    """Open edX's library; Django is only set up in a process that runs one of these tests."""
    from django.conf import settings

    if not settings.configured:
        settings.configure(PLATFORM_NAME="An independent LMS", OPENEDX_TELEMETRY=[])
    from lti_consumer.data import Lti1p3LaunchData
    from lti_consumer.lti_1p3.consumer import LtiAdvantageConsumer
    from lti_consumer.lti_1p3.key_handlers import PlatformKeyHandler

    class KeyHandler(PlatformKeyHandler):  # type: ignore[misc]
        """The library's signing, with faults that a test asks for."""

        changes: Mapping[str, Any] = {}

        def encode_and_sign(self, message: dict[str, Any], expiration: int | None = None) -> str:
            timed = {"iat", "exp"} & set(self.changes)
            token: str = super().encode_and_sign(
                changed(message, self.changes), None if timed else expiration
            )
            return token

    return SimpleNamespace(
        Consumer=LtiAdvantageConsumer,
        Data=Lti1p3LaunchData,
        key_handler=cache(lambda key, kid: KeyHandler(pem(key), kid)),  # reading a private key takes a while
    )


@dataclass
class Consumer(Sender):
    """``lti_consumer``'s ``LtiAdvantageConsumer``, the platform side of Open edX."""

    message_type: str = field(default="LtiResourceLinkRequest", init=False)

    def publish(self) -> str:
        keys = self.consumer().get_public_keyset()["keys"]
        return self.server.publish(f"/{urlsplit(self.issuer).hostname}/keys", keys)

    def consumer(
        self,
        deployment: str = "",
        signing: Signing = USUAL,
        changes: Mapping[str, Any] | None = None,
        tool_keys: str | None = None,
    ) -> Any:
        known = deployment if deployment in self.deployments else self.deployments[0]
        made = consumer_library().Consumer(
            iss=self.issuer,
            lti_oidc_url=f"{TOOL}/lti/login",
            lti_launch_url=f"{TOOL}/",
            client_id=self.client_id,
            deployment_id=known,
            rsa_key=None,
            rsa_key_id=None,
            redirect_uris=[f"{TOOL}/lti/launch"],
            tool_keyset_url=tool_keys,
        )
        made.key_handler = consumer_library().key_handler(signing.key, signing.kid or "key-1")
        made.key_handler.changes = timed(changes or {}, self.now)
        return made

    def request(self, **changes: str | None) -> dict[str, str]:
        consumer = self.consumer(changes.get("lti_deployment_id") or "")
        known = consumer_library().Data(
            user_id=SUBJECT,
            user_role="student",
            config_id=self.issuer,
            resource_link_id="link-1",
            message_type=self.message_type,
        )
        made = dict(parse_qsl(urlsplit(consumer.prepare_preflight_url(known)).query))
        return {name: value for name, value in {**made, **changes}.items() if value is not None}

    def form(
        self, asked: Mapping[str, str], person: Person = LEARNER, signing: Signing = USUAL, /, **changes: Any
    ) -> dict[str, str]:
        consumer = self.consumer(changes.get("deployment_id") or "", signing, changes)
        role = {"Learner": "student", "Instructor": "instructor", None: None}[person.role]
        consumer.set_user_data(person.subject, role, person.name, person.email)
        consumer.set_resource_link_claim("link-1", title="Adaptive learning")
        consumer.set_launch_presentation_claim("iframe", f"{self.issuer}/course/1")
        if person.course:
            consumer.set_context_claim(person.course, context_title=TITLE)
        if self.services:
            consumer.enable_ags(self.columns, self.column, allow_programmatic_grade_interaction=True)
            consumer.enable_nrps(self.members)
        form: dict[str, str] = consumer.generate_launch_request(dict(asked))
        return form

    def asks_for_links(self, asked: Mapping[str, str], **settings: Any) -> dict[str, str]:
        assert not settings, "this library asks in one way only"
        consumer = self.consumer()
        consumer.enable_deep_linking(f"{TOOL}/", self.back)
        consumer.set_user_data(SUBJECT, "instructor")
        consumer.set_context_claim("course-1", context_title=TITLE)
        form: dict[str, str] = consumer.generate_launch_request(dict(asked))
        return form

    def takes(self, token: str, tool_keys: str) -> list[dict[str, Any]]:
        consumer = self.consumer(tool_keys=tool_keys)
        consumer.enable_deep_linking(f"{TOOL}/", self.back)
        items: list[dict[str, Any]] = consumer.check_and_decode_deep_linking_token(token)
        return items


SENDERS: Mapping[str, type[Sender]] = {HAND: HandMade, LIBRARY: Lti1p3Platform, CONSUMER: Consumer}
