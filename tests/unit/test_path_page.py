"""The page of the path, as a person gets it from the whole tool."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from small_course import COURSE, EVERYTHING, NOW, SUGGESTIONS, MakeCore, arrival, launch_of
from stifinder.core.decisions import Decision, DecisionKind
from stifinder.core.evidence import EventKind
from stifinder.core.people import Depth, Profile
from stifinder.core.plans import goal
from stifinder.core.service import Core
from stifinder.core.staff import OPERATOR
from stifinder.lti_tool import visit
from stifinder.lti_tool.app import create_app
from werkzeug.test import TestResponse


class Visitor:
    """A browser with one visit open."""

    def __init__(self, core: Core) -> None:
        app = create_app(core)
        self.client = app.test_client()
        launch = launch_of("person-1")
        opened = visit.open_visit(app, launch, core.recognise(launch))
        with app.test_request_context():
            answer = app.make_response("")
            visit.save_visit(answer, opened)
        name, _, value = answer.headers["Set-Cookie"].partition("=")
        self.home = f"/learn/{opened.id}"
        self.client.set_cookie(name, value.partition(";")[0], path=self.home)

    def path(self, query: str = "") -> TestResponse:
        return self.client.get(f"{self.home}/path{query}")


def words(answer: TestResponse) -> str:
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)).replace("&#39;", "'")


def skill_of(core: Core, title: str) -> str:
    return next(s.id for s in core.catalogue("t").skills.values() if s.title == title)


def test_without_a_goal_the_page_says_how_to_set_one(core: Core) -> None:
    answer = Visitor(core).path()
    assert "No goal yet" in words(answer)
    assert 'name="skill"' in answer.text
    assert "<script>" not in answer.text


def test_a_stranger_gets_a_path_too_and_nothing_is_stored(core: Core) -> None:
    said = words(Visitor(core).path(f"?skill={skill_of(core, 'Contracts')}&minutes=10"))
    assert "Your path to “Contracts”" in said
    assert "At 10 min a day this ends" in said
    assert "What changed" not in said


def test_the_page_of_suggestions_leads_to_the_path(core: Core) -> None:
    visitor = Visitor(core)
    assert f"{visitor.home}/path" in visitor.client.get(f"{visitor.home}/").text


def test_goal_and_deadline_of_the_profile_are_taken_up(core: Core) -> None:
    learner_id = core.agree(launch_of("person-1"), EVERYTHING)
    skill = skill_of(core, "Contracts")
    deadline = (core.clock() + timedelta(days=30)).date()
    core.set_profile("t", learner_id, Profile(goals=(skill,), depth=Depth.UNDERSTAND, deadline=deadline))
    answer = Visitor(core).path()
    assert "That is in time for" in words(answer)
    assert re.search(r'value="understand"[^>]* checked', answer.text)


def test_a_missed_deadline_is_said_with_the_minutes_that_would_meet_it(core: Core) -> None:
    skill = skill_of(core, "Negotiating")
    answer = Visitor(core).path(f"?skill={skill}&minutes=5&deadline={NOW.date()}")
    said = words(answer)
    assert "after your deadline" in said
    minutes = re.search(r"minutes=(\d+)&amp;deadline", answer.text)
    assert minutes is not None
    again = Visitor(core).path(f"?skill={skill}&minutes={minutes[1]}&deadline={NOW.date()}")
    assert "in time for" in words(again)


def test_a_result_changes_the_path_and_the_page_says_how_and_why(core: Core) -> None:
    core.agree(launch_of("person-1"), SUGGESTIONS)
    skill = skill_of(core, "Estimating")
    visitor = Visitor(core)
    assert "What changed" not in words(visitor.path(f"?skill={skill}"))
    core.intake("t", [arrival("person-1", 0, at=NOW - timedelta(days=1))])
    core.intake("t", [arrival("person-1", 2, EventKind.SCORED, score=0.1)])
    said = words(visitor.path(f"?skill={skill}"))
    assert "What changed since your latest result" in said
    assert "Because your latest try on Estimating went badly." in said


def test_what_was_done_is_skipped_and_the_page_says_so(core: Core) -> None:
    core.agree(launch_of("person-1"), SUGGESTIONS)
    core.intake("t", [arrival("person-1", 0)])
    said = words(Visitor(core).path(f"?skill={skill_of(core, 'Estimating')}"))
    assert "Skipped, and why" in said
    assert "Because you have done it. “Activity 0”" in said


def test_who_knows_all_of_it_is_there(core: Core) -> None:
    core.agree(launch_of("person-1"), SUGGESTIONS)
    core.intake(
        "t",
        [
            arrival(
                "person-1", 2, EventKind.ANSWERED, success=True, item=f"q{n}", at=NOW - timedelta(hours=2)
            )
            for n in range(12)
        ],
    )
    assert "You are there" in words(Visitor(core).path(f"?skill={skill_of(core, 'Estimating')}"))


@pytest.mark.parametrize("query", ["?skill=no-such", "?minutes=x&deadline=x&depth=x", "?minutes=-3"])
def test_an_address_that_says_nonsense_is_read_as_if_it_said_nothing(core: Core, query: str) -> None:
    assert "No goal yet" in words(Visitor(core).path(query))


def test_what_staff_ruled_out_is_in_no_plan(make_core: MakeCore) -> None:
    core = make_core()
    core.import_catalogue("t", COURSE)
    contracts = skill_of(core, "Contracts")
    found = core.path(launch_of("person-1"), "", goal((contracts,)))
    assert found.plan is not None
    first = found.plan.steps[0].activity_id
    core.decide("t", OPERATOR, Decision(DecisionKind.NEVER, first))
    after = core.path(launch_of("person-1"), "", goal((contracts,)))
    assert after.plan is not None
    assert first not in {step.activity_id for step in after.plan.steps}
