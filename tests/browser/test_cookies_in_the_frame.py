"""The tool in a frame of another site, in a real Chromium that blocks third-party cookies: three ways in.

Cookies fail because the browser's own settings say so; nothing in the product is switched for these tests.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from two_sites import LMS, RESOLVER, TOOL, TwoSites

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("chromium")]

ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", RESOLVER]
THIRD_PARTY_BLOCKED = {"profile": {"cookie_controls_mode": 1}}
TOOL_BLOCKED_IN_LMS = {
    "profile": {
        "cookie_controls_mode": 1,
        # Chromium's own exception "never cookies for this site inside that one", partitioned ones included.
        "content_settings": {"exceptions": {"cookies": {f"[*.]{TOOL},[*.]{LMS}": {"setting": 2}}}},
    }
}
MARK = "learner-01"
"""The name of who is logged in, which must not appear in any address of the tool's pages."""

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoSites]:
    running = TwoSites(tmp_path_factory.mktemp("two-sites"))
    yield running
    running.close()


@pytest.fixture
def browser(chromium: Any, tmp_path: Path) -> Iterator[Open]:
    """A Chromium with a profile of its own and these settings."""
    opened: list[Any] = []

    def start(settings: dict[str, Any], **options: Any) -> Any:
        profile = tmp_path / f"profile-{len(opened)}"
        (profile / "Default").mkdir(parents=True)
        (profile / "Default" / "Preferences").write_text(json.dumps(settings), encoding="utf-8")
        context = chromium.browser_type.launch_persistent_context(
            str(profile),
            executable_path="/usr/bin/chromium",
            args=ARGUMENTS,
            ignore_https_errors=True,
            viewport={"width": 1100, "height": 900},
            **options,
        )
        context.set_default_timeout(30_000)
        opened.append(context)
        return context

    yield start
    for context in opened:
        context.close()


def log_in(context: Any, sites: TwoSites) -> Any:
    page = context.new_page()
    page.goto(sites.lms)
    page.get_by_role("textbox", name="User").fill(MARK)
    page.get_by_role("textbox", name="Password").fill("sandbox")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="Writing offers").first.wait_for()
    return page


def adaptive(page: Any, sites: TwoSites, course: str = "offers") -> Any:
    """Open the course's adaptive page; gives its frame."""
    page.goto(f"{sites.lms}/courses/{course}/adaptive")
    return page.frame_locator("#tool")


def use(tool: Any) -> None:
    """What learners do: look, choose a time, set aside, take it back, choose what is stored."""
    tool.locator("article h3").first.wait_for()
    tool.get_by_role("link", name="5 min").click()
    tool.locator("a[aria-current=true]", has_text="5 min").wait_for()
    # By key: the frame still grows while the page arrives, and a click could miss.
    tool.locator(".best summary", has_text="Not for me").press("Enter")
    tool.locator(".best").get_by_role("button", name="Too hard for now").click()
    tool.get_by_text("is set aside").wait_for()
    tool.get_by_role("button", name="Undo").click()
    tool.get_by_text("is set aside").wait_for(state="detached")
    tool.locator("a[aria-current=true]", has_text="5 min").wait_for()
    tool.get_by_role("link", name="What is stored about me").first.click()
    tool.locator("a[href$='/consent']").first.click()
    tool.get_by_role("button", name="Save my choice").click()
    tool.locator("article h3").first.wait_for()


def tool_frame(page: Any) -> Any:
    """The frame itself, where the tool is in it."""
    frame = page.query_selector("#tool").content_frame()
    frame.wait_for_url(lambda address: urlsplit(address).hostname == TOOL)  # it may be between two pages
    return frame


def cookies_of_the_tool(context: Any) -> list[dict[str, Any]]:
    return [cookie for cookie in context.cookies() if cookie["domain"] == TOOL]


def offer_no_storage(context: Any) -> None:
    """Make the LMS one that offers no storage, as most do not."""
    context.route(
        "**/adaptive/start?*",
        lambda route: route.continue_(url=route.request.url.replace("storage=_parent", "")),
    )


# --- the browser ----------------------------------------------------------------------------------


def test_the_browser_really_blocks_what_it_is_said_to_block(browser: Open, sites: TwoSites) -> None:
    for settings, framed in ((THIRD_PARTY_BLOCKED, "partitioned=1"), (TOOL_BLOCKED_IN_LMS, "no cookies")):
        page = browser(settings).new_page()
        page.goto(f"{sites.lms}/control/frame")
        assert page.frame_locator("iframe").locator("p").inner_text() == framed
        page.goto(f"{sites.tool}/control/set")
        assert set(page.locator("p").inner_text().split("; ")) == {"plain=1", "partitioned=1"}


# --- the three ways ---------------------------------------------------------------------------------


def test_first_way_partitioned_cookies_come_back_in_the_frame(browser: Open, sites: TwoSites) -> None:
    context = browser(THIRD_PARTY_BLOCKED)
    page = log_in(context, sites)
    use(adaptive(page, sites))
    # The LMS offers storage too; cookies come first.
    assert urlsplit(tool_frame(page).url).path.startswith("/learn/")
    assert cookies_of_the_tool(context)
    assert all(cookie.get("partitionKey") for cookie in cookies_of_the_tool(context))


def test_second_way_the_storage_of_the_lms_carries_the_whole_visit(browser: Open, sites: TwoSites) -> None:
    context = browser(TOOL_BLOCKED_IN_LMS)
    page = log_in(context, sites)
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    use(adaptive(page, sites))
    assert urlsplit(tool_frame(page).url).path.startswith("/storage/")
    assert cookies_of_the_tool(context) == []
    pages = [address for address in asked if f"{TOOL}:" in address and "/storage/" in address]
    assert len(pages) > 10
    assert not any(MARK in address or "kept" in address for address in pages)


def test_second_way_back_and_reload_lead_where_they_would_with_cookies(
    browser: Open, sites: TwoSites
) -> None:
    page = log_in(browser(TOOL_BLOCKED_IN_LMS), sites)
    tool = adaptive(page, sites)
    tool.locator("article h3").first.wait_for()

    def arrival() -> AbstractContextManager[object]:
        """The next page is being shown. To the browser, looking into the frame is a person's gesture; before
        that it would fall into a page that goes on by itself, which then leaves one more step for "back"."""
        return page.expect_response(lambda answer: "/shown/" in answer.url)

    with arrival():
        tool.get_by_role("link", name="5 min").click(no_wait_after=True)
    tool.locator("a[aria-current=true]", has_text="5 min").wait_for()
    steps = page.evaluate("history.length")
    with arrival():
        tool.get_by_role("link", name="What is stored about me").first.click(no_wait_after=True)
    back = tool.get_by_role("link", name="Back to your page")
    back.wait_for()
    assert page.evaluate("history.length") == steps + 1
    with arrival():
        tool_frame(page).evaluate("document.body.id = 'before'; location.reload()")
    tool.locator("body:not(#before)").get_by_role("link", name="Back to your page").wait_for()
    with arrival():
        page.evaluate("history.back()")
    back.wait_for(state="detached")
    tool.locator("a[aria-current=true]", has_text="5 min").wait_for()


def test_in_the_storage_of_the_lms_no_value_can_be_read(browser: Open, sites: TwoSites) -> None:
    context = browser(TOOL_BLOCKED_IN_LMS)
    page = log_in(context, sites)
    page.add_init_script(
        "window.told = []; addEventListener('message', e => window.told.push([e.origin, e.data]));"
    )
    adaptive(page, sites).locator("article h3").first.wait_for()
    put = [data for origin, data in page.evaluate("told") if data["subject"] == "lti.put_data"]
    values = [data["value"] for data in put if data["key"].startswith("sf-") and "/learn/" in data["key"]]
    assert values
    assert all(value.startswith("gAAAA") and len(value) < 2000 for value in values)  # Fernet


def test_third_way_a_new_window_where_the_lms_offers_no_storage(browser: Open, sites: TwoSites) -> None:
    context = browser(TOOL_BLOCKED_IN_LMS)
    offer_no_storage(context)
    page = log_in(context, sites)
    tool = adaptive(page, sites)
    tool.get_by_text("does not keep this tool's cookies").wait_for()
    with context.expect_page() as opened:
        tool.get_by_role("link", name="Open in a new window").click()
    use(opened.value)
    assert urlsplit(opened.value.url).path.startswith("/learn/")


def test_third_way_also_where_the_lms_promises_storage_and_never_answers(
    browser: Open, sites: TwoSites
) -> None:
    context = browser(TOOL_BLOCKED_IN_LMS)
    context.route("**/platform_storage.js", lambda route: route.abort())
    page = log_in(context, sites)
    tool = adaptive(page, sites)
    with context.expect_page() as opened:
        tool.get_by_role("link", name="Open in a new window").click()
    use(opened.value)


def test_without_script_cookies_carry_the_launch_where_storage_is_offered_too(
    browser: Open, sites: TwoSites
) -> None:
    # Chromium's own setting: switched off from outside, a frame of another site may be parsed too soon.
    profile = {**THIRD_PARTY_BLOCKED["profile"], "default_content_setting_values": {"javascript": 2}}
    context = browser({**THIRD_PARTY_BLOCKED, "profile": profile})
    tool = adaptive(log_in(context, sites), sites)
    tool.get_by_role("button", name="Continue").click()  # the LMS's own form; ours goes on by itself
    tool.locator("article h3").first.wait_for()


# --- the LMS's side ---------------------------------------------------------------------------------

KEEPER = """<!doctype html><title>Keeper</title><script>
const kept = {};
addEventListener("message", (event) => {
  const { subject, message_id, key, value } = event.data;
  if (subject === "lti.put_data") kept[key] = value;
  const said = { subject: subject + ".response", message_id, key, value: kept[key] };
  event.source.postMessage(said, event.origin);
});
</script>"""

ASK = """([where, message]) => new Promise((resolve) => {
  const id = crypto.randomUUID();
  addEventListener("message", (event) => { if (event.data.message_id === id) resolve(event.data); });
  (where === "parent" ? window.parent : window).postMessage({ message_id: id, ...message }, "*");
  setTimeout(resolve, 1000, null);
})"""


def test_storage_in_a_frame_of_its_own_beside_the_tool_serves_too(browser: Open, sites: TwoSites) -> None:
    """So does Canvas: the page around the tool says nothing, a frame with a name answers."""
    context = browser(TOOL_BLOCKED_IN_LMS)
    page = log_in(context, sites)
    with page.expect_request("**/lti/login?*") as asked:
        adaptive(page, sites)
    login = asked.value.url.replace("lti_storage_target=_parent", "lti_storage_target=keeper")
    frames = (("keeper", "/keeper"), ("tool", login))
    around = "".join(
        f'<iframe name="{name}" id="{name}" src="{escape(src)}"></iframe>' for name, src in frames
    )
    sites.pages |= {"/keeper": KEEPER, "/around": f"<title>LMS</title>{around}"}
    page.goto(f"{sites.lms}/around")
    tool = page.frame_locator("#tool")
    tool.locator("article h3").first.wait_for()
    tool.get_by_role("link", name="5 min").click()
    tool.locator("a[aria-current=true]", has_text="5 min").wait_for()
    assert urlsplit(tool_frame(page).url).path.startswith("/storage/")


def test_the_sandbox_keeps_a_little_for_its_tool_and_nothing_for_others(
    browser: Open, sites: TwoSites
) -> None:
    page = log_in(browser(THIRD_PARTY_BLOCKED), sites)
    adaptive(page, sites).locator("article h3").first.wait_for()

    def says(subject: str, **rest: object) -> Any:
        return tool_frame(page).evaluate(ASK, ["parent", {"subject": subject, **rest}])

    def error(subject: str, **rest: object) -> str:
        said = says(subject, **rest)
        assert said["subject"] == f"{subject}.response"
        return str(said["error"]["code"])

    offered = {each["subject"] for each in says("lti.capabilities")["supported_messages"]}
    assert offered == {"lti.capabilities", "lti.put_data", "lti.get_data"}
    assert says("lti.put_data", key="a", value="1")["value"] == "1"
    assert says("lti.get_data", key="a")["value"] == "1"
    assert says("lti.put_data", key="a", value="")["key"] == "a"
    assert "value" not in says("lti.get_data", key="a")
    assert error("lti.put_data", value="1") == "bad_request"
    assert error("lti.put_data", key="a", value=1) == "bad_request"
    assert error("lti.put_data", key="a", value="x" * 5000) == "storage_exhaustion"
    assert error("lti.eat_data", key="a") == "unsupported_subject"
    assert error("toString") == "unsupported_subject"
    assert says("lti.put_data", key="a", value="of the tool")["key"] == "a"
    # Neither the page itself nor another site in the same frame gets at it.
    assert page.evaluate(ASK, ["self", {"subject": "lti.get_data", "key": "a"}])["subject"] == "lti.get_data"
    page.evaluate("document.getElementById('tool').src = '/control/see'")
    page.frame_locator("#tool").get_by_text("sandbox=").wait_for()
    other = next(frame for frame in page.frames if frame.url.endswith("/control/see"))
    said = other.evaluate(ASK, ["parent", {"subject": "lti.get_data", "key": "a"}])
    assert said["error"]["code"] == "wrong_origin"


# --- two tabs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [THIRD_PARTY_BLOCKED, TOOL_BLOCKED_IN_LMS], ids=["cookies", "storage"])
def test_two_tabs_with_two_courses_do_not_mix(browser: Open, sites: TwoSites, settings: Any) -> None:
    context = browser(settings)
    offers, sheets = log_in(context, sites), context.new_page()
    tabs = ((offers, "offers", "5 min"), (sheets, "sheets", "1 h"))
    for page, course, time in tabs:
        page.bring_to_front()
        tool = adaptive(page, sites, course)
        tool.locator("article h3").first.wait_for()
        tool.get_by_role("link", name=time).click()
        tool.locator("a[aria-current=true]", has_text=time).wait_for()
    for page, course, time in tabs:
        page.bring_to_front()
        tool = page.frame_locator("#tool")
        tool.get_by_role("link", name="What is stored about me").first.click()
        tool.get_by_role("link", name="Back to your page").first.click()
        tool.locator("a[aria-current=true]", has_text=time).wait_for()
        assert course in tool.get_by_role("heading", level=1).inner_text().lower()


# --- the pages in between ---------------------------------------------------------------------------


def test_axe_finds_nothing_on_the_pages_in_between(browser: Open, sites: TwoSites) -> None:
    from axe_playwright_python.sync_playwright import Axe

    def holds(page: Any, words: str) -> None:
        page.frame_locator("#tool").get_by_text(words).first.wait_for()
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found = Axe().run(tool_frame(page))
            assert found.violations_count == 0, f"{words} in {scheme}:\n{found.generate_report()}"

    context = browser(TOOL_BLOCKED_IN_LMS, reduced_motion="reduce")  # colours change at once
    page = log_in(context, sites)
    context.route("**/storage.js", lambda route: route.abort())
    tool = adaptive(page, sites)
    holds(page, "It opens by itself")  # on the way to the LMS
    tool.get_by_role("link", name="Continue").click()
    tool.get_by_role("button", name="Continue").wait_for()
    holds(page, "It opens by itself")  # back from there
    tool.get_by_role("button", name="Continue").click()
    holds(page, "does not keep this tool's cookies")
