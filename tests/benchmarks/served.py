"""Figures of the served tool, over HTTP: pages, statements, memory."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
import requests
import tincan
from figures import Figure, milliseconds, percentile
from stifinder.core.service import Core
from stifinder.lab import histories
from stifinder.lab.bench import world as bench_world
from stifinder.lab.bench.intake import statements
from stifinder.lti_tool.app import create_app
from stifinder.lti_tool.visit import open_visit, save_visit

ROUNDS = 5


@contextmanager
def tool(
    folder: Path, port: int, workers: int = 1, more: Mapping[str, str] | None = None
) -> Iterator[psutil.Process]:
    """`stifinder serve`, once it answers.

    :param more: environment variables.
    """
    environment = {
        **os.environ,
        "STIFINDER_DATA_DIR": str(folder),
        "STIFINDER_BASE_URL": f"http://127.0.0.1:{port}",
        **(more or {}),
    }
    program = str(Path(sys.executable).with_name("stifinder"))
    command = [program, "serve", "--port", str(port), "--workers", str(workers)]
    with (folder / "serve.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            while process.poll() is None:
                try:
                    requests.get(f"http://127.0.0.1:{port}/health", timeout=120).raise_for_status()
                    break
                except requests.ConnectionError:
                    time.sleep(0.1)
            else:
                raise RuntimeError((folder / "serve.log").read_text())
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(60)


def memory(process: psutil.Process, when: str) -> Figure:
    """What the serving process holds."""
    return Figure(f"memory of the serving process, {when}", process.memory_info().rss / 2**20, "MiB", "< 400")


def memory_of_all(server: psutil.Process) -> Figure:
    """What a server and its workers hold together; what they share is counted once."""
    held = sum(each.memory_full_info().pss for each in (server, *server.children(recursive=True)))
    return Figure("memory of the workers together", held / 2**20, "MiB")


def _visit_cookie(core: Core, world: histories.World, name: str) -> tuple[str, str]:
    """The address of a learner's page, and the cookie that opens it."""
    app = create_app(core)
    with app.test_request_context():
        visit = open_visit(app, bench_world.launch(world, name), name)
        response = app.make_response("")
        save_visit(response, visit)
        return f"/learn/{visit.id}/", response.headers["Set-Cookie"].partition(";")[0]


def pages(base: str, core: Core, world: histories.World, times: int) -> list[Figure]:
    """The learner page over HTTP, for twenty learners in turn."""
    session = requests.Session()
    doors = [_visit_cookie(core, world, world.learners[n * 37 % len(world.learners)]) for n in range(20)]

    def load(n: int) -> None:
        path, cookie = doors[n % len(doors)]
        answer = session.get(base + path, headers={"Cookie": cookie}, timeout=60)
        answer.raise_for_status()
        if "Because" not in answer.text:
            raise RuntimeError("the page shows no suggestion")

    for n in range(len(doors)):
        load(n)
    costs = [milliseconds(lambda n=n: load(n)) for n in range(times)]
    return [
        Figure("learner page over HTTP, median", statistics.median(costs), "ms"),
        Figure("learner page over HTTP, p95", percentile(costs, 0.95), "ms", "< 150"),
    ]


def intake(base: str, world: histories.World, auth: tuple[str, str], batches: int) -> list[Figure]:
    """Statements through HTTP, validated, stored and folded, against tincan's parser alone.

    The two run in turn, so that a change in the machine's speed meets both.
    """
    _, made = statements(world, (batches + 5) * 100)
    bodies = [json.dumps(made[n : n + 100]) for n in range(0, len(made), 100)]
    singles = [json.dumps(s) for s in made[:2000]]
    session = requests.Session()
    session.auth = auth
    headers = {"Content-Type": "application/json", "X-Experience-API-Version": "1.0.3"}

    def send(some: list[str]) -> None:
        for body in some:
            answer = session.post(base + "/xapi/statements", data=body, headers=headers, timeout=120)
            if answer.status_code != 200:
                raise RuntimeError(f"{answer.status_code} {answer.text[:500]}")

    def parse(some: list[str]) -> None:
        for one in some:
            tincan.Statement.from_json(one)

    send(bodies[:5])
    ours, theirs = [], []
    for n in range(ROUNDS):
        part = bodies[5 + n * batches // ROUNDS : 5 + (n + 1) * batches // ROUNDS]
        ours.append(len(part) * 100 / (milliseconds(lambda part=part: send(part)) / 1000))
        some = singles[n * 400 : (n + 1) * 400]
        theirs.append(len(some) / (milliseconds(lambda some=some: parse(some)) / 1000))
    ratio = statistics.median(o / t for o, t in zip(ours, theirs, strict=True))
    return [
        Figure("intake over HTTP, one worker", statistics.median(ours), "statements/s"),
        Figure("tincan.Statement.from_json alone", statistics.median(theirs), "statements/s"),
        Figure("ratio of the two", ratio, "×", ">= 1, aim 2"),
    ]
