"""A teacher adds links to a course: the request, the page to choose on, and the signed answer."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
from flask import Flask
from lti_platform import LTI, MEMBERSHIP, TOOL, Tab, fresh
from small_course import COURSE
from stifinder.core.people import Purpose, Source
from stifinder.core.plugins import Plugins
from stifinder.core.service import Core
from stifinder.core.settings import Settings
from stifinder.lti_tool.app import create_app
from werkzeug.test import TestResponse

pytest_plugins = ["lti_fixtures"]
DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
SCORE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
RETURN = "https://lms.example.com/mod/lti/contentitem_return.php?course=2&id=1&sesskey=ej9AyfMpXE"
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def tool_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The whole tool with a small course."""
    folder = tmp_path_factory.mktemp("tool")
    settings = Settings(
        data_dir=folder,
        database_url=f"sqlite:///{folder / 'stifinder.db'}",
        base_url=TOOL,
        secret="a secret that is used in tests only",
        development=True,
    )
    core = Core(settings, plugins=Plugins(discover=False), clock=lambda: NOW)
    core.migrate()
    core.add_tenant("t", "A tenant")
    core.import_catalogue("t", COURSE)
    yield create_app(core)
    core.close()


@pytest.fixture
def core(tool_app: Flask) -> Core:
    found: Core = tool_app.extensions["stifinder"]
    return found


def settings(**changes: Any) -> dict[str, Any]:
    """Deep linking settings as Moodle sends them; None leaves one out."""
    usual = {
        "accept_types": ["ltiResourceLink"],
        "accept_presentation_document_targets": ["frame", "iframe", "window"],
        "accept_multiple": True,
        "deep_link_return_url": RETURN,
        "data": "opaque & <signed>",
    }
    return {name: value for name, value in (usual | changes).items() if value is not None}


def asked(tab: Tab, role: str = "Instructor", /, grades: bool = True, **changes: Any) -> TestResponse:
    """A request for links, without a resource link, as platforms send it."""
    claims: dict[str, Any] = {
        "message_type": "LtiDeepLinkingRequest",
        "resource_link": None,
        "roles": [MEMBERSHIP + role],
        "context": {"id": "offers", "title": "Writing offers"},
        "launch_presentation": {"locale": "en"},
    }
    request = tab.log_in()
    payload = tab.platform.claims(request["nonce"], claims) | {
        f"{DL}deep_linking_settings": settings(**changes)
    }
    if grades:
        payload[AGS] = {
            "scope": [SCORE],
            "lineitems": "https://lms.example.com/lineitems?type_id=1",
        }
    return tab.answer(state=request["state"], id_token=tab.platform.sign(payload))


def choosing(tab: Tab, **changes: Any) -> tuple[str, str]:
    """A request for links, and the page it leads to: its address and text."""
    answer = asked(tab, **changes)
    assert answer.status_code == 303, answer.text
    page = tab.client.get(answer.location, base_url=TOOL)
    assert page.status_code == 200, page.text
    return urlsplit(answer.location).path, page.text


def csrf(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', page)
    assert found
    return found[1]


def press(tab: Tab, at: str, page: str, act: str = "add", **form: Any) -> TestResponse:
    data = {"csrf_token": csrf(page), "act": act, **form}
    return tab.client.post(at, data=data, base_url=TOOL)


def sent(core: Core, answer: TestResponse) -> dict[str, Any]:
    """The claims that the page carries to the LMS, checked as the LMS would: by our published keys."""
    assert answer.status_code == 200, answer.text
    token = re.search(r'name="JWT" value="([^"]+)"', answer.text)
    assert token
    header = jwt.get_unverified_header(token[1])
    from stifinder.core.store.tool_keys import key_set

    key = next(k for k in key_set(core.database, NOW)["keys"] if k["kid"] == header["kid"])
    claims: dict[str, Any] = jwt.decode(
        token[1], jwt.PyJWK(key), algorithms=["RS256"], audience="https://lms.example.com", leeway=10**10
    )
    return claims


def items(core: Core, answer: TestResponse) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sent(core, answer)[f"{DL}content_items"]
    return found


# --- who may, and what must be there ----------------------------------------------------------------


def test_a_teacher_gets_the_page_to_choose_on(tab: Tab) -> None:
    _, page = choosing(tab)
    for words in ("Adaptive path for this course", "Review of the day", "Path to a skill", "Activity 0"):
        assert words in page


@pytest.mark.parametrize("role", ["Learner", "Mentor"])
def test_only_staff_may_add_links(tab: Tab, role: str) -> None:
    with tab.refused("not-staff") as answers:
        answers.append(asked(tab, role))


def test_an_administrator_may_add_links(tab: Tab) -> None:
    assert asked(tab, "Administrator").status_code == 303


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"deep_link_return_url": None}, "missing-{}.deep_link_return_url"),
        ({"deep_link_return_url": "javascript:alert(1)"}, "bad-{}.deep_link_return_url"),
        ({"deep_link_return_url": "http://lms.example.com/"}, "bad-{}.deep_link_return_url"),
        ({"accept_types": None}, "missing-{}.accept_types"),
        ({"accept_multiple": "perhaps"}, "bad-{}.accept_multiple"),
    ],
)
def test_malformed_deep_linking_settings_are_refused(tab: Tab, changes: dict[str, Any], reason: str) -> None:
    with tab.refused(reason.format("deep_linking_settings")) as answers:
        answers.append(asked(tab, **changes))


def test_a_request_without_settings_is_refused(tab: Tab) -> None:
    tab.refuses("missing-deep_linking_settings", message_type="LtiDeepLinkingRequest", resource_link=None)


def test_a_request_needs_no_target(tab: Tab) -> None:
    request = tab.log_in()
    claims = tab.platform.claims(
        request["nonce"],
        {
            "message_type": "LtiDeepLinkingRequest",
            "resource_link": None,
            "target_link_uri": None,
            "roles": [MEMBERSHIP + "Instructor"],
        },
    ) | {f"{DL}deep_linking_settings": settings()}
    assert tab.answer(state=request["state"], id_token=tab.platform.sign(claims)).status_code == 303


def test_the_request_that_moodle_sends_opens_the_page(tab: Tab, data: Path) -> None:
    recorded = json.loads((data / "moodle" / "lti" / "id_token_deep_linking.json").read_text())["claims"]
    request = tab.log_in()
    usual = tab.platform.claims(request["nonce"], {})
    ours = {"iss", "aud", "nonce", "iat", "exp", f"{LTI}deployment_id", f"{LTI}target_link_uri"}
    claims = recorded | {name: usual[name] for name in ours}
    answer = tab.answer(state=request["state"], id_token=tab.platform.sign(claims))
    assert answer.status_code == 303
    page = tab.client.get(answer.location, base_url=TOOL).text
    assert "Pass progress to the LMS as a grade" in page


# --- the answer -------------------------------------------------------------------------------------


def test_the_response_is_signed_for_the_lms_that_asked(tab: Tab, core: Core) -> None:
    at, page = choosing(tab)
    answer = press(tab, at, page, open="path")
    claims = sent(core, answer)
    assert claims["iss"] == "client-1"
    assert claims["aud"] == "https://lms.example.com"
    assert claims[f"{LTI}message_type"] == "LtiDeepLinkingResponse"
    assert claims[f"{LTI}version"] == "1.3.0"
    assert claims[f"{LTI}deployment_id"] == "1"
    assert claims["nonce"]


def test_the_response_names_its_key_in_the_header(tab: Tab, core: Core) -> None:
    at, page = choosing(tab)
    token = re.search(r'name="JWT" value="([^"]+)"', press(tab, at, page, open="path").text)
    assert token
    header = jwt.get_unverified_header(token[1])
    assert header["alg"] == "RS256"
    published = tab.client.get("/lti/jwks", base_url=TOOL).json
    assert header["kid"] in {key["kid"] for key in published["keys"]}


def test_the_response_is_issued_a_few_seconds_in_the_past_and_expires(tab: Tab, core: Core) -> None:
    at, page = choosing(tab)
    claims = sent(core, press(tab, at, page, open="path"))
    assert 1 <= NOW.timestamp() - claims["iat"] <= 30
    assert 60 <= claims["exp"] - NOW.timestamp() <= 600


def test_two_responses_have_two_nonces(tab: Tab, core: Core) -> None:
    nonces = set()
    for _ in range(2):
        at, page = choosing(tab)
        nonces.add(sent(core, press(tab, at, page, open="path"))["nonce"])
    assert len(nonces) == 2


def test_data_is_echoed(tab: Tab, core: Core) -> None:
    at, page = choosing(tab)
    assert sent(core, press(tab, at, page, open="path"))[f"{DL}data"] == "opaque & <signed>"


def test_without_data_none_is_sent(tab: Tab, core: Core) -> None:
    at, page = choosing(tab, data=None)
    assert f"{DL}data" not in sent(core, press(tab, at, page, open="path"))


def test_an_empty_selection_is_answered(tab: Tab, core: Core) -> None:
    at, page = choosing(tab)
    answer = press(tab, at, page)
    assert items(core, answer) == []
    assert "Nothing is added" in answer.text


def test_cancel_is_answered_whatever_is_ticked(tab: Tab, core: Core) -> None:
    at, page = choosing(tab)
    claims = sent(core, press(tab, at, page, "cancel", open=["path", "review"]))
    assert claims[f"{DL}content_items"] == []
    assert claims[f"{DL}data"] == "opaque & <signed>"


def test_several_items_go_at_once(tab: Tab, core: Core) -> None:
    skill = next(s.id for s in core.catalogue("t").skills.values() if s.title == "Contracts")
    at, page = choosing(tab)
    chosen = ["path", "review", "skill", "activity:activity-6", "activity:activity-2"]
    found = items(core, press(tab, at, page, open=chosen, skill=skill))
    assert [(item["type"], item["title"], item["custom"]["stifinder_open"]) for item in found] == [
        ("ltiResourceLink", "Adaptive path", "path"),
        ("ltiResourceLink", "Review of the day", "review"),
        ("ltiResourceLink", "Path to “Contracts”", f"skill:{skill}"),
        ("ltiResourceLink", "Activity 2", "activity:activity-2"),
        ("ltiResourceLink", "Activity 6", "activity:activity-6"),
    ]
    assert {item["url"] for item in found} == {f"{TOOL}/"}
    assert not any("lineItem" in item or "stifinder_grade" in item["custom"] for item in found)


def test_a_line_item_has_both_forms_of_the_maximum(tab: Tab, core: Core) -> None:
    at, page = choosing(tab)
    path, review = items(core, press(tab, at, page, open=["path", "review"], graded="yes"))
    assert path["lineItem"]["scoreMaximum"] == 100
    assert path["lineItem"]["scoreConstraints"] == {"normalMaximum": 100, "totalMaximum": 100}
    assert path["custom"]["stifinder_grade"] == "progress"
    assert "lineItem" not in review


def test_grades_are_off_unless_ticked(tab: Tab) -> None:
    _, page = choosing(tab)
    box = re.search(r"<input[^>]+name=\"graded\"[^>]*>", page)
    assert box
    assert "checked" not in box[0]


@pytest.mark.parametrize("changes", [{"grades": False}, {"accept_lineitem": False}])
def test_no_grade_is_offered_or_sent_where_the_lms_takes_none(
    tab: Tab, core: Core, changes: dict[str, Any]
) -> None:
    at, page = choosing(tab, **changes)
    assert 'name="graded"' not in page
    (item,) = items(core, press(tab, at, page, open="path", graded="yes"))
    assert "lineItem" not in item
    assert "stifinder_grade" not in item["custom"]


def test_an_lms_that_takes_no_links_is_sent_an_error_message(tab: Tab, core: Core) -> None:
    claims = sent(core, asked(tab, accept_types=["link", "file"]))
    assert claims[f"{DL}content_items"] == []
    assert "does not accept links" in claims[f"{DL}errormsg"]
    assert claims[f"{DL}errorlog"]
    assert claims[f"{DL}data"] == "opaque & <signed>"


# --- one at a time, and mistakes --------------------------------------------------------------------


def test_nothing_is_ticked_for_a_teacher_who_may_add_several(tab: Tab) -> None:
    _, page = choosing(tab)
    assert " checked" not in page


def test_where_one_is_taken_the_page_lets_choose_one(tab: Tab, core: Core) -> None:
    at, page = choosing(tab, accept_multiple=False)
    assert 'type="radio"' in page
    assert re.search(r'value="path"[^>]*checked', page)
    assert 'type="checkbox" name="open"' not in page
    refused = press(tab, at, page, open=["path", "review"])
    assert "Choose one." in refused.text
    assert "JWT" not in refused.text
    assert len(items(core, press(tab, at, page, open="review"))) == 1


def test_a_path_to_a_skill_needs_the_skill(tab: Tab) -> None:
    at, page = choosing(tab)
    answer = press(tab, at, page, open=["review", "skill"])
    assert "Choose the skill" in answer.text
    assert re.search(r'value="review"[^>]*checked', answer.text)


def test_an_activity_that_left_the_catalogue_is_said_and_nothing_is_sent(tab: Tab) -> None:
    at, page = choosing(tab)
    answer = press(tab, at, page, open=["activity:activity-0", "activity:gone"])
    assert "no longer in the catalogue" in answer.text
    assert "JWT" not in answer.text


def test_searching_keeps_what_is_ticked(tab: Tab) -> None:
    at, page = choosing(tab)
    answer = press(tab, at, page, "search", search="NEGOTIATING part 4", open=["activity:activity-7"])
    shown = re.findall(r'value="activity:(activity-\d)"', answer.text)
    assert shown == ["activity-7", "activity-4"]
    assert re.search(r'value="activity:activity-7"[^>]*checked', answer.text)


def test_enter_in_the_search_field_searches_and_sends_nothing(tab: Tab) -> None:
    _, page = choosing(tab)
    first = re.search(r'<button[^>]*value="(\w+)"', page[page.index("csrf_token") :])
    assert first
    assert first[1] == "search"


# --- safety -----------------------------------------------------------------------------------------


def test_the_return_address_is_escaped_and_the_policy_lets_this_one_origin_be_posted_to(
    tab: Tab, core: Core
) -> None:
    at, page = choosing(tab)
    answer = press(tab, at, page, open="path")
    action = re.search(r'<form method="post" action="([^"]+)"', answer.text)
    assert action
    assert action[1] != RETURN
    assert html.unescape(action[1]) == RETURN
    policy = answer.headers["Content-Security-Policy"]
    assert "form-action 'self' https://lms.example.com;" in policy
    assert "frame-ancestors https://lms.example.com" in policy
    assert "unsafe" not in policy
    elsewhere = tab.client.get("/", base_url=TOOL).headers["Content-Security-Policy"]
    assert "form-action 'self';" in elsewhere


def test_the_way_back_works_without_script(tab: Tab) -> None:
    at, page = choosing(tab)
    answer = press(tab, at, page, open="path").text
    form = answer[answer.index("<form") : answer.index("</form>")]
    assert "<button" in form
    assert "Continue" in form
    assert "<script>" not in answer


def test_the_page_needs_its_own_cookie(tab: Tab, tool_app: Flask) -> None:
    at, page = choosing(tab)
    stranger = tool_app.test_client()
    assert stranger.get(at, base_url=TOOL).status_code == 403
    assert stranger.post(at, data={"csrf_token": csrf(page), "act": "add"}, base_url=TOOL).status_code == 403


def test_the_cookie_goes_to_this_choice_only_and_holds_nobody(tab: Tab) -> None:
    answer = asked(tab)
    cookie = next(h for h in answer.headers.getlist("Set-Cookie") if h.startswith("sf-dl-"))
    attributes = {part.strip() for part in cookie.split(";")}
    path = urlsplit(answer.location).path.rstrip("/")
    assert attributes >= {f"Path={path}", "Secure", "HttpOnly", "SameSite=None", "Partitioned"}
    from stifinder.lti_tool.lti import deep_linking_visit

    with tab.app.test_request_context(headers={"Cookie": cookie.split(";")[0]}):
        kept = deep_linking_visit.load(path.rpartition("/")[2])
    assert "subject-1" not in repr(kept)
    assert "learner-1@" not in repr(kept)


def test_a_form_without_the_pages_token_adds_nothing(tab: Tab) -> None:
    at, _ = choosing(tab)
    answer = tab.client.post(at, data={"act": "add", "open": "path"}, base_url=TOOL)
    assert answer.status_code == 403
    assert "JWT" not in answer.text


def test_an_answered_request_cannot_be_answered_again(tab: Tab, core: Core) -> None:
    at, page = choosing(tab)
    press(tab, at, page, open="path")
    assert press(tab, at, page, open="path").status_code == 403


def test_more_data_than_a_cookie_holds_is_refused_with_a_page(tab: Tab) -> None:
    import secrets

    answer = asked(tab, data=secrets.token_hex(5000))
    assert answer.status_code == 401
    assert "deep-linking-too-large" in answer.text


# --- launches from such links -----------------------------------------------------------------------


def opened(tab: Tab, item: dict[str, Any]) -> tuple[str, str]:
    """Where a learner's launch of a link leads: the path below the visit, and the page."""
    answer = tab.launch(
        custom=item["custom"],
        resource_link={"id": fresh("link")},
        context={"id": "offers", "title": "Writing offers"},
        launch_presentation={"locale": "en"},
    )
    assert answer.status_code == 303, answer.text
    page = tab.client.get(answer.location, base_url=TOOL, follow_redirects=True)
    assert page.status_code == 200, page.text
    return urlsplit(answer.location).path.split("/", 3)[3], page.text


def test_a_launch_of_each_link_opens_that_thing(tab: Tab, core: Core) -> None:
    skill = next(s.id for s in core.catalogue("t").skills.values() if s.title == "Contracts")
    at, page = choosing(tab)
    chosen = ["path", "review", "skill", "activity:activity-3"]
    path, review, to_skill, activity = items(core, press(tab, at, page, open=chosen, skill=skill))
    where, page = opened(tab, path)
    assert where == ""
    assert "Your path through “Writing offers”" in page
    assert opened(tab, review)[0] == "review"
    where, page = opened(tab, to_skill)
    assert where == ""
    assert "Your path to “Contracts”" in page
    assert "Activity 6" in page
    assert "Activity 0" not in page
    where, page = opened(tab, activity)
    assert where == "activity"
    assert "<h1>Activity 3</h1>" in page
    assert 'href="https://lms.example.org/activities/3" target="_top"' in page


def test_a_link_to_an_activity_that_is_gone_opens_the_learners_page(tab: Tab) -> None:
    _, page = opened(tab, {"custom": {"stifinder_open": "activity:gone"}})
    assert "Your path through “Writing offers”" in page


def test_the_page_speaks_the_teachers_language(tab: Tab) -> None:
    request = tab.log_in()
    claims = tab.platform.claims(
        request["nonce"],
        {
            "message_type": "LtiDeepLinkingRequest",
            "resource_link": None,
            "roles": [MEMBERSHIP + "Instructor"],
            "launch_presentation": {"locale": "da"},
        },
    ) | {f"{DL}deep_linking_settings": settings()}
    answer = tab.answer(state=request["state"], id_token=tab.platform.sign(claims))
    assert '<html lang="da">' in tab.client.get(answer.location, base_url=TOOL).text


def test_a_graded_link_of_a_learner_who_agreed_has_its_column_noted(tab: Tab, core: Core) -> None:
    at, page = choosing(tab)
    (item,) = items(core, press(tab, at, page, open="path", graded="yes"))
    subject = fresh("subject")
    column = "https://lms.example.com/lineitems/2/lineitem?type_id=1"

    def launched(**changes: Any) -> TestResponse:
        request = tab.log_in()
        payload = tab.platform.claims(
            request["nonce"],
            {"sub": subject, "custom": item["custom"], "context": {"id": "offers"}, **changes},
        )
        payload[AGS] = {"scope": [SCORE], "lineitem": column}
        return tab.answer(state=request["state"], id_token=tab.platform.sign(payload))

    first = launched()
    visit = tab.visit(first)
    assert visit.launch.line_item == column
    learner = core.agree(visit.launch, {(Purpose.SUGGESTIONS, Source.STATEMENTS)})
    second = launched(launch_presentation={"locale": "en"})
    (link,) = core.held("t", learner)["grade_links"]
    assert (link["line_item"], link["opens"]) == (column, "path")
    page = tab.client.get(second.location, base_url=TOOL).text
    assert "passed to the LMS as a grade" in page


def test_agreeing_on_the_page_has_the_link_graded_at_once(tab: Tab, core: Core) -> None:
    subject = fresh("subject")
    request = tab.log_in()
    payload = tab.platform.claims(
        request["nonce"],
        {"sub": subject, "custom": {"stifinder_grade": "progress"}, "context": {"id": "offers"}},
    )
    payload[AGS] = {"scope": [SCORE], "lineitem": "https://lms.example.com/lineitems/3"}
    answer = tab.answer(state=request["state"], id_token=tab.platform.sign(payload))
    at = urlsplit(answer.location).path
    consent = tab.client.get(f"{at}consent", base_url=TOOL).text
    form = {"csrf_token": csrf(consent), "grant": "suggestions:statements"}
    assert tab.client.post(f"{at}consent", data=form, base_url=TOOL).status_code == 303
    learner = tab.visit(answer).learner_id
    assert [link["opens"] for link in core.held("t", learner)["grade_links"]] == ["path"]


def test_a_link_whose_platform_lets_no_scores_in_is_not_graded(tab: Tab) -> None:
    request = tab.log_in()
    payload = tab.platform.claims(request["nonce"], {"custom": {"stifinder_grade": "progress"}})
    payload[AGS] = {"scope": [], "lineitem": "https://lms.example.com/lineitems/3"}
    answer = tab.answer(state=request["state"], id_token=tab.platform.sign(payload))
    assert tab.visit(answer).launch.line_item == ""


def test_a_teachers_launch_says_where_the_members_are_told(tab: Tab, core: Core) -> None:
    request = tab.log_in()
    course = fresh("course")
    payload = tab.platform.claims(
        request["nonce"], {"roles": [MEMBERSHIP + "Instructor"], "context": {"id": course}}
    )
    payload["https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"] = {
        "context_memberships_url": f"https://lms.example.com/{course}/memberships",
        "service_versions": ["1.0", "2.0"],
    }
    assert tab.answer(state=request["state"], id_token=tab.platform.sign(payload)).status_code == 303
    assert f"https://lms.example.com/{course}/memberships" in {r.address for r in core.due_rosters()}
