"""Requests meant to do harm, sent to the whole tool: what they must not find out, break or have kept."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from small_course import EVERYTHING, ISSUER, launch_of
from stifinder.core import identity
from stifinder.core.service import Core
from stifinder.core.store import credentials, learners
from stifinder.lti_tool.app import LARGEST_FORM, create_app
from stifinder.schemas import statement_checks as checks

ID = "6f3b2c1e-0000-4000-8000-00000000000{}"


def authorization(name: str, password: str) -> dict[str, str]:
    pair = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}", "X-Experience-API-Version": "1.0.3"}


@pytest.fixture
def lms(core: Core) -> dict[str, str]:
    """The headers of an LMS that may send statements."""
    with core.database.write() as connection:
        credentials.add(connection, "t", "lms", "correct horse", core.clock())
    return authorization("lms", "correct horse") | {"Content-Type": "application/json"}


@pytest.fixture
def client(core: Core) -> FlaskClient:
    return create_app(core).test_client()


def statement(n: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": ID.format(n),
        "actor": {"account": {"homePage": ISSUER, "name": "person-1"}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": f"{ISSUER}/activities/{n}"},
        **changes,
    }


# --- the xAPI door ----------------------------------------------------------------------------------


def test_the_time_taken_does_not_tell_which_names_exist(
    client: FlaskClient, lms: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[int] = []
    real = credentials.hashlib.scrypt

    def counted(*args: object, **costs: int) -> bytes:
        hashed.append(costs["n"])
        return real(*args, **costs)  # type: ignore[arg-type]

    monkeypatch.setattr(credentials.hashlib, "scrypt", counted)
    for name in ("nobody", "nobody-else", "lms"):
        before = len(hashed)
        assert client.get("/xapi/statements", headers=authorization(name, "a guess")).status_code == 401
        assert len(hashed) == before + 1, name


@pytest.mark.parametrize("number", ["1" * 5000, "1e999"])
def test_a_number_that_is_too_large_for_us_is_given_back_and_sent_again_without_a_fault(
    core: Core, client: FlaskClient, lms: dict[str, str], number: str
) -> None:
    core.agree(launch_of("person-1"), EVERYTHING)
    body = json.dumps(statement(context={"extensions": {"https://lms.example.org/n": 0}}))
    sent = body.replace('"https://lms.example.org/n": 0', f'"https://lms.example.org/n": {number}')
    changed = sent.replace(number, f"-{number}")
    assert client.post("/xapi/statements", data=sent, headers=lms).status_code == 200
    found = client.get("/xapi/statements", query_string={"statementId": ID.format(1)}, headers=lms)
    assert found.status_code == 200
    assert number in found.text
    assert client.post("/xapi/statements", data=sent, headers=lms).status_code == 200
    assert client.post("/xapi/statements", data=changed, headers=lms).status_code == 409


@pytest.mark.parametrize("time_said", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_an_impossible_time_breaks_no_plugin_for_anybody(
    core: Core, client: FlaskClient, lms: dict[str, str], time_said: str
) -> None:
    learner = core.agree(launch_of("person-1"), EVERYTHING)
    batch = [
        statement(n, timestamp=time_said, verb={"id": f"http://adlnet.gov/expapi/verbs/{verb}"})
        for n, verb in enumerate(("passed", "failed", "completed", "answered"))
    ]
    assert client.post("/xapi/statements", json=batch, headers=lms).status_code == 200
    core.page(launch_of("person-1"), learner)
    broken = {name: health.last for name, health in core.plugins.isolation.health.items() if health.failures}
    assert broken == {}
    assert all(
        "1970" <= event["at"] <= core.clock().isoformat() for event in core.held("t", learner)["events"]
    )
    found = client.get("/xapi/statements", query_string={"statementId": ID.format(1)}, headers=lms)
    assert found.get_json()["timestamp"] == time_said


def test_the_actors_e_mail_address_is_not_kept(core: Core, client: FlaskClient, lms: dict[str, str]) -> None:
    launch = launch_of("person-1")
    learner = core.agree(launch, EVERYTHING)
    inside = {
        "objectType": "SubStatement",
        "actor": {"mbox": "mailto:learner-1@example.org"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/planned"},
        "object": {"id": f"{ISSUER}/activities/2"},
    }
    with core.database.write() as connection:
        digest = identity.digest(core.secrets.derive("identity"), "t", identity.mbox("learner-1@example.org"))
        learners.name_again(connection, "t", learner, [digest])
    sent = statement(actor={"mbox": "mailto:learner-1@example.org"}, object=inside)
    assert client.post("/xapi/statements", json=sent, headers=lms).status_code == 200
    kept = core.held("t", learner)["statements"]
    assert len(kept) == 1
    assert "learner-1@example.org" not in kept[0]["statement"]
    assert kept[0]["statement"].count("mbox_sha1sum") == 2


def test_what_is_remembered_to_be_fast_cannot_fill_the_memory(
    client: FlaskClient, lms: dict[str, str]
) -> None:
    long = "a" * 100_000
    tag = "-".join(["aaaaaaaa"] * 10_000)
    sent = statement(
        verb={"id": "http://adlnet.gov/expapi/verbs/completed", "display": {tag: "x"}},
        context={"extensions": {f"https://lms.example.org/{long}": 1}},
    )
    assert client.post("/xapi/statements", json=sent, headers=lms).status_code == 200
    assert max(map(len, checks._known_iris | checks._known_tags)) < 10_000
    named = statement(actor={"account": {"homePage": ISSUER, "name": long}})
    assert client.post("/xapi/statements", json=named, headers=lms).status_code == 400


# --- pages ------------------------------------------------------------------------------------------


def test_a_page_does_not_read_a_large_file_that_nobody_asked_for(client: FlaskClient) -> None:
    upload = {"state": "x", "file": (io.BytesIO(b"x" * (LARGEST_FORM + 1)), "file")}
    answer = client.post("/lti/launch", data=upload)
    assert answer.status_code == 413
    assert "Connection" not in answer.headers  # the server's own business (PEP 3333): ours would become a 500
