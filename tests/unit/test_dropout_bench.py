"""The bench of stopping and of fairness: its measures, and that it is blind to who somebody is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from stifinder.lab import oulad
from stifinder.lab.bench import fairness, stopping
from stifinder.lab.bench.dropout import calibration_error
from stifinder.lab.bench.suite import NoData, public


def test_calibration_error_by_hand() -> None:
    """Ten cases a bin: one bin says 0.2 and has 0.5, the others are right."""
    chance = np.repeat(np.linspace(0.0, 0.9, 10), 10)
    truth = np.concatenate([np.arange(10) < 10 * share for share in np.linspace(0.0, 0.9, 10).round(1)])
    truth[20:30] = np.arange(10) < 5
    assert calibration_error(truth.astype(int), chance) == pytest.approx(0.03)


def test_equal_opportunity_is_signed_for_two_groups_and_the_widest_gap_for_more() -> None:
    seen = np.array([True, True, False, False, True, False, False, False])
    two = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    assert fairness.difference(seen, two) == pytest.approx(0.25 - 0.5)
    assert fairness.difference(seen, np.array([0, 0, 1, 1, 2, 2, 2, 2])) == pytest.approx(1.0)


def test_the_interval_of_no_difference_holds_zero() -> None:
    seen = np.tile([True, False], 100)
    low, high, luck = fairness.interval(seen, np.repeat([0, 1], 100), np.random.default_rng(1))
    assert low < 0 < high
    assert luck > 0


@pytest.fixture(scope="module")
def data() -> oulad.Oulad:
    try:
        return oulad.read(public("oulad"))
    except NoData as absent:
        pytest.skip(str(absent))


def test_nothing_that_groups_people_reaches_a_forecast(data: oulad.Oulad) -> None:
    student = data.students[0]
    other = replace(student, groups=dict.fromkeys(oulad.GROUPS, "someone else"))
    assert list(oulad.events(student)) == list(oulad.events(other))
    assert stopping.features(data, student, 8, ["AAA"]) == stopping.features(data, other, 8, ["AAA"])


def test_no_event_of_a_later_week_is_known_at_a_week(data: oulad.Oulad) -> None:
    began = oulad.moment(oulad.LATER, 0)
    until = oulad.moment(oulad.LATER, 56)
    known = [event for student in data.of(oulad.LATER)[:500] for event in oulad.events(student, 56)]
    assert known
    assert max(event.at for event in known) < until
    assert began < until


def test_the_product_foretells_stopping_better_than_a_logistic_regression(data: oulad.Oulad) -> None:
    from sklearn.metrics import roc_auc_score

    (ours,), _ = stopping.ours(data, [8])
    (theirs,), _ = stopping.peers(data, stopping.logistic, [8])
    auc = roc_auc_score(ours.stopped, ours.chance)
    assert auc > 0.88
    assert auc > roc_auc_score(theirs.stopped, theirs.chance) + 0.01
