"""Launches that must succeed, and how a launch goes: login, state, cookies, visit."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask import Flask
from lti_platform import LTI, MEMBERSHIP, TOOL, KeyServer, Platform, Tab, ec_key, fresh, rows, rsa_key
from stifinder.adapters.sandbox import platform as sandbox
from stifinder.adapters.sandbox.content import ISSUER, Course
from stifinder.adapters.sandbox.people import PEOPLE
from stifinder.core import identity
from stifinder.core.people import Purpose, Role, Source
from stifinder.core.store.lti import Registration, register
from stifinder.lti_tool.lti import launch

pytest_plugins = ["lti_fixtures"]
EVERYTHING = frozenset((p, s) for p in Purpose for s in Source)


# --- must succeed, as learner and as teacher --------------------------------------------------------


@pytest.fixture(params=[("Learner", Role.LEARNER), ("Instructor", Role.TEACHER)], ids=["learner", "teacher"])
def person(request: pytest.FixtureRequest) -> tuple[str, Role]:
    return request.param


def test_full_claims_open_a_visit(tab: Tab, person: tuple[str, Role]) -> None:
    name, role = person
    visit = tab.launched(roles=[MEMBERSHIP + name])
    found = visit.launch
    assert found.tenant_id == "t"
    assert found.identities == (
        identity.account("https://lms.example.com", "subject-1"),
        identity.mbox("learner-1@example.test"),
    )
    assert found.roles == {role}
    assert (found.context_key, found.context_title) == ("https://lms.example.com#course-1", "Algebra basics")
    assert (found.link_id, found.locale, visit.locale) == ("link-1", "da-DK", "da-DK")
    assert found.return_url == "https://lms.example.com/course/1"
    assert found.frame_origin == "https://lms.example.com"
    assert found.custom == {"timezone": "Europe/Copenhagen"}
    assert visit.learner_id == ""


def test_a_persons_name_is_not_kept_even_in_the_visit(tab: Tab) -> None:
    assert "Learner 1" not in repr(tab.launched(name="Learner 1"))


def test_several_roles_open_a_visit(tab: Tab) -> None:
    roles = [
        f"{MEMBERSHIP}Instructor",
        "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator",
    ]
    assert tab.launched(roles=roles).launch.roles == {Role.TEACHER, Role.ADMINISTRATOR}


def test_short_role_names_open_a_visit(tab: Tab, person: tuple[str, Role]) -> None:
    name, role = person
    assert tab.launched(roles=[name]).launch.roles == {role}


def test_an_unknown_role_opens_a_visit_with_least_privilege(tab: Tab) -> None:
    assert tab.launched(roles=["https://lms.example.com/roles#Wizard"]).launch.roles == {Role.LEARNER}


def test_an_empty_role_list_opens_a_visit_with_least_privilege(tab: Tab) -> None:
    assert tab.launched(roles=[]).launch.roles == {Role.LEARNER}


def test_email_only_opens_a_visit(tab: Tab, person: tuple[str, Role]) -> None:
    visit = tab.launched(name=None, given_name=None, family_name=None, roles=[MEMBERSHIP + person[0]])
    assert identity.mbox("learner-1@example.test") in visit.launch.identities


def test_names_only_open_a_visit(tab: Tab, person: tuple[str, Role]) -> None:
    visit = tab.launched(email=None, roles=[MEMBERSHIP + person[0]])
    assert visit.launch.identities == (identity.account("https://lms.example.com", "subject-1"),)


def test_no_personal_data_at_all_opens_a_visit(tab: Tab, person: tuple[str, Role]) -> None:
    visit = tab.launched(
        email=None, name=None, given_name=None, family_name=None, roles=[MEMBERSHIP + person[0]]
    )
    assert visit.launch.identities == (identity.account("https://lms.example.com", "subject-1"),)


def test_no_context_opens_a_visit(tab: Tab, person: tuple[str, Role]) -> None:
    visit = tab.launched(context=None, roles=[MEMBERSHIP + person[0]])
    assert (visit.launch.context_key, visit.launch.context_title) == ("", "")


def test_audience_as_a_list_with_azp_opens_a_visit(tab: Tab, person: tuple[str, Role]) -> None:
    tab.launched(aud=["client-1", "another"], azp="client-1", roles=[MEMBERSHIP + person[0]])


def test_a_platform_with_several_deployments_opens_visits_from_each(
    tool_app: Flask, key_server: KeyServer, tab: Tab
) -> None:
    several = Platform(
        tool_app.extensions["stifinder"],
        key_server,
        f"https://{fresh('several')}.example.com",
        deployments=("1", "2"),
    )
    first = tab.launched(several, deployment_id="1").launch
    second = tab.launched(several, deployment_id="2").launch
    assert first.registration_id != second.registration_id
    assert first.identities == second.identities


def test_a_deployment_that_is_sent_as_a_number_is_the_one_that_was_registered(
    tool_app: Flask, key_server: KeyServer, tab: Tab
) -> None:
    issuer = f"https://{fresh('numbers')}.example.com"
    counting = Platform(tool_app.extensions["stifinder"], key_server, issuer, deployments=("7", "12"))
    as_text = tab.launched(counting, deployment_id="12").launch
    assert tab.launched(counting, deployment_id=12).launch.registration_id == as_text.registration_id
    assert tab.launched(counting, deployment_id=7).launch.registration_id != as_text.registration_id


def test_two_platforms_with_the_same_subject_mean_two_people(
    tool_app: Flask, key_server: KeyServer, tab: Tab
) -> None:
    core = tool_app.extensions["stifinder"]
    here = Platform(core, key_server, f"https://{fresh('one')}.example.com")
    there = Platform(core, key_server, f"https://{fresh('two')}.example.com")
    one = tab.launched(here, email=None).launch
    core.agree(one, EVERYTHING)
    assert tab.launched(there, email=None).learner_id == ""
    assert tab.launched(here, email=None).learner_id != ""


def test_es256_opens_a_visit(tool_app: Flask, key_server: KeyServer, tab: Tab) -> None:
    issuer = f"https://{fresh('ec')}.example.com"
    tab.platform = Platform(
        tool_app.extensions["stifinder"], key_server, issuer, keys={"key-1": ec_key("first")}
    )
    asked = tab.log_in()
    token = tab.platform.sign(tab.platform.claims(asked["nonce"], {}), alg="ES256")
    assert tab.answer(state=asked["state"], id_token=token).status_code == 303


def test_clocks_may_differ_by_less_than_a_minute(tab: Tab) -> None:
    now = int(tab.platform.core.clock().timestamp())
    tab.launched(iat=now + 50, exp=now + 110)
    tab.launched(iat=now - 110, exp=now - 50)


@pytest.mark.parametrize("name", ["id_token_student", "id_token_student_custom", "id_token_teacher"])
def test_what_a_real_moodle_sent_opens_a_visit(
    tool_app: Flask, key_server: KeyServer, tab: Tab, data: Path, name: str
) -> None:
    folder = data / "moodle" / "lti"
    recorded = json.loads((folder / f"{name}.json").read_text())["claims"]
    moodle = Platform(
        tool_app.extensions["stifinder"],
        key_server,
        recorded["iss"],
        client_id=recorded["aud"],
        deployments=(recorded[f"{LTI}deployment_id"],),
    )
    tab.platform = moodle
    request = json.loads((folder / "login_resource_link.json").read_text())["p"]
    asked = tab.log_in(login_hint=request["login_hint"], lti_message_hint=request["lti_message_hint"])
    assert (asked["login_hint"], asked["lti_message_hint"]) == (
        request["login_hint"],
        request["lti_message_hint"],
    )
    now = int(moodle.core.clock().timestamp())
    claims = recorded | {
        "nonce": asked["nonce"],
        "iat": now,
        "exp": now + 60,
        f"{LTI}target_link_uri": f"{TOOL}/lti/launch",
    }
    found = tab.visit(tab.answer(state=asked["state"], id_token=moodle.sign(claims))).launch
    assert found.roles == ({Role.TEACHER} if "teacher" in name else {Role.LEARNER})
    assert found.identities[0] == identity.account(recorded["iss"], recorded["sub"])
    assert found.context_title == recorded[f"{LTI}context"]["title"]


def test_an_independent_implementation_of_a_platform_launches_the_tool(
    tool_app: Flask, key_server: KeyServer, tab: Tab, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = tool_app.extensions["stifinder"]
    monkeypatch.setattr(core, "clock", lambda: datetime.now(UTC))  # the library takes the time of day
    pem = rsa_key("independent").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    theirs = sandbox.Platform(pem, sandbox.ToolAddresses(f"{TOOL}/lti/login", f"{TOOL}/lti/launch"))
    entry = Registration(
        tenant_id="t",
        issuer=ISSUER,
        client_id=sandbox.CLIENT_ID,
        deployment_id=sandbox.DEPLOYMENT_ID,
        auth_login_url="https://sandbox.example.com/lti/auth",
        key_set_url=key_server.publish("/independent", theirs.jwks()["keys"]),
    )
    register(core.database, [entry], core.clock())
    person, course = PEOPLE["learner-02"], Course("algebra", "Algebra", ())
    start = tab.client.get(theirs.login_address(person, course, "iframe"), base_url=TOOL)
    asked = {key: value[0] for key, value in parse_qs(urlsplit(start.location).query).items()}
    theirs.check(asked, person)
    form = theirs.message(asked, person, course, "iframe", "da", "https://sandbox.example.com/course")
    assert form.pop("launch_url") == f"{TOOL}/lti/launch"
    found = tab.visit(tab.answer(**form)).launch
    assert found.identities == (identity.account(ISSUER, "learner-02"),)
    assert (found.locale, found.roles, found.context_title) == ("da", {Role.LEARNER}, "Algebra")


# --- the way there --------------------------------------------------------------------------------


def test_the_login_sends_the_browser_on_with_everything_the_platform_needs(tab: Tab) -> None:
    request = tab.platform.request(login_hint="a b+c&d", lti_message_hint="héé%20=&")
    answer = tab.client.get("/lti/login", query_string=request, base_url=TOOL)
    parts = urlsplit(answer.location)
    asked = {key: value[0] for key, value in parse_qs(parts.query).items()}
    assert parts._replace(query="").geturl() == "https://lms.example.com/auth"
    assert asked.pop("known") == "yes"
    assert len(asked.pop("nonce")) >= 16
    assert len(asked.pop("state")) >= 16
    assert asked == {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": "client-1",
        "redirect_uri": f"{TOOL}/lti/launch",
        "login_hint": "a b+c&d",
        "lti_message_hint": "héé%20=&",
    }


def test_a_login_without_client_id_is_enough_where_the_platform_has_one(tab: Tab) -> None:
    assert tab.log_in(client_id=None, lti_deployment_id=None)["client_id"] == "client-1"


def test_cookies_can_live_in_a_frame_of_another_site(tab: Tab) -> None:
    login = tab.client.post("/lti/login", data=tab.platform.request(), base_url=TOOL)
    launched = tab.launch()
    for cookie in (login.headers["Set-Cookie"], launched.headers.getlist("Set-Cookie")[0]):
        attributes = {part.strip() for part in cookie.split(";")}
        assert attributes >= {"Secure", "HttpOnly", "SameSite=None", "Partitioned"}
    visit_id = urlsplit(launched.location).path.split("/")[2]
    assert re.fullmatch(r"[0-9a-f]{32}", visit_id)
    assert f"Path=/learn/{visit_id};" in launched.headers.getlist("Set-Cookie")[0]
    assert "Max-Age=7200" in launched.headers.getlist("Set-Cookie")[0]


def test_two_tabs_with_two_courses_do_not_mix(tab: Tab) -> None:
    one, two = tab.log_in(), tab.log_in()
    sign, claims = tab.platform.sign, tab.platform.claims
    second = tab.answer(
        state=two["state"], id_token=sign(claims(two["nonce"], {"context": {"id": "b", "title": "B"}}))
    )
    first = tab.answer(
        state=one["state"], id_token=sign(claims(one["nonce"], {"context": {"id": "a", "title": "A"}}))
    )
    assert tab.visit(first).launch.context_title == "A"
    assert tab.visit(second).launch.context_title == "B"


def test_a_launch_without_consent_stores_nothing_but_that_the_message_was_used(tab: Tab) -> None:
    before = rows(tab.platform.core)
    tab.launched()
    after = rows(tab.platform.core)
    assert {name for name in after if after[name] != before[name]} == {"used_token"}


def test_a_rotated_key_is_fetched_once_more(tool_app: Flask, key_server: KeyServer, tab: Tab) -> None:
    issuer = f"https://{fresh('rotating')}.example.com"
    rotating = Platform(tool_app.extensions["stifinder"], key_server, issuer)
    tab.launched(rotating)
    rotating.keys = {"key-2": ec_key("second")}
    path = urlsplit(rotating.publish()).path
    asked = tab.log_in()
    token = rotating.sign(rotating.claims(asked["nonce"], {}), kid="key-2", alg="ES256")
    assert tab.answer(state=asked["state"], id_token=token).status_code == 303
    assert key_server.asked.count(path) == 2


def test_where_cookies_are_blocked_a_new_window_goes_the_same_way(tab: Tab) -> None:
    asked = tab.log_in()
    _forget_cookies(tab)
    token = tab.platform.sign(tab.platform.claims(asked["nonce"], {}))
    page = tab.answer(state=asked["state"], id_token=token)
    assert "Open in a new window" in page.text
    link = re.search(r'href="([^"]*/lti/login\?again=[^"]+)" target="_blank"', page.text)
    assert link is not None
    assert "hint-1" not in link[1]
    again = tab.client.get(link[1], base_url=TOOL)
    new = {key: value[0] for key, value in parse_qs(urlsplit(again.location).query).items()}
    assert {k: new[k] for k in ("login_hint", "lti_message_hint", "client_id")} == {
        k: asked[k] for k in ("login_hint", "lti_message_hint", "client_id")
    }
    token = tab.platform.sign(tab.platform.claims(new["nonce"], {}))
    assert tab.answer(state=new["state"], id_token=token).status_code == 303


def _forget_cookies(tab: Tab) -> None:
    for cookie in list(tab.client._cookies.values()):
        tab.client.delete_cookie(cookie.key, domain=cookie.domain, path=cookie.path)


# --- the tool's own keys ----------------------------------------------------------------------------


def test_the_tool_publishes_a_public_key_and_no_private_part(tab: Tab) -> None:
    first = tab.client.get("/lti/jwks", base_url=TOOL).get_json()
    (key,) = first["keys"]
    assert {"kty": "RSA", "alg": "RS256", "use": "sig"}.items() <= key.items()
    assert not {"d", "p", "q", "dp", "dq", "qi"} & set(key)
    assert tab.client.get("/lti/jwks", base_url=TOOL).get_json() == first


def test_the_blueprint_brings_one_cache_of_keys_to_an_application(tool_app: Flask) -> None:
    assert tool_app.extensions[launch.KEYS] is not None
