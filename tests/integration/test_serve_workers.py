"""``stifinder serve --workers``: several processes answer, one does the jobs, and none of it needs care."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest
import requests
from lti_platform import KeyServer, Platform
from stifinder.core.service import Core
from stifinder.core.settings import Settings

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="workers need fork, and the tests need /proc/locks"),
]

pytest_plugins = ["lti_fixtures"]
PROGRAM = [sys.executable, "-c", "from stifinder.lti_tool.cli import main; main()"]
T = TypeVar("T")
PATIENCE = 60
"""Seconds that anything may take on a busy machine."""


class Server:
    """``stifinder serve`` in ``folder``, once it answers."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.said = folder / "said.txt"
        with self.said.open("w") as said:
            self.process = psutil.Popen(
                [*PROGRAM, "--data-dir", str(folder), "serve", "--port", "0", *options],
                stdout=said,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        self.base = until(self._address)
        until(self.answers)

    def _address(self) -> str:
        assert self.process.poll() is None, self.said.read_text()
        found = re.search(r"http://127\.0\.0\.1:\d+", self.said.read_text())
        return found[0] if found else ""

    def answers(self) -> bool:
        """Whether a new connection gets an answer."""
        try:
            return requests.get(f"{self.base}/health", timeout=PATIENCE).json() == {"status": "ok"}
        except requests.ConnectionError:
            return False

    def workers(self) -> set[int]:
        """The processes beside the first one."""
        return {child.pid for child in self.process.children()}

    def does_jobs(self) -> int:
        """The worker that holds the lock of the jobs; 0 when none does (yet)."""
        try:
            inode = (self.folder / "jobs.lock").stat().st_ino
        except FileNotFoundError:
            return 0
        held = re.findall(rf"\d+: FLOCK +ADVISORY +WRITE (\d+) \S+:{inode} ", Path("/proc/locks").read_text())
        return int(held[0]) if held else 0

    def stop(self, number: int) -> int:
        """Stop it by a signal; the exit code."""
        self.process.send_signal(number)
        return int(self.process.wait(PATIENCE))


def until(look: Callable[[], T]) -> T:
    """What ``look`` gives, once it gives something."""
    end = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
    return found


@pytest.fixture
def folder(tmp_path: Path, migrated_sqlite: Path) -> Path:
    shutil.copy(migrated_sqlite, tmp_path / "stifinder.db")
    return tmp_path


@pytest.fixture
def serve(folder: Path) -> Iterator[Callable[..., Server]]:
    made: list[Server] = []

    def start(*options: str) -> Server:
        made.append(Server(folder, *options))
        return made[-1]

    yield start
    for server in made:
        for process in (*server.process.children(), server.process) if server.process.is_running() else ():
            process.kill()
        server.process.wait(PATIENCE)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_workers_answer_and_stop_cleanly(serve: Callable[..., Server], end: int) -> None:
    server = serve("--workers", "2")
    until(lambda: len(server.workers()) == 2)
    workers = [psutil.Process(pid) for pid in server.workers()]
    assert server.stop(end) == 0
    assert not [worker for worker in workers if worker.is_running()]
    said = server.said.read_text()
    assert said.count("Stopped.") == 1
    assert "Traceback" not in said
    assert not server.answers()


def test_a_worker_that_dies_is_replaced_and_another_takes_the_jobs_over(
    serve: Callable[..., Server],
) -> None:
    server = serve("--workers", "2")
    first = until(server.does_jobs)
    before = until(lambda: server.workers() if len(server.workers()) == 2 else set())
    assert first in before
    os.kill(first, signal.SIGKILL)
    after = until(
        lambda: server.workers() if len(server.workers()) == 2 and first not in server.workers() else set()
    )
    assert until(server.does_jobs) in after
    assert server.answers()
    assert server.stop(signal.SIGTERM) == 0


def test_with_no_jobs_no_worker_does_them(serve: Callable[..., Server]) -> None:
    server = serve("--workers", "2", "--no-jobs")
    until(lambda: len(server.workers()) == 2)
    assert not (server.folder / "jobs.lock").exists()


def test_a_message_used_at_one_worker_is_refused_by_all(
    serve: Callable[..., Server], folder: Path, key_server: KeyServer
) -> None:
    server = serve("--workers", "3", "--threads", "1")
    thinks = "http://127.0.0.1:8080"  # the address that people give, were there a proxy
    core = Core.open(Settings(folder, f"sqlite:///{folder / 'stifinder.db'}", thinks))
    core.add_tenant("t", "A tenant")
    platform = Platform(core, key_server, issuer="https://workers.example.com")
    target = f"{thinks}/"
    asked = requests.post(
        f"{server.base}/lti/login",
        data=platform.request(target_link_uri=target),
        allow_redirects=False,
        timeout=PATIENCE,
    )
    question = {
        name: values[0] for name, values in parse_qs(urlsplit(asked.headers["Location"]).query).items()
    }
    token = platform.sign(platform.claims(question["nonce"], {"target_link_uri": target}))
    core.close()

    def launch() -> requests.Response:
        return requests.post(
            f"{server.base}/lti/launch",
            data={"state": question["state"], "id_token": token},
            headers={"Cookie": asked.headers["Set-Cookie"].partition(";")[0]},
            allow_redirects=False,
            timeout=PATIENCE,
        )

    assert launch().status_code == 303
    assert {(again.status_code, "state-used" in again.text) for again in (launch() for _ in range(9))} == {
        (401, True)
    }


def test_a_start_that_cannot_succeed_says_why_and_leaves_no_process(tmp_path: Path) -> None:
    said = subprocess.run(
        [*PROGRAM, "--data-dir", str(tmp_path), "serve", "--port", "0", "--workers", "2"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        cwd=tmp_path,
    )
    assert said.returncode not in (0, None)
    assert "stifinder migrate" in said.stderr
    assert "Traceback" not in said.stderr


def test_settings_that_only_the_whole_tool_can_judge_stop_the_start_with_one_line(folder: Path) -> None:
    (folder / "stifinder.toml").write_text("[plugins.nobody]\ncolour = 'blue'\n")
    said = subprocess.run(
        [*PROGRAM, "--data-dir", str(folder), "serve", "--port", "0", "--workers", "2"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        cwd=folder,
    )
    assert said.returncode != 0
    assert "no such plugin" in said.stderr
    assert "Traceback" not in said.stderr
