"""Killing the process in the middle of a batch leaves all of the batch or none of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from small_course import NOW, MakeCore, arrival, launch_of
from stifinder.core.people import Purpose, Source
from stifinder.core.store import tenants

WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from small_course import arrival
from stifinder.core.service import Core
from stifinder.core.settings import Settings
secret = "a secret that is used in tests only"
core = Core(Settings(Path({folder!r}), {url!r}, "http://127.0.0.1:8080", secret=secret))
print("ready", flush=True)
for batch in range(10_000):
    core.intake("t", [arrival("person-1", n, score=batch / 10_000) for n in range({size})])
    print(batch, flush=True)
"""
SIZE = 40


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
@pytest.mark.parametrize("after", [1, 3])
def test_kill_minus_nine_leaves_whole_batches_only(
    make_core: MakeCore, database_url: str, tmp_path: Path, after: int
) -> None:
    core = make_core(url=database_url)
    learner = core.agree(launch_of("person-1"), {(Purpose.SUGGESTIONS, Source.STATEMENTS)})
    program = WRITER.format(
        tests=str(Path(__file__).parents[1]), folder=str(tmp_path), url=database_url, size=SIZE
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for line in writer.stdout:
            if line.strip() == str(after):
                break
        writer.send_signal(signal.SIGKILL)  # the next batch is under way

    held = core.held("t", learner)
    assert len(held["events"]) % SIZE == 0
    assert len(held["events"]) >= SIZE * (after + 1)
    assert len(held["statements"]) == len(held["events"])
    with core.database.read() as connection:
        assert tenants.counters(connection, "t").event_seq == len(held["events"])
    assert core.intake("t", [arrival("person-1", 0, at=NOW)]).stored == 1
