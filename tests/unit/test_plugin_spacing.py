"""The spacing strategy: what was answered becomes rounds, and rounds become a plan of reviews."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fsrs import Card, Rating, Scheduler
from stifinder import Catalogue, Event, EventKind, Review, Signal
from stifinder.lab import histories, laws
from stifinder.plugins import spacing
from stifinder.plugins.spacing import ReviewModel

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
CATALOGUE = Catalogue("tenant-1", "v1")
MODEL = ReviewModel()


def recalled(day: float, score: float, skill: str = "skill-a", kind: EventKind = EventKind.ANSWERED) -> Event:
    at = START + timedelta(days=day)
    return Event(f"{skill}-{day}-{score}", "tenant-1", "learner-1", kind, at, skills=(skill,), score=score)


def scheduled(events: list[Event], state: Any = None, **known: Any) -> list[Review]:
    state = state or laws.fold_all(MODEL, events)
    situation = histories.situation(CATALOGUE, "learner-1", events, models={"spacing": state}, **known)
    return list(spacing.schedule_reviews(situation))


def test_without_tests_of_memory_it_schedules_what_the_reference_schedules() -> None:
    scheduler = Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False)
    for score, rating in ((0.2, Rating.Again), (0.6, Rating.Hard), (0.8, Rating.Good), (1.0, Rating.Easy)):
        card, _ = scheduler.review_card(Card(card_id=1, due=START), rating, START)
        (found,) = scheduled([recalled(0, score)])
        assert found.due == card.due
        expected = scheduler.get_card_retrievability(card, START + timedelta(days=1))
        assert found.retrievability == pytest.approx(expected)


def test_what_went_well_comes_back_later() -> None:
    poor, good = (scheduled([recalled(0, score)])[0].due for score in (0.2, 1.0))
    assert poor < good


def test_the_soonest_comes_first_and_what_is_not_due_is_there_too() -> None:
    found = scheduled([recalled(0, 1.0, "skill-a"), recalled(0, 0.2, "skill-b")])
    assert [review.skill_id for review in found] == ["skill-b", "skill-a"]
    assert found[-1].due > START + timedelta(days=5)


def test_a_quiz_of_many_questions_is_one_review() -> None:
    quiz = [replace(recalled(0.001 * n, float(n % 2)), item=f"question-{n}") for n in range(10)]
    assert scheduled(quiz) == scheduled([recalled(0, 0.5)])


def test_a_right_answer_after_a_wrong_one_does_not_hide_that_it_was_forgotten() -> None:
    first, again = recalled(0, 0.8), [recalled(6, 0.0), recalled(6.01, 1.0)]
    told = laws.fold_all(MODEL, [first, *again]).foretold("learner-1")
    assert [t.recalled for t in told] == [False]
    both, right = (scheduled([first, *rest])[0].due for rest in (again, again[1:]))
    assert both < right


def test_a_late_arrival_changes_the_schedule_as_if_it_had_come_in_time() -> None:
    first, late, last = recalled(0, 0.8), recalled(4, 0.1), recalled(20, 0.9)
    state = laws.fold_all(MODEL, [first, last])
    before = scheduled([first, last], state)  # and keeps a memory
    state = MODEL.fold(state, late)
    after = scheduled([first, late, last], state)
    assert after != before
    assert after == scheduled([first, late, last])


def test_a_kept_memory_gives_what_a_replay_gives() -> None:
    events = [recalled(2.5 * n, (n * 37 % 10) / 10) for n in range(30)]
    state = MODEL.empty()
    for n, event in enumerate(events):
        state = MODEL.fold(state, event)
        assert scheduled(events[: n + 1], state) == scheduled(events[: n + 1])


def test_a_self_checked_review_counts() -> None:
    before = scheduled([recalled(0, 0.8)])[0].due
    assert scheduled([recalled(0, 0.8), recalled(5, 1.0, kind=EventKind.REVIEWED)])[0].due > before


def test_without_its_model_or_results_it_is_silent() -> None:
    assert not scheduled([recalled(0, 0.8, kind=EventKind.RATED)])
    assert not spacing.schedule_reviews(histories.situation(CATALOGUE, "learner-1"))


def test_forgetting_removes_the_kept_memory_too() -> None:
    state = laws.fold_all(MODEL, [recalled(0, 0.8)])
    scheduled([recalled(0, 0.8)], state)
    assert state.persons
    assert not MODEL.subtract(state, "learner-1").persons


def test_no_day_is_given_more_reviews_than_fit_into_it() -> None:
    events = [recalled(0.001 * n, 0.2, f"skill-{n}") for n in range(23)]
    late = START + timedelta(days=40)
    found = scheduled(events, now=late, minutes=10)
    days = Counter(max(review.due, late).date() for review in found)
    assert sum(days.values()) == 23
    assert max(days.values()) == 5


def test_what_an_exam_needs_is_reviewed_before_it_and_what_it_does_not_need_stays() -> None:
    events = [recalled(0, 1.0, "skill-a"), recalled(0, 1.0, "skill-b")]
    plain = {r.skill_id: r.due for r in scheduled(events)}
    exam = START + timedelta(days=4)
    found = {
        r.skill_id: r.due for r in scheduled(events, signals=(Signal("exam", exam, skills=("skill-a",)),))
    }
    assert plain["skill-a"] > exam > found["skill-a"] > START + timedelta(days=2)
    assert found["skill-b"] == plain["skill-b"]


def test_what_is_foretold_live_is_what_the_replay_says_was_foretold() -> None:
    events = [
        recalled(2.2 * n + 0.1 * k, float((n * 7 + k) % 3 > 0), f"skill-{k}")
        for n in range(9)
        for k in range(3)
    ]
    state, live = MODEL.empty(), []
    for event in events:
        at, (skill,) = int(event.at.timestamp()), event.skills
        person = state.person("learner-1")
        if skill in person.traces:
            live.append(person.recall(skill, at))
        state = MODEL.fold(state, event)
    assert [t.recall for t in state.foretold("learner-1")] == pytest.approx(live)
