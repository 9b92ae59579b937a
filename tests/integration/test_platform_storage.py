"""Browsers without cookies: the LMS's page keeps what cookies would, and only our own pages bring it back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask
from lti_platform import MEMBERSHIP, TOOL, KeyServer, Platform, Tab, rows, rsa_key
from small_course import COURSE, EVERYTHING, Clock
from stifinder.core.launch import Launch
from stifinder.core.plugins import Plugins
from stifinder.core.service import Core
from stifinder.core.settings import Settings
from stifinder.lti_tool.app import create_app
from stifinder.lti_tool.lti import platform_storage
from werkzeug.test import TestResponse

pytest_plugins = ["lti_fixtures"]

DL = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"
STORED = re.compile(r'<div hidden id="storage" ([^>]+)>')
FORM = re.compile(r'<form method="post" action="([^"]+)" id="onward">(.*?)</form>', re.DOTALL)


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def tool_app(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[Flask]:
    """The whole tool with a small course; its clock can be moved."""
    app = a_tool(tmp_path_factory.mktemp("tool"), TOOL, clock)
    yield app
    app.extensions["stifinder"].close()


def a_tool(folder: Path, base_url: str, clock: Clock) -> Flask:
    settings = Settings(
        data_dir=folder,
        database_url=f"sqlite:///{folder / 'stifinder.db'}",
        base_url=base_url,
        secret="a secret that is used in tests only",
        development=True,
    )
    core = Core(settings, plugins=Plugins(discover=False), clock=clock)
    core.migrate()
    core.add_tenant("t", "A tenant")
    core.import_catalogue("t", COURSE)
    return create_app(core)


@dataclass
class Step:
    """What a page of the storage asks the script to do."""

    origin: str
    target: str
    puts: dict[str, str]
    key: str = ""
    link: str = ""
    action: str = ""
    fields: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def of(cls, page: str) -> Step | None:
        found = STORED.search(page)
        if found is None:
            return None
        said = {name: unescape(value) for name, value in re.findall(r'data-(\w+)="([^"]*)"', found[1])}
        step = cls(said["origin"], said["target"], dict(json.loads(said["puts"])), said.get("key", ""))
        if link := re.search(r'id="onward" href="([^"]+)"', page):
            step.link = unescape(link[1])
        if form := re.search(
            r'<form method="post" action="([^"]+)" id="onward">(.*?)</form>', page, re.DOTALL
        ):
            step.action = unescape(form[1])
            named = re.findall(r'name="([^"]+)" value="([^"]*)"', form[2])
            step.fields = [(name, unescape(value)) for name, value in named]
        return step


class Frame:
    """A frame without cookies in an LMS's page that keeps values, and does what ``storage.js`` does."""

    def __init__(self, app: Flask, platform: Platform) -> None:
        self.client = app.test_client(use_cookies=False)
        self.platform = platform
        self.kept: dict[str, str] = {}
        self.origin = TOOL
        self.visited: list[str] = []

    def log_in(self) -> dict[str, str]:
        """The login with an offer of storage; gives the authentication request."""
        answer = self.send("/lti/login", self.platform.request(lti_storage_target="_parent"))
        step = Step.of(answer.text)
        assert step is not None
        self.kept |= step.puts
        return dict(parse_qsl(urlsplit(step.link).query))

    def message(self, asked: dict[str, str], **claims: Any) -> dict[str, str]:
        english = {"launch_presentation": {"locale": "en"}}
        token = self.platform.sign(self.platform.claims(asked["nonce"], english | claims))
        return {"state": asked["state"], "id_token": token}

    def launch(self, **claims: Any) -> TestResponse:
        """Log in, launch, and go where it leads."""
        claims = {"roles": ["Learner"], **claims}
        return self.follow(self.send("/lti/launch", self.message(self.log_in(), **claims), origin="null"))

    def send(self, address: str, form: Any, origin: str = "") -> TestResponse:
        """Send a form, as from a page of ``origin``."""
        headers = {"Origin": origin or self.origin}
        return self.client.post(address, data=form, headers=headers, base_url=TOOL)

    def get(self, address: str) -> TestResponse:
        self.visited.append(address)
        return self.client.get(address, base_url=TOOL)

    def follow(self, answer: TestResponse) -> TestResponse:
        """Go on, as the script does, until there is a page for the person."""
        for _ in range(10):
            step = Step.of(answer.text)
            if step:
                self.kept |= step.puts
            if answer.location:
                answer = self.get(answer.location)
            elif step and step.link:
                answer = self.get(step.link)
            elif step and step.action:
                self.visited.append(step.action)
                sent: dict[str, list[str]] = {}
                for name, value in step.fields:
                    sent.setdefault(name, []).append(value)
                answer = self.send(step.action, sent | {"kept": self.kept.get(step.key, "")})
            else:
                return answer
        raise AssertionError("the pages lead nowhere")

    def open(self, address: str) -> TestResponse:
        return self.follow(self.get(address))

    @property
    def home(self) -> str:
        """Address of the visit that was opened last."""
        return next(a for a in reversed(self.visited) if re.fullmatch(r"/storage/[^/]+/learn/\w+/", a))

    def visit(self) -> str:
        """Id of that visit."""
        return self.home.split("/")[-2]


@pytest.fixture
def platform(tool_app: Flask, key_server: KeyServer) -> Platform:
    return Platform(tool_app.extensions["stifinder"], key_server)


@pytest.fixture
def frame(tool_app: Flask, platform: Platform) -> Frame:
    return Frame(tool_app, platform)


def csrf(page: TestResponse) -> str:
    found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', page.text)
    assert found
    return found[1]


def refused(answer: TestResponse, reason: str) -> bool:
    return (
        400 <= answer.status_code < 500 and f"Code for support: {answer.status_code} {reason}" in answer.text
    )


# --- the login --------------------------------------------------------------------------------------


def test_the_login_puts_into_the_storage_what_its_cookie_holds(frame: Frame) -> None:
    request = frame.platform.request(lti_storage_target="lms_storage")
    answer = frame.send("/lti/login", request)
    step = Step.of(answer.text)
    assert step is not None
    assert (step.origin, step.target) == ("https://lms.example.com", "lms_storage")
    [(key, value)] = step.puts.items()
    assert key.startswith("sf-login-")
    assert f"{key.split('/')[0]}={value};" in answer.headers["Set-Cookie"]
    assert "Partitioned" in answer.headers["Set-Cookie"]
    assert value not in step.link  # only a digest of it goes to the LMS, inside the state


def test_without_script_the_login_goes_on_by_itself(frame: Frame) -> None:
    page = frame.send("/lti/login", frame.platform.request(lti_storage_target="_parent")).text
    refresh = re.search(r'<noscript><meta http-equiv="refresh" content="0; url=([^"]+)"></noscript>', page)
    step = Step.of(page)
    assert refresh is not None
    assert step is not None
    assert unescape(refresh[1]) == step.link
    assert step.link.startswith("https://lms.example.com/auth?known=yes&scope=openid")


@pytest.mark.parametrize("target", ["", "x" * 201])
def test_a_login_that_names_no_usable_storage_is_answered_by_a_redirect(frame: Frame, target: str) -> None:
    assert frame.send("/lti/login", frame.platform.request(lti_storage_target=target)).status_code == 302


def test_the_pages_in_between_are_framed_by_the_lms_only_and_hold_no_inline_script(frame: Frame) -> None:
    login = frame.send("/lti/login", frame.platform.request(lti_storage_target="_parent"))
    launch = frame.send("/lti/launch", frame.message(frame.log_in()))
    frame.launch()
    page = frame.get(frame.home)
    for answer in (login, launch, page):
        policy = answer.headers["Content-Security-Policy"]
        assert "frame-ancestors https://lms.example.com" in policy
        assert "script-src 'self';" in policy
        assert re.findall(r"<script(?! src=\"/)", answer.text) == []
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "same-origin"


def test_a_hostile_frame_name_stays_text(frame: Frame) -> None:
    name = '"><script>alert(1)</script>'
    page = frame.send("/lti/login", frame.platform.request(lti_storage_target=name)).text
    assert "<script>alert" not in page
    step = Step.of(page)
    assert step is not None
    assert step.target == name


# --- the launch -------------------------------------------------------------------------------------


def test_a_launch_without_cookie_asks_the_storage_and_uses_nothing_up_meanwhile(frame: Frame) -> None:
    message = frame.message(frame.log_in())
    before = rows(frame.platform.core)
    for _ in range(2):
        step = Step.of(frame.send("/lti/launch", message, origin="null").text)
        assert step is not None
        assert step.action == "/lti/launch"
        assert dict(step.fields) == {**message, "kept": ""}
    assert rows(frame.platform.core) == before


def test_a_launch_by_storage_opens_the_learners_page_and_cleans_up(frame: Frame) -> None:
    page = frame.launch(context={"id": "offers", "title": "Writing offers"})
    assert page.status_code == 200
    assert "Writing offers" in page.text
    assert "Set-Cookie" not in page.headers
    left = {key: value for key, value in frame.kept.items() if value}
    assert [key.rpartition("/")[2] for key in left] == [frame.visit()]


def test_where_the_cookie_comes_back_it_is_used_and_the_storage_left_alone(
    tool_app: Flask, frame: Frame
) -> None:
    frame.client = tool_app.test_client()  # keeps cookies
    answer = frame.send("/lti/launch", frame.message(frame.log_in()), origin="null")
    assert answer.status_code == 303
    assert urlsplit(answer.location).path.startswith("/learn/")


@pytest.mark.parametrize(
    "origin", ["https://elsewhere.example.com", "null", "https://tool.example.com.evil.test"]
)
def test_a_value_counts_only_from_a_page_of_ours(frame: Frame, origin: str) -> None:
    """Else a stranger's login could be finished in somebody's browser; and a sandboxed frame would loop."""
    asked = frame.log_in()
    [value] = frame.kept.values()
    answer = frame.send("/lti/launch", {**frame.message(asked), "kept": value}, origin=origin)
    assert refused(answer, "no-cookie")


def test_the_value_of_another_login_is_refused(frame: Frame) -> None:
    message = frame.message(frame.log_in())
    frame.kept.clear()
    frame.log_in()
    [other] = frame.kept.values()
    assert refused(frame.send("/lti/launch", {**message, "kept": other}), "other-browser")


def test_a_storage_that_answers_nothing_leads_to_a_new_window_without_it(frame: Frame) -> None:
    message = frame.message(frame.log_in())
    frame.kept.clear()
    answer = frame.follow(frame.send("/lti/launch", message, origin="null"))
    assert refused(answer, "no-cookie")
    link = re.search(r'href="([^"]+again=[^"]+)" target="_blank"', answer.text)
    assert link is not None
    assert frame.get(unescape(link[1])).status_code == 302


def test_a_launch_by_storage_works_once(frame: Frame) -> None:
    message = frame.message(frame.log_in())
    values = dict(frame.kept)
    assert frame.follow(frame.send("/lti/launch", message)).status_code == 200
    frame.kept = values
    assert refused(frame.follow(frame.send("/lti/launch", message)), "state-used")


def test_the_message_is_verified_as_without_storage(frame: Frame) -> None:
    asked = frame.log_in()
    forged = frame.platform.sign(frame.platform.claims(asked["nonce"], {}), key=rsa_key("another"))
    answer = frame.send("/lti/launch", {"state": asked["state"], "id_token": forged})
    before = rows(frame.platform.core)
    assert refused(frame.follow(answer), "bad-signature")
    other = frame.message(frame.log_in())["id_token"]
    answer = frame.send("/lti/launch", {"state": asked["state"], "id_token": other})
    assert refused(frame.follow(answer), "wrong-nonce")
    assert rows(frame.platform.core) == before


# --- the visit --------------------------------------------------------------------------------------


def test_forms_work_and_what_they_change_stays(frame: Frame) -> None:
    frame.launch(context={"id": "offers", "title": "Writing offers"})
    chosen = frame.open(f"{frame.home}?minutes=60")
    assert re.search(r'minutes=60"\s+aria-current="true"', chosen.text)
    danish = frame.open(f"{frame.home}language/da")
    assert '<html lang="da">' in danish.text
    assert re.search(r'minutes=60"\s+aria-current="true"', danish.text)
    before = dict(frame.kept)
    given = {"csrf_token": csrf(frame.open(f"{frame.home}consent")), "goal": "estimating"}
    answered = frame.follow(frame.send(f"{frame.home}answers", given))
    assert answered.status_code == 200
    assert '<html lang="da">' in answered.text
    assert frame.kept != before  # answers of somebody who is not remembered live in the visit alone


def test_a_form_with_several_values_of_one_name_arrives_whole(frame: Frame) -> None:
    frame.launch()
    consent = frame.open(f"{frame.home}consent")
    wanted = ["suggestions:statements", "suggestions:page"]  # in the page's order
    form = {"csrf_token": csrf(consent), "grant": wanted}
    assert frame.follow(frame.send(f"{frame.home}consent", form)).status_code == 200
    again = frame.open(f"{frame.home}consent").text
    assert re.findall(r'value="([\w:]+)"[^>]* checked', again) == wanted


def test_what_is_erased_is_said_and_the_visit_forgets_too(frame: Frame, platform: Platform) -> None:
    frame.launch(sub="subject-erased")
    core = platform.core
    launch = Launch("t", "r", (f"account|{platform.issuer}|subject-erased",))
    core.agree(launch, EVERYTHING)
    frame.launch(sub="subject-erased")
    ask = frame.open(f"{frame.home}data/erase")
    before = frame.kept[next(key for key in frame.kept if frame.visit() in key)]
    done = frame.follow(frame.send(f"{frame.home}data/erase", {"csrf_token": csrf(ask)}))
    assert "Everything about you was erased" in done.text
    assert frame.kept[next(key for key in frame.kept if frame.visit() in key)] != before
    assert "Nothing about you is stored" in frame.open(frame.home).text


def test_an_address_says_nothing_and_opens_nothing_without_the_storage(frame: Frame, tool_app: Flask) -> None:
    frame.launch(context={"id": "offers", "title": "Writing offers"})
    frame.open(f"{frame.home}data")
    for address in frame.visited:
        assert not any(word in address for word in ("subject-1", "learner-1", "kept", "gAAAA"))
    elsewhere = Frame(tool_app, frame.platform)
    answer = elsewhere.open(frame.home)
    assert answer.status_code == 403
    assert "Writing offers" not in answer.text


def test_the_lms_page_cannot_read_or_change_what_it_keeps(frame: Frame, tool_app: Flask) -> None:
    frame.launch()
    key, sealed = next((k, v) for k, v in frame.kept.items() if v)
    for word in ("subject-1", "course-1", "account"):
        assert word not in sealed
    with tool_app.test_request_context():
        assert platform_storage.unseal(key, sealed)
        assert platform_storage.unseal("another key", sealed) is None
    frame.kept[key] = sealed[:-4] + "AAA="
    assert frame.open(frame.home).status_code == 403


def test_the_value_of_another_visit_opens_nothing(frame: Frame) -> None:
    frame.launch()
    first, mine = frame.home, dict(frame.kept)
    frame.launch()
    second = frame.visit()
    theirs = next(value for key, value in frame.kept.items() if second in key)
    frame.kept = {key: theirs for key, value in mine.items() if value}
    assert frame.open(first).status_code == 403


def test_a_visit_in_the_storage_ends_after_two_hours(frame: Frame, clock: Clock) -> None:
    frame.launch()
    assert frame.open(frame.home).status_code == 200
    clock.forward(hours=2)
    late = frame.open(frame.home)
    assert late.status_code == 403
    assert "Open the tool from your LMS again" in late.text


def test_forms_of_other_pages_change_nothing(frame: Frame) -> None:
    frame.launch()
    page = frame.open(f"{frame.home}consent")
    key = next(key for key in frame.kept if frame.visit() in key)
    good = {"csrf_token": csrf(page), "goal": "estimating", "kept": frame.kept[key]}
    assert frame.send(f"{frame.home}answers", good, origin="https://elsewhere.example.com").status_code == 403
    del good["kept"]
    assert frame.send(f"{frame.home}answers", good, origin="https://elsewhere.example.com").status_code == 403
    bad = frame.follow(frame.send(f"{frame.home}answers", {"goal": "estimating"}))
    assert bad.status_code == 403
    assert "did not come from a page of your visit" in bad.text


def test_a_place_that_we_did_not_sign_is_asked_for_nothing(frame: Frame) -> None:
    frame.launch()
    _, _, place, *rest = frame.home.split("/")
    for wrong in ("x", place[:-3] + "abc", place.split(".")[0]):
        answer = frame.get("/".join(["", "storage", wrong, *rest]))
        assert answer.status_code == 403
        assert Step.of(answer.text) is None


@pytest.mark.parametrize(
    "path", ["/xapi/about", "/lti/jwks", "/lti/login", "/storage/x/learn/y/", "/api/v1/"]
)
def test_below_a_place_there_are_pages_only(frame: Frame, path: str) -> None:
    frame.launch()
    place = "/".join(frame.home.split("/")[:3])
    assert frame.get(f"{place}{path}").status_code == 404


def test_a_start_link_works_outside_the_frame(frame: Frame, platform: Platform) -> None:
    who = f"account|{platform.issuer}|subject-starting"
    platform.core.agree(Launch("t", "r", (who,)), EVERYTHING)
    page = frame.launch(sub="subject-starting", context={"id": "offers", "title": "Writing offers"})
    link = re.search(r'href="(/storage/[^"]+/go/[^"]+)" target="_top"', page.text)
    assert link is not None, page.text
    answer = frame.get(unescape(link[1]))
    assert answer.status_code == 302
    assert answer.location.startswith("https://lms.example.org/activities/")


def test_links_are_chosen_by_storage_too(frame: Frame) -> None:
    asked = frame.log_in()
    payload = frame.platform.claims(
        asked["nonce"],
        {
            "message_type": "LtiDeepLinkingRequest",
            "resource_link": None,
            "roles": [f"{MEMBERSHIP}Instructor"],
            "context": {"id": "offers", "title": "Writing offers"},
        },
    ) | {
        DL: {
            "accept_types": ["ltiResourceLink"],
            "accept_presentation_document_targets": ["iframe"],
            "accept_multiple": True,
            "deep_link_return_url": "https://lms.example.com/return",
        }
    }
    message = {"state": asked["state"], "id_token": frame.platform.sign(payload)}
    page = frame.follow(frame.send("/lti/launch", message))
    form = re.search(r'<form method="post" action="(/storage/[^"]+)"', page.text)
    assert form is not None
    chosen = {"csrf_token": csrf(page), "act": "add", "open": ["path", "review"]}
    answer = frame.follow(frame.send(form[1], chosen))
    assert 'action="https://lms.example.com/return"' in answer.text
    assert not any(frame.kept.values())  # answered, so nothing is kept any more


def test_below_a_path_of_the_base_address_it_works_alike(
    tmp_path: Path, key_server: KeyServer, clock: Clock
) -> None:
    app = a_tool(tmp_path, f"{TOOL}/stifinder", clock)
    core = app.extensions["stifinder"]
    frame = Frame(app, Platform(core, key_server))
    request = frame.platform.request(lti_storage_target="_parent", target_link_uri=f"{TOOL}/stifinder/")
    step = Step.of(frame.send("/stifinder/lti/login", request).text)
    assert step is not None
    frame.kept |= step.puts
    asked = dict(parse_qsl(urlsplit(step.link).query))
    message = frame.message(asked, target_link_uri=f"{TOOL}/stifinder/")
    page = frame.follow(frame.send("/stifinder/lti/launch", message))
    assert page.status_code == 200
    assert frame.visited[-1].startswith("/stifinder/storage/")
    assert re.search(r'href="/stifinder/storage/[^"]+/learn/[^"]+\?minutes=5"', page.text)
    core.close()


def test_a_tab_with_cookies_does_not_see_what_the_storage_keeps(
    tool_app: Flask, platform: Platform, frame: Frame, caplog: pytest.LogCaptureFixture
) -> None:
    frame.launch()
    tab = Tab(tool_app, replace(platform), caplog)
    opened = tab.launched()
    crossed = frame.home.replace(frame.visit(), opened.id)
    step = Step.of(tab.client.get(crossed, base_url=TOOL).text)
    assert step is not None  # asks the storage; the cookie of that visit does not count here
    assert frame.open(crossed).status_code == 403
