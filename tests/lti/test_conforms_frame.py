"""In the frame: what of it shows without a real browser. The walks in Chromium are in ``tests/browser``."""

from __future__ import annotations

import json
import re
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask
from lti_browser import Browser
from lti_clauses import EVERY, HAND, clause
from lti_platform import TOOL
from lti_senders import Person
from test_deep_linking import csrf
from werkzeug.test import TestResponse

CHAPTER = "In the frame"


def forget_cookies(browser: Browser) -> None:
    """As a browser that keeps no cookies in frames."""
    for cookie in list(browser.client._cookies.values()):
        browser.client.delete_cookie(cookie.key, domain=cookie.domain, path=cookie.path)


def page_of(browser: Browser, answer: TestResponse) -> TestResponse:
    return browser.client.get(answer.location, base_url=TOOL, follow_redirects=True)


def ancestors(answer: TestResponse) -> str:
    found = re.search(r"frame-ancestors ([^;]+)", answer.headers["Content-Security-Policy"])
    assert found
    return found[1]


@clause("cookies Secure; SameSite=None; Partitioned", *EVERY)
def test_every_cookie_lives_in_a_frame_of_another_site(browser: Browser) -> None:
    login = browser.client.post("/lti/login", data=browser.platform.request(), base_url=TOOL)
    launched = browser.opens()
    browser.platform.message_type = "LtiDeepLinkingRequest"
    linking = browser.answer(**browser.platform.asks_for_links(browser.log_in()))
    set_here = [
        header
        for answer in (login, launched, linking, page_of(browser, launched))
        for header in answer.headers.getlist("Set-Cookie")
    ]
    assert len(set_here) >= 3
    for header in set_here:
        attributes = {part.strip() for part in header.split(";")}
        assert attributes >= {"Secure", "HttpOnly", "SameSite=None", "Partitioned"}, header


class Storage:
    """The LMS's page around a browser without cookies: does what the tool's script asks its storage for."""

    def __init__(self, browser: Browser) -> None:
        self.client = browser.app.test_client(use_cookies=False)
        self.platform = browser.platform
        self.kept: dict[str, str] = {}
        self.own_page = {"Origin": TOOL}

    def goes_on(self, answer: TestResponse) -> TestResponse:
        """Follow the pages of the storage and redirects, up to the LMS or a page for the person."""
        for _ in range(10):
            if answer.location:
                answer = self.client.get(answer.location, base_url=TOOL)
                continue
            asks = re.search(r'<div hidden id="storage" ([^>]+)>', answer.text)
            if asks is None:
                return answer
            wanted = {name: unescape(value) for name, value in re.findall(r'data-(\w+)="([^"]*)"', asks[1])}
            assert (wanted["origin"], wanted["target"]) == (self.platform.issuer, "_parent")
            self.kept.update(json.loads(wanted["puts"]))
            link = re.search(r'id="onward" href="([^"]+)"', answer.text)
            form = re.search(r'<form method="post" action="([^"]+)" id="onward">', answer.text)
            if link and link[1].startswith(self.platform.issuer):
                return answer
            if link:
                answer = self.client.get(unescape(link[1]), base_url=TOOL)
            elif form:
                hidden = re.findall(r'name="([^"]+)" value="([^"]*)"', answer.text)
                fields = {name: unescape(value) for name, value in hidden}
                fields["kept"] = self.kept.get(wanted["key"], "")
                answer = self.client.post(
                    unescape(form[1]), data=fields, headers=self.own_page, base_url=TOOL
                )
            else:
                return answer
        raise AssertionError("the pages of the storage lead nowhere")

    def logs_in(self) -> dict[str, str]:
        """The LMS offers its storage at the login; gives the tool's authentication request."""
        request = self.platform.request(lti_storage_target="_parent")
        answer = self.goes_on(self.client.post("/lti/login", data=request, base_url=TOOL))
        link = re.search(r'id="onward" href="([^"]+)"', answer.text)
        assert link, answer.text
        return dict(parse_qsl(urlsplit(unescape(link[1])).query))

    def opens(self) -> TestResponse:
        form = self.platform.form(self.logs_in())
        return self.goes_on(self.client.post("/lti/launch", data=form, base_url=TOOL))


@clause("no cookie comes back: the postMessage storage of a platform that offers it", *EVERY)
def test_without_cookies_the_platforms_storage_carries_the_visit(browser: Browser) -> None:
    storage = Storage(browser)
    page = storage.opens()
    assert page.status_code == 200, page.text
    assert "Algebra basics" in page.text
    assert ancestors(page) == browser.platform.issuer
    assert storage.kept
    assert "subject-1" not in repr(storage.kept)


@clause("what another page, or nobody, brings from the storage is refused", *EVERY)
def test_a_value_that_the_storage_did_not_give_is_refused(browser: Browser) -> None:
    storage = Storage(browser)

    def answered() -> TestResponse:
        return storage.goes_on(storage.client.post("/lti/launch", data=form, base_url=TOOL))

    with browser.refused("no-cookie") as answers:
        form = browser.platform.form(storage.logs_in())
        storage.kept.clear()
        answers.append(answered())
    with browser.refused("other-browser") as answers:
        form = browser.platform.form(storage.logs_in())
        storage.kept = dict.fromkeys(storage.kept, "guessed")
        answers.append(answered())
    with browser.refused("no-cookie") as answers:
        form = browser.platform.form(storage.logs_in())
        storage.own_page["Origin"] = "https://elsewhere.example.com"
        answers.append(answered())


@clause("a platform that offers no storage is sent no message", *EVERY)
def test_without_an_offer_the_login_is_a_plain_redirect(browser: Browser) -> None:
    answer = browser.client.post("/lti/login", data=browser.platform.request(), base_url=TOOL)
    assert answer.status_code == 302
    assert "storage" not in answer.text


@clause("no cookie comes back, and no storage: a page that opens the tool in a new window", *EVERY)
def test_without_cookies_a_page_opens_the_tool_in_a_new_window(browser: Browser) -> None:
    asked = browser.log_in()
    forget_cookies(browser)
    with browser.refused("no-cookie") as answers:
        answers.append(browser.answer(**browser.platform.form(asked)))
    link = re.search(r'href="([^"]+)" target="_blank"', answers[0].text)
    assert link
    again = browser.client.get(link[1], base_url=TOOL)
    parameters = dict(re.findall(r"[?&](\w+)=([^&]+)", again.location))
    assert parameters["client_id"] == "client-1"
    new_window = {name: parameters[name] for name in ("state", "nonce", "redirect_uri", "client_id")}
    new_window |= {"redirect_uri": asked["redirect_uri"], "lti_message_hint": asked["lti_message_hint"]}
    browser.sees_a_page(browser.answer(**browser.platform.form(new_window)))


@clause("Content-Security-Policy: frame-ancestors lists the tenant's LMS only", *EVERY)
def test_a_page_may_be_framed_by_its_own_lms_only(browser: Browser) -> None:
    for role in ("Learner", "Instructor"):
        page = page_of(browser, browser.opens(Person(role)))
        assert page.status_code == 200
        assert ancestors(page) == browser.platform.issuer
    browser.platform.message_type = "LtiDeepLinkingRequest"
    linking = browser.answer(**browser.platform.asks_for_links(browser.log_in()))
    assert ancestors(page_of(browser, linking)) == browser.platform.issuer


@pytest.mark.parametrize(
    "path", ["/", "/lti/jwks", "/lti/launch", "/lti/login", "/learn/unknown/", "/nowhere"]
)
@clause("no X-Frame-Options, also on refusals", HAND)
def test_no_answer_has_x_frame_options(browser: Browser, path: str) -> None:
    answer = browser.client.get(path, base_url=TOOL)
    assert "X-Frame-Options" not in answer.headers
    assert "X-Frame-Options" not in page_of(browser, browser.opens()).headers


@clause("works for two tabs at once: two courses do not mix", *EVERY)
def test_two_tabs_with_two_courses_do_not_mix(browser: Browser) -> None:
    one, two = browser.log_in(), browser.log_in()  # both begin before either is answered
    platform = browser.platform
    second = browser.answer(
        **platform.form(two, Person(course="b"), context={"id": "b", "title": "Course B"})
    )
    first = browser.answer(**platform.form(one, Person(course="a"), context={"id": "a", "title": "Course A"}))
    for answer, title, other in ((first, "Course A", "Course B"), (second, "Course B", "Course A")):
        assert browser.sees_a_page(answer).launch.context_title == title
        page = page_of(browser, answer).text
        assert title in page
        assert other not in page


@clause("a form of one tab is not taken in the other", HAND)
def test_a_form_of_one_tab_is_not_taken_in_the_other(browser: Browser) -> None:
    first, second = browser.opens(Person(course="a")), browser.opens(Person(course="b"))
    here = browser.client.get(f"{first.location}consent", base_url=TOOL)
    form = {"csrf_token": csrf(here.text), "grant": "suggestions:statements"}
    refused = browser.client.post(f"{second.location}consent", data=form, base_url=TOOL)
    assert refused.status_code == 403


@clause("a visit opens in the browser that launched it only", *EVERY)
def test_the_address_of_a_visit_is_nothing_without_its_cookie(browser: Browser, tool_app: Flask) -> None:
    answer = browser.opens()
    elsewhere = tool_app.test_client().get(answer.location, base_url=TOOL)
    assert elsewhere.status_code == 403
    assert "Course" not in elsewhere.text
