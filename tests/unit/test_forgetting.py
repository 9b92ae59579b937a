"""FSRS in plain numbers, what is learned of a person on top of it, and on which days reviews fall."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from fsrs import Card, Rating, Scheduler
from hypothesis import given, settings
from hypothesis import strategies as st
from stifinder.plugins.spacing import forgetting
from stifinder.plugins.spacing.forgetting_own import DAY, LONGEST, Person
from stifinder.plugins.spacing.spacing_days import Wish, spread

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
SECOND = int(START.timestamp())
REVIEWS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 40 * DAY), st.sampled_from((0.0, 0.6, 0.8, 1.0))), max_size=40
)


@given(st.lists(st.tuples(st.integers(0, 200), st.sampled_from((1, 2, 3, 4))), min_size=1, max_size=20))
def test_every_number_is_that_of_the_fsrs_package(reviews: list[tuple[int, int]]) -> None:
    scheduler = Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False)
    card, memory, at = Card(card_id=1, due=START), None, START
    for days, grade in reviews:
        at += timedelta(days=days)
        card, _ = scheduler.review_card(card, Rating(grade), at)
        memory = forgetting.first(grade) if memory is None else forgetting.after(memory, days, grade)
        assert card.stability is not None
        assert memory.stability == pytest.approx(card.stability, rel=1e-9)
        assert memory.difficulty == pytest.approx(card.difficulty, rel=1e-9)
        later = scheduler.get_card_retrievability(card, at + timedelta(days=days))
        assert forgetting.recall(memory.stability, days) == pytest.approx(later, rel=1e-9)


def lived(reviews: list[tuple[int, int, float]]) -> tuple[Person, list[tuple[float, float, bool]]]:
    person, told, at = Person(), [], SECOND
    for skill, gap, result in reviews:
        at += gap
        said = person.review(f"skill-{skill}", at, result, 5.0)
        if said:
            told.append((*said, result >= 0.5))
    return person, told


@settings(deadline=None)
@given(REVIEWS)
def test_it_is_never_behind_the_defaults_by_more_than_log_two_whatever_the_answers(
    reviews: list[tuple[int, int, float]],
) -> None:
    behind = 0.0
    for own, default, recalled in lived(reviews)[1]:
        assert 0 < own < 1
        behind += math.log(default if recalled else 1 - default) - math.log(own if recalled else 1 - own)
        assert behind <= math.log(2) + 1e-9


@settings(deadline=None)
@given(REVIEWS, st.integers(1, 400), st.integers(1, 400))
def test_recall_never_rises_with_time(reviews: list[tuple[int, int, float]], soon: int, more: int) -> None:
    person, _ = lived(reviews)
    for skill, trace in person.traces.items():
        asked = trace.last + DAY
        early = person.recall(skill, trace.last + soon * DAY, asked)
        late = person.recall(skill, trace.last + (soon + more) * DAY, asked)
        assert 0 < late <= early + 1e-12 <= 1


@settings(deadline=None)
@given(REVIEWS, st.sampled_from((0.7, 0.8, 0.9, 0.97)))
def test_a_review_is_due_when_recall_has_fallen_to_the_wished_one(
    reviews: list[tuple[int, int, float]], wished: float
) -> None:
    person, _ = lived(reviews)
    if person.answers == 0:
        return
    for skill, trace in person.traces.items():
        due = person.due(skill, wished, trace.last)
        if due - trace.last > DAY:
            assert person.recall(skill, due - DAY, trace.last) > wished
        if due - trace.last < LONGEST * DAY:
            assert person.recall(skill, due, trace.last) <= wished


def test_without_a_test_of_memory_it_says_what_the_defaults_say() -> None:
    person = Person()
    person.review("skill-a", SECOND, 0.8)
    assert person.recall("skill-a", SECOND + 5 * DAY) == pytest.approx(
        forgetting.recall(forgetting.first(3).stability, 5)
    )


def test_somebody_who_forgets_faster_is_asked_sooner() -> None:
    weak, strong = ([(n % 4, DAY, result) for n in range(80)] for result in (0.0, 0.8))
    ends = []
    for past in (weak, strong):
        person, _ = lived(past)
        person.review("skill-new", at := SECOND + 81 * DAY, 0.8)
        ends.append(person.due("skill-new", 0.9, at) - at)
    assert ends[0] < ends[1]


WISHES = st.lists(
    st.builds(
        Wish,
        skill_id=st.uuids().map(str),
        day=st.integers(-30, 60),
        interval=st.integers(1, 200),
        recall=st.floats(0, 1),
        before=st.none() | st.integers(0, 40),
    ),
    max_size=60,
)


@given(WISHES, st.integers(1, 8), st.integers(0, 9))
def test_no_day_is_overfull_and_the_same_seed_gives_the_same_plan(
    wishes: list[Wish], room: int, seed: int
) -> None:
    plan = spread(wishes, room, seed)
    assert plan.keys() == {w.skill_id for w in wishes}
    assert max(Counter(plan.values()).values(), default=0) <= room
    assert plan == spread(wishes[::-1], room, seed)
    late = [w for w in wishes if w.before is not None and plan[w.skill_id] > w.before]
    for wish in late:  # only where there was no room
        assert all(list(plan.values()).count(day) == room for day in range((wish.before or 0) + 1))


def test_reviews_that_fall_on_one_day_are_spread_over_its_neighbours() -> None:
    plan = spread([Wish(f"skill-{n}", 40, 60, 0.95) for n in range(14)], 20, 1)
    assert max(Counter(plan.values()).values()) == 2
    assert all(37 <= day <= 43 for day in plan.values())


def test_what_is_most_forgotten_comes_first_when_not_everything_fits() -> None:
    recalls = {"skill-a": 0.8, "skill-b": 0.3, "skill-c": 0.6}
    plan = spread([Wish(skill, -1, 5, recall) for skill, recall in recalls.items()], 1, 1)
    assert sorted(plan, key=lambda skill: plan[skill]) == ["skill-b", "skill-c", "skill-a"]
