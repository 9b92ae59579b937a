"""Logs hold no secret and nobody's data: the tool does all it does, with logging at its most talkative."""

from __future__ import annotations

import base64
import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from flask import url_for
from lti_platform import MEMBERSHIP, public_jwk, rsa_key
from small_course import COURSE, EVERYTHING, launch_of
from sqlalchemy.exc import IntegrityError
from stifinder.core.people import Role
from stifinder.core.scopes import Scope
from stifinder.core.service import Core
from stifinder.core.settings import Settings
from stifinder.core.store import api_tokens, credentials, joining, lti, tool_keys
from stifinder.core.store.database import Database
from stifinder.lti_tool.app import create_app
from stifinder.lti_tool.jobs import Jobs
from stifinder.lti_tool.sign_in import make_link

TOOL = "https://tool.example.com"
LTI = "https://purl.imsglobal.org/spec/lti/claim/"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
SCORE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
PERSON = {
    "sub": "subject-4711",
    "name": "Fullname Of-Learner-1",
    "given_name": "Fullname",
    "email": "learner-1@mail.example.test",
}
MASTER = "the master key of this test, which is long enough"
PASSWORD = "a-password-of-statements"
REGISTRATION_TOKEN = "registration-token-of-this-test"
ACCESS_TOKEN = "access-token-of-this-test"


class Lms:
    """An LMS on loopback: configuration, registration, keys, tokens, members; ``broken`` makes it fail."""

    def __init__(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.reply(*outer.get(urlsplit(self.path).path))

            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.assertions += parse_qs(sent.decode("utf-8", "replace")).get("client_assertion", [])
                self.reply(*outer.post(urlsplit(self.path).path))

            def reply(self, status: int, body: Any) -> None:
                raw = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self.broken = False
        self.assertions: list[str] = []
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()

    def get(self, path: str) -> tuple[int, Any]:
        if path == "/configuration":
            return 200, {
                "issuer": self.address,
                "authorization_endpoint": f"{self.address}/auth",
                "token_endpoint": f"{self.address}/token",
                "jwks_uri": f"{self.address}/keys",
                "registration_endpoint": f"{self.address}/register",
                "https://purl.imsglobal.org/spec/lti-platform-configuration": {
                    "product_family_code": "moodle",
                    "version": "4.5",
                    "messages_supported": [{"type": "LtiResourceLinkRequest"}],
                },
            }
        if path == "/keys":
            return 200, {"keys": [public_jwk(rsa_key("first"), "key-1")]}
        if self.broken:
            return 500, {"error": ACCESS_TOKEN}
        return 200, {"members": [{"user_id": PERSON["sub"], "roles": ["Learner"], **PERSON}]}

    def post(self, path: str) -> tuple[int, Any]:
        if path == "/register":
            return 200, {
                "client_id": "client-1",
                "https://purl.imsglobal.org/spec/lti-tool-configuration": {"deployment_id": "1"},
            }
        if path == "/token" and not self.broken:
            return 200, {"access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 3600}
        return 500 if self.broken else 200, {"error": ACCESS_TOKEN}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def lms() -> Iterator[Lms]:
    server = Lms()
    yield server
    server.close()


class Everything(logging.Handler):
    """Keeps each record as it would be written, with its traceback and its arguments."""

    def __init__(self) -> None:
        super().__init__(level=0)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name} {self.format(record)} {record.args!r}")


@pytest.fixture
def logged() -> Iterator[Everything]:
    """All that is logged, by anybody, from the most trifling up."""
    root, handler = logging.getLogger(), Everything()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.NOTSET + 1)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before)


@pytest.fixture
def core(tmp_path: Path, migrated_sqlite: Path, logged: Everything) -> Iterator[Core]:
    """A core as in production, save that it may call this machine."""
    shutil.copy(migrated_sqlite, tmp_path / "stifinder.db")
    settings = Settings(
        data_dir=tmp_path,
        database_url=f"sqlite:///{tmp_path / 'stifinder.db'}",
        base_url=TOOL,
        secret=MASTER,
        allow_private=("127.0.0.1",),
        development=False,
    )
    made = Core(replace(settings, development=True))  # http towards the LMS of this test
    made.settings = settings
    made.migrate()
    made.add_tenant("t", "A tenant")
    made.import_catalogue("t", COURSE)
    yield made
    made.close()


class Walk:
    """A browser that remembers each secret it saw."""

    def __init__(self, core: Core, lms: Lms) -> None:
        self.core, self.lms = core, lms
        self.app = create_app(core)
        self.client = self.app.test_client()
        self.secrets: dict[str, str] = {f"the person's {name}": value for name, value in PERSON.items()}
        self.secrets |= {
            "master key": MASTER,
            "password of statements": PASSWORD,
            "registration token": REGISTRATION_TOKEN,
            "access token": ACCESS_TOKEN,
        }

    def ask(self, path: str, method: str = "GET", **more: Any) -> Any:
        answer = self.client.open(path, method=method, base_url=TOOL, buffered=True, **more)
        for number, cookie in enumerate(answer.headers.getlist("Set-Cookie")):
            value = cookie.partition("=")[2].partition(";")[0]
            if len(value) > 15:
                self.secrets[f"cookie {number} of {urlsplit(path).path[:40]}"] = value
        return answer

    def launch(self, expected: int, *, key: Any = None, **claims: Any) -> str:
        parameters = {
            "iss": self.lms.address,
            "client_id": "client-1",
            "login_hint": "login-hint-of-the-person",
            "lti_message_hint": "message-hint-of-the-person",
            "target_link_uri": f"{TOOL}/",
        }
        self.secrets |= {
            "login hint": parameters["login_hint"],
            "message hint": parameters["lti_message_hint"],
        }
        asked = self.ask("/lti/login", "POST", data=parameters)
        assert asked.status_code == 302, asked.text
        question = {name: value[0] for name, value in parse_qs(urlsplit(asked.location).query).items()}
        now = int(self.core.clock().timestamp())
        payload = {
            "iss": self.lms.address,
            "aud": "client-1",
            "nonce": question["nonce"],
            "iat": now,
            "exp": now + 60,
            **PERSON,
            f"{LTI}version": "1.3.0",
            f"{LTI}message_type": "LtiResourceLinkRequest",
            f"{LTI}deployment_id": "1",
            f"{LTI}target_link_uri": f"{TOOL}/",
            f"{LTI}resource_link": {"id": "link-1"},
            f"{LTI}roles": [f"{MEMBERSHIP}Learner"],
            f"{LTI}context": {"id": "offers", "title": "Writing offers"},
            f"{LTI}custom": {"stifinder_grade": "progress"},
            AGS: {"scope": [SCORE], "lineitem": f"{self.lms.address}/items/1"},
            NRPS: {"context_memberships_url": f"{self.lms.address}/members", "service_versions": ["2.0"]},
        } | claims
        token = jwt.encode(payload, key or rsa_key("first"), "RS256", headers={"kid": "key-1"})
        self.secrets |= {
            f"state {now}": question["state"],
            f"nonce {len(self.secrets)}": question["nonce"],
            f"id_token {len(self.secrets)}": token,
        }
        answer = self.ask("/lti/launch", "POST", data={"state": question["state"], "id_token": token})
        assert answer.status_code == expected, answer.text
        return str(answer.headers.get("Location", ""))

    def register(self) -> None:
        invitation = joining.invite(
            self.core.database, "t", self.core.clock() + timedelta(days=1), self.core.clock()
        )
        self.secrets["invitation"] = invitation
        # Some LMSs put the token into the address of their configuration too.
        configuration = f"{self.lms.address}/configuration?registration_token={REGISTRATION_TOKEN}"
        query = {
            "invite": invitation,
            "openid_configuration": configuration,
            "registration_token": REGISTRATION_TOKEN,
        }
        page = self.ask("/lti/register", query_string=query)
        sealed = re.search(r'name="request" value="([^"]+)"', page.text)
        assert sealed, page.text
        done = self.ask("/lti/register", "POST", data={"request": sealed[1]})
        assert done.status_code == 200, done.text
        check = re.search(r"/lti/check/([^\"]+)", done.text)
        assert check
        self.secrets["link to the check"] = check[1]
        assert self.ask(f"/lti/check/{check[1]}").status_code == 200
        self.secrets["used invitation"] = invitation
        assert self.ask("/lti/register", query_string=query).status_code == 403

    def statements(self) -> None:
        with self.core.database.write() as connection:
            credentials.add(connection, "t", "lms", PASSWORD, self.core.clock())
        for password, expected in ((PASSWORD, 200), (f"{PASSWORD}-wrong", 401)):
            pair = base64.b64encode(f"lms:{password}".encode()).decode()
            self.secrets[f"header with {password}"] = pair
            statement = {
                "actor": {"account": {"homePage": self.lms.address, "name": PERSON["sub"]}},
                "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
                "object": {"id": COURSE[0].address},
            }
            headers = {"Authorization": f"Basic {pair}", "X-Experience-API-Version": "1.0.3"}
            for body in ([statement], [{**statement, "actor": {"mbox": f"mailto:{PERSON['email']}!"}}]):
                answer = self.ask("/xapi/statements", "POST", json=body, headers=headers)
                assert answer.status_code in (expected, 400), answer.text

    def sign_in(self) -> None:
        link = make_link(self.core, "t", "administer")
        self.secrets["sign-in link"] = link.rpartition("/")[2]
        path = urlsplit(link).path
        assert self.ask(path).status_code == 200
        entered = self.ask(path, "POST")
        assert entered.status_code == 303
        assert self.ask(path).status_code == 403
        self.administer(urlsplit(entered.location).path.split("/")[2])

    def administer(self, visit_id: str) -> None:
        """Make what is shown once: a password, a token, an invitation."""
        with self.app.test_request_context():
            made_at = {
                name: url_for(endpoint, visit_id=visit_id)
                for name, endpoint in (
                    ("password", "administration.add_credential"),
                    ("token", "tokens.add"),
                    ("invitation", "administration.invite"),
                )
            }
        page = self.ask(made_at["token"])
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert token, page.text
        form = {"csrf_token": token[1], "name": "a program", "scope": "courses:read", "days": "30"}
        for name, path in made_at.items():
            shown = self.ask(path, "POST", data=form | ({"days": "7"} if name == "invitation" else {}))
            found = re.findall(r'<code class="secret"[^>]*>([^<]+)</code>', shown.text)
            assert found, f"{name}: {shown.status_code} {shown.text}"
            self.secrets[f"{name} made by hand"] = found[-1].rpartition("invite=")[2]

    def api(self) -> None:
        now = self.core.clock()
        with self.core.database.write() as connection:
            _, token = api_tokens.add(connection, "t", "a token", list(Scope), now + timedelta(days=1), now)
        self.secrets["API token"] = token
        for value in (token, f"{token}x"):
            for path in ("/api/v1/", "/api/v1/tokens", "/api/v1/courses", "/api/v1/learners/nobody"):
                self.ask(path, headers={"Authorization": f"Bearer {value}"})

    def pages(self) -> None:
        home = self.launch(303)
        assert self.ask(home).status_code == 200
        consent = self.ask(f"{home}consent")
        token = re.search(r'name="csrf_token" value="([^"]+)"', consent.text)
        assert token
        self.secrets["token of forms"] = token[1]
        form = {"csrf_token": token[1], "grant": [f"{p}:{s}" for p, s in EVERYTHING]}
        assert self.ask(f"{home}consent", "POST", data=form).status_code == 303
        page = self.ask(home)
        for link in re.findall(r'href="([^"]*/go/[^"]+)"', page.text):
            self.secrets[f"start link {len(self.secrets)}"] = parse_qs(urlsplit(link).query)["key"][0]
            assert self.ask(link).status_code == 302
        said = "what a person typed into a form"
        self.secrets["what was typed"] = said
        self.ask(f"{home}answers", "POST", data={"csrf_token": token[1], "role": said})
        self.ask(f"{home}dismiss/{said}", "POST", data={"csrf_token": token[1], "reason": said})
        self.ask(f"{home}data/profile", "POST", data={"csrf_token": "x", "role": said})
        self.ask(f"{home}data/profile", "POST", data={"csrf_token": token[1], "level:x": said})

    def refusals(self) -> None:
        self.launch(401, key=rsa_key("another"))
        self.launch(401, iss="https://another.example")
        self.launch(401, **{f"{LTI}version": PERSON["name"]})
        self.ask(
            "/lti/launch", "POST", data={"error": "x", "error_description": PERSON["email"], "state": "y"}
        )

    def outgoing(self) -> None:
        self.core.note_roster(
            replace(
                launch_of("teacher-1"), registration_id=self._registration(), roles=frozenset({Role.TEACHER})
            ),
            self.lms.address,
            f"{self.lms.address}/members",
        )
        jobs = Jobs(self.core)
        assert jobs.read_rosters() == 1
        jobs.send_scores()
        self.lms.broken = True
        Jobs(self.core).send_scores()
        tomorrow = self.core.clock() + timedelta(days=1)
        self.core.clock = lambda: tomorrow
        assert Jobs(self.core).read_rosters() == 0
        assert self.lms.assertions
        self.secrets |= {f"assertion {n}": value for n, value in enumerate(self.lms.assertions)}

    def _registration(self) -> str:
        (entry,) = lti.registrations(self.core.database, "t")
        return entry.id

    def faults(self, monkeypatch: pytest.MonkeyPatch) -> None:
        home = self.launch(303)
        words = f"{PERSON['email']} {MASTER} state={next(iter(self.secrets))}"

        def fails(*_: Any, **__: Any) -> None:
            try:
                raise KeyError(PERSON["email"])
            except KeyError as error:
                raise RuntimeError(words) from error

        def violates(*_: Any, **__: Any) -> None:
            raise IntegrityError(f"INSERT {PERSON['email']}", {"x": MASTER}, ValueError(PERSON["sub"]))

        for fault in (fails, violates):
            monkeypatch.setattr(self.core, "page", fault)
            assert self.ask(home).status_code == 500
        monkeypatch.undo()
        gone = Database(f"sqlite:///{self.core.settings.data_dir / 'nowhere' / 'stifinder.db'}")
        whole, self.core.database = self.core.database, gone
        assert self.ask(home).status_code == 503
        self.core.database = whole
        gone.close()

    def keys(self) -> None:
        now = self.core.clock()
        key = tool_keys.signing_key(self.core.database, self.core.secrets, now)
        self.ask("/lti/jwks")
        numbers = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.private_key))
        self.secrets |= {f"{part} of the private key": numbers[part] for part in ("d", "p", "q")}
        self.secrets["private key"] = "PRIVATE KEY-----"


def test_nothing_that_is_logged_holds_a_secret_or_says_who_somebody_is(
    core: Core,
    lms: Lms,
    logged: Everything,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    walk = Walk(core, lms)
    walk.register()
    walk.keys()
    walk.statements()
    walk.sign_in()
    walk.api()
    walk.pages()
    walk.refusals()
    walk.faults(monkeypatch)
    walk.outgoing()
    written = capfd.readouterr()
    text = "\n".join([*logged.lines, written.out, written.err])
    assert "launch refused: reason=bad-signature" in text  # there is something to look through
    assert "unforeseen fault in learner.page" in text
    assert "RuntimeError" in text
    assert len(walk.secrets) > 40
    found = {
        name: line for name, value in walk.secrets.items() for line in text.splitlines() if value in line
    }
    assert not found


def test_where_a_fault_happened_is_logged_with_what_led_to_it(
    core: Core, logged: Everything, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(core)

    def fails() -> None:
        raise ValueError("words that quote somebody")

    monkeypatch.setitem(app.view_functions, "front", fails)
    assert app.test_client().get("/").status_code == 500
    (line,) = [line for line in logged.lines if "unforeseen fault" in line]
    assert "unforeseen fault in front" in line
    assert "builtins.ValueError, raised at:" in line
    assert re.search(r"test_no_secrets_in_logs\.py:\d+ in fails", line)
    assert "words that quote" not in line


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_server_writes_down_no_address_that_was_asked_for(tmp_path: Path, workers: str) -> None:
    entry = "from stifinder.lti_tool.cli import main; main()"
    command = [sys.executable, "-c", entry, "--data-dir", str(tmp_path)]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("STIFINDER_")}
    environ |= {"PYTHONUNBUFFERED": "1", "STIFINDER_SECRET_KEY": MASTER}
    subprocess.run([*command, "migrate"], check=True, env=environ, cwd=tmp_path, capture_output=True)
    with subprocess.Popen(
        [*command, "serve", "--port", "0", "--workers", workers],
        env=environ,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as server:
        assert server.stdout is not None
        first = server.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+", first)
        assert address, first
        for path in (
            "/sign-in/secret-in-a-path",
            "/lti/check/secret-in-a-path",
            "/lti/register?invite=secret-in-a-query&registration_token=secret-in-a-query",
            "/lti/launch?id_token=secret-in-a-query",
        ):
            with pytest.raises(urllib.error.HTTPError):
                urllib.request.urlopen(address[0] + path, timeout=20)
        server.send_signal(signal.SIGTERM)
        rest = server.stdout.read()
    assert "secret-in" not in first + rest
