"""The page of the path in a real Chromium, from the whole tool: readable at every width, in both schemes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from small_course import COURSE, EVERYTHING, NOW, arrival, launch_of
from stifinder.core.evidence import EventKind
from stifinder.core.service import Core
from stifinder.lti_tool import visit
from stifinder.lti_tool.app import create_app
from werkzeug.serving import make_server

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("chromium")]

STATES = ("no goal", "a path", "reached")


@pytest.fixture
def opened(core: Core) -> Iterator[tuple[str, dict[str, str], dict[str, Any]]]:
    """The page's address, the query of each state, and the cookie that opens it."""
    core.import_catalogue("t", COURSE)
    core.agree(launch_of("person-1"), EVERYTHING)
    core.intake(
        "t",
        [
            arrival("person-1", 0, at=NOW - timedelta(days=3)),
            arrival("person-1", 2, EventKind.SCORED, score=0.2, at=NOW - timedelta(hours=3)),
            arrival("person-1", 7, EventKind.SCORED, score=1.0, at=NOW - timedelta(days=2)),
        ],
    )
    skills = {s.title: s.id for s in core.catalogue("t").skills.values()}
    wish = f"?skill={skills['Estimating']}&skill={skills['Negotiating']}&minutes=10&deadline={NOW.date()}"
    app = create_app(core)
    launch = launch_of("person-1")
    begun = visit.open_visit(app, launch, core.recognise(launch))
    with app.test_request_context():
        answer = app.make_response("")
        visit.save_visit(answer, begun)
    name, _, value = answer.headers["Set-Cookie"].partition("=")
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    home = f"http://127.0.0.1:{server.port}/learn/{begun.id}/path"
    queries = dict(zip(STATES, ("", wish, f"?skill={skills['Contracts']}"), strict=True))
    yield home, queries, {"name": name, "value": value.partition(";")[0], "url": home}
    server.shutdown()


@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing_and_nothing_is_too_wide_or_too_small(
    chromium: Any, opened: tuple[str, dict[str, str], dict[str, Any]], state: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    home, queries, cookie = opened
    for scheme in ("light", "dark"):
        context = chromium.new_context(color_scheme=scheme, java_script_enabled=True)
        context.add_cookies([cookie])
        page = context.new_page()
        page.goto(home + queries[state])
        for width in (320, 768, 1100):
            page.set_viewport_size({"width": width, "height": 640})
            page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
            found = Axe().run(page)
            assert found.violations_count == 0, f"{scheme} at {width} px:\n{found.generate_report()}"
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
            small = page.evaluate(
                """() => [...document.querySelectorAll('a, button, summary, input, select')]
                    .filter(e => e.getClientRects().length && !e.closest('.skip-link'))
                    .map(e => [e.textContent.trim(), e.getBoundingClientRect()])
                    .filter(([_, box]) => box.height < 24 || box.width < 24).map(([text]) => text)"""
            )
            assert small == []
        context.close()


def test_a_goal_is_set_with_the_keyboard_and_without_script(
    chromium: Any, opened: tuple[str, dict[str, str], dict[str, Any]]
) -> None:
    home, _, cookie = opened
    context = chromium.new_context(java_script_enabled=False)
    context.add_cookies([cookie])
    page = context.new_page()
    page.goto(home)
    page.get_by_label("Negotiating").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Show the path").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="When you are there").wait_for()
    assert page.get_by_role("heading", level=1).text_content() == "Your path to “Negotiating”"
    context.close()
