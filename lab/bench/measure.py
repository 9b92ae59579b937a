"""What something costs: seconds and memory, in a process of its own so that nothing else is counted.

There one thread computes: an OpenMP pool does not outlive a fork, and waiting for it would never end.
"""

from __future__ import annotations

import multiprocessing
import resource
import statistics
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

from threadpoolctl import threadpool_limits

from ...core.errors import StifinderError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Measured(Generic[T]):
    """What came out, and what it cost. ``peak_mb`` is above what the process held before."""

    value: T
    seconds: float
    peak_mb: float


def measured(function: Callable[[], T]) -> Measured[T]:
    """Run a function in a forked process; its value comes back pickled.

    :raises StifinderError: when it failed there; the message holds the trace.
    """
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_inside, args=(function, theirs))
    process.start()
    theirs.close()
    try:
        found = ours.recv()
    except EOFError:
        found = "the process was killed, perhaps for want of memory"
    process.join()
    if isinstance(found, str):
        raise StifinderError(f"a measured function failed: {found}", "The trace says where.")
    return Measured(*found)


def _inside(function: Callable[[], T], back: Connection) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    try:
        with threadpool_limits(limits=1):
            value = function()
        seconds = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        back.send((value, seconds, peak * 1024 / 1e6))
    except Exception:  # noqa: BLE001  (whatever it was, the parent says it)
        back.send(traceback.format_exc())


def microseconds(function: Callable[[], object], times: int = 2000) -> float:
    """What one call costs: the median of ``times`` calls."""
    costs = []
    for _ in range(times):
        started = time.perf_counter()
        function()
        costs.append(time.perf_counter() - started)
    return statistics.median(costs) * 1e6
