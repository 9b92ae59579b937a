"""The bench of spacing: peers by their papers' formulas, the log it reads, and the figures it must keep."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from stifinder.core.errors import StifinderError
from stifinder.lab.bench import spacing, spacing_peers, spacing_simulated, suite
from stifinder.lab.bench.spacing_judges import Activation, HalfLife
from stifinder.lab.bench.spacing_peers import Answer, Repetition, sm2


def test_sm2_repeats_after_one_and_six_days_and_then_by_the_easiness() -> None:
    held, days = Repetition(), []
    for _ in range(4):
        held = sm2(held, 4)
        days.append(held.days)
    assert days == [1, 6, 15, 38]
    assert held.easiness == pytest.approx(2.5)


@pytest.mark.parametrize(("quality", "easiness"), [(5, 2.6), (4, 2.5), (3, 2.36)])
def test_sm2_moves_the_easiness_as_published(quality: int, easiness: float) -> None:
    assert sm2(Repetition(), quality).easiness == pytest.approx(easiness)


def test_sm2_starts_again_after_a_lapse_and_keeps_the_easiness() -> None:
    assert sm2(Repetition(5, 100, 1.8), 1) == Repetition(0, 1.0, 1.8)


def test_half_life_regression_halves_recall_in_one_half_life() -> None:
    recall, life = spacing_peers.half_life(np.array([1.0, 2.0]), np.array([1.0, 0.5]), 4.0)
    assert (recall, life) == (0.5, 4.0)


def test_act_r_by_hand() -> None:
    memory = Activation()
    memory.practise(0.0, True)
    memory.practise(1.0, True)
    second = 0.217 * 2160.0**-0.177 + 0.177  # a day is 2160 slowed seconds
    activation = math.log(4320.0**-0.177 + 2160.0**-second)
    assert memory.activation(2.0) == pytest.approx(activation)
    assert memory.recall(2.0) == pytest.approx(1 / (1 + math.exp((-0.704 - activation) / 0.255)))


@pytest.mark.parametrize("judge", [Activation, HalfLife])
def test_a_judge_forgets_with_time_and_remembers_with_practice(judge: type[Activation | HalfLife]) -> None:
    memory = judge()
    memory.practise(0.0, True)
    fresh, old = memory.recall(1.0), memory.recall(30.0)
    memory.practise(1.0, True)
    assert 0 < old < fresh < 1
    assert memory.recall(30.0) > old


def test_act_r_keeps_what_was_spaced_longer() -> None:
    spaced, massed = Activation(), Activation()
    for n in range(6):
        spaced.practise(5.0 * n, True)
        massed.practise(25 + 0.01 * n, True)
    assert spaced.recall(60.0) > massed.recall(60.0)


def test_a_log_of_ones_own_is_read_and_judged(tmp_path: Path) -> None:
    lines = ["card_id,review_rating,review_time,review_duration"]
    lines += [
        f"card-{c},{1 + 2 * ((c + n) % 3 > 0)},2026-03-{1 + 2 * n:02d}T0{c}:00:00+00:00,4000"
        for n in range(10)
        for c in range(4)
    ]
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    rows = spacing.run(suite.Options(file=path, peers=False))
    (loss,) = [row.value for row in rows if row.metric == "log loss"]
    assert loss is not None
    assert 0 < loss < 2


def test_a_line_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("card_id,review_rating,review_time\ncard-1,good,2026-03-01T00:00:00+00:00\n")
    with pytest.raises(StifinderError, match=r"line 2 of mine\.csv"):
        spacing.read(path)


def test_calibration_of_what_is_always_right_by_half() -> None:
    error, root = spacing.calibration(np.array([0.75, 0.75]), np.array([1.0, 0.0]))
    assert (error, root) == (0.25, 0.25)


def test_the_plugins_default_is_the_fsrs_package_on_every_test() -> None:
    chance = np.random.default_rng(3)
    days = np.sort(chance.integers(0, 60 * 86400, 300)).tolist()
    answers = [Answer(str(n % 7), at, int(chance.integers(1, 5))) for n, at in enumerate(days)]
    assert spacing.served(answers)[1] == pytest.approx(spacing_peers.fsrs(answers)[0], rel=1e-9)


def test_fixed_intervals_cost_the_time_they_are_given() -> None:
    assert spacing_simulated.same_time("half-life", 400.0, 1).minutes == pytest.approx(400.0, rel=0.1)


def test_recall_on_the_public_log_is_foretold_as_well_as_it_was() -> None:
    try:
        path = suite.public("spacing", "review_log.csv")
    except suite.NoData as error:
        pytest.skip(str(error))
    answers = spacing.read(path)
    told, default = spacing.served(answers)
    tests = zip(answers, spacing_peers.tests(answers), strict=True)
    recalled = np.array([float(a.grade > 1) for a, test in tests if test])
    part = int(spacing.PART * len(recalled))
    own, usual = (spacing.log_losses(t, recalled) for t in (told, default))
    assert own[part:].mean() < 0.440
    assert usual[part:].mean() == pytest.approx(0.4493, abs=0.0005)
    assert spacing.calibration(told[part:], recalled[part:])[0] < 0.02
    assert np.cumsum(own - usual).max() < math.log(2)
