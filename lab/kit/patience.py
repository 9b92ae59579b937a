"""Taking a plugin's call back that does not end by itself."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

ENDLESS = 10.0
"""Seconds after which a call in an ordinary situation counts as never ending."""


class NeverEnded(BaseException):
    """A call was not back in time. No ``Exception``: a plugin that catches those must not catch this."""

    def __init__(self, what: str, seconds: float, where: str = "") -> None:
        super().__init__(f"{what}: not back after {seconds:g} s")
        self.what, self.seconds, self.where = what, seconds, where


@contextlib.contextmanager
def watched(what: str, times: float = 1.0) -> Iterator[None]:
    """Take back what does not end. Within another, the outer one watches alone.

    Python code is taken back by a signal, which there is in the main thread and outside Windows. Elsewhere
    nothing is watched.

    :param times: as many times as long as ``ENDLESS``.
    :raises NeverEnded: when it was not back in time.
    """
    if (
        not hasattr(signal, "setitimer")
        or threading.current_thread() is not threading.main_thread()
        or signal.getitimer(signal.ITIMER_REAL)[0]
    ):
        yield
        return
    seconds = ENDLESS * times

    def enough(_number: int, _frame: FrameType | None) -> None:
        raise NeverEnded(what, seconds)

    before = signal.signal(signal.SIGALRM, enough)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
