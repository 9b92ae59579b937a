"""Each learner's answers in order: the whole state of what the knowledge strategy knows of one person.

Two bytes an answer: the skill's number here, whether it belongs to the same event as the one before, right or
wrong. Order is that of arrival; a result of a half or more counts as right. Skills beyond ``MOST`` are left
out: their estimates come from the mastery strategy.
"""

from __future__ import annotations

import sys
from hashlib import blake2b

import msgspec
import numpy as np
from numpy.typing import NDArray

from ... import Event
from ..mastery.counts import RESULTS

MOST = 1 << 14
FORM = "stifinder-answers"
RIGHT, SAME = 1, 2
"""Bits of an answer; the skill's number stands above them."""
Rows = NDArray[np.uint16]


def code(skill: str) -> int:
    """A number for a skill that is the same in every state: 64 bits, so that two never share one."""
    return int.from_bytes(blake2b(skill.encode(), digest_size=8).digest(), "little") | 1


class AnswerLog:
    """Learner to answers; skills are numbered as they come, which is no part of what the state says."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.codes: list[int] = []
        self.index: dict[str, int] = {}
        self.learners: dict[str, bytes] = {}

    def number(self, skill: str) -> int:
        """The skill's number here, a new one if need be; -1 when there are too many."""
        found = self.index.get(skill)
        if found is None:
            if len(self.names) >= MOST:
                return -1
            found = len(self.names)
            self.codes.append(code(skill))
            self.names.append(sys.intern(skill))
            self.index[self.names[-1]] = found
        return found

    def learn(self, event: Event) -> None:
        """Append the answer to each of the event's skills."""
        result = event.result
        if result is None or event.kind not in RESULTS or not event.skills:
            return
        numbers = [n for n in map(self.number, dict.fromkeys(event.skills)) if n >= 0]
        if numbers:
            self.append(event.learner_id, numbers, int(result >= 0.5))

    def append(self, learner_id: str, numbers: list[int], right: int) -> None:
        """Append one event's answers."""
        more = b"".join(
            (number << 2 | right | (SAME if place else 0)).to_bytes(2, sys.byteorder)
            for place, number in enumerate(numbers)
        )
        self.learners[learner_id] = self.learners.get(learner_id, b"") + more

    def rows(self, learner_id: str) -> Rows:
        """A learner's answers, as they are now: a fold in another thread does not change them."""
        return np.frombuffer(self.learners.get(learner_id, b""), dtype=np.uint16)

    def add(self, other: AnswerLog) -> None:
        """Add the other's learners.

        :raises ValueError: when both saw the same learner.
        """
        if both := self.learners.keys() & other.learners.keys():
            raise ValueError(f"{len(both)} learners are in both states: merge states of different learners")
        for learner in other.learners:
            self.adopt(learner, other.rows(learner), other.names)

    def adopt(self, learner_id: str, rows: Rows, names: list[str]) -> None:
        """Take over a learner's answers, whose skills are numbered as in ``names``."""
        used = np.unique(rows >> 2).tolist()
        numbers = np.full(len(names) + 1, -1)
        numbers[used] = [self.number(names[n]) for n in used]
        mine = numbers[rows >> 2]
        kept = (mine << 2 | (rows & 3))[mine >= 0]
        self.learners[learner_id] = kept.astype(np.uint16).tobytes()

    def forget(self, learner_id: str) -> None:
        """Take a learner out."""
        self.learners.pop(learner_id, None)

    def named(self) -> dict[str, list[tuple[str, int]]]:
        """Learner to (skill, bits): the state, whatever skills are numbered."""
        return {
            learner: [(self.names[row >> 2], row & 3) for row in self.rows(learner).tolist()]
            for learner in self.learners
        }

    def __eq__(self, other: object) -> bool:
        """The same answers in the same order."""
        return self.named() == other.named() if isinstance(other, AnswerLog) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


class Stored(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """A state as it is stored; an ``AnswerLog`` leaves the last three empty (see ``contexts.Tables``)."""

    form: str
    names: list[str]
    learners: dict[str, bytes]
    counts: dict[int, int] = {}
    people: dict[int, int] = {}
    total: int = 0


def stored(log: AnswerLog) -> Stored:
    """The part that every state has."""
    return Stored(FORM, log.names, {name: log.rows(name).astype("<u2").tobytes() for name in log.learners})


def read(log: AnswerLog, data: bytes) -> Stored:
    """Read names and answers into an empty state, and give back all that was stored.

    :raises ValueError: when the bytes are not such a state.
    """
    try:
        found = msgspec.msgpack.decode(data, type=Stored)
    except msgspec.DecodeError as error:
        raise ValueError(f"not a stored state of the knowledge model: {error}") from error
    if found.form != FORM:
        raise ValueError(f"not a stored state of the knowledge model: it says {found.form!r}")
    for name in found.names:
        log.number(name)
    for learner, answers in found.learners.items():
        if len(answers) % 2:
            raise ValueError("not a stored state of the knowledge model: half an answer")
        rows = np.frombuffer(answers, dtype="<u2").astype(np.uint16)
        if len(rows) and int(rows.max()) >> 2 >= len(log.names):
            raise ValueError("not a stored state of the knowledge model: an answer on no skill")
        log.learners[learner] = rows.tobytes()
    return found
