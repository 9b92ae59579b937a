"""The path a person walks, in a real Chromium: LMS, frame, suggestions, activity, other suggestions."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from running_demo import Demo

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("chromium")]


@pytest.fixture(scope="module")
def demo(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    running = Demo(tmp_path_factory.mktemp("walk") / "data")
    yield running
    assert running.stop(signal.SIGINT) == 0


class Person:
    """Somebody in front of a browser."""

    def __init__(self, chromium: Any, demo: Demo, user: str, **options: Any) -> None:
        self.context = chromium.new_context(viewport={"width": 1100, "height": 900}, **options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(30_000)
        password = next(login["password"] for login in demo.world["logins"] if login["user"] == user)
        self.page.goto(demo.world["lms"])
        self.page.get_by_role("textbox", name="User").fill(user)
        self.page.get_by_role("textbox", name="Password").fill(password)
        self.page.get_by_role("button", name="Log in").click()

    def adaptive(self, course: str) -> Any:
        """Go to the course's adaptive page by its links; returns the frame."""
        self.page.get_by_role("link", name=course).first.click()
        self.page.get_by_role("link", name="Adaptive learning", exact=True).first.click()
        frame = self.page.frame_locator("iframe")
        frame.locator("article h3").first.wait_for()
        return frame

    @property
    def suggestions(self) -> list[str]:
        frame = self.page.frame_locator("iframe")
        return [t.strip() for t in frame.locator("article h3").all_inner_texts()]


def test_the_whole_path_from_the_login_to_changed_suggestions(chromium: Any, demo: Demo) -> None:
    person = Person(chromium, demo, "learner-01")
    frame = person.adaptive("Writing offers")
    before = person.suggestions
    assert 1 <= len(before) <= 5
    assert frame.get_by_text("Because").count() >= len(before)

    frame.get_by_role("link", name="Start").first.click()
    page = person.page
    page.wait_for_url("**/activities/**")
    assert before[0] in page.get_by_role("heading", level=1).inner_text()
    for question in page.get_by_role("group").all():
        question.get_by_role("radio").first.check()
    page.get_by_role("button", name=re.compile("Submit answers|Mark as done")).click()
    page.get_by_role("link", name="Back to Adaptive learning").first.click()
    frame.locator("article h3").first.wait_for()
    assert person.suggestions != before
    assert frame.get_by_text("Because").count() >= 1
    person.context.close()


def test_somebody_who_has_not_agreed_sees_a_first_guess_and_can_agree(chromium: Any, demo: Demo) -> None:
    person = Person(chromium, demo, "learner-11")
    frame = person.adaptive("Writing offers")
    assert person.suggestions
    assert frame.get_by_text("first guess").count() >= 1
    assert frame.get_by_role("link", name="What is stored about me").count() == 1
    person.context.close()
