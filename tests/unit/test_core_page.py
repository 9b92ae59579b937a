"""What plugins say reaches the page through the core: signals, peers, awards, boxes, and being forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from small_course import COURSE, EVERYTHING, NOW, SUGGESTIONS, Clock, MakeCore, arrival, launch_of
from stifinder import (
    Award,
    Candidate,
    Catalogue,
    Challenge,
    EventKind,
    Manifest,
    Motivation,
    PageSection,
    Peer,
    PeerMatch,
    Purpose,
    Reason,
    Signal,
    Situation,
    hookimpl,
    message,
)
from stifinder.core import engine
from stifinder.core.plugins import Plugins
from stifinder.core.proposals import Dismissal, Outcome
from stifinder.core.service import Core
from stifinder.core.store import catalogue
from stifinder.lab import histories

SOON = Reason(message("Because you have a meeting about %(skill)s soon."), {"skill": "s"})


def skill(name: str) -> str:
    return catalogue.opaque("t", "skill", name)


class Surroundings:
    """Knows of a meeting about contracts."""

    @hookimpl
    def context_signals(self, situation: Situation) -> list[Signal]:
        concerned = (skill("contracts"),)
        return [Signal("meeting", situation.now + timedelta(hours=2), None, concerned, 0.8, SOON)]


class Boxes:
    """Adds four boxes, names one achievement each time, and keeps a note of learners."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.forgets: Any = None

    @hookimpl
    def page_sections(self, situation: Situation) -> list[PageSection]:
        return [PageSection(f"Box {n}", ("Words.",)) for n in range(4)]

    @hookimpl
    def award(self, situation: Situation) -> list[Award]:
        self.notes.append(situation.learner.id)
        return [Award("came", "Came by", Reason(message("Because you came by.")))]

    @hookimpl
    def learner_forgotten(self, tenant_id: str, learner_id: str) -> Any:
        if self.forgets is not None:
            raise self.forgets
        before = len(self.notes)
        self.notes = [n for n in self.notes if n != learner_id]
        return before - len(self.notes)


surroundings, boxes = Surroundings(), Boxes()


@pytest.fixture
def boxes_core(make_core: MakeCore, monkeypatch: pytest.MonkeyPatch) -> Core:
    monkeypatch.setattr(boxes, "notes", [])
    monkeypatch.setattr(boxes, "forgets", None)
    core = make_core(plugins=Plugins(load=[f"{__name__}:boxes"], discover=False))
    core.import_catalogue("t", COURSE)
    return core


def test_a_signal_is_a_vote_for_what_teaches_its_skills_with_its_reason(make_core: MakeCore) -> None:
    core = make_core(plugins=Plugins(load=[f"{__name__}:surroundings"], discover=False))
    core.import_catalogue("t", COURSE)
    page = core.page(launch_of("person-1"), "", minutes=20)
    voted = [s for s in page.suggestions if s.suggestion.votes]
    assert {s.activity.key for s in voted} == {"activity-6", "activity-7"}
    assert [s.reasons for s in voted] == [(SOON,), (SOON,)]
    assert {v.strategy for s in voted for v in s.suggestion.votes} == {"signals"}


def test_boxes_of_plugins_are_on_the_page_three_at_most(boxes_core: Core) -> None:
    page = boxes_core.page(launch_of("person-1"), "")
    assert [s.title for s in page.sections] == ["Box 0", "Box 1", "Box 2"]


def test_an_award_is_given_once_and_to_those_who_are_remembered(boxes_core: Core, clock: Clock) -> None:
    assert boxes_core.page(launch_of("person-1"), "").awards == ()
    learner = boxes_core.agree(launch_of("person-1"), SUGGESTIONS)
    for _ in range(2):
        assert [a.key for a in boxes_core.page(launch_of("person-1"), learner).awards] == ["came"]
        clock.forward(days=1)
    (held,) = boxes_core.held("t", learner)["awards"]
    assert held["at"] == NOW.isoformat()


def test_an_erasure_says_what_plugins_removed(boxes_core: Core) -> None:
    learner = boxes_core.agree(launch_of("person-1"), SUGGESTIONS)
    boxes_core.page(launch_of("person-1"), learner)
    receipt = boxes_core.erase("t", learner)
    assert receipt["removed"]["plugin boxes"] == 1
    assert receipt["unconfirmed"] == []
    assert boxes.notes == []


def test_an_erasure_names_a_plugin_that_did_not_confirm_and_goes_through(boxes_core: Core) -> None:
    learner = boxes_core.agree(launch_of("person-1"), SUGGESTIONS)
    boxes.forgets = RuntimeError()
    assert boxes_core.erase("t", learner)["unconfirmed"] == ["boxes"]
    assert boxes_core.held("t", learner) == {}


class Challenging:
    """Always challenges with the same activity."""

    @hookimpl
    def describe_motivation(self, situation: Situation) -> Motivation:
        return Motivation()

    @hookimpl
    def next_challenge(self, situation: Situation, motivation: Motivation) -> Challenge:
        chosen = catalogue.opaque("t", "activity", "activity-7")
        return Challenge(chosen, False, 0.7, Reason(message("Because it is at your edge.")))


challenging = Challenging()


def test_a_challenge_is_shown_only_where_its_activity_may_be_suggested(make_core: MakeCore) -> None:
    core = make_core(plugins=Plugins(load=[f"{__name__}:challenging"], discover=False))
    core.import_catalogue("t", COURSE)
    shown = core.page(launch_of("person-1"), "").challenge
    assert shown is not None
    assert shown[1].key == "activity-7"
    core.ban("t", "activity-7", decided_by="an administrator")
    assert core.page(launch_of("person-1"), "").challenge is None


# --- peers ----------------------------------------------------------------------------------------


def answers(name: str, activity: int, *, right: bool) -> list[Any]:
    return [
        arrival(
            name,
            activity,
            EventKind.ANSWERED,
            at=NOW - timedelta(days=1, minutes=n),
            success=right,
            item=f"question-{n}",
        )
        for n in range(20)
    ]


def test_people_who_agreed_find_each_other_by_what_they_can_give_and_nobody_else_is_shown(core: Core) -> None:
    """All of them know complementary things; one agreed to everything but being found, one is elsewhere."""
    strong_in = {"person-1": 2, "person-2": 7, "person-3": 7, "person-4": 7}
    elsewhere = replace(launch_of("person-4"), context_key="https://lms.example.org#else", context_title="E")
    launches = {n: launch_of(n) for n in strong_in} | {"person-4": elsewhere}
    ids = {}
    for name, strong in strong_in.items():
        ids[name] = core.agree(launches[name], SUGGESTIONS if name == "person-3" else EVERYTHING)
        for activity in (2, 7):
            core.intake("t", answers(name, activity, right=activity == strong))
        core.page(launches[name], ids[name])
    (match,) = core.page(launches["person-1"], ids["person-1"]).peers
    assert match.gives == (skill("contracts"),)
    assert match.needs == (skill("estimating"),)
    assert match.ref not in ids.values()
    assert core.page(launches["person-3"], ids["person-3"]).peers == ()
    core.agree(launches["person-2"], SUGGESTIONS)
    assert core.page(launches["person-1"], ids["person-1"]).peers == ()


class Inventing:
    """Matches with somebody who was not offered."""

    @hookimpl
    def manifest(self) -> Manifest:
        return Manifest(purposes=frozenset({Purpose.PEERS}))

    @hookimpl
    def match_peers(self, situation: Situation) -> list[PeerMatch]:
        return [PeerMatch(ref, (), (), 0.5) for ref in ("somebody-else", situation.peers[0].ref)]


inventing = Inventing()


def test_a_plugin_can_match_only_people_it_was_offered() -> None:
    plugins = Plugins(load=[f"{__name__}:inventing"], discover=False)
    offered = histories.situation(Catalogue("t", "v1"), peers=(Peer("peer-0", {}),))
    assert [m.ref for m in engine.matches(offered, plugins)] == ["peer-0"]


# --- the record -----------------------------------------------------------------------------------


class Witness:
    """Votes with a reason that rests on two events."""

    @hookimpl
    def candidates(self, situation: Situation) -> list[Candidate]:
        reason = Reason(
            message("Because you missed %(num)d question."),
            {"num": 2},
            evidence=tuple(e.id for e in situation.history),
            uses=frozenset({"statements"}),
            plural=message("Because you missed %(num)d questions."),
            count=2,
        )
        return [Candidate(situation.pool[2], 0.9, (reason,))] if situation.history else []


witness = Witness()


def test_the_record_holds_what_was_shown_on_which_evidence_and_what_came_of_it(
    make_core: MakeCore, clock: Clock
) -> None:
    core = make_core(plugins=Plugins(load=[f"{__name__}:witness"], discover=False))
    core.import_catalogue("t", COURSE)
    launch = launch_of("person-1", locale="da")
    learner = core.agree(launch, EVERYTHING)
    missed = [arrival("person-1", 3, EventKind.ANSWERED, success=False, item=f"q{n}") for n in (1, 2)]
    core.intake("t", missed)
    shown = core.page(launch, learner, minutes=20, locale="da").suggestions[0]
    core.intake("t", [arrival("person-1", 2, EventKind.PASSED, at=clock.forward(minutes=9), score=0.8)])

    (record,) = [s for s in core.held("t", learner)["suggestions"] if s["id"] == shown.suggestion.id]
    assert record["activity_id"] == shown.activity.id
    assert (record["position"], record["minutes_asked"], record["locale"]) == (0, 20, "da")
    assert record["votes"] == [{"strategy": "witness", "score": 0.9, "weight": 1.0}]
    assert 0.99 < record["propensity"] <= 1
    assert record["uses"] == ["statements"]
    (reason,) = record["reasons"]
    assert reason["plural"] == "Because you missed %(num)d questions."
    assert (reason["values"], reason["count"]) == ({"num": 2}, 2)
    assert set(reason["evidence"]) == {a.id for a in missed}
    assert (record["outcome"], record["outcome_at"]) == ("passed", clock.now.isoformat())
    assert core.suggestion("t", learner, record["id"]).reasons == shown.reasons


def test_the_record_keeps_why_it_was_not_for_the_learner(core: Core) -> None:
    learner = core.agree(launch_of("person-1"), EVERYTHING)
    shown = core.page(launch_of("person-1"), learner).suggestions[0].suggestion
    core.dismiss("t", learner, shown.id, Dismissal.FORMAT)
    record = core.suggestion("t", learner, shown.id).suggestion
    assert (record.outcome, record.dismissal) == (Outcome.DISMISSED, Dismissal.FORMAT)


# --- the same answer ------------------------------------------------------------------------------


def test_a_learner_with_a_history_gets_the_same_answer_from_the_same_state_clock_and_seed(
    make_core: MakeCore,
) -> None:
    """From another process, and after a restart that reads the log anew."""
    core = make_core()
    core.import_catalogue("t", COURSE)
    learner = core.agree(launch_of("person-1"), EVERYTHING)
    core.intake("t", [*answers("person-1", 2, right=False), arrival("person-1", 3, score=0.9)])
    first = core.page(launch_of("person-1"), learner)
    again = make_core().page(launch_of("person-1"), learner)
    assert first == again


def test_another_seed_or_day_may_change_who_is_first_among_equals(make_core: MakeCore, clock: Clock) -> None:
    core = make_core(plugins=Plugins(load=[f"{__name__}:level"], discover=False))
    core.import_catalogue("t", COURSE)
    firsts = set()
    for _ in range(20):
        firsts.add(core.page(launch_of("person-1"), "").suggestions[0].activity.key)
        clock.forward(days=1)
    assert len(firsts) > 1


class Level:
    """Cannot choose."""

    @hookimpl
    def candidates(self, situation: Situation) -> list[Candidate]:
        return [
            Candidate(i, 0.5, (Reason(message("Because it is as good as another.")),)) for i in situation.pool
        ]


level = Level()


def test_reviews_are_kept_for_each_learner_and_skill_alone(core: Core, clock: Clock) -> None:
    """The same skill of another learner, and another skill of the same learner, stay as they were."""
    ids = {}
    for name in ("person-1", "person-2"):
        ids[name] = core.agree(launch_of(name), EVERYTHING)
        for activity in (2, 7):
            core.intake("t", [arrival(name, activity, EventKind.SCORED, score=0.8)])
    clock.forward(days=30)

    def due(name: str) -> dict[str, Any]:
        return {r.skill_id: r.due for r in core.page(launch_of(name), ids[name]).reviews}

    before = due("person-1"), due("person-2")
    assert set(before[0]) == {skill("estimating"), skill("contracts")}
    again = core.answer_review("t", ids["person-1"], skill("estimating"), 3)
    assert again > clock.now + timedelta(days=1)
    assert due("person-1") == {skill("contracts"): before[0][skill("contracts")]}
    assert due("person-2") == before[1]


def test_a_course_known_by_its_title_belongs_to_the_first_that_opened_it(core: Core) -> None:
    """A teacher can give a course the title of another, and must not come into the other by it."""
    title = core.context_of(launch_of("teacher-1")).title
    first = replace(launch_of("teacher-1"), context_key="https://lms.example.org#41", context_title=title)
    renamed = replace(launch_of("teacher-2"), context_key="https://lms.example.org#42", context_title=title)
    course = core.context_of(first)
    core.note_course(first)
    core.note_course(renamed)
    assert core.context_of(first).id == course.id
    assert core.context_of(replace(first, context_title="Another title now")).id == course.id
    assert core.context_of(renamed).id != course.id
