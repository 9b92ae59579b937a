"""A course's pages as its teachers, mentors and learners get them: what is said, and what forms do."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from course_world import (
    Staff,
    activity_id,
    agree,
    context_of,
    count_roster,
    full_course,
    mentor,
    names,
    open_page,
    teacher,
)
from small_course import ISSUER, launch_of
from stifinder.adapters.lti.names import names as read_names
from stifinder.core.errors import NoAnswer
from stifinder.core.outgoing import Answer
from stifinder.core.people import Role
from stifinder.core.service import Core
from stifinder.core.store import lti as lti_store
from stifinder.core.store.lti import Registration
from stifinder.lti_tool.app import create_app

REGISTRATION = Registration(
    "t", ISSUER, "client-1", "1", f"{ISSUER}/auth", f"{ISSUER}/keys", auth_token_url=f"{ISSUER}/token", id="r"
)
TABS = ("course/", "course/skills", "course/suggestions", "course/modules")


def text_of(page: str) -> str:
    """What a page says, without markup."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).replace("&nbsp;", " ").replace("\u00a0", " ").split())


@pytest.fixture
def full(core: Core) -> tuple[Core, list[str]]:
    people = full_course(core)
    count_roster(core, 31)
    return core, people


# --- reading ----------------------------------------------------------------------------------------


def test_the_first_page_leads_with_the_module_that_loses_most(full: tuple[Core, list[str]]) -> None:
    page = Staff(full[0]).see()
    said = text_of(page)
    assert "24 of 31 learners take part · figures are shown for groups of 5 or more" in said
    assert "“Activity 10” loses more people than modules like it" in said
    assert "25 % finish it (likely 12–45 %). Modules like it: 75 %." in said
    assert re.search(r"Half of those who stop have done so after 1[234] min\.", said)
    assert page.count("btn-main") == 1, "one act first"


def test_the_chart_has_words_and_a_table_beside_it(full: tuple[Core, list[str]]) -> None:
    page = Staff(full[0]).see()
    labels = re.findall(r'<svg class="chart[^>]*role="img" aria-label="([^"]+)"', page)
    assert len(labels) == 2, "wide, and narrow for a phone"
    assert all("25" in label for label in labels)
    assert "Still there in this module" in page


@pytest.mark.parametrize("path", TABS)
def test_no_page_carries_a_style_or_a_script_of_its_own(full: tuple[Core, list[str]], path: str) -> None:
    page = Staff(full[0]).see(path)
    assert not re.search(r"\sstyle=|<style|<script(?! src=)|\son\w+=", page)


@pytest.mark.parametrize("path", TABS)
def test_below_the_least_number_every_page_says_so_and_what_it_takes(core: Core, path: str) -> None:
    agree(core, *names(4))
    for name in names(4):
        open_page(core, name)
    said = text_of(Staff(core).see(path))
    assert "4 learners take part" in said
    if path != "course/suggestions":
        assert "Figures come once 5 learners take part" in said
        assert "Learners agree, each on their own page." in said
    assert "%" not in said.replace("100 %", "")


def test_an_empty_course_teaches_what_must_be_switched_on(core: Core) -> None:
    launch = replace(teacher(), context_key=f"{ISSUER}#new", context_title="A new course")
    said = text_of(Staff(core, launch).see())
    assert "The course is in the catalogue. Not yet" in said
    assert "The LMS reports what learners do. Nothing has arrived" in said


def test_skills_and_modules_stand_with_their_intervals(full: tuple[Core, list[str]]) -> None:
    person = Staff(full[0])
    assert re.search(r"Estimating 24 \d+ % \d+–\d+ %", text_of(person.see("course/skills")))
    said = text_of(person.see("course/modules"))
    assert re.search(r"Activity 10 24 25 % 12–45 % 75 % 1[234] min", said)
    assert "0 to 3 6 4 to 7 18" in said


def test_people_go_by_signs_that_nobody_shares(full: tuple[Core, list[str]]) -> None:
    page = Staff(full[0]).see("course/suggestions")
    signs = set(re.findall(r"Learner ([0-9a-f]{4,})</th>", page))
    assert signs
    ids = {full[0].recognise(launch_of(name)) for name in full[1]}
    assert all(sum(i.startswith(sign) for i in ids) == 1 for sign in signs)
    assert "learner-1" not in page


def test_a_learner_does_not_get_in_and_a_teacher_finds_the_learner_page(
    full: tuple[Core, list[str]],
) -> None:
    learner = Staff(full[0], launch_of(full[1][0]))
    assert all(learner.client.get(learner.home + path).status_code == 403 for path in TABS)
    person = Staff(full[0])
    assert "See it as a learner" in person.see()
    assert "Next for you" in person.see("")


def test_a_link_to_administration_is_there_for_administrators_where_there_is_administration(
    full: tuple[Core, list[str]],
) -> None:
    offered = "administration.index" in create_app(full[0]).view_functions
    administrator = Staff(full[0], teacher(role=Role.ADMINISTRATOR)).see()
    assert (">Administration<" in administrator) is offered
    assert ">Administration<" not in Staff(full[0]).see()


# --- deciding ---------------------------------------------------------------------------------------


def _notice(page: str) -> str:
    """The form beside what was just decided."""
    return page.partition('class="notice"')[2].partition("</form>")[0]


def keys_on_page(core: Core, name: str, minutes: int = 20) -> list[str]:
    launch = launch_of(name)
    shown = core.page(launch, core.recognise(launch), minutes=minutes, locale="en", answers={})
    return [s.activity.key for s in shown.suggestions]


@pytest.mark.parametrize(
    ("kind", "after"), [("pin", "comes first from now on"), ("never", "is not suggested in this course")]
)
def test_a_decision_is_said_shows_on_the_learners_page_and_can_be_undone(
    full: tuple[Core, list[str]], kind: str, after: str
) -> None:
    core, people = full
    person, before = Staff(core), keys_on_page(core, people[0])
    target = activity_id(core, "activity-6" if kind == "pin" else before[0])
    page = person.send("course/decide", kind=kind, activity=target, back="modules").text
    assert after in text_of(page)
    assert keys_on_page(core, people[0]) != before
    undo = dict(re.findall(r'name="(kind|activity|back)" value="([^"]*)"', _notice(page)))
    assert "It is taken back." in text_of(person.send("course/lift", **undo).text)
    assert keys_on_page(core, people[0]) == before
    assert core.decided("t", context_of(core)) == []


def test_an_activity_is_replaced_by_one_chosen_on_a_page_between(
    full: tuple[Core, list[str]],
) -> None:
    core, people = full
    person = Staff(core)
    old, new = activity_id(core, "text-10"), activity_id(core, "activity-5")
    asked = person.send("course/decide", kind="replace", activity=old, back="attention").text
    assert "What should take the place of “Activity 10”?" in text_of(asked)
    assert core.decided("t", context_of(core)) == []
    done = person.send("course/decide", kind="replace", activity=old, instead=new, back="attention").text
    told = text_of(Staff(core, launch_of(people[20])).see(""))
    assert "Because your teacher chose it here instead of “Activity 10”." in told
    assert "“Activity 5” is suggested instead of “Activity 10” from now on." in text_of(done)
    assert keys_on_page(core, people[20])[0] == "activity-5"


def test_hiding_is_for_one_learner_and_says_whose(full: tuple[Core, list[str]]) -> None:
    core, people = full
    learner_id = core.recognise(launch_of(people[0]))
    first = keys_on_page(core, people[0])[0]
    answer = Staff(core).send(
        "course/decide",
        kind="hide",
        activity=activity_id(core, first),
        learner=learner_id,
        back="suggestions",
    )
    assert f"This is for one learner: Learner {learner_id[:4]}." in text_of(answer.text)
    assert learner_id not in answer.request.url, "nobody's id stands in an address"
    assert first not in keys_on_page(core, people[0])


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"kind": "praise", "activity": "x"}, 400),
        ({"kind": "hide", "activity": "x"}, 400),
        ({"kind": "pin", "activity": "x"}, 404),
        ({"kind": "replace", "activity": "x"}, 404),
        ({"kind": "hide", "activity": "x", "learner": "nobody"}, 404),
    ],
)
def test_a_form_with_nonsense_changes_nothing(
    full: tuple[Core, list[str]], form: dict[str, str], status: int
) -> None:
    assert Staff(full[0]).send("course/decide", **form).status_code == status
    assert full[0].decided("t", context_of(full[0])) == []


def test_nothing_is_decided_for_who_agreed_before_the_text_said_so(core: Core) -> None:
    (old,) = agree(core, "learner-1", older=True)
    open_page(core, "learner-1")
    answer = Staff(core).send(
        "course/decide", kind="hide", activity=activity_id(core, "activity-0"), learner=old
    )
    assert answer.status_code == 404


def test_a_form_from_elsewhere_changes_nothing(full: tuple[Core, list[str]]) -> None:
    person = Staff(full[0])
    target = activity_id(full[0], "activity-0")
    for token in ("", "made up"):
        answer = person.send("course/decide", csrf_token=token, kind="never", activity=target)
        assert answer.status_code == 403
    assert full[0].decided("t", context_of(full[0])) == []


def test_a_yes_is_asked_for_given_and_taken_back(full: tuple[Core, list[str]]) -> None:
    core, people = full
    person = Staff(core)
    said = text_of(person.send("course/choose", needs_yes="1", figures_from="5").text)
    assert "Your choice is saved." in said
    for name in people[:6]:
        open_page(core, name)
    page = person.see()
    assert re.search(r"Waiting for your yes · [1-9]", text_of(page))
    assert "not yet known" in text_of(page)
    (target, *_) = re.findall(
        r'name="kind" value="approve">\s*<input type="hidden" name="activity" value="(\w+)"', page
    )
    done = person.send("course/decide", kind="approve", activity=target, back="attention").text
    assert "may be suggested from now on" in text_of(done)
    assert core.catalogue("t").by_id[target].key in [k for n in people[:6] for k in keys_on_page(core, n)]
    undone = person.send("course/lift", kind="approve", activity=target, back="attention").text
    assert "The yes is taken back." in text_of(undone)


def test_what_waits_is_said_on_the_learners_page(full: tuple[Core, list[str]]) -> None:
    core, people = full
    Staff(core).send("course/choose", needs_yes="1", figures_from="5")
    assert re.search(
        r"\d more suggestions wait for a yes of your teacher\.",
        text_of(Staff(core, launch_of(people[0])).see("")),
    )
    stranger = text_of(Staff(core, launch_of("nobody")).see(""))
    assert "In this course a teacher says yes to suggestions first." in stranger
    assert "wait for a yes of your teacher" not in stranger, "nothing of a stranger reaches the teacher"


@pytest.mark.parametrize("number", ["4", "0", "many", ""])
def test_figures_for_smaller_groups_are_refused(full: tuple[Core, list[str]], number: str) -> None:
    assert Staff(full[0]).send("course/choose", figures_from=number).status_code == 400
    assert full[0].choices("t", context_of(full[0])).figures_from == 5


def test_what_was_decided_is_listed_with_who_and_can_be_taken_back(full: tuple[Core, list[str]]) -> None:
    core, _ = full
    person = Staff(core)
    person.send("course/decide", kind="never", activity=activity_id(core, "activity-7"), back="modules")
    said = text_of(person.see("course/suggestions"))
    assert re.search(r"Activity 7 never suggested everybody here staff-[0-9a-f]{8} today Take back", said)


# --- names ------------------------------------------------------------------------------------------


class Answers:
    """Stands where requests go out: a token for whoever asks, and one page of members."""

    def __init__(self, *members: dict[str, Any]) -> None:
        self.members = members

    def post(self, url: str, **_: Any) -> Answer:
        return Answer(200, {}, b'{"access_token": "a-token", "expires_in": 3600}', url)

    def get(self, url: str, **_: Any) -> Answer:
        return Answer(200, {}, json.dumps({"members": self.members}).encode(), url)


class Silent(Answers):
    """An LMS that does not answer."""

    def get(self, url: str, **_: Any) -> Answer:
        raise NoAnswer("The LMS did not answer.", "Try again.")


def member(user_id: str, **more: Any) -> dict[str, Any]:
    return {"user_id": user_id, "roles": ["Learner"], **more}


@pytest.fixture
def lms(full: tuple[Core, list[str]]) -> Callable[[Answers], Core]:
    """Lets the LMS answer as given."""
    core, _ = full
    with core.database.write() as connection:
        kept = lti_store.put(connection, replace(REGISTRATION, id=""), core.clock())
    core.note_roster(replace(teacher(), registration_id=kept.id), ISSUER, f"{ISSUER}/members")

    def answering(answers: Answers) -> Core:
        core.outgoing = answers  # type: ignore[assignment]
        return core

    return answering


def test_names_are_on_the_page_that_asked_for_them_and_nowhere_else(
    lms: Callable[[Answers], Core], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    core = lms(Answers(*(member(n, name=f"Name of {n}") for n in names(24)), member("other", name="Unknown")))
    person = Staff(core)
    assert "Name of" not in person.see("course/suggestions")
    answer = person.send("course/suggestions/names")
    assert answer.request.method == "POST", "an answer that no history keeps and no other page repeats"
    assert "Name of learner-" in answer.text
    assert "Unknown" not in answer.text
    assert "Name of" not in person.see("course/suggestions")
    assert "Name of" not in caplog.text
    assert "Name of" not in dump(core)
    assert core.audit_log("t")[0].act == "see names"


def dump(core: Core) -> str:
    """Everything that the database holds, as text."""
    path = core.settings.data_dir / "stifinder.db"
    with core.database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.read_bytes().decode("latin-1")


@pytest.mark.parametrize("answers", [Answers(member("learner-1")), Silent()])
def test_without_names_the_page_says_so_and_works(lms: Callable[[Answers], Core], answers: Answers) -> None:
    said = text_of(Staff(lms(answers)).send("course/suggestions/names").text)
    assert "The LMS gives no names of this course, or did not answer." in said
    assert "What was suggested to whom, and why" in said


def test_a_name_is_put_together_where_only_its_parts_are_sent() -> None:
    class Tokens:
        def get(self, *_: Any) -> str:
            return "a-token"

    sent = Answers(
        member("1", given_name="Given", family_name="Family"),
        member("2", name=7),
        member("3"),
        {"name": "No id"},
    )
    found = read_names(sent, Tokens(), REGISTRATION, f"{ISSUER}/members")  # type: ignore[arg-type]
    assert found == {"1": "Given Family"}


# --- mentors, and the consent page ------------------------------------------------------------------


def test_a_mentor_finds_those_who_agreed_and_of_the_others_the_count(full: tuple[Core, list[str]]) -> None:
    core, people = full
    person = Staff(core, mentor(people[0], people[1], "nobody", "nobody-else"))
    assert "Those you accompany" in person.see("")
    said = text_of(person.see("course/mentees"))
    assert said.count("Suggested to them") == 2
    assert "2 more, who did not agree to it" in said
    assert Staff(core).client.get(Staff(core).home + "course/mentees").status_code == 403


def test_a_mentor_of_nobody_is_told_so(core: Core) -> None:
    assert "The LMS names nobody whom you accompany" in text_of(Staff(core, mentor()).see("course/mentees"))


def test_who_agreed_before_is_asked_again_in_one_sentence(core: Core) -> None:
    agree(core, "learner-1", older=True)
    agree(core, "learner-2")
    asked = "The page on what may be stored says more than when you agreed"
    assert asked in Staff(core, launch_of("learner-1")).see("")
    assert asked not in Staff(core, launch_of("learner-2")).see("")
    consent = text_of(Staff(core, launch_of("learner-1")).see("consent"))
    assert "Teachers of the course see what is suggested to you, and what came of it." in consent
    assert "Who accompanies you as your mentor, if the LMS names somebody, sees" in consent


def test_a_teacher_who_changes_the_language_stays_with_the_course(core: Core) -> None:
    person = Staff(core)
    answer = person.client.get(f"{person.home}language/de", follow_redirects=True)
    assert answer.request.path == f"{person.home}course/"
    assert '<html lang="de">' in answer.text


@pytest.mark.parametrize("path", ["course/decide", "course/suggestions/names"])
def test_the_address_of_a_form_leads_to_a_page(core: Core, path: str) -> None:
    """As after a change of language on the page that a form led to."""
    person = Staff(core)
    answer = person.client.get(person.home + path, follow_redirects=True)
    assert answer.status_code == 200
    assert "Parts of the course’s pages" in answer.text


def test_a_page_of_suggestions_that_no_course_reaches_is_empty(core: Core) -> None:
    person = Staff(core)
    assert person.client.get(f"{person.home}course/suggestions?at={'9' * 30}").status_code == 200


def test_pages_are_kept_by_no_cache(full: tuple[Core, list[str]]) -> None:
    person = Staff(full[0])
    assert person.client.get(f"{person.home}course/suggestions").headers["Cache-Control"] == "no-store"
