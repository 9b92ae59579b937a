"""Signing in without an LMS: a link that is good once, for a short time, and is recorded."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from small_course import Clock
from stifinder.core.service import Core
from stifinder.core.store import joining
from stifinder.core.store.tables import SYSTEM
from stifinder.lti_tool.app import create_app
from stifinder.lti_tool.sign_in import make_link


@pytest.fixture
def client(core: Core) -> FlaskClient:
    return create_app(core).test_client()


def path_of(core: Core, tenant: str = "t", kind: str = "administer") -> str:
    return urlsplit(make_link(core, tenant, kind)).path


def test_a_link_is_good_once(core: Core, client: FlaskClient) -> None:
    path = path_of(core)
    entered = client.post(path)
    assert (entered.status_code, "/administration" in entered.location) == (303, True)
    assert client.get(path).status_code == 403
    assert client.post(path).status_code == 403


def test_looking_at_a_link_does_not_use_it_up(core: Core, client: FlaskClient) -> None:
    path = path_of(core)
    for _ in range(3):  # as filters of mail and previews do
        assert client.get(path).status_code == 200
    assert client.post(path).status_code == 303


def test_a_link_ends_after_fifteen_minutes(core: Core, client: FlaskClient, clock: Clock) -> None:
    path = path_of(core)
    clock.forward(minutes=15)
    assert client.post(path).status_code == 403
    assert "stifinder sign-in" in client.get(path).text


def test_an_invitation_of_an_lms_signs_nobody_in(core: Core, client: FlaskClient, clock: Clock) -> None:
    token = joining.invite(core.database, "t", clock() + timedelta(days=1), clock())
    assert client.post(f"/sign-in/{token}").status_code == 403


def test_making_and_using_a_link_are_recorded(core: Core, client: FlaskClient) -> None:
    client.post(path_of(core))
    entered, made = core.audit_log("t")
    assert (made.act, made.actor.sign) == ("make a link to administer", "command line")
    assert (entered.act, entered.actor.role) == ("sign in", "administrator")
    assert entered.actor.sign.startswith("link-")


def test_a_link_for_operators_opens_the_list_of_tenants(core: Core, client: FlaskClient) -> None:
    entered = client.post(path_of(core, SYSTEM, "operate"))
    assert entered.location.endswith("/tenants")


def test_only_a_digest_of_a_link_is_stored(core: Core, client: FlaskClient) -> None:
    token = path_of(core).rpartition("/")[2].encode()
    files = list(core.settings.data_dir.glob("stifinder.db*"))
    assert files
    assert not any(token in file.read_bytes() for file in files)
