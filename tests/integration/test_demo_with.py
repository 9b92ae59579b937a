"""``stifinder demo --with``: a plugin from its source, loaded again when a file of it is saved."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from running_demo import PATIENCE, command, run

pytestmark = pytest.mark.slow
PROGRAM = [sys.executable, "-c", "from stifinder.lti_tool.cli import main; main()"]


def until(said: Callable[[], str], words: str, times: int = 1) -> None:
    end = time.monotonic() + 2 * PATIENCE
    while said().count(words) < times:
        assert time.monotonic() < end, f"{words!r} was not said: {said()}"
        time.sleep(0.05)


def test_a_plugin_from_its_source_is_loaded_again_when_it_is_saved(tmp_path: Path) -> None:
    made = run(*PROGRAM, "plugin", "new", "own-awards", "--kind", "gamification", "--folder", str(tmp_path))
    assert made.returncode == 0, made.stderr
    source = tmp_path / "own-awards"
    module = source / "src" / "own_awards.py"
    right = module.read_text(encoding="utf-8")
    log = tmp_path / "said.txt"

    def said() -> str:
        return log.read_text(encoding="utf-8")

    with log.open("w") as stream:
        process = subprocess.Popen(
            [*command(tmp_path / "data"), "--with", str(source)],
            stdout=stream,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        try:
            until(said, "The demo runs.")
            assert "With own-awards: award, manifest" in said()

            module.write_text(right + "\ndef broken(:\n", encoding="utf-8")
            until(said, "Started anew.")
            assert "Left out: own-awards: refused: SyntaxError" in said()

            module.write_text(right, encoding="utf-8")
            until(said, "Started anew.", times=2)
            assert said().count("With own-awards: award, manifest") == 2
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()
            process.wait()
    assert "Traceback" not in said()


def test_a_folder_that_is_no_plugin_is_named_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    refused = run(*command(tmp_path / "data"), "--with", str(tmp_path / "nothing"))
    assert refused.returncode == 2
    assert "has no pyproject.toml" in refused.stderr
