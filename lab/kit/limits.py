"""How long a call may take, and how much memory."""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace

from ...core.hookspecs import RULES
from . import privacy, situations
from .findings import Finding
from .trial import Promise, Raised, Trial, promise

MEGABYTES = 64
REPEATS = 20
GROWTH_MEGABYTES = 0.2
"""More than this, call after call, is kept for ever."""
SECONDS = 2.0
"""What a round may take."""
ROUNDS = 5


@promise(
    "in-time",
    f"A call comes back within the budget of its hook, with {situations.HUGE} activities.",
    "Work once per catalogue version (functools.lru_cache on catalogue.version), and not once per activity.",
)
def _in_time(trial: Trial, this: Promise) -> Iterator[Finding]:
    huge = trial.huge
    for hook in trial.hooks:
        best = float("inf")
        with privacy.quiet():
            for _ in range(4):
                started = time.perf_counter()
                try:
                    trial.ask(hook, huge)
                except Raised:
                    continue  # ``never-raises`` is about that
                best = min(best, time.perf_counter() - started)
        if best != float("inf") and best * 1000 > RULES[hook].milliseconds:
            yield this.found(
                hook,
                f"{best * 1000:.0f} ms at best of four calls; the budget is {RULES[hook].milliseconds} ms",
                situations.in_words(huge),
            )


@promise(
    "memory",
    f"A call with {situations.HUGE} activities takes at most {MEGABYTES} MB, and keeps nothing.",
    "Bound what you cache (functools.lru_cache(maxsize=…)), and work on what is needed instead of on copies.",
)
def _memory(trial: Trial, this: Promise) -> Iterator[Finding]:
    huge = trial.huge
    for hook in trial.hooks:
        with privacy.quiet():
            try:
                trial.ask(hook, huge)
                tracemalloc.start()
                trial.ask(hook, huge)
                peak = tracemalloc.get_traced_memory()[1]
                repeats = _repeats(trial, hook)
                grown = _grown(trial, hook, repeats)
            except Raised:
                continue
            finally:
                tracemalloc.stop()
        if peak > MEGABYTES * 2**20:
            yield this.found(hook, f"{peak / 2**20:.0f} MB in one call", situations.in_words(huge))
        if grown / repeats > GROWTH_MEGABYTES * 2**20:
            more = f"{grown / 2**20:.0f} MB more after {repeats} calls"
            yield this.found(hook, more, "repeated calls for different learners")


def _repeats(trial: Trial, hook: str) -> int:
    """Calls in a round: fewer where they are slow, which ``in-time`` is about."""
    started = time.perf_counter()
    trial.ask(hook, trial.huge)
    return max(2, min(REPEATS, int(SECONDS / (time.perf_counter() - started))))


def _grown(trial: Trial, hook: str, repeats: int) -> int:
    """Bytes by which memory grows in a round, at least.

    A bounded cache fills during the first rounds, and a thread of the plugin may be at work in one; what
    grows in all of them grows for ever.
    """
    least = sys.maxsize
    for number in range(ROUNDS):
        before = tracemalloc.get_traced_memory()[0]
        for n in range(number * repeats, (number + 1) * repeats):
            learner = replace(trial.huge.learner, id=f"tenant-a.learner-{n}")
            trial.ask(hook, replace(trial.huge, seed=n, learner=learner))
        least = min(least, tracemalloc.get_traced_memory()[0] - before)
        if least / repeats <= GROWTH_MEGABYTES * 2**20:
            break
    return least
