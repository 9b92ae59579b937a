"""The state of the collaborative strategy: who did what before what, as integers that add up.

Five square matrices over activities, indexed [later, earlier], sum what each learner contributes:

- ``near``: for each two of a learner's activities ``SCALE * exp(-|time between them| / TAU)``, rounded, and
  half of ``SCALE`` on the diagonal. ``near + near.T`` is then the Gram matrix of a positive definite kernel
  on absolute time differences, summed over learners;
- ``onto``: learners who did the later activity next after the earlier one;
- ``flow``: ``SCALE`` for the activity done next, half of it for the one after, and so on ``REACH`` places;
- ``followed``: learners who did the later activity within ``WINDOW`` after the earlier one, result known;
- ``well``: how many of those did the later one well.

All but ``onto`` and ``flow`` pair only the latest ``LATEST`` activities of a learner. Which those are, and
their order, depend on times and ids and not on the order in which events arrive.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import Event
from ..paths import (
    ASKED,
    BEST,
    ENGAGEMENT,
    LATEST,
    RIGHT,
    ROW,
    TIME,
    WELL,
    Integers,
    Path,
    did_well,
    reading,
)

SCALE = 64
TAU = 30 * 24  # hours
WINDOW = 30 * 86400  # seconds
REACH = 7
FLOW: Integers = np.array([SCALE >> gap for gap in range(REACH)], dtype=np.int32)  # whole numbers: 64 .. 1
MATRICES = ("near", "onto", "flow", "followed", "well")

_hours = np.arange(0, 24 * 365, dtype=np.float64)
_weights = np.rint(SCALE * np.exp(-_hours / TAU)).astype(np.int32)
WEIGHTS: Integers = _weights[: int(np.count_nonzero(_weights)) + 1]  # the last weight is 0


class Steps:
    """The sum over learners. ``changes`` and ``generation`` serve the cached solve and are no part of it."""

    near: Integers
    onto: Integers
    flow: Integers
    followed: Integers
    well: Integers

    def __init__(self, capacity: int = 16) -> None:
        self.index: dict[str, int] = {}
        self.ids: list[str] = []
        self.free: list[int] = []
        self.seen: list[int] = []
        for name in MATRICES:
            setattr(self, name, np.zeros((capacity, capacity), dtype=np.int32))
        self.paths: dict[str, Path] = {}
        self.changes = 0
        self.generation = 0
        self.solution: Any = None
        self.solving = False

    # --- rows ---------------------------------------------------------------------------------------

    def row(self, activity_id: str) -> int:
        """The row of an activity, a new one when it has none."""
        row = self.index.get(activity_id, -1)
        if row >= 0:
            return row
        if self.free:
            row = self.free.pop()
            self.ids[row] = activity_id
        else:
            row = len(self.ids)
            self.ids.append(activity_id)
            self.seen.append(0)
            self._reserve(row + 1)
        self.index[activity_id] = row
        return row

    def _reserve(self, rows: int) -> None:
        """Grow by a sixteenth: doubling would waste up to three quarters of a square matrix."""
        old = len(self.near)
        if rows <= old:
            return
        size = max(rows, old + max(16, old // 16))
        for name in MATRICES:
            wider = np.zeros((size, size), dtype=np.int32)
            wider[:old, :old] = getattr(self, name)
            setattr(self, name, wider)

    def _release(self, row: int) -> None:
        """A learner let go of a row; nobody's row is freed. Its cells are zero already: sums are exact."""
        self.seen[row] -= 1
        if not self.seen[row]:
            del self.index[self.ids[row]]
            self.ids[row] = ""
            self.free.append(row)

    # --- learning -----------------------------------------------------------------------------------

    def learn(self, event: Event) -> None:
        """Fold one event."""
        if event.kind not in ENGAGEMENT or not event.activity_id:
            return
        at, best, right, asked = reading(event)
        row = self.row(event.activity_id)
        path = self.paths.get(event.learner_id)
        if path is None:
            path = self.paths[event.learner_id] = Path()
        self.changes += 1
        place = path.place(row)
        if place < 0:
            self.seen[row] += 1
            well = did_well(best, right, asked)
            self._put_in(path, np.array([row, at, well, best, right, asked], dtype=np.int32))
            return
        entry = path.held[:, place].copy()
        before = int(entry[TIME]), int(entry[WELL])
        at, best = max(at, before[0]), max(best, int(entry[BEST]))
        right, asked = right + int(entry[RIGHT]), asked + int(entry[ASKED])
        well = did_well(best, right, asked)
        entry[TIME:] = at, well, best, right, asked
        if (at, well) == before:
            path.held[:, place] = entry
        elif at == before[0] or place == path.count - 1:  # it stays where it is
            self._pair(path, place, -1)
            path.held[:, place] = entry
            self._pair(path, place, 1)
        else:
            self._take_out(path, place)
            self._put_in(path, entry)

    def _put_in(self, path: Path, entry: Integers) -> None:
        """Insert an activity; the earliest of the paired leaves them when there are too many."""
        place = path.where(int(entry[TIME]), self.ids[entry[ROW]], self.ids)
        first = path.count - LATEST
        if first >= 0 and place > first:
            self._pair(path, first, -1)
        self._flow(path, place, place, -1)
        path.insert(place, entry)
        self._flow(path, place, place + 1, 1)
        self._pair(path, place, 1)

    def _take_out(self, path: Path, place: int) -> None:
        """The reverse: the latest of those not paired comes among the paired again."""
        first = path.count - LATEST
        self._pair(path, place, -1)
        self._flow(path, place, place + 1, -1)
        path.remove(place)
        self._flow(path, place, place, 1)
        if first > 0 and place >= first:
            self._pair(path, first - 1, 1)

    def _flow(self, path: Path, start: int, end: int, sign: int) -> None:
        """Add (or take out) what ``flow`` and ``onto`` hold of places ``start`` to ``end``, and over them."""
        rows = path.held[ROW, max(0, start - REACH) : min(path.count, end + REACH)]
        if end == path.count:
            if start < end:  # the usual case: something was done last
                earlier = rows[-2 : -REACH - 2 : -1]
                self.flow[rows[-1]][earlier] += sign * FLOW[: len(earlier)]
                self.onto[rows[-1]][earlier[:1]] += sign
            return
        self.onto[rows[1:], rows[:-1]] += sign
        for gap, weight in enumerate(FLOW.tolist(), 1):
            self.flow[rows[gap:], rows[:-gap]] += sign * weight

    def _pair(self, path: Path, place: int, sign: int) -> None:
        """Add (or take out) the pairs of one column with the other paired ones, and its own diagonal."""
        first = max(0, path.count - LATEST)
        if place < first:
            return
        rows, times, results = path.columns[:3]
        row, at, well = int(rows[place]), int(times[place]), int(results[place])
        self.near[row, row] += sign * (SCALE // 2)
        if place > first:
            earlier, gap = rows[first:place], at - times[first:place]
            self.near[row][earlier] += sign * WEIGHTS.take(gap // 3600, mode="clip")
            if well >= 0:
                before = earlier[(gap > 0) & (gap <= WINDOW)]
                self.followed[row][before] += sign
                if well:
                    self.well[row][before] += sign
        if place + 1 < path.count:
            later, gap = rows[place + 1 :], times[place + 1 :] - at
            self.near[:, row][later] += sign * WEIGHTS.take(gap // 3600, mode="clip")
            known = (gap > 0) & (gap <= WINDOW) & (results[place + 1 :] >= 0)
            self.followed[:, row][later[known]] += sign
            self.well[:, row][later[known]] += sign * results[place + 1 :][known]

    def pair_all(self, path: Path, sign: int) -> None:
        """Add (or take out) all pairs of a learner at once; the same sums as one by one."""
        self.onto[path.columns[ROW, 1:], path.columns[ROW, :-1]] += sign
        for gap, weight in enumerate(FLOW.tolist(), 1):
            self.flow[path.columns[ROW, gap:], path.columns[ROW, :-gap]] += sign * weight
        rows, at, well = path.columns[:3, max(0, path.count - LATEST) :]
        gaps = at[:, None] - at[None, :]
        cells = rows[:, None].astype(np.intp) * len(self.near) + rows[None, :]
        later = np.tri(len(rows), k=-1, dtype=bool)
        weight_of = WEIGHTS.take(gaps[later] // 3600, mode="clip")
        self.near.reshape(-1)[cells[later]] += sign * weight_of  # each cell occurs once: a row is paired once
        self.near.reshape(-1)[cells.diagonal()] += sign * (SCALE // 2)
        known = (gaps > 0) & (gaps <= WINDOW) & (well >= 0)[:, None]
        self.followed.reshape(-1)[cells[known]] += sign
        self.well.reshape(-1)[cells[known & (well == 1)[:, None]]] += sign

    # --- adding and forgetting ----------------------------------------------------------------------

    def add(self, other: Steps) -> None:
        """Add what the other saw.

        :raises ValueError: when both saw the same learner, whose steps would be counted twice.
        """
        if both := self.paths.keys() & other.paths.keys():
            raise ValueError(f"{len(both)} learners are in both states: merge states of different learners")
        theirs = np.array(list(other.index.values()), dtype=np.intp)
        ours = np.array([self.row(name) for name in other.index], dtype=np.intp)
        for name in MATRICES:
            getattr(self, name)[np.ix_(ours, ours)] += getattr(other, name)[np.ix_(theirs, theirs)]
        table = np.zeros(len(other.ids) + 1, dtype=np.int32)
        table[theirs] = ours
        for learner, path in other.paths.items():
            self.paths[learner] = self.adopt(path.columns, table)
        self.changes += other.changes

    def adopt(self, entries: Integers, table: Integers) -> Path:
        """A path from columns whose rows are translated by ``table``."""
        moved = entries.astype(np.int32)
        moved[ROW] = table[moved[ROW]]
        for row in moved[ROW].tolist():
            self.seen[row] += 1
        return Path(moved)

    def forget(self, learner_id: str) -> None:
        """Take a learner out; what was solved with them is never used again."""
        path = self.paths.pop(learner_id, None)
        self.generation += 1
        self.solution = None
        if path is None:
            return
        self.pair_all(path, -1)
        for row in path.columns[ROW].tolist():
            self._release(row)

    def __eq__(self, other: object) -> bool:
        """The same sums for the same activities and learners, in whatever order the rows stand."""
        if not isinstance(other, Steps):
            return NotImplemented
        if self.index.keys() != other.index.keys() or self.paths.keys() != other.paths.keys():
            return False
        names = sorted(self.index)
        mine, theirs = (np.array([s.index[n] for n in names], dtype=np.intp) for s in (self, other))
        matrices = all(
            np.array_equal(getattr(self, m)[np.ix_(mine, mine)], getattr(other, m)[np.ix_(theirs, theirs)])
            for m in MATRICES
        )
        return matrices and all(self._named(n) == other._named(n) for n in self.paths)

    __hash__ = None  # type: ignore[assignment]

    def _named(self, learner_id: str) -> list[list[object]]:
        return [[self.ids[entry[ROW]], *entry[1:]] for entry in self.paths[learner_id].columns.T.tolist()]
