"""Nearest neighbours: what people with a like history did, by scikit-learn's ``NearestNeighbors``.

What is learned is a table, learner by activity, of integers. It adds up and forgets exactly; the estimator is
fitted on the table when it is asked for, and fitted again after the table has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from marshmallow import Schema, fields, validate
from scipy.sparse import csr_array
from sklearn.neighbors import NearestNeighbors
from stifinder import (
    Candidate,
    Event,
    EventKind,
    LearnedModel,
    Manifest,
    Purpose,
    Reads,
    Reason,
    Situation,
    hookimpl,
    message,
)

K = EventKind
DID = frozenset({K.ANSWERED, K.SUBMITTED, K.COMPLETED, K.PASSED, K.FAILED, K.SCORED, K.ATTENDED})
GROUP = 5
"""Nothing is said of fewer people than these."""
WHY = message("Because %(total)d of %(group)d people with a like history did this.")

Marks = dict[str, int]
"""Activity to the best result there, in hundredths: at least 10, so that a failed try is one too."""


def mark(marks: Marks, event: Event) -> None:
    """Note one event; the best result stays, so the order of events does not matter."""
    if event.kind in DID and event.activity_id:
        result = 0.5 if event.result is None else event.result
        marks[event.activity_id] = max(marks.get(event.activity_id, 10), round(100 * result))


@dataclass(frozen=True)
class Index:
    """The table as the estimator knows it: rows by learner, columns by activity, values 0.1..1."""

    learners: list[str]
    columns: dict[str, int]
    values: csr_array
    estimator: NearestNeighbors

    def row(self, marks: Marks) -> csr_array:
        """One person's marks as a row; activities that nobody in the table did are left out."""
        known = [(self.columns[a], value / 100) for a, value in marks.items() if a in self.columns]
        places, values = [c for c, _ in known], [v for _, v in known]
        return csr_array((values, places, [0, len(places)]), shape=(1, len(self.columns)))


@dataclass
class Table:
    """Learner to marks. The index follows from them: it is no part of what is compared or stored."""

    rows: dict[str, Marks] = field(default_factory=dict)
    changes: int = field(default=0, compare=False)
    kept: tuple[int, Index] | None = field(default=None, compare=False, repr=False)

    def index(self) -> Index:
        """The index of the table as it is now."""
        if self.kept is None or self.kept[0] != self.changes:
            self.kept = (self.changes, _index({name: dict(row) for name, row in list(self.rows.items())}))
        return self.kept[1]


def _index(rows: dict[str, Marks]) -> Index:
    learners = sorted(rows)
    columns = {activity: n for n, activity in enumerate(sorted(set().union(*rows.values())))}
    places = [columns[activity] for name in learners for activity in rows[name]]
    values = [value / 100 for name in learners for value in rows[name].values()]
    ends = np.cumsum([0, *(len(rows[name]) for name in learners)])
    table = csr_array((values, places, ends), shape=(len(learners), len(columns)))
    return Index(learners, columns, table, NearestNeighbors(metric="cosine", algorithm="brute").fit(table))


class Neighbours:
    """``Table`` as a learned model (see ``stifinder.LearnedModel``)."""

    name = "nearest-neighbours"
    version = 1
    purpose = Purpose.SHARED_MODELS

    def empty(self) -> Table:
        """Nobody."""
        return Table()

    def fold(self, state: Table, event: Event) -> Table:
        """Learn from one event."""
        marks = state.rows.get(event.learner_id, {})
        mark(marks, event)
        return self._changed(state, {event.learner_id: marks} if marks else {})

    def merge(self, state: Table, other: Table) -> Table:
        """Add the other's learners."""
        return self._changed(state, other.rows)

    def subtract(self, state: Table, learner_id: str) -> Table:
        """Take a learner out."""
        state.rows.pop(learner_id, None)
        return self._changed(state, {})

    def dump(self, state: Table) -> bytes:
        """Serialise the table; the index is made anew."""
        return msgspec.json.encode(state.rows)

    def load(self, data: bytes) -> Table:
        """Read what ``dump`` wrote."""
        try:
            return Table(msgspec.json.decode(data, type=dict[str, Marks]))
        except msgspec.DecodeError as error:
            raise ValueError(f"this is no stored table of neighbours: {error}") from error

    @staticmethod
    def _changed(state: Table, rows: dict[str, Marks]) -> Table:
        state.rows.update(rows)
        state.changes += 1
        return state


class SettingsSchema(Schema):
    """What an organisation can set."""

    neighbours = fields.Integer(
        strict=True,
        load_default=20,
        validate=validate.Range(GROUP, 200),
        metadata={
            "title": message("People to compare with"),
            "description": message("How many people with the likest history are looked at."),
        },
    )


def votes(
    index: Index, learner_id: str, history: Iterable[Event], count: int
) -> dict[str, tuple[float, int, int]]:
    """Activity to (score 0..1, how many neighbours did it, how many neighbours there are).

    The score is the mean of the neighbours' results (0 where they did not do it), weighed by likeness.
    """
    marks: Marks = {}
    for event in history:
        mark(marks, event)
    own = index.row(marks)
    if not own.nnz:
        return {}
    far, near = index.estimator.kneighbors(own, n_neighbors=min(count + 1, len(index.learners)))
    like = [(1 - d, n) for d, n in zip(far[0], near[0], strict=True) if index.learners[n] != learner_id]
    like = [(likeness, n) for likeness, n in like if likeness > 1e-9][:count]
    if len(like) < GROUP:
        return {}
    weights, theirs = np.array([w for w, _ in like]), index.values[[n for _, n in like]]
    scores, people = weights @ theirs / weights.sum(), (theirs > 0).sum(axis=0)
    return {
        activity: (min(1.0, float(scores[c])), int(people[c]), len(like))
        for activity, c in index.columns.items()
        if people[c] >= GROUP and activity not in marks
    }


@hookimpl
def manifest() -> Manifest:
    """It reads the learner's history, and a table of those who agreed to shared models."""
    return Manifest(
        about=message("Suggests what people with a like history did."),
        purposes=frozenset({Purpose.SUGGESTIONS, Purpose.SHARED_MODELS}),
        reads=frozenset({Reads.HISTORY}),
    )


@hookimpl
def settings_schema() -> type[Schema]:
    """What can be set."""
    return SettingsSchema


@hookimpl
def learned_models() -> Sequence[LearnedModel]:
    """Bring the table."""
    return (Neighbours(),)


@hookimpl
def candidates(situation: Situation) -> Sequence[Candidate]:
    """Vote for what the nearest neighbours did and the learner has not done."""
    table = situation.models.get(Neighbours.name)
    if not isinstance(table, Table) or not table.rows:
        return ()
    settings: Mapping[str, Any] = situation.settings or SettingsSchema().load({})
    found = votes(table.index(), situation.learner.id, situation.history, settings["neighbours"])
    uses = frozenset({"group", "statements"})
    return [
        Candidate(a, score, (Reason(WHY, {"total": total, "group": group}, uses=uses),))
        for a, (score, total, group) in ((a, found[a]) for a in situation.pool if a in found)
    ]
