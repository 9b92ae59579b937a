"""An LMS to launch from: it signs what a learner's browser brings, and publishes its key."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from stifinder.core.store.lti import Registration
from stifinder.lab.bench import world as bench_world

CLIENT_ID = "client-1"
DEPLOYMENT_ID = "1"
KID = "key-1"
LTI = "https://purl.imsglobal.org/spec/lti/claim/"
LEARNER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"
AGS = "https://purl.imsglobal.org/spec/lti-ags"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps"


def new_key() -> rsa.RSAPrivateKey:
    """A key of the size that LMSs use."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey) -> str:
    """The key as text, to hand to another process."""
    kind, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(kind, form, serialization.NoEncryption()).decode()


def key_set(key: rsa.RSAPrivateKey) -> dict[str, Any]:
    """What the LMS publishes."""
    public = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {"keys": [{**public, "kid": KID, "alg": "RS256", "use": "sig"}]}


def registration(tenant_id: str, key_set_url: str) -> Registration:
    """How the tool knows this LMS."""
    return Registration(
        tenant_id=tenant_id,
        issuer=bench_world.ISSUER,
        client_id=CLIENT_ID,
        deployment_id=DEPLOYMENT_ID,
        auth_login_url=f"{bench_world.ISSUER}/mod/lti/auth.php",
        auth_token_url=f"{bench_world.ISSUER}/mod/lti/token.php",
        key_set_url=key_set_url,
    )


def token(key: rsa.RSAPrivateKey, base: str, nonce: str, subject: str, course: str) -> str:
    """A launch message with the claims that Moodle 4.5 sends, apart from people's names."""
    now = int(time.time())
    services = f"{bench_world.ISSUER}/mod/lti/services.php"
    claims = {
        "iss": bench_world.ISSUER,
        "aud": CLIENT_ID,
        "sub": subject,
        "nonce": nonce,
        "iat": now,
        "exp": now + 60,
        f"{LTI}version": "1.3.0",
        f"{LTI}message_type": "LtiResourceLinkRequest",
        f"{LTI}deployment_id": DEPLOYMENT_ID,
        f"{LTI}target_link_uri": f"{base}/",
        f"{LTI}resource_link": {"id": "link-1", "title": "Adaptive learning", "description": ""},
        f"{LTI}roles": [LEARNER, "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Learner"],
        f"{LTI}context": {"id": course, "title": course, "label": course, "type": ["CourseSection"]},
        f"{LTI}launch_presentation": {
            "locale": "en",
            "document_target": "iframe",
            "return_url": f"{bench_world.ISSUER}/mod/lti/return.php?course=2&launch_container=3",
        },
        f"{LTI}tool_platform": {"guid": "lms.example.org", "family_code": "moodle", "version": "2024100700"},
        f"{LTI}ext": {"user_username": "learner", "lms": "moodle-2"},
        f"{LTI}lis": {"person_sourcedid": "", "course_section_sourcedid": ""},
        f"{LTI}custom": {"timezone": "Europe/Copenhagen"},
        f"{AGS}/claim/endpoint": {
            "scope": [f"{AGS}/scope/lineitem", f"{AGS}/scope/score", f"{AGS}/scope/result.readonly"],
            "lineitems": f"{services}/2/lineitems?type_id=1",
        },
        f"{NRPS}/claim/namesroleservice": {
            "context_memberships_url": f"{services}/CourseSection/2/bindings/1/memberships",
            "service_versions": ["1.0", "2.0"],
        },
    }
    return jwt.encode(claims, key, algorithm="RS256", headers={"kid": KID})


@contextmanager
def publishing(key: rsa.RSAPrivateKey) -> Iterator[str]:
    """Serve the key set on this machine; gives its address."""
    body = json.dumps(key_set(key)).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/keys"
    finally:
        server.shutdown()
        server.server_close()
