"""Dynamic registration, at a recorded Moodle and at what the sandbox LMS says."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest
from flask.testing import FlaskClient
from loopback_lms import LoopbackLms
from lti_clauses import MOODLE, SANDBOX, clause
from lti_registering import ask, invite, press, written
from stifinder.core.outgoing import Outgoing
from stifinder.core.service import Core
from stifinder.core.store import lti
from stifinder.lti_tool.app import create_app
from test_register import CONFIGURATION, TOOL
from werkzeug.test import TestResponse

CHAPTER = "Dynamic registration"
BOTH = (SANDBOX, MOODLE)


@pytest.fixture
def client(core: Core) -> FlaskClient:
    """A browser that keeps no cookies, as one in a frame may be."""
    return create_app(core).test_client(use_cookies=False)


def is_refused(
    answer: TestResponse, reason: str, core: Core, lms: LoopbackLms, caplog: pytest.LogCaptureFixture
) -> None:
    """A page for the person, a line for the administrator, nothing stored, nothing sent."""
    assert 400 <= answer.status_code < 500, answer.text
    assert f"Code for support: {answer.status_code} {reason}" in answer.text
    (line,) = written(caplog)
    assert f"reason={reason} " in line
    assert lti.registrations(core.database) == []
    assert lms.got == []


@clause("openid_configuration fetched only over https", *BOTH, by="registering_lms")
def test_a_configuration_over_http_is_refused(
    core: Core, client: FlaskClient, registering_lms: LoopbackLms, caplog: pytest.LogCaptureFixture
) -> None:
    address = "http://lms.example.com/openid-configuration"
    answer = ask(client, registering_lms, invite(core), openid_configuration=address)
    is_refused(answer, "not-https", core, registering_lms, caplog)
    assert registering_lms.asked == []


@clause("or from loopback, in development only", *BOTH, by="registering_lms")
def test_loopback_is_for_development_only(
    core: Core, client: FlaskClient, registering_lms: LoopbackLms, caplog: pytest.LogCaptureFixture
) -> None:
    assert ask(client, registering_lms, invite(core)).status_code == 200
    asked = len(registering_lms.asked)
    core.outgoing = Outgoing(replace(core.settings, development=False).outgoing)
    answer = ask(client, registering_lms, invite(core))
    is_refused(answer, "private-address", core, registering_lms, caplog)
    assert len(registering_lms.asked) == asked


@pytest.mark.parametrize("issuer", ["https://lms.example.com", "http://127.0.0.1:1", "http://localhost"])
@clause("the issuer must match the URL's host", *BOTH, by="registering_lms")
def test_an_issuer_of_another_host_is_refused(
    core: Core,
    client: FlaskClient,
    registering_lms: LoopbackLms,
    caplog: pytest.LogCaptureFixture,
    issuer: str,
) -> None:
    registering_lms.configuration["issuer"] = issuer
    answer = ask(client, registering_lms, invite(core))
    is_refused(answer, "issuer-mismatch", core, registering_lms, caplog)


@pytest.mark.parametrize("host", ["10.1.2.3", "169.254.169.254", "192.168.0.1", "[fd00::1]", "100.64.0.1"])
@clause("private addresses refused", *BOTH, by="registering_lms")
def test_a_private_address_is_refused(
    core: Core,
    client: FlaskClient,
    registering_lms: LoopbackLms,
    caplog: pytest.LogCaptureFixture,
    host: str,
) -> None:
    address = f"https://{host}/openid-configuration"
    answer = ask(client, registering_lms, invite(core), openid_configuration=address)
    is_refused(answer, "private-address", core, registering_lms, caplog)


@clause("unless allowed by configuration", *BOTH, by="registering_lms")
def test_a_private_address_that_the_configuration_allows_is_asked(
    core: Core, client: FlaskClient, registering_lms: LoopbackLms
) -> None:
    allowed = replace(core.settings, allow_private=("10.1.2.0/24", "lms.intern")).outgoing
    assert allowed.refusal("lms.other", "10.1.2.3") == ""
    assert allowed.refusal("lms.other", "10.1.3.3")
    assert allowed.refusal("lms.intern", "192.168.0.1") == ""
    core.outgoing = Outgoing(
        replace(core.settings, development=False, allow_private=("127.0.0.0/8",)).outgoing
    )
    address = registering_lms.openid_configuration.replace("http:", "https:")
    answer = ask(client, registering_lms, invite(core), openid_configuration=address)
    assert "unreachable" in answer.text, "it was called; and this server speaks no https"


@clause("registration token sent as bearer, to the registration endpoint", *BOTH, by="registering_lms")
def test_the_registration_token_is_sent_as_bearer(
    core: Core, client: FlaskClient, registering_lms: LoopbackLms
) -> None:
    page = ask(client, registering_lms, invite(core), registration_token="token-1")
    assert registering_lms.got == [], "nothing is sent before the administrator says yes"
    assert press(client, page).status_code == 200
    ((bearer, sent),) = registering_lms.got
    assert bearer == "Bearer token-1"
    assert sent["response_types"] == ["id_token"]
    assert sent["redirect_uris"] == [f"{TOOL}/lti/launch"]
    assert sent["initiate_login_uri"] == f"{TOOL}/lti/login"
    assert sent["jwks_uri"] == f"{TOOL}/lti/jwks"
    assert sent["token_endpoint_auth_method"] == "private_key_jwt"
    assert sent[CONFIGURATION]["domain"] == "127.0.0.1:8080"
    assert sent[CONFIGURATION]["target_link_uri"] == f"{TOOL}/"
    (entry,) = lti.registrations(core.database)
    assert (entry.issuer, entry.status) == (registering_lms.address, lti.ACTIVE)


@clause("closing message posted to opener or parent", *BOTH, by="registering_lms")
def test_the_page_at_the_end_posts_the_closing_message(
    core: Core, client: FlaskClient, registering_lms: LoopbackLms
) -> None:
    done = press(client, ask(client, registering_lms, invite(core)))
    script = re.search(r'<script src="(/static/close\.js)"', done.text)
    assert script
    assert 'id="close"' in done.text
    with client.get(script[1]) as found:
        message = '(window.opener || window.parent).postMessage({ subject: "org.imsglobal.lti.close" }, "*")'
        assert message in found.text


@clause("works in the platform's iframe: framed by it alone, without cookies", *BOTH, by="registering_lms")
def test_the_whole_way_works_in_the_platforms_frame(
    core: Core, client: FlaskClient, registering_lms: LoopbackLms
) -> None:
    page = ask(client, registering_lms, invite(core))
    done = press(client, page)
    assert (page.status_code, done.status_code) == (200, 200)
    for answer in (page, done):
        policy = answer.headers["Content-Security-Policy"]
        assert re.search(r"frame-ancestors ([^;]+)", policy)[1] == registering_lms.address  # type: ignore[index]
        assert "X-Frame-Options" not in answer.headers
        assert "Set-Cookie" not in answer.headers
        assert "<main" in unescape(answer.text)
