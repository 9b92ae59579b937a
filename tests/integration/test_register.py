"""An LMS is made known: dynamically as a real Moodle does it, and by hand; each refusal by its name."""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from loopback_lms import LoopbackLms
from small_course import Clock
from stifinder.core.errors import NotFound
from stifinder.core.outgoing import Outgoing
from stifinder.core.service import Core
from stifinder.core.store import joining, lti
from stifinder.core.store.tables import SYSTEM
from stifinder.lti_tool.app import create_app
from stifinder.lti_tool.lti import check
from werkzeug.test import TestResponse

TOOL = "http://127.0.0.1:8080"
CONFIGURATION = "https://purl.imsglobal.org/spec/lti-tool-configuration"


@pytest.fixture
def lms(data: Path) -> Iterator[LoopbackLms]:
    server = LoopbackLms(data / "moodle" / "lti")
    yield server
    server.close()


@pytest.fixture
def client(core: Core) -> FlaskClient:
    return create_app(core).test_client()


def invite(core: Core, days: int = 7, tenant: str = "t") -> str:
    now = core.clock()
    return joining.invite(core.database, tenant, now + timedelta(days=days), now)


def ask(client: FlaskClient, lms: LoopbackLms, invitation: str, **changed: str) -> TestResponse:
    """The LMS opens the page in its frame."""
    query = {"openid_configuration": lms.openid_configuration, "registration_token": "token-1"} | changed
    if invitation:
        query["invite"] = invitation
    return client.get("/lti/register", query_string=query)


def agree(client: FlaskClient, page: TestResponse) -> TestResponse:
    """The administrator presses the button."""
    sealed = re.search(r'name="request" value="([^"]+)"', page.text)
    assert sealed is not None, page.text
    return client.post("/lti/register", data={"request": html.unescape(sealed[1])})


def register(client: FlaskClient, lms: LoopbackLms, invitation: str, **changed: str) -> TestResponse:
    done = agree(client, ask(client, lms, invitation, **changed))
    assert done.status_code == 200, done.text
    return done


def refused(answer: TestResponse, reason: str) -> None:
    assert 400 <= answer.status_code < 600
    assert f"Code for support: {answer.status_code} {reason}" in answer.text


def entries(core: Core) -> list[lti.Registration]:
    return lti.registrations(core.database)


# --- what the administrator sees ------------------------------------------------------------------------


def test_before_anything_is_sent_the_page_says_who_asks_and_what_is_asked(
    core: Core, client: FlaskClient, lms: LoopbackLms
) -> None:
    page = ask(client, lms, invite(core))
    assert page.status_code == 200
    text = html.unescape(page.text)
    assert f"Moodle at {lms.address} asks to use Stifinder" in text
    assert "Version: 4.5.6" in text
    assert "Names and e-mail addresses are not asked for." in text
    assert "Nothing about a learner is kept until that learner agrees." in text
    assert "Who takes part in a course" in text
    assert "A link in a course opens the tool" in text
    assert lms.got == []
    assert entries(core) == []


def test_the_page_may_be_framed_by_the_lms_that_asks_and_by_nobody_else(
    core: Core, client: FlaskClient, lms: LoopbackLms
) -> None:
    policy = ask(client, lms, invite(core)).headers["Content-Security-Policy"]
    assert f"frame-ancestors {lms.address}" in policy
    assert "script-src 'self';" in policy


def test_an_address_opened_in_a_browser_says_where_to_paste_it(core: Core, client: FlaskClient) -> None:
    invitation = invite(core)
    page = client.get("/lti/register", query_string={"invite": invitation}).text
    assert f"{invitation}</code>" in page
    assert "Manage tools" in page
    assert "/lti/register/manual?invite=" in page


# --- registering ----------------------------------------------------------------------------------------


def test_the_lms_is_sent_what_a_real_moodle_asks_for(
    core: Core, client: FlaskClient, lms: LoopbackLms
) -> None:
    register(client, lms, invite(core))
    ((bearer, sent),) = lms.got
    assert bearer == "Bearer token-1"
    assert sent["response_types"] == ["id_token"]
    assert sent["redirect_uris"] == [f"{TOOL}/lti/launch"]
    assert sent["initiate_login_uri"] == f"{TOOL}/lti/login"
    assert sent["jwks_uri"] == f"{TOOL}/lti/jwks"
    assert sent["token_endpoint_auth_method"] == "private_key_jwt"
    tool = sent[CONFIGURATION]
    assert tool["domain"] == "127.0.0.1:8080"
    assert tool["target_link_uri"] == f"{TOOL}/"
    assert tool["custom_parameters"] == {"timezone": "$Person.address.timezone"}
    assert {"type": "LtiDeepLinkingRequest", "placements": ["ContentArea"]}.items() <= next(
        entry.items() for entry in tool["messages"] if entry["type"] == "LtiDeepLinkingRequest"
    )
    assert not {"name", "given_name", "family_name", "email"} & set(tool["claims"])
    assert "openid" not in sent["scope"].split()
    assert "https://purl.imsglobal.org/spec/lti-ags/scope/score" in sent["scope"].split()
    with client.get(sent["logo_uri"].removeprefix(TOOL)) as logo:
        assert logo.mimetype == "image/svg+xml"


def test_what_the_lms_answers_is_stored_and_the_frame_can_be_closed(
    core: Core, client: FlaskClient, lms: LoopbackLms
) -> None:
    done = register(client, lms, invite(core))
    (entry,) = entries(core)
    assert (entry.tenant_id, entry.issuer) == ("t", lms.address)
    assert (entry.client_id, entry.deployment_id) == ("RbkJHdkHr6FTZFe", "1")
    assert entry.key_set_url == f"{lms.address}/mod/lti/certs.php"
    assert entry.auth_login_url == f"{lms.address}/mod/lti/auth.php"
    assert entry.auth_token_url == f"{lms.address}/mod/lti/token.php"
    assert entry.status == lti.ACTIVE
    assert "https://purl.imsglobal.org/spec/lti-ags/scope/score" in entry.scopes
    assert "activate the tool" in done.text
    assert "/static/close.js" in done.text
    with client.get("/static/close.js") as script:
        assert "org.imsglobal.lti.close" in script.text
    assert "You can close this window now" in done.text
    assert "/lti/check/" in done.text


def test_registering_again_brings_the_same_registration_up_to_date(
    core: Core, client: FlaskClient, lms: LoopbackLms
) -> None:
    register(client, lms, invite(core))
    (before,) = entries(core)
    lms.answer["client_id"] = "another-client"
    lms.configuration["jwks_uri"] = f"{lms.address}/new-keys"
    page = ask(client, lms, invite(core), registration_token="token-2")
    assert "registered already" in page.text
    agree(client, page)
    (after,) = entries(core)
    assert (after.id, after.client_id) == (before.id, "another-client")
    assert after.key_set_url == f"{lms.address}/new-keys"


def test_another_tenant_cannot_take_a_client_over(core: Core, client: FlaskClient, lms: LoopbackLms) -> None:
    register(client, lms, invite(core))
    core.add_tenant("other", "Another")
    invitation = invite(core, tenant="other")
    answer = agree(client, ask(client, lms, invitation, registration_token="token-2"))
    assert answer.status_code == 409
    assert [entry.tenant_id for entry in entries(core)] == ["t"]
    assert joining.invited(core.database, invitation, core.clock()) == "other"


# --- refusals -------------------------------------------------------------------------------------------


def test_without_an_invitation_nobody_registers(client: FlaskClient, lms: LoopbackLms) -> None:
    refused(ask(client, lms, ""), "invitation-needed")
    assert lms.asked == []


def test_an_unknown_invitation_is_refused(client: FlaskClient, lms: LoopbackLms) -> None:
    refused(ask(client, lms, "guessed"), "unknown-invitation")
    assert lms.asked == []


def test_a_used_invitation_is_refused(core: Core, client: FlaskClient, lms: LoopbackLms) -> None:
    invitation = invite(core)
    shown = ask(client, lms, invitation, registration_token="token-2")
    register(client, lms, invitation)
    refused(ask(client, lms, invitation), "used-invitation")
    refused(agree(client, shown), "used-invitation")
    assert len(lms.got) == 1


def test_an_expired_invitation_is_refused(
    core: Core, client: FlaskClient, lms: LoopbackLms, clock: Clock
) -> None:
    invitation = invite(core, days=2)
    clock.now += timedelta(days=2)
    refused(ask(client, lms, invitation), "expired-invitation")


def test_only_a_digest_of_an_invitation_is_stored(core: Core) -> None:
    invitation = invite(core)
    raw = Path(core.settings.database_url.removeprefix("sqlite:///"))
    for file in raw.parent.glob("stifinder.db*"):
        assert invitation.encode() not in file.read_bytes()


def test_a_configuration_that_speaks_for_another_host_is_refused(
    core: Core, client: FlaskClient, lms: LoopbackLms
) -> None:
    lms.configuration["issuer"] = "https://lms.example.com"
    refused(ask(client, lms, invite(core)), "issuer-mismatch")


def test_an_issuer_that_changes_between_page_and_button_is_refused(
    core: Core, client: FlaskClient, lms: LoopbackLms
) -> None:
    page = ask(client, lms, invite(core))
    lms.configuration["issuer"] = lms.address + "/another"
    refused(agree(client, page), "issuer-changed")
    assert lms.got == []


def test_the_issuer_is_checked_again_when_the_button_is_pressed(
    core: Core, client: FlaskClient, lms: LoopbackLms
) -> None:
    page = ask(client, lms, invite(core))
    lms.configuration["issuer"] = "https://lms.example.com"
    refused(agree(client, page), "issuer-mismatch")
    assert lms.got == []


def test_a_configuration_over_http_is_refused(core: Core, client: FlaskClient, lms: LoopbackLms) -> None:
    address = "http://lms.example.com/mod/lti/openid-configuration.php"
    refused(ask(client, lms, invite(core), openid_configuration=address), "not-https")


@pytest.mark.parametrize("host", ["10.1.2.3", "169.254.169.254", "192.168.0.1", "[fd00::1]"])
def test_a_private_address_is_refused(core: Core, client: FlaskClient, lms: LoopbackLms, host: str) -> None:
    address = f"https://{host}/openid-configuration"
    refused(ask(client, lms, invite(core), openid_configuration=address), "private-address")


def test_this_machine_is_refused_outside_development(
    core: Core, client: FlaskClient, lms: LoopbackLms
) -> None:
    core.outgoing = Outgoing(replace(core.settings, development=False).outgoing)
    refused(ask(client, lms, invite(core)), "private-address")
    assert lms.asked == []


def test_a_registration_endpoint_over_http_is_refused(
    core: Core, client: FlaskClient, lms: LoopbackLms
) -> None:
    lms.configuration["registration_endpoint"] = "http://lms.example.com/register"
    refused(ask(client, lms, invite(core)), "bad-configuration")


@pytest.mark.parametrize("body", [b"<html>", [], {"issuer": "x"}], ids=["html", "list", "incomplete"])
def test_a_configuration_that_is_none_is_refused(
    core: Core, client: FlaskClient, lms: LoopbackLms, body: object
) -> None:
    lms.configuration = body
    refused(ask(client, lms, invite(core)), "bad-configuration")


def test_an_lms_that_does_not_answer_is_named(core: Core, client: FlaskClient, lms: LoopbackLms) -> None:
    lms.status = 404
    refused(ask(client, lms, invite(core)), "unreachable")


def test_a_bad_token_is_refused_and_the_invitation_stays_good(
    core: Core, client: FlaskClient, lms: LoopbackLms
) -> None:
    lms.answer_status = 401
    invitation = invite(core)
    refused(agree(client, ask(client, lms, invitation)), "bad-token")
    assert entries(core) == []
    lms.answer_status = 200
    register(client, lms, invitation, registration_token="token-2")


def test_a_registration_token_is_sent_once(core: Core, client: FlaskClient, lms: LoopbackLms) -> None:
    register(client, lms, invite(core))
    refused(agree(client, ask(client, lms, invite(core))), "token-used")
    assert len(lms.got) == 1


def test_an_lms_that_says_no_is_named(core: Core, client: FlaskClient, lms: LoopbackLms) -> None:
    lms.answer_status = 400
    refused(agree(client, ask(client, lms, invite(core))), "lms-refused")


@pytest.mark.parametrize("body", [b"oops", {"client_id": ""}, {"client_id": True}])
def test_an_answer_without_a_client_is_refused(
    core: Core, client: FlaskClient, lms: LoopbackLms, body: object
) -> None:
    lms.answer = body
    refused(agree(client, ask(client, lms, invite(core))), "bad-answer")
    assert entries(core) == []


def test_a_form_that_this_page_did_not_make_is_refused(client: FlaskClient, lms: LoopbackLms) -> None:
    refused(client.post("/lti/register", data={"request": "made.up"}), "bad-form")
    refused(client.post("/lti/register"), "bad-form")
    assert lms.got == []


def test_a_page_that_was_open_too_long_is_refused(
    core: Core, client: FlaskClient, lms: LoopbackLms, clock: Clock
) -> None:
    page = ask(client, lms, invite(core))
    clock.now += timedelta(hours=1)
    refused(agree(client, page), "expired-form")


def test_the_log_names_the_refusal_and_neither_token_nor_invitation(
    client: FlaskClient, lms: LoopbackLms, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    ask(client, lms, "secret-invitation", registration_token="secret-token")
    assert "registration refused: reason=unknown-invitation host='127.0.0.1'" in caplog.text
    assert "secret-" not in caplog.text


# --- open registration ----------------------------------------------------------------------------------


def test_with_open_registration_an_lms_waits_until_it_is_approved(
    core: Core, client: FlaskClient, lms: LoopbackLms
) -> None:
    core.settings = replace(core.settings, open_registration=True)
    page = ask(client, lms, "")
    assert "will wait until" in page.text
    assert "Waiting for a yes" in agree(client, page).text
    (entry,) = entries(core)
    assert (entry.tenant_id, entry.status) == (SYSTEM, lti.PENDING)
    approved = joining.approve(core.database, entry.id, "t")
    assert (approved.tenant_id, approved.status) == ("t", lti.ACTIVE)
    with pytest.raises(NotFound):
        joining.approve(core.database, entry.id, "t")


def test_open_registration_changes_nothing_that_is_active(
    core: Core, client: FlaskClient, lms: LoopbackLms
) -> None:
    register(client, lms, invite(core))
    (before,) = entries(core)
    core.settings = replace(core.settings, open_registration=True)
    answer = agree(client, ask(client, lms, "", registration_token="token-2"))
    assert answer.status_code == 409
    assert entries(core) == [before]


# --- by hand --------------------------------------------------------------------------------------------


def by_hand(client: FlaskClient, invitation: str, **fields: str) -> TestResponse:
    query = {"invite": invitation, "product": "moodle", "site": "lms.example.com"}
    page = client.get("/lti/register/manual", query_string=query).text
    found = re.findall(r'name="(\w+)" value="([^"]*)"', page[page.index('method="post"') :])
    values = {name: html.unescape(value) for name, value in found}
    return client.post("/lti/register/manual", data=values | fields)


def test_the_page_shows_the_four_addresses_the_key_and_the_products_own_addresses(
    core: Core, client: FlaskClient
) -> None:
    query = {"invite": invite(core), "product": "moodle", "site": "https://lms.example.com/"}
    page = html.unescape(client.get("/lti/register/manual", query_string=query).text)
    for path in ("/", "/lti/login", "/lti/launch", "/lti/jwks"):
        assert f"<code>{TOOL}{path}</code>" in page
    assert "-----BEGIN PUBLIC KEY-----" in page
    assert "PRIVATE" not in page
    assert 'value="https://lms.example.com/mod/lti/certs.php"' in page
    for product in ("Docebo", "Canvas", "Brightspace", "Blackboard", "Sakai", "Open edX"):
        assert product in page


def test_what_was_copied_by_hand_is_stored_and_uses_the_invitation_up(
    core: Core, client: FlaskClient
) -> None:
    invitation = invite(core)
    done = by_hand(client, invitation, client_id="7", deployment="3")
    assert done.status_code == 200, done.text
    (entry,) = entries(core)
    assert entry.triple == ("https://lms.example.com", "7", "3")
    assert entry.product == "Moodle"
    refused(client.get("/lti/register/manual", query_string={"invite": invitation}), "used-invitation")


def test_a_wrong_field_is_named_and_nothing_typed_is_lost(core: Core, client: FlaskClient) -> None:
    invitation = invite(core)
    answer = by_hand(
        client, invitation, client_id="7", deployment="3", key_set_url="http://lms.example.com/keys"
    )
    assert answer.status_code == 400
    assert 'name="key_set_url" value="http://lms.example.com/keys"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert 'value="7"' in answer.text
    assert entries(core) == []
    assert joining.invited(core.database, invitation, core.clock()) == "t"


def test_by_hand_another_tenant_cannot_add_a_deployment_to_a_client_that_is_not_its_own(
    core: Core, client: FlaskClient
) -> None:
    by_hand(client, invite(core), client_id="7", deployment="3")
    core.add_tenant("other", "Another")
    invitation = invite(core, tenant="other")
    answer = by_hand(
        client, invitation, client_id="7", deployment="4", key_set_url="https://else.example/keys"
    )
    assert answer.status_code == 409
    assert "&#39;t&#39;" not in answer.text, "whose client it is stays unsaid"
    assert [(entry.tenant_id, entry.deployment_id) for entry in entries(core)] == [("t", "3")]
    assert joining.invited(core.database, invitation, core.clock()) == "other"
    same = by_hand(client, invitation, client_id="7", deployment="3")
    assert same.status_code == 409
    assert "tenant &#39;" not in same.text


def test_by_hand_needs_an_invitation_and_the_pages_own_form(core: Core, client: FlaskClient) -> None:
    refused(client.get("/lti/register/manual"), "invitation-needed")
    refused(client.post("/lti/register/manual", data={"issuer": "https://lms.example.com"}), "bad-form")


# --- check my installation ------------------------------------------------------------------------------


def check_address(done: TestResponse) -> str:
    found = re.search(r'href="[^"]*(/lti/check/[^"]+)"', done.text)
    assert found is not None
    return found[1]


def test_the_check_says_what_is_not_there_yet_and_how_to_get_it(
    core: Core, client: FlaskClient, lms: LoopbackLms
) -> None:
    page = html.unescape(client.get(check_address(register(client, lms, invite(core)))).text)
    assert "Opening the tool: not yet" in page
    assert "add it to a course, and open it there" in page
    assert "Statements of the LMS: not yet" in page
    assert "stifinder xapi add" in page
    assert "The tool's key: fine" in page


def test_every_line_of_the_check_that_is_not_fine_says_how_to_get_it(
    core: Core, client: FlaskClient, lms: LoopbackLms
) -> None:
    register(client, lms, invite(core))
    (entry,) = entries(core)
    before = check.examine(core, entry)
    assert [line.name for line in before] == [
        "Opening the tool",
        "Names and e-mail addresses",
        "Adding links",
        "Grades",
        "Who takes part",
        "Cookies in the frame",
        "Clocks",
        "Statements of the LMS",
        "The tool's key",
    ]
    bad = dict.fromkeys(("deep_linking", "grades", "roster", "cookies_in_frame"), False) | {"names": True}
    joining.note_launch(core.database, entry, bad, 45, core.clock())
    after = check.examine(core, entries(core)[0])
    assert [line.name for line in (*before, *after) if line.state != check.OK and not line.cure] == []
    assert [line.state for line in after].count(check.OK) == 2


def test_the_check_says_what_the_last_launch_showed(
    core: Core, client: FlaskClient, lms: LoopbackLms
) -> None:
    address = check_address(register(client, lms, invite(core)))
    (entry,) = entries(core)
    seen = {"names": True, "grades": True, "roster": False, "cookies_in_frame": True}
    joining.note_launch(core.database, entry, seen, 45, core.clock())
    page = html.unescape(client.get(address).text)
    assert "Opening the tool: fine" in page
    assert "Names and e-mail addresses: needs you" in page
    assert "Grades: fine" in page
    assert "Who takes part: not yet" in page
    assert "Cookies in the frame: fine" in page
    assert "ahead by 45 seconds" in page
    assert "time synchronisation" in page


def test_a_changed_or_old_link_shows_nothing(
    core: Core, client: FlaskClient, lms: LoopbackLms, clock: Clock
) -> None:
    address = check_address(register(client, lms, invite(core)))
    assert client.get(address + "x").status_code == 403
    clock.now += timedelta(days=14)
    assert client.get(address).status_code == 403
