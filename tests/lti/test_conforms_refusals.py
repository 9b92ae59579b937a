"""Launches that must be refused: a page for the person, a line for the administrator, 4xx, nothing stored.

``Browser.refused`` checks all four each time: it compares every row of every table before and after.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import jwt
import pytest
from flask import Flask
from loopback_lms import LoopbackLms
from lti_browser import Browser, stored
from lti_clauses import EVERY, HAND, LIBRARY, MOODLE, SANDBOX, clause
from lti_platform import TOOL
from lti_registering import ask, invite, press, written
from lti_senders import LEARNER, Signing, public_pem, unsigned
from sandbox_lms import SandboxLms
from stifinder.core.service import Core
from stifinder.lti_tool.app import create_app
from stifinder.lti_tool.lti import login

CHAPTER = "Launches that must be refused"


# --- the key ----------------------------------------------------------------------------------------


@clause("no kid", HAND, LIBRARY)
def test_a_message_without_kid_is_refused(browser: Browser) -> None:
    browser.is_refused("no-kid", LEARNER, Signing(kid=None))


@clause("unknown kid, after one refetch of the key set, rate limited", *EVERY)
def test_an_unknown_kid_is_refused_after_one_refetch(browser: Browser) -> None:
    sender = browser.platform
    browser.enters()
    for _ in range(3):
        browser.is_refused("unknown-kid", LEARNER, Signing(kid="key-9"))
    path = urlsplit(sender.key_set_url).path
    assert sender.server.asked.count(path) == 2, "once for the launch, once more for three unknown keys"
    browser.enters()


@clause("signature by another key", *EVERY)
def test_a_signature_by_another_key_is_refused(browser: Browser) -> None:
    browser.is_refused("bad-signature", LEARNER, Signing(key="of somebody else"))


@clause("a message changed after signing", *EVERY)
def test_a_message_changed_after_signing_is_refused(browser: Browser) -> None:
    with browser.refused("bad-signature") as answers:
        asked = browser.log_in()
        good = browser.platform.form(asked)["id_token"].split(".")
        other = browser.platform.form(asked, roles=["Instructor"])["id_token"].split(".")
        answers.append(browser.answer(state=asked["state"], id_token=".".join([good[0], other[1], good[2]])))


@clause("alg none", HAND)
def test_alg_none_is_refused(browser: Browser) -> None:
    with browser.refused("wrong-algorithm") as answers:
        asked = browser.log_in()
        claims = browser.platform.claims(asked["nonce"], {})
        token = unsigned({"alg": "none", "kid": "key-1"}, claims)
        answers.append(browser.answer(state=asked["state"], id_token=token))


@clause("HS256 with the public key as secret", HAND)
def test_hs256_with_the_public_key_as_secret_is_refused(browser: Browser) -> None:
    with browser.refused("wrong-algorithm") as answers:
        asked = browser.log_in()
        claims = browser.platform.claims(asked["nonce"], {})
        body = unsigned({"alg": "HS256", "typ": "JWT", "kid": "key-1"}, claims)[:-1]
        signer = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
        signature = jwt.utils.base64url_encode(signer.sign(body.encode(), public_pem("first").encode()))
        answers.append(browser.answer(state=asked["state"], id_token=f"{body}.{signature.decode()}"))


# --- the message ------------------------------------------------------------------------------------


@clause("wrong LTI version", *EVERY)
def test_a_wrong_lti_version_is_refused(browser: Browser) -> None:
    browser.is_refused("wrong-version", version="1.1.0")


@clause("missing LTI version", *EVERY)
def test_a_missing_lti_version_is_refused(browser: Browser) -> None:
    browser.is_refused("wrong-version", version=None)


@clause("payload that is no LTI message", *EVERY)
def test_a_payload_that_is_no_lti_message_is_refused(browser: Browser) -> None:
    names = ("version", "message_type", "deployment_id", "roles", "resource_link", "target_link_uri")
    browser.is_refused("not-an-lti-message", **dict.fromkeys(names))


@clause("missing message_type", *EVERY)
def test_a_missing_message_type_is_refused(browser: Browser) -> None:
    browser.is_refused("missing-message_type", message_type=None)


@clause("missing roles", *EVERY)
def test_missing_roles_are_refused(browser: Browser) -> None:
    browser.is_refused("missing-roles", roles=None)


@clause("missing deployment_id", *EVERY)
def test_a_missing_deployment_id_is_refused(browser: Browser) -> None:
    browser.is_refused("missing-deployment_id", deployment_id=None)


@clause("missing resource_link.id", *EVERY)
def test_a_missing_resource_link_id_is_refused(browser: Browser) -> None:
    browser.is_refused("missing-resource_link.id", resource_link={"title": "A link"})
    browser.is_refused("missing-resource_link.id", resource_link={"id": ""})
    browser.is_refused("missing-resource_link", resource_link=None)


@clause("missing sub", *EVERY)
def test_a_missing_sub_is_refused(browser: Browser) -> None:
    browser.is_refused("missing-sub", sub=None)
    browser.is_refused("missing-sub", sub="")


@clause("missing nonce", *EVERY)
def test_a_missing_nonce_is_refused(browser: Browser) -> None:
    browser.is_refused("missing-nonce", nonce=None)


@clause("missing iat", *EVERY)
def test_a_missing_iat_is_refused(browser: Browser) -> None:
    browser.is_refused("missing-iat", iat=None)


@clause("missing exp", *EVERY)
def test_a_missing_exp_is_refused(browser: Browser) -> None:
    browser.is_refused("missing-exp", exp=None)


# --- time, sender, receiver -------------------------------------------------------------------------


@clause("exp past", *EVERY)
def test_a_past_exp_is_refused(browser: Browser) -> None:
    now = browser.platform.now
    browser.is_refused("expired-token", iat=now - 200, exp=now - 100)


@clause("iat in the future beyond the leeway", *EVERY)
def test_an_iat_beyond_the_leeway_is_refused_and_within_it_is_not(browser: Browser) -> None:
    now = browser.platform.now
    browser.is_refused("issued-in-the-future", iat=now + 100, exp=now + 200)
    browser.enters(iat=now + 30, exp=now + 90)


@clause("wrong iss", *EVERY)
def test_a_wrong_iss_is_refused(browser: Browser) -> None:
    browser.is_refused("wrong-iss", iss="https://elsewhere.example.com")


@clause("wrong aud", *EVERY)
def test_a_wrong_aud_is_refused(browser: Browser) -> None:
    browser.is_refused("wrong-aud", aud="client-2")
    browser.is_refused("wrong-aud", aud=["client-2", "client-3"], azp="client-1")


@clause("aud array without azp", *EVERY)
def test_an_aud_array_without_azp_is_refused(browser: Browser) -> None:
    browser.is_refused("missing-azp", aud=["client-1", "client-2"], azp=None)
    browser.is_refused("missing-azp", aud=["client-1"], azp=None)


@clause("azp of another tool", *EVERY)
def test_an_azp_of_another_tool_is_refused(browser: Browser) -> None:
    browser.is_refused("wrong-azp", aud=["client-1", "client-2"], azp="client-2")


@clause("unknown deployment", *EVERY)
def test_an_unknown_deployment_is_refused(browser: Browser) -> None:
    browser.is_refused("unknown-deployment", deployment_id="9")
    with browser.refused("unknown-deployment") as answers:
        request = browser.platform.request(lti_deployment_id="9")
        answers.append(browser.client.post("/lti/login", data=request, base_url=TOOL))


@clause("target_link_uri outside the tool", *EVERY)
def test_a_target_outside_the_tool_is_refused(browser: Browser) -> None:
    elsewhere = "https://tool.example.com.elsewhere.example/"
    browser.is_refused("target-outside", target_link_uri=elsewhere)
    with browser.refused("target-outside") as answers:
        request = browser.platform.request(target_link_uri=elsewhere)
        answers.append(browser.client.post("/lti/login", data=request, base_url=TOOL))


# --- nonce and state --------------------------------------------------------------------------------


@clause("nonce used twice", *EVERY)
def test_a_nonce_used_twice_is_refused(browser: Browser) -> None:
    first = browser.log_in()
    form = browser.platform.form(first)
    browser.sees_a_page(browser.answer(**form))
    with browser.refused("nonce-used") as answers:
        second = browser.log_in()
        answers.append(browser.answer(state=second["state"], id_token=form["id_token"]))


@clause("nonce of another login", *EVERY)
def test_a_nonce_of_another_login_is_refused(browser: Browser) -> None:
    with browser.refused("wrong-nonce") as answers:
        one, two = browser.log_in(), browser.log_in()
        form = browser.platform.form(one)
        answers.append(browser.answer(state=two["state"], id_token=form["id_token"]))


@clause("state missing", *EVERY)
def test_a_missing_state_is_refused(browser: Browser) -> None:
    with browser.refused("missing-state") as answers:
        form = browser.platform.form(browser.log_in())
        answers.append(browser.answer(id_token=form["id_token"]))


@clause("state unknown", *EVERY)
def test_an_unknown_state_is_refused(browser: Browser) -> None:
    with browser.refused("unknown-state") as answers:
        form = browser.platform.form(browser.log_in())
        answers.append(browser.answer(**form | {"state": form["state"][:-4] + "AAAA"}))


@clause("state used twice", *EVERY)
def test_a_state_used_twice_is_refused(browser: Browser) -> None:
    asked = browser.log_in()
    form = browser.platform.form(asked)
    browser.sees_a_page(browser.answer(**form))
    with browser.refused("state-used") as answers:
        answers.append(browser.answer(**form))


@clause("state from another browser", *EVERY)
def test_a_state_from_another_browser_is_refused(
    browser: Browser, tool_app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    other = Browser(tool_app, browser.platform, caplog)
    with browser.refused("no-cookie") as answers:
        answers.append(browser.answer(**browser.platform.form(other.log_in())))
    with browser.refused("other-browser") as answers:
        asked = other.log_in()
        name = f"sf-login-{login.read_state(browser.platform.core, asked['state']).id}"
        browser.client.set_cookie(name, "guessed", domain="tool.example.com", path="/lti/launch")
        answers.append(browser.answer(**browser.platform.form(asked)))


@clause("expired login", *EVERY)
def test_an_expired_login_is_refused(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    with browser.refused("expired-login") as answers:
        monkeypatch.setattr(login, "LIFETIME", -1)
        answers.append(browser.opens())


# --- the platform says no ---------------------------------------------------------------------------


@clause("platform answer error=...: it is shown", *EVERY)
def test_an_error_of_the_platform_is_shown(browser: Browser) -> None:
    with browser.refused("platform-error") as answers:
        words = {"error": "access_denied", "error_description": "<b>Not enrolled</b>"}
        answers.append(browser.answer(state=browser.log_in()["state"], **words))
    assert "access_denied" in answers[0].text
    assert "&lt;b&gt;Not enrolled&lt;/b&gt;" in answers[0].text


@clause("platform answer error=..., from the sandbox LMS: somebody else is logged in by now", SANDBOX, by="")
def test_an_error_of_the_sandbox_is_shown(sandbox: SandboxLms) -> None:
    with sandbox.browser.refused("platform-error") as answers:
        asked = sandbox.starts("learner-02")
        sandbox.log_out()
        sandbox.log_in("learner-03")
        answers.append(sandbox.browser.answer(**sandbox.answers(asked)))
    assert "login_required" in answers[0].text


@clause("tampered lti_message_hint: the platform sees it unchanged, and its refusal is shown", SANDBOX, by="")
def test_a_tampered_message_hint_ends_in_the_platforms_refusal(sandbox: SandboxLms) -> None:
    with sandbox.browser.refused("platform-error") as answers:
        asked = sandbox.starts("learner-02", lti_message_hint="another-course:iframe")
        assert asked["lti_message_hint"] == "another-course:iframe"
        answers.append(sandbox.browser.answer(**sandbox.answers(asked)))
    assert "invalid_request" in answers[0].text


@clause("registration token reused", SANDBOX, MOODLE, by="registering_lms")
def test_a_registration_token_that_is_used_again_is_refused(
    core: Core, registering_lms: LoopbackLms, caplog: pytest.LogCaptureFixture
) -> None:
    client, lms = create_app(core).test_client(), registering_lms
    press(client, ask(client, lms, invite(core), registration_token="token-1"))
    (_one,) = lms.got
    again = invite(core)
    before = stored(core)
    caplog.clear()
    answer = press(client, ask(client, lms, again, registration_token="token-1"))
    assert 400 <= answer.status_code < 500
    assert f"Code for support: {answer.status_code} token-used" in answer.text
    assert written(caplog) == ["registration refused: reason=token-used host='127.0.0.1'"]
    assert stored(core) == before
    assert len(lms.got) == 1, "the LMS was not even asked"
