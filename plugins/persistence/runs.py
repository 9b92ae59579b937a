"""How groups go through courses: who did what when and how well, as sums of each learner, and as arrays.

What a learner is compared with is the others in the same course: an activity is *usual* by a moment when at
least half of those who are there by then have done it. So nobody needs to enter deadlines. Who somebody is
(gender, age, origin, disability, schooling) is not here, because no event says it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ... import Event, EventKind
from ..paths import ENGAGEMENT

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Cells = NDArray[np.int8]

DAY = 86400
WEEK = 7 * DAY
MONDAY = 4 * DAY
"""1970-01-05 was the first Monday of the clock that counts from 1970-01-01."""
SIGNS = ENGAGEMENT | {EventKind.VIEWED, EventKind.STARTED}
"""Kinds of events that are signs of work."""
USUAL = 0.5
"""Share of the group from which an activity is usual."""
GROUP = 20
"""People without whom nothing is said of a course."""
LATEST = 3
"""Usual activities of which each is looked at; of the earlier ones it is counted how many were left out."""


class Run(msgspec.Struct):
    """One learner in one course.

    :param enrolled: seconds of each enrolment.
    :param done: activity id to [second it was first done, sum of results in hundredths, number of results].
    :param weeks: numbers of the weeks (from Monday, UTC) with any sign of work.
    :param left: second of the latest leaving; 0 for none.
    """

    enrolled: set[int] = msgspec.field(default_factory=set)
    done: dict[str, list[int]] = msgspec.field(default_factory=dict)
    weeks: set[int] = msgspec.field(default_factory=set)
    left: int = 0


class Runs:
    """Learner to course to ``Run``; the rest serves what is worked out from it, and is no state."""

    def __init__(self, learners: dict[str, dict[str, Run]] | None = None) -> None:
        self.learners = learners if learners is not None else {}
        self.changes: dict[str, int] = {}
        self.generation = 0
        self.kept: dict[str, Any] = {}
        self.fit: Any = None
        self.solving = False

    def learn(self, event: Event) -> None:
        """Take one event in."""
        if not event.context_id or event.kind not in SIGNS | {EventKind.ENROLLED, EventKind.LEFT}:
            return
        run = self.learners.setdefault(event.learner_id, {}).setdefault(event.context_id, Run())
        self.changes[event.context_id] = self.changes.get(event.context_id, 0) + 1
        at = int(event.at.timestamp())
        if event.kind is EventKind.ENROLLED:
            run.enrolled.add(at)
            return
        if event.kind is EventKind.LEFT:
            run.left = max(run.left, at)
            return
        run.weeks.add(week(at))
        if event.kind in ENGAGEMENT and event.activity_id:
            entry = run.done.setdefault(event.activity_id, [at, 0, 0])
            entry[0] = min(entry[0], at)
            if event.result is not None:
                entry[1] += round(100 * min(1.0, max(0.0, event.result)))
                entry[2] += 1

    def add(self, other: Runs) -> None:
        """Add the other's learners.

        :raises ValueError: when both saw the same learner.
        """
        if both := self.learners.keys() & other.learners.keys():
            raise ValueError(f"{len(both)} learners are in both states: merge states of different learners")
        self.learners.update(other.learners)
        self._changed()

    def forget(self, learner_id: str) -> None:
        """Take a learner out, and everything that was worked out while they were in."""
        if self.learners.pop(learner_id, None) is not None:
            self._changed()

    def _changed(self) -> None:
        self.generation += 1
        self.kept = {}
        self.fit = None

    def __eq__(self, other: object) -> bool:
        """The same runs; the rest follows from them."""
        return self.learners == other.learners if isinstance(other, Runs) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


def week(second: int) -> int:
    """The number of the week (from Monday, UTC) that a second falls in."""
    return (second - MONDAY) // WEEK


def begins(number: int) -> int:
    """The second with which a week begins."""
    return number * WEEK + MONDAY


@dataclass(frozen=True)
class Course:
    """One course's runs as arrays; n learners, a activities; times in seconds, nan or inf for never.

    :param first: (n, a), when each activity was first done.
    :param result: (n, a), mean result in 0..1.
    :param enrolled: (n,), the latest enrolment.
    :param before: (n,), enrolments before that.
    :param last: (n,), number of the last week with a sign of work, -1 for none.
    :param left: (n,), when they left.
    """

    learners: tuple[str, ...]
    first: Floats
    result: Floats
    enrolled: Floats
    before: NDArray[np.int64]
    last: NDArray[np.int64]
    left: Floats

    @property
    def until(self) -> int:
        """The last week in which anybody did anything; -1 for none."""
        return int(self.last.max(initial=-1))


def courses(state: Runs) -> dict[str, list[tuple[str, Run]]]:
    """Course id to its learners and their runs."""
    found: dict[str, list[tuple[str, Run]]] = {}
    for learner_id, runs in list(state.learners.items()):  # a copy: others may be learning meanwhile
        for course_id, run in list(runs.items()):
            found.setdefault(course_id, []).append((learner_id, run))
    return found


def runs_of(state: Runs, course_id: str) -> list[tuple[str, Run]]:
    """The learners of one course and their runs."""
    # The copy is for others who may be learning meanwhile.
    return [(who, runs[course_id]) for who, runs in list(state.learners.items()) if course_id in runs]


def course(runs: Sequence[tuple[str, Run]]) -> Course:
    """Arrays of one course."""
    done = [dict(run.done) for _, run in runs]  # copies: others may be learning meanwhile
    names = sorted({activity for each in done for activity in each})
    column = {name: n for n, name in enumerate(names)}
    first = np.full((len(runs), len(names)), np.inf)
    result = np.full((len(runs), len(names)), np.nan)
    enrolled = np.full(len(runs), np.inf)
    left = np.full(len(runs), np.inf)
    before = np.zeros(len(runs), np.int64)
    last = np.full(len(runs), -1, np.int64)
    for row, (_, run) in enumerate(runs):
        for activity, (at, total, number) in done[row].items():
            first[row, column[activity]] = at
            if number:
                result[row, column[activity]] = total / (100 * number)
        if enrolments := list(run.enrolled):
            enrolled[row] = max(enrolments)
            before[row] = len(enrolments) - 1
        if run.left and run.left > max(enrolments, default=0):
            left[row] = run.left
        last[row] = max(list(run.weeks), default=-1)
    return Course(tuple(learner for learner, _ in runs), first, result, enrolled, before, last, left)


@dataclass(frozen=True, slots=True)
class Standing:
    """How everybody stands at one moment.

    :param rows: (m,), which of the course's learners are there.
    :param cells: (m, len(SIZES)), for each feature the bin it falls in.
    :param missed: (m,), how many usual activities they have not done.
    :param usual: how many activities are usual.
    """

    rows: NDArray[np.intp]
    cells: Cells
    missed: NDArray[np.int64]
    usual: int


PARTS = (0.1, 0.25, 0.5, 0.75, 0.9)
SILENT = tuple(days * DAY for days in (7, 14, 28, 42))
SIZES = (2 ** (LATEST + 1) - 1, 4, 3, 7, 7, 7, 7, 7, 3, 6, 4)
"""Bins of each feature: which of the latest usual ones were done; how many were left out; how many were done
before they became usual; mean and latest result, mean and latest time, and time of enrolment, each as a rank
among those who did the same; earlier enrolments; time since the last thing done; number of usual ones."""


def usual_by(there: Course, at: float) -> tuple[Bools, Bools]:
    """Who is there by a moment (n,), and which activities are usual by then (a,)."""
    done = there.first < at
    here = ((there.enrolled < at) | done.any(1)) & ~(there.left < at)
    share = done[here].mean(0) if here.any() else np.zeros(done.shape[1])
    return here, share >= USUAL


def standing(there: Course, at: float) -> Standing | None:
    """How everybody stands at a moment; None for groups smaller than ``GROUP``."""
    here, usual = usual_by(there, at)
    rows = np.flatnonzero(here)
    if len(rows) < GROUP:
        return None
    first = np.where(there.first[rows] < at, there.first[rows], np.nan)
    done = ~np.isnan(first)
    columns = np.flatnonzero(usual)
    if len(columns):
        columns = columns[np.argsort(np.nanmedian(first[:, columns], 0), kind="stable")]
    latest = columns[-LATEST:]
    pattern = np.full(len(rows), 2 ** len(latest) - 1)
    for place, each in enumerate(latest):
        pattern += done[:, each].astype(np.int64) << place
    missed = (~done[:, columns]).sum(1)
    ahead = done.sum(1) - done[:, columns].sum(1)
    results = _ranks(np.where(done, there.result[rows], np.nan))
    times = _ranks(first)
    newest = np.full(len(rows), -1)
    if done.size:
        newest = np.where(done.any(1), np.where(done, first, -np.inf).argmax(1), -1)
    since = np.where(newest >= 0, at - _at(first, newest), np.nan)
    enrolled = there.enrolled[rows, None]
    cells = np.column_stack(
        [
            pattern,
            np.minimum(missed, 3),
            np.minimum(ahead, 2),
            _bins(_mean(results), PARTS),
            _bins(_at(results, newest), PARTS),
            _bins(_mean(times), PARTS),
            _bins(_at(times, newest), PARTS),
            _bins(_ranks(np.where(np.isinf(enrolled), np.nan, enrolled))[:, 0], PARTS),
            np.minimum(there.before[rows], 2),
            _bins(since, SILENT),
            np.full(len(rows), min(len(columns), 3)),
        ]
    ).astype(np.int8)
    return Standing(rows, cells, missed, len(columns))


def _ranks(values: Floats) -> Floats:
    """Ranks in (0, 1) within each column, ties shared, nan left out."""
    if not values.size:
        return values
    ranked = np.full(values.shape, np.nan)
    for column in range(values.shape[1]):
        known = ~np.isnan(values[:, column])
        _, which, counts = np.unique(values[known, column], return_inverse=True, return_counts=True)
        ranked[known, column] = (np.cumsum(counts) - (counts - 1) / 2)[which]
    shares: Floats = (ranked - 0.5) / np.maximum(1, (~np.isnan(values)).sum(0))
    return shares


def _mean(values: Floats) -> Floats:
    known = ~np.isnan(values)
    number = known.sum(1)
    total: Floats = np.where(known, values, 0.0).sum(1)
    return np.where(number > 0, total / np.maximum(1, number), np.nan)


def _at(values: Floats, columns: NDArray[np.intp]) -> Floats:
    """The value of each row in its own column; nan where that is -1."""
    if not values.shape[1]:
        return np.full(len(values), np.nan)
    return np.where(columns >= 0, values[np.arange(len(values)), columns], np.nan)


def _bins(values: Floats, edges: Sequence[float]) -> NDArray[np.int64]:
    """Bin 0 for nan, else from 1 on."""
    return np.where(np.isnan(values), 0, np.digitize(values, edges) + 1)
