"""The learner's pages in a real Chromium: readable for everybody, at every width, with and without script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from learner_world import LMS, StandInCore

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("chromium")]

Serve = Callable[[str], tuple[str, StandInCore]]

PAGES = [
    ("full", ""),
    ("more", ""),
    ("new", ""),
    ("stranger", ""),
    ("nothing-fits", ""),
    ("empty", ""),
    ("full", "?set_aside=sugg1"),
    ("full", "why/sugg0"),
    ("full", "review/s-delivery"),
    ("full", "review/s-risk?next=2026-11-27"),
    ("full", "consent"),
    ("stranger", "consent"),
    ("full", "data"),
    ("stranger", "data"),
    ("full", "data/erase"),
    ("full", "why/no-such-suggestion"),
]


def a_context(chromium: Any, **more: Any) -> Any:
    """A browser context in which the LMS's activities open as an empty page."""
    context = chromium.new_context(**{"viewport": {"width": 1024, "height": 640}} | more)
    context.route(
        f"{LMS}/**", lambda route: route.fulfill(body="<title>An activity</title>", content_type="text/html")
    )
    return context


@contextmanager
def opened(
    chromium: Any, address: str, path: str = "", *, width: int = 1024, height: int = 640, **more: Any
) -> Iterator[Any]:
    """A page of a fresh visit in a fresh browser context."""
    context = a_context(chromium, viewport={"width": width, "height": height}, **more)
    try:
        page = context.new_page()
        page.goto(f"{address}/door")
        if path:
            page.goto(page.url.partition("?")[0] + path)
        yield page
    finally:
        context.close()


def unfold(page: Any) -> None:
    """Open everything that is folded, so that it is checked too."""
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")


@pytest.mark.parametrize(("state", "path"), PAGES)
def test_axe_finds_nothing_in_either_scheme_at_either_width(
    chromium: Any, serve: Serve, state: str, path: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    address, _ = serve(state)
    for scheme in ("light", "dark"):
        with opened(chromium, address, path, color_scheme=scheme) as page:
            for width in (1024, 320):
                page.set_viewport_size({"width": width, "height": 640})
                unfold(page)
                found = Axe().run(page)
                assert found.violations_count == 0, f"{scheme} at {width} px:\n{found.generate_report()}"
                overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert overflow <= 0, f"{overflow} px wider than {width} px"


def test_the_best_suggestion_is_above_the_fold(chromium: Any, serve: Serve) -> None:
    with opened(chromium, serve("full")[0]) as page:
        start = page.locator(".best .btn-main").bounding_box()
        assert start["y"] + start["height"] <= 640


@pytest.mark.parametrize("state", ["full", "stranger"])
def test_targets_are_large_enough_for_a_finger(chromium: Any, serve: Serve, state: str) -> None:
    with opened(chromium, serve(state)[0], width=320) as page:
        unfold(page)
        small = page.evaluate(
            """() => [...document.querySelectorAll('a, button, summary, input')]
                .filter(e => e.getClientRects().length && !e.closest('.skip-link'))
                .map(e => [e.textContent.trim(), e.getBoundingClientRect(), e.classList.contains('btn')])
                .filter(([_, box, main]) => box.height < (main ? 44 : 24) || box.width < 24)
                .map(([text, box]) => `${text}: ${box.width} x ${box.height}`)"""
        )
        assert small == []


def test_nothing_is_lost_at_four_times_the_size(chromium: Any, serve: Serve) -> None:
    """400 % zoom of 1280 x 1024 leaves 320 x 256 CSS pixels (WCAG 1.4.10)."""
    with opened(chromium, serve("full")[0], width=320, height=256) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        page.get_by_role("link", name="Review now").scroll_into_view_if_needed()
        page.get_by_role("link", name="Review now").wait_for()


def test_the_keyboard_reaches_everything_in_the_order_of_the_page(chromium: Any, serve: Serve) -> None:
    with opened(chromium, serve("full")[0]) as page:
        seen: list[str] = []
        for _ in range(12):
            page.keyboard.press("Tab")
            told = page.evaluate("document.activeElement.textContent.trim().split(':')[0]")
            seen.append(" ".join(told.split()))
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", f"the focus does not show on {seen[-1]!r}"
        assert seen[:2] == ["Skip to the content", "The whole path, step by step"]
        assert seen[2:7] == ["5 min", "20 min", "1 h", "2 h", "Start"]
        assert seen[7:10] == ["Not for me", "Why, in full", "Start"]


def test_setting_aside_and_undoing_work_with_the_keyboard_alone(chromium: Any, serve: Serve) -> None:
    address, core = serve("full")
    with opened(chromium, address) as page:
        page.locator(".best summary").focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.get_by_text("is set aside").wait_for()
        page.get_by_role("button", name="Undo").focus()
        page.keyboard.press("Enter")
        page.get_by_text("is set aside").wait_for(state="detached")
    assert [call[:2] for call in core.told if call[0] in {"dismiss", "undo"}][-2:] == [
        ("dismiss", "sugg0"),
        ("undo", "sugg0"),
    ]


def test_the_page_works_without_javascript(chromium: Any, serve: Serve) -> None:
    address, core = serve("full")
    with opened(chromium, address, java_script_enabled=False) as page:
        page.get_by_role("link", name="5 min").click()
        assert page.get_by_role("link", name="5 min").get_attribute("aria-current") == "true"
        page.locator(".best summary").press("Enter")
        page.get_by_role("button", name="Too hard for now").click()
        page.get_by_text("is set aside").wait_for()
        page.get_by_role("link", name="Review now").click()
        page.get_by_role("button", name="Well").click()
        page.get_by_role("heading", name="comes back").wait_for()
        page.get_by_role("link", name="Back to your page").click()
        page.get_by_role("link", name="Start").first.click()
        page.wait_for_url("**/activity/1")
    assert core.told[-1][0] == "start"


def test_the_language_can_be_changed(chromium: Any, serve: Serve) -> None:
    with opened(chromium, serve("full")[0]) as page:
        page.get_by_role("link", name="Deutsch").click()
        page.get_by_role("heading", name="Als Nächstes für dich").wait_for()
        assert page.locator("html").get_attribute("lang") == "de"


def test_the_frame_grows_to_the_height_of_the_page(chromium: Any, serve: Serve) -> None:
    address, _ = serve("full")
    context = a_context(chromium)
    try:
        page = context.new_page()
        page.goto(f"{address}/frame")
        inside = page.frame_locator("#tool")
        inside.get_by_role("heading", name="Next for you").wait_for()
        page.wait_for_function("document.getElementById('tool').height > 700")
        before = page.evaluate("Number(document.getElementById('tool').height)")
        inside.locator(".best summary").press("Enter")
        page.wait_for_function("before => document.getElementById('tool').height > before", arg=before)
        assert (
            page.evaluate("document.getElementById('tool').contentDocument.scrollingElement.scrollWidth")
            <= 700
        )
    finally:
        context.close()


def test_an_activity_leaves_the_frame(chromium: Any, serve: Serve) -> None:
    address, _ = serve("full")
    context = a_context(chromium)
    try:
        page = context.new_page()
        page.goto(f"{address}/frame")
        page.frame_locator("#tool").get_by_role("link", name="Start").first.click()
        page.wait_for_url("**/activity/1")
    finally:
        context.close()


def test_the_browser_refuses_nothing_that_the_page_needs(chromium: Any, serve: Serve) -> None:
    """No complaint on the console: no blocked style, script or picture, no missing file."""
    for state, path in PAGES[:15]:
        complaints: list[str] = []
        context = a_context(chromium)
        try:
            page = context.new_page()
            page.on("console", lambda message, said=complaints: said.append(message.text))
            page.on("pageerror", lambda error, said=complaints: said.append(str(error)))
            page.goto(f"{serve(state)[0]}/door")
            page.goto(page.url.partition("?")[0] + path)
        finally:
            context.close()
        assert complaints == [], f"{state}/{path}"
