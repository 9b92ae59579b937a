"""A new administrator's walk, in a real Chromium: from an address to paste to a grade in the LMS's gradebook.

With ``STIFINDER_PICTURES=1`` (or a folder in it) the walk also takes the pictures of the install guides.
"""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from running_demo import PATIENCE, Demo

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("chromium")]

IMAGES = Path(__file__).parents[2] / "docs" / "images"
COURSE = "Writing offers: for project managers"
PATH, ACTIVITY = "Adaptive path", "What an offer is for"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def demo(folder: Path) -> Iterator[Demo]:
    running = Demo(folder)
    yield running
    assert running.stop(signal.SIGINT) == 0


def stifinder(demo: Demo, folder: Path, *words: str) -> str:
    """Run a command at the demo's tool; returns what it prints."""
    program = "from stifinder.lti_tool.cli import main; main()"
    address = {"STIFINDER_BASE_URL": demo.world["tool"], "STIFINDER_DEVELOPMENT": "1"}
    ended = subprocess.run(
        [sys.executable, "-c", program, "--data-dir", str(folder / "tool"), *words],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, **address},
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


class Person:
    """Somebody in front of a browser of their own, logged in to the LMS."""

    def __init__(self, chromium: Any, demo: Demo, user: str) -> None:
        self.demo = demo
        self.context = chromium.new_context(viewport={"width": 1024, "height": 768})
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE * 1000)
        self.statuses: dict[str, int] = {}
        self.page.on("response", lambda answer: self.statuses.update({answer.url: answer.status}))
        password = next(login["password"] for login in demo.world["logins"] if login["user"] == user)
        self.page.goto(demo.world["lms"])
        self.page.get_by_role("textbox", name="User").fill(user)
        self.page.get_by_role("textbox", name="Password").fill(password)
        self.press("Log in")
        self.page.get_by_role("button", name="Log out").wait_for()

    @property
    def frame(self) -> Any:
        return self.page.frame_locator("iframe")

    def press(self, button: str) -> None:
        self.page.get_by_role("button", name=button).click()

    def follow(self, link: str) -> None:
        self.page.get_by_role("link", name=link, exact=True).first.click()

    def heading(self, words: str) -> None:
        self.page.get_by_role("heading", name=words, level=1).wait_for()

    def open_course(self) -> None:
        self.page.goto(self.demo.world["lms"])
        self.follow(COURSE)
        self.heading(COURSE)

    def open_link(self, title: str) -> None:
        """Open a link of the course, and wait for the tool's page in its frame."""
        self.open_course()
        tool = f"{self.demo.world['tool']}/learn/"
        with self.page.expect_event("framenavigated", lambda frame: frame.url.startswith(tool)):
            self.page.locator("a[href*='/links/']", has_text=title).click()
        self.frame.locator("h1").first.wait_for()

    def pages_of_the_tool(self) -> dict[str, int]:
        """Addresses below a visit to the status of their answers, as far as they were no redirects."""
        tool = self.demo.world["tool"]
        return {
            url.removeprefix(tool): status
            for url, status in self.statuses.items()
            if url.startswith(f"{tool}/learn/") and not 300 <= status < 400
        }

    def picture(self, name: str) -> None:
        """Take a picture for the guides, when asked to."""
        wanted = os.environ.get("STIFINDER_PICTURES", "")
        if wanted:
            where = IMAGES if wanted == "1" else Path(wanted)
            where.mkdir(parents=True, exist_ok=True)
            self.page.evaluate("window.scrollTo(0, 0)")
            self.page.screenshot(path=where / f"install-{name}.png")


def install(person: Person, invitation: str) -> str:
    """Register and activate the tool; returns the address of its check page."""
    person.follow("Tools")
    person.page.get_by_label("Registration address of a tool").fill(invitation)
    person.picture("address")
    person.press("Add the tool")
    person.frame.get_by_role("heading", name="Register this LMS?").wait_for()
    person.picture("question")
    person.frame.get_by_role("button", name="Register").click()
    close = person.frame.get_by_role("button", name="Close")
    close.wait_for()
    person.picture("registered")
    check = person.frame.get_by_role("link", name="Check my installation").get_attribute("href")
    close.click()
    person.page.get_by_text("Pending").wait_for()
    person.picture("activate")
    person.press("Activate")
    person.page.get_by_text("Active", exact=True).wait_for()
    return str(check)


def add_links(person: Person) -> None:
    """Choose a path and an activity at the tool, with grades, and find them in the course."""
    person.open_course()
    person.follow("Add content from a tool")
    person.follow("Stifinder")
    frame = person.frame
    frame.get_by_label("Adaptive path for this course").check()
    frame.get_by_label("Search in titles").fill("what an offer")
    frame.get_by_role("button", name="Search").last.click()
    frame.get_by_label(ACTIVITY).check()
    frame.get_by_label("Pass progress").check()
    person.picture("choose")
    frame.get_by_role("button", name="Add to the course").click()
    person.page.get_by_text("2 links were added.").wait_for()
    person.picture("course")


def agree_to_everything(person: Person) -> None:
    person.open_link(PATH)
    person.frame.get_by_role("link", name="Choose what may be stored").first.click()
    person.frame.get_by_role("button", name="Save my choice").wait_for()
    for box in person.frame.get_by_role("checkbox").all():
        box.check()
    person.frame.get_by_role("button", name="Save my choice").click()
    person.frame.get_by_role("button", name="Save my choice").wait_for(state="detached")


def do_the_activity(person: Person) -> None:
    person.open_course()
    person.page.locator("ol").get_by_role("link", name=ACTIVITY, exact=True).click()
    person.press("Mark as done")
    person.page.get_by_role("heading", name="Done").wait_for()


def can_be_used_by_everybody(person: Person) -> None:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(person.page)
    assert found.violations_count == 0, found.generate_report()


def grades_of(person: Person, learner: str) -> list[str]:
    """A learner's row in the gradebook."""
    person.open_course()
    person.follow("Gradebook")
    row = person.page.get_by_role("row").filter(
        has=person.page.get_by_role("rowheader", name=learner, exact=True)
    )
    row.wait_for()  # the texts of what is not there yet are an empty list, not something to wait for
    return [re.split(r"[:\s]", cell.strip())[0] for cell in row.get_by_role("cell").all_inner_texts()]


def test_from_an_address_to_paste_to_a_grade_in_the_gradebook(
    chromium: Any, demo: Demo, folder: Path
) -> None:
    administrator = Person(chromium, demo, "admin")
    check = install(administrator, stifinder(demo, folder, "invite", "--tenant", "sandbox"))

    teacher = Person(chromium, demo, "teacher-01")
    add_links(teacher)
    teacher.open_link(PATH)
    opened = teacher.pages_of_the_tool()
    assert opened
    assert set(opened.values()) == {200}, opened

    learner = Person(chromium, demo, "learner-11")
    agree_to_everything(learner)
    learner.open_link(ACTIVITY)
    do_the_activity(learner)
    learner.open_link(ACTIVITY)  # whoever comes back has the grade sent at once
    learner.open_link(PATH)
    assert set(learner.pages_of_the_tool().values()) == {200}

    until = time.monotonic() + PATIENCE
    while (grades := grades_of(teacher, "Learner 11")) != ["6", "100"] and time.monotonic() < until:
        stifinder(demo, folder, "jobs", "run", "--once")
    assert grades == ["6", "100"]  # one of 16 activities of the path; all of the activity
    assert grades_of(teacher, "Learner 1") == ["–", "–"]
    teacher.picture("gradebook")
    can_be_used_by_everybody(teacher)
    teacher.open_course()
    can_be_used_by_everybody(teacher)
    teacher.follow("People")
    can_be_used_by_everybody(teacher)

    stifinder(demo, folder, "jobs", "run", "--once")
    with sqlite3.connect(folder / "tool" / "stifinder.db") as connection:
        assert connection.execute("SELECT learners, staff FROM roster").fetchall() == [(12, 2)]

    administrator.page.goto(check)
    administrator.heading("Check my installation")
    told = administrator.page.locator("dt").all_inner_texts()
    assert [one for one in told if one.endswith("needs you")] == []
    for name in ("Opening the tool", "Adding links", "Grades", "Who takes part", "Statements of the LMS"):
        assert f"{name}: fine" in told
    administrator.picture("check")
    for person in (administrator, teacher, learner):
        person.context.close()
