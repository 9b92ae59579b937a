"""The spacing strategy: FSRS on what was answered, one review a skill and day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fsrs import Card, Rating, Scheduler
from stifinder import Catalogue, Event, EventKind, Review
from stifinder.lab import histories, laws
from stifinder.plugins import spacing
from stifinder.plugins.spacing import ReviewModel

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
CATALOGUE = Catalogue("tenant-1", "v1")
MODEL = ReviewModel()


def recalled(day: float, score: float, skill: str = "skill-a", kind: EventKind = EventKind.ANSWERED) -> Event:
    at = START + timedelta(days=day)
    return Event(f"{skill}-{day}-{score}", "tenant-1", "learner-1", kind, at, skills=(skill,), score=score)


def scheduled(events: list[Event], state: Any = None) -> list[Review]:
    state = state or laws.fold_all(MODEL, events)
    situation = histories.situation(CATALOGUE, "learner-1", events, models={"spacing": state})
    return list(spacing.schedule_reviews(situation))


def test_it_schedules_what_the_reference_schedules() -> None:
    scheduler = Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False)
    card = Card(card_id=1, due=START)
    for day, rating in ((0, Rating.Good), (3, Rating.Hard), (10, Rating.Again), (12, Rating.Easy)):
        card, _ = scheduler.review_card(card, rating, START + timedelta(days=day))
    (found,) = scheduled([recalled(0, 0.8), recalled(3, 0.6), recalled(10, 0.3), recalled(12, 1.0)])
    assert found.due == card.due
    assert found.retrievability == pytest.approx(
        scheduler.get_card_retrievability(card, START + timedelta(days=13))
    )


def test_what_went_well_comes_back_later() -> None:
    poor, good = (scheduled([recalled(0, score)])[0].due for score in (0.2, 1.0))
    assert poor < good


def test_the_soonest_comes_first_and_what_is_not_due_is_there_too() -> None:
    found = scheduled([recalled(0, 1.0, "skill-a"), recalled(0, 0.2, "skill-b")])
    assert [review.skill_id for review in found] == ["skill-b", "skill-a"]
    assert found[-1].due > START + timedelta(days=5)


def test_a_quiz_of_many_questions_is_one_review() -> None:
    quiz = [recalled(0.001 * n, float(n % 2)) for n in range(10)]
    assert scheduled(quiz) == scheduled([recalled(0, 0.5), recalled(0.009, 0.5)])


def test_a_late_arrival_changes_the_schedule_as_if_it_had_come_in_time() -> None:
    first, late, last = recalled(0, 0.8), recalled(4, 0.1), recalled(20, 0.9)
    state = laws.fold_all(MODEL, [first, last])
    before = scheduled([first, last], state)  # and keeps a card
    state = MODEL.fold(state, late)
    after = scheduled([first, late, last], state)
    assert after != before
    assert after == scheduled([first, late, last])


def test_a_kept_card_gives_what_a_replay_gives() -> None:
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


def test_forgetting_removes_the_kept_cards_too() -> None:
    state = laws.fold_all(MODEL, [recalled(0, 0.8)])
    scheduled([recalled(0, 0.8)], state)
    assert state.cards
    assert not MODEL.subtract(state, "learner-1").cards
