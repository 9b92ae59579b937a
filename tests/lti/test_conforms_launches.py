"""Launches that must succeed, as instructor and as student."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask
from lti_browser import Browser
from lti_clauses import EVERY, MOODLE, SANDBOX, clause
from lti_platform import LTI, MEMBERSHIP, TOOL, KeyServer, fresh
from lti_senders import HandMade, Person, Sender
from sandbox_lms import SandboxLms
from stifinder.adapters.sandbox.people import PEOPLE
from stifinder.core import identity
from stifinder.core.people import Purpose, Role, Source
from stifinder.lti_tool.visit import Visit

CHAPTER = "Launches that must succeed, as instructor and as student"
EVERYTHING = frozenset((p, s) for p in Purpose for s in Source)


@pytest.fixture(params=["Learner", "Instructor"], ids=["student", "instructor"])
def role(request: pytest.FixtureRequest) -> str:
    return request.param


def has(visit: Visit, role: str) -> bool:
    """Whether a visit has the rights of a role; an Instructor of some platforms is an administrator too."""
    if role == "Learner":
        return visit.launch.roles == {Role.LEARNER}
    return Role.TEACHER in visit.launch.roles


@clause("full claims", *EVERY)
def test_full_claims_open_a_page(browser: Browser, role: str) -> None:
    visit = browser.enters(Person(role))
    found, issuer = visit.launch, browser.platform.issuer
    assert has(visit, role)
    assert found.identities == (
        identity.account(issuer, "subject-1"),
        identity.mbox("learner-1@example.test"),
    )
    assert (found.context_key, found.context_title) == (f"{issuer}#course-1", "Algebra basics")
    assert found.link_id == "link-1"
    assert (found.return_url, found.frame_origin) == (f"{issuer}/course/1", issuer)


@clause("full claims, as the sandbox LMS sends them", SANDBOX, by="")
def test_a_link_in_the_sandbox_opens_a_page(sandbox: SandboxLms, role: str) -> None:
    person = next(p.id for p in PEOPLE.values() if p.teacher == (role == "Instructor"))
    visit = sandbox.browser.sees_a_page(sandbox.opens(person))
    assert has(visit, role)
    assert visit.launch.frame_origin == sandbox.address


@pytest.mark.parametrize("name", ["id_token_student", "id_token_student_custom", "id_token_teacher"])
@clause("full claims, as a real Moodle sent them", MOODLE, by="")
def test_what_a_real_moodle_sent_opens_a_page(
    tool_app: Flask,
    key_server: KeyServer,
    caplog: pytest.LogCaptureFixture,
    data: Path,
    name: str,
) -> None:
    folder = data / "moodle" / "lti"
    recorded = json.loads((folder / f"{name}.json").read_text())["claims"]
    hints = json.loads((folder / "login_resource_link.json").read_text())["p"]
    moodle = HandMade(
        tool_app.extensions["stifinder"],
        key_server,
        recorded["iss"],
        client_id=recorded["aud"],
        deployments=(recorded[f"{LTI}deployment_id"],),
    )
    browser = Browser(tool_app, moodle, caplog)
    asked = browser.log_in(login_hint=hints["login_hint"], lti_message_hint=hints["lti_message_hint"])
    assert asked["lti_message_hint"] == hints["lti_message_hint"]
    moment = {"nonce": asked["nonce"], "iat": moodle.now, "exp": moodle.now + 60}
    claims = recorded | moment | {f"{LTI}target_link_uri": f"{TOOL}/lti/launch"}
    visit = browser.sees_a_page(browser.answer(state=asked["state"], id_token=moodle.sign(claims)))
    assert has(visit, "Instructor" if "teacher" in name else "Learner")
    assert visit.launch.context_title == recorded[f"{LTI}context"]["title"]


@clause("several roles", *EVERY)
def test_several_roles_open_a_page(browser: Browser, role: str) -> None:
    more = ["http://purl.imsglobal.org/vocab/lis/v2/system/person#User", MEMBERSHIP + role]
    assert has(browser.enters(Person(role), roles=more), role)


@clause("short role names", *EVERY)
def test_short_role_names_open_a_page(browser: Browser, role: str) -> None:
    assert has(browser.enters(roles=[role]), role)


@clause("unknown role: least privilege", *EVERY)
def test_an_unknown_role_opens_a_page_with_least_privilege(browser: Browser) -> None:
    visit = browser.enters(roles=["https://lms.example.com/roles#Wizard", "Instructor Wizard"])
    assert visit.launch.roles == {Role.LEARNER}


@clause("empty role list: least privilege", *EVERY)
def test_an_empty_role_list_opens_a_page_with_least_privilege(browser: Browser) -> None:
    assert browser.enters(Person(role=None)).launch.roles == {Role.LEARNER}


@clause("e-mail only", *EVERY)
def test_email_only_opens_a_page(browser: Browser, role: str) -> None:
    visit = browser.enters(Person(role, name=""))
    assert has(visit, role)
    assert identity.mbox("learner-1@example.test") in visit.launch.identities


@clause("names only", *EVERY)
def test_names_only_open_a_page_and_are_not_kept(browser: Browser, role: str) -> None:
    visit = browser.enters(Person(role, email=""))
    assert has(visit, role)
    assert visit.launch.identities == (identity.account(browser.platform.issuer, "subject-1"),)
    assert "Learner 1" not in repr(visit)


@clause("no personal data at all", *EVERY)
def test_no_personal_data_at_all_opens_a_page(browser: Browser, role: str) -> None:
    visit = browser.enters(Person(role, name="", email=""))
    assert has(visit, role)
    assert len(visit.launch.identities) == 1


@clause("no context", *EVERY)
def test_no_context_opens_a_page(browser: Browser, role: str) -> None:
    visit = browser.enters(Person(role, course=""))
    assert has(visit, role)
    assert (visit.launch.context_key, visit.launch.context_title) == ("", "")


@clause("audience as a string", *EVERY)
def test_an_audience_as_a_string_opens_a_page(browser: Browser, role: str) -> None:
    assert has(browser.enters(Person(role), aud="client-1", azp=None), role)


@clause("audience as an array, with azp", *EVERY)
def test_an_audience_as_an_array_with_azp_opens_a_page(browser: Browser, role: str) -> None:
    assert has(browser.enters(Person(role), aud=["client-1"], azp="client-1"), role)
    assert has(browser.enters(Person(role), aud=["another", "client-1"], azp="client-1"), role)


@clause("a platform with several deployments", *EVERY)
def test_each_of_several_deployments_opens_a_page(
    sender: Sender, tool_app: Flask, caplog: pytest.LogCaptureFixture, role: str
) -> None:
    several = type(sender)(sender.core, sender.server, sender.issuer, deployments=("1", "2"))
    browser = Browser(tool_app, several, caplog)
    found = []
    for deployment in several.deployments:
        asked = browser.log_in(lti_deployment_id=deployment)
        form = several.form(asked, Person(role), deployment_id=deployment)
        found.append(browser.sees_a_page(browser.answer(**form)).launch)
    assert found[0].registration_id != found[1].registration_id
    assert found[0].identities == found[1].identities


@clause("two platforms with the same sub: two people", *EVERY)
def test_two_platforms_with_the_same_subject_mean_two_people(
    sender: Sender, tool_app: Flask, caplog: pytest.LogCaptureFixture, role: str
) -> None:
    there = type(sender)(sender.core, sender.server, f"https://{fresh('other')}.example.com")
    person = Person(role, email="")
    here, elsewhere = Browser(tool_app, sender, caplog), Browser(tool_app, there, caplog)
    sender.core.agree(here.enters(person).launch, EVERYTHING)
    assert here.enters(person).learner_id != ""
    assert elsewhere.enters(person).learner_id == ""


@clause("the login sends the hints back unchanged, and asks as OpenID Connect wants it", *EVERY)
def test_the_login_answers_with_a_right_authentication_request(browser: Browser) -> None:
    hints = {"login_hint": "a b+c&d", "lti_message_hint": '{"cmid":3,"launchid":"a&b"}'}
    asked = browser.log_in(**hints)
    assert len(asked.pop("nonce")) >= 16
    assert len(asked.pop("state")) >= 16
    assert asked.pop("known") == "yes"  # what stood in the platform's own address before
    assert asked == hints | {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": "client-1",
        "redirect_uri": f"{TOOL}/lti/launch",
    }


@clause("a login request by GET", *EVERY)
def test_a_login_request_may_come_by_get(browser: Browser) -> None:
    request = browser.platform.request()
    answer = browser.client.get("/lti/login", query_string=request, base_url=TOOL)
    asked = dict(parse_qsl(urlsplit(answer.location).query))
    browser.sees_a_page(browser.answer(**browser.platform.form(asked)))


@clause("grades and members offered with the launch", *EVERY)
def test_the_services_of_a_launch_are_noticed(browser: Browser) -> None:
    browser.platform.services = True
    course = fresh("course")
    learner = browser.enters(Person("Learner", course=course)).launch
    assert learner.line_item == browser.platform.column
    browser.enters(Person("Instructor", course=course))
    due = {entry.address for entry in browser.platform.core.due_rosters()}
    assert browser.platform.members in due
