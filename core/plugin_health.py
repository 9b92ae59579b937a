"""How plugins do for one tenant, as this process saw it: calls, failures, and how long they take."""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from cachetools import LRUCache

from .isolation import Failure

LATELY = 200
"""Calls from which the 95th percentile is taken."""
KEPT = 5_000
"""Pairs of tenant and plugin that are counted."""


@dataclass(slots=True)
class Tally:
    """One plugin's calls for one tenant since the process started.

    :param kinds: kind of failure (``error``, ``timeout``, ``unusable``) to count.
    :param lately: seconds of the last calls.
    """

    calls: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    lately: deque[float] = field(default_factory=lambda: deque(maxlen=LATELY))

    @property
    def failures(self) -> int:
        """Calls that failed, however."""
        return self.kinds.total()

    @property
    def p50(self) -> float | None:
        """Milliseconds within which half of the calls came back; None without calls."""
        return percentile(sorted(self.lately), 0.5)

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


def resident() -> int | None:
    """Bytes that this process has in memory; None where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return None


@dataclass(frozen=True)
class PluginHealth:
    """How a plugin does, in the process that answers; what is stored alone is the same in all of them.

    :param tally: calls for this tenant.
    :param since: when this process began to count.
    :param skipped: calls that were not made, for whichever tenant, because the plugin was left alone.
    :param again_in: seconds until a plugin that is left alone is tried again; 0 when it is not.
    :param stuck: calls that never ended.
    :param last: the last failure, for whichever tenant; its files named as they are imported.
    :param grown: bytes this process grew by when it loaded the plugin, libraries that no other had loaded
        before included; None where the system does not say.
    :param stored: learned model to the bytes of its stored state, of this tenant.
    :param apart: whether it runs in a process of its own.
    :param resident: bytes that process has in memory; None without one.
    :param walls: what that process is held back from.
    """

    tally: Tally
    since: datetime
    skipped: int = 0
    again_in: float = 0.0
    stuck: int = 0
    last: Failure | None = None
    grown: int | None = None
    stored: Mapping[str, int] = field(default_factory=dict)
    apart: bool = False
    resident: int | None = None
    walls: tuple[str, ...] = ()


def without_folders(failure: Failure) -> Failure:
    """The failure without the machine's folders: files as they lie below where Python finds them."""
    places = sorted((os.path.join(p, "") for p in sys.path if p), key=len, reverse=True)

    def short(file: str) -> str:
        place = next((p for p in places if file.startswith(p)), "")
        return file[len(place) :] if place else os.path.basename(file)

    return replace(failure, frames=tuple(replace(f, file=short(f.file)) for f in failure.frames))


class Tallies:
    """Tallies of tenants and plugins; the least used are forgotten."""

    def __init__(self) -> None:
        self._known: LRUCache[tuple[str, str], Tally] = LRUCache(KEPT)
        self._lock = threading.Lock()

    def note(self, tenant_id: str, plugin: str, seconds: float, kind: str) -> None:
        """Count one call; ``kind`` is that of its failure, "" for none."""
        with self._lock:
            tally = self._known.get((tenant_id, plugin))
            if tally is None:
                tally = self._known[tenant_id, plugin] = Tally()
            tally.calls += 1
            if kind:
                tally.kinds[kind] += 1
            tally.lately.append(seconds)

    def of(self, tenant_id: str, plugin: str) -> Tally:
        """A copy of the counts."""
        with self._lock:
            known = self._known.get((tenant_id, plugin), Tally())
            return Tally(known.calls, known.kinds.copy(), known.lately.copy())
