"""The sandbox's side of deep linking: what it asks, which answers it takes, what a link brings along."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hand_made_tool import DL, LMS, LTI, TOOL, HandMadeTool
from lti_platform import KeyServer, rsa_key

AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
GROUPS = "https://purl.imsglobal.org/spec/lti-gs/claim/groupsservice"
DAY = 24 * 3600
LINK = {"type": "ltiResourceLink", "title": "A link", "url": f"{TOOL}/part?one=1", "custom": {"part": "one"}}


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


def asked(tool: HandMadeTool) -> dict[str, Any]:
    """The settings of a fresh request for links."""
    settings: dict[str, Any] = tool.launch("choose")[f"{DL}deep_linking_settings"]
    return settings


def test_the_request_for_links_is_as_moodle_makes_it(tool: HandMadeTool) -> None:
    claims = tool.launch("choose")
    assert claims[f"{LTI}message_type"] == "LtiDeepLinkingRequest"
    assert f"{LTI}resource_link" not in claims
    assert NRPS not in claims
    assert "lineitems" in claims[AGS]
    assert "lineitem" not in claims[AGS]
    settings = claims[f"{DL}deep_linking_settings"]
    assert settings["accept_types"] == ["ltiResourceLink"]
    assert settings["accept_multiple"] is True
    assert settings["data"]
    query = urlsplit(settings["deep_link_return_url"]).query
    assert query.count("&") == 2
    assert "sesskey=" in query


def test_a_link_brings_its_parameters_and_services_along(tool: HandMadeTool) -> None:
    column = {"label": "Points", "scoreConstraints": {"normalMaximum": 8, "totalMaximum": 10}, "tag": "t"}
    plain = {"type": "ltiResourceLink", "lineItem": {"scoreMaximum": 5}}
    settings = asked(tool)
    answer = tool.send_chosen(settings, tool.sign(tool.chosen(settings, LINK | {"lineItem": column}, plain)))
    assert answer.status_code == 200, answer.text
    assert "Set-Cookie" not in answer.headers  # it came without the teacher's; a new one would log them out
    one, two = tool.sandbox.links.of_course("offers")
    assert [(c.label, c.maximum, c.link_id) for c in tool.sandbox.gradebook.of_course("offers")] == [
        ("Points", 10, one.id),
        ("A hand-made tool", 5, two.id),
    ]

    tool.log_in("learner-01")
    claims = tool.launch(one.id)
    assert claims[f"{LTI}message_type"] == "LtiResourceLinkRequest"
    assert claims[f"{LTI}resource_link"] == {"id": one.id, "title": "A link"}
    assert claims[f"{LTI}target_link_uri"] == f"{TOOL}/part?one=1"
    assert claims[f"{LTI}custom"] == {"of": "tool", "colour": "red", "part": "one"}
    assert claims[AGS]["lineitem"].startswith(f"{LMS}/lti/courses/offers/lineitems/1/lineitem?type_id=")
    assert claims[NRPS]["context_memberships_url"].startswith(LMS)
    assert claims[GROUPS]["service_versions"] == ["1.0"]
    assert claims[GROUPS]["context_groups_url"].startswith(LMS)
    assert "name" not in claims
    assert tool.launch(two.id)[f"{LTI}target_link_uri"] == f"{TOOL}/"


def test_a_tool_is_offered_only_the_services_that_it_registered_for(tmp_path: Path, keys: KeyServer) -> None:
    score = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
    tool = HandMadeTool(tmp_path, keys, (score,))
    tool.log_in("teacher-01")
    claims = tool.launch()
    assert claims[AGS]["scope"] == [score]
    assert not {NRPS, GROUPS} & claims.keys()


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"iss": "somebody-else"}, "issuer"),
        ({"aud": "https://elsewhere.example.com"}, "udience"),
        ({"iat": time.time() + DAY, "exp": time.time() + DAY + 60}, "iat"),
        ({"exp": time.time() - 1}, "expired"),
        ({"exp": time.time() + 10 * DAY}, "a day at most"),
        ({"exp": "9999999999"}, "a day at most"),
        ({"nonce": None}, "nonce"),
        ({f"{DL}data": "other"}, "data"),
        ({f"{LTI}deployment_id": "2"}, "deployment_id"),
        ({f"{LTI}message_type": "LtiResourceLinkRequest"}, "message_type"),
        ({f"{DL}content_items": [{"type": "html", "html": "x"}]}, "ltiResourceLink"),
        ({f"{DL}content_items": [LINK | {"url": "https://elsewhere.example.com/"}]}, "out of the tool"),
        ({f"{DL}content_items": [LINK | {"url": "https://["}]}, "out of the tool"),
        ({f"{DL}content_items": [LINK | {"custom": {"n": 1}}]}, "no texts"),
        ({f"{DL}content_items": [LINK, LINK | {"lineItem": {"scoreMaximum": 0}}]}, "scoreMaximum"),
    ],
)
def test_an_answer_that_is_not_good_adds_nothing_and_says_why(
    tool: HandMadeTool, changed: dict[str, Any], named: str
) -> None:
    settings = asked(tool)
    answer = tool.send_chosen(settings, tool.sign(tool.chosen(settings, LINK, **changed)))
    assert answer.status_code == 400
    assert named in answer.text
    assert "Nothing was added." in answer.text
    assert tool.sandbox.links.of_course("offers") == []


@pytest.mark.parametrize("how", [{"kid": "unknown"}, {"key": rsa_key("another")}])
def test_an_answer_signed_by_another_key_adds_nothing(tool: HandMadeTool, how: dict[str, Any]) -> None:
    settings = asked(tool)
    answer = tool.send_chosen(settings, tool.sign(tool.chosen(settings, LINK), **how))
    assert answer.status_code == 400
    assert tool.sandbox.links.of_course("offers") == []


def test_an_answer_to_another_choice_adds_nothing(tool: HandMadeTool) -> None:
    one, two = asked(tool), asked(tool)
    assert tool.send_chosen(two, tool.sign(tool.chosen(one, LINK))).status_code == 400
    foreign = {"deep_link_return_url": one["deep_link_return_url"].rpartition("=")[0] + "=guessed"}
    assert tool.send_chosen(foreign, tool.sign(tool.chosen(one, LINK))).status_code == 400
    assert tool.sandbox.links.of_course("offers") == []


def test_the_tools_own_words_are_shown(tool: HandMadeTool) -> None:
    settings = asked(tool)
    words = {f"{DL}errormsg": "The shelf <is> empty."}
    page = tool.send_chosen(settings, tool.sign(tool.chosen(settings, **words))).text
    assert "The shelf &lt;is&gt; empty." in page
    settings = asked(tool)
    page = tool.send_chosen(
        settings, tool.sign(tool.chosen(settings, LINK, **{f"{DL}msg": "Well chosen."}))
    ).text
    assert "Well chosen." in page


@pytest.mark.parametrize("errand", ["choose", "review:1:learner-01", "link-9", "nonsense"])
def test_a_learner_cannot_change_the_hint_into_another_errand(tool: HandMadeTool, errand: str) -> None:
    tool.log_in("learner-01")
    begun = {
        "client_id": tool.client_id,
        "login_hint": "learner-01",
        "lti_message_hint": f"offers:iframe:{errand}",
    }
    assert tool.ask(begun)["error"] == "invalid_request"
