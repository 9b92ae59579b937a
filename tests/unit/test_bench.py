"""The benches: what they give, what they say where something is missing, and what a measurement is."""

from __future__ import annotations

import importlib
import json
import os
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner
from stifinder.core.errors import InvalidInput, StifinderError
from stifinder.lab.bench import measure, results, suite
from stifinder.lti_tool.cli import main

ROW = suite.Row("some data", "AUC", "a method", True, 0.75, 1.5, 20.0)


def bench(*words: str, **environ: str) -> tuple[int, str, str]:
    run = CliRunner().invoke(main, ["bench", *words], env=environ)
    return run.exit_code, run.stdout, run.stderr


def test_every_suite_can_be_run() -> None:
    for name in suite.SUITES:
        module = importlib.import_module(f"stifinder.lab.bench.{name.replace('-', '_')}")
        assert callable(module.run), name


def test_the_json_form_is_the_promised_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "run", lambda name, options: [ROW])
    code, out, _ = bench("knowledge", "--json")
    assert code == 0
    assert json.loads(out) == {
        "suite": "knowledge",
        "rows": [
            {
                "data": "some data",
                "metric": "AUC",
                "name": "a method",
                "ours": True,
                "value": 0.75,
                "seconds": 1.5,
                "peak_mb": 20.0,
                "source": "measured here",
            }
        ],
    }


def test_of_several_suites_the_json_is_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "run", lambda name, options: [ROW])
    _, out, _ = bench("knowledge", "spacing", "--json")
    assert [found["suite"] for found in json.loads(out)] == ["knowledge", "spacing"]


def test_a_suite_without_its_data_is_skipped_and_says_where_it_looked(tmp_path: Path) -> None:
    code, out, err = bench("spacing", "--json", STIFINDER_DATA=str(tmp_path))
    assert code == 0
    assert json.loads(out) == {"suite": "spacing", "rows": []}
    assert str(tmp_path) in err.replace("\n", "")
    assert "STIFINDER_DATA" in err


def test_an_unknown_suite_is_told_which_there_are() -> None:
    code, _, err = bench("knowlege")
    assert code == 2
    assert "'knowlege'" in err
    assert "next-skill" in err


@pytest.mark.parametrize("words", [("engine",), ("knowledge", "spacing"), ()])
def test_own_data_goes_with_one_suite_that_takes_it(words: tuple[str, ...], tmp_path: Path) -> None:
    code, _, err = bench(*words, "--data", str(tmp_path / "mine.csv"))
    assert code == 2
    assert "knowledge" in err


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    code, _, err = bench("knowledge", "--data", str(tmp_path / "mine.csv"))
    assert code == 2
    assert "mine.csv" in err


def test_results_say_machine_and_commit_and_come_back_as_they_were(tmp_path: Path) -> None:
    made = results.of_this_run("knowledge", [ROW])
    assert "cores" in made.machine
    assert results.read(results.write(made, tmp_path / "new")) == made
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["knowledge.json"]


def test_a_file_of_another_kind_is_no_result(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"suite": 1}')
    with pytest.raises(InvalidInput, match=r"x\.json"):
        results.read(tmp_path / "x.json")


def test_a_measurement_gives_the_value_its_time_and_its_memory() -> None:
    found = measure.measured(lambda: len(bytes(bytearray(80_000_000))))
    assert found.value == 80_000_000
    assert found.seconds > 0
    assert 60 < found.peak_mb < 400
    assert measure.measured(lambda: 1).peak_mb < 60


def test_a_measurement_that_fails_says_where() -> None:
    with pytest.raises(StifinderError, match="ZeroDivisionError"):
        measure.measured(lambda: 1 / 0)


def test_a_measurement_that_is_killed_is_said_to_be() -> None:
    with pytest.raises(StifinderError, match="killed"):
        measure.measured(lambda: os.kill(os.getpid(), signal.SIGKILL))
