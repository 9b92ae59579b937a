"""Check-ins and the pace box on the learner's page, through the real core with the installed plugins."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from small_course import COURSE, EVERYTHING, NOW, Clock, MakeCore, arrival, launch_of
from stifinder import Purpose, Source
from stifinder.core.evidence import EventKind
from stifinder.core.plugins import Plugins
from stifinder.core.service import Core
from stifinder.lti_tool import visit
from stifinder.lti_tool.app import create_app
from werkzeug.test import TestResponse

LAUNCH = launch_of("person-1")


class Page:
    """The learner's page in a browser."""

    def __init__(self, core: Core) -> None:
        self.core = core
        app = create_app(core)
        self.client = app.test_client()
        opened = visit.open_visit(app, LAUNCH, core.recognise(LAUNCH))
        with app.test_request_context():
            answer = app.make_response("")
            visit.save_visit(answer, opened)
            self.token = visit.csrf_token(opened)
        name, _, value = answer.headers["Set-Cookie"].partition("=")
        self.home = f"/learn/{opened.id}/"
        self.client.set_cookie(name, value.partition(";")[0], path=self.home.rstrip("/"))

    def text(self, path: str = "") -> str:
        said = self.client.get(self.home + path)
        assert said.status_code == 200
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", said.text))

    def post(self, **form: str) -> TestResponse:
        return self.client.post(self.home + "check-in", data={"csrf_token": self.token, **form})


@pytest.fixture
def core(make_core: MakeCore) -> Core:
    made = make_core(plugins=Plugins())
    made.import_catalogue("t", COURSE)
    made.agree(LAUNCH, EVERYTHING)
    return made


def answers(core: Core, results: str) -> None:
    """Answers of the sitting that goes on: r right, w wrong, two minutes apart."""
    core.intake(
        "t",
        [
            arrival(
                "person-1",
                2,
                EventKind.ANSWERED,
                at=NOW - timedelta(minutes=2 * (len(results) - n)),
                success=letter == "r",
                item=f"question-{n}",
            )
            for n, letter in enumerate(results)
        ],
    )


def test_somebody_who_tires_reads_what_was_seen_and_how_it_is_worked_out_and_gets_less(core: Core) -> None:
    answers(core, "rrrrrwwwww")
    page = Page(core)
    said = page.text()
    assert "A short pause?" in said
    assert "5 of the first 5 results of this sitting went well, and 0 of the last 5" in said
    assert "How this is worked out" in said
    assert "in at most 10 of 100 sittings" in said
    shown = core.page(LAUNCH, core.recognise(LAUNCH), minutes=120)
    everything = core.page(LAUNCH, core.recognise(LAUNCH), minutes=120, lighter=False)
    assert len(shown.suggestions) == 2 < len(everything.suggestions)
    assert all(s.activity.minutes <= 15 for s in shown.suggestions)
    assert "Everything is shown." in page.text("?lighter=0")


def test_nothing_of_the_pace_is_in_the_record_that_staff_may_see(core: Core) -> None:
    answers(core, "rrrrrwwwww")
    shown = core.page(LAUNCH, core.recognise(LAUNCH), minutes=120).suggestions
    assert {vote.strategy for s in shown for vote in s.suggestion.votes}.isdisjoint({"pace", "persistence"})
    assert "lighter" not in str(shown)
    assert "sitting" not in str(shown)


def test_a_flow_is_left_alone(core: Core) -> None:
    answers(core, "rrrrrrrrrr")
    said = Page(core).text()
    assert "A short pause?" not in said
    assert "How is it going?" not in said


def test_a_check_in_is_asked_for_after_two_weeks_and_kept_as_one_event(core: Core, clock: Clock) -> None:
    answers(core, "rr")
    clock.forward(days=13)
    page = Page(core)
    assert "How is it going?" not in page.text()
    clock.forward(days=2)
    page = Page(core)
    assert "How is it going?" in page.text()
    assert page.post(motivation="4", goal="yes").location.endswith("noted=1")
    assert "How is it going?" not in page.text()
    held = core.held("t", core.recognise(LAUNCH))
    (kept,) = [event for event in held["events"] if event["item"] == "check-in"]
    assert (kept["score"], kept["success"], kept["source"]) == (0.75, True, "page")


def test_who_says_that_the_goal_is_wrong_comes_to_where_it_is_changed(core: Core) -> None:
    assert Page(core).post(motivation="2", goal="no").location.endswith("/data")


@pytest.mark.parametrize("form", [{}, {"motivation": "6"}, {"motivation": "3", "goal": "perhaps"}])
def test_what_is_no_answer_is_refused_with_what_to_do(core: Core, form: dict[str, str]) -> None:
    assert Page(core).post(**form).status_code == 400


def test_nothing_is_asked_or_kept_of_who_did_not_agree_to_that(core: Core, clock: Clock) -> None:
    answers(core, "rr")
    core.agree(LAUNCH, {(Purpose.SUGGESTIONS, Source.STATEMENTS)})
    clock.forward(days=20)
    page = Page(core)
    assert "How is it going?" not in page.text()
    assert page.post(motivation="3", goal="yes").status_code == 403
    assert all(event["item"] != "check-in" for event in core.held("t", core.recognise(LAUNCH))["events"])


def test_erasing_takes_check_ins_along(core: Core) -> None:
    page = Page(core)
    page.post(motivation="1", goal="yes")
    core.erase("t", core.recognise(LAUNCH))
    assert core.recognise(LAUNCH) == ""
