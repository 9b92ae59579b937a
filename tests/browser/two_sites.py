"""An LMS and the tool as two sites in a browser: two host names on loopback, one TLS certificate for both."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from stifinder.adapters.sandbox import introduction
from stifinder.adapters.sandbox.app import create_app as create_sandbox
from stifinder.adapters.sandbox.lms import Sandbox
from stifinder.core.service import Core
from stifinder.core.settings import Settings
from stifinder.core.store import lti
from stifinder.lti_tool.app import create_app
from werkzeug.serving import make_server

LMS, TOOL = "lms.test", "tool.test"
RESOLVER = f"--host-resolver-rules=MAP {LMS} 127.0.0.1,MAP {TOOL} 127.0.0.1"

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class TwoSites:
    """Both servers: one port with TLS that tells them apart by host name, and the LMS's keys on another."""

    def __init__(self, folder: Path) -> None:
        self._apps: dict[str, WsgiApp] = {}
        self.pages: dict[str, str] = {}
        """Path to a page that a test puts at both hosts."""
        self._server = make_server(
            "127.0.0.1", 0, self._by_host, threaded=True, ssl_context=certificate(folder)
        )
        port = self._server.server_port
        self.lms, self.tool = f"https://{LMS}:{port}", f"https://{TOOL}:{port}"
        self._sandbox = Sandbox.open(folder / "sandbox", self.lms, self.tool)
        self._keys = make_server("127.0.0.1", 0, self._publish_keys, threaded=True)
        self.core = Core.open(
            Settings(
                data_dir=folder,
                database_url=f"sqlite:///{folder / 'stifinder.db'}",
                base_url=self.tool,
                secret="a secret that is used in tests only",
                development=True,  # the LMS's keys come from this machine
            )
        )
        self.core.migrate()
        introduction.introduce(self.core, self._sandbox)
        [known] = lti.registrations(self.core.database)
        here = f"http://127.0.0.1:{self._keys.server_port}/"
        lti.register(self.core.database, [replace(known, key_set_url=here)], self.core.clock())
        lms = create_sandbox(self._sandbox)
        # As an LMS behind https has it: its own session must survive the way over the tool's page.
        lms.config.update(TRUSTED_HOSTS=[LMS], SESSION_COOKIE_SAMESITE="None", SESSION_COOKIE_SECURE=True)
        self._apps = {LMS: lms, TOOL: create_app(self.core)}
        for server in (self._server, self._keys):
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def _by_host(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if page := self.pages.get(environ["PATH_INFO"]):
            start_response("200 OK", [("Content-Type", "text/html")])
            return [page.encode()]
        host = environ["HTTP_HOST"].partition(":")[0]
        app = control if environ["PATH_INFO"].startswith("/control") else self._apps[host]
        return app(environ, start_response)

    def _publish_keys(self, _: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(self._sandbox.platform.jwks()).encode()]

    def close(self) -> None:
        for server in (self._server, self._keys):
            server.shutdown()
            server.server_close()
        self.core.close()


def control(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """What the browser does with cookies, without the product: two are set, what comes back is shown."""
    path, port = environ["PATH_INFO"], environ["SERVER_PORT"]
    headers = [("Content-Type", "text/html")]
    if path == "/control/set":
        headers += [
            ("Set-Cookie", "plain=1; Secure; SameSite=None; Path=/control"),
            ("Set-Cookie", "partitioned=1; Secure; SameSite=None; Path=/control; Partitioned"),
            ("Location", "/control/see"),
        ]
    start_response("302 Found" if path == "/control/set" else "200 OK", headers)
    if path == "/control/frame":
        return [f"<iframe src=https://{TOOL}:{port}/control/set></iframe>".encode()]
    return [f"<p>{environ.get('HTTP_COOKIE', 'no cookies')}</p>".encode()]


def certificate(folder: Path) -> tuple[str, str]:
    """A certificate for both names, made for this test; the files of it and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, LMS)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(LMS), x509.DNSName(TOOL)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(made.public_bytes(Encoding.PEM))
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return str(cert_file), str(key_file)
