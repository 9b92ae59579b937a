"""The state of the collaborative strategy: who did what before what, as integers that add up.

Three square matrices over activities, indexed [later, earlier], sum what each learner contributes:

- ``near``: for each two of a learner's activities ``SCALE * exp(-|time between them| / TAU)``, rounded; half
  in each direction for ties and for the diagonal. ``near + near.T`` is then the Gram matrix of a positive
  definite kernel on absolute time differences, summed over learners;
- ``followed``: learners who did the later activity within ``WINDOW`` after the earlier one, result known;
- ``well``: how many of those did the later one well.

Only the latest ``LATEST`` activities of a learner are paired; which those are does not depend on the order in
which events arrive.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import Event
from .paths import (
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

_hours = np.arange(0, 24 * 365, dtype=np.float64)
_weights = np.rint(SCALE * np.exp(-_hours / TAU)).astype(np.int32)
WEIGHTS: Integers = _weights[: int(np.count_nonzero(_weights)) + 1]  # the last weight is 0


class Steps:
    """The sum over learners. ``changes`` and ``generation`` serve the cached solve and are no part of it."""

    def __init__(self, capacity: int = 16) -> None:
        self.index: dict[str, int] = {}
        self.ids: list[str] = []
        self.free: list[int] = []
        self.seen: list[int] = []
        self.near, self.followed, self.well = (
            np.zeros((capacity, capacity), dtype=np.int32) for _ in range(3)
        )
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
        for name in ("near", "followed", "well"):
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
        if place < 0 and row not in path.older:
            self.seen[row] += 1
            well = did_well(best, right, asked)
            self._enter(path, np.array([row, at, well, best, right, asked], dtype=np.int32))
            return
        entry = path.latest[:, place].copy() if place >= 0 else path.older.pop(row)
        before = int(entry[TIME]), int(entry[WELL])
        at, best = max(at, before[0]), max(best, int(entry[BEST]))
        right, asked = right + int(entry[RIGHT]), asked + int(entry[ASKED])
        well = did_well(best, right, asked)
        entry[TIME:] = at, well, best, right, asked
        if place < 0:
            self._enter(path, entry)
        elif (at, well) == before:
            path.latest[:, place] = entry
        else:
            path.to_end(place)
            self._pair_last(path, -1)
            path.latest[:, path.count - 1] = entry
            self._pair_last(path, 1)

    def _enter(self, path: Path, entry: Integers) -> None:
        """Take an activity among the paired, and the weakest out when there are too many."""
        if path.count == LATEST:
            place = self._weakest(path)
            weakest = path.latest[:, place].copy()
            if self._strength(entry) < self._strength(weakest):
                path.older[int(entry[ROW])] = entry
                return
            path.to_end(place)
            self._pair_last(path, -1)
            path.count -= 1
            path.older[int(weakest[ROW])] = weakest
        path.append(entry)
        self._pair_last(path, 1)

    def _strength(self, entry: Integers) -> tuple[int, str]:
        return int(entry[TIME]), self.ids[entry[ROW]]

    def _weakest(self, path: Path) -> int:
        """The place of the earliest; among ties the one whose id comes first, whatever its row."""
        times = path.columns[TIME]
        tied = np.flatnonzero(times == times.min()).tolist()
        return int(min(tied, key=lambda place: self.ids[path.latest[ROW, place]]))

    def _pair_last(self, path: Path, sign: int) -> None:
        """Add (or take out) the pairs of the last column with all others, and its own diagonal."""
        last = path.count - 1
        latest = path.latest
        row, at, well = latest[:3, last].tolist()
        rows, gap = latest[ROW, :last], at - latest[TIME, :last]
        half = sign * SCALE // 2
        self.near[row, row] += half
        if not last:
            return
        in_order = int(gap.min()) > 0  # the usual case: everything else was done before
        weight = WEIGHTS.take((gap if in_order else np.abs(gap)) // 3600, mode="clip")
        if sign < 0:
            weight = -weight
        if in_order:
            self.near[row][rows] += weight
            before = rows[gap <= WINDOW]
        else:
            earlier, later, tied = gap > 0, gap < 0, rows[gap == 0]
            self.near[row][rows[earlier]] += weight[earlier]
            self.near[:, row][rows[later]] += weight[later]
            self.near[row][tied] += half
            self.near[:, row][tied] += half
            known = later & (gap >= -WINDOW) & (latest[WELL, :last] >= 0)
            self.followed[:, row][rows[known]] += sign
            self.well[:, row][rows[known]] += sign * latest[WELL, :last][known]
            before = rows[earlier & (gap <= WINDOW)]
        if well >= 0:
            self.followed[row][before] += sign
            if well:
                self.well[row][before] += sign

    def pair_all(self, path: Path, sign: int) -> None:
        """Add (or take out) all pairs of a learner at once; the same sums as one by one."""
        rows, at, well = path.columns[:3]
        gap = at[:, None] - at[None, :]
        cells = rows[:, None].astype(np.intp) * len(self.near) + rows[None, :]
        later = gap >= 0
        gaps, cells_later = gap[later], cells[later]
        weight = WEIGHTS.take(gaps // 3600, mode="clip")
        weight[gaps == 0] = SCALE // 2
        self.near.reshape(-1)[cells_later] += sign * weight  # each cell occurs once: a row is paired once
        known = (gap > 0) & (gap <= WINDOW) & (well >= 0)[:, None]
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
        for name in ("near", "followed", "well"):
            getattr(self, name)[np.ix_(ours, ours)] += getattr(other, name)[np.ix_(theirs, theirs)]
        table = np.zeros(len(other.ids) + 1, dtype=np.int32)
        table[theirs] = ours
        for learner, path in other.paths.items():
            self.paths[learner] = self.adopt(path.every(), path.count, table)
        self.changes += other.changes

    def adopt(self, entries: Integers, paired: int, table: Integers) -> Path:
        """A path from columns whose rows are translated by ``table``; the first ``paired`` are paired."""
        moved = entries.astype(np.int32)
        moved[ROW] = table[moved[ROW]]
        for row in moved[ROW].tolist():
            self.seen[row] += 1
        path = Path(0)
        path.latest, path.count = np.ascontiguousarray(moved[:, :paired]), paired
        path.older = {int(entry[ROW]): entry.copy() for entry in moved[:, paired:].T}
        return path

    def forget(self, learner_id: str) -> None:
        """Take a learner out; what was solved with them is never used again."""
        path = self.paths.pop(learner_id, None)
        self.generation += 1
        self.solution = None
        if path is None:
            return
        self.pair_all(path, -1)
        for row in path.every()[ROW].tolist():
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
            for m in ("near", "followed", "well")
        )
        return matrices and all(self._named(n) == other._named(n) for n in self.paths)

    __hash__ = None  # type: ignore[assignment]

    def _named(self, learner_id: str) -> tuple[list[list[object]], list[list[object]]]:
        path = self.paths[learner_id]
        groups = path.columns.T.tolist(), [entry.tolist() for entry in path.older.values()]
        paired, older = (sorted([self.ids[e[ROW]], *e[1:]] for e in group) for group in groups)
        return paired, older
