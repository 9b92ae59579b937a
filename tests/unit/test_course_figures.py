"""Figures about people: intervals, where people stop, and that nothing is told about too few."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from stifinder.core.course_figures import (
    KnownSkill,
    Module,
    Share,
    Way,
    how_far,
    known_skill,
    module,
    most_to_gain,
    share,
    stops,
    told,
    weakest,
    wilson,
)

FEWEST = 5


def test_the_interval_of_a_share_is_wilsons() -> None:
    low, high = wilson(14, 60)
    assert (round(low, 3), round(high, 3)) == (0.144, 0.354)  # as published tables have it
    assert wilson(0, 10)[0] == 0.0
    assert wilson(10, 10)[1] == 1.0


@given(st.integers(0, 60), st.integers(1, 60))
def test_an_interval_holds_its_share_and_stays_between_0_and_1(part: int, more: int) -> None:
    low, high = wilson(part, part + more)
    assert 0.0 <= low <= part / (part + more) <= high <= 1.0


@pytest.mark.parametrize(
    ("part", "of"),
    [(0, 4), (4, 4), (3, 6), (4, 8)],  # too few in all; and neither side large enough
)
def test_of_too_few_no_share_is_told(part: int, of: int) -> None:
    assert share(part, of, FEWEST) is None


def test_a_side_that_is_too_small_is_told_as_a_bound_that_is_the_same_for_every_small_number() -> None:
    assert {share(part, 20, FEWEST) for part in range(5)} == {Share(20, None, 0.0, 0.2)}
    assert {share(20 - part, 20, FEWEST) for part in range(5)} == {Share(20, None, 0.8, 1.0)}


@given(st.integers(0, 40), st.integers(0, 40), st.integers(5, 12))
@example(10, 9, 10)  # 1 - 9/19 is more than 10/19 in binary
def test_whatever_is_told_of_a_share_fits_at_least_so_many_on_each_side(a: int, b: int, fewest: int) -> None:
    found = share(a, a + b, fewest)
    if found is not None and found.value is not None:
        assert a >= fewest
        assert b >= fewest
    elif found is not None:
        assert found.low <= a / (a + b) <= found.high
        assert a + b >= fewest


@pytest.mark.parametrize(("count", "expected"), [(0, 0), (1, None), (5, 5), (15, 15), (16, None), (20, 20)])
def test_a_count_is_not_told_where_it_or_the_rest_is_small(count: int, expected: int | None) -> None:
    assert told(count, 20, FEWEST) == expected


# --- where people stop ------------------------------------------------------------------------------


def test_each_step_of_the_curve_stands_for_enough_people_and_it_ends_at_those_who_finish() -> None:
    found = stops([3] * 4 + [12] * 12 + [20] * 4, share(10, 30, FEWEST), FEWEST)
    assert found is not None
    assert found.half_by == 12
    assert found.points[0] == (0, 1.0)
    assert found.points[-1][1] == pytest.approx(1 / 3)
    drops = [before - after for (_, before), (_, after) in zip(found.points, found.points[1:], strict=False)]
    assert all(drop * 30 >= FEWEST - 0.01 for drop in drops)


def test_where_few_are_known_to_stop_no_time_is_told() -> None:
    assert stops([3, 4, 5, 6], share(10, 30, FEWEST), FEWEST) is None
    assert stops([3] * 20, share(2, 30, FEWEST), FEWEST) is None, "how many finish is only known as a bound"


@given(st.lists(st.integers(0, 180), min_size=5, max_size=300))
def test_a_curve_only_falls_and_has_few_steps(minutes: list[int]) -> None:
    found = stops(minutes, share(50, 50 + len(minutes), FEWEST), FEWEST)
    assert found is not None
    assert len(found.points) <= 13
    assert all(
        m <= after_m and left >= after
        for (m, left), (after_m, after) in zip(found.points, found.points[1:], strict=False)
    )


# --- modules, skills, how far -----------------------------------------------------------------------


def way(begun: int, ended: int) -> Way:
    return Way(begun, ended, (10,) * (begun - ended))


def test_the_module_with_most_to_gain_is_the_one_that_loses_most_people_beyond_doubt() -> None:
    like = way(400, 300)
    made = [
        module("few people", way(12, 6), like, 100, FEWEST),
        module("many people", way(90, 40), like, 100, FEWEST),
        module("as others do", way(90, 66), like, 100, FEWEST),
        module("too few to say", way(6, 1), like, 100, FEWEST),
    ]
    best = most_to_gain(made)
    assert best is not None
    assert best.activity_id == "many people"
    assert most_to_gain([made[2], made[3]]) is None
    assert most_to_gain([]) is None


def test_a_module_that_hardly_anybody_finishes_counts_by_its_bound() -> None:
    made: Module = module("a", way(40, 0), way(400, 300), 100, FEWEST)
    assert made.finish == Share(40, None, 0.0, 0.1)
    assert most_to_gain([made]) == made


def test_a_skill_is_told_with_its_interval_and_of_enough_people() -> None:
    assert known_skill("s", 4, 2.0, 1.0, FEWEST) is None
    found = known_skill("s", 10, 4.0, 1.8, FEWEST)
    assert found is not None
    assert found.low < found.mean == 0.4 < found.high
    assert weakest([found, KnownSkill("t", 10, 0.2, 0.1, 0.3)]) == KnownSkill("t", 10, 0.2, 0.1, 0.3)
    assert weakest([KnownSkill("t", 10, 0.4, 0.2, 0.6)]) is None, "it may be known to more than half"


def test_a_small_band_takes_others_along_so_that_it_cannot_be_counted_back() -> None:
    bands = how_far([0] * 10 + [5] * 8 + [9] * 2, 9, FEWEST)
    assert [(b.first, b.last, b.people) for b in bands] == [(0, 2, 10), (3, 5, None), (6, 9, None)]


@given(st.lists(st.integers(0, 12), max_size=60), st.integers(5, 9))
def test_what_is_missing_from_all_bands_together_is_nobody_or_enough(done: list[int], fewest: int) -> None:
    bands = how_far(done, 12, fewest)
    if bands:
        missing = len(done) - sum(b.people or 0 for b in bands)
        assert missing == 0 or missing >= fewest
