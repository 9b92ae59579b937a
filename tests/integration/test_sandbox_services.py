"""The sandbox's LTI services, called by a tool made by hand."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from hand_made_tool import LMS, LTI, HandMadeTool
from lti_platform import KeyServer, rsa_key
from stifinder.adapters.sandbox import access_tokens
from stifinder.adapters.sandbox.scores import SCORE_TYPE
from stifinder.adapters.sandbox.tools import GROUPS, LINE_ITEM, LINE_ITEM_READ, MEMBERS, RESULT, SCORE
from werkzeug.test import TestResponse

AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
GROUPS_CLAIM = "https://purl.imsglobal.org/spec/lti-gs/claim/groupsservice"
ITEM_TYPE = "application/vnd.ims.lis.v2.lineitem+json"
NOON = "2026-03-02T12:00:00.000Z"


@pytest.fixture(scope="module")
def keys() -> Iterator[KeyServer]:
    server = KeyServer()
    yield server
    server.close()


@pytest.fixture
def tool(tmp_path: Path, keys: KeyServer) -> HandMadeTool:
    made = HandMadeTool(tmp_path, keys)
    made.log_in("teacher-01")
    return made


def links_of(answer: TestResponse) -> dict[str, str]:
    """Relation to address, from the ``Link`` header."""
    return {
        link["rel"]: link["url"] for link in requests.utils.parse_header_links(answer.headers.get("Link", ""))
    }


# --- tokens ---------------------------------------------------------------------------------------------


def test_a_token_is_good_for_what_was_asked_and_for_an_hour(
    tool: HandMadeTool, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = tool.ask_token(MEMBERS)
    assert answer.json is not None
    assert {k: answer.json[k] for k in ("token_type", "expires_in", "scope")} == {
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": MEMBERS,
    }
    token, address = answer.json["access_token"], tool.services[NRPS]["context_memberships_url"]
    assert tool.call("GET", address, MEMBERS, token=token).status_code == 200
    assert tool.call("GET", tool.services[AGS]["lineitems"], MEMBERS, token=token).status_code == 403
    assert tool.call("GET", address, MEMBERS, token="guessed").status_code == 401

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(UTC) + timedelta(hours=1, seconds=1)

    monkeypatch.setattr(access_tokens, "datetime", Later)
    assert tool.call("GET", address, MEMBERS, token=token).status_code == 401


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "nobody"},
        {"sub": "another"},
        {"aud": LMS},
        {"exp": time.time() - 1},
        {"iat": time.time() + 86400, "exp": time.time() + 86460},
        {"jti": None},
    ],
)
def test_an_assertion_that_is_not_good_gets_no_token(tool: HandMadeTool, changed: dict[str, Any]) -> None:
    answer = tool.ask_token(MEMBERS, tool.sign(tool.assertion(**changed)))
    assert answer.status_code == 401
    assert answer.json is not None
    assert answer.json["error"] == "invalid_client"
    assert "access_token" not in answer.json


def test_an_assertion_counts_once_and_only_with_the_tools_own_key(tool: HandMadeTool) -> None:
    assertion = tool.sign(tool.assertion())
    assert tool.ask_token(MEMBERS, assertion).status_code == 200
    assert tool.ask_token(MEMBERS, assertion).status_code == 401
    forged = tool.sign(tool.assertion(), key=rsa_key("another"))
    assert tool.ask_token(MEMBERS, forged).status_code == 401
    assert tool.ask_token(MEMBERS, "no.jwt.atall").status_code == 401


def test_a_scope_that_was_not_registered_is_refused(tmp_path: Path, keys: KeyServer) -> None:
    tool = HandMadeTool(tmp_path, keys, (SCORE,))
    for scope in (MEMBERS, f"{SCORE} {MEMBERS}", ""):
        answer = tool.ask_token(scope)
        assert (answer.status_code, answer.json and answer.json["error"]) == (400, "invalid_scope")
    assert tool.ask_token(SCORE, grant_type="password").json == {
        "error": "unsupported_grant_type",
        "error_description": "The grant type must be client_credentials.",
    }


def test_a_removed_tools_token_ends(tool: HandMadeTool) -> None:
    address, token = tool.services[NRPS]["context_memberships_url"], tool.token(MEMBERS)
    tool.sandbox.tools.remove(tool.client_id)
    assert tool.call("GET", address, MEMBERS, token=token).status_code == 401


# --- columns --------------------------------------------------------------------------------------------


def make(tool: HandMadeTool, **item: Any) -> dict[str, Any]:
    """Make a column; returns it as the service describes it."""
    described = {"label": "A column", "scoreMaximum": 10} | item
    answer = tool.call(
        "POST", tool.services[AGS]["lineitems"], LINE_ITEM, media_type=ITEM_TYPE, json=described
    )
    assert answer.status_code == 201, answer.text
    assert answer.json is not None
    return dict(answer.json)


def test_a_column_is_made_shown_changed_and_removed(tool: HandMadeTool) -> None:
    made = make(tool, tag="t", resourceId="r", resourceLinkId="adaptive-offers")
    assert "?type_id=" in made["id"]
    assert tool.call("GET", made["id"], LINE_ITEM_READ).json == made
    assert tool.launch()[AGS]["lineitem"] == made["id"]
    changed = {"label": "Another", "scoreMaximum": 20, "resourceLinkId": "somewhere-else"}
    put = tool.call("PUT", made["id"], LINE_ITEM, media_type=ITEM_TYPE, json=changed)
    assert put.json == {
        "id": made["id"],
        "label": "Another",
        "scoreMaximum": 20,
        "resourceLinkId": "adaptive-offers",
    }
    assert tool.call("PUT", made["id"], LINE_ITEM_READ, media_type=ITEM_TYPE, json=changed).status_code == 403
    assert tool.call("DELETE", made["id"], LINE_ITEM).status_code == 204
    assert tool.call("GET", made["id"], LINE_ITEM).status_code == 404


@pytest.mark.parametrize(
    "item",
    [{"label": ""}, {"scoreMaximum": 0}, {"scoreMaximum": "10"}, {"resourceLinkId": "link-9"}, {"tag": 1}],
)
def test_a_column_that_is_not_good_is_refused(tool: HandMadeTool, item: dict[str, Any]) -> None:
    described = {"label": "A column", "scoreMaximum": 10} | item
    address = tool.services[AGS]["lineitems"]
    assert tool.call("POST", address, LINE_ITEM, media_type=ITEM_TYPE, json=described).status_code == 400
    plain = tool.call("POST", address, LINE_ITEM, media_type="application/json", json=described)
    assert plain.status_code == 415


def test_columns_are_listed_by_pages_and_filters(tool: HandMadeTool) -> None:
    for number in range(5):
        make(
            tool, label=f"Column {number}", tag="even" if number % 2 == 0 else "odd", resourceId=f"r{number}"
        )
    address: str | None = tool.services[AGS]["lineitems"] + "&limit=2"
    labels, sizes = [], []
    while address:
        answer = tool.call("GET", address, LINE_ITEM_READ)
        assert answer.mimetype == "application/vnd.ims.lis.v2.lineitemcontainer+json"
        page: list[dict[str, Any]] = answer.json or []
        labels += [item["label"] for item in page]
        sizes.append(len(page))
        address = links_of(answer).get("next")
    assert labels == [f"Column {number}" for number in range(5)]
    assert sizes == [2, 2, 1]
    address = tool.services[AGS]["lineitems"]
    found = {
        query: len(tool.call("GET", f"{address}&{query}", LINE_ITEM).json or [])
        for query in ("tag=odd", "resource_id=r3", "resource_link_id=link-1")
    }
    assert found == {"tag=odd": 2, "resource_id=r3": 1, "resource_link_id=link-1": 0}


def test_an_address_that_lost_its_query_is_refused(tool: HandMadeTool) -> None:
    made = make(tool)
    assert tool.call("GET", made["id"].partition("?")[0], LINE_ITEM).status_code == 400


# --- scores ---------------------------------------------------------------------------------------------


def score(tool: HandMadeTool, item: dict[str, Any], **changed: Any) -> int:
    """Send a score; returns the status of the answer."""
    sent = {
        "userId": "learner-01",
        "scoreGiven": 5,
        "scoreMaximum": 10,
        "timestamp": NOON,
        "activityProgress": "Completed",
        "gradingProgress": "FullyGraded",
    } | changed
    address = item["id"].replace("/lineitem?", "/lineitem/scores?")
    body = {name: value for name, value in sent.items() if value is not None}
    return tool.call("POST", address, SCORE, media_type=SCORE_TYPE, json=body).status_code


def results(tool: HandMadeTool, item: dict[str, Any], query: str = "") -> dict[str, float]:
    answer = tool.call("GET", item["id"].replace("/lineitem?", "/lineitem/results?") + query, RESULT)
    assert answer.mimetype == "application/vnd.ims.lis.v2.resultcontainer+json"
    found: list[dict[str, Any]] = answer.json or []
    assert all(one["scoreOf"] == item["id"] for one in found)
    return {one["userId"]: one["resultScore"] for one in found}


def test_scores_stand_in_the_gradebook_in_the_columns_measure(tool: HandMadeTool) -> None:
    item = make(tool, scoreMaximum=100)
    assert score(tool, item) == 200
    assert score(tool, item, userId="learner-02", scoreGiven=12) == 200  # above the maximum: capped
    assert results(tool, item) == {"learner-01": 50, "learner-02": 100}
    assert results(tool, item, "&user_id=learner-02") == {"learner-02": 100}
    page = tool.get("/courses/offers/gradebook").text
    assert ">50<" in page
    assert ">100<" in page


def test_a_score_that_is_not_later_is_a_conflict(tool: HandMadeTool) -> None:
    item = make(tool)
    assert score(tool, item) == 200
    assert score(tool, item, scoreGiven=6) == 409
    assert score(tool, item, scoreGiven=6, timestamp="2026-03-02T13:59:59+02:00") == 409
    assert results(tool, item) == {"learner-01": 5}
    assert score(tool, item, scoreGiven=6, timestamp="2026-03-02T12:00:00.001Z") == 200
    assert results(tool, item) == {"learner-01": 6}


def test_a_score_without_a_value_erases_the_grade(tool: HandMadeTool) -> None:
    item = make(tool)
    score(tool, item)
    later = "2026-03-02T12:00:01Z"
    assert score(tool, item, scoreGiven=None, gradingProgress="Pending", timestamp=later) == 200
    assert results(tool, item) == {}


@pytest.mark.parametrize(
    "changed",
    [
        {"userId": "teacher-01"},
        {"userId": "nobody"},
        {"userId": None},
        {"scoreMaximum": None},
        {"scoreGiven": -1},
        {"timestamp": "yesterday"},
        {"timestamp": "2026-03-02T12:00:00"},
        {"activityProgress": "Whatever"},
        {"gradingProgress": None},
    ],
)
def test_a_score_that_is_not_good_is_refused(tool: HandMadeTool, changed: dict[str, Any]) -> None:
    item = make(tool)
    assert score(tool, item, **changed) == 400
    assert results(tool, item) == {}


def test_a_score_needs_its_own_media_type_and_scope(tool: HandMadeTool) -> None:
    item = make(tool)
    address = item["id"].replace("/lineitem?", "/lineitem/scores?")
    assert tool.call("POST", address, SCORE, media_type="application/json", json={}).status_code == 415
    assert tool.call("POST", address, LINE_ITEM, media_type=SCORE_TYPE, json={}).status_code == 403


def test_somebody_who_was_unenrolled_gets_no_grade(tool: HandMadeTool) -> None:
    item = make(tool)
    tool.log_in("admin")
    tool.post("/courses/offers/people/learner-01", act="unenrol")
    assert score(tool, item) == 400


# --- people ---------------------------------------------------------------------------------------------


def members(tool: HandMadeTool, address: str) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Members by id, and the links to other pages."""
    answer = tool.call("GET", address, MEMBERS)
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    assert answer.json["context"]["id"] == "offers"
    return {one["user_id"]: one for one in answer.json["members"]}, links_of(answer)


def test_members_come_by_pages_with_short_roles_and_without_names(tool: HandMadeTool) -> None:
    address: str | None = tool.services[NRPS]["context_memberships_url"] + "?limit=5"
    found: dict[str, dict[str, Any]] = {}
    sizes = []
    while address:
        page, links = members(tool, address)
        found |= page
        sizes.append(len(page))
        address = links.get("next")
    assert sizes == [5, 5, 4]
    assert found["learner-01"] == {"status": "Active", "user_id": "learner-01", "roles": ["Learner"]}
    assert found["teacher-01"]["roles"] == ["Instructor"]
    address = tool.services[NRPS]["context_memberships_url"]
    full = "http%3A%2F%2Fpurl.imsglobal.org%2Fvocab%2Flis%2Fv2%2Fmembership%23Instructor"
    for role in ("Instructor", full):
        assert members(tool, f"{address}?role={role}")[0].keys() == {"teacher-01", "teacher-02"}


def test_names_go_only_to_a_tool_that_asked_for_them(tmp_path: Path, keys: KeyServer) -> None:
    tool = HandMadeTool(tmp_path, keys, claims=("iss", "sub", "name"))
    tool.log_in("teacher-01")
    claims = tool.launch()
    assert claims["name"] == "Teacher 1"
    found, _ = members(tool, claims[NRPS]["context_memberships_url"])
    assert found["learner-01"]["name"] == "Learner 1"


def test_differences_tell_only_what_changed_since(tool: HandMadeTool) -> None:
    address = tool.services[NRPS]["context_memberships_url"]
    _, links = members(tool, f"{address}?limit=5")
    tool.log_in("admin")
    tool.post("/courses/offers/people/learner-01", act="unenrol")
    tool.post("/courses/offers/people/learner-02", act="suspend")
    tool.post("/courses/offers/people/learner-03", act="enrol")  # takes part already
    # Asked for at the end of the list: what changed while it was read is not lost.
    while "next" in links:
        _, links = members(tool, links["next"])
    changed, links = members(tool, links["differences"])
    assert {one: entry["status"] for one, entry in changed.items()} == {
        "learner-01": "Deleted",
        "learner-02": "Inactive",
    }
    assert members(tool, links["differences"])[0] == {}
    now, _ = members(tool, address)
    assert "learner-01" not in now
    assert now["learner-02"]["status"] == "Inactive"
    tool.post("/courses/offers/people/learner-01", act="enrol")
    changed, _ = members(tool, links["differences"])
    assert changed["learner-01"]["status"] == "Active"


def test_members_of_a_link_come_with_its_parameters(tool: HandMadeTool) -> None:
    link = tool.sandbox.links.add(
        "offers", tool.client_id, "A link", "", "https://tool.example.com/", {"p": "1"}
    )
    address = tool.services[NRPS]["context_memberships_url"]
    found, _ = members(tool, f"{address}?rlid={link.id}")
    (message,) = found["learner-01"]["message"]
    assert message[f"{LTI}custom"] == {"p": "1"}
    assert tool.call("GET", f"{address}?rlid=link-9", MEMBERS).status_code == 404


@pytest.mark.parametrize("query", ["limit=x", "since=-1", "from=1e3"])
def test_numbers_that_are_none_are_refused(tool: HandMadeTool, query: str) -> None:
    address = tool.services[NRPS]["context_memberships_url"]
    assert tool.call("GET", f"{address}?{query}", MEMBERS).status_code == 400


# --- groups ---------------------------------------------------------------------------------------------


def test_each_course_has_two_groups_of_one_set(tool: HandMadeTool) -> None:
    service = tool.services[GROUPS_CLAIM]
    assert service["scope"] == [GROUPS]
    first = tool.call("GET", f"{service['context_groups_url']}?limit=1", GROUPS)
    second = tool.call("GET", links_of(first)["next"], GROUPS)
    assert "next" not in links_of(second)
    assert first.json is not None
    assert second.json is not None
    groups = first.json["groups"] + second.json["groups"]
    assert [group["name"] for group in groups] == ["Team A", "Team B"]
    sets = tool.call("GET", service["context_group_sets_url"], GROUPS).json
    assert sets is not None
    assert {group["set_id"] for group in groups} == {one["id"] for one in sets["sets"]}


def test_groups_are_told_by_person_and_with_the_members(tool: HandMadeTool) -> None:
    claims = tool.services
    address = claims[GROUPS_CLAIM]["context_groups_url"]
    told = {}
    for user in ("learner-01", "learner-02", "teacher-01", "nobody"):
        answer = tool.call("GET", f"{address}?user_id={user}", GROUPS).json
        assert answer is not None
        told[user] = [group["id"] for group in answer["groups"]]
    assert told == {"learner-01": ["offers-a"], "learner-02": ["offers-b"], "teacher-01": [], "nobody": []}
    found, _ = members(tool, claims[NRPS]["context_memberships_url"] + "?groups=true")
    assert found["learner-01"]["group_enrollments"] == [{"group_id": "offers-a"}]
    assert tool.call("GET", address, MEMBERS).status_code == 403


# --- reviews --------------------------------------------------------------------------------------------


def test_a_teacher_opens_a_cell_of_the_gradebook_at_the_tool(tool: HandMadeTool) -> None:
    item = make(tool, resourceLinkId="adaptive-offers")
    page = tool.get("/courses/offers/gradebook").text
    assert "/courses/offers/gradebook/1/learner-05" in page
    frame = tool.get("/courses/offers/gradebook/1/learner-05").text
    assert "errand=review:1:learner-05" in frame.replace("%3A", ":")
    claims = tool.launch("review:1:learner-05")
    assert claims[f"{LTI}message_type"] == "LtiSubmissionReviewRequest"
    assert claims[f"{LTI}for_user"] == {"user_id": "learner-05"}
    assert claims[f"{LTI}resource_link"]["id"] == "adaptive-offers"
    assert claims[AGS]["lineitem"] == item["id"]
    assert claims["sub"] == "teacher-01"


def test_what_the_sandbox_says_about_itself_is_what_it_does(tool: HandMadeTool) -> None:
    said = tool.wire.get("/.well-known/openid-configuration", base_url=LMS).json
    assert said is not None
    assert {GROUPS, LINE_ITEM_READ, SCORE, MEMBERS} <= set(said["scopes_supported"])
    platform = said["https://purl.imsglobal.org/spec/lti-platform-configuration"]
    kinds = {entry["type"] for entry in platform["messages_supported"]}
    assert kinds == {"LtiResourceLinkRequest", "LtiDeepLinkingRequest", "LtiSubmissionReviewRequest"}
    assert tool.wire.post(said["token_endpoint"].removeprefix(LMS), base_url=LMS).status_code == 400
