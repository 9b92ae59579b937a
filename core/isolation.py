"""Calling code that we did not write: no plugin can take the page down.

A call runs on a worker thread and is waited for until its time budget ends. A call that is not back by then
is abandoned: its plugin loses its vote, and an exception is raised inside the running Python code so that
also ``while True: pass`` ends. A thread that does not end (because it waits inside C code) is counted; a
plugin with two such threads is not called again until one of them is back, so their number is bounded by
twice the number of plugins. docs/decisions/0003 gives the measured cost, and the one case this cannot hold: C
code that never lets go of the interpreter lock.
"""

from __future__ import annotations

import ctypes
import logging
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

log = logging.getLogger("stifinder.plugins")

FAILURES_TO_OPEN = 3
"""Failures of one hook in a row after which its plugin is left alone for a while."""
FIRST_PAUSE = 30.0
LONGEST_PAUSE = 900.0
MOST_STUCK = 2


class Abandoned(BaseException):
    """Raised in a plugin whose time is up; not an ``Exception``, so that no habit of catching stops it."""


class Unusable(ValueError):
    """A plugin's answer is not what its hook promises."""


@dataclass
class _Job:
    function: Callable[..., Any]
    arguments: Mapping[str, Any]
    done: threading.Event = field(default_factory=threading.Event)
    answer: Any = None
    error: BaseException | None = None
    thread_id: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    abandoned: bool = False
    finished: bool = False


class _Workers:
    """Idle threads waiting for a call; grows when all are busy, and forgets threads that were abandoned."""

    def __init__(self) -> None:
        self._idle: list[SimpleQueue[_Job]] = []
        self._lock = threading.Lock()

    def start(self, job: _Job) -> None:
        with self._lock:
            inbox = self._idle.pop() if self._idle else None
        if inbox is None:
            inbox = SimpleQueue()
            threading.Thread(target=self._work, args=(inbox,), name="stifinder-plugin", daemon=True).start()
        inbox.put(job)

    def _work(self, inbox: SimpleQueue[_Job]) -> None:
        while True:
            job = inbox.get()
            _run(job)
            if job.abandoned:
                return  # this thread was interrupted once, and is not trusted with another job
            with self._lock:
                self._idle.append(inbox)


def _run(job: _Job) -> None:
    job.thread_id = threading.get_ident()
    try:
        try:
            job.answer = job.function(**job.arguments)
        except BaseException as error:  # noqa: BLE001  (the caller logs and counts it)
            job.error = error
        with job.lock:
            job.finished = True
    except Abandoned as late:  # it was on its way when the plugin's code ended
        job.error = late
    finally:
        job.done.set()


def _interrupt(job: _Job) -> None:
    """Raise ``Abandoned`` in the thread that runs the job, if it still does."""
    with job.lock:
        job.abandoned = True
        if not job.finished and job.thread_id:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(job.thread_id), ctypes.py_object(Abandoned)
            )


@dataclass
class Health:
    """What became of one plugin's calls since the start.

    :param failures: kind (``error``, ``timeout``, ``unusable``) to count.
    :param last: the last failure in words: hook, kind, place in the code; never the plugin's data.
    :param in_a_row: hook to its failures since its last success; by hook, because a plugin whose other hooks
        work would else never be left alone.
    :param open_until: monotonic seconds until which the plugin is not called.
    """

    calls: int = 0
    skipped: int = 0
    seconds: float = 0.0
    failures: Counter[str] = field(default_factory=Counter)
    last: str = ""
    in_a_row: Counter[str] = field(default_factory=Counter)
    pause: float = 0.0
    open_until: float = 0.0
    stuck: list[_Job] = field(default_factory=list)


class Isolation:
    """Calls plugins so that they can fail alone.

    :param clock: monotonic seconds; tests pass their own.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._workers = _Workers()
        self._lock = threading.Lock()
        self.health: dict[str, Health] = {}

    def status(self, plugin: str) -> str:
        """``ok``, ``paused`` (the breaker is open) or ``stuck`` (calls that never ended)."""
        health = self.health.get(plugin)
        if health is None:
            return "ok"
        if len(self._stuck(health)) >= MOST_STUCK:
            return "stuck"
        return "paused" if self._clock() < health.open_until else "ok"

    def call(
        self,
        plugin: str,
        hook: str,
        function: Callable[..., Any],
        arguments: Mapping[str, Any],
        *,
        seconds: float,
        check: Callable[[Any], Any],
    ) -> tuple[bool, Any]:
        """Call a plugin's function.

        :param check: turns the answer into a usable one or raises ``Unusable``; runs on the caller's thread.
        :returns: (True, checked answer), or (False, None) when the plugin has no vote in this call.
        """
        with self._lock:
            health = self.health.setdefault(plugin, Health())
            if self.status(plugin) != "ok":
                health.skipped += 1
                return False, None
            health.calls += 1
        job = _Job(function, arguments)
        started = time.perf_counter()
        self._workers.start(job)
        in_time = job.done.wait(seconds)
        if not in_time:
            _interrupt(job)
        failure, words, answer = "", "", None
        if not in_time:
            failure, words = "timeout", f"not back after {seconds * 1000:.0f} ms"
        elif job.error is not None:
            failure, words = "error", _where(job.error)
        else:
            try:
                answer = check(job.answer)
            except Unusable as error:
                failure, words = "unusable", str(error)
        with self._lock:
            health.seconds += time.perf_counter() - started
            if not in_time:
                health.stuck.append(job)
            if failure:
                self._failed(plugin, hook, health, failure, words)
                return False, None
            del health.in_a_row[hook]
            if not health.in_a_row:
                health.pause = 0.0
        return True, answer

    @staticmethod
    def _stuck(health: Health) -> list[_Job]:
        health.stuck = [job for job in health.stuck if not job.done.is_set()]
        return health.stuck

    def _failed(self, plugin: str, hook: str, health: Health, kind: str, words: str) -> None:
        health.failures[kind] += 1
        health.in_a_row[hook] += 1
        health.last = f"{hook}: {kind}, {words}"
        log.warning("plugin %s lost its vote in %s: %s (%s)", plugin, hook, kind, words)
        if health.in_a_row[hook] >= FAILURES_TO_OPEN:
            health.pause = min(max(FIRST_PAUSE, health.pause * 2), LONGEST_PAUSE)
            health.open_until = self._clock() + health.pause
            log.warning(
                "plugin %s is left alone for %.0f s after %d failures of %s",
                plugin,
                health.pause,
                health.in_a_row[hook],
                hook,
            )


def _where(error: BaseException) -> str:
    """The error's type and place. Its message stays out: it may hold what the plugin was given."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"
