"""The administration pages in a real Chromium: at any width, in both schemes, by keyboard, without script."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from administration_world import LINK, OTHER_LMS, launch_as, registered
from flask import redirect
from small_course import COURSE, EVERYTHING, ISSUER, NOW, Clock, arrival, launch_of
from stifinder.core.evidence import EventKind
from stifinder.core.opens import Opens
from stifinder.core.people import Purpose, Role, Source
from stifinder.core.service import Core
from stifinder.core.settings import Settings
from stifinder.core.staff import Actor
from stifinder.core.store import joining, lti, tool_keys
from stifinder.core.store.tables import SYSTEM
from stifinder.lti_tool import visit
from stifinder.lti_tool.app import create_app
from stifinder.lti_tool.sign_in import make_link
from werkzeug.serving import make_server

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("chromium")]

TABS = ("", "lms", "keys", "plugins", "privacy", "statements", "jobs", "audit")
MORE = ("plugins/spacing", "plugin-health", "plugin-health/spacing", "privacy/retention?days=90")
STAFF = Actor("staff-1a2b3c4d", Role.ADMINISTRATOR)


def busy(core: Core) -> None:
    """A tenant in which much needs somebody."""
    core.import_catalogue("t", COURSE)
    registration = registered(core)
    registered(core, issuer=OTHER_LMS, status=lti.PENDING)
    registered(core, SYSTEM, "https://unasked.example.net", lti.PENDING)
    with core.database.read() as connection:
        entry = lti.get(connection, "t", registration)
    joining.note_launch(core.database, entry, {"names": True}, 45, NOW)
    for n in range(3):
        launch = replace(
            launch_of(f"person-{n}"),
            registration_id=registration,
            custom=Opens(graded=True).custom,
            line_item=f"{ISSUER}/mod/lti/services.php/2/lineitems/{n}/lineitem?type_id=1",
        )
        core.note_graded(launch, core.agree(launch, EVERYTHING))
        old = NOW - timedelta(days=200)
        core.intake("t", [arrival(f"person-{n}", 2, EventKind.PASSED, at=at, score=0.9) for at in (old, NOW)])
    core.count_progress()
    for taken in core.take_scores()[:2]:
        core.score_failed(
            taken, "The LMS answered 403: this tool may not write grades.", status=403, again=False
        )
    core.add_credential("t", STAFF, "moodle")
    core.choose("t", STAFF, "consent_note", {"en": "The works council agreed to this in March."})
    core.record_basis(
        "t",
        STAFF,
        Purpose.SUGGESTIONS,
        Source.STATEMENTS,
        basis="works agreement",
        decided_by="works council",
        notice="As agreed in March.",
    )
    core.switch_plugin("t", STAFF, "peers", on=False)
    core.set_plugin("t", STAFF, "spacing", {"retention": 0.85})
    core.page(launch_of("person-0"), core.recognise(launch_of("person-0")))
    for _ in range(3):
        core.plugins.isolation.call("content", "candidates", lambda: 1 / 0, {}, seconds=1, check=lambda a: a)
    tool_keys.signing_key(core.database, core.secrets, NOW - timedelta(days=400))
    tool_keys.rotate(core.database, core.secrets, NOW)


@pytest.fixture(scope="module")
def tool(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Core]]:
    """The whole tool on loopback, with ways in without an LMS: ``/door/<role>/<tenant>``."""
    folder = tmp_path_factory.mktemp("administration")
    shutil.copy(migrated_sqlite, folder / "stifinder.db")
    settings = Settings(
        data_dir=folder,
        database_url=f"sqlite:///{folder / 'stifinder.db'}",
        base_url="http://127.0.0.1:8080",
        secret="a secret that is used in tests only",
        development=True,
    )
    core = Core(settings, clock=Clock())
    core.migrate()
    core.add_tenant("t", "Acme Ltd")
    core.add_tenant("new", "A new organisation")
    busy(core)
    app = create_app(core)

    def door(role: str, tenant: str) -> Any:
        opened = visit.open_visit(app, launch_as(Role(role), tenant), "")
        answer = redirect(f"/learn/{opened.id}/{'tenants' if role == 'operator' else 'administration/'}")
        visit.save_visit(answer, opened)
        return answer

    app.add_url_rule("/door/<role>/<tenant>", endpoint="front_door", view_func=door)
    from stifinder.lti_tool import access

    doors = {**access.DOORS, "front_door": access.Door(access.By.ANYBODY)}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(access, "DOORS", doors)
        server = make_server("127.0.0.1", 0, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.port}", core
        server.shutdown()
    core.close()


@contextmanager
def opened(
    chromium: Any,
    address: str,
    way: str = "administrator/t",
    path: str = "",
    *,
    width: int = 1100,
    **more: Any,
) -> Iterator[Any]:
    """A page of a fresh visit in a fresh browser context."""
    context = chromium.new_context(viewport={"width": width, "height": 800}, **more)
    try:
        page = context.new_page()
        page.goto(f"{address}/door/{way}")
        if path:
            page.goto(page.url + path)
        yield page
    finally:
        context.close()


def checked(page: Any, what: str) -> None:
    """Nothing for axe to find, and nothing wider than the window, at three widths, all unfolded."""
    from axe_playwright_python.sync_playwright import Axe

    for width in (1100, 768, 320):
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        found = Axe().run(page)
        assert found.violations_count == 0, f"{what} at {width} px:\n{found.generate_report()}"
        overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0, f"{what}: {overflow} px wider than {width} px"


@pytest.mark.parametrize("path", [*TABS, *MORE])
def test_axe_finds_nothing_in_either_scheme_at_any_width(
    chromium: Any, tool: tuple[str, Core], path: str
) -> None:
    for scheme in ("light", "dark"):
        with opened(chromium, tool[0], path=path, color_scheme=scheme) as page:
            checked(page, f"{path} {scheme}")


@pytest.mark.parametrize("way", ["administrator/new", "operator/system"])
def test_axe_finds_nothing_before_the_set_up_and_for_whoever_runs_the_tool(
    chromium: Any, tool: tuple[str, Core], way: str
) -> None:
    for scheme in ("light", "dark"):
        with opened(chromium, tool[0], way, color_scheme=scheme) as page:
            checked(page, f"{way} {scheme}")


def test_targets_are_large_enough_for_a_finger(chromium: Any, tool: tuple[str, Core]) -> None:
    for path in (*TABS, *MORE):
        with opened(chromium, tool[0], path=path, width=320) as page:
            page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
            small = page.evaluate(
                """() => [...document.querySelectorAll('a, button, summary, input, select')]
                    .filter(e => e.getClientRects().length && !e.closest('.skip-link') && e.type != 'hidden')
                    .map(e => [e.textContent.trim(), e.getBoundingClientRect(), e.classList.contains('btn')])
                    .filter(([_, box, main]) => box.height < (main ? 44 : 24) || box.width < 24)
                    .map(([text, box]) => `${text}: ${box.width} x ${box.height}`)"""
            )
            assert small == [], path


def test_the_keyboard_reaches_the_tabs_first_and_shows_where_it_is(
    chromium: Any, tool: tuple[str, Core]
) -> None:
    with opened(chromium, tool[0]) as page:
        seen = []
        for _ in range(10):
            page.keyboard.press("Tab")
            seen.append(page.evaluate("document.activeElement.textContent.trim()"))
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        assert seen[:3] == ["Skip to the content", "Overview", "LMS"]
        assert seen[9] == "Audit log"


def test_a_plugin_is_set_with_the_keyboard_and_an_error_is_heard(
    chromium: Any, tool: tuple[str, Core]
) -> None:
    address, core = tool
    with opened(chromium, address, path="plugins/motivation") as page:
        page.get_by_label("Chance of success in a challenge").fill("7")
        page.get_by_label("Chance of success in a challenge").press("Enter")
        field = page.get_by_label("Chance of success in a challenge")
        assert field.get_attribute("aria-invalid") == "true"
        page.get_by_text("Give a number from 0.5 to 0.95.").wait_for()
        field.fill("0.6")
        field.press("Enter")
        page.get_by_text("Saved.").wait_for()
    assert core.plugin_here("t", "motivation").settings["edge"] == 0.6


def test_everything_works_without_javascript(chromium: Any, tool: tuple[str, Core]) -> None:
    address, core = tool
    with opened(chromium, address, java_script_enabled=False) as page:
        page.get_by_role("link", name="Statements", exact=True).click()
        page.get_by_label("Name", exact=True).fill("another-lms")
        page.get_by_role("button", name="Make them").click()
        page.get_by_text("The password is shown only now").wait_for()
        page.locator("li", has_text="another-lms").locator("summary").press("Enter")
        page.locator("li", has_text="another-lms").get_by_role("button").click()
        page.get_by_text("are refused from now on").wait_for()
        page.get_by_role("link", name="LMS", exact=True).click()
        page.get_by_role("button", name="Make an invitation").click()
        assert re.search(r"/lti/register\?invite=[\w-]+", page.locator(".secret").inner_text())
        page.get_by_role("link", name="Consent and retention").click()
        page.get_by_label("Days").fill("90")
        page.get_by_role("button", name="See what would go").click()
        page.get_by_text("Within a day, this goes for good").wait_for()
        page.get_by_role("link", name="Leave it as it is").click()
        page.get_by_role("link", name="Audit log").click()
        page.get_by_role("heading", name="The record is whole").wait_for()
    assert core.choices("t").retention_days == 0
    assert "another-lms" not in core.overview("t").credentials


def test_an_operator_comes_by_a_link_adds_a_tenant_and_enters_it(
    chromium: Any, tool: tuple[str, Core]
) -> None:
    address, core = tool
    link = make_link(core, SYSTEM, "operate").replace(core.settings.base_url, address)
    context = chromium.new_context(viewport={"width": 768, "height": 800})
    try:
        page = context.new_page()
        page.goto(link)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_label("Id", exact=True).fill("acme-de")
        page.get_by_label("What people call it").fill("Acme GmbH")
        page.get_by_role("button", name="Add it").click()
        page.get_by_role("button", name=re.compile(r"Enter\s*: Acme GmbH")).click()
        page.get_by_role("heading", name="Set up, step by step").wait_for()
        page.get_by_role("link", name="Invite an LMS").click()
        page.get_by_role("button", name="Make an invitation").click()
        token = page.locator(".secret").inner_text().rpartition("=")[2]
    finally:
        context.close()
    assert joining.invited(core.database, token, core.clock()) == "acme-de"
    assert LINK not in {entry.actor.sign for entry in core.audit_log("acme-de")}
