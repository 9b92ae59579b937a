"""``stifinder plugin new`` writes plugins that work; ``plugins disable`` stops one without its code."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from stifinder.core.catalogue import Activity, Skill
from stifinder.core.plugins import Plugins
from stifinder.lti_tool.cli import main
from stifinder.lti_tool.cli.plugin_new import KINDS, LICENCES


@pytest.fixture
def stifinder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STIFINDER_DATA_DIR", str(tmp_path / "data"))
    return lambda *words: CliRunner().invoke(main, words)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_plugin_passes_its_own_test_and_is_loaded(kind, stifinder, tmp_path, monkeypatch):
    done = stifinder("plugin", "new", f"own-{kind}", "--kind", kind)
    assert done.exit_code == 0, done.output
    folder, module = tmp_path / f"own-{kind}", f"own_{kind.replace('-', '_')}"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    tests = subprocess.run(
        [*command, "-k", "not keeps_its_promises"],
        cwd=folder,
        env={"PYTHONPATH": str(folder / "src"), "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert tests.returncode == 0, tests.stdout

    monkeypatch.syspath_prepend(str(folder / "src"))
    (row,) = Plugins(load=[module], discover=False).describe()
    assert row.status == "ok"
    assert KINDS[kind][1] in row.hooks


@pytest.mark.slow
def test_new_plugins_are_typed_and_tidy(stifinder, tmp_path, monkeypatch):
    monkeypatch.setenv("MYPYPATH", str(Path(sys.prefix) / "src"))  # where `make` links the package for mypy
    for kind in KINDS:
        assert stifinder("plugin", "new", f"typed-{kind}", "--kind", kind).exit_code == 0
    sources = [str(file) for file in tmp_path.glob("typed-*/src/*.py")]
    assert len(sources) == len(KINDS)
    for words in (["mypy", "--strict", *sources], ["ruff", "check", "."], ["ruff", "format", "--check", "."]):
        done = subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_new_tagger_answers_through_the_plugin_manager(stifinder, tmp_path, monkeypatch):
    stifinder("plugin", "new", "words-tagger", "--kind", "tagger")
    monkeypatch.syspath_prepend(str(tmp_path / "words-tagger" / "src"))
    skills = {"pivot": Skill("pivot", "t", "Pivot tables")}
    (said,) = Plugins(load=["words_tagger"], discover=False).collect(
        "tag_activity", activity=Activity("a", "t", "a", "Pivot tables"), skills=skills
    )
    assert [tagged.skill_id for tagged in said.values[0].skills] == ["pivot"]


@pytest.mark.parametrize(("licence", "spdx"), LICENCES.items())
def test_the_licence_is_the_one_that_was_chosen(licence, spdx, stifinder, tmp_path):
    stifinder(
        "plugin",
        "new",
        "own",
        "--kind",
        "tagger",
        "--license",
        licence,
        "--author",
        "A {{ b }}",
        "--folder",
        ".",
    )
    text = (tmp_path / "own" / "LICENSE").read_text()
    assert f'license = "{spdx}"' in (tmp_path / "own" / "pyproject.toml").read_text()
    if licence == "apache-2.0":
        assert text == (Path(__file__).parents[2] / "LICENSE").read_text()
    else:
        assert f"{datetime.now(UTC).year}" in text
        assert "A {{ b }}" in text


@pytest.mark.parametrize("name", ["1st", "a b", "class", "-x", "x-", "a/b", "..", "é", "x" * 61])
def test_a_name_that_cannot_be_is_refused(name, stifinder, tmp_path):
    done = stifinder("plugin", "new", "--kind", "tagger", "--", name)
    assert done.exit_code == 2
    assert "cannot be the name" in done.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["spacing", "Spacing", "json", "stifinder"])
def test_a_name_that_is_taken_is_refused(name, stifinder, tmp_path):
    done = stifinder("plugin", "new", name, "--kind", "spacing")
    assert done.exit_code != 0
    assert "already" in done.output
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_exists_is_left_alone(stifinder, tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "letter.txt").write_text("mine")
    done = stifinder("plugin", "new", "own", "--kind", "context")
    assert done.exit_code != 0
    assert [file.name for file in tmp_path.rglob("*")] == ["own", "letter.txt"]


def test_a_plugin_that_stops_the_start_can_be_switched_off(stifinder, tmp_path, monkeypatch):
    """Such as one that ends the process when it is imported."""
    (tmp_path / "ends_it_all.py").write_text("raise SystemExit('gone')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert stifinder("migrate").exit_code == 0
    (tmp_path / "stifinder.toml").write_text('[plugins]\nload = ["ends_it_all"]\n')
    assert "gone" in stifinder("tenant", "list").output
    done = stifinder("plugins", "disable", "ends_it_all")
    assert done.exit_code == 0, done.output
    assert stifinder("tenant", "list").exit_code == 0
    assert "disabled" in next(
        line for line in stifinder("plugins").output.splitlines() if "ends_it_all" in line
    )
    assert "switch plugin off  ends_it_all" in stifinder("audit", "list", "--tenant", "system").output
    assert "already" in stifinder("plugins", "disable", "ends_it_all").output

    assert stifinder("plugins", "enable", "ends_it_all").exit_code == 0
    assert "gone" in stifinder("tenant", "list").output


def test_a_plugin_that_is_not_there_cannot_be_switched_off(stifinder):
    stifinder("migrate")
    done = stifinder("plugins", "disable", "spacin")
    assert done.exit_code != 0
    assert "Did you mean spacing?" in done.output
