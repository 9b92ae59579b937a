"""The xAPI door as a sender sees it: statuses, headers, problems; the core behind it writes to a list."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert
from stifinder.core.arrival import Arrival, Receipt
from stifinder.core.errors import Conflict, Forbidden, StifinderError, StoreUnavailable
from stifinder.core.settings import Limits
from stifinder.core.store import credentials, tables
from stifinder.core.store.database import Database
from stifinder.lti_tool import xapi
from werkzeug.test import TestResponse

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ID = "6f3b2c1e-0000-4000-8000-000000000001"
STATEMENT: dict[str, Any] = {
    "actor": {"mbox": "mailto:learner-1@example.org"},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
    "object": {"id": "https://lms.example.org/course/1"},
}


class WritingCore:
    """What the door needs of a core; keeps what it is given, and fails when told to."""

    settings = SimpleNamespace(limits=Limits(xapi_batch=10))

    def __init__(self, database: Database) -> None:
        self.database = database
        self.taken: list[tuple[str, Arrival]] = []
        self.failure: StifinderError | None = None

    def clock(self) -> datetime:
        return NOW

    def intake(self, tenant_id: str, arrivals: Sequence[Arrival]) -> Receipt:
        if self.failure:
            raise self.failure
        self.taken += [(tenant_id, a) for a in arrivals]
        return Receipt(0, 0, {"no-consent": len(arrivals)})

    def statement(self, tenant_id: str, statement_id: str) -> tuple[bytes, datetime] | None:
        return next(((a.raw, NOW) for t, a in self.taken if (t, a.id) == (tenant_id, statement_id)), None)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Two tenants with a credential each; made once, as hashing a password is slow on purpose."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('door') / 'stifinder.db'}")
    tables.metadata.create_all(database.engine)
    with database.write() as connection:
        for tenant in ("acme", "globex"):
            connection.execute(insert(tables.tenant).values(id=tenant, name=tenant, created_at=NOW))
            credentials.add(connection, tenant, f"lms-{tenant}", "correct horse", NOW)
    yield database
    database.close()


@pytest.fixture
def core(database: Database) -> WritingCore:
    return WritingCore(database)


@pytest.fixture
def client(core: WritingCore) -> FlaskClient:
    app = Flask(__name__)
    app.extensions["stifinder"] = core
    app.register_blueprint(xapi.blueprint())
    app.wsgi_app = xapi.collapse_slashes(app.wsgi_app)  # type: ignore[method-assign]
    return app.test_client()


def headers(
    user: str = "lms-acme", password: str = "correct horse", version: str = "1.0.3"
) -> dict[str, str]:
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}", "X-Experience-API-Version": version}


def post(client: FlaskClient, content: Any, **options: Any) -> TestResponse:
    options.setdefault("headers", headers())
    return client.post("/xapi/statements", json=content, **options)


def problem(answer: TestResponse, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.mimetype == "application/problem+json"
    found: dict[str, Any] = json.loads(answer.data)
    assert found["status"] == status
    assert found["type"].startswith("urn:stifinder:")
    assert found["title"]
    assert found["cure"]
    return found


def test_a_batch_is_answered_with_its_ids_in_order(client: FlaskClient, core: WritingCore) -> None:
    answer = post(client, [STATEMENT, {**STATEMENT, "id": ID.upper()}])
    assert answer.status_code == 200
    assert answer.get_json() == [a.id for _, a in core.taken]
    assert answer.get_json()[1] == ID
    assert answer.headers["X-Experience-API-Version"] == "1.0.3"
    assert {t for t, _ in core.taken} == {"acme"}


def test_statements_that_are_dropped_are_answered_as_accepted(client: FlaskClient) -> None:
    assert post(client, STATEMENT).status_code == 200


def test_an_empty_batch_is_answered_with_no_ids(client: FlaskClient) -> None:
    assert post(client, []).get_json() == []


def test_a_statement_that_was_put_can_be_fetched(client: FlaskClient) -> None:
    address = f"/xapi/statements?statementId={ID}"
    assert client.put(address, json=STATEMENT, headers=headers()).status_code == 204
    answer = client.get(address, headers=headers())
    assert answer.status_code == 200
    assert answer.get_json() == {
        **STATEMENT,
        "actor": {"mbox_sha1sum": "69d2ae00473c9fa573a324e6fa043bdb7d77ea59"},
        "id": ID,
        "stored": "2026-03-02T09:30:00.000Z",
        "timestamp": "2026-03-02T09:30:00.000Z",
        "version": "1.0.0",
    }
    assert answer.headers["X-Experience-API-Consistent-Through"] == "2026-03-02T09:30:00.000Z"
    head = client.head(address, headers=headers())
    assert (head.status_code, head.data) == (200, b"")
    problem(client.get(address, headers=headers("lms-globex")), 404)


@pytest.mark.parametrize("query", ["", "?statementId=1", "?statementid=" + ID, f"?statementId={ID}&x=1"])
def test_put_needs_an_id_and_nothing_else(client: FlaskClient, core: WritingCore, query: str) -> None:
    problem(client.put(f"/xapi/statements{query}", json=STATEMENT, headers=headers()), 400)
    assert core.taken == []


def test_put_under_another_id_is_refused(client: FlaskClient) -> None:
    other = {**STATEMENT, "id": ID[:-1] + "2"}
    found = problem(client.put(f"/xapi/statements?statementId={ID}", json=other, headers=headers()), 400)
    assert found["where"] == "id"


@pytest.mark.parametrize("version", ["1.0.0", "1.0.1", "1.0.2", "1.0.3", "2.0.0"])
def test_versions_are_accepted_and_answered(client: FlaskClient, version: str) -> None:
    answer = post(client, STATEMENT, headers=headers(version=version))
    assert answer.status_code == 200
    assert answer.headers["X-Experience-API-Version"] == ("2.0.0" if version == "2.0.0" else "1.0.3")


@pytest.mark.parametrize("version", ["", "0.95", "1.1.0", "2.0.1", "x"])
def test_no_version_or_an_unknown_one_is_refused(client: FlaskClient, version: str) -> None:
    sent = headers(version=version)
    if not version:
        del sent["X-Experience-API-Version"]
    answer = post(client, STATEMENT, headers=sent)
    assert problem(answer, 400)["where"] == "X-Experience-API-Version"
    assert "X-Experience-API-Version" in answer.headers


def test_2_0_may_name_other_people_and_1_0_may_not(client: FlaskClient) -> None:
    agent = {"objectType": "contextAgent", "agent": {"mbox": "mailto:learner-2@example.org"}}
    new = {**STATEMENT, "context": {"contextAgents": [agent]}}
    assert post(client, new, headers=headers(version="2.0.0")).status_code == 200
    assert problem(post(client, new), 400)["where"] == "context.contextAgents"


def test_a_wrong_field_is_named_with_its_statement_and_nothing_is_taken(
    client: FlaskClient, core: WritingCore
) -> None:
    wrong = {**STATEMENT, "actor": {"account": {"homePage": "https://lms.example.org", "name": 3}}}
    found = problem(post(client, [STATEMENT, wrong]), 400)
    assert (found["where"], found["statement"], found["field"]) == (
        "[1].actor.account.name",
        1,
        "actor.account.name",
    )
    assert core.taken == []


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Bearer x"},
        headers(password="wrong"),
        headers(user="nobody"),
        headers(user="lms-acme\x00"),
    ],
)
def test_without_the_right_password_nothing_is_taken(
    client: FlaskClient, core: WritingCore, sent: dict[str, str]
) -> None:
    answer = post(client, STATEMENT, headers={"X-Experience-API-Version": "1.0.3", **sent})
    problem(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert core.taken == []


def test_a_password_is_hashed_once_and_a_removed_one_is_refused_at_once(
    client: FlaskClient, core: WritingCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    real = credentials.matches

    def counted(credential: credentials.Credential | None, password: str) -> bool:
        hashed.append(password)
        return real(credential, password)

    with core.database.write() as connection:
        credentials.add(connection, "acme", "leaving", "correct horse", NOW)
    monkeypatch.setattr(credentials, "matches", counted)
    for _ in range(3):
        assert post(client, STATEMENT, headers=headers("leaving")).status_code == 200
        problem(post(client, STATEMENT, headers=headers("leaving", "wrong")), 401)
    assert sorted(hashed) == ["correct horse", "wrong"]
    with core.database.write() as connection:
        credentials.remove(connection, "acme", "leaving")
    problem(post(client, STATEMENT, headers=headers("leaving")), 401)


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (Forbidden("This tenant is closed.", "Ask who runs Stifinder."), 403),
        (Conflict("[1].id: another statement has the id.", "Send a new id."), 409),
        (StoreUnavailable("The database is locked.", "Send it again."), 503),
    ],
)
def test_what_the_core_refuses_is_told(
    client: FlaskClient, core: WritingCore, failure: StifinderError, status: int
) -> None:
    core.failure = failure
    answer = post(client, [STATEMENT, STATEMENT])
    found = problem(answer, status)
    assert ("Retry-After" in answer.headers) == (status == 503)
    if status == 409:
        assert (found["statement"], found["field"]) == (1, "id")


@pytest.mark.parametrize("path", ["/xapi//statements", "//xapi/statements", "/xapi///statements"])
def test_doubled_slashes_work_without_a_redirect(client: FlaskClient, path: str) -> None:
    answer = client.post("/", json=STATEMENT, headers=headers(), environ_overrides={"PATH_INFO": path})
    assert answer.status_code == 200


def test_doubled_slashes_elsewhere_are_left_alone() -> None:
    seen: list[str] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.append(environ["PATH_INFO"])
        return []

    for path in ("/learn//page", "/xapiary//x", "/xapi/about"):
        xapi.collapse_slashes(app)({"PATH_INFO": path}, None)  # type: ignore[arg-type]
    assert seen == ["/learn//page", "/xapiary//x", "/xapi/about"]


def test_about_needs_no_password(client: FlaskClient) -> None:
    answer = client.get("/xapi/about")
    assert answer.status_code == 200
    assert {"1.0.0", "1.0.3", "2.0.0"} <= set(answer.get_json()["version"])
    assert "X-Experience-API-Version" in answer.headers


@pytest.mark.parametrize(
    "query", ["", "?verb=x", f"?statementId={ID}&voidedStatementId={ID}", "?since=2026-01-01"]
)
def test_queries_are_told_that_this_is_an_intake(client: FlaskClient, query: str) -> None:
    found = problem(client.get(f"/xapi/statements{query}", headers=headers()), 400)
    assert "store to query" in found["detail"]


def test_what_is_not_kept_is_not_found(client: FlaskClient) -> None:
    problem(client.get(f"/xapi/statements?statementId={ID}", headers=headers()), 404)
    problem(client.get(f"/xapi/statements?voidedStatementId={ID}", headers=headers()), 404)
    problem(client.get("/xapi/activities/state", headers=headers()), 404)
    assert client.delete("/xapi/statements", headers=headers()).status_code == 405


@pytest.mark.parametrize(
    ("body", "options"),
    [
        (b"{", {}),
        (b"", {}),
        (b"[" * 100_000, {}),
        (b'{"actor":' * 100_000, {}),
        (json.dumps(STATEMENT).encode(), {"content_type": "text/plain"}),
        (b"method=POST", {"content_type": "application/x-www-form-urlencoded"}),
        (json.dumps(STATEMENT).encode(), {"content_type": "multipart/mixed"}),
        (json.dumps(STATEMENT).encode(), {"query_string": "method=PUT"}),
    ],
)
def test_a_body_that_is_no_statement_is_refused(
    client: FlaskClient, core: WritingCore, body: bytes, options: dict[str, Any]
) -> None:
    options = {"content_type": "application/json", **options}
    answer = client.post("/xapi/statements", data=body, headers=headers(), **options)
    assert answer.status_code in {400, 413}
    problem(answer, answer.status_code)
    assert core.taken == []


def test_too_many_statements_are_too_large(client: FlaskClient, core: WritingCore) -> None:
    problem(post(client, [STATEMENT] * 11), 413)
    assert core.taken == []


class Counting(io.RawIOBase):
    """A body of blanks that tells how much of it was read."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = min(len(buffer), self.left)
        buffer[:size] = b" " * size
        self.left -= size
        self.count += size
        return size


def _send(client: FlaskClient, body: Counting, **environ: Any) -> TestResponse:
    return client.post(
        "/xapi/statements",
        headers=headers(),
        content_type="application/json",
        environ_overrides={"wsgi.input": body, **environ},
    )


def test_fifty_megabytes_are_refused_unread(client: FlaskClient) -> None:
    body = Counting(50_000_000)
    problem(_send(client, body, CONTENT_LENGTH="50000000"), 413)
    assert body.count == 0


def test_fifty_megabytes_in_chunks_are_read_no_further_than_the_limit(client: FlaskClient) -> None:
    body = Counting(50_000_000)
    problem(_send(client, body, **{"CONTENT_LENGTH": "", "wsgi.input_terminated": True}), 413)
    assert body.count <= Limits().xapi_body_bytes + 1_000_000


def test_a_body_shorter_or_longer_than_it_says_is_refused(client: FlaskClient) -> None:
    problem(_send(client, Counting(10), CONTENT_LENGTH="1000"), 400)
    longer = Counting(50_000_000)
    problem(_send(client, longer, CONTENT_LENGTH="1000"), 400)
    assert longer.count <= 1000
