"""The learner's pages as a person gets them: what is said, what is offered, what is kept of what they do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from learner_world import ALL_GRANTS, PAGES, StandInCore
from learner_world import launch_of as launch_into
from small_course import EVERYTHING, Clock, launch_of
from stifinder import Depth, Dismissal, Purpose, Reason, Source
from stifinder.core.errors import StoreUnavailable
from stifinder.core.service import Core
from stifinder.lti_tool import visit
from stifinder.lti_tool.app import create_app, pages_app
from stifinder.lti_tool.learner import pages as learner
from werkzeug.test import TestResponse


@cache
def stand_in_app() -> Flask:
    """One application for all stand-ins, so that templates are compiled once."""
    app = pages_app(StandInCore())  # type: ignore[arg-type]
    app.register_blueprint(learner.blueprint())
    return app


def app_around(core: Any) -> Flask:
    if isinstance(core, StandInCore):
        stand_in_app().extensions["stifinder"] = core
        return stand_in_app()
    return create_app(core)


class Person:
    """A browser with one visit open."""

    def __init__(self, core: Any, *, locale: str = "en", launch: Any = None) -> None:
        self.core = core
        self.app = app_around(core)
        self.client: FlaskClient = self.app.test_client()
        launch = launch or launch_into(locale)
        opened = visit.open_visit(self.app, launch, core.recognise(launch))
        with self.app.test_request_context():
            answer = self.app.make_response("")
            visit.save_visit(answer, opened)
            self.token = visit.csrf_token(opened)
        name, _, value = answer.headers["Set-Cookie"].partition("=")
        self.home = f"/learn/{opened.id}/"
        self.client.set_cookie(name, value.partition(";")[0], path=self.home.rstrip("/"))

    def get(self, path: str = "", **more: Any) -> TestResponse:
        return self.client.get(self.home + path, **more)

    def post(self, path: str, **form: Any) -> TestResponse:
        return self.client.post(self.home + path, data={"csrf_token": self.token, **form})

    def told(self, what: str) -> list[tuple[Any, ...]]:
        return [call for call in self.core.told if call[0] == what]


@pytest.fixture
def person() -> Iterator[Callable[..., Person]]:
    def enter(state: str = "full", **more: Any) -> Person:
        return Person(StandInCore(state), **more)

    return enter


def words(answer: TestResponse) -> str:
    """What the page says, without tags, in one line."""
    text = re.sub(r"<(script|style).*?</\1>", " ", answer.text, flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", text)).replace("&#39;", "'")


# --- the page ---------------------------------------------------------------------------------------


def test_the_page_leads_with_the_best_suggestion_and_says_why(person: Callable[..., Person]) -> None:
    answer = person().get()
    said = words(answer)
    assert answer.status_code == 200
    assert "Your path to “Offer writing”" in said
    assert "Because you missed 2 of 3 questions on Cost estimation, and because 8 of 10 who" in said
    assert answer.text.count('class="suggestion best"') == 1
    assert answer.text.index("Costing a change order") < answer.text.index("Payment terms")


def test_only_the_best_suggestion_and_the_review_have_a_filled_button(person: Callable[..., Person]) -> None:
    assert person().get().text.count("btn-main") == 2


@pytest.mark.parametrize(("locale", "expected"), [("da-DK", "Genopfrisk nu"), ("de", "Jetzt wiederholen")])
def test_the_page_speaks_the_language_of_the_launch(
    person: Callable[..., Person], locale: str, expected: str
) -> None:
    answer = person(locale=locale).get()
    assert expected in words(answer)
    assert f'<html lang="{locale[:2]}">' in answer.text


def test_a_chosen_language_stays_for_the_visit(person: Callable[..., Person]) -> None:
    somebody = person()
    assert somebody.get("language/de").status_code == 303
    assert '<html lang="de">' in somebody.get().text
    assert somebody.get("language/fr").status_code == 404


def test_the_time_chosen_is_marked_and_remembered(person: Callable[..., Person]) -> None:
    somebody = person()
    answer = somebody.get("?minutes=5")
    assert re.search(r'minutes=5" aria-current="true"', answer.text)
    somebody.get()
    assert [call[1] for call in somebody.told("page")] == [5, 5]


@pytest.mark.parametrize("nonsense", ["7", "-5", "many", ""])
def test_a_time_that_is_not_offered_changes_nothing(person: Callable[..., Person], nonsense: str) -> None:
    somebody = person()
    assert somebody.get(f"?minutes={nonsense}").status_code == 200
    assert somebody.told("page")[0][1] == 20


def test_what_was_skipped_is_said_and_can_be_taken_anyway(person: Callable[..., Person]) -> None:
    somebody = person()
    said = words(somebody.get())
    assert "you showed them on 12 November: “What is an offer?” and “Using the template”." in said
    assert "2 more need longer than 20 min." in said
    somebody.get("?anyway=1")
    assert [call[4] for call in somebody.told("page")] == [False, True]


def test_knowledge_is_a_band_with_words_and_a_table(person: Callable[..., Person]) -> None:
    answer = person().get()
    assert 'aria-label="Between 55 and 75 of 100, most likely 65"' in answer.text
    assert "likely 55–75\u00a0%" in answer.text
    assert re.search(r"<th scope=\"row\">Contracts</th><td>20–60&nbsp;%</td><td>one answer</td>", answer.text)


def test_what_is_not_known_says_so(person: Callable[..., Person]) -> None:
    said = words(person("more").get())
    assert said.count("not yet known") >= 4
    assert "0–100" not in words(person("more").get()).partition("As a table")[0]


def test_nothing_due_says_when_the_next_review_comes(person: Callable[..., Person]) -> None:
    assert "The next review comes on 26 November." in words(person("more").get())
    assert "Reviews appear here once you have learned something" in words(person("nothing-fits").get())


def test_no_history_yet_asks_three_questions_and_marks_a_first_guess(person: Callable[..., Person]) -> None:
    said = words(person("new").get())
    assert "a first guess" in said
    assert "3 quick questions" in said
    assert "How well do you know Cost estimation?" in said


def test_a_stranger_sees_what_consent_would_change_and_a_page_that_works(
    person: Callable[..., Person],
) -> None:
    answer = person("stranger").get()
    said = words(answer)
    assert "Nothing is remembered about you" in said
    assert "Reviews come up before you are likely to forget." in said
    assert 'href="http://lms.localhost:8001/activity/1"' in answer.text  # straight there: nothing to record
    assert "Not for me" not in said


def test_nothing_that_fits_says_what_to_do(person: Callable[..., Person]) -> None:
    said = words(person("nothing-fits").get("?minutes=5"))
    assert "Nothing fits 5 min right now" in said
    assert "Choose more time above" in said


def test_an_empty_course_says_how_activities_come(person: Callable[..., Person]) -> None:
    assert "They appear once its catalogue is imported" in words(person("empty").get())


def test_when_the_visit_is_over_a_page_says_to_open_it_from_the_lms_again(core: Core, clock: Clock) -> None:
    somebody = Person(core, launch=launch_of("person-1"))
    assert somebody.get().status_code == 200
    clock.forward(hours=2)
    for answer in (somebody.get(), somebody.post("consent", remember="1")):
        assert answer.status_code == 403
        assert "Your visit may have ended. Open the tool from your LMS again" in answer.text
        assert "<form" not in answer.text


@pytest.mark.parametrize(("team", "said"), [(True, True), (False, False)])
def test_a_task_for_a_team_is_done_with_the_group_of_the_lms(
    person: Callable[..., Person], monkeypatch: pytest.MonkeyPatch, team: bool, said: bool
) -> None:
    page = PAGES["more"]
    assert page.challenge is not None
    task = (replace(page.challenge[0], team=team), page.challenge[1])
    assert "with your group" not in person("more").get().text
    monkeypatch.setitem(PAGES, "more", replace(page, challenge=task, groups=("Team A", "Team B")))
    text = person("more").get().text
    assert ("Do it with your group in this course: Team A and Team B." in text) is said


def test_titles_cannot_bring_markup_into_the_page(
    person: Callable[..., Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = PAGES["full"]
    shown = page.suggestions[0]
    evil = "<script>alert(1)</script>"
    named = replace(shown, activity=replace(shown.activity, title=evil))
    reason = Reason("Because of %(word)s.", {"word": evil})
    named = replace(named, suggestion=replace(named.suggestion, reasons=(reason,)))
    monkeypatch.setitem(PAGES, "full", replace(page, suggestions=(named,)))
    answer = person().get()
    assert "&lt;script&gt;" in answer.text
    assert evil not in answer.text


# --- starting, setting aside, why -------------------------------------------------------------------


def start_link(somebody: Person) -> str:
    found = re.search(r'href="([^"]*/go/sugg0\?key=[^"]+)" target="_top"', somebody.get().text)
    assert found
    return found[1]


def test_starting_is_recorded_and_leads_to_the_activity(person: Callable[..., Person]) -> None:
    somebody = person()
    answer = somebody.client.get(start_link(somebody))
    assert answer.location == "http://lms.localhost:8001/activity/1"
    assert somebody.told("start") == [("start", "t1", "learner-1", "sugg0")]


def test_starting_works_in_a_window_that_does_not_have_the_frames_cookie(
    person: Callable[..., Person],
) -> None:
    somebody = person()
    link = start_link(somebody)
    assert somebody.app.test_client().get(link).location == "http://lms.localhost:8001/activity/1"


def test_a_start_link_cannot_be_changed_or_sent_elsewhere(person: Callable[..., Person]) -> None:
    somebody = person()
    link = start_link(somebody)
    assert somebody.client.get(link[:-6] + "AAAAAA").status_code == 403
    assert somebody.client.get(link.replace("sugg0", "sugg1")).status_code == 400
    assert somebody.get("go/sugg0").status_code == 403
    assert "learner-1" not in link


def test_starting_works_even_if_the_record_is_gone(person: Callable[..., Person]) -> None:
    somebody = person()
    link = start_link(somebody)
    somebody.core.state = "empty"
    assert somebody.client.get(link).location == "http://lms.localhost:8001/activity/1"


@pytest.mark.parametrize("reason", list(Dismissal))
def test_not_for_me_takes_each_of_the_reasons_and_can_be_undone(
    person: Callable[..., Person], reason: Dismissal
) -> None:
    somebody = person()
    assert f'value="{reason.value}"' in somebody.get().text
    answer = somebody.post("dismiss/sugg1", reason=reason.value)
    assert answer.status_code == 303
    after = somebody.client.get(answer.location)
    assert "“Payment terms in 4 minutes” is set aside." in words(after)
    assert somebody.post("undo/sugg1").status_code == 303
    assert somebody.told("dismiss") == [("dismiss", "sugg1", reason)]
    assert somebody.told("undo") == [("undo", "sugg1")]


def test_an_unknown_reason_is_refused_with_the_known_ones(person: Callable[..., Person]) -> None:
    answer = person().post("dismiss/sugg1", reason="boring")
    assert answer.status_code == 400
    assert "too-hard" in answer.text


def test_the_record_says_who_voted_what_it_rests_on_and_how_sure(person: Callable[..., Person]) -> None:
    said = words(person().get("why/sugg0"))
    assert "What you know so far: counted most" in said
    assert "their-own-plugin: counted a little" in said
    assert "2 things you did counted as evidence." in said
    assert "It was the clear first choice for this place." in said
    assert "0.9" not in said  # never a score


# --- reviews ----------------------------------------------------------------------------------------


def test_a_review_asks_to_recall_and_says_when_it_comes_back(person: Callable[..., Person]) -> None:
    somebody = person()
    assert "what do you know about Risk clauses?" in words(somebody.get("review/s-risk"))
    answer = somebody.post("review/s-risk", rating=3)
    assert somebody.told("review") == [("review", "s-risk", 3)]
    said = words(somebody.client.get(answer.location))
    assert "Kept. Risk clauses comes back on 27 November." in said
    assert "Next: Delivery terms" in said


def test_a_review_with_an_activity_offers_it(person: Callable[..., Person]) -> None:
    assert "Recall: delivery terms" in words(person().get("review/s-delivery"))


@pytest.mark.parametrize("rating", ["0", "5", "good", ""])
def test_a_rating_that_is_none_of_the_four_is_refused(person: Callable[..., Person], rating: str) -> None:
    somebody = person()
    assert somebody.post("review/s-risk", rating=rating).status_code == 400
    assert not somebody.told("review")


def test_reviews_of_strangers_lead_to_consent(person: Callable[..., Person]) -> None:
    assert person("stranger").get("review/s-risk").location.endswith("/consent")


# --- questions and consent --------------------------------------------------------------------------


def test_a_strangers_answers_stay_in_the_visit(person: Callable[..., Person]) -> None:
    somebody = person("stranger")
    form = {"role": "buyer", "level:s-cost": "0.5", "surprise": "x"}
    answer = somebody.post("answers", **form)
    assert answer.status_code == 303
    said = words(somebody.get())
    assert "One quick question" in said  # the third is left
    assert somebody.told("page")[-1][3] == {"role": "buyer", "level:s-cost": "0.5"}
    assert not somebody.told("answers")


def test_the_answers_of_who_agreed_go_to_the_profile(person: Callable[..., Person]) -> None:
    somebody = person("new")
    somebody.post("answers", goal="s-offer")
    assert somebody.told("answers") == [("answers", {"goal": "s-offer"})]


def test_nothing_is_ticked_beforehand(person: Callable[..., Person]) -> None:
    answer = person("stranger").get("consent")
    assert answer.text.count('type="checkbox"') == len(ALL_GRANTS)
    assert " checked" not in answer.text


def test_exactly_what_is_ticked_is_agreed_to(person: Callable[..., Person]) -> None:
    somebody = person("stranger")
    somebody.post("consent", grant=["suggestions:statements", "peers:page"])
    agreed = {(Purpose.SUGGESTIONS, Source.STATEMENTS), (Purpose.PEERS, Source.PAGE)}
    assert somebody.told("agree") == [("agree", frozenset(agreed))]
    assert "Download everything" in words(somebody.get("data"))  # remembered from now on


def test_switching_off_withdraws_everything(person: Callable[..., Person]) -> None:
    somebody = person()
    somebody.post("consent", none="1", grant=["suggestions:page"])
    assert somebody.told("agree") == [("agree", frozenset())]
    assert "Nothing is stored about you." in words(somebody.get("data"))


def test_another_legal_basis_shows_its_notice_instead_of_a_box(person: Callable[..., Person]) -> None:
    somebody = person("stranger")
    pair = (Purpose.SUGGESTIONS, Source.STATEMENTS)
    somebody.core.bases = {pair: ("contract of employment", "Decided by the works council.")}
    answer = somebody.get("consent")
    assert "it relies on: contract of employment. Decided by the works council." in words(answer)
    assert 'value="suggestions:statements"' not in answer.text


def test_agreeing_to_something_unheard_of_is_refused(person: Callable[..., Person]) -> None:
    somebody = person("stranger")
    assert somebody.post("consent", grant=["everything:always"]).status_code == 400
    assert not somebody.told("agree")


# --- one's own data ---------------------------------------------------------------------------------


def test_everything_that_is_held_is_shown_in_words(person: Callable[..., Person]) -> None:
    answer = person().get("data")
    said = words(answer)
    assert "What happened · 45" in said
    assert "Suggestions made for you" in said
    assert "1 of 3" in said
    assert "3 of 3" in words(person().get("data?kind=events&at=99"))
    assert answer.text.count("All of it") >= 20


def test_the_download_is_everything_as_json(person: Callable[..., Person]) -> None:
    somebody = person()
    answer = somebody.get("data.json")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert json.loads(answer.text) == somebody.core.held("t1", "learner-1")
    assert json.loads(person("stranger").get("data.json").text) == {}


def test_what_was_said_can_be_corrected(person: Callable[..., Person]) -> None:
    somebody = person()
    form = {
        "role": " buyer ",
        "solo": "together",
        "media": ["video"],
        "goal": ["s-cost"],
        "level:s-cost": "0.75",
        "depth": "use",
        "deadline": "2026-12-31",
        "helps": "3",
    }
    assert "Your changes are saved" in words(
        somebody.client.get(somebody.post("data/profile", **form).location)
    )
    ((_, profile),) = somebody.told("profile")
    assert (profile.role, profile.solo, profile.media, profile.goals) == (
        "buyer",
        False,
        ("video",),
        ("s-cost",),
    )
    assert profile.stated_levels == {"s-cost": 0.75}
    assert (profile.depth, profile.deadline, profile.helps) == (Depth.USE, date(2026, 12, 31), 3)


@pytest.mark.parametrize(
    "form",
    [
        {"level:s-cost": "7"},
        {"level:s-cost": "nan"},
        {"media": "smell"},
        {"depth": "deepest"},
        {"deadline": "soon"},
        {"helps": "99"},
        {"helps": "-1"},
    ],
)
def test_a_profile_with_nonsense_is_refused_whole(
    person: Callable[..., Person], form: dict[str, str]
) -> None:
    somebody = person()
    assert somebody.post("data/profile", **form).status_code == 400
    assert not somebody.told("profile")


def test_erasing_asks_once_more_and_gives_a_receipt(person: Callable[..., Person]) -> None:
    somebody = person()
    assert "This cannot be undone" in words(somebody.get("data/erase"))
    assert not somebody.told("erase")
    answer = somebody.post("data/erase")
    said = words(answer)
    assert 'What happened</th><td class="num">45</td>' in answer.text
    assert "Receipt r-2f81c0" in said
    assert "their-own-plugin. Tell your LMS administrator." in said
    assert "Nothing is stored about you." in words(somebody.get("data"))


# --- safety -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["answers", "dismiss/sugg0", "undo/sugg0", "review/s-risk", "consent", "data/profile", "data/erase"],
)
def test_a_form_from_elsewhere_changes_nothing(person: Callable[..., Person], path: str) -> None:
    somebody = person()
    somebody.token = "guessed"
    assert somebody.post(path, reason="known", rating="3", grant="peers:page").status_code == 403
    assert somebody.core.told == []


def test_the_page_may_be_framed_by_its_own_lms_only(person: Callable[..., Person]) -> None:
    headers = person().get().headers
    policy = headers["Content-Security-Policy"]
    assert policy.endswith("frame-ancestors http://lms.localhost:8001")
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "X-Frame-Options" not in headers
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("origin", ["https://a.example; script-src *", "javascript:alert(1)", "*", ""])
def test_a_strange_origin_cannot_loosen_the_policy(person: Callable[..., Person], origin: str) -> None:
    answer = person(launch=launch_into(frame_origin=origin)).get()
    assert answer.headers["Content-Security-Policy"].endswith("frame-ancestors 'none'")


def test_an_lms_that_logs_in_elsewhere_than_it_shows_courses_may_frame_the_page(
    person: Callable[..., Person],
) -> None:
    launch = replace(
        launch_into(frame_origin="https://sso.example.com"), return_url="https://school.example.com/courses/1"
    )
    policy = person(launch=launch).get().headers["Content-Security-Policy"]
    assert policy.endswith("frame-ancestors https://sso.example.com https://school.example.com")


@pytest.mark.parametrize("state", sorted(PAGES))
@pytest.mark.parametrize("path", ["", "consent", "data"])
def test_no_page_carries_inline_script_or_style(person: Callable[..., Person], state: str, path: str) -> None:
    text = person(state).get(path).text
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", text)


# --- errors -----------------------------------------------------------------------------------------


def test_a_visit_nobody_has_says_so_in_the_browsers_language(person: Callable[..., Person]) -> None:
    client = person().app.test_client()
    answer = client.get(f"/learn/{'0' * 32}/", headers={"Accept-Language": "da"})
    assert answer.status_code == 403
    assert "Åbn værktøjet igen fra dit LMS" in words(answer)


def test_errors_for_people_are_pages_and_for_machines_problems(person: Callable[..., Person]) -> None:
    client = person().app.test_client()
    page = client.get("/nowhere", headers={"Accept-Language": "de"})
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "Hier ist nichts" in words(page)
    problem = client.get("/api/nowhere")
    assert (problem.status_code, problem.mimetype) == (404, "application/problem+json")
    assert problem.json["status"] == 404
    assert client.put("/health").status_code == 405
    assert "GET" in client.put("/health").headers["Allow"]


def test_a_fault_of_ours_is_told_in_short_and_says_what_is_safe(
    person: Callable[..., Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    somebody = person()

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a detail nobody should see")

    monkeypatch.setattr(somebody.core, "page", broken)
    answer = somebody.get()
    assert answer.status_code == 500
    assert "What was stored before is safe." in words(answer)
    assert "a detail nobody" not in answer.text


def test_a_busy_store_says_that_nothing_was_lost(
    person: Callable[..., Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    somebody = person()

    def locked(*_: Any, **__: Any) -> None:
        raise StoreUnavailable("The database is locked.", "Try again.")

    monkeypatch.setattr(somebody.core, "dismiss", locked)
    answer = somebody.post("dismiss/sugg0", reason="known")
    assert answer.status_code == 503
    assert "nothing before it was lost" in words(answer)


def test_the_front_page_and_health_answer_without_a_visit(person: Callable[..., Person]) -> None:
    client = create_app(person().core).test_client()
    assert "Åbn værktøjet fra dit LMS" in words(client.get("/", headers={"Accept-Language": "da"}))
    assert client.get("/health").json == {"status": "ok"}


def test_the_tool_can_live_below_a_path(person: Callable[..., Person]) -> None:
    core = person().core
    core.settings.base_url = "https://learn.example/stifinder"
    client = create_app(core).test_client()
    for path in ("/stifinder/", "/"):  # a proxy may strip the path, or not
        assert 'href="/stifinder/static/theme.css"' in client.get(path).text


# --- with the real core -----------------------------------------------------------------------------


def test_from_agreeing_to_erasing_with_the_real_core(core: Core) -> None:
    somebody = Person(core, launch=launch_of("learner-1"))
    assert "Nothing is remembered about you" in words(somebody.get())
    grants = [f"{purpose}:{source}" for purpose, source in EVERYTHING]
    somebody.post("consent", grant=grants)
    page = somebody.get()
    ids = re.findall(r"/dismiss/([^\"]+)\"", page.text)
    assert 1 <= len(ids) <= 5
    assert "Because " in words(page)
    assert "What spoke for it" in words(somebody.get(f"why/{ids[0]}"))
    after = somebody.client.get(somebody.post(f"dismiss/{ids[0]}", reason="not-relevant").location)
    assert "is set aside." in words(after)
    assert f"/dismiss/{ids[0]}" not in after.text
    assert json.loads(somebody.get("data.json").text)["suggestions"]
    assert "Suggestions, and what came of them" in words(somebody.get("data"))
    assert "Receipt" in words(somebody.post("data/erase"))
    assert "Nothing is stored about you." in words(somebody.get("data"))
    assert "Nothing is remembered about you" in words(somebody.get())


def test_starting_is_an_outcome_in_the_real_core(core: Core) -> None:
    launch = launch_of("learner-1")
    core.agree(launch, EVERYTHING)
    somebody = Person(core, launch=launch)
    found = re.search(r'href="([^"]*/go/[^"]+)" target="_top"', somebody.get().text)
    assert found
    assert urlsplit(somebody.client.get(found[1]).location).netloc == "lms.example.org"
    held = json.loads(somebody.get("data.json").text)
    assert "started" in [suggestion["outcome"] for suggestion in held["suggestions"]]
