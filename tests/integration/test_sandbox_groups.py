"""Groups, changes of members, and reviews of grades, between the sandbox LMS and the real tool."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from stifinder.adapters.sandbox.enrolments import Status
from stifinder.adapters.sandbox.people import PEOPLE
from stifinder.core import identity
from stifinder.core.launch import Launch
from stifinder.core.people import Purpose, Role, Source
from stifinder.core.settings import Settings
from stifinder.core.store import groups as store
from test_sandbox_advantage import ACTIVITY, EVERYTHING, Demo


@pytest.fixture
def demo(tmp_path: Path, settings: Settings) -> Iterator[Demo]:
    made = Demo(tmp_path, settings)
    yield made
    made.close()


def learner_of(demo: Demo, name: str) -> str:
    account = identity.account(demo.lms_server.address, name)
    return demo.core.recognise(Launch("sandbox", "r", (account,)))


def agree(demo: Demo, name: str, link: str, grants: list[str]) -> None:
    """Open a link as a learner, and agree there."""
    demo.log_in(PEOPLE[name])
    opened = demo.launch(demo.get(link))
    consent = demo.browser.get(re.sub(r"(/learn/[^/]+/).*", r"\1consent", opened.url), timeout=20)
    assert demo.submit(consent, grant=grants).status_code == 200


def later(demo: Demo) -> None:
    at = demo.core.clock() + timedelta(hours=12, minutes=1)
    demo.core.clock = lambda: at


def test_the_tool_asks_for_what_the_sandbox_offers_and_reads_groups_with_the_members(demo: Demo) -> None:
    tool = demo.install()
    link = f"/courses/offers/tools/{tool.client_id}"
    for name in ("learner-01", "learner-02", "learner-03"):
        agree(demo, name, link, EVERYTHING)
    only = [f"{Purpose.SUGGESTIONS}:{source}" for source in Source]
    agree(demo, "learner-05", link, only)
    demo.log_in(PEOPLE["teacher-01"])
    demo.launch(demo.get(link))
    (entry,) = demo.core.due_rosters()
    assert entry.groups
    assert demo.count_members() == (12, 2, 0)

    known = demo.core.groups_of("sandbox", entry.context_id)
    assert [(title, of_set) for _, title, of_set in known] == [("Team A", "Teams"), ("Team B", "Teams")]
    with demo.core.database.read() as connection:
        fellows = {
            name: store.fellows(connection, "sandbox", entry.context_id, learner_of(demo, name))
            for name in ("learner-01", "learner-02", "learner-05")
        }
    # Odd numbers are in one team, even ones in the other; of learner 5, who agreed to less, nothing is kept.
    assert fellows == {
        "learner-01": {learner_of(demo, "learner-03")},
        "learner-02": frozenset(),
        "learner-05": None,
    }


def test_only_what_changed_is_asked_for_where_groups_are_not(demo: Demo) -> None:
    tool = demo.install()
    demo.log_in(PEOPLE["teacher-01"])
    demo.launch(demo.get(f"/courses/offers/tools/{tool.client_id}"))
    (entry,) = demo.core.due_rosters()
    demo.core.note_roster(
        Launch(
            "sandbox",
            entry.registration_id,
            (),
            frozenset({Role.TEACHER}),
            context_key=f"{demo.lms_server.address}#offers",
        ),
        entry.issuer,
        entry.address,
    )
    assert demo.count_members() == (12, 2, 0)
    later(demo)
    (entry,) = demo.core.due_rosters()
    assert "since=" in entry.differences
    assert demo.count_members() == (12, 2, 0)
    later(demo)
    demo.sandbox.enrolments.set("offers", "learner-12", Status.DELETED)
    assert demo.count_members() == (11, 2, 0)


def test_a_teacher_opens_a_grade_and_sees_progress_or_that_it_is_not_shown(demo: Demo) -> None:
    tool = demo.install()
    demo.log_in(PEOPLE["teacher-01"])
    demo.choose(tool, f"activity:{ACTIVITY}", graded="yes")
    (link,) = demo.sandbox.links.of_course("offers")
    (column,) = demo.sandbox.gradebook.of_course("offers")
    agree(demo, "learner-11", f"/courses/offers/links/{link.id}", EVERYTHING)
    demo.send(demo.get(f"/activities/{ACTIVITY}"), f"/activities/{ACTIVITY}/done")
    demo.log_in(PEOPLE["teacher-01"])
    seen = demo.launch(demo.get(f"/courses/offers/gradebook/{column.number}/learner-11"))
    assert "100 of 100" in seen.text
    hidden = demo.launch(demo.get(f"/courses/offers/gradebook/{column.number}/learner-02"))
    assert hidden.status_code == 200
    assert "progress is not shown" in unescape(hidden.text)
