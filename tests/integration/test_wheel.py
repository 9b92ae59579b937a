"""The wheel, built from the repository and installed in an empty environment elsewhere, serves the demo."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import tomllib
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(".*", "build", "dist", "var", "tests", "docs", "__pycache__", "*.egg-info")
STARTS_WITHIN = 60

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("wheel"),
    pytest.mark.skipif(os.name != "posix", reason="starts and stops the programs of a POSIX environment"),
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that a build leaves nothing in the repository and two can run at a time."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, folder / "source", ignore=LEFT_OUT)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    done = subprocess.run([*command, str(folder / "source")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with the wheel; dependencies come from this one: nothing is fetched."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-index", "--no-deps"]
    done = subprocess.run([*command, str(wheel)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (packages,) = folder.glob("lib/python*/site-packages")
    # A path in a .pth file is searched last, and .pth files there (our editable install) are not read.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return folder / "bin"


def environment(home: Path) -> dict[str, str]:
    """A person's environment who has never used Stifinder."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "HOME": str(home)}


def test_the_wheel_holds_what_runs_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert all(name.startswith(("stifinder/", "stifinder-")) for name in names)
    assert not [
        name for name in names if name.startswith(("stifinder/tests", "stifinder/docs", "stifinder/."))
    ]
    held = set(names)
    for path in ROOT.glob("*/**/*"):
        where = path.relative_to(ROOT)
        inside = where.parts[0] in ("core", "plugins", "adapters", "lti_tool", "schemas", "lab")
        if path.is_file() and inside and path.suffix != ".pyc":
            assert f"stifinder/{where.as_posix()}" in held
    assert "stifinder/py.typed" in held
    assert any(name.endswith("licenses/LICENSE") for name in held)


def test_the_installed_package_is_not_the_checkout(programs, tmp_path):
    code = "import stifinder; print(stifinder.__file__)"
    done = subprocess.run([programs / "python", "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert Path(done.stdout.strip()).is_relative_to(programs.parent), done.stderr


def test_the_installed_plugins_are_found_and_load(programs, tmp_path):
    done = subprocess.run(
        [programs / "stifinder", "plugins", "--json"],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
    )
    rows = json.loads(done.stdout)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {row["name"] for row in rows} == set(project["entry-points"]["stifinder.plugins"])
    assert {row["status"] for row in rows} == {"ok"}


def test_the_installed_demo_serves_and_stops_at_ctrl_c(programs, tmp_path):
    ready = tmp_path / "ready.json"
    work = tmp_path / "empty"
    work.mkdir()
    process = subprocess.Popen(
        [programs / "stifinder", "demo", "--no-browser", "--port", "0", "--ready-file", str(ready)],
        cwd=work,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        deadline = time.monotonic() + STARTS_WITHIN
        while not ready.exists():
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline, "the demo is not ready"
            time.sleep(0.1)
        places = json.loads(ready.read_text(encoding="utf-8"))
        for server in ("tool", "lms"):
            with urllib.request.urlopen(places[server], timeout=20) as answer:
                assert answer.status == 200
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0, output
    assert "Traceback" not in output
    assert not list(work.iterdir()), "the demo left files in the working directory"
