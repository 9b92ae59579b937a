"""The state of the mastery strategy: sums of results and numbers of results, per learner and skill.

Integers only: results are hundredths. A learner's sum and number for a skill are packed into one integer
(``sum << 32 | number``), which adds like the pair and takes a third of its memory.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

import msgspec

from ... import Event, EventKind

RESULTS = frozenset(
    {
        EventKind.ANSWERED,
        EventKind.COMPLETED,
        EventKind.FAILED,
        EventKind.PASSED,
        EventKind.SCORED,
        EventKind.SUBMITTED,
    }
)
"""Kinds whose result says what a learner can do. A rating is none, and a self-checked review is no test."""

FORM = "stifinder-counts"
_SHIFT = 32
_NUMBER = (1 << _SHIFT) - 1


def unpack(packed: int) -> tuple[int, int]:
    """(sum of results in hundredths, number of results)."""
    return packed >> _SHIFT, packed & _NUMBER


class Counts:
    """Who got what right: learner to skill to packed sums.

    ``skills`` sums these over learners; ``people`` is the number of learners with a result on a skill.
    """

    def __init__(self) -> None:
        self.learners: dict[str, dict[str, int]] = {}
        self.skills: dict[str, int] = {}
        self.people: dict[str, int] = {}

    def learn(self, event: Event) -> None:
        """Count the result of one event on each of its skills."""
        result = event.result
        if result is None or event.kind not in RESULTS or not event.skills:
            return
        packed = round(100 * min(1.0, max(0.0, result))) << _SHIFT | 1
        mine = self.learners.setdefault(event.learner_id, {})
        for skill in dict.fromkeys(event.skills):
            skill = sys.intern(skill)  # thousands of learners share one string for its name
            self._total(skill, packed, 0 if skill in mine else 1)
            mine[skill] = mine.get(skill, 0) + packed

    def _total(self, skill: str, packed: int, people: int) -> None:
        self.skills[skill] = self.skills.get(skill, 0) + packed
        self.people[skill] = self.people.get(skill, 0) + people
        if not self.people[skill]:
            del self.skills[skill], self.people[skill]

    def add(self, other: Counts) -> None:
        """Add what the other saw.

        :raises ValueError: when both saw the same learner.
        """
        if both := self.learners.keys() & other.learners.keys():
            raise ValueError(f"{len(both)} learners are in both states: merge states of different learners")
        for learner, skills in other.learners.items():
            self._adopt(learner, skills)

    def _adopt(self, learner_id: str, skills: Mapping[str, int]) -> None:
        mine = self.learners[learner_id] = {}
        for name, packed in skills.items():
            skill = sys.intern(name)
            mine[skill] = packed
            self._total(skill, packed, 1)

    def forget(self, learner_id: str) -> None:
        """Take a learner out."""
        for skill, packed in self.learners.pop(learner_id, {}).items():
            self._total(skill, -packed, -1)

    def __eq__(self, other: object) -> bool:
        """The same sums; the totals follow from them but are compared too."""
        if not isinstance(other, Counts):
            return NotImplemented
        return (self.learners, self.skills, self.people) == (other.learners, other.skills, other.people)

    __hash__ = None  # type: ignore[assignment]


class _Stored(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    form: str
    learners: dict[str, dict[str, int]]


def dump(state: Counts) -> bytes:
    """Serialise the learners' sums; the totals are made again from them."""
    return msgspec.msgpack.encode(_Stored(FORM, state.learners))


def load(data: bytes) -> Counts:
    """Read what ``dump`` wrote.

    :raises ValueError: when the bytes are not such a state.
    """
    try:
        stored = msgspec.msgpack.decode(data, type=_Stored)
    except msgspec.DecodeError as error:
        raise ValueError(f"not a stored state of the mastery model: {error}") from error
    if stored.form != FORM:
        raise ValueError(f"not a stored state of the mastery model: it says {stored.form!r}")
    state = Counts()
    for learner, skills in stored.learners.items():
        state._adopt(learner, skills)
    return state
