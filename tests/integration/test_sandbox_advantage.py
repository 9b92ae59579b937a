"""LTI Advantage between the sandbox LMS and the real tool: links, grades that come back, members."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from sandbox_world import World
from stifinder.adapters.sandbox import introduction
from stifinder.adapters.sandbox.people import ADMIN, PEOPLE
from stifinder.adapters.sandbox.tools import RegisteredTool
from stifinder.core.people import Purpose, Source
from stifinder.core.settings import Settings
from stifinder.lti_tool.jobs import Jobs

ACTIVITY = "offer-purpose"
EVERYTHING = [f"{purpose.value}:{source.value}" for purpose in Purpose for source in Source]


class Demo(World):
    """The world of the demo: the tool knows the sandbox's catalogue, and takes its statements."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        super().__init__(folder, settings)
        introduction.introduce(self.core, self.sandbox)
        self.jobs = Jobs(self.core)

    def invitation(self) -> str:
        return introduction.invitation(self.core)

    def install(self) -> RegisteredTool:
        """Register the tool as an administrator does, and activate it."""
        self.log_in(ADMIN)
        assert "Registered" in self.register().text
        (tool,) = self.sandbox.tools.every()
        self.send(self.get("/admin/tools"), f"/admin/tools/{tool.client_id}/activate")
        return tool

    def choosing(self, tool: RegisteredTool) -> requests.Response:
        """The tool's page on which a teacher chooses."""
        offered = self.get("/courses/offers/content")
        address = f"/courses/offers/content/{tool.client_id}"
        assert address in offered.text
        return self.launch(self.get(address))

    def choose(self, tool: RegisteredTool, *opened: str, **fields: str) -> requests.Response:
        """Choose links, and go back to the LMS."""
        way_back = self.submit(self.choosing(tool), open=list(opened), **{"act": "add", **fields})
        return self.submit(way_back)

    def count_members(self) -> tuple[int, int, int]:
        """Have the tool read who takes part; learners, staff, and those who are inactive."""
        (entry,) = self.core.due_rosters()
        assert self.jobs.read_rosters() == 1
        told = self.core.members_of("sandbox", entry.context_id)
        assert told is not None
        return told.learners, told.staff, told.gone

    def gradebook(self) -> dict[str, list[str]]:
        """The gradebook as a teacher reads it: learner to cells."""
        self.log_in(PEOPLE["teacher-01"])
        page = self.get("/courses/offers/gradebook").text
        rows = re.findall(r'<tr><th scope="row">([^<]+)</th>(.*?)</tr>', page, re.DOTALL)
        return {
            name: [re.sub(r"<span.*?</span>|<[^>]+>", "", cell).strip() for cell in row.split("</td>")[:-1]]
            for name, row in rows
        }


@pytest.fixture
def demo(tmp_path: Path, settings: Settings) -> Iterator[Demo]:
    made = Demo(tmp_path, settings)
    yield made
    made.close()


def test_a_teacher_adds_links_and_a_learners_grade_comes_back(demo: Demo) -> None:
    tool = demo.install()
    demo.log_in(PEOPLE["teacher-01"])
    added = demo.choose(tool, "path", f"activity:{ACTIVITY}", graded="yes")
    assert added.status_code == 200, added.text
    assert "What an offer is for" in added.text
    path, activity = demo.sandbox.links.of_course("offers")
    course = demo.get("/courses/offers?added=2")
    assert "2 links were added" in course.text
    assert f"/courses/offers/links/{path.id}" in course.text
    columns = demo.sandbox.gradebook.of_course("offers")
    assert [(column.link_id, column.maximum) for column in columns] == [(path.id, 100), (activity.id, 100)]

    teachers_page = demo.launch(demo.get(f"/courses/offers/links/{path.id}"))
    assert demo.count_members() == (12, 2, 0)

    demo.log_in(PEOPLE["learner-11"])
    opened = demo.launch(demo.get(f"/courses/offers/links/{activity.id}"))
    assert opened.url.endswith("/activity")
    consent = demo.browser.get(re.sub("activity$", "consent", opened.url), timeout=20)
    assert demo.submit(consent, grant=EVERYTHING).status_code == 200
    demo.launch(demo.get(f"/courses/offers/links/{activity.id}"))
    demo.launch(demo.get(f"/courses/offers/links/{path.id}"))
    demo.send(demo.get(f"/activities/{ACTIVITY}"), f"/activities/{ACTIVITY}/done")
    assert demo.sandbox.store.count("waiting") == 0
    assert demo.jobs.send_scores() == 2
    grades = demo.gradebook()
    assert len(grades) == 12
    assert grades["Learner 11"] == ["6", "100"]  # one of the course's 16 activities
    assert grades["Learner 1"] == ["–", "–"]
    assert teachers_page.status_code == 200
    (column, _) = columns
    review = f"/courses/offers/gradebook/{column.number}/learner-11"
    assert review in demo.get("/courses/offers/gradebook").text
    assert demo.launch(demo.get(review)).status_code == 200


def test_the_tool_that_the_demo_brings_along_adds_links_too(demo: Demo) -> None:
    tool = demo.sandbox.tool("stifinder-sandbox")
    assert tool is not None
    demo.log_in(PEOPLE["teacher-02"])
    assert demo.choose(tool, f"activity:{ACTIVITY}").status_code == 200
    (link,) = demo.sandbox.links.of_course("offers")
    assert demo.sandbox.gradebook.of_course("offers") == []
    demo.log_in(PEOPLE["learner-01"])
    opened = demo.launch(demo.get(f"/courses/offers/links/{link.id}"))
    assert opened.status_code == 200
    assert opened.url.endswith("/activity")


def test_a_choice_that_is_cancelled_adds_nothing(demo: Demo) -> None:
    tool = demo.install()
    demo.log_in(PEOPLE["teacher-01"])
    answer = demo.choose(tool, act="cancel")
    assert answer.status_code == 200
    assert "Nothing was added." in answer.text
    assert demo.sandbox.links.of_course("offers") == []


def test_an_answer_counts_once(demo: Demo) -> None:
    tool = demo.install()
    demo.log_in(PEOPLE["teacher-01"])
    way_back = demo.submit(demo.choosing(tool), open="path", act="add")
    assert demo.submit(way_back).status_code == 200
    again = demo.submit(way_back)
    assert again.status_code == 400
    assert "answered before" in again.text
    assert len(demo.sandbox.links.of_course("offers")) == 1


def test_learners_neither_add_content_nor_see_grades(demo: Demo) -> None:
    demo.log_in(PEOPLE["learner-01"])
    for path in ("content", "content/stifinder-sandbox", "gradebook", "people"):
        assert demo.get(f"/courses/offers/{path}").status_code == 403
    start = demo.get("/courses/offers/adaptive/start?errand=choose")
    assert start.status_code == 403


def test_a_removed_link_takes_its_column_along(demo: Demo) -> None:
    tool = demo.install()
    demo.log_in(PEOPLE["teacher-01"])
    demo.choose(tool, "path", graded="yes")
    (link,) = demo.sandbox.links.of_course("offers")
    demo.send(demo.get("/courses/offers"), f"/courses/offers/links/{link.id}/remove")
    assert demo.sandbox.links.of_course("offers") == []
    assert demo.sandbox.gradebook.of_course("offers") == []
    assert demo.get(f"/courses/offers/links/{link.id}").status_code == 404


def test_who_was_unenrolled_finds_the_course_closed_and_is_counted_no_longer(demo: Demo) -> None:
    demo.log_in(ADMIN)
    people = demo.get("/courses/offers/people")
    demo.send(people, "/courses/offers/people/learner-03", act="unenrol")
    demo.send(people, "/courses/offers/people/learner-04", act="suspend")
    assert "Left" in demo.get("/courses/offers/people").text
    demo.log_in(PEOPLE["learner-03"])
    assert "/courses/offers" not in demo.get("/").text
    for path in ("/courses/offers", "/courses/offers/adaptive/start", f"/activities/{ACTIVITY}"):
        assert demo.get(path).status_code == 403
    demo.log_in(PEOPLE["teacher-01"])
    demo.launch(demo.get("/courses/offers/adaptive"))
    assert demo.count_members() == (10, 2, 1)
