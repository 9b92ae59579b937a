"""One learner's way through activities: when each was done last, and how it went. Integers only.

A learner's activity has one time, that of the latest event on it, and one outcome.
"""

from __future__ import annotations

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
    """One learner's activities: a column each in ``latest`` (paired), by row in ``older`` (not any more)."""

    __slots__ = ("count", "latest", "older")

    def __init__(self, capacity: int = 8) -> None:
        self.latest: Integers = np.zeros((FIELDS, capacity), dtype=np.int32)
        self.count = 0
        self.older: dict[int, Integers] = {}

    @property
    def columns(self) -> Integers:
        """The paired activities, [field, activity]."""
        return self.latest[:, : self.count]

    def place(self, row: int) -> int:
        """Where this row stands among the paired; -1 when it does not."""
        found = np.flatnonzero(self.latest[ROW, : self.count] == row)
        return int(found[0]) if found.size else -1

    def append(self, entry: Integers) -> None:
        """Add a paired activity at the end."""
        if self.count == self.latest.shape[1]:
            wider = np.zeros((FIELDS, min(LATEST, self.count + self.count // 2 + 4)), dtype=np.int32)
            wider[:, : self.count] = self.latest
            self.latest = wider
        self.latest[:, self.count] = entry
        self.count += 1

    def to_end(self, place: int) -> None:
        """Move one to the end; the order of columns means nothing."""
        last = self.count - 1
        if place != last:
            self.latest[:, [place, last]] = self.latest[:, [last, place]]

    def every(self) -> Integers:
        """All activities, paired first."""
        return np.column_stack([self.columns, *self.older.values()]) if self.older else self.columns
