"""What staff read about a course: only of people who agreed, of enough of them, of this course and tenant."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from course_world import (
    LOSES,
    activity_id,
    agree,
    context_of,
    count_roster,
    full_course,
    mentor,
    names,
    open_page,
    teacher,
    went,
)
from small_course import COURSE, EVERYTHING, ISSUER, SUGGESTIONS, Clock, MakeCore, draft, launch_of
from stifinder import Challenge, Motivation, Reason, Situation, hookimpl
from stifinder.core.access import STAFF
from stifinder.core.decisions import Decision, DecisionKind
from stifinder.core.desks.course import CourseFigures
from stifinder.core.launch import Launch
from stifinder.core.people import Purpose, Source
from stifinder.core.plugins import Plugins
from stifinder.core.service import Core
from stifinder.core.store.catalogue import opaque


def figures(core: Core, tenant: str = "t") -> CourseFigures:
    return core.course_figures(tenant, context_of(core, tenant))


@pytest.fixture
def both(make_core: MakeCore, database_url: str) -> Core:
    """A full course on each database."""
    core = make_core(url=database_url)
    full_course(core)
    return core


def test_a_full_course_has_figures_on_both_databases(both: Core) -> None:
    count_roster(both, 31)
    found = figures(both)
    assert (found.taking_part, found.enough) == (24, True)
    assert found.headcount is not None
    assert found.headcount.learners == 31
    module = next(m for m in found.modules if m.activity_id == activity_id(both, f"text-{LOSES}"))
    assert module.finish is not None
    assert module.finish.value == 6 / 24
    assert module.like is not None
    assert module.like.value == 0.75
    assert module.stop is not None
    assert module.stop.half_by in (12, 13, 14)
    assert found.skills[0].people == 24
    assert sum(b.people or 0 for b in found.far) == 24


def test_who_did_not_agree_is_in_no_figure(core: Core) -> None:
    full_course(core)
    before = figures(core)
    strangers = names(10, 100)
    went(core, LOSES, strangers, end=True)
    for name in strangers:
        open_page(core, name)
    core.clock.forward(minutes=2)  # type: ignore[attr-defined]
    assert figures(core) == before


def test_who_agreed_to_counting_only_is_in_no_figure(core: Core) -> None:
    full_course(core)
    before = figures(core)
    for name in names(10, 100):
        core.agree(launch_of(name), {(Purpose.SHARED_MODELS, Source.STATEMENTS)})
    went(core, LOSES, names(10, 100), end=True)
    core.clock.forward(minutes=2)  # type: ignore[attr-defined]
    assert figures(core) == before


def test_who_withdraws_is_out_of_the_figures_at_once(core: Core) -> None:
    people = full_course(core)
    assert figures(core).taking_part == 24
    core.agree(launch_of(people[0]), ())
    assert figures(core).taking_part == 23


def test_another_legal_basis_counts_as_agreeing(core: Core) -> None:
    core.set_legal_basis(
        "t",
        Purpose.SUGGESTIONS,
        Source.STATEMENTS,
        basis="contract",
        decided_by="somebody",
        notice="So it is.",
    )
    people = names(6)
    for name in people:
        core.recognise(launch_of(name))
    went(core, 0, people, end=True)
    for name in people:
        open_page(core, name)
    assert figures(core).taking_part == 6
    assert core.course_suggestions("t", context_of(core))[0], "the notice tells them"


@pytest.mark.parametrize("count", [1, 4])
def test_below_the_least_number_there_is_the_count_and_nothing_else(core: Core, count: int) -> None:
    agree(core, *names(count))
    went(core, 0, names(count), end=True)
    found = figures(core)
    assert (found.taking_part, found.enough, found.reported) == (count, False, True)
    assert (found.modules, found.skills, found.far, found.suggested) == ((), (), (), ())


def test_a_course_can_ask_for_larger_groups_and_not_for_smaller_than_the_tenant(core: Core) -> None:
    full_course(core)
    me, here = core.actor(teacher()), context_of(core)
    core.choose("t", me, "figures_from", 30, here)
    assert not figures(core).enough
    core.choose("t", me, "figures_from", 5, here)
    core.choose("t", me, "figures_from", 25)
    assert not figures(core).enough


def test_staff_do_not_make_a_group_large_enough(core: Core) -> None:
    agree(core, *names(4))
    went(core, 0, names(4), end=True)
    for role in STAFF:
        launch = teacher(role=role, name=f"{role}-1")
        core.agree(launch, EVERYTHING)
        core.page(launch, core.recognise(launch), minutes=20, locale="en", answers={})
    assert figures(core).taking_part == 4


def test_figures_are_of_this_course_and_this_tenant_alone(core: Core) -> None:
    full_course(core)
    core.add_tenant("other", "Another")
    core.import_catalogue("other", COURSE)
    assert figures(core, "other").taking_part == 0
    assert core.course_queue("other", context_of(core)) == []
    assert core.course_suggestions("other", context_of(core)) == ([], False)
    core.import_catalogue("t", [draft(40, key="elsewhere", course_key="sales", course_title="Sales")])
    elsewhere = replace(teacher(), context_key=f"{ISSUER}#sales", context_title="Sales")
    found = core.course_figures("t", core.context_of(elsewhere).id)
    assert (found.taking_part, found.reported) == (0, False)


def test_figures_are_read_once_a_minute(core: Core, clock: Clock) -> None:
    people = full_course(core)
    first = figures(core)
    went(core, 1, people[:10], end=True)
    assert figures(core) is first
    clock.forward(seconds=61)
    after = next(m for m in figures(core).modules if m.activity_id == activity_id(core, "activity-1"))
    assert after.begun == 10


def test_where_no_time_is_told_it_is_not_yet_known_when_people_stop(core: Core) -> None:
    people = names(24)
    agree(core, *people)
    went(core, 0, people[:8], end=True)
    went(core, 0, people[8:])
    module = next(m for m in figures(core).modules if m.activity_id == activity_id(core, "activity-0"))
    assert module.finish is not None
    assert module.finish.value == 8 / 24
    assert module.stop is None


# --- single people ----------------------------------------------------------------------------------


def test_single_people_are_listed_who_agreed_that_teachers_see_it(core: Core) -> None:
    new = agree(core, *names(2))
    old = agree(core, *names(6, 20), older=True)
    for name in [*names(2), *names(6, 20)]:
        open_page(core, name)
    here = context_of(core)
    found, _ = core.course_suggestions("t", here)
    assert {s.learner_id for s in found} == set(new)
    assert figures(core).taking_part == 8, "the others are in figures"
    assert core.may_decide_for("t", here, new[0])
    assert not core.may_decide_for("t", here, old[0])


def test_agreeing_again_lets_teachers_see_it_and_the_page_does_not_ask_any_more(core: Core) -> None:
    agree(core, "learner-1", older=True)
    launch = launch_of("learner-1")

    def asked() -> bool:
        return core.page(launch, core.recognise(launch), minutes=20, locale="en", answers={}).agreed_before

    assert asked()
    core.agree(launch, EVERYTHING)
    assert not asked()
    assert core.course_suggestions("t", context_of(core))[0]


def test_figures_less_the_list_never_leave_few(core: Core) -> None:
    """Five are listed and two are not: what was suggested is then counted of the five alone."""
    agree(core, *names(5))
    agree(core, *names(2, 20), older=True)
    for name in [*names(5), *names(2, 20)]:
        open_page(core, name)
    told = [s.people for s in figures(core).suggested if s.people]
    assert told
    assert set(told) == {5}


# --- the queue --------------------------------------------------------------------------------------


def ask_for_a_yes(core: Core) -> str:
    here = context_of(core)
    core.choose("t", core.actor(teacher()), "needs_yes", True, here)
    return here


def test_what_needs_a_yes_waits_in_one_row_for_each_activity(core: Core) -> None:
    here = ask_for_a_yes(core)
    agree(core, *names(3))
    for name in names(3):
        open_page(core, name)
    queue = core.course_queue("t", here)
    assert len({w.activity_id for w in queue}) == len(queue) > 0
    assert {w.people for w in queue} <= {1, 2, 3}
    assert not any(w.more for w in queue)
    assert all(w.reasons for w in queue)
    assert all(w.went_well is None for w in queue), "nothing was measured yet"


def test_the_queue_does_not_say_how_few_agreed_before_the_text_changed(core: Core) -> None:
    here = ask_for_a_yes(core)
    agree(core, *names(2), older=True)
    for name in names(2):
        open_page(core, name)
    queue = core.course_queue("t", here)
    assert queue
    assert {(w.people, w.more, w.reasons) for w in queue} == {(0, True, ())}


def test_a_yes_takes_it_off_the_queue_and_puts_it_on_the_page(core: Core) -> None:
    here = ask_for_a_yes(core)
    agree(core, "learner-1")
    open_page(core, "learner-1")
    launch = launch_of("learner-1")
    wanted = core.course_queue("t", here)[0].activity_id

    def page() -> list[str]:
        shown = core.page(launch, core.recognise(launch), minutes=20, locale="en", answers={})
        return [s.activity.id for s in shown.suggestions]

    assert page() == []
    me, yes = core.actor(teacher()), Decision(DecisionKind.APPROVE, wanted, here)
    assert core.decide("t", me, yes) == 1
    assert page() == [wanted]
    assert wanted not in {w.activity_id for w in core.course_queue("t", here)}
    core.lift("t", me, yes)
    assert page() == []
    assert wanted in {w.activity_id for w in core.course_queue("t", here)}


class Challenging:
    """Always challenges with the same activity."""

    @hookimpl
    def describe_motivation(self, situation: Situation) -> Motivation:
        return Motivation()

    @hookimpl
    def next_challenge(self, situation: Situation, motivation: Motivation) -> Challenge:
        chosen = opaque("t", "activity", "activity-7")
        return Challenge(chosen, False, 0.7, Reason("Because it is at your edge."))


challenging = Challenging()


def test_without_a_yes_nothing_is_offered_as_a_challenge_either(make_core: MakeCore) -> None:
    core = make_core(plugins=Plugins(load=[f"{__name__}:challenging"], discover=False))
    core.import_catalogue("t", COURSE)

    def challenged() -> bool:
        return core.page(launch_of("learner-1"), "").challenge is not None

    assert challenged()
    ask_for_a_yes(core)
    assert not challenged()
    decide(core, DecisionKind.APPROVE, "activity-7")
    (only,) = core.page(launch_of("learner-1"), "").suggestions
    assert only.activity.key == "activity-7", (
        "with a yes it is suggested, though it is the last of the course"
    )


# --- what decisions do to a learner's page ----------------------------------------------------------


def page_of(core: Core, name: str = "learner-1", minutes: int = 20) -> list[tuple[str, str]]:
    """(key, first reason) of each suggestion."""
    launch = launch_of(name)
    shown = core.page(launch, core.recognise(launch), minutes=minutes, locale="en", answers={})
    return [(s.activity.key, s.reasons[0].text) for s in shown.suggestions]


def decide(core: Core, kind: DecisionKind, key: str, *, learner: str = "", instead: str = "") -> Decision:
    made = Decision(
        kind,
        activity_id(core, key),
        context_of(core),
        core.recognise(launch_of(learner)) if learner else "",
        activity_id(core, instead) if instead else "",
    )
    core.decide("t", core.actor(teacher()), made)
    return made


def test_what_is_put_first_comes_first_and_says_who_put_it_there(core: Core) -> None:
    agree(core, "learner-1")
    decide(core, DecisionKind.PIN, "activity-6")
    assert page_of(core)[0] == ("activity-6", "Because your teacher put it first in this course.")
    assert "activity-6" not in [key for key, _ in page_of(core)[1:]]


def test_what_is_put_first_still_has_to_fit_the_time(core: Core) -> None:
    agree(core, "learner-1")
    decide(core, DecisionKind.PIN, "activity-4")  # 45 minutes
    assert "activity-4" not in [key for key, _ in page_of(core, minutes=20)]
    assert page_of(core, minutes=60)[0][0] == "activity-4"


def test_what_is_put_first_for_one_learner_is_so_for_that_one_alone(core: Core) -> None:
    agree(core, "learner-1", "learner-2")
    decide(core, DecisionKind.PIN, "activity-6", learner="learner-1")
    said = "Because your teacher put it first in this course."
    assert page_of(core)[0] == ("activity-6", said)
    assert said not in [why for _, why in page_of(core, "learner-2")]


def test_what_is_hidden_from_one_learner_is_shown_to_others(core: Core) -> None:
    agree(core, "learner-1", "learner-2")
    first = page_of(core)[0][0]
    made = decide(core, DecisionKind.HIDE, first, learner="learner-1")
    assert first not in [key for key, _ in page_of(core)]
    assert first in [key for key, _ in page_of(core, "learner-2", 60)]
    core.lift("t", core.actor(teacher()), made)
    assert first in [key for key, _ in page_of(core)]


def test_another_takes_the_place_and_says_of_what(core: Core) -> None:
    agree(core, "learner-1")
    decide(core, DecisionKind.REPLACE, "activity-4", instead="activity-5")
    found = page_of(core, minutes=60)
    assert found[0] == ("activity-5", "Because your teacher chose it here instead of %(activity)s.")
    assert "activity-4" not in [key for key, _ in found]


def test_nothing_takes_the_place_of_what_the_learner_has_done(core: Core) -> None:
    agree(core, "learner-1")
    went(core, 3, ["learner-1"], end=True)
    decide(core, DecisionKind.REPLACE, "activity-3", instead="activity-5")
    assert page_of(core)[0][1] != "Because your teacher chose it here instead of %(activity)s."


def test_what_is_ruled_out_here_is_not_put_first_either(core: Core) -> None:
    agree(core, "learner-1")
    decide(core, DecisionKind.PIN, "activity-6")
    decide(core, DecisionKind.NEVER, "activity-6")
    assert "activity-6" not in [key for key, _ in page_of(core)]


def test_every_decision_is_in_the_record_without_saying_for_whom(core: Core) -> None:
    (learner_id,) = agree(core, "learner-1")
    decide(core, DecisionKind.HIDE, "activity-3", learner="learner-1")
    newest = core.audit_log("t")[0]
    assert newest.act == "decide hide"
    assert newest.actor == core.actor(teacher())
    assert learner_id not in repr(newest)


# --- accompanying -----------------------------------------------------------------------------------


def test_a_mentor_sees_those_who_agreed_and_nobody_else(core: Core, clock: Clock) -> None:
    both, *_ = agree(core, "learner-1", "learner-2")
    core.agree(launch_of("learner-3"), SUGGESTIONS)
    agree(core, "learner-4", older=True)
    for name in names(4):
        open_page(core, name)
    found = core.accompanied(mentor("learner-1", "learner-3", "learner-4", "nobody"))
    assert [(m.learner_id, m.user_id) for m in found] == [(both, "learner-1")]
    assert found[0].suggestions
    clock.forward(days=15)
    assert core.accompanied(mentor("learner-1"))[0].suggestions == (), "what is old is not suggested any more"


def test_a_mentor_of_another_tenant_sees_nobody(core: Core) -> None:
    agree(core, "learner-1")
    open_page(core, "learner-1")
    core.add_tenant("other", "Another")
    elsewhere: Launch = replace(mentor("learner-1"), tenant_id="other")
    assert core.accompanied(elsewhere) == []
    assert core.accompanied(mentor()) == []


def test_names_are_matched_to_those_only_whom_staff_see(core: Core) -> None:
    (seen,) = agree(core, "learner-1")
    agree(core, "learner-2", older=True)
    found = core.seen_among("t", ISSUER, ["learner-1", "learner-2", "learner-3"])
    assert found == {seen: "learner-1"}
    assert core.seen_among("t", "https://another.example", ["learner-1"]) == {}


def test_old_suggestions_and_many_people_come_page_by_page(core: Core, clock: Clock) -> None:
    agree(core, *names(6))
    for name in names(6):
        open_page(core, name)
        clock.now += timedelta(minutes=1)
    here = context_of(core)
    first, more = core.course_suggestions("t", here)
    second, last = core.course_suggestions("t", here, 2)
    assert (len(first), more, last) == (20, True, False)
    assert not {s.id for s in first} & {s.id for s in second}
    assert [s.at for s in first] == sorted((s.at for s in first), reverse=True)
