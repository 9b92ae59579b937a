"""Overload, flow, tiring and waning: what sets each rule off, and what the learner is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stifinder import (
    CHECK_IN,
    Activity,
    Catalogue,
    Context,
    Event,
    EventKind,
    Learner,
    PaceKind,
    Reason,
    Risk,
    Situation,
    Source,
)
from stifinder.plugins import pace

NOW = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)


def answer(ago: timedelta, right: bool | None, n: int = 0) -> Event:
    return Event(
        f"{ago}-{n}", "t", "learner-1", EventKind.ANSWERED, NOW - ago, activity_id="a", success=right
    )


def said(ago: timedelta, motivation: float) -> Event:
    return Event(
        f"said-{ago}",
        "t",
        "learner-1",
        EventKind.RATED,
        NOW - ago,
        Source.PAGE,
        item=CHECK_IN,
        score=motivation,
    )


def situation(events: list[Event], **more: object) -> Situation:
    return Situation(
        now=NOW,
        seed=1,
        minutes=20,
        learner=Learner("learner-1", "t"),
        context=Context("c", "t", "A course"),
        catalogue=Catalogue(
            "t", "1", tuple(Activity(f"a{m}", "t", f"a{m}", f"{m} minutes", minutes=m) for m in (5, 10, 60))
        ),
        pool=("a5", "a10", "a60"),
        history=tuple(sorted(events, key=lambda e: e.at, reverse=True)),
        **more,  # type: ignore[arg-type]
    )


def sitting(results: str, step: float = 3) -> list[Event]:
    """Answers of one sitting up to now, a letter each: r right, w wrong."""
    return [answer(timedelta(minutes=step * (len(results) - n)), r == "r", n) for n, r in enumerate(results)]


def days(results: dict[int, str]) -> list[Event]:
    return [
        answer(timedelta(days=ago, hours=1), r == "r", n)
        for ago, rs in results.items()
        for n, r in enumerate(rs)
    ]


def kind(events: list[Event], **more: object) -> PaceKind:
    found = pace.describe_pace(situation(events, **more))
    assert found is not None
    return found.kind


# --- the tests behind the rules ------------------------------------------------------------------------


@pytest.mark.parametrize(("after", "p"), [(0, 1 / 70), (1, 17 / 70)])
def test_the_fall_of_results_is_fishers_tea_tasting(after: int, p: float) -> None:
    """The lady's eight cups: 4 of 4 against 0 has p = 1/70, 3 of 4 against 1 has 17/70 (Fisher, 1935)."""
    right = 4 - after
    before, later = [True] * right + [False] * after, [True] * after + [False] * right
    assert pace.fell(before, later, p + 1e-9)
    assert not pace.fell(before, later, p - 1e-9)


def test_fewer_days_is_the_binomial_test_given_the_sum() -> None:
    assert pace.fewer(0, 6, (2 / 3) ** 6 + 1e-9)
    assert not pace.fewer(0, 6, (2 / 3) ** 6 - 1e-9)


@given(st.lists(st.booleans(), max_size=30), st.lists(st.booleans(), max_size=30))
def test_results_that_did_not_get_worse_never_count_as_fallen(before: list[bool], after: list[bool]) -> None:
    shares = [sum(each) / max(1, len(each)) for each in (before, after)]
    if shares[1] >= shares[0]:
        assert not pace.fell(before, after, 0.2)


@given(st.integers(0, 14), st.integers(0, 27))
def test_one_more_day_now_never_sets_the_rule_off(recent: int, earlier: int) -> None:
    assert pace.fewer(recent, earlier, 0.1) >= pace.fewer(recent + 1, earlier, 0.1)


# --- within a sitting ----------------------------------------------------------------------------------


def test_a_pause_is_proposed_when_results_fall_within_a_sitting() -> None:
    found = pace.describe_pace(situation(sitting("rrrrrwwwww")))
    assert found is not None
    assert found.kind is PaceKind.TIRING
    assert found.reason is not None
    assert found.reason.text % found.reason.values == (
        "Because 5 of the first 5 results of this sitting went well, and 0 of the last 5."
    )
    assert "10 of 100 sittings" in found.rule % found.values
    assert found.at_most < 5


def test_a_good_flow_is_not_interrupted_by_anything() -> None:
    """Two weeks without a check-in and low motivation said before: nothing is asked now."""
    events = [*sitting("rrrwrrr"), said(timedelta(days=20), 0.0), said(timedelta(days=25), 0.0)]
    found = pace.describe_pace(situation(events))
    assert found is not None
    assert (found.kind, found.check_in, found.at_most) == (PaceKind.FLOW, False, 5)


def test_a_sitting_that_ended_half_an_hour_ago_says_nothing_of_now() -> None:
    events = [answer(timedelta(minutes=40 + 3 * (10 - n)), n < 5, n) for n in range(10)]
    assert kind(events) is PaceKind.STEADY


# --- the last week -------------------------------------------------------------------------------------


def test_much_work_with_falling_results_brings_a_lighter_day() -> None:
    busy = dict.fromkeys(range(6), "w") | dict.fromkeys(range(8, 20, 2), "r")
    found = pace.describe_pace(situation(days(busy)))
    assert found is not None
    assert found.kind is PaceKind.OVERLOAD
    assert found.reason is not None
    assert "on 6 of the last 7 days" in found.reason.text % found.reason.values


def test_much_work_that_goes_well_is_no_overload() -> None:
    busy = dict.fromkeys(range(6), "r") | dict.fromkeys(range(8, 20, 2), "r")
    assert kind(days(busy)) is PaceKind.STEADY


def test_late_evenings_count_in_the_zone_that_was_set_and_not_without() -> None:
    late = [
        answer(timedelta(days=ago, hours=-1.5), False) for ago in (1, 2, 3, 4)
    ]  # 21:30 UTC, 22:30 in Denmark
    events = late + days(dict.fromkeys((9, 11, 13, 15, 17), "r"))
    assert kind(events) is PaceKind.STEADY
    assert kind(events, settings={"zone": "Europe/Copenhagen"}) is PaceKind.OVERLOAD


# --- the last weeks ------------------------------------------------------------------------------------


def test_fewer_days_than_before_are_counted_and_the_learner_is_asked() -> None:
    found = pace.describe_pace(situation(days(dict.fromkeys((10, *range(15, 35, 2)), "r"))))
    assert found is not None
    assert (found.kind, found.check_in) == (PaceKind.WANING, True)
    assert found.reason is not None
    assert (found.reason.values["recent"], found.reason.values["earlier"]) == (1, 10)


@pytest.mark.parametrize(
    ("latest", "before", "expected"), [(0.25, 0.0, True), (0.25, 0.75, True), (0.5, 0.75, False)]
)
def test_low_or_falling_motivation_that_was_said_counts(latest: float, before: float, expected: bool) -> None:
    events = [said(timedelta(days=1), latest), said(timedelta(days=15), before), *days({1: "r", 16: "r"})]
    assert (kind(events) is PaceKind.WANING) is expected


def test_a_high_risk_is_told_by_its_reason_and_by_what_it_does_not_know() -> None:
    why = Reason("Because one activity that most others here have done is still open.")
    found = pace.describe_pace(situation(days({1: "r"}), risk=Risk(0.7, 0.1, why)))
    assert found is not None
    assert (found.kind, found.reason) == (PaceKind.WANING, why)
    assert "gender" in found.rule
    assert kind(days({1: "r"}), risk=Risk(0.3, 0.1, why)) is PaceKind.STEADY


# --- check-ins -----------------------------------------------------------------------------------------


def test_check_ins_come_every_two_weeks_and_can_be_switched_off() -> None:
    events = days({20: "r", 13: "r", 6: "r", 1: "r"})

    def asked(*more: Event, **settings: object) -> bool:
        found = pace.describe_pace(situation([*events, *more], settings=settings))
        assert found is not None
        return found.check_in

    assert asked()
    assert not asked(said(timedelta(days=3), 0.75))
    assert asked(said(timedelta(days=15), 0.75))
    assert not asked(check_in_days=0)
