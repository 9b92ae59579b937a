"""A path to a goal: what is planned, what is left out, in which order, and what a result changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stifinder import (
    Activity,
    Catalogue,
    Context,
    Depth,
    Event,
    EventKind,
    Learner,
    Level,
    Mastery,
    Plan,
    Profile,
    Review,
    Signal,
    Situation,
    Skill,
    SkillLevel,
    StepKind,
)
from stifinder.core import constraints, engine
from stifinder.core.plans import ChangeKind, goal
from stifinder.core.plugins import Plugins
from stifinder.core.replanning import before_latest_result
from stifinder.lab import histories
from stifinder.plugins import planner
from stifinder.plugins.planner import beliefs, cover

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MEDIA = ("text", "video", "exercise", "quiz")


def activity(skill: str, place: int, medium: str, **more: Any) -> Activity:
    values: dict[str, Any] = {
        "id": f"{skill}-{place}",
        "tenant_id": "t",
        "key": f"{skill}-{place}",
        "title": f"{skill} {place}",
        "media_type": medium,
        "minutes": 10,
        "skills": (SkillLevel(skill),),
        "position": place,
    }
    return Activity(**{**values, **more})


def small() -> Catalogue:
    """Two skills of four activities each; the second builds on the first."""
    first = [activity("s1", n, medium) for n, medium in enumerate(MEDIA)]
    second = [
        activity("s2", n, m, position=10 + n, prerequisites=("s1-0",) if not n else ())
        for n, m in enumerate(MEDIA)
    ]
    return Catalogue("t", "1", (*first, *second), {s: Skill(s, "t", s) for s in ("s1", "s2", "s3")})


def event(activity_id: str, kind: EventKind, at: int, **more: Any) -> Event:
    """Something done ``at`` hours before now."""
    return Event(
        f"{activity_id}-{kind}-{at}-{more.get('item', '')}",
        "t",
        "learner-1",
        kind,
        NOW - timedelta(hours=at),
        activity_id=activity_id,
        skills=(activity_id.split("-")[0],),
        **more,
    )


def situation(*history: Event, catalogue: Catalogue | None = None, **more: Any) -> Situation:
    catalogue = catalogue or small()
    values: dict[str, Any] = {
        "now": NOW,
        "seed": 1,
        "minutes": 20,
        "learner": Learner("learner-1", "t"),
        "context": Context("c", "t", "Course"),
        "catalogue": catalogue,
        "pool": tuple(a.id for a in catalogue),
        "history": tuple(sorted(history, key=lambda e: e.at, reverse=True)),
    }
    return Situation(**{**values, **more})


def plan(where: Situation, *skills: str, **wish: Any) -> Plan:
    found = planner.plan_path(where, goal(skills or ("s2",), **wish))
    assert found is not None
    return found


def ids(found: Plan) -> list[str]:
    return [step.activity_id for step in found.steps]


def reasons(found: Plan) -> dict[str, str]:
    return {left.activity_id: left.reason.text % left.reason.values for left in found.left_out}


# --- what is planned --------------------------------------------------------------------------------


def test_what_the_goal_builds_on_comes_first() -> None:
    steps = plan(situation()).steps
    skills = [step.skill_id for step in steps]
    assert set(skills) == {"s1", "s2"}
    assert skills == sorted(skills)


def test_without_a_goal_there_is_no_plan() -> None:
    assert planner.plan_path(situation(), goal(())) is None


def test_a_skill_that_nothing_teaches_is_named() -> None:
    assert plan(situation(), "s3").missing == ("s3",)


def test_what_is_mastered_is_skipped_and_that_is_said() -> None:
    known = {"s1": Mastery("s1", 0.9, 0.8, 0.95, 6)}
    found = plan(situation(mastery=known))
    assert "s1" not in {step.skill_id for step in found.steps}
    assert found.known == ("s1",)
    assert "you know s1" in reasons(found)["s1-0"]


def test_what_counts_as_mastered_is_what_suggestions_hold_for_it() -> None:
    assert beliefs.MASTERED_LOW == constraints.MASTERED_LOW
    assert beliefs.MASTERED_ANSWERS == constraints.MASTERED_ANSWERS
    assert beliefs.GOOD == constraints.GOOD_RESULT


def test_what_goes_further_than_the_goal_is_left_out_unless_depth_is_asked_for() -> None:
    base = small()
    hard = activity("s1", 9, "text", skills=(SkillLevel("s1", Level.ADVANCED),), position=5)
    catalogue = replace(base, activities=(*base.activities, hard))
    assert "further than this goal asks" in reasons(plan(situation(catalogue=catalogue), "s1"))["s1-9"]
    deep = plan(situation(catalogue=catalogue), "s1", depth=Depth.UNDERSTAND)
    assert "further" not in reasons(deep).get("s1-9", "")


def test_depth_asks_for_more_than_use() -> None:
    known = {"s1": Mastery("s1", 0.5, 0.3, 0.7, 3)}
    lesson = event("s1-0", EventKind.COMPLETED, 30)
    quiz = event("s1-3", EventKind.SCORED, 5, score=0.8)
    where = situation(lesson, quiz, mastery=known)
    use, deep = (plan(where, "s1", depth=d) for d in (Depth.USE, Depth.UNDERSTAND))
    assert deep.minutes >= use.minutes


def test_who_may_know_it_is_tested_first() -> None:
    known = {"s1": Mastery("s1", 0.8, 0.5, 0.95, 0)}
    first = plan(situation(mastery=known), "s1").steps[0]
    assert first.kind is StepKind.CHECK
    assert first.activity_id in {"s1-2", "s1-3"}


def test_a_test_that_went_well_ends_the_work_on_a_skill() -> None:
    known = {"s1": Mastery("s1", 0.8, 0.5, 0.95, 1)}
    where = situation(event("s1-3", EventKind.SCORED, 2, score=1.0), mastery=known)
    found = plan(where, "s1")
    assert not found.steps
    assert found.known == ("s1",)


def test_a_preferred_medium_comes_first_among_lessons() -> None:
    likes = Learner("learner-1", "t", profile=Profile(media=("video",)))
    lessons = [s.activity_id for s in plan(situation(learner=likes), "s1").steps if s.kind is StepKind.LEARN]
    assert lessons[0] == "s1-1"


# --- after a result ---------------------------------------------------------------------------------


def test_a_failure_inserts_practice() -> None:
    lessons = [event("s1-0", EventKind.COMPLETED, 50), event("s1-1", EventKind.COMPLETED, 40)]
    passed = event("s1-2", EventKind.SCORED, 30, score=1.0)
    failed = event("s1-3", EventKind.SCORED, 2, score=0.2)

    def practice(found: Plan) -> int:
        return sum(s.skill_id == "s1" and s.kind is StepKind.PRACTICE for s in found.steps)

    before, after = plan(situation(*lessons, passed)), plan(situation(*lessons, passed, failed))
    assert practice(after) > practice(before)
    assert after.steps[0].kind is StepKind.PRACTICE
    assert "latest try" in after.steps[0].reasons[0].text


def test_two_failures_bring_another_explanation_in_another_medium() -> None:
    history = [
        event("s1-0", EventKind.COMPLETED, 60),
        event("s1-2", EventKind.SCORED, 40, score=0.2),
        event("s1-3", EventKind.SCORED, 2, score=0.2),
    ]
    step = plan(situation(*history), "s1").steps[0]
    assert (step.kind, step.activity_id) == (StepKind.EXPLAIN, "s1-1")
    read = event("s1-1", EventKind.COMPLETED, 1)
    assert plan(situation(*history, read), "s1").steps[0].kind is StepKind.PRACTICE


def test_ten_wrong_answers_in_one_quiz_are_one_failure() -> None:
    lesson = event("s1-0", EventKind.COMPLETED, 60)
    wrong = [event("s1-2", EventKind.ANSWERED, 2, item=f"q{n}", success=False) for n in range(10)]
    kinds = {step.kind for step in plan(situation(lesson, *wrong), "s1").steps}
    assert StepKind.EXPLAIN not in kinds


def test_the_changes_since_the_latest_result_are_told_with_reasons() -> None:
    plugins = Plugins(load=["stifinder.plugins.planner"], discover=False)
    lesson = event("s1-0", EventKind.COMPLETED, 60)
    failed = event("s1-2", EventKind.SCORED, 2, score=0.1)
    where = situation(lesson, failed)
    before = before_latest_result(where, [lesson, failed], lambda kept: {})
    assert before is not None
    assert before.history == (lesson,)
    found = engine.plan(where, goal(("s2",)), plugins, before=before)
    assert found is not None
    assert found.after == failed
    assert found.changes
    assert all(change.reason.text.startswith("Because ") for change in found.changes)


def test_a_step_that_was_done_is_told_as_done() -> None:
    plugins = Plugins(load=["stifinder.plugins.planner"], discover=False)
    lesson = event("s1-0", EventKind.COMPLETED, 60)
    well = event("s1-2", EventKind.SCORED, 2, score=1.0)
    where = situation(lesson, well)
    before = before_latest_result(where, [lesson, well], lambda kept: {})
    found = engine.plan(where, goal(("s1",), Depth.UNDERSTAND), plugins, before=before)
    assert found is not None
    assert (ChangeKind.DONE, "s1-2") in {(change.kind, change.activity_id) for change in found.changes}


def test_a_check_in_is_no_result() -> None:
    said = event("s1-0", EventKind.RATED, 1, score=0.1)
    assert before_latest_result(situation(said), [said], lambda kept: {}) is None


# --- time -------------------------------------------------------------------------------------------


def test_no_day_holds_more_than_its_minutes() -> None:
    steps = plan(situation(), minutes_a_day=25).steps
    per_day: dict[Any, int] = {}
    for step in steps:
        per_day[step.day] = per_day.get(step.day, 0) + step.minutes
    assert max(per_day.values()) <= 25
    assert len(per_day) > 1


def test_an_activity_longer_than_a_day_is_spread_over_several() -> None:
    base = small()
    long = replace(base.by_id["s1-0"], minutes=50)
    catalogue = replace(base, activities=(long, *base.activities[1:]))
    steps = plan(situation(catalogue=catalogue), "s1", minutes_a_day=20).steps
    (found,) = [step for step in steps if step.activity_id == "s1-0"]
    assert (found.last_day - found.day).days == 2


def test_steps_are_put_into_free_time_of_the_calendar() -> None:
    free = Signal("free-slot", NOW + timedelta(days=2), NOW + timedelta(days=2, minutes=10))
    steps = plan(situation(signals=(free,)), minutes_a_day=20).steps
    assert steps[0].slot is not None
    assert steps[0].slot.start == free.start
    assert steps[0].day == free.start.date()
    assert all(step.day > free.start.date() for step in steps[1:])


def test_a_review_that_is_due_comes_between() -> None:
    base = small()
    other = activity("s3", 0, "quiz", position=20)
    catalogue = replace(base, activities=(*base.activities, other))
    due = Review("s3", NOW + timedelta(days=1), 0.85, 2)
    steps = plan(situation(catalogue=catalogue, reviews=(due,))).steps
    (review,) = [step for step in steps if step.kind is StepKind.REVIEW]
    assert review.day == due.due.date()
    assert 0 < steps.index(review) < len(steps) - 1


def test_a_deadline_that_is_missed_is_said_with_the_cure() -> None:
    late = plan(situation(), minutes_a_day=10, deadline=NOW.date())
    assert late.in_time is False
    assert late.needed_a_day is not None
    cured = plan(situation(), minutes_a_day=late.needed_a_day, deadline=NOW.date())
    assert cured.in_time is True
    assert plan(situation(), minutes_a_day=10).in_time is None


def test_before_a_deadline_most_goals_come_first() -> None:
    lessons = [activity(s, 0, "text", minutes=m) for s, m in (("big", 200), ("one", 20), ("two", 20))]
    catalogue = Catalogue("t", "1", tuple(lessons), {s: Skill(s, "t", s) for s in ("big", "one", "two")})
    where = situation(catalogue=catalogue)
    found = plan(where, "big", "one", "two", minutes_a_day=60, deadline=NOW.date())
    assert {s.skill_id for s in found.steps if not s.late} == {"one", "two"}
    assert {s.skill_id for s in found.steps if s.late} == {"big"}


def test_goals_that_share_what_they_build_on_are_reached_together() -> None:
    blocks = {"a": frozenset("ax"), "b": frozenset("bx"), "c": frozenset("c")}
    cost = {"a": 1, "b": 1, "c": 9, "x": 8}
    assert cover.reachable(("c", "a", "b"), blocks, cost, 10) == ("a", "b")
    assert cover.reachable(("c", "a", "b"), blocks, cost, 9) == ("c",)
    assert cover.reachable(("a",), blocks, cost, 3) == ()


# --- what holds for all plans -----------------------------------------------------------------------


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Situation, Any]:
    """A simulated catalogue and learner, estimates at random, and a goal."""
    seed = draw(st.integers(0, 50))
    made = histories.world(activities=40, learners=2, per_learner=draw(st.integers(0, 30)), seed=seed)
    events = list(made.events())
    skills = list(made.catalogue.skills)
    means = draw(st.dictionaries(st.sampled_from(skills), st.floats(0.05, 0.95), max_size=6))
    mastery = {s: Mastery(s, m, m * 0.9, min(1.0, m * 1.1), 5) for s, m in means.items()}
    where = histories.situation(made.catalogue, "learner-1", events, mastery=mastery)
    wanted = draw(st.lists(st.sampled_from(skills), min_size=1, max_size=4, unique=True))
    deadline = draw(st.none() | st.integers(0, 60).map(lambda n: (where.now + timedelta(days=n)).date()))
    depth = draw(st.sampled_from(list(Depth)))
    return where, goal(wanted, depth, draw(st.integers(5, 120)), deadline)


@given(worlds())
@settings(max_examples=60, deadline=None)
def test_every_plan_keeps_its_promises(world: tuple[Situation, Any]) -> None:
    where, wanted = world
    found = planner.plan_path(where, wanted)
    assert found is not None
    assert found == planner.plan_path(where, wanted), "the same situation gives the same plan"
    by_id = where.catalogue.by_id
    planned = [s.activity_id for s in found.steps if s.activity_id]
    assert len(planned) == len(set(planned))
    finished = beliefs.finished(where.history, beliefs.tries(where.history))
    mastered = set(constraints.mastered_skills(where))
    for number, name in enumerate(planned):
        here = by_id[name]
        assert not all(s in mastered for s in here.skill_ids), "nothing that is mastered is planned"
        for need in here.prerequisites:
            known = all(s in found.known or s in mastered for s in by_id[need].skill_ids)
            assert need in planned[:number] or need in finished or known, "what it asks for comes first"
    assert [s.day for s in found.steps] == sorted(s.day for s in found.steps)
    per_day: dict[Any, int] = {}
    for step in found.steps:
        if step.minutes <= wanted.minutes_a_day:
            per_day[step.last_day] = per_day.get(step.last_day, 0) + step.minutes
    assert max(per_day.values(), default=0) <= wanted.minutes_a_day, "no day holds more than its minutes"
    assert not set(planned) & {left.activity_id for left in found.left_out}


def test_the_manager_takes_the_plan_of_a_large_catalogue(caplog: pytest.LogCaptureFixture) -> None:
    plugins = Plugins(load=["stifinder.plugins.planner"], discover=False)
    made = histories.world(activities=500, learners=3, per_learner=60)
    where = histories.situation(made.catalogue, "learner-1", made.events())
    found = engine.plan(where, goal([f"skill-{n}" for n in range(0, 100, 3)], Depth.UNDERSTAND), plugins)
    assert found is not None
    assert found.steps
    assert not caplog.records
