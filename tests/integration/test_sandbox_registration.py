"""An administrator registers the tool in the sandbox LMS, over HTTP, and a learner opens it from there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sandbox_world import World
from stifinder.adapters.sandbox.people import ADMIN, PEOPLE
from stifinder.adapters.sandbox.tools import RegistrationRejected, Tools
from stifinder.core.settings import Settings
from stifinder.core.store import lti

TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"


@pytest.fixture
def world(tmp_path: Path, settings: Settings) -> Iterator[World]:
    made = World(tmp_path, settings)
    yield made
    made.close()


def test_an_administrator_pastes_an_address_and_a_learner_opens_the_tool(world: World) -> None:
    world.log_in(ADMIN)
    assert "Registered" in world.register().text
    (tool,) = world.sandbox.tools.every()
    (entry,) = lti.registrations(world.core.database, "t")
    assert (entry.client_id, entry.deployment_id) == (tool.client_id, tool.deployment_id)
    assert entry.issuer == world.lms_server.address

    listed = world.get("/admin/tools")
    assert "Pending" in listed.text
    assert world.get(f"/courses/offers/tools/{tool.client_id}").status_code == 404
    assert "Active" in world.send(listed, f"/admin/tools/{tool.client_id}/activate").text

    world.log_in(PEOPLE["learner-01"])
    course = world.get("/courses/offers")
    assert f"/courses/offers/tools/{tool.client_id}" in course.text
    opened = world.launch(world.get(f"/courses/offers/tools/{tool.client_id}"))
    assert opened.status_code == 200
    assert opened.url.startswith(f"{world.tool_server.address}/learn/")
    (entry,) = lti.registrations(world.core.database, "t")
    assert entry.last_launch_at is not None
    assert entry.seen["names"] is False


def test_the_demos_own_tool_still_opens_beside_a_registered_one(world: World) -> None:
    assert world.sandbox.platform_for("stifinder-sandbox") is world.sandbox.platform
    assert world.sandbox.platform_for("unknown") is world.sandbox.platform


def test_only_the_administrator_registers_tools(world: World) -> None:
    world.log_in(PEOPLE["teacher-01"])
    assert world.get("/admin/tools").status_code == 403
    refused = world.send(world.get("/courses"), "/admin/tools/add", address="https://tool.example.com")
    assert refused.status_code in (400, 403)


def test_the_administrator_has_a_password_of_their_own(world: World) -> None:
    answer = world.send(world.get("/login"), "/login", user=ADMIN.id, password=PEOPLE["learner-01"].password)
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "lms", "https://a'b.example", "https://a@b.example"]
)
def test_what_is_no_web_address_is_not_framed(world: World, address: str) -> None:
    world.log_in(ADMIN)
    answer = world.send(world.get("/admin/tools"), "/admin/tools/add", address=address)
    assert answer.status_code == 400
    assert "no web address" in answer.text


# --- the platform's side of the protocol -----------------------------------------------------------------


def registration(**changed: Any) -> dict[str, Any]:
    return {
        "client_name": "A tool",
        "initiate_login_uri": "https://tool.example.com/login",
        "redirect_uris": ["https://tool.example.com/launch"],
        "jwks_uri": "https://tool.example.com/jwks",
        "response_types": ["id_token"],
        "token_endpoint_auth_method": "private_key_jwt",
        TOOL: {"domain": "tool.example.com", "target_link_uri": "https://tool.example.com/"},
    } | changed


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    return Tools(tmp_path / "sandbox.db")


def test_a_registration_token_is_good_once(tools: Tools) -> None:
    token = tools.new_token()
    made = tools.register(token, registration())
    assert tools.every() == [made]
    with pytest.raises(RegistrationRejected) as rejected:
        tools.register(token, registration())
    assert (rejected.value.status, rejected.value.error) == (401, "invalid_token")
    assert tools.every() == [made]


def test_a_registration_token_ends_after_an_hour(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    token = tools.new_token()

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(UTC) + timedelta(hours=1, seconds=1)

    monkeypatch.setattr("stifinder.adapters.sandbox.tools.datetime", Later)
    with pytest.raises(RegistrationRejected, match="not good"):
        tools.register(token, registration())


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"redirect_uris": []}, "redirect_uris"),
        ({"response_types": ["code"]}, "response_types"),
        ({"token_endpoint_auth_method": "none"}, "token_endpoint_auth_method"),
        ({"jwks_uri": None}, "jwks_uri"),
        ({TOOL: {"domain": "x", "target_link_uri": "https://tool.example.com/"}}, "domain"),
        ({TOOL: None}, "no tool"),
    ],
)
def test_an_incomplete_registration_is_rejected_by_name(
    tools: Tools, changed: dict[str, Any], named: str
) -> None:
    with pytest.raises(RegistrationRejected, match=named):
        tools.register(tools.new_token(), registration(**changed))
    assert tools.every() == []
