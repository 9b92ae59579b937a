"""A registration's first launches: waiting for a yes, the deployment learned, what the check keeps."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from lti_platform import KeyServer, Platform, Tab, fresh
from sqlalchemy import update
from stifinder.core.service import Core
from stifinder.core.store import joining, lti, tables

pytest_plugins = ["lti_fixtures"]


@pytest.fixture
def core(tool_app: Flask) -> Core:
    return tool_app.extensions["stifinder"]


@pytest.fixture
def new(tool_app: Flask, core: Core, key_server: KeyServer, caplog: pytest.LogCaptureFixture) -> Tab:
    """A tab in front of an LMS that did not say its deployment when it registered."""
    issuer = f"https://{fresh('lms')}.example.com"
    return Tab(tool_app, Platform(core, key_server, issuer=issuer, deployments=("",)), caplog)


def the_entry(tab: Tab) -> lti.Registration:
    (entry,) = lti.find(tab.platform.core.database, tab.platform.issuer)
    return entry


def set_back(tab: Tab, **values: object) -> None:
    table = tables.registration
    same = (table.c.tenant_id == "t") & (table.c.id == the_entry(tab).id)
    with tab.platform.core.database.write() as connection:
        connection.execute(update(table).where(same).values(**values))


def test_the_first_launch_tells_the_deployment(new: Tab) -> None:
    new.launched(deployment_id="7")
    assert the_entry(new).deployment_id == "7"
    new.launched(deployment_id="7")


def test_another_deployment_after_the_first_is_refused(new: Tab) -> None:
    new.launched(deployment_id="7")
    new.refuses("unknown-deployment", deployment_id="8")
    assert the_entry(new).deployment_id == "7"


def test_a_registration_that_is_a_month_old_learns_no_deployment(new: Tab) -> None:
    long_ago = new.platform.core.clock() - joining.LEARN_DEPLOYMENT_WITHIN - timedelta(seconds=1)
    set_back(new, created_at=long_ago)
    new.refuses("unknown-deployment", deployment_id="7")
    assert the_entry(new).deployment_id == ""


def test_a_forged_message_teaches_no_deployment(new: Tab) -> None:
    asked = new.log_in()
    with new.refused("no-kid") as answers:
        token = new.platform.sign(new.platform.claims(asked["nonce"], {"deployment_id": "7"}), kid=None)
        answers.append(new.answer(state=asked["state"], id_token=token))
    assert the_entry(new).deployment_id == ""


def test_a_registration_that_waits_cannot_be_opened(new: Tab) -> None:
    set_back(new, deployment_id="1", status=lti.PENDING)
    with new.refused("pending-registration") as answers:
        request = new.platform.request(lti_deployment_id="1")
        answers.append(new.client.post("/lti/login", data=request, base_url="https://tool.example.com"))


def test_a_registration_that_waits_by_now_refuses_a_login_under_way(new: Tab) -> None:
    set_back(new, deployment_id="1")
    asked = new.log_in(lti_deployment_id="1")
    set_back(new, status=lti.PENDING)
    with new.refused("pending-registration") as answers:
        token = new.platform.sign(new.platform.claims(asked["nonce"], {"deployment_id": "1"}))
        answers.append(new.answer(state=asked["state"], id_token=token))


def test_a_launch_leaves_what_the_check_needs_and_nothing_about_the_person(new: Tab, core: Core) -> None:
    now = int(core.clock().timestamp())
    new.launched(deployment_id="7", iat=now + 20)
    entry = the_entry(new)
    assert entry.last_launch_at == core.clock()
    assert entry.clock_skew_seconds == 20
    assert entry.seen == {"names": True, "grades": False, "roster": False}
    assert "subject-1" not in repr(entry)


def test_a_launch_without_names_is_seen_as_such(new: Tab) -> None:
    new.launched(deployment_id="7", name=None, given_name=None, family_name=None, email=None)
    assert the_entry(new).seen["names"] is False


def test_cookies_in_the_frame_are_seen_where_the_browser_says_it_is_a_frame(new: Tab) -> None:
    new.client.environ_base["HTTP_SEC_FETCH_DEST"] = "iframe"
    new.launched(deployment_id="7")
    assert the_entry(new).seen["cookies_in_frame"] is True
