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
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import Any, TypeVar

log = logging.getLogger("stifinder.plugins")

Function = TypeVar("Function", bound=Callable[..., Any])

FAILURES_TO_OPEN = 3
"""Failures of one hook in a row after which its plugin is left alone for a while."""
FIRST_PAUSE = 30.0
LONGEST_PAUSE = 900.0
MOST_STUCK = 2


class Abandoned(BaseException):
    """Raised in a plugin whose time is up; not an ``Exception``, so that no habit of catching stops it."""


class Unusable(ValueError):
    """A plugin's answer is not what its hook promises."""


class Failed(RuntimeError):
    """A plugin's code failed where its exception cannot come from: in another process.

    :param kind: the exception's type.
    :param frames: where, as ``Failure.frames``.
    """

    def __init__(self, kind: str, frames: Iterable[tuple[str, int, str]]) -> None:
        self.kind = kind
        self.frames = tuple(Frame(*frame) for frame in frames)
        super().__init__(f"{kind}{_at(self.frames)}")


@dataclass(frozen=True, slots=True)
class Frame:
    """One place in the code."""

    file: str
    line: int
    function: str


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed call. Nothing of what the plugin was given is in it, and no message of its own.

    :param kind: ``error``, ``timeout`` or ``unusable``.
    :param words: the exception's type, or what was wrong with the time or the answer.
    :param frames: the way through the code, outermost first; for a timeout where it was when
        that ended, as soon as it has let go.
    """

    hook: str
    kind: str
    words: str
    at: datetime
    frames: tuple[Frame, ...] = ()


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
    health: Health | None = None
    failure: Failure | None = None


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
    if job.abandoned:
        _tell_late(job)


def ends_itself(function: Function) -> Function:
    """Mark a function that keeps to its time by itself, and must not be interrupted while it cleans up."""
    function.ends_itself = True  # type: ignore[attr-defined]
    return function


def _interrupt(job: _Job) -> None:
    """Raise ``Abandoned`` in the thread that runs the job, if it still does."""
    with job.lock:
        job.abandoned = True
        if getattr(job.function, "ends_itself", False):
            return
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
    :param last_failure: the same as ``last``, with the way through the code.
    """

    calls: int = 0
    skipped: int = 0
    seconds: float = 0.0
    failures: Counter[str] = field(default_factory=Counter)
    last: str = ""
    last_failure: Failure | None = None
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
        self.since = datetime.now(UTC)

    def status(self, plugin: str) -> str:
        """``ok``, ``paused`` (the breaker is open) or ``stuck`` (calls that never ended)."""
        health = self.health.get(plugin)
        if health is None:
            return "ok"
        if len(self._stuck(health)) >= MOST_STUCK:
            return "stuck"
        return "paused" if self._clock() < health.open_until else "ok"

    def paused_for(self, plugin: str) -> float:
        """Seconds until a plugin that is left alone is tried again; 0 when it is not."""
        health = self.health.get(plugin)
        return max(0.0, health.open_until - self._clock()) if health else 0.0

    def try_again(self, plugin: str) -> None:
        """End a plugin's pause; calls that never ended go on counting."""
        with self._lock:
            health = self.health.setdefault(plugin, Health())
            health.in_a_row.clear()
            health.pause = health.open_until = 0.0

    def call(
        self,
        plugin: str,
        hook: str,
        function: Callable[..., Any],
        arguments: Mapping[str, Any],
        *,
        seconds: float,
        check: Callable[[Any], Any],
        noted: Callable[[str, float], None] | None = None,
    ) -> tuple[bool, Any]:
        """Call a plugin's function.

        :param check: turns the answer into a usable one or raises ``Unusable``; runs on the caller's thread.
        :param noted: told the kind of failure ("" for none) and the seconds, unless the plugin is left alone.
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
        frames: tuple[Frame, ...] = ()
        if not in_time:
            _interrupt(job)
        failure, words, answer = "", "", None
        if not in_time:
            failure, words = "timeout", f"not back after {seconds * 1000:.0f} ms"
        elif isinstance(job.error, Unusable):
            failure, words = "unusable", str(job.error)
        elif job.error is not None:
            frames = _frames(job.error)
            kind = job.error.kind if isinstance(job.error, Failed) else type(job.error).__name__
            failure, words = "error", kind
        else:
            try:
                answer = check(job.answer)
            except Unusable as error:
                failure, words = "unusable", str(error)
        took = time.perf_counter() - started
        if noted is not None:
            noted(failure, took)
        with self._lock:
            health.seconds += took
            if not in_time:
                health.stuck.append(job)
            if failure:
                what = Failure(hook, failure, words, datetime.now(UTC), frames)
                self._failed(plugin, health, what)
                if not in_time:
                    job.health, job.failure = health, what
                    _tell_late(job)
                return False, None
            del health.in_a_row[hook]
            if not health.in_a_row:
                health.pause = 0.0
        return True, answer

    @staticmethod
    def _stuck(health: Health) -> list[_Job]:
        health.stuck = [job for job in health.stuck if not job.done.is_set()]
        return health.stuck

    def _failed(self, plugin: str, health: Health, what: Failure) -> None:
        hook, kind = what.hook, what.kind
        words = what.words + (_at(what.frames) if kind == "error" else "")
        health.failures[kind] += 1
        health.in_a_row[hook] += 1
        health.last = f"{hook}: {kind}, {words}"
        health.last_failure = what
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


def _frames(error: BaseException) -> tuple[Frame, ...]:
    """Where an error came from. Its message stays out: it may hold what the plugin was given."""
    if isinstance(error, Failed):
        return error.frames
    return _of_stack(traceback.extract_tb(error.__traceback__))


def _tell_late(job: _Job) -> None:
    """Add to a timeout where the plugin was, once its code has ended; called by both threads.

    Only the interrupted thread itself knows: to look at another's frames can lock up the interpreter.
    """
    with job.lock:
        failure, health = job.failure, job.health
        if failure is not None and health is not None and isinstance(job.error, Abandoned):
            if health.last_failure is failure:
                health.last_failure = replace(failure, frames=_frames(job.error))
            job.failure = None


def _of_stack(found: Iterable[traceback.FrameSummary]) -> tuple[Frame, ...]:
    frames = [Frame(f.filename, f.lineno or 0, f.name) for f in found]
    ours = [n for n, frame in enumerate(frames) if frame.file == __file__]
    return tuple(frames[ours[-1] + 1 :] if ours else frames)


def _at(frames: tuple[Frame, ...]) -> str:
    return f" at {frames[-1].file}:{frames[-1].line}" if frames else ""
