"""One learner's way through activities: when each was done last, and how it went. Integers only.

A learner's activity has one time, that of the latest event on it, and one outcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from .. import Event, EventKind

Integers = NDArray[np.int32]

ENGAGEMENT = frozenset(
    {
        EventKind.ANSWERED,
        EventKind.ATTENDED,
        EventKind.COMPLETED,
        EventKind.FAILED,
        EventKind.PASSED,
        EventKind.SCORED,
        EventKind.SUBMITTED,
    }
)
"""Kinds that say a learner did an activity; viewing or starting it does not."""

LATEST = 100
PASS = 60  # hundredths from which a result is a good one
UNKNOWN = -1
EPOCH = 946_684_800  # 2000-01-01: seconds since then fit 32 bits until 2068
LAST = 2**31 - 1

ROW, TIME, WELL, BEST, RIGHT, ASKED = range(6)
FIELDS = 6


def seconds(at: datetime) -> int:
    """Whole seconds since 2000, clipped to what 32 bits hold."""
    return min(LAST, max(0, int(at.timestamp()) - EPOCH))


def reading(event: Event) -> tuple[int, int, int, int]:
    """What an event says: (seconds, best result, sum of answers, number of answers), results in hundredths.

    Answers to questions add up; of results on the whole activity the best counts (``UNKNOWN`` when none).
    """
    result = event.result
    hundredths = UNKNOWN if result is None else round(100 * min(1.0, max(0.0, result)))
    if event.kind is EventKind.ANSWERED:
        return (seconds(event.at), UNKNOWN, max(0, hundredths), int(hundredths >= 0))
    return seconds(event.at), hundredths, 0, 0


def outcome(best: int, right: int, asked: int) -> int:
    """Hundredths: the best result on the whole, else the mean of the answers, else ``UNKNOWN``."""
    if best >= 0:
        return best
    return right // asked if asked else UNKNOWN


def did_well(best: int, right: int, asked: int) -> int:
    """1 well, 0 not, ``UNKNOWN`` when there is no result: a bare completion says nothing of how it went."""
    result = outcome(best, right, asked)
    return UNKNOWN if result < 0 else int(result >= PASS)


class Path:
    """One learner's activities, a column each, in the order of their times, and of their ids where tied."""

    __slots__ = ("count", "held")

    def __init__(self, entries: Integers | None = None) -> None:
        self.held: Integers = np.zeros((FIELDS, 8), dtype=np.int32) if entries is None else entries
        self.count = 0 if entries is None else entries.shape[1]

    @property
    def columns(self) -> Integers:
        """All activities, [field, activity]."""
        return self.held[:, : self.count]

    def place(self, row: int) -> int:
        """Where this row stands; -1 when it does not."""
        found = np.flatnonzero(self.held[ROW, : self.count] == row)
        return int(found[0]) if found.size else -1

    def where(self, at: int, name: str, ids: Sequence[str]) -> int:
        """Where an activity that is not here yet belongs, by time and then by id."""
        times = self.held[TIME, : self.count]
        if not self.count or times[-1] < at:
            return self.count
        first, behind = np.searchsorted(times, (at, at + 1)).tolist()
        earlier = [row for row in self.held[ROW, first:behind].tolist() if ids[row] < name]
        return int(first) + len(earlier)

    def insert(self, place: int, entry: Integers) -> None:
        """Add an activity; those from ``place`` on move up."""
        if self.count == self.held.shape[1]:
            wider = np.zeros((FIELDS, self.count + self.count // 2 + 4), dtype=np.int32)
            wider[:, : self.count] = self.held
            self.held = wider
        if place < self.count:
            self.held[:, place + 1 : self.count + 1] = self.held[:, place : self.count].copy()
        self.held[:, place] = entry
        self.count += 1

    def remove(self, place: int) -> Integers:
        """Take an activity out and return it."""
        entry = self.held[:, place].copy()
        self.held[:, place : self.count - 1] = self.held[:, place + 1 : self.count].copy()
        self.count -= 1
        return entry
