"""What stood before an answer, as keys to count by; and how often the answer was then right, over everybody.

Like the contexts of a text compressor: each key names the skill together with a piece of what came before.
Counts by key are sums over learners, so they add up and a learner is taken out exactly by replaying theirs.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .answer_log import SAME, AnswerLog, Rows

TAIL = 16
"""Answers before this one that any key looks at."""
NEAR = 8
"""Pairs of skills are counted up to this many answers apart."""
RATE, START = 0.2, 0.65
EDGES = (0.3, 0.45, 0.6, 0.7, 0.8, 0.9, 0.97)
NEW = 1
"""Bits of the answers on a skill when there are none: a leading one, then the answers, at most ``RECENT``."""
RECENT = 5
_MASK = (1 << 64) - 1
_A, _B, _C, _D = 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93
SHIFT = 32
NUMBER = (1 << SHIFT) - 1


def skill_key(skill: int) -> int:
    """The key of a skill's own count."""
    return skill * _A & _MASK


class Keys(NamedTuple):
    """Keys of one answer. ``pairs``: with each answer 2 to ``NEAR`` before it, nearest first."""

    skill: int
    two: int
    five: int
    rate: int
    after: int
    after_two: int
    after_own: int
    pairs: tuple[int, ...]


def keys(codes: Sequence[int], rights: Sequence[int], recent: int, skill: int) -> Keys:
    """The keys of an answer on a skill.

    :param codes, rights: skill and 1 or 0 of the latest answers, oldest first, at most ``TAIL``.
    :param recent: bits of the latest answers on this skill (see ``NEW``).
    :param skill: the skill's code.
    """
    base = skill * _A
    before, was = (codes[-1], rights[-1]) if codes else (0, 2)
    earlier, had = (codes[-2], rights[-2]) if len(codes) > 1 else (0, 2)
    rate = START
    for right in rights:
        rate += RATE * (right - rate)
    two = recent if recent < 8 else recent & 3 | 4
    chained = base + before * _B
    return Keys(
        skill_key(skill),
        base + (0x100 | two) * _D & _MASK,
        base + (0x200 | recent) * _D & _MASK,
        base + (0x300 | bisect_right(EDGES, rate)) * _D & _MASK,
        chained + (0x400 | was) * _D & _MASK,
        chained + earlier * _C + (0x500 | was << 2 | had) * _D & _MASK,
        chained + (0x600 | was << 3 | two) * _D & _MASK,
        tuple(
            base + codes[-lag] * _B + (0x700 | rights[-lag]) * _D & _MASK
            for lag in range(2, min(NEAR, len(codes)) + 1)
        ),
    )


def pushed(recent: int, right: int) -> int:
    """The bits after one more answer."""
    longer = recent << 1 | right
    return longer if longer < 2 << RECENT else longer & (1 << RECENT) - 1 | 1 << RECENT


def replay(rows: Rows, codes: Sequence[int]) -> Iterator[tuple[int, int, bool, Keys]]:
    """Each answer of a learner: place, right, whether it is the first on its skill, and its keys.

    Answers of one event do not stand before each other.
    """
    latest: list[int] = []
    rights: list[int] = []
    recent: dict[int, int] = {}
    waiting: list[tuple[int, int]] = []
    for place, row in enumerate(rows.tolist()):
        if not row & SAME:
            for skill, right in waiting:
                latest.append(skill)
                rights.append(right)
                recent[skill] = pushed(recent.get(skill, NEW), right)
            waiting.clear()
            del latest[:-TAIL], rights[:-TAIL]
        skill, right = codes[row >> 2], row & 1
        bits = recent.get(skill, NEW)
        yield place, right, bits == NEW, keys(latest, rights, bits, skill)
        waiting.append((skill, right))


def standing(rows: Rows, codes: Sequence[int]) -> tuple[list[int], list[int]]:
    """Codes and marks of the latest answers, as ``keys`` takes them."""
    tail = rows[-TAIL:].tolist()
    return [codes[row >> 2] for row in tail], [row & 1 for row in tail]


def bits(rows: Rows, number: int) -> int:
    """Bits of the latest answers on the skill with this number."""
    recent = NEW
    for row in rows[rows >> 2 == number][-RECENT:].tolist():
        recent = recent << 1 | row & 1
    return recent


class Tables(AnswerLog):
    """Everybody's answers, and how often which key was followed by a right one.

    ``counts``: key to ``right << SHIFT | answers``; ``people``: code of a skill to learners with an answer on
    it; ``solution`` is what ``mixing`` found, no part of the state; ``generation`` counts who was forgotten.
    """

    def __init__(self) -> None:
        super().__init__()
        self.counts: dict[int, int] = {}
        self.people: dict[int, int] = {}
        self.total = 0
        self.solution: object = None
        self.solving = False
        self.generation = 0
        self.means: object = None

    @property
    def answers(self) -> int:
        """How many answers are counted."""
        return self.total & NUMBER

    def _count(self, skill: int, found: Keys, packed: int, people: int) -> None:
        self.total += packed
        *single, pairs = found
        counts = self.counts
        for key in (*single, *pairs):
            now = counts.get(key, 0) + packed
            if now:
                counts[key] = now
            else:
                del counts[key]
        if people:
            self.people[skill] = self.people.get(skill, 0) + people
            if not self.people[skill]:
                del self.people[skill]

    def append(self, learner_id: str, numbers: list[int], right: int) -> None:
        """Count an event's answers by what stood before it, then append them."""
        rows = self.rows(learner_id)
        latest, rights = standing(rows, self.codes)
        for number in numbers:
            recent = bits(rows, number)
            found = keys(latest, rights, recent, self.codes[number])
            self._count(self.codes[number], found, right << SHIFT | 1, int(recent == NEW))
        super().append(learner_id, numbers, right)

    def adopt(self, learner_id: str, rows: Rows, names: list[str]) -> None:
        """Count somebody's answers and keep them."""
        super().adopt(learner_id, rows, names)
        self._all(learner_id, 1)

    def _all(self, learner_id: str, sign: int) -> None:
        rows = self.rows(learner_id)
        numbers = (rows >> 2).tolist()
        for place, right, first, found in replay(rows, self.codes):
            skill = self.codes[numbers[place]]
            self._count(skill, found, sign * (right << SHIFT | 1), sign * int(first))

    def forget(self, learner_id: str) -> None:
        """Take a learner out of the counts; nothing solved with them is used again."""
        if learner_id not in self.learners:
            return
        self._all(learner_id, -1)
        super().forget(learner_id)
        self.generation += 1
        self.solution = self.means = None

    def __eq__(self, other: object) -> bool:
        """The same answers; the counts follow from them but are compared too."""
        if not isinstance(other, Tables):
            return NotImplemented
        same = (self.counts, self.people, self.total) == (other.counts, other.people, other.total)
        return same and self.named() == other.named()

    __hash__ = None
