"""How the collaborative state is stored: the learners' own columns; the matrices are made from them again."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import numpy as np

from ..paths import FIELDS, ROW
from .steps import Steps

FORM = "stifinder-steps-2"


class _Stored(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """Only the learners' own columns are stored; the matrices are their sums and are made again."""

    form: str
    ids: list[str]
    learners: list[str]
    sizes: list[int]
    entries: bytes
    changes: int


def dump(state: Steps) -> bytes:
    """Serialise: ids, learners, and 24 bytes for each activity of each learner."""
    ids = list(state.index)
    table = np.zeros(len(state.ids) + 1, dtype=np.int32)
    table[[state.index[name] for name in ids]] = np.arange(len(ids))
    columns = [path.columns.astype("<i4") for path in state.paths.values()]
    for column in columns:
        column[ROW] = table[column[ROW]]
    sizes = [column.shape[1] for column in columns]
    entries = b"".join(column.tobytes() for column in columns)
    return msgspec.msgpack.encode(_Stored(FORM, ids, list(state.paths), sizes, entries, state.changes))


def load(data: bytes) -> Steps:
    """Read what ``dump`` wrote.

    :raises ValueError: when the bytes are not such a state.
    """
    try:
        stored = msgspec.msgpack.decode(data, type=_Stored)
    except msgspec.DecodeError as error:
        raise ValueError(f"not a stored state of the collaborative model: {error}") from error
    entries = np.frombuffer(stored.entries, dtype="<i4")
    ends = [0, *np.cumsum([FIELDS * size for size in stored.sizes]).tolist()]
    if stored.form != FORM or len(ends) != len(stored.learners) + 1 or ends[-1] != entries.size:
        raise ValueError("not a stored state of the collaborative model: its parts do not fit together")
    state = Steps(max(16, len(stored.ids)))
    table = np.array([state.row(name) for name in stored.ids], dtype=np.int32)
    for learner, (start, end) in zip(stored.learners, pairwise(ends), strict=True):
        path = state.adopt(entries[start:end].reshape(FIELDS, -1), table)
        state.paths[learner] = path
        state.pair_all(path, 1)
    state.changes = stored.changes
    return state
