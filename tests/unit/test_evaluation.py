"""What another policy would have brought: estimators by hand-made figures, the command on a real store."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student
from small_course import COURSE, EVERYTHING, NOW, Clock, arrival, launch_of
from stifinder import EventKind
from stifinder.core.errors import InvalidInput
from stifinder.core.service import Core
from stifinder.core.settings import Settings
from stifinder.lab import evaluation
from stifinder.lab.bench import evaluation as bench
from stifinder.lab.evaluation import Logged
from stifinder.lti_tool.cli import main


def logged(reward, chance, other, guess=None, other_guess=None, person=None) -> Logged:
    zeros = np.zeros(len(reward))
    return Logged(
        np.array(reward, float),
        np.array(chance, float),
        np.array(other, float),
        np.arange(len(reward)) if person is None else np.array(person),
        zeros if guess is None else np.array(guess, float),
        zeros if other_guess is None else np.array(other_guess, float),
    )


BY_HAND = logged([1, 0, 1, 0], [0.5, 0.5, 0.25, 0.25], [0.5, 0.25, 0.5, 0.125], [0.5] * 4, [0.6] * 4)
"""Weights 1, 0.5, 2, 0.5."""


def test_the_estimators_give_what_a_hand_computes() -> None:
    assert evaluation.ips(BY_HAND).value == pytest.approx((1 + 2) / 4)
    assert evaluation.snips(BY_HAND).value == pytest.approx((1 + 2) / 4.0)
    # 0.6 + mean of 1*0.5, -0.5*0.5, 2*0.5, -0.5*0.5
    assert evaluation.doubly_robust(BY_HAND).value == pytest.approx(0.6 + 1.0 / 4)
    assert evaluation.gain(BY_HAND).value == pytest.approx(0.6 + 1.0 / 4 - 0.5)
    assert BY_HAND.effective == pytest.approx(4**2 / (1 + 0.25 + 4 + 0.25))


def test_self_normalising_divides_by_the_weights() -> None:
    found = evaluation.snips(logged([1, 0, 0], [0.5, 0.5, 0.5], [1.0, 0.25, 0.25]))
    assert found.value == pytest.approx(2 / 3)
    assert evaluation.ips(logged([1, 0, 0], [0.5, 0.5, 0.5], [1.0, 0.25, 0.25])).value == pytest.approx(2 / 3)
    assert evaluation.snips(logged([1, 0], [0.5, 0.5], [0.2, 0.1])).value == pytest.approx(2 / 3)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=40))
def test_when_both_policies_are_the_same_all_estimates_are_the_mean(rewards: list[float]) -> None:
    same = logged(rewards, [0.3] * len(rewards), [0.3] * len(rewards))
    for estimator in (evaluation.ips, evaluation.snips, evaluation.doubly_robust, evaluation.served):
        assert estimator(same).value == pytest.approx(float(np.mean(rewards)))
    assert evaluation.gain(same).value == pytest.approx(0)
    assert same.effective == pytest.approx(len(rewards))


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 1), st.floats(0.01, 1)), min_size=2, max_size=40))
def test_snips_stays_within_the_rewards_and_intervals_hold_their_value(rows: list[tuple[float, ...]]) -> None:
    some = logged(*(list(column) for column in zip(*rows, strict=True)))
    found = evaluation.snips(some)
    assert min(some.reward) - 1e-9 <= found.value <= max(some.reward) + 1e-9
    for each in (found, evaluation.ips(some), evaluation.doubly_robust(some)):
        assert each.low <= each.high
        assert each.name == "IPS" or each.low - 1e-9 <= each.value <= each.high + 1e-9


def test_a_perfect_guess_leaves_the_doubly_robust_one_without_doubt() -> None:
    reward = np.array([0.2, 0.8, 0.5])
    found = evaluation.doubly_robust(logged(reward, [0.5] * 3, [0.1, 0.9, 0.5], reward, [0.6] * 3))
    assert (found.value, found.error) == (pytest.approx(0.6), pytest.approx(0, abs=1e-12))


def test_without_weights_and_with_light_tails_the_interval_is_students() -> None:
    reward = np.tile([0.0, 1.0], 50)
    found = evaluation.served(logged(reward, [1.0] * 100, [1.0] * 100))
    error = reward.std(ddof=1) / 10
    assert found.high == pytest.approx(0.5 + student.ppf(0.975, 99) * error)


def test_rows_of_one_person_count_as_one() -> None:
    alone = evaluation.served(logged([0, 1, 0, 1], [1] * 4, [1] * 4))
    together = evaluation.served(logged([0, 0, 1, 1] * 25, [1] * 100, [1] * 100, person=[0, 0, 1, 1] * 25))
    assert together.error > alone.error


def test_halls_transformation_is_turned_round() -> None:
    for quantile, k in ((1.96, 0.3), (-1.96, 0.3), (1.0, -0.2), (1.5, 0.0)):
        value = evaluation.unskewed(quantile, k)
        assert value + k * value**2 / 3 + k**2 * value**3 / 27 + k / 6 == pytest.approx(quantile)


def test_the_bernstein_bound_is_maurers_and_pontils() -> None:
    found = evaluation.bernstein(BY_HAND)
    parts = np.array([1, 0, 2, 0])
    reach = math.sqrt(2 * parts.var(ddof=1) * math.log(80) / 4) + 7 * 2 * math.log(80) / 9
    assert found.high - found.value == pytest.approx(reach)


def test_too_little_overlap_is_said() -> None:
    lonely = logged([1] + [0] * 99, [0.001] + [0.999] * 99, [0.9] + [0.001] * 99)
    assert any("Too little overlap" in words for words in evaluation.warnings(lonely))
    good = logged([1, 0] * 50, [0.5] * 100, [0.5] * 100)
    assert evaluation.warnings(good) == []


def test_a_chance_of_0_is_refused() -> None:
    with pytest.raises(InvalidInput):
        logged([1], [0], [0.5])


def test_guesses_at_rewards_are_made_without_the_persons_own() -> None:
    chance = np.random.default_rng(1)
    person, features = np.arange(60), chance.random((60, 2))
    reward = features @ np.array([0.5, 0.2]) + 0.1
    guess, _ = evaluation.cross_fitted(features, reward, person, features)
    changed = reward.copy()
    changed[7] += 5
    again, _ = evaluation.cross_fitted(features, changed, person, features)
    assert again[7] == pytest.approx(guess[7])
    assert not np.allclose(again, guess)


def test_in_a_world_with_known_truth_the_estimates_come_near_it() -> None:
    chance = np.random.default_rng(11)
    made = bench.world(chance, situations=40)
    weighings = bench.blend.policy(None, bench.NOISE, "some", 0.05)
    logging = bench.first_place(made, tuple(bench.NOISE), weighings[0].weights, weighings)
    assert logging.sum(axis=1) == pytest.approx(np.ones(40))
    other = bench.others(made)["other weights"]
    found = bench.simulate(made, logging, other, 2000, chance)
    for estimator in (evaluation.ips, evaluation.snips, evaluation.doubly_robust):
        each = estimator(found)
        assert abs(each.value - bench.truth(made, other)) < 4 * each.error


# --- the command ---------------------------------------------------------------------------------

Run = Callable[..., Result]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    import os

    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("STIFINDER_", "DATABASE_"))]:
        monkeypatch.delenv(name)
    return tmp_path / "data"


@pytest.fixture
def run(place: Path) -> Run:
    def stifinder(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["--data-dir", str(place), *arguments])

    assert stifinder("migrate").exit_code == 0
    assert stifinder("tenant", "add", "t").exit_code == 0
    return stifinder


@pytest.fixture
def core(run: Run, place: Path) -> Iterator[Core]:
    core = Core(Settings.read({"STIFINDER_DATA_DIR": str(place)}), clock=Clock(NOW))
    core.import_catalogue("t", COURSE)
    yield core
    core.close()


@pytest.fixture
def record(core: Core) -> int:
    """What forty people were shown on two days; half of them do the first thing they are shown."""
    clock = core.clock
    assert isinstance(clock, Clock)
    count = 0
    for day in range(2):
        for n in range(40):
            launch = launch_of(f"person-{n}")
            learner = core.agree(launch, EVERYTHING) if day == 0 else core.recognise(launch)
            page = core.page(launch, learner, minutes=20)
            count += sum(bool(s.suggestion.votes) for s in page.suggestions)
            if n % 2:
                number = int(page.suggestions[0].activity.key.rpartition("-")[2])
                done = arrival(
                    f"person-{n}", number, EventKind.PASSED, at=clock.forward(minutes=3), score=0.9
                )
                core.intake("t", [done])
        clock.forward(days=1)
    return count


def test_without_a_record_the_command_says_so_and_what_to_do(run: Run, core: Core) -> None:
    result = run("evaluate")
    assert result.exit_code != 0
    assert "No suggestions are recorded yet." in result.stderr


def test_todays_strategies_are_held_against_what_was_done(run: Run, record: int) -> None:
    result = run("evaluate", "--json")
    assert result.exit_code == 0, result.stderr
    said = json.loads(result.stdout)
    assert said["suggestions"] + said["lost"] == record
    assert said["people"] == 40
    assert said["alike"] > 0.95
    values = {each["name"]: each["value"] for each in said["estimates"]}
    assert values["SNIPS"] == pytest.approx(values["as served"], abs=0.1)
    assert {"IPS", "SNIPS", "DR", "gain"} <= values.keys()


def test_other_weights_and_strategies_can_be_asked_about(run: Run, record: int) -> None:
    for options in (["--weights", "content=1"], ["--without", "beginners"]):
        result = run("evaluate", *options)
        assert result.exit_code == 0, result.stderr
        assert "as served" in result.stdout
        assert "SNIPS" in result.stdout


def test_evaluating_changes_nothing(run: Run, core: Core, record: int) -> None:
    learner = core.recognise(launch_of("person-1"))
    before = core.held("t", learner)
    assert run("evaluate", "--weights", "content=1").exit_code == 0
    assert core.held("t", learner) == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--weights", "content"], "is no weight"),
        (["--weights", "content=0"], "every weight is 0"),
        (["--without", "nobody"], "There is no plugin 'nobody'"),
        (["--with", "no_such_module"], "cannot be used"),
    ],
)
def test_what_is_wrong_is_named_with_its_cure(run: Run, core: Core, options: list[str], words: str) -> None:
    result = run("evaluate", *options)
    assert result.exit_code != 0
    assert words in result.stderr
