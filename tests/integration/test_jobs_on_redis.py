"""The queue on a real Redis: another process does what one asks for; a Redis that is away costs no page."""

from __future__ import annotations

import logging
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis
from stifinder.core.service import Core
from stifinder.core.settings import Settings
from stifinder.lti_tool import jobs
from stifinder.lti_tool.cli import doctor
from stifinder.lti_tool.cli.doctor import Finding


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    """The address of a Redis server of our own, on a socket in a folder of its own."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("Redis is not installed: there is no redis-server")
    with tempfile.TemporaryDirectory(prefix="stifinder-redis-") as folder:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = subprocess.Popen(
            [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert server.stdout is not None
            for line in server.stdout:
                if "Ready to accept connections" in line:
                    break
            else:
                pytest.fail("Redis ended before it was ready")
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()
            server.communicate(timeout=10)


@pytest.fixture
def on_redis(core: Core, redis_url: str) -> Core:
    redis.Redis.from_url(redis_url).flushall()
    core.settings = replace(core.settings, redis_url=redis_url)
    return core


def test_what_one_process_asks_for_is_done_by_another(
    on_redis: Core, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    done = threading.Event()
    monkeypatch.setattr(jobs.Jobs, "send_scores", lambda _self: done.set())
    jobs.Queue(on_redis).soon()
    assert not (Path(settings.data_dir) / jobs.FILE_NAME).exists()
    assert not done.is_set()
    worker = jobs.Queue(on_redis)
    worker.start()
    try:
        assert done.wait(20)
    finally:
        worker.stop()


@pytest.fixture
def nobody_there() -> Iterator[str]:
    with socket.socket() as taken:  # bound, so that nobody else takes it, and not listening
        taken.bind(("127.0.0.1", 0))
        yield f"redis://127.0.0.1:{taken.getsockname()[1]}/0"


def test_a_redis_that_is_away_costs_no_page_and_is_logged(
    core: Core, nobody_there: str, caplog: pytest.LogCaptureFixture
) -> None:
    core.settings = replace(core.settings, redis_url=nobody_there)
    with caplog.at_level(logging.WARNING):
        jobs.Queue(core).soon()
    assert "the queue does not answer" in caplog.text


def test_doctor_says_whether_redis_answers(redis_url: str, nobody_there: str, settings: Settings) -> None:
    def queue(url: str) -> Finding:
        (found,) = doctor._queue(replace(settings, redis_url=url))
        return found

    assert queue(redis_url).status == "ok"
    assert (queue(nobody_there).status, "REDIS_URL" in queue(nobody_there).cure) == ("fail", True)
