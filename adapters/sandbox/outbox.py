"""Sending the sandbox's statements to the tool, in order, as often as needed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import requests

from .store import Kept, Store

BATCH = 50
TIMEOUT = (3.0, 30.0)
"""Seconds to connect, and to wait for an answer."""
EVERY = 5.0
"""Seconds between two tries of the background sender."""


@dataclass(frozen=True, slots=True)
class Door:
    """The tool's xAPI endpoint, and what opens it.

    :param endpoint: ends with a slash; ``statements`` is added to it.
    """

    endpoint: str
    user: str
    password: str


class Outbox:
    """Carries waiting statements to the tool. Statements stay in the store until the tool has taken them.

    :ivar problem: why the last try left something waiting; "" when nothing did.
    """

    def __init__(self, store: Store, door: Door) -> None:
        self.store = store
        self.door = door
        self.problem = ""
        self._lock = threading.Lock()  # one sender at a time keeps the order
        self._session = requests.Session()
        self._session.trust_env = False  # loopback: no proxy, no .netrc
        self._session.auth = (door.user, door.password)
        self._session.headers["X-Experience-API-Version"] = "1.0.3"

    def flush(self, progress: Callable[[int], None] | None = None) -> None:
        """Send what waits, oldest first, until nothing does or the tool cannot take more.

        :param progress: called after each batch with the number of statements dealt with.
        """
        with self._lock:
            while batch := self.store.waiting(BATCH):
                dealt = self._deliver(batch)
                if progress is not None and dealt:
                    progress(dealt)
                if dealt < len(batch):
                    return
            self.problem = ""

    def run(self, stop: threading.Event) -> None:
        """Try again every few seconds until ``stop`` is set."""
        while not stop.wait(EVERY):
            self.flush()

    def _deliver(self, batch: list[Kept]) -> int:
        """Send one batch; return how many statements no longer wait.

        A refused batch is sent again one by one: a statement that the tool will never take is set aside with
        the reason, and does not hold up the others.
        """
        status, words = self._post([kept.statement for kept in batch])
        if status == 200:
            self.store.mark([kept.seq for kept in batch], "sent")
            return len(batch)
        if status not in (400, 409, 413):
            self.problem = words
            return 0
        if len(batch) == 1:
            self.store.mark([batch[0].seq], "refused", words)
            return 1
        dealt = 0
        for kept in batch:
            if not self._deliver([kept]):
                break
            dealt += 1
        return dealt

    def _post(self, statements: list[dict[str, object]]) -> tuple[int, str]:
        """The status of the answer, 0 when there is none, and the answer in words."""
        try:
            answer = self._session.post(f"{self.door.endpoint}statements", json=statements, timeout=TIMEOUT)
        except requests.RequestException as error:
            return 0, f"The tool does not answer ({type(error).__name__})."
        if answer.status_code in (401, 403):
            return answer.status_code, "The tool refuses the password of the sandbox."
        return answer.status_code, f"The tool answered {answer.status_code}: {answer.text[:500]}"
