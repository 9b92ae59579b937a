"""A platform to launch from: its keys are published on loopback; it signs whatever a test tells it to."""

from __future__ import annotations

import html
import json
import logging
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from flask import Flask
from sqlalchemy import func, select
from stifinder.core.service import Core
from stifinder.core.store import tables
from stifinder.core.store.database import across_tenants
from stifinder.core.store.lti import Registration, register
from stifinder.lti_tool import visit
from werkzeug.test import TestResponse

TOOL = "https://tool.example.com"
LTI = "https://purl.imsglobal.org/spec/lti/claim/"
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"


@cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    """The key pair of this name; made once, for that takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def ec_key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def public_jwk(key: Any, kid: str) -> dict[str, Any]:
    algorithm = (
        jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    )
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig"}


class KeyServer:
    """Serves whatever ``answers`` says for a path: (status, headers, body); counts what was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                status, headers, body = outer.answers.get(self.path, (404, {}, b"nothing here"))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def publish(self, path: str, keys: list[dict[str, Any]]) -> str:
        self.answers[path] = (200, {"Content-Type": "application/json"}, json.dumps({"keys": keys}).encode())
        return self.address + path

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass
class Platform:
    """An LMS with one tool registered, in one deployment unless ``deployments`` says more."""

    core: Core
    server: KeyServer
    issuer: str = "https://lms.example.com"
    client_id: str = "client-1"
    deployments: tuple[str, ...] = ("1",)
    tenant: str = "t"
    keys: dict[str, Any] = field(default_factory=lambda: {"key-1": rsa_key("first")})

    def __post_init__(self) -> None:
        self.key_set_url = self.publish()
        entries = [
            Registration(
                tenant_id=self.tenant,
                issuer=self.issuer,
                client_id=self.client_id,
                deployment_id=deployment,
                auth_login_url=f"{self.issuer}/auth?known=yes",
                key_set_url=self.key_set_url,
            )
            for deployment in self.deployments
        ]
        register(self.core.database, entries, self.core.clock())

    def publish(self) -> str:
        path = f"/{urlsplit(self.issuer).hostname}/keys"
        return self.server.publish(path, [public_jwk(key, kid) for kid, key in self.keys.items()])

    def request(self, **changes: str | None) -> dict[str, str]:
        """A login request; None leaves a parameter out."""
        usual = {
            "iss": self.issuer,
            "client_id": self.client_id,
            "lti_deployment_id": self.deployments[0],
            "login_hint": "hint-1",
            "lti_message_hint": '{"cmid":3,"launchid":"a&b"}',
            "target_link_uri": f"{TOOL}/",
        }
        return {name: value for name, value in (usual | changes).items() if value is not None}

    def claims(self, nonce: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """The claims of a full launch by a learner; None leaves a claim out, short names stand for LTI's."""
        now = int(self.core.clock().timestamp())
        usual: dict[str, Any] = {
            "iss": self.issuer,
            "aud": self.client_id,
            "sub": "subject-1",
            "nonce": nonce,
            "iat": now,
            "exp": now + 60,
            "name": "Learner 1",
            "given_name": "Learner",
            "family_name": "1",
            "email": "learner-1@example.test",
            "version": "1.3.0",
            "message_type": "LtiResourceLinkRequest",
            "deployment_id": self.deployments[0],
            "target_link_uri": f"{TOOL}/",
            "resource_link": {"id": "link-1", "title": "Adaptive learning"},
            "roles": [f"{MEMBERSHIP}Learner"],
            "context": {
                "id": "course-1",
                "title": "Algebra basics",
                "label": "ALG1",
                "type": ["CourseSection"],
            },
            "launch_presentation": {"locale": "da_DK", "return_url": f"{self.issuer}/course/1"},
            "custom": {"timezone": "Europe/Copenhagen"},
        }
        plain = {
            "iss",
            "aud",
            "azp",
            "sub",
            "nonce",
            "iat",
            "exp",
            "nbf",
            "name",
            "given_name",
            "family_name",
            "email",
        }
        return {
            name if name in plain else LTI + name: value
            for name, value in (usual | dict(changes)).items()
            if value is not None
        }

    def sign(
        self, claims: Mapping[str, Any], *, key: Any = None, kid: str | None = "key-1", alg: str = "RS256"
    ) -> str:
        signing = key if key is not None else next(iter(self.keys.values()))
        return jwt.encode(dict(claims), signing, algorithm=alg, headers={"kid": kid} if kid else {})


@dataclass
class Tab:
    """A tab of a browser with its own cookies, and the log of the tool behind it."""

    app: Flask
    platform: Platform
    caplog: pytest.LogCaptureFixture

    def __post_init__(self) -> None:
        self.client = self.app.test_client()
        self.caplog.set_level(logging.INFO, "stifinder.lti")

    def log_in(self, **changes: str | None) -> dict[str, str]:
        """Ask for a login; gives the authentication request that the LMS gets."""
        answer = self.client.post("/lti/login", data=self.platform.request(**changes), base_url=TOOL)
        assert answer.status_code == 302, answer.text
        return {k: v[0] for k, v in parse_qs(urlsplit(answer.location).query, keep_blank_values=True).items()}

    def answer(self, **form: str) -> TestResponse:
        """What the LMS has the browser post back."""
        return self.client.post("/lti/launch", data=form, base_url=TOOL)

    def launch(self, platform: Platform | None = None, /, **claims: Any) -> TestResponse:
        """Login and launch, with claims changed; None leaves one out."""
        self.platform = platform or self.platform
        asked = self.log_in()
        return self.answer(
            state=asked["state"], id_token=self.platform.sign(self.platform.claims(asked["nonce"], claims))
        )

    def launched(self, platform: Platform | None = None, /, **claims: Any) -> visit.Visit:
        """Login, launch, and the visit that it opens."""
        return self.visit(self.launch(platform, **claims))

    def visit(self, answer: TestResponse) -> visit.Visit:
        assert answer.status_code == 303, answer.text
        found = urlsplit(answer.location).path.split("/")[2]
        cookie = self.client.get_cookie(f"sf-{found[:8]}", "tool.example.com", f"/learn/{found}")
        assert cookie is not None
        with self.app.test_request_context(headers={"Cookie": f"{cookie.key}={cookie.value}"}):
            return visit.load_visit(found)

    @contextmanager
    def refused(self, reason: str) -> Iterator[list[TestResponse]]:
        """Whatever is done inside is refused for this reason: a page, one line in the log, nothing stored."""
        before, self.caplog_start = rows(self.platform.core), len(self.caplog.records)
        answers: list[TestResponse] = []
        yield answers
        (answer,) = answers
        page = html.unescape(answer.text)
        assert 400 <= answer.status_code < 500
        assert f"Code for support: {answer.status_code} {reason}" in page
        assert "This could not be opened" in page
        lines = [
            r.getMessage() for r in self.caplog.records[self.caplog_start :] if r.name == "stifinder.lti"
        ]
        lines = [line for line in lines if line.startswith("launch refused")]
        assert len(lines) == 1
        assert f"reason={reason} " in lines[0]
        for personal in ("subject-1", "learner-1@example.test", "Learner 1", "hint-1"):
            assert personal not in lines[0]
            assert personal not in page
        assert "sf-" not in answer.headers.get("Set-Cookie", "")
        assert rows(self.platform.core) == before

    def refuses(self, reason: str, /, **claims: Any) -> None:
        """A launch with these claims changed is refused."""
        with self.refused(reason) as answers:
            answers.append(self.launch(**claims))

    def refuses_token(self, reason: str, /, **signing: Any) -> None:
        """A launch with a token signed in this way is refused."""
        with self.refused(reason) as answers:
            asked = self.log_in()
            token = self.platform.sign(self.platform.claims(asked["nonce"], {}), **signing)
            answers.append(self.answer(state=asked["state"], id_token=token))


def rows(core: Core) -> dict[str, int]:
    """How many rows each table holds."""
    with core.database.read() as connection:
        return {
            table.name: connection.execute(
                across_tenants(select(func.count()).select_from(table))
            ).scalar_one()
            for table in tables.metadata.sorted_tables
        }


def fresh(name: str) -> str:
    """A name that no other test uses."""
    return f"{name}-{secrets.token_hex(4)}"
