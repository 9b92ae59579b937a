"""A tool made by hand for the sandbox LMS: it registers, signs, and calls services, rightly or wrongly."""

from __future__ import annotations

import re
import time
import uuid
from functools import cached_property
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask.testing import FlaskClient
from lti_platform import KeyServer, public_jwk, rsa_key
from stifinder.adapters.sandbox.app import create_app
from stifinder.adapters.sandbox.lms import Sandbox
from stifinder.adapters.sandbox.people import ACCOUNTS
from stifinder.adapters.sandbox.tools import DEEP_LINKING, RESOURCE_LINK, REVIEW, SCOPES
from werkzeug.test import TestResponse

LMS = "http://127.0.0.1:5001"
TOOL = "https://tool.example.com"
CONFIGURATION = "https://purl.imsglobal.org/spec/lti-tool-configuration"
LTI = "https://purl.imsglobal.org/spec/lti/claim/"
DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class HandMadeTool:
    """The tool, the sandbox that it is registered at, and a browser of somebody there."""

    def __init__(
        self,
        folder: Path,
        keys: KeyServer,
        scopes: tuple[str, ...] = SCOPES,
        claims: tuple[str, ...] = ("iss", "sub"),
    ) -> None:
        pem = rsa_key("the sandbox").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "platform-key.pem").write_bytes(pem)  # making one takes longer than most of these tests
        self.sandbox = Sandbox.open(folder, LMS, TOOL)
        app = create_app(self.sandbox)
        self.browser: FlaskClient = app.test_client()
        self.wire: FlaskClient = app.test_client(use_cookies=False)
        self.key = rsa_key("hand-made tool")
        address = keys.publish(f"/{uuid.uuid4()}", [public_jwk(self.key, "k1")])
        body = {
            "client_name": "A hand-made tool",
            "initiate_login_uri": f"{TOOL}/login",
            "redirect_uris": [f"{TOOL}/launch"],
            "jwks_uri": address,
            "response_types": ["id_token"],
            "token_endpoint_auth_method": "private_key_jwt",
            "scope": " ".join(scopes),
            CONFIGURATION: {
                "domain": "tool.example.com",
                "target_link_uri": f"{TOOL}/",
                "claims": list(claims),
                "custom_parameters": {"of": "tool", "colour": "red"},
                "messages": [{"type": kind} for kind in (RESOURCE_LINK, DEEP_LINKING, REVIEW)],
            },
        }
        self.client_id = self.sandbox.tools.register(self.sandbox.tools.new_token(), body).client_id
        self.sandbox.tools.activate(self.client_id)

    # --- in the browser ---

    def log_in(self, user: str) -> None:
        self.get("/login")
        self.post("/login", user=user, password=ACCOUNTS[user].password)
        self.get("/")

    def get(self, path: str) -> TestResponse:
        return self.browser.get(path, base_url=LMS)

    def post(self, path: str, **fields: str) -> TestResponse:
        """Send a form of the sandbox."""
        with self.browser.session_transaction(base_url=LMS) as session:
            key = session["form_key"]
        return self.browser.post(path, base_url=LMS, data={"form_key": key, **fields})

    def launch(self, errand: str = "") -> dict[str, Any]:
        """Open an errand in the course "offers"; returns the claims that the tool gets, or the error."""
        start = self.browser.get(
            "/courses/offers/adaptive/start",
            base_url=LMS,
            query_string={"tool": self.client_id, "errand": errand},
        )
        assert start.status_code == 302, start.text
        return self.ask(dict(parse_qsl(urlsplit(start.location).query)))

    @cached_property
    def services(self) -> dict[str, Any]:
        """The claims of one launch, for the addresses in them."""
        return self.launch()

    def ask(self, begun: dict[str, str]) -> dict[str, Any]:
        """The second step of a launch, as the tool takes it."""
        asked = {
            "scope": "openid",
            "response_type": "id_token",
            "response_mode": "form_post",
            "prompt": "none",
            "client_id": begun["client_id"],
            "redirect_uri": f"{TOOL}/launch",
            "login_hint": begun["login_hint"],
            "lti_message_hint": begun["lti_message_hint"],
            "state": "a-state",
            "nonce": "a-nonce",
        }
        page = self.browser.get("/lti/auth", base_url=LMS, query_string=asked).text
        fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))
        if "id_token" not in fields:
            return {name: unescape(value) for name, value in fields.items()}
        claims: dict[str, Any] = jwt.decode(fields["id_token"], options={"verify_signature": False})
        assert claims[f"{LTI}target_link_uri"] == begun["target_link_uri"]
        return claims

    # --- messages ---

    def sign(self, claims: dict[str, Any], *, kid: str = "k1", key: Any = None) -> str:
        return jwt.encode(claims, key or self.key, algorithm="RS256", headers={"kid": kid})

    def chosen(self, settings: dict[str, Any], *items: dict[str, Any], **changed: Any) -> dict[str, Any]:
        """The claims of an answer to a request for links."""
        now = int(time.time())
        return {
            "iss": self.client_id,
            "aud": LMS,
            "iat": now - 5,
            "exp": now + 60,
            "nonce": str(uuid.uuid4()),
            f"{LTI}message_type": "LtiDeepLinkingResponse",
            f"{LTI}version": "1.3.0",
            f"{LTI}deployment_id": "1",
            f"{DL}content_items": list(items),
            f"{DL}data": settings["data"],
        } | changed

    def send_chosen(self, settings: dict[str, Any], message: str) -> TestResponse:
        return self.wire.post(settings["deep_link_return_url"], base_url=LMS, data={"JWT": message})

    # --- services ---

    def assertion(self, **changed: Any) -> dict[str, Any]:
        now = int(time.time())
        return {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": f"{LMS}/lti/token",
            "iat": now - 5,
            "exp": now + 60,
            "jti": str(uuid.uuid4()),
        } | changed

    def ask_token(self, scope: str, assertion: str | None = None, **changed: str) -> TestResponse:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION,
            "client_assertion": assertion or self.sign(self.assertion()),
            "scope": scope,
        } | changed
        return self.wire.post("/lti/token", base_url=LMS, data=form)

    def token(self, scope: str) -> str:
        answer = self.ask_token(scope)
        assert answer.status_code == 200, answer.text
        assert answer.json is not None
        return str(answer.json["access_token"])

    def call(
        self, method: str, address: str, scope: str, *, token: str = "", media_type: str = "", **more: Any
    ) -> TestResponse:
        """Call a service at its whole address."""
        headers = {"Authorization": f"Bearer {token or self.token(scope)}"}
        if media_type:
            headers["Content-Type"] = media_type
        return self.wire.open(address.removeprefix(LMS), method=method, base_url=LMS, headers=headers, **more)
