"""Statements through the whole tool: from a sender's request to events in the store, or to nothing."""

from __future__ import annotations

import base64
import http.client
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tincan
from flask.testing import FlaskClient
from stifinder.core import identity
from stifinder.core.launch import Launch
from stifinder.core.people import Purpose, Source
from stifinder.core.service import Core
from stifinder.core.store import credentials
from stifinder.lti_tool.app import create_app
from waitress.server import create_server

LMS = "http://www.example.org"
EVERYTHING = [(p, s) for p in Purpose for s in Source]
ID = "6f3b2c1e-0000-4000-8000-00000000000{}"


def agree(core: Core, name: str) -> str:
    """The learner's id of the one whom the LMS calls ``name``, who now agrees to everything."""
    launch = Launch(tenant_id="t", registration_id="r", identities=(identity.account(LMS, name),))
    return core.agree(launch, EVERYTHING)


def statement(n: int, name: str = "learner-1", **changes: Any) -> dict[str, Any]:
    return {
        "id": ID.format(n),
        "actor": {"account": {"homePage": LMS, "name": name}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": f"{LMS}/activity/{n}"},
        **changes,
    }


def headers(core: Core) -> dict[str, str]:
    with core.database.write() as connection:
        credentials.add(connection, "t", "lms", "correct horse", core.clock())
    pair = base64.b64encode(b"lms:correct horse").decode()
    return {"Authorization": f"Basic {pair}", "X-Experience-API-Version": "1.0.3"}


@pytest.fixture
def xapi_auth(core: Core) -> dict[str, str]:
    return headers(core)


@pytest.fixture
def client(core: Core) -> FlaskClient:
    return create_app(core).test_client()


def events_of(core: Core, learner_id: str) -> int:
    return len(core.held("t", learner_id)["events"])


def test_a_statement_sent_twice_is_one_event(
    core: Core, client: FlaskClient, xapi_auth: dict[str, str]
) -> None:
    learner = agree(core, "learner-1")
    for _ in range(2):
        answer = client.post("/xapi/statements", json=[statement(1), statement(2)], headers=xapi_auth)
        assert answer.get_json() == [ID.format(1), ID.format(2)]
    assert events_of(core, learner) == 2


def test_another_statement_with_the_same_id_is_a_conflict_and_its_batch_is_not_stored(
    core: Core, client: FlaskClient, xapi_auth: dict[str, str]
) -> None:
    learner = agree(core, "learner-1")
    client.post("/xapi/statements", json=statement(1), headers=xapi_auth)
    changed = statement(1, result={"success": False})
    answer = client.post("/xapi/statements", json=[statement(2), changed], headers=xapi_auth)
    assert answer.status_code == 409
    assert answer.mimetype == "application/problem+json"
    assert answer.get_json(force=True)["where"] == "[1].id"
    assert events_of(core, learner) == 1


def test_one_wrong_statement_keeps_the_whole_batch_out(
    core: Core, client: FlaskClient, xapi_auth: dict[str, str]
) -> None:
    learner = agree(core, "learner-1")
    batch = [statement(1), statement(2), {**statement(3), "verb": {"id": "done"}}]
    answer = client.post("/xapi/statements", json=batch, headers=xapi_auth)
    assert answer.status_code == 400
    assert answer.get_json(force=True)["where"] == "[2].verb.id"
    assert events_of(core, learner) == 0


def test_a_learner_who_did_not_agree_leaves_no_statement(
    core: Core, client: FlaskClient, xapi_auth: dict[str, str]
) -> None:
    answer = client.post("/xapi/statements", json=statement(1), headers=xapi_auth)
    assert answer.status_code == 200
    found = client.get("/xapi/statements", query_string={"statementId": ID.format(1)}, headers=xapi_auth)
    assert found.status_code == 404


def test_what_was_taken_is_given_back_without_names(
    core: Core, client: FlaskClient, xapi_auth: dict[str, str]
) -> None:
    agree(core, "learner-1")
    sent = statement(1)
    named = {**sent, "actor": {**sent["actor"], "name": "Learner 1"}}
    client.post("/xapi/statements", json=named, headers=xapi_auth)
    found = client.get("/xapi//statements", query_string={"statementId": ID.format(1)}, headers=xapi_auth)
    assert found.status_code == 200
    assert {k: v for k, v in found.get_json().items() if k in sent} == sent


def test_every_statement_of_moodle_becomes_an_event(
    make_core: Callable[..., Core], database_url: str, data: Path
) -> None:
    file = data / "xapi" / "moodle_logstore_xapi.jsonl"
    if not file.is_file():
        pytest.skip(f"real statements are absent: there is no {file}")
    statements = [json.loads(line)["statement"] for line in file.read_text().splitlines()]
    core = make_core(url=database_url)
    names = {s["actor"]["account"]["name"] for s in statements}
    learners = [agree(core, name) for name in sorted(names)]
    answer = create_app(core).test_client().post("/xapi/statements", json=statements, headers=headers(core))
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert sum(events_of(core, learner) for learner in learners) == len(statements) == 190


# --- over a real connection -----------------------------------------------------------------------


@pytest.fixture
def port(core: Core) -> Iterator[int]:
    """The port of a real server around the tool."""
    server = create_server(create_app(core), host="127.0.0.1", port=0, threads=2)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield server.effective_port
    server.close()
    thread.join(timeout=5)


@pytest.fixture
def lrs(port: int, xapi_auth: dict[str, str]) -> tincan.RemoteLRS:
    """A client written by others."""
    endpoint = f"http://127.0.0.1:{port}/xapi/"
    return tincan.RemoteLRS(version="1.0.3", endpoint=endpoint, auth=xapi_auth["Authorization"])


@pytest.mark.parametrize("chunked", [False, True])
def test_fifty_megabytes_get_an_answer_that_says_what_to_do(
    port: int, xapi_auth: dict[str, str], chunked: bool
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    part = b"[" * 1_000_000
    body = (part for _ in range(50)) if chunked else part * 50
    connection.request("POST", "/xapi/statements", body, xapi_auth, encode_chunked=chunked)
    answer = connection.getresponse()
    assert answer.status == 413
    assert "fewer statements" in json.loads(answer.read())["cure"]
    connection.close()


def test_an_independent_client_saves_and_finds_statements(core: Core, lrs: tincan.RemoteLRS) -> None:
    learner = agree(core, "learner-1")
    one = tincan.Statement(statement(1))
    assert lrs.save_statement(one).success
    many = lrs.save_statements([tincan.Statement(statement(n)) for n in (2, 3)])
    assert many.success
    assert [str(s.id) for s in many.content] == [ID.format(2), ID.format(3)]
    found = lrs.retrieve_statement(ID.format(1))
    assert found.success
    assert found.content.verb.id == one.verb.id
    assert events_of(core, learner) == 3
