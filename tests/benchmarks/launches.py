"""Launches over HTTP: login, message, launch, page; one at a time, and a hundred a second.

A launch is what a browser does between the click in the LMS and the page: it posts the login request, gets
the message signed by the LMS, posts it, and follows to the page. The load comes from a process of its own
(this file, run as a program) on the same machine, so it takes part of what it measures; its share of the
processor is a figure too. It starts launches at fixed times, whether earlier ones are done or not, and counts
from the time a launch was due.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import lms
import psutil
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from figures import Figure, percentile
from stifinder.lab import histories
from stifinder.lab.bench import world as bench_world

WORKERS = 4
A_SECOND = 100
BROWSERS = 48
"""Launches under way at the same time; more wait for one to end."""
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
STAGES = ("login", "launch", "page")


class Failed(RuntimeError):
    """A launch did not end with its page."""


class Browser:
    """Goes from a click in the LMS to the page, over one connection; for one thread at a time."""

    def __init__(self, base: str, key: RSAPrivateKey) -> None:
        self._base = base
        self._key = key
        self._connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=60)

    def launch(self, subject: str, course: str, *, page: bool = True) -> dict[str, float]:
        """Launch once; gives what each part took, in milliseconds; the LMS's signing is in none.

        :param page: whether to follow to the page.
        :raises Failed: an answer is not the one of a good launch.
        """
        started = time.perf_counter()
        asked = {
            "iss": bench_world.ISSUER,
            "client_id": lms.CLIENT_ID,
            "lti_deployment_id": lms.DEPLOYMENT_ID,
            "login_hint": subject,
            "lti_message_hint": '{"cmid":3,"launchid":"ltilaunch3_1"}',
            "target_link_uri": f"{self._base}/",
        }
        where, cookie, _ = self._ask("POST", "/lti/login", 302, urlencode(asked))
        question = parse_qs(urlsplit(where).query)
        at_lms = time.perf_counter()
        token = lms.token(self._key, self._base, question["nonce"][0], subject, course)
        signed = time.perf_counter()
        answer = urlencode({"state": question["state"][0], "id_token": token})
        where, cookie, _ = self._ask("POST", "/lti/launch", 303, answer, cookie)
        launched = time.perf_counter()
        if page:
            _, _, shown = self._ask("GET", urlsplit(where).path, 200, cookie=cookie)
            if course.encode() not in shown:
                raise Failed("the page is not the course's")
        ended = time.perf_counter()
        parts = {"login": at_lms - started, "launch": launched - signed, "page": ended - launched}
        return {name: seconds * 1000 for name, seconds in parts.items()}

    def _ask(
        self, method: str, path: str, status: int, body: str | None = None, cookie: str = ""
    ) -> tuple[str, str, bytes]:
        """Address to follow to, cookie that was set, and page."""
        headers = {"Accept": "text/html", "Sec-Fetch-Dest": "iframe"} | (FORM if body else {})
        self._connection.request(method, path, body, headers | ({"Cookie": cookie} if cookie else {}))
        answer = self._connection.getresponse()
        page = answer.read()
        if answer.status != status:
            raise Failed(f"{method} {path.partition('?')[0][:20]}: {answer.status} {page[-300:]!r}")
        cookies = [c.partition(";")[0] for c in answer.headers.get_all("Set-Cookie", [])]
        given = next((c for c in cookies if c.startswith("sf-") and not c.endswith("=")), "")
        return answer.headers.get("Location", ""), given, page


# --- one at a time ----------------------------------------------------------------------------------


def one_by_one(
    base: str, key: RSAPrivateKey, world: histories.World, people: Sequence[str], words: str
) -> list[Figure]:
    """Launches by these people one after the other; each worker has its keys and models before."""
    browser = Browser(base, key)
    for n in range(10 * WORKERS):  # a new connection each, so that every worker gets some
        Browser(base, key).launch(people[n % len(people)], world.contexts[n % len(world.contexts)])
    taken = [browser.launch(name, world.contexts[n % len(world.contexts)]) for n, name in enumerate(people)]
    whole = [sum(parts[stage] for stage in STAGES) for parts in taken]
    return [
        Figure(f"launch to rendered page, {words}, median", percentile(whole, 0.5), "ms"),
        Figure(f"launch to rendered page, {words}, p95", percentile(whole, 0.95), "ms", "< 120"),
        *(
            Figure(f"of it {stage}, median", percentile([parts[stage] for parts in taken], 0.5), "ms")
            for stage in STAGES
        ),
    ]


# --- many at a time ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Load:
    """What is offered to a tool.

    :param people, contexts: who launches from where, in turn.
    """

    base: str
    key: RSAPrivateKey
    people: Sequence[str]
    contexts: Sequence[str]
    seconds: int

    def run(self, a_second: int, *, page: bool) -> Outcome:
        """Offer it from a process of its own.

        :param a_second: 0 offers as many as are taken.
        :param page: whether the browsers follow to the page.
        """
        job = {
            "base": self.base,
            "key": lms.pem(self.key),
            "people": list(self.people),
            "contexts": list(self.contexts),
            "seconds": self.seconds,
            "a_second": a_second,
            "page": page,
        }
        command = [sys.executable, str(Path(__file__))]
        done = subprocess.run(command, input=json.dumps(job), capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return Outcome(**json.loads(done.stdout))


@dataclass
class Outcome:
    """What became of a load.

    :param whole: milliseconds from the time each launch was due to its end, of those that went well.
    :param errors: what was said of the others.
    :param seconds: from the first launch that was due to the end of the last.
    :param cpu_seconds: of the process that made the load.
    """

    whole: list[float]
    errors: list[str]
    seconds: float
    cpu_seconds: float

    @property
    def a_second(self) -> float:
        """Launches that went well."""
        return len(self.whole) / self.seconds

    @property
    def count(self) -> int:
        """Launches, however they went."""
        return max(1, len(self.whole) + len(self.errors))


def most(load: Load, server: psutil.Process, words: str) -> list[Figure]:
    """How many launches a second there are when each browser begins the next at once."""
    figures = []
    for page, what in ((False, "login and launch"), (True, "to the page")):
        before = _cpu_seconds(server)
        outcome = load.run(0, page=page)
        cost = (_cpu_seconds(server) - before) / outcome.count * 1000
        figures += [
            Figure(f"most launches, {what}, {words}", outcome.a_second, "/s"),
            Figure("errors meanwhile", len(outcome.errors), "", "0"),
            Figure("processor time of the tool, a launch", cost, "ms"),
        ]
        _tell(outcome)
    return figures


def held(load: Load, server: psutil.Process, words: str) -> list[Figure]:
    """Whether launches that are due a hundred a second are held, and how long each takes from then."""
    figures = []
    for page, what in ((False, "login and launch"), (True, "to the page")):
        outcome = load.run(A_SECOND, page=page)
        figures += [
            Figure(f"held of {A_SECOND} launches a second, {what}, {words}", outcome.a_second, "/s", "100"),
            Figure("errors meanwhile", len(outcome.errors), "", "0"),
            Figure("from due to done, median", percentile(outcome.whole or [0], 0.5), "ms"),
            Figure("from due to done, p95", percentile(outcome.whole or [0], 0.95), "ms"),
            Figure("processor share of the load itself", _share(outcome), "% of cores"),
        ]
        _tell(outcome)
    return figures


def _share(outcome: Outcome) -> float:
    """Percent of all the machine's cores."""
    return outcome.cpu_seconds / outcome.seconds / (os.cpu_count() or 1) * 100


def _tell(outcome: Outcome) -> None:
    if outcome.errors:
        sys.stderr.write(f"{len(outcome.errors)} launches failed, the first: {outcome.errors[0]}\n")


def _cpu_seconds(server: psutil.Process) -> float:
    """Processor time of a server and its workers so far."""
    times = [each.cpu_times() for each in (server, *server.children(recursive=True))]
    return sum(t.user + t.system for t in times)


def offer(launch: Callable[[int], object], seconds: int, a_second: int) -> Outcome:
    """Start launches at their times, or one after the other as each browser is free.

    :param launch: gets the number of the launch.
    """
    load = Outcome([], [], 0.0, 0.0)
    lock = threading.Lock()

    def one(number: int, due: float) -> None:
        try:
            launch(number)
        except (Failed, OSError, http.client.HTTPException) as error:
            with lock:
                load.errors.append(f"{type(error).__name__}: {error}")
            return
        with lock:
            load.whole.append((time.perf_counter() - due) * 1000)

    started, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(BROWSERS if a_second else 4 * WORKERS) as pool:
        if a_second:
            for number in range(seconds * a_second):
                due = started + number / a_second
                time.sleep(max(0.0, due - time.perf_counter()))
                pool.submit(one, number, due)
        else:
            numbers = iter(range(10**9))
            until = started + seconds

            def keep_on() -> None:
                while (now := time.perf_counter()) < until:
                    with lock:
                        number = next(numbers)
                    one(number, now)

            for ready in [pool.submit(keep_on) for _ in range(4 * WORKERS)]:
                ready.result()
    load.seconds = time.perf_counter() - started
    load.cpu_seconds = time.process_time() - cpu
    return load


def main() -> None:
    """Make the load that standard input describes; tell what became of it."""
    job = json.load(sys.stdin)
    key = serialization.load_pem_private_key(job["key"].encode(), None)
    assert isinstance(key, RSAPrivateKey)
    mine = threading.local()

    def launch(number: int) -> None:
        browser = getattr(mine, "browser", None)
        if browser is None:
            browser = mine.browser = Browser(job["base"], key)
        people, contexts = job["people"], job["contexts"]
        try:
            who, where = people[number % len(people)], contexts[number % len(contexts)]
            browser.launch(who, where, page=job["page"])
        except BaseException:
            del mine.browser  # its connection may be in the middle of an answer
            raise

    load = offer(launch, job["seconds"], job["a_second"])
    json.dump(asdict(load), sys.stdout)


if __name__ == "__main__":
    main()
