"""The sandbox LMS by itself: logging in, its side of a launch, and statements that wait for the tool."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest
import requests
from flask.testing import FlaskClient
from stifinder.adapters.sandbox import content
from stifinder.adapters.sandbox.app import create_app
from stifinder.adapters.sandbox.content import ISSUER
from stifinder.adapters.sandbox.history import history
from stifinder.adapters.sandbox.lms import Sandbox
from stifinder.adapters.sandbox.people import PASSWORD, PEOPLE
from stifinder.adapters.sandbox.server import Server
from stifinder.core.errors import ConfigurationError
from stifinder.schemas.catalogue import Refused, read_rows
from werkzeug.test import TestResponse

LMS = "http://127.0.0.1:5001"
CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
QUIZ = "formula-references-quiz"


class FakeLrs(ThreadingHTTPServer):
    """An xAPI endpoint that keeps what it gets, and answers with ``status``."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Take)
        self.got: list[dict] = []
        self.status: Callable[[list[dict]], int] = lambda _: 200
        self.url = f"http://127.0.0.1:{self.server_port}"

    def verbs(self) -> list[str]:
        return [statement["verb"]["display"]["en"] for statement in self.got]


class _Take(BaseHTTPRequestHandler):
    server: FakeLrs

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = self.server.status(body)
        if status == 200:
            self.server.got += body
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b"[]")

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def lrs() -> Iterator[FakeLrs]:
    server = FakeLrs()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def sandbox(tmp_path: Path, lrs: FakeLrs) -> Sandbox:
    return Sandbox.open(tmp_path, LMS, lrs.url)


@pytest.fixture
def client(sandbox: Sandbox) -> FlaskClient:
    return create_app(sandbox).test_client()


def get(client: FlaskClient, path: str, **query: str) -> TestResponse:
    return client.get(path, base_url=LMS, query_string=query)


def post(client: FlaskClient, path: str, **fields: str) -> TestResponse:
    """Send a form as the browser would, with the form key of this session."""
    with client.session_transaction(base_url=LMS) as session:
        fields.setdefault("form_key", session.get("form_key", ""))
    return client.post(path, base_url=LMS, data=fields)


def log_in(client: FlaskClient, user: str = "learner-01", **query: str) -> TestResponse:
    get(client, "/login")
    with client.session_transaction(base_url=LMS) as session:
        key = session["form_key"]
    fields = {"user": user, "password": PASSWORD, "form_key": key}
    answer = client.post("/login", base_url=LMS, data=fields, query_string=query)
    get(client, "/")
    return answer


def answer_quiz(client: FlaskClient, sandbox: Sandbox, *, right: bool) -> TestResponse:
    get(client, f"/activities/{QUIZ}")
    questions = sandbox.content.lessons[QUIZ].questions
    chosen = {q.id: str(q.right if right else (q.right + 1) % len(q.choices)) for q in questions}
    return post(client, f"/activities/{QUIZ}/done", **chosen)


def authentication_request(client: FlaskClient, course: str = "offers", **changed: str) -> dict[str, str]:
    """Start a launch, and ask for the message as the tool would."""
    login = get(client, f"/courses/{course}/adaptive/start")
    asked = dict(parse_qsl(urlsplit(login.location).query))
    return {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": asked["client_id"],
        "redirect_uri": asked["target_link_uri"],
        "login_hint": asked["login_hint"],
        "lti_message_hint": asked["lti_message_hint"],
        "state": "the-state",
        "nonce": "the-nonce",
    } | changed


def fields_of(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))


# --- logging in -----------------------------------------------------------------------------------


def test_a_person_logs_in_and_goes_where_they_wanted_to(client: FlaskClient) -> None:
    asked = get(client, "/activities/offer-purpose")
    assert asked.status_code == 302
    assert asked.location == "/login?next=/activities/offer-purpose"
    assert log_in(client, next="/activities/offer-purpose").location == "/activities/offer-purpose"
    assert "What an offer is for" in get(client, "/activities/offer-purpose").text


def test_a_wrong_password_is_refused_with_the_cure(client: FlaskClient) -> None:
    get(client, "/login")
    answer = post(client, "/login", user="learner-01", password="guess")
    assert answer.status_code == 401
    assert "do not belong together" in answer.text
    assert get(client, "/").status_code == 302


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/x"])
def test_logging_in_never_leads_to_another_site(client: FlaskClient, elsewhere: str) -> None:
    assert log_in(client, next=elsewhere).location == "/"


def test_a_form_from_elsewhere_is_refused(client: FlaskClient, lrs: FakeLrs) -> None:
    log_in(client)
    answer = post(client, "/activities/offer-purpose/done", form_key="forged")
    assert answer.status_code == 400
    assert "Nothing was changed" in answer.text
    assert lrs.got == []


def test_another_host_name_for_this_machine_is_refused(client: FlaskClient) -> None:
    assert client.get("/login", base_url="http://rebound.example:5001").status_code == 400


def test_the_other_name_of_this_machine_leads_to_the_address_that_launches_use(client: FlaskClient) -> None:
    answer = client.get("/courses/offers", base_url="http://localhost:5001")
    assert answer.location.startswith(f"{LMS}/courses/offers")


def test_every_login_on_the_page_works(client: FlaskClient) -> None:
    page = get(client, "/login").text
    for person in PEOPLE.values():
        assert person.id in page
        assert log_in(client, person.id).status_code == 303


# --- launching ------------------------------------------------------------------------------------


def test_the_message_is_signed_by_the_published_key_and_says_what_a_tool_needs(client: FlaskClient) -> None:
    log_in(client, "learner-02")
    page = get(client, "/lti/auth", **authentication_request(client)).text
    fields = fields_of(page)
    keys = jwt.PyJWKSet.from_dict(get(client, "/lti/jwks").json)
    header = jwt.get_unverified_header(fields["id_token"])
    claims = jwt.decode(
        fields["id_token"],
        keys[header["kid"]].key,
        algorithms=["RS256"],
        audience="stifinder-sandbox",
        issuer=ISSUER,
        options={"require": ["exp", "iat", "sub", "nonce"]},
    )
    assert fields["state"] == "the-state"
    assert claims["nonce"] == "the-nonce"
    assert claims["sub"] == "learner-02"
    assert claims[CLAIM + "deployment_id"] == "1"
    assert claims[CLAIM + "roles"] == ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"]
    assert claims[CLAIM + "context"]["id"] == "offers"
    assert claims[CLAIM + "resource_link"]["id"]
    assert claims[CLAIM + "launch_presentation"] == {
        "document_target": "iframe",
        "return_url": f"{LMS}/courses/offers",
        "locale": "da",
    }
    assert claims[CLAIM + "tool_platform"]["product_family_code"] == "stifinder-sandbox"
    assert not {"name", "given_name", "family_name", "email"} & claims.keys()


def test_the_launch_form_goes_to_the_tool_with_and_without_script(
    client: FlaskClient, sandbox: Sandbox
) -> None:
    log_in(client)
    answer = get(client, "/lti/auth", **authentication_request(client))
    assert f'action="{sandbox.tool_url}/lti/launch"' in answer.text
    assert "Continue</button>" in answer.text
    assert "launch.js" in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe-inline" not in policy
    assert f"form-action 'self' {sandbox.tool_url}" in policy


def test_a_chosen_language_is_told_to_tools(client: FlaskClient) -> None:
    log_in(client)
    assert post(client, "/language", locale="de").status_code == 303
    token = fields_of(get(client, "/lti/auth", **authentication_request(client)).text)["id_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims[CLAIM + "launch_presentation"]["locale"] == "de"
    assert post(client, "/language", locale="xx").status_code == 400


def test_a_teacher_is_launched_as_an_instructor(client: FlaskClient) -> None:
    log_in(client, "teacher-01")
    token = fields_of(get(client, "/lti/auth", **authentication_request(client)).text)["id_token"]
    roles = jwt.decode(token, options={"verify_signature": False})[CLAIM + "roles"]
    assert roles == ["http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"]


@pytest.mark.parametrize(
    "changed", [{"client_id": "somebody-else"}, {"redirect_uri": "https://evil.example/lti/launch"}]
)
def test_an_unknown_client_or_address_gets_nothing(client: FlaskClient, changed: dict[str, str]) -> None:
    log_in(client)
    answer = get(client, "/lti/auth", **authentication_request(client, **changed))
    assert answer.status_code == 400
    assert "id_token" not in answer.text
    assert "evil.example" not in answer.text


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"login_hint": "learner-04"}, "login_required"),
        ({"nonce": ""}, "invalid_request"),
        ({"state": ""}, "invalid_request"),
        ({"scope": "profile"}, "invalid_request"),
        ({"response_type": "code"}, "invalid_request"),
        ({"lti_message_hint": "no-such-course:iframe"}, "invalid_request"),
    ],
)
def test_a_wrong_request_is_answered_with_an_error_and_no_message(
    client: FlaskClient, changed: dict[str, str], error: str
) -> None:
    log_in(client)
    fields = fields_of(get(client, "/lti/auth", **authentication_request(client, **changed)).text)
    assert fields["error"] == error
    assert "id_token" not in fields


def test_somebody_who_logged_out_is_not_launched(client: FlaskClient) -> None:
    log_in(client)
    asked = authentication_request(client)
    post(client, "/logout")
    fields = fields_of(get(client, "/lti/auth", **asked).text)
    assert fields["error"] == "login_required"
    assert "id_token" not in fields


def test_the_key_survives_a_restart_and_is_its_owners_only(tmp_path: Path, sandbox: Sandbox) -> None:
    again = Sandbox.open(tmp_path, "http://127.0.0.1:5999", "http://127.0.0.1:6000")
    assert again.platform.jwks() == sandbox.platform.jwks()
    assert "d" not in again.platform.jwks()["keys"][0]
    assert (tmp_path / "platform-key.pem").stat().st_mode & 0o077 == 0


# --- working, and telling about it ----------------------------------------------------------------


def test_right_answers_pass_and_each_is_told(client: FlaskClient, sandbox: Sandbox, lrs: FakeLrs) -> None:
    log_in(client)
    assert answer_quiz(client, sandbox, right=True).status_code == 303
    page = get(client, f"/activities/{QUIZ}").text
    assert "Passed: 3 of 3 right" in page
    assert "Back to Adaptive learning" in page
    assert lrs.verbs() == ["attempted", "answered", "answered", "answered", "completed", "passed"]
    assert all(s["result"]["success"] for s in lrs.got if "answered" in s["verb"]["id"])
    assert lrs.got[-1]["result"]["score"] == {"scaled": 1.0, "raw": 3, "min": 0, "max": 3}
    assert {s["actor"]["account"]["name"] for s in lrs.got} == {"learner-01"}
    assert "Passed, 100 %" in get(client, "/courses/sheets").text


def test_wrong_answers_fail_whatever_the_browser_claims(
    client: FlaskClient, sandbox: Sandbox, lrs: FakeLrs
) -> None:
    log_in(client)
    answer_quiz(client, sandbox, right=False)
    assert lrs.verbs()[-1] == "failed"
    assert lrs.got[-1]["result"]["score"]["scaled"] == 0
    assert "Not passed yet: 0 of 3 right" in get(client, f"/activities/{QUIZ}").text


def test_a_lesson_without_questions_is_marked_as_done(client: FlaskClient, lrs: FakeLrs) -> None:
    log_in(client)
    get(client, "/activities/offer-purpose")
    post(client, "/activities/offer-purpose/done")
    assert lrs.verbs() == ["attempted", "completed"]
    assert lrs.got[1]["result"]["completion"] is True


@pytest.mark.parametrize("rest", [{}, {"q2": "99"}, {"q2": "x"}, {"q2": "-1"}])
def test_open_questions_are_asked_again_with_the_other_answers_kept(
    client: FlaskClient, lrs: FakeLrs, rest: dict[str, str]
) -> None:
    log_in(client)
    answer = post(client, f"/activities/{QUIZ}/done", q1="2", **rest)
    assert answer.status_code == 400
    assert "Answer every question first" in answer.text
    assert 'id="q1-2" name="q1" value="2" checked' in " ".join(answer.text.split())
    assert lrs.got == []


def test_a_teacher_cannot_submit(client: FlaskClient, lrs: FakeLrs) -> None:
    log_in(client, "teacher-01")
    assert post(client, "/activities/offer-purpose/done").status_code == 403
    assert lrs.got == []


def test_what_was_done_while_the_tool_was_away_is_sent_later_in_order(
    client: FlaskClient, sandbox: Sandbox, lrs: FakeLrs, tmp_path: Path
) -> None:
    lrs.status = lambda _: 503
    log_in(client)
    post(client, "/activities/offer-purpose/done")
    answer_quiz(client, sandbox, right=True)
    assert "8 statements wait for the tool" in get(client, "/").text
    assert lrs.got == []
    lrs.status = lambda _: 200
    Sandbox.open(tmp_path, LMS, lrs.url).outbox.flush()  # after a restart
    assert lrs.verbs()[:3] == ["attempted", "completed", "attempted"]
    assert len(lrs.got) == 8
    assert [s["timestamp"] for s in lrs.got] == sorted(s["timestamp"] for s in lrs.got)
    assert "for the tool." not in get(client, "/").text


def test_a_person_sends_what_waits_by_a_button(client: FlaskClient, lrs: FakeLrs) -> None:
    lrs.status = lambda _: 401
    log_in(client)
    post(client, "/activities/offer-purpose/done")
    page = get(client, "/statements").text
    assert "The tool refuses the password of the sandbox." in page
    lrs.status = lambda _: 200
    post(client, "/statements/send")
    assert lrs.verbs() == ["attempted", "completed"]
    assert "Send now" not in get(client, "/statements").text


def test_a_statement_that_the_tool_never_takes_does_not_hold_up_the_others(
    client: FlaskClient, lrs: FakeLrs
) -> None:
    lrs.status = lambda body: 409 if any("attempted" in s["verb"]["id"] for s in body) else 200
    log_in(client)
    post(client, "/activities/offer-purpose/done")
    assert lrs.verbs() == ["completed"]
    assert "refused: The tool answered 409" in get(client, "/statements").text


# --- the catalogue and the past -------------------------------------------------------------------


def test_the_served_catalogue_is_one_that_the_tool_imports_whole(client: FlaskClient, tmp_path: Path) -> None:
    file = tmp_path / "catalogue.jsonl"
    file.write_text(get(client, "/catalogue.jsonl").text, encoding="utf-8")
    rows = list(read_rows(file))
    assert not [row for row in rows if isinstance(row, Refused)]
    assert {row.course_key for row in rows} == {"offers", "sheets"}
    assert all(row.address.startswith(f"{LMS}/activities/") for row in rows)
    assert all(row.object_id.startswith(ISSUER) for row in rows)


def test_every_address_in_the_catalogue_opens(client: FlaskClient, sandbox: Sandbox) -> None:
    log_in(client)
    for line in get(client, "/catalogue.jsonl").text.splitlines():
        row = json.loads(line)
        page = get(client, row["address"].removeprefix(LMS))
        assert page.status_code == 200
        assert len(re.findall("<fieldset", page.text)) == len(sandbox.content.lessons[row["id"]].questions)


def test_the_right_answers_are_not_given_away(client: FlaskClient) -> None:
    log_in(client)
    assert '"right"' not in get(client, "/catalogue.jsonl").text
    assert "Right:" not in get(client, f"/activities/{QUIZ}").text


def test_the_past_is_the_same_for_the_same_moment_and_seed() -> None:
    catalogue = content.load()
    now = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    past = history(catalogue, now, 7)
    assert past == history(catalogue, now, 7)
    assert past != history(catalogue, now, 8)
    assert len({s["id"] for s in past}) == len(past)
    times = [datetime.fromisoformat(s["timestamp"]) for s in past]
    assert times == sorted(times)
    assert (now - times[0]).days in range(30, 41)
    assert 0 < (now - times[-1]).total_seconds() < 10 * 86400
    assert {"attempted", "answered", "completed", "passed", "failed"} == {
        s["verb"]["display"]["en"] for s in past
    }
    told = {s["actor"]["account"]["name"] for s in past}
    assert {p.id for p in PEOPLE.values() if p.pace} == told


def test_the_past_is_lived_through_once(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.live_through_history()
    before = [kept.statement for kept in sandbox.store.waiting(10_000)]
    Sandbox.open(tmp_path, LMS, "http://127.0.0.1:9").live_through_history()
    assert [kept.statement for kept in sandbox.store.waiting(10_000)] == before


# --- the server -----------------------------------------------------------------------------------


def test_a_port_in_use_is_named_with_the_cure() -> None:
    first = Server(0, "--lms-port")
    with pytest.raises(ConfigurationError, match=rf"Port {first.port} .* in use.*--lms-port"):
        Server(first.port, "--lms-port")
    first.stop()


def test_the_server_answers_on_loopback_and_frees_its_port(sandbox: Sandbox) -> None:
    server = Server(0, "--lms-port")
    server.start(create_app(sandbox))
    with requests.Session() as session:
        assert session.get(f"{server.address}/login", timeout=10).status_code == 200
        server.stop()
        with pytest.raises(requests.ConnectionError):
            session.get(f"{server.address}/login", timeout=10)
    again = Server(server.port, "--lms-port")
    again.stop()
