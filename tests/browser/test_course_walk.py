"""A course's pages in a real Chromium: readable for everybody, in both schemes, at three widths."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from course_world import activity_id, agree, context_of, count_roster, full_course, mentor, open_page, teacher
from flask import redirect, request
from small_course import ISSUER, Clock, launch_of
from stifinder.core.decisions import Decision, DecisionKind
from stifinder.core.service import Core
from stifinder.core.settings import Settings
from stifinder.lti_tool import access, visit
from stifinder.lti_tool.app import create_app
from werkzeug.serving import make_server

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("chromium")]

WIDTHS = (1100, 768, 320)
WHO = {
    "teacher": teacher(),
    "new": replace(teacher(), context_key=f"{ISSUER}#new", context_title="A new course"),
    "mentor": mentor("learner-1", "learner-2", "nobody"),
    "earlier": launch_of("earlier-1"),
}
PAGES = [
    ("teacher", ""),
    ("teacher", "skills"),
    ("teacher", "suggestions"),
    ("teacher", "modules"),
    ("teacher", "suggestions?said=chosen"),
    ("new", ""),
    ("new", "suggestions"),
    ("mentor", "mentees"),
    ("earlier", "../"),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A full course that asks for a yes, served; ``/door/<who>`` opens a visit."""
    folder: Path = tmp_path_factory.mktemp("course")
    settings = Settings(
        data_dir=folder,
        database_url=f"sqlite:///{folder / 'stifinder.db'}",
        base_url="http://127.0.0.1",
        secret="a secret that is used in tests only",
        development=True,
    )
    core = Core(settings, clock=Clock())
    core.migrate()
    core.add_tenant("t", "A tenant")
    people = full_course(core)
    count_roster(core, 31)
    agree(core, "earlier-1", older=True)
    here, me = context_of(core), core.actor(teacher())
    core.choose("t", me, "needs_yes", True, here)
    for name in [*people[:9], "earlier-1"]:
        open_page(core, name)
    for kind, key, instead in (
        (DecisionKind.PIN, "activity-6", ""),
        (DecisionKind.REPLACE, "text-10", "text-11"),
    ):
        new = activity_id(core, instead) if instead else ""
        core.decide("t", me, Decision(kind, activity_id(core, key), here, "", new))
    app = create_app(core)

    def door(who: str) -> Any:
        launch = replace(WHO[who], locale=request.args.get("locale", "en"))
        opened = visit.open_visit(app, launch, core.recognise(launch))
        answer = redirect(f"/learn/{opened.id}/course/{request.args.get('to', '')}")
        visit.save_visit(answer, opened)
        return answer

    app.add_url_rule("/door/<who>", "door", door)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(access.DOORS, "door", access.Door(access.By.ANYBODY))  # type: ignore[arg-type]
        server = make_server("127.0.0.1", 0, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.port}"
        server.shutdown()
    core.close()


@contextmanager
def opened(chromium: Any, address: str, who: str, path: str = "", **more: Any) -> Iterator[Any]:
    """A page of a fresh visit in a fresh browser context."""
    context = chromium.new_context(**{"viewport": {"width": 1100, "height": 640}} | more)
    try:
        page = context.new_page()
        page.goto(f"{address}/door/{who}?to={'mentees' if who == 'mentor' else ''}")
        page.goto(urljoin(page.url.partition("/course/")[0] + "/course/", path))
        yield page
    finally:
        context.close()


@pytest.mark.parametrize(("who", "path"), PAGES)
def test_axe_finds_nothing_in_either_scheme_at_any_width(
    chromium: Any, address: str, who: str, path: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    for scheme in ("light", "dark"):
        with opened(chromium, address, who, path, color_scheme=scheme) as page:
            assert page.locator("h1").count() == 1
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 640})
                page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
                found = Axe().run(page)
                assert found.violations_count == 0, f"{scheme} at {width} px:\n{found.generate_report()}"
                overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert overflow <= 0, f"{overflow} px wider than {width} px"


def test_the_first_act_is_above_the_fold(chromium: Any, address: str) -> None:
    with opened(chromium, address, "teacher", viewport={"width": 1024, "height": 640}) as page:
        box = page.locator(".lead-card .btn-main").bounding_box()
        assert box["y"] + box["height"] <= 640


def test_a_chart_takes_the_colours_of_the_scheme(chromium: Any, address: str) -> None:
    strokes = {}
    for scheme in ("light", "dark"):
        with opened(chromium, address, "teacher", color_scheme=scheme) as page:
            strokes[scheme] = page.evaluate(
                "getComputedStyle(document.querySelector('.chart-wide path[stroke=\"var(--due)\"]')).stroke"
            )
    assert strokes == {"light": "rgb(176, 81, 25)", "dark": "rgb(240, 160, 104)"}


def test_the_chart_of_a_phone_is_drawn_for_it(chromium: Any, address: str) -> None:
    with opened(chromium, address, "teacher", viewport={"width": 320, "height": 640}) as page:
        page.locator(".chart-narrow").wait_for()
        page.locator(".chart-wide").wait_for(state="hidden")
        sizes = page.evaluate(
            "[...document.querySelectorAll('.chart-narrow text')].map(t => t.getBoundingClientRect().height)"
        )
        assert min(sizes) >= 11


def test_targets_are_large_enough_for_a_finger(chromium: Any, address: str) -> None:
    for path in ("", "skills", "suggestions", "modules"):
        with opened(chromium, address, "teacher", path, viewport={"width": 320, "height": 640}) as page:
            page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
            small = page.evaluate(
                """() => [...document.querySelectorAll('a, button, summary, input:not([type=hidden])')]
                    .filter(e => e.getClientRects().length && !e.closest('.skip-link'))
                    .map(e => [e.textContent.trim(), e.getBoundingClientRect(), e.classList.contains('btn')])
                    .filter(([_, box, main]) => box.height < (main ? 44 : 24) || box.width < 24)
                    .map(([text, box]) => `${text}: ${box.width} x ${box.height}`)"""
            )
            assert small == [], path


def test_a_yes_is_given_and_undone_without_javascript(chromium: Any, address: str) -> None:
    with opened(chromium, address, "teacher", java_script_enabled=False) as page:
        page.get_by_role("button", name="Approve").first.click()
        page.get_by_text("may be suggested from now on").wait_for()
        page.get_by_role("button", name="Undo").click()
        page.get_by_text("The yes is taken back.").wait_for()


def test_another_activity_is_chosen_without_javascript(chromium: Any, address: str) -> None:
    with opened(chromium, address, "teacher", java_script_enabled=False) as page:
        page.get_by_role("button", name="Suggest another in its place").first.click()
        assert page.get_by_role("heading", level=1).inner_text().startswith("What should take the place of")
        page.get_by_label("The other activity").select_option(label="Activity 5 · 5 min · Video")
        page.get_by_role("button", name="Suggest it instead").click()
        page.get_by_text("is suggested instead of “Activity 10”").wait_for()
        page.get_by_role("button", name="Undo").click()


def test_the_browser_refuses_nothing_that_the_pages_need(chromium: Any, address: str) -> None:
    for path in ("", "skills", "suggestions", "modules"):
        complaints: list[str] = []
        with opened(chromium, address, "teacher") as page:
            page.on("console", lambda message, said=complaints: said.append(message.text))
            page.on("pageerror", lambda error, said=complaints: said.append(str(error)))
            page.goto(urljoin(page.url, path))
        assert complaints == [], path
