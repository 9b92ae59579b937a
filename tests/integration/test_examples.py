"""The example plugins as strangers install them: from wheels, each alone and all together."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest
import stifinder
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
FOLDERS = sorted(path.parent for path in (ROOT / "examples").glob("*/pyproject.toml"))
LEFT_OUT = shutil.ignore_patterns(".*", "build", "dist", "__pycache__", "*.egg-info")

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("examples")]

WORLD = Path(__file__).with_name("example_world.py")
SPEAKS_IN = {
    "calendar-moments": "context_signals",
    "keyword-tagger": "tag_activity",
    "leitner": "schedule_reviews",
    "nearest-neighbours": "candidates",
    "quests": "page_sections",
    "roommates": "match_peers",
}
"""Plugin to the hook in which it must have something to say of the small world."""


@lru_cache
def project(folder: Path) -> dict[str, Any]:
    """What an example's pyproject.toml says."""
    found: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    return found


def plugin(folder: Path) -> tuple[str, str]:
    """Name of an example's plugin, and of its distribution."""
    (name,) = project(folder)["project"]["entry-points"]["stifinder.plugins"]
    return name, project(folder)["project"]["name"]


def absent(folder: Path) -> list[str]:
    """What an example requires and this environment, from which nothing is fetched, does not have."""

    def here(requirement: Requirement) -> bool:
        try:
            return requirement.specifier.contains(version(requirement.name))
        except PackageNotFoundError:
            return False

    required = map(Requirement, project(folder)["project"].get("dependencies", ()))
    return [str(requirement) for requirement in required if not here(requirement)]


def run(*command: object, cwd: Path) -> str:
    """What a program says; it must end well."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run([*map(str, command)], cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Path]:
    """Every example's wheel, built from a copy; by the example's folder."""
    folder = tmp_path_factory.mktemp("examples")
    built = {}
    for example in FOLDERS:
        source = folder / example.name
        shutil.copytree(example, source, ignore=LEFT_OUT)
        to = folder / f"{example.name}-wheel"
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", to, source]
        run(*command, cwd=folder)
        (built[example],) = to.glob("*.whl")
    return built


class Environments:
    """Makes environments that have some wheels, and for all else read this one; nothing is fetched."""

    def __init__(self, wheels: dict[Path, Path], folder: Path) -> None:
        self.wheels = wheels
        self.folder = folder
        self.made: dict[tuple[Path, ...], Path] = {}

    def __call__(self, *examples: Path) -> Path:
        """The Python of an environment with just these examples."""
        for example in examples:
            if missing := absent(example):
                pytest.skip(f"{example.name} needs what is not installed here: {', '.join(missing)}")
        if examples not in self.made:
            self.made[examples] = self._make(examples)
        return self.made[examples]

    def _make(self, examples: tuple[Path, ...]) -> Path:
        folder = self.folder / str(len(self.made))
        venv.create(folder, with_pip=False)
        python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        pip = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-index", "--no-deps"]
        run(*pip, *(self.wheels[example] for example in examples), cwd=self.folder)
        said = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=self.folder)
        # This environment's own .pth files are read too: stifinder itself may be an editable install.
        beside = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})"
        (Path(said.strip()) / "beside.pth").write_text(beside + "\n", encoding="utf-8")
        return python


@pytest.fixture(scope="session")
def environments(wheels: dict[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Environments:
    return Environments(wheels, tmp_path_factory.mktemp("environments"))


@pytest.fixture(scope="session")
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mypy")


def each_example(function: Any) -> Any:
    return pytest.mark.parametrize("example", FOLDERS, ids=lambda folder: folder.name)(function)


def check(examples: list[Path], python: Path, cwd: Path) -> None:
    """These and no other examples are discovered, from their wheels, and each answers without a failure."""
    found = json.loads(run(python, WORLD, cwd=cwd))
    assert found.keys() == {plugin(example)[0] for example in examples}
    for example in examples:
        name, distribution = plugin(example)
        row = found[name]
        assert (row["distribution"], row["status"], row["failures"]) == (distribution, "ok", {})
        assert SPEAKS_IN[name] in row["said"]
        assert Path(row["file"]).is_relative_to(python.parents[1]), "it runs from the wheel, not from sources"


def test_there_are_examples():
    assert FOLDERS


@each_example
def test_an_example_is_complete(example, wheels):
    assert project(example)["project"]["license"] == "Apache-2.0"
    for name in ("README.md", "LICENSE", "src", "tests"):
        assert (example / name).exists()
    assert wheels[example].name.endswith("-py3-none-any.whl")


@each_example
def test_an_example_works_alone_from_its_wheel(example, environments, tmp_path):
    check([example], environments(example), tmp_path)


@each_example
def test_an_example_s_own_tests_pass_against_its_wheel(example, environments, tmp_path):
    python = environments(example)
    shutil.copytree(example / "tests", tmp_path / "tests")
    shutil.copy(example / "pyproject.toml", tmp_path)
    said = run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=tmp_path)
    assert " passed" in said


@each_example
def test_an_example_is_typed_strictly(example, mypy_cache, tmp_path):
    (tmp_path / "found").mkdir()
    (tmp_path / "found" / "stifinder").symlink_to(Path(stifinder.__file__).parent)
    (tmp_path / "mypy.ini").write_text(f"[mypy]\nmypy_path = {tmp_path / 'found'}\n", encoding="utf-8")
    # What an example imports may come without types, or not be installed here; stifinder's own are read.
    mypy = [sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports", "--follow-imports=silent"]
    run(*mypy, "--cache-dir", mypy_cache, example / "src", cwd=tmp_path)


def test_all_examples_work_together_beside_the_shipped_plugins(environments, tmp_path):
    there = [example for example in FOLDERS if not absent(example)]
    assert there
    check(there, environments(*there), tmp_path)
