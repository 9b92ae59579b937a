"""The interval of the curve of those who are still there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stifinder.core import course_figures, course_survival


def test_the_interval_is_greenwoods_on_the_log_log_scale() -> None:
    """5 of 20 stopped: S = 0.75, by hand 0.75 ** exp(±1.96 · sqrt(5/300) / |ln 0.75|)."""
    ((low, high),) = course_survival.likely([(10, 5)], 15)
    assert low == pytest.approx(0.4999, abs=5e-4)
    assert high == pytest.approx(0.8875, abs=5e-4)


@given(
    st.lists(st.tuples(st.integers(0, 90), st.integers(5, 20)), min_size=1, max_size=8), st.integers(1, 80)
)
def test_an_interval_holds_its_point_and_falls_with_time(steps: list[tuple[int, int]], finished: int) -> None:
    stopped = sorted(dict(steps).items())
    everybody = finished + sum(people for _, people in stopped)
    left, before = everybody, (1.0, 1.0)
    for (_, people), (low, high) in zip(stopped, course_survival.likely(stopped, finished), strict=True):
        left -= people
        assert 0 <= low <= left / everybody <= high <= 1
        assert high <= before[1] + 1e-9
        before = low, high


def test_every_step_of_a_course_curve_has_its_interval() -> None:
    found = course_figures.stops(list(range(1, 31)), course_figures.share(30, 60, 5), 5)
    assert found is not None
    assert len(found.likely) == len(found.points)
    for (_, left), (low, high) in zip(found.points, found.likely, strict=True):
        assert low <= left + 0.02
        assert left <= high + 0.02
