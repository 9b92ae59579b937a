"""Deep linking: the signed answer, judged by each platform with its own check."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
from flask import Flask
from lti_browser import Browser
from lti_clauses import EVERY, HAND, LIBRARY, MOODLE, clause
from lti_platform import LTI, TOOL, KeyServer
from lti_senders import DL, HandMade
from test_deep_linking import press
from werkzeug.test import TestResponse

CHAPTER = "Deep linking"


def asks(browser: Browser, **settings: Any) -> TestResponse:
    """A teacher adds a link; gives the tool's answer to the message."""
    browser.platform.message_type = "LtiDeepLinkingRequest"
    return browser.answer(**browser.platform.asks_for_links(browser.log_in(), **settings))


def chooses(
    browser: Browser, act: str = "add", asked: TestResponse | None = None, **form: Any
) -> TestResponse:
    """A teacher adds a link, and presses a button of the page; gives the page that answers the LMS."""
    asked = asked or asks(browser)
    assert asked.status_code == 303, asked.text
    page = browser.client.get(asked.location, base_url=TOOL)
    assert page.status_code == 200, page.text
    answer = press(browser, urlsplit(asked.location).path, page.text, act, **form)
    assert answer.status_code == 200, answer.text
    return answer


def token(answer: TestResponse) -> str:
    found = re.search(r'name="JWT" value="([^"]+)"', answer.text)
    assert found, answer.text
    return found[1]


def claims(answer: TestResponse) -> dict[str, Any]:
    """What the answer says; whether it is signed is for ``takes``."""
    found: dict[str, Any] = jwt.decode(token(answer), options={"verify_signature": False})
    return found


@clause("the response JWT has iss = client id, and the platform as audience", *EVERY)
def test_the_response_comes_from_the_client(browser: Browser, tool_keys: str) -> None:
    answer = chooses(browser, open="path")
    (link,) = browser.platform.takes(token(answer), tool_keys)
    assert link["type"] == "ltiResourceLink"
    said = claims(answer)
    assert said["iss"] == browser.platform.client_id
    assert said["aud"] == browser.platform.issuer
    assert said[f"{LTI}deployment_id"] == "1"
    assert said["nonce"]


@clause("kid in the header, of a published key", *EVERY)
def test_the_response_names_its_key_in_the_header(browser: Browser, tool_keys: str) -> None:
    answer = chooses(browser, open="path")
    browser.platform.takes(token(answer), tool_keys)
    header = jwt.get_unverified_header(token(answer))
    published = browser.client.get("/lti/jwks", base_url=TOOL).get_json()["keys"]
    assert header["kid"] in {key["kid"] for key in published}
    assert header["alg"] == "RS256"


@clause("iat a few seconds in the past", *EVERY)
def test_the_response_is_issued_a_few_seconds_in_the_past(browser: Browser, tool_keys: str) -> None:
    answer = chooses(browser, open="path")
    browser.platform.takes(token(answer), tool_keys)  # a platform without leeway takes it
    said = claims(answer)
    assert 1 <= browser.platform.now - said["iat"] <= 60
    assert said["exp"] > browser.platform.now


@clause("data echoed", HAND, LIBRARY)
def test_data_is_echoed(browser: Browser, tool_keys: str) -> None:
    answer = chooses(browser, asked=asks(browser, data="opaque & <signed>"), open="path")
    browser.platform.takes(token(answer), tool_keys)
    assert claims(answer)[f"{DL}data"] == "opaque & <signed>"


@clause("no data sent, none echoed", *EVERY)
def test_without_data_none_is_echoed(browser: Browser) -> None:
    assert f"{DL}data" not in claims(chooses(browser, open="path"))


@clause("empty selection", *EVERY)
def test_an_empty_selection_is_answered(browser: Browser, tool_keys: str) -> None:
    answer = chooses(browser)
    assert browser.platform.takes(token(answer), tool_keys) == []
    assert claims(answer)[f"{DL}content_items"] == []


@clause("cancel", *EVERY)
def test_cancel_is_answered_with_nothing_whatever_is_ticked(browser: Browser, tool_keys: str) -> None:
    answer = chooses(browser, "cancel", open=["path", "review"])
    assert browser.platform.takes(token(answer), tool_keys) == []


@clause("several items", *EVERY)
def test_several_items_go_at_once(browser: Browser, tool_keys: str) -> None:
    answer = chooses(browser, open=["path", "review", "activity:activity-2"])
    links = browser.platform.takes(token(answer), tool_keys)
    assert [link["custom"]["stifinder_open"] for link in links] == ["path", "review", "activity:activity-2"]
    assert all(link["title"] and link["url"] == f"{TOOL}/" for link in links)


@clause("a launch from a link opens that thing", *EVERY)
def test_a_launch_from_a_link_opens_that_thing(browser: Browser, tool_keys: str) -> None:
    answer = chooses(browser, open="activity:activity-3")
    (link,) = browser.platform.takes(token(answer), tool_keys)
    browser.platform.message_type = "LtiResourceLinkRequest"
    opened = browser.opens(custom=link["custom"], target_link_uri=link["url"])
    browser.sees_a_page(opened)
    page = browser.client.get(opened.location, base_url=TOOL, follow_redirects=True)
    assert "<h1>Activity 3</h1>" in page.text


@clause("line item with both scoreMaximum forms", HAND, LIBRARY)
def test_a_line_item_has_both_forms_of_the_maximum(browser: Browser, tool_keys: str) -> None:
    answer = chooses(browser, open=["path"], graded="yes")
    (link,) = browser.platform.takes(token(answer), tool_keys)
    assert link["lineItem"]["scoreMaximum"] == 100
    assert link["lineItem"]["scoreConstraints"] == {"normalMaximum": 100, "totalMaximum": 100}


@clause("no line item where the platform offers no grades", *EVERY)
def test_no_line_item_goes_unless_it_was_asked_for(browser: Browser, tool_keys: str) -> None:
    (link,) = browser.platform.takes(token(chooses(browser, open=["path"])), tool_keys)
    assert "lineItem" not in link


@clause("error message path: a platform that takes no links is told so", HAND, LIBRARY)
def test_a_platform_that_takes_no_links_is_sent_an_error_message(browser: Browser, tool_keys: str) -> None:
    answer = asks(browser, accept_types=["link", "html"], data="opaque")
    assert answer.status_code == 200
    assert browser.platform.takes(token(answer), tool_keys) == []
    said = claims(answer)
    assert "does not accept links" in said[f"{DL}errormsg"]
    assert said[f"{DL}errorlog"]
    assert said[f"{DL}data"] == "opaque"


@clause("the return address is escaped, and posted to with the platform's key in its query", *EVERY)
def test_the_answer_goes_to_the_return_address_unchanged(browser: Browser) -> None:
    answer = chooses(browser, open="path")
    action = re.search(r'<form method="post" action="([^"]+)"', answer.text)
    assert action
    assert "&amp;sesskey" in action[1]
    assert unescape(action[1]) == browser.platform.back


@clause("a student cannot add links", HAND, LIBRARY)
def test_a_student_cannot_add_links(browser: Browser) -> None:
    with browser.refused("not-staff") as answers:
        asked = browser.log_in()
        settings = {"accept_types": ["ltiResourceLink"], "deep_link_return_url": browser.platform.back}
        message = {"message_type": "LtiDeepLinkingRequest", f"{DL}deep_linking_settings": settings}
        answers.append(browser.answer(**browser.platform.form(asked, **message)))


@clause("the request as a real Moodle sent it", MOODLE, by="")
def test_what_a_real_moodle_asked_is_answered(
    tool_app: Flask, key_server: KeyServer, tool_keys: str, caplog: pytest.LogCaptureFixture, data: Path
) -> None:
    folder = data / "moodle" / "lti"
    recorded = json.loads((folder / "id_token_deep_linking.json").read_text())["claims"]
    hints = json.loads((folder / "login_deep_linking.json").read_text())["p"]
    moodle = HandMade(
        tool_app.extensions["stifinder"],
        key_server,
        recorded["iss"],
        client_id=recorded["aud"],
        deployments=(recorded[f"{LTI}deployment_id"],),
    )
    browser = Browser(tool_app, moodle, caplog)
    asked = browser.log_in(login_hint=hints["login_hint"], lti_message_hint=hints["lti_message_hint"])
    moment = {"nonce": asked["nonce"], "iat": moodle.now, "exp": moodle.now + 60}
    message = recorded | moment | {f"{LTI}target_link_uri": f"{TOOL}/"}
    answer = browser.answer(state=asked["state"], id_token=moodle.sign(message))
    sent = chooses(browser, asked=answer, open=["path", "review"], graded="yes")
    path, review = moodle.takes(token(sent), tool_keys)
    assert (path["title"], review["title"]) == ("Adaptive path", "Review of the day")
    assert path["lineItem"]["scoreConstraints"]["totalMaximum"] == 100
    address = recorded[f"{DL}deep_linking_settings"]["deep_link_return_url"]
    assert f'action="{address.replace("&", "&amp;")}"' in sent.text
