"""Adding links in a real Chromium: choosing, searching, and the way back with and without script."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
import side_doors
from flask import redirect
from small_course import ISSUER, MakeCore, launch_of
from stifinder.core.service import Core
from stifinder.lti_tool.app import create_app
from stifinder.lti_tool.lti import deep_linking_visit
from stifinder.schemas.lti_deep_linking import DeepLinking
from werkzeug.serving import make_server

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("chromium")]
RETURN = f"{ISSUER}/return.php?course=2&id=1&sesskey=a%26b"
ITEMS = "https://purl.imsglobal.org/spec/lti-dl/claim/content_items"

Open = Callable[..., Any]


@pytest.fixture
def address(core: Core, make_core: MakeCore) -> Iterator[str]:
    """The tool on loopback; ``/door`` is what follows a teacher's request for links."""
    app = create_app(core)

    def door() -> Any:
        party = (ISSUER, "client-1", "1")
        asked = deep_linking_visit.new(
            core, launch_of("teacher-1"), party, DeepLinking(RETURN, several=True), grades=True
        )
        answer = redirect(f"/deep-linking/{asked.id}/")
        deep_linking_visit.save(answer, asked)
        return answer

    side_doors.add(app, "/door", door)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()


@contextmanager
def at_the_page(chromium: Any, address: str, **more: Any) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    """The page to choose on, and what the LMS gets: the claims of each answer."""
    got: list[dict[str, Any]] = []

    def lms(route: Any) -> None:
        if route.request.method == "POST":
            token = parse_qs(route.request.post_data)["JWT"][0]
            got.append({"url": route.request.url} | jwt.decode(token, options={"verify_signature": False}))
        route.fulfill(body="<title>The course</title>", content_type="text/html")

    context = chromium.new_context(**more)
    context.route(f"{ISSUER}/**", lms)
    try:
        page = context.new_page()
        page.goto(f"{address}/door")
        yield page, got
    finally:
        context.close()


def test_what_is_ticked_reaches_the_lms_by_itself(chromium: Any, address: str) -> None:
    with at_the_page(chromium, address) as (page, got):
        page.get_by_label("Adaptive path").check()
        page.get_by_label("Search in titles").fill("negotiating")
        page.keyboard.press("Enter")
        page.get_by_label("Activity 4").check()
        page.get_by_label("Pass progress").check()
        page.get_by_role("button", name="Add to the course").click()
        page.wait_for_url(f"{ISSUER}/**")
    (answer,) = got
    assert answer["url"] == RETURN
    opened = [item["custom"]["stifinder_open"] for item in answer[ITEMS]]
    assert opened == ["path", "activity:activity-4"]
    assert all(item["lineItem"]["scoreMaximum"] == 100 for item in answer[ITEMS])


def test_without_script_a_button_leads_back(chromium: Any, address: str) -> None:
    with at_the_page(chromium, address, java_script_enabled=False) as (page, got):
        page.get_by_role("button", name="Cancel").click()
        assert got == []
        page.get_by_role("button", name="Continue").click()
        page.wait_for_url(f"{ISSUER}/**")
    assert got[0][ITEMS] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_can_be_used_by_everybody(chromium: Any, address: str, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    with at_the_page(chromium, address, color_scheme=scheme, viewport={"width": 320, "height": 640}) as (
        page,
        _,
    ):
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
