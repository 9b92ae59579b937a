"""Boxes by hand, and every promise of the hooks by the conformance kit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from marshmallow import ValidationError
from stifinder import Catalogue, Context, Event, EventKind, Learner, Situation
from stifinder_leitner import DAYS, SettingsSchema, boxes, schedule_reviews

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


def answer(day: float, right: bool, skill: str = "skill-1") -> Event:
    at = MONDAY + timedelta(days=day)
    return Event(f"{day}", "t", "learner-1", EventKind.ANSWERED, at, skills=(skill,), success=right)


def asked(*history: Event, day: float = 0, **settings: object) -> Situation:
    return Situation(
        now=MONDAY + timedelta(days=day),
        seed=0,
        minutes=15,
        learner=Learner("learner-1", "t"),
        context=Context("c", "t", "A course"),
        catalogue=Catalogue("t", "1"),
        pool=(),
        history=history,
        settings=settings,
    )


def test_keeps_its_promises(stifinder_promise):
    stifinder_promise.check()


@pytest.mark.parametrize(
    ("answers", "box"),
    [
        ([(0, False)], 0),
        ([(0, True)], 1),
        ([(0, True), (2, True)], 2),
        ([(0, True), (2, True), (6, True)], 3),
        ([(0, True), (2, True), (6, True), (14, True), (30, True), (46, True)], 4),
        ([(0, True), (2, True), (6, False)], 0),
        ([(0, True), (2, True), (6, False), (7, True)], 1),
    ],
)
def test_right_moves_one_box_up_and_wrong_back_to_the_first(answers, box):
    assert boxes([answer(*each) for each in answers], DAYS)["skill-1"].box == box


def test_right_answers_before_a_card_is_due_do_not_move_it():
    early = [answer(0, True), answer(0.001, True), answer(1.9, True)]
    assert boxes(early, DAYS) == boxes(early[:1], DAYS)


def test_the_order_in_which_events_arrive_does_not_matter():
    history = [answer(0, True), answer(2, True), answer(3, False), answer(4, True)]
    assert boxes(history, DAYS) == boxes(history[::-1], DAYS)


def test_a_review_falls_due_when_the_box_has_rested():
    (review,) = schedule_reviews(asked(answer(0, True), day=2))
    assert review.due == MONDAY + timedelta(days=2)
    assert review.retrievability == 0.5
    assert review.minutes == 2


def test_what_is_due_first_comes_first():
    found = schedule_reviews(asked(answer(0, True), answer(0.5, False, "skill-2"), day=1))
    assert [review.skill_id for review in found] == ["skill-2", "skill-1"]


def test_an_organisation_sets_its_own_boxes():
    settings = SettingsSchema().load({"days": [3, 30], "minutes": 5})
    (review,) = schedule_reviews(asked(answer(0, True), **settings))
    assert (review.due, review.minutes) == (MONDAY + timedelta(days=30), 5)


@pytest.mark.parametrize("days", [[], [2, 2], [4, 1], [0], [1.5]])
def test_boxes_that_do_not_grow_are_refused(days):
    with pytest.raises(ValidationError):
        SettingsSchema().load({"days": days})


def test_who_answered_nothing_has_no_reviews():
    assert schedule_reviews(asked()) == []
