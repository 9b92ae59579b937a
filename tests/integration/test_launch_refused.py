"""Launches that must be refused: a page that says what to do, one line in the log, nothing stored."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lti_platform import TOOL, KeyServer, Platform, Tab, fresh, rsa_key
from stifinder.core.store import lti as store
from stifinder.lti_tool.lti import login
from werkzeug.test import TestResponse

pytest_plugins = ["lti_fixtures"]
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SECONDS = int(NOW.timestamp())


def _unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)
    ]
    return ".".join([*parts, ""])


# --- the key ----------------------------------------------------------------------------------------


def test_a_token_without_kid(tab: Tab) -> None:
    tab.refuses_token("no-kid", kid=None)


def test_a_token_with_an_unknown_kid_after_one_refetch(
    tool_app: Flask, key_server: KeyServer, tab: Tab
) -> None:
    tab.platform = Platform(
        tool_app.extensions["stifinder"], key_server, f"https://{fresh('kid')}.example.com"
    )
    path = tab.platform.key_set_url.removeprefix(key_server.address)
    tab.launched()
    for _ in range(3):
        tab.refuses_token("unknown-kid", kid="key-9")
    assert key_server.asked.count(path) == 2


def test_a_signature_by_another_key(tab: Tab) -> None:
    tab.refuses_token("bad-signature", key=rsa_key("of somebody else"))


def test_a_token_changed_after_signing(tab: Tab) -> None:
    with tab.refused("bad-signature") as answers:
        asked = tab.log_in()
        good = tab.platform.sign(tab.platform.claims(asked["nonce"], {})).split(".")
        other = tab.platform.sign(tab.platform.claims(asked["nonce"], {"sub": "subject-2"})).split(".")
        answers.append(tab.answer(state=asked["state"], id_token=".".join([good[0], other[1], good[2]])))


def test_alg_none(tab: Tab) -> None:
    with tab.refused("wrong-algorithm") as answers:
        asked = tab.log_in()
        token = _unsigned({"alg": "none", "kid": "key-1"}, tab.platform.claims(asked["nonce"], {}))
        answers.append(tab.answer(state=asked["state"], id_token=token))


def test_hs256_with_the_public_key_as_secret(tab: Tab) -> None:
    public = rsa_key("first").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with tab.refused("wrong-algorithm") as answers:
        asked = tab.log_in()
        claims = tab.platform.claims(asked["nonce"], {})
        header = {"alg": "HS256", "typ": "JWT", "kid": "key-1"}
        unsigned = _unsigned(header, claims).rstrip(".")
        signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
            unsigned.encode(), public
        )
        token = f"{unsigned}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
        answers.append(tab.answer(state=asked["state"], id_token=token))


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_a_key_that_is_too_short(tool_app: Flask, key_server: KeyServer, tab: Tab) -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    tab.platform = Platform(
        tool_app.extensions["stifinder"],
        key_server,
        f"https://{fresh('weak')}.example.com",
        keys={"key-1": weak},
    )
    tab.refuses_token("bad-signature")


def test_keys_that_cannot_be_fetched(tool_app: Flask, key_server: KeyServer, tab: Tab) -> None:
    tab.platform = Platform(
        tool_app.extensions["stifinder"], key_server, f"https://{fresh('down')}.example.com"
    )
    key_server.answers.pop(tab.platform.key_set_url.removeprefix(key_server.address))
    tab.refuses("keys-unreachable")


# --- the message --------------------------------------------------------------------------------------


def test_a_wrong_lti_version(tab: Tab) -> None:
    tab.refuses("wrong-version", version="1.1.0")


def test_a_missing_lti_version(tab: Tab) -> None:
    tab.refuses("wrong-version", version=None)


def test_a_payload_that_is_no_lti_message(tab: Tab) -> None:
    with tab.refused("not-an-lti-message") as answers:
        asked = tab.log_in()
        claims = {k: v for k, v in tab.platform.claims(asked["nonce"], {}).items() if "/" not in k}
        answers.append(tab.answer(state=asked["state"], id_token=tab.platform.sign(claims)))


@pytest.mark.parametrize(
    "claim",
    ["message_type", "roles", "deployment_id", "resource_link", "sub", "nonce", "iat", "exp", "aud", "iss"],
)
def test_a_missing_claim(tab: Tab, claim: str) -> None:
    tab.refuses(f"missing-{claim}", **{claim: None})


def test_a_missing_target_link_uri_claim(tab: Tab) -> None:
    tab.refuses("missing-target_link_uri", target_link_uri=None)


def test_a_resource_link_without_id(tab: Tab) -> None:
    tab.refuses("missing-resource_link.id", resource_link={"title": "A link"})


@pytest.mark.parametrize("message", ["LtiStartProctoring", "LtiEulaRequest"])
def test_a_message_that_is_not_supported_yet(tab: Tab, message: str) -> None:
    tab.refuses("unsupported-message", message_type=message, resource_link=None)


# --- time, sender, receiver ---------------------------------------------------------------------------


def test_exp_past(tab: Tab) -> None:
    tab.refuses("expired-token", iat=SECONDS - 200, exp=SECONDS - 61)


def test_iat_in_the_future_beyond_the_leeway(tab: Tab) -> None:
    tab.refuses("issued-in-the-future", iat=SECONDS + 61, exp=SECONDS + 200)


def test_not_yet_valid(tab: Tab) -> None:
    tab.refuses("issued-in-the-future", nbf=SECONDS + 61)


@pytest.mark.parametrize("value", ["1772444400", True, float("nan"), [1]])
def test_a_time_that_is_no_number(tab: Tab, value: object) -> None:
    tab.refuses("bad-exp", exp=value) if not isinstance(value, str | list) else _raw(
        tab, "bad-exp", exp=value
    )


def _raw(tab: Tab, reason: str, **claims: Any) -> None:
    """Like ``tab.refuses``, around PyJWT's own refusal to sign such a claim."""
    with tab.refused(reason) as answers:
        asked = tab.log_in()
        body = json.dumps(tab.platform.claims(asked["nonce"], claims)).encode()
        token = jwt.api_jws.encode(body, rsa_key("first"), algorithm="RS256", headers={"kid": "key-1"})
        answers.append(tab.answer(state=asked["state"], id_token=token))


def test_a_wrong_issuer(tab: Tab) -> None:
    tab.refuses("wrong-iss", iss="https://elsewhere.example.com")


def test_a_wrong_audience(tab: Tab) -> None:
    tab.refuses("wrong-aud", aud="client-2")


def test_an_audience_list_of_others(tab: Tab) -> None:
    tab.refuses("wrong-aud", aud=["client-2", "client-3"], azp="client-1")


@pytest.mark.parametrize("audience", [["client-1"], ["client-1", "client-2"]])
def test_an_audience_list_without_azp(tab: Tab, audience: list[str]) -> None:
    tab.refuses("missing-azp", aud=audience)


def test_a_token_made_for_another_party(tab: Tab) -> None:
    tab.refuses("wrong-azp", aud=["client-1", "client-2"], azp="client-2")


def test_an_unknown_deployment(tab: Tab) -> None:
    tab.refuses("unknown-deployment", deployment_id="9")


def test_a_deployment_of_another_tenant_cannot_be_entered_with_ones_own_keys(
    tool_app: Flask, key_server: KeyServer, tab: Tab
) -> None:
    core, issuer = tool_app.extensions["stifinder"], f"https://{fresh('shared')}.example.com"
    Platform(core, key_server, issuer, deployments=("1",))
    other = Platform(core, key_server, issuer, deployments=("2",), tenant=fresh("other"))
    own_keys = key_server.publish("/own-keys", [])
    store.register(
        core.database,
        [store.Registration(other.tenant, issuer, "client-1", "2", f"{issuer}/auth", own_keys)],
        core.clock(),
    )
    tab.platform = other
    tab.refuses("unknown-kid", deployment_id="2")
    assert tab.launched(deployment_id="1").launch.tenant_id == "t"


def test_a_target_outside_the_tool(tab: Tab) -> None:
    tab.refuses("target-outside", target_link_uri="https://tool.example.com.evil.example/")


# --- nonce and state ----------------------------------------------------------------------------------


def test_a_nonce_used_twice(tab: Tab) -> None:
    first = tab.log_in()
    token = tab.platform.sign(tab.platform.claims(first["nonce"], {}))
    assert tab.answer(state=first["state"], id_token=token).status_code == 303
    with tab.refused("nonce-used") as answers:
        second = tab.log_in()
        answers.append(tab.answer(state=second["state"], id_token=token))


def test_a_nonce_of_another_login(tab: Tab) -> None:
    with tab.refused("wrong-nonce") as answers:
        one, two = tab.log_in(), tab.log_in()
        token = tab.platform.sign(tab.platform.claims(one["nonce"], {}))
        answers.append(tab.answer(state=two["state"], id_token=token))


def test_two_launches_at_the_same_moment_with_one_nonce(tab: Tab) -> None:
    core = tab.platform.core
    assert store.use_once(core.database, [("state", "one"), ("nonce", "shared")], NOW, NOW)
    assert not store.use_once(core.database, [("state", "two"), ("nonce", "shared")], NOW, NOW)
    assert not store.was_used(core.database, "state", "two")


def test_a_missing_state(tab: Tab) -> None:
    with tab.refused("missing-state") as answers:
        asked = tab.log_in()
        answers.append(tab.answer(id_token=tab.platform.sign(tab.platform.claims(asked["nonce"], {}))))


def test_an_unknown_state(tab: Tab) -> None:
    with tab.refused("unknown-state") as answers:
        asked = tab.log_in()
        token = tab.platform.sign(tab.platform.claims(asked["nonce"], {}))
        answers.append(tab.answer(state=asked["state"][:-4] + "AAAA", id_token=token))


def test_a_state_used_twice(tab: Tab) -> None:
    asked = tab.log_in()
    token = tab.platform.sign(tab.platform.claims(asked["nonce"], {}))
    assert tab.answer(state=asked["state"], id_token=token).status_code == 303
    with tab.refused("state-used") as answers:
        answers.append(tab.answer(state=asked["state"], id_token=token))


def test_a_state_from_another_browser(tool_app: Flask, tab: Tab, caplog: pytest.LogCaptureFixture) -> None:
    other = Tab(tool_app, tab.platform, caplog)
    with tab.refused("no-cookie") as answers:
        asked = other.log_in()
        token = tab.platform.sign(tab.platform.claims(asked["nonce"], {}))
        answers.append(tab.answer(state=asked["state"], id_token=token))


def test_a_state_with_the_cookie_of_another_browser(
    tool_app: Flask, tab: Tab, caplog: pytest.LogCaptureFixture
) -> None:
    other = Tab(tool_app, tab.platform, caplog)
    with tab.refused("other-browser") as answers:
        asked = other.log_in()
        state = login.read_state(tab.platform.core, asked["state"])
        tab.client.set_cookie(
            f"sf-login-{state.id}", "guessed", domain="tool.example.com", path="/lti/launch"
        )
        token = tab.platform.sign(tab.platform.claims(asked["nonce"], {}))
        answers.append(tab.answer(state=asked["state"], id_token=token))


def test_an_expired_login(tab: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    with tab.refused("expired-login") as answers:
        monkeypatch.setattr(login, "LIFETIME", -1)
        asked = tab.log_in()
        token = tab.platform.sign(tab.platform.claims(asked["nonce"], {}))
        answers.append(tab.answer(state=asked["state"], id_token=token))


# --- the platform says no -------------------------------------------------------------------------------


def test_an_error_of_the_platform_is_shown(tab: Tab) -> None:
    with tab.refused("platform-error") as answers:
        asked = tab.log_in()
        answers.append(
            tab.answer(state=asked["state"], error="access_denied", error_description="<b>Not enrolled</b>")
        )
    assert "access_denied" in answers[0].text
    assert "&lt;b&gt;Not enrolled&lt;/b&gt;" in answers[0].text


def test_a_tampered_message_hint_comes_back_as_the_platforms_error(tab: Tab) -> None:
    with tab.refused("platform-error") as answers:
        asked = tab.log_in(lti_message_hint="tampered")
        assert asked["lti_message_hint"] == "tampered"  # the platform sees it as it came, and can refuse it
        answers.append(tab.answer(state=asked["state"], error="invalid_request"))


def test_strangers_cannot_have_the_tool_show_their_words(tab: Tab) -> None:
    with tab.refused("platform-error") as answers:
        answers.append(tab.answer(error="Call 555-0100", error_description="and tell your password"))
    assert "555" not in answers[0].text
    assert "password" not in answers[0].text


def test_strangers_cannot_lend_their_login_to_their_words(tab: Tab) -> None:
    with tab.refused("platform-error") as answers:
        state = tab.log_in()["state"]
        elsewhere = tab.client.application.test_client()
        words = {"error": "access_denied", "error_description": "Call 555-0100", "state": state}
        answers.append(elsewhere.get("/lti/launch", query_string=words, base_url=TOOL))
    assert "access_denied" in answers[0].text
    assert "555" not in answers[0].text


# --- the login ----------------------------------------------------------------------------------------


def _refused_login(tab: Tab, reason: str, **changes: str | None) -> TestResponse:
    with tab.refused(reason) as answers:
        answers.append(tab.client.post("/lti/login", data=tab.platform.request(**changes), base_url=TOOL))
    return answers[0]


@pytest.mark.parametrize("name", ["iss", "login_hint", "target_link_uri"])
def test_a_login_that_lacks_a_parameter(tab: Tab, name: str) -> None:
    _refused_login(tab, f"missing-{name}", **{name: None})


def test_a_login_from_an_unknown_platform(tab: Tab) -> None:
    page = _refused_login(tab, "unknown-issuer", iss="https://unknown.example.com").text
    assert "https://unknown.example.com" in page


def test_a_login_with_an_unknown_client(tab: Tab) -> None:
    _refused_login(tab, "unknown-client", client_id="client-9")


def test_a_login_with_an_unknown_deployment(tab: Tab) -> None:
    _refused_login(tab, "unknown-deployment", lti_deployment_id="9")


def test_a_login_that_leaves_open_which_tool_is_meant(
    tool_app: Flask, key_server: KeyServer, tab: Tab
) -> None:
    core, issuer = tool_app.extensions["stifinder"], f"https://{fresh('twice')}.example.com"
    tab.platform = Platform(core, key_server, issuer)
    Platform(core, key_server, issuer, client_id="client-2")
    _refused_login(tab, "missing-client_id", client_id=None)


@pytest.mark.parametrize(
    "target",
    [
        "https://elsewhere.example.com/",
        "http://tool.example.com/",
        "https://tool.example.com:8443/",
        "https://tool.example.com@elsewhere.example.com/",
        "https://elsewhere.example.com\\@tool.example.com/",
        "javascript:alert(1)",
        "/learn",
    ],
)
def test_a_login_that_aims_outside_the_tool(tab: Tab, target: str) -> None:
    _refused_login(tab, "target-outside", target_link_uri=target)


def test_a_parameter_of_absurd_length(tab: Tab) -> None:
    _refused_login(tab, "too-long", lti_message_hint="x" * 9000)


def test_the_launch_address_opened_by_hand(tab: Tab) -> None:
    with tab.refused("opened-directly") as answers:
        answers.append(tab.client.get("/lti/launch", base_url=TOOL))


# --- nonsense -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é.é.é", "." * 100, "x" * 70_000])
def test_something_that_is_no_token(tab: Tab, token: str) -> None:
    with tab.refused("bad-token" if token else "missing-id_token") as answers:
        answers.append(tab.answer(state=tab.log_in()["state"], id_token=token))


def test_a_payload_nested_too_deep(tab: Tab) -> None:
    with tab.refused("bad-token") as answers:
        deep = b'{"a":' + b"[" * 20_000
        token = jwt.api_jws.encode(deep, rsa_key("first"), algorithm="RS256", headers={"kid": "key-1"})
        answers.append(tab.answer(state=tab.log_in()["state"], id_token=token))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
CLAIMS = (
    *("iss", "aud", "azp", "sub", "nonce", "iat", "exp", "nbf", "email", "version", "message_type"),
    *(
        "deployment_id",
        "target_link_uri",
        "resource_link",
        "roles",
        "context",
        "launch_presentation",
        "custom",
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(claim=st.sampled_from(CLAIMS), value=json_values)
def test_any_value_of_any_claim_is_a_visit_or_a_refusal_never_a_fault(
    tab: Tab, claim: str, value: object
) -> None:
    asked = tab.log_in()
    claims = tab.platform.claims(asked["nonce"], {claim: "" if value is None else value})
    token = jwt.api_jws.encode(
        json.dumps(claims).encode(), rsa_key("first"), algorithm="RS256", headers={"kid": "key-1"}
    )
    status = tab.answer(state=asked["state"], id_token=token).status_code
    assert status == 303 or 400 <= status < 500
