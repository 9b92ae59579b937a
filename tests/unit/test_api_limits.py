"""Who asks too often is told to wait; who does not is not held up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from api_client import Program
from flask.testing import FlaskClient
from small_course import MakeCore
from stifinder.core.service import Core
from stifinder.core.settings import Limits
from stifinder.core.store import credentials
from stifinder.lti_tool import rate_limits
from stifinder.lti_tool.access import DOORS, By
from stifinder.lti_tool.app import create_app

FEW = Limits(launches_per_minute=3, attempts_per_minute=3, failures_per_minute=3, api_per_minute=3)
XAPI = {"X-Experience-API-Version": "1.0.3"}


@pytest.fixture
def core(make_core: MakeCore) -> Core:
    made = make_core()
    made.settings = replace(made.settings, limits=FEW)
    with made.database.write() as connection:
        credentials.add(connection, "t", "lms", "correct horse", made.clock())
    return made


@pytest.fixture
def client(core: Core) -> FlaskClient:
    return create_app(core).test_client()


def statuses(client: FlaskClient, path: str, times: int = 4, **kwargs: Any) -> list[int]:
    return [client.open(path, **kwargs).status_code for _ in range(times)]


def xapi(client: FlaskClient, password: str, name: str = "lms", **kwargs: Any) -> int:
    sent = client.post("/xapi/statements", json=[], headers=XAPI, auth=(name, password), **kwargs)
    return sent.status_code


def test_a_token_is_held_up_and_another_is_not(core: Core, client: FlaskClient) -> None:
    program, other = Program(core, client=client), Program(core, client=client)
    assert [program.call("GET", path).status_code for path in ("/token", "/skills", "/token")] == [200] * 3
    refused = program.call("GET", "/token")
    assert (refused.status_code, refused.mimetype) == (429, "application/problem+json")
    assert 1 <= int(refused.headers["Retry-After"]) <= 61
    assert refused.get_json(force=True)["status"] == 429
    assert other.call("GET", "/token").status_code == 200


def test_wrong_tokens_are_held_up_and_good_ones_from_the_same_address_are_not(
    core: Core, client: FlaskClient
) -> None:
    wrong = {"Authorization": "Bearer sf_wrong"}
    assert statuses(client, "/api/v1/token", 5, headers=wrong) == [401, 401, 401, 429, 429]
    assert Program(core, client=client).call("GET", "/token").status_code == 200


def test_whatever_needs_no_login_is_limited() -> None:
    limited = rate_limits.LAUNCHES | rate_limits.ATTEMPTS | rate_limits.PASSWORDS | rate_limits.PUBLIC
    open_to_all = {name for name, door in DOORS.items() if door.by in {By.ANYBODY, By.PROTOCOL, By.LINK}}
    assert open_to_all - limited == {"static", "bootstrap.static", "health"}
    assert limited <= set(DOORS)


@pytest.mark.parametrize(
    "path", ["/", "/lti/login", "/lti/register", "/sign-in/unknown", f"/learn/{32 * '0'}/go/x"]
)
def test_pages_without_login_are_held_up_by_address_and_say_so_to_people(
    client: FlaskClient, path: str
) -> None:
    first = statuses(client, path, 3)
    assert 429 not in first
    refused = client.get(path, headers={"Accept-Language": "en"})
    assert (refused.status_code, refused.mimetype) == (429, "text/html")
    assert int(refused.headers["Retry-After"]) >= 1
    assert "That was too often" in refused.text
    elsewhere = client.get(path, environ_base={"REMOTE_ADDR": "192.0.2.1"})
    assert elsewhere.status_code == first[0]


def test_wrong_passwords_are_held_up_by_name_and_address(client: FlaskClient) -> None:
    assert [xapi(client, f"guess {n}") for n in range(4)] == [401, 401, 401, 429]
    assert xapi(client, "correct horse") == 429  # or guessing would go on
    assert xapi(client, "correct horse", environ_base={"REMOTE_ADDR": "192.0.2.1"}) == 200
    assert xapi(client, "guess", name="somebody-else") == 401


def test_statements_with_the_right_password_are_never_held_up(client: FlaskClient) -> None:
    assert [xapi(client, "correct horse") for _ in range(20)] == [200] * 20


@pytest.mark.parametrize(("proxies", "held_up"), [(0, True), (1, False)])
def test_an_address_is_believed_only_from_as_many_proxies_as_were_named(
    core: Core, proxies: int, held_up: bool
) -> None:
    core.settings = replace(core.settings, trusted_proxies=proxies)
    client = create_app(core).test_client()
    asked = [
        client.get("/lti/login", headers={"X-Forwarded-For": f"198.51.100.9, 192.0.2.{n}"}).status_code
        for n in range(5)
    ]
    assert (429 in asked) == held_up


def test_what_somebody_claims_before_the_proxy_is_not_believed(core: Core) -> None:
    core.settings = replace(core.settings, trusted_proxies=1)
    client = create_app(core).test_client()
    asked = [
        client.get("/lti/login", headers={"X-Forwarded-For": f"192.0.2.{n}, 198.51.100.9"}).status_code
        for n in range(5)
    ]
    assert asked[-1] == 429


def test_while_redis_is_away_each_process_counts_for_itself(core: Core) -> None:
    core.settings = replace(core.settings, redis_url="redis://127.0.0.1:1/0")
    client = create_app(core).test_client()
    asked = statuses(client, "/lti/login", 4)
    assert 500 not in asked
