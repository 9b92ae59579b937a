"""How plugins do for one tenant, as this process saw it: calls, failures, and how long they take."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from cachetools import LRUCache

LATELY = 200
"""Calls from which the 95th percentile is taken."""
KEPT = 5_000
"""Pairs of tenant and plugin that are counted."""


@dataclass(slots=True)
class Tally:
    """One plugin's calls for one tenant since the process started.

    :param lately: seconds of the last calls.
    """

    calls: int = 0
    failures: int = 0
    lately: deque[float] = field(default_factory=lambda: deque(maxlen=LATELY))

    @property
    def p95(self) -> float | None:
        """Milliseconds within which 95 of 100 calls came back; None without calls."""
        return percentile(sorted(self.lately), 0.95)


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The smallest value that ``share`` of the values do not exceed (nearest rank), in thousandths."""
    if not ordered:
        return None
    rank = max(1, -(-len(ordered) * round(share * 100) // 100))
    return ordered[rank - 1] * 1000


class Tallies:
    """Tallies of tenants and plugins; the least used are forgotten."""

    def __init__(self) -> None:
        self._known: LRUCache[tuple[str, str], Tally] = LRUCache(KEPT)
        self._lock = threading.Lock()

    def note(self, tenant_id: str, plugin: str, seconds: float, *, well: bool) -> None:
        """Count one call."""
        with self._lock:
            tally = self._known.get((tenant_id, plugin))
            if tally is None:
                tally = self._known[tenant_id, plugin] = Tally()
            tally.calls += 1
            tally.failures += not well
            tally.lately.append(seconds)

    def of(self, tenant_id: str, plugin: str) -> Tally:
        """A copy of the counts."""
        with self._lock:
            known = self._known.get((tenant_id, plugin), Tally())
            return Tally(known.calls, known.failures, known.lately.copy())
