"""A plugin that raises, hangs or returns nonsense loses its vote, and nothing else happens."""

from __future__ import annotations

import logging
import threading
import time

import pytest
from stifinder.core.isolation import FAILURES_TO_OPEN, FIRST_PAUSE, MOST_STUCK, Isolation, Unusable


class Ticks:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def call(
    isolation: Isolation,
    function,
    *,
    seconds: float = 0.05,
    check=lambda value: value,
    plugin: str = "p",
    hook: str = "candidates",
):
    return isolation.call(plugin, hook, function, {}, seconds=seconds, check=check)


def wait_until(condition, seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        threading.Event().wait(0.005)
    return True


def loop_for_ever() -> None:
    while True:
        pass


def test_an_answer_in_time_is_returned_checked() -> None:
    assert call(Isolation(), lambda: 20, check=lambda n: n + 1) == (True, 21)


def test_a_plugin_that_raises_loses_its_vote_and_is_counted_without_its_words(caplog) -> None:
    def raises() -> None:
        raise ValueError("a secret about somebody")

    isolation = Isolation()
    with caplog.at_level(logging.WARNING, "stifinder.plugins"):
        assert call(isolation, raises) == (False, None)
    assert isolation.health["p"].failures == {"error": 1}
    assert "ValueError" in isolation.health["p"].last
    assert "plugin p" in caplog.text
    assert "secret" not in caplog.text


def test_an_endless_loop_in_python_is_ended_and_leaves_no_thread() -> None:
    isolation = Isolation()
    before = set(threading.enumerate())
    started = time.perf_counter()
    assert call(isolation, loop_for_ever) == (False, None)
    assert time.perf_counter() - started < 1.0
    assert isolation.health["p"].failures == {"timeout": 1}
    ours = [t for t in set(threading.enumerate()) - before if t.name == "stifinder-plugin"]
    assert wait_until(lambda: not any(t.is_alive() for t in ours))
    assert isolation.status("p") == "ok"


def test_where_a_late_plugin_was_is_known_once_it_has_been_ended() -> None:
    isolation = Isolation()
    call(isolation, loop_for_ever)
    failure = isolation.health["p"].last_failure
    assert failure is not None
    assert (failure.hook, failure.kind) == ("candidates", "timeout")

    def places() -> list[str]:
        return [frame.function for frame in isolation.health["p"].last_failure.frames]

    assert wait_until(lambda: places() == ["loop_for_ever"])


def test_a_loop_that_swallows_every_exception_is_ended_too() -> None:
    def stubborn() -> None:
        while True:
            try:
                sum(range(50))
            except Exception:
                continue

    isolation = Isolation()
    assert call(isolation, stubborn) == (False, None)
    assert wait_until(lambda: not [j for j in isolation.health["p"].stuck if not j.done.is_set()])


def test_threads_that_never_end_are_bounded_and_their_plugin_is_left_alone() -> None:
    release = threading.Event()
    isolation = Isolation()
    for _ in range(MOST_STUCK):
        assert call(isolation, release.wait) == (False, None)
    assert isolation.status("p") == "stuck"
    assert call(isolation, lambda: 1) == (False, None)
    assert isolation.health["p"].skipped == 1
    assert call(isolation, lambda: 1, plugin="another") == (True, 1)
    release.set()
    assert wait_until(lambda: isolation.status("p") == "ok")


def test_an_answer_that_does_not_pass_its_check_costs_the_vote() -> None:
    def refuse(value: object) -> None:
        raise Unusable("Candidate.score is nan")

    isolation = Isolation()
    assert call(isolation, lambda: 1, check=refuse) == (False, None)
    assert isolation.health["p"].failures == {"unusable": 1}
    assert "Candidate.score is nan" in isolation.health["p"].last


def test_repeated_failure_opens_the_breaker_for_a_while_and_longer_the_next_time() -> None:
    clock = Ticks()
    isolation = Isolation(clock)
    calls = 0

    def fails() -> None:
        nonlocal calls
        calls += 1
        raise RuntimeError

    for _ in range(FAILURES_TO_OPEN + 5):
        call(isolation, fails)
    assert calls == FAILURES_TO_OPEN
    assert isolation.status("p") == "paused"
    clock.now = FIRST_PAUSE + 1
    assert isolation.status("p") == "ok"
    call(isolation, fails)
    assert calls == FAILURES_TO_OPEN + 1
    clock.now += FIRST_PAUSE + 1
    assert isolation.status("p") == "paused"
    clock.now += FIRST_PAUSE
    assert call(isolation, lambda: "well again") == (True, "well again")
    assert not isolation.health["p"].in_a_row


def test_a_hook_that_always_fails_opens_the_breaker_although_another_of_the_plugin_works() -> None:
    clock = Ticks()
    isolation = Isolation(clock)

    def fails() -> None:
        raise RuntimeError

    def both() -> None:
        call(isolation, fails)
        call(isolation, lambda: [], hook="award")

    for _ in range(FAILURES_TO_OPEN):
        assert isolation.status("p") == "ok"
        both()
    assert isolation.status("p") == "paused"
    clock.now = FIRST_PAUSE + 1
    assert call(isolation, lambda: [], hook="award") == (True, [])
    call(isolation, fails)
    clock.now += FIRST_PAUSE + 1
    assert isolation.status("p") == "paused"  # twice as long as the first time


def test_system_exit_in_a_plugin_is_only_a_failed_call() -> None:
    def leave() -> None:
        raise SystemExit(3)

    isolation = Isolation()
    assert call(isolation, leave) == (False, None)
    assert call(isolation, lambda: 5) == (True, 5)


@pytest.mark.parametrize("calls", [200])
def test_threads_are_used_again(calls: int) -> None:
    isolation = Isolation()
    seen: set[int] = set()
    for _ in range(calls):
        call(isolation, lambda: seen.add(threading.get_ident()), seconds=2)
    assert len(seen) <= 3
