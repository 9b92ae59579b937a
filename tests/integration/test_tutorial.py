"""The tutorial does what it says, step by step, as somebody would who has nothing but the page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "plugin-authors" / "tutorial.md").read_text(encoding="utf-8")
PROGRAM = [sys.executable, "-c", "from stifinder.lti_tool.cli import main; main()"]


def block(title: str) -> str:
    """The code that the page gives under a title."""
    (code,) = re.findall(rf'```python title="{re.escape(title)}"\n(.*?)```', PAGE, re.DOTALL)
    return str(code)


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(folder / "src"), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        words, cwd=folder, capture_output=True, text=True, timeout=240, env={**os.environ, "PYTHONPATH": path}
    )


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """The folder after step 3."""
    assert "\nstifinder plugin new leitner-boxes --kind spacing\n" in PAGE
    done = run(tmp_path, *PROGRAM, "plugin", "new", "leitner-boxes", "--kind", "spacing")
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "leitner-boxes"
    (folder / "src" / "leitner_boxes.py").write_text(block("src/leitner_boxes.py"), encoding="utf-8")
    tests = folder / "tests" / "test_leitner_boxes.py"
    kept, start, _ = tests.read_text(encoding="utf-8").partition("def waits")
    assert start
    code = block("tests/test_leitner_boxes.py, from def waits")
    tests.write_text(kept + code, encoding="utf-8")
    return folder


def mend(folder: Path) -> None:
    """Step 4: the line that asks for a result, mended."""
    module = folder / "src" / "leitner_boxes.py"
    code = module.read_text(encoding="utf-8")
    (line,) = [line for line in code.splitlines(keepends=True) if "right = " in line]
    module.write_text(code.replace(line, block("in src/leitner_boxes.py")), encoding="utf-8")


def test_the_case_by_hand_holds_before_and_after_the_mending(written: Path) -> None:
    tests = (sys.executable, "-m", "pytest", "-q", "-k", "not keeps_its_promises")
    before = run(written, *tests)
    mend(written)
    after = run(written, *tests)
    assert (before.returncode, after.returncode) == (0, 0), before.stdout + after.stdout


def test_the_kit_finds_what_the_page_says_and_nothing_once_it_is_mended(written: Path) -> None:
    check = [*PROGRAM, "plugin", "check", "."]
    found = run(written, *check)
    assert found.returncode == 1
    (promised,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert re.findall(r"^broken.*|never-raises \(.*", promised, re.MULTILINE) == [
        line.strip() for line in re.findall(r"^broken.*|never-raises \(.*", found.stdout, re.MULTILINE)
    ]
    mend(written)
    done = run(written, *check)
    assert done.returncode == 0, done.stdout
    assert re.search(r"says `(.*?)`", PAGE)[1] in done.stdout  # type: ignore[index]


def test_the_wheel_is_checked_under_the_name_that_the_page_gives(written: Path) -> None:
    mend(written)
    built = run(written, sys.executable, "-m", "build", "--wheel", "--no-isolation")
    assert built.returncode == 0, built.stderr
    (name,) = re.findall(r"plugin check (dist/\S+\.whl)", PAGE)
    done = run(written, *PROGRAM, "plugin", "check", name, "--promise", "manifest")
    assert done.returncode == 0, done.stdout + done.stderr
