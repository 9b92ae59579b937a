"""Prerequisites that are inferred: the model adds up, and finds what order and results say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stifinder import Activity, Depth, Event, EventKind
from stifinder.core.plans import goal
from stifinder.lab import histories, laws
from stifinder.lab.bench.paths import precision_at_recall
from stifinder.plugins import planner
from stifinder.plugins.prerequisites import PrerequisiteModel, confidence, inferred, text_order

START = datetime(2026, 1, 5, 8, tzinfo=UTC)


def result(learner: int, skill: str, day: int, score: float) -> Event:
    return Event(
        f"{learner}-{skill}-{day}",
        "tenant-1",
        f"learner-{learner}",
        EventKind.SCORED,
        START + timedelta(days=day),
        activity_id=f"{skill}-quiz",
        skills=(skill,),
        score=score,
    )


def in_a_chain(learners: int) -> list[Event]:
    """Everybody meets skill-0 first; whoever fails it fails skill-1 too; half of those who pass it do so."""
    events = []
    for n in range(learners):
        knows = n % 3 != 0
        events += [result(n, "skill-0", 0, float(knows)), result(n, "skill-1", 1, float(knows and n % 2))]
    return events


@given(st.integers(0, 1000))
@settings(max_examples=5, deadline=None)
def test_the_model_keeps_the_laws(seed: int) -> None:
    made = histories.world(learners=6, activities=30, per_learner=12, seed=seed)
    laws.check_all(PrerequisiteModel(), list(made.events()), seed=seed)


def test_what_all_who_know_more_know_and_met_first_is_a_prerequisite() -> None:
    state = laws.fold_all(PrerequisiteModel(), in_a_chain(60))
    world = histories.world(activities=10, skills=2)
    found = inferred(histories.situation(world.catalogue, models={"prerequisites": state}))
    assert set(found) == {"skill-1"}
    assert found["skill-1"]["skill-0"] > 0.85


def test_few_people_say_nothing() -> None:
    state = laws.fold_all(PrerequisiteModel(), in_a_chain(9))
    world = histories.world(activities=10, skills=2)
    assert inferred(histories.situation(world.catalogue, models={"prerequisites": state})) == {}


def test_confidence_is_what_the_formula_says() -> None:
    # 100 people: 60 know the first, 30 the second, all of those the first too; 90 met the first earlier.
    counts = [100, 60, 30, 30, 90, 10]
    assert confidence(counts, first_needed=True) == pytest.approx((31 / 32) * (41 / 42) * (91 / 102))
    assert confidence(counts, first_needed=False) == pytest.approx((31 / 62) * (41 / 72) * (11 / 102))


@given(st.lists(st.integers(0, 3), min_size=100, max_size=100), st.integers(0, 100))
@settings(max_examples=50, deadline=None)
def test_confidence_is_a_share(cells: list[int], earlier: int) -> None:
    first, second = sum(c in (1, 3) for c in cells), sum(c in (2, 3) for c in cells)
    counts = [100, first, second, sum(c == 3 for c in cells), earlier, 100 - earlier]
    assert all(0 <= confidence(counts, first_needed=way) <= 1 for way in (True, False))


def test_skills_that_have_nothing_to_do_with_each_other_are_in_no_order() -> None:
    counts = [100, 50, 50, 25, 100, 0]
    assert confidence(counts, first_needed=True) == 0


def test_an_inferred_prerequisite_comes_first_in_a_path() -> None:
    world = histories.world(activities=10, skills=2)
    state = laws.fold_all(PrerequisiteModel(), in_a_chain(60))
    wanted = goal(("skill-1",), Depth.USE)
    plain = planner.plan_path(histories.situation(world.catalogue), wanted)
    taught = planner.plan_path(histories.situation(world.catalogue, models={"prerequisites": state}), wanted)
    assert plain is not None
    assert taught is not None
    assert taught.steps[0].skill_id == "skill-0"
    assert sum(s.skill_id == "skill-0" for s in taught.steps) >= sum(
        s.skill_id == "skill-0" for s in plain.steps
    )


def test_an_introduction_comes_before_a_conclusion() -> None:
    titles = ("Conclusion", "Filtering rows", "Introduction to tables")
    texts = ("tables rows filter", "rows filter", "tables")
    activities = [
        Activity(str(n), "t", str(n), title, text)
        for n, (title, text) in enumerate(zip(titles, texts, strict=True))
    ]
    order = text_order(activities)
    assert order[2, 0] > 0
    assert abs(order + order.T).max() < 1e-9


def test_texts_without_a_common_word_give_no_error() -> None:
    activities = [Activity(n, "t", n, n, "") for n in ("one", "two")]
    assert not text_order(activities).any()


def test_precision_at_recall_is_counted_from_the_highest_score_down() -> None:
    assert precision_at_recall([0.9, 0.8, 0.7, 0.1], [True, False, True, False], 0.5) == 1.0
    assert precision_at_recall([0.9, 0.8, 0.7, 0.1], [True, False, True, False], 1.0) == pytest.approx(2 / 3)
