"""What waits until the application has started: dear work of plugins, and the collection of garbage.

Loading libraries for numbers costs more than the rest of a start together. A plugin that needs some of them
only for its answers says so by ``once_started``, and the first pages do not wait for them.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Work = Callable[[], object]
_waiting: list[Work] | None = None


def once_started(work: Work) -> None:
    """Do dear work, such as loading a library: now, or while an application starts, beside it once it has.

    :param work: takes no arguments; may be done on another thread.
    """
    if _waiting is None:
        work()
    else:
        _waiting.append(work)


@contextmanager
def starting() -> Iterator[None]:
    """Everything in here is a start, made once in a process before other threads are."""
    global _waiting
    # What is made now stays: to look through it again and again for garbage takes a quarter of a start.
    collecting = gc.isenabled()
    gc.disable()
    _waiting = []
    try:
        yield
    finally:
        waiting, _waiting = _waiting, None
        if collecting:
            gc.enable()
    if waiting:
        threading.Thread(target=_do, args=(waiting,), name="stifinder-once-started", daemon=True).start()


def _do(waiting: list[Work]) -> None:
    for work in waiting:
        work()
