"""Matching people of one course: who is proposed to whom, for the greatest gain within all limits.

An assignment problem: each learner is proposed at most one person to ask; each person has as many places as
they agreed to. ``scipy.optimize.linear_sum_assignment`` (the shortest augmenting paths of R. Jonker and A.
Volgenant, 1987, as D. F. Crouse put them, 2016) finds the best of all assignments. A person's second place
is worth a little less than the first and so on, which spreads the load wherever it costs little.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int_]

NAMED = 3
"""Skills that a proposal names for each side, and that count."""
BACK = 0.5
"""What it counts that the asked gets help too, of what the asker gets."""
NEXT_PLACE = 0.9
"""What each further place of the same person counts, of the one before."""
LUCK = 1e-4
"""Equal matches take turns: a part of the worth drawn for each pair, the same whoever asks."""


@dataclass(frozen=True, eq=False)
class People:
    """The people of a course who agreed to be found, in the order of ``refs``.

    :param mean, low, high: (people, skills) what is known and its ends, NaN where nothing is.
    :param limits: to how many at a time each may be proposed.
    :param alone: who likes to work alone, and is proposed nobody.
    """

    refs: tuple[str, ...]
    mean: Floats
    low: Floats
    high: Floats
    limits: Counts
    alone: NDArray[np.bool_]

    def ahead(self) -> Floats:
        """(people, people, skills): how far the first is ahead of the second, 0 where that is not likely."""
        likely = self.low[:, None] > self.high[None, :]  # a comparison with NaN is False
        return np.where(likely, self.mean[:, None] - self.mean[None, :], 0.0)


def gains(people: People) -> Floats:
    """(asker, asked): 0..1, what it is worth that the one asks the other.

    The sum of the ``NAMED`` clearest differences in favour of the asked, and ``BACK`` of those the other way
    round, of the most there can be; 0 where the asked has nothing to give.
    """
    ahead = people.ahead()
    if ahead.shape[2] > NAMED:
        ahead = np.partition(ahead, -NAMED, axis=2)[:, :, -NAMED:]
    gives: Floats = ahead.sum(axis=2).T
    value = np.where(gives > 0, (gives + BACK * gives.T) / (NAMED * (1 + BACK)), 0.0)
    value[people.alone] = 0.0
    value[:, people.limits <= 0] = 0.0
    return value


def assign(people: People, value: Floats, seed: int) -> list[int]:
    """For each person whom they are proposed to ask (a place in ``people``), -1 for nobody.

    :param value: as ``gains`` gives it.

    :returns: nobody is in it more often than their limit; the same people give the same answer.
    """
    from scipy.optimize import linear_sum_assignment

    count = len(people.refs)
    if not value.any():
        return [-1] * count
    luck = _luck(people.refs, seed)
    places = np.minimum(people.limits, (value > 0).sum(axis=0))
    owner = np.repeat(np.arange(count), places)
    turn = np.concatenate([np.arange(n) for n in places]) if len(owner) else owner
    worths = (value * (1 + LUCK * luck))[:, owner] * NEXT_PLACE**turn
    rows, columns = linear_sum_assignment(worths, maximize=True)
    found = [-1] * count
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        if worths[row, column] > 0:
            found[row] = int(owner[column])
    return found


def _luck(refs: tuple[str, ...], seed: int) -> Floats:
    """A number in 0..1 for each pair, from the two and the seed alone."""
    marks = [
        int.from_bytes(hashlib.blake2b(f"{seed}\n{ref}".encode(), digest_size=8).digest()) >> 33
        for ref in refs
    ]
    mixed = np.array(marks, dtype=np.uint64)
    crossed = (mixed[:, None] * np.uint64(2654435761) + mixed[None, :] * np.uint64(40503)) % np.uint64(2**31)
    return crossed / 2.0**31
