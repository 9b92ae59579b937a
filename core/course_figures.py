"""Figures about the people of one course: shares, where they stop, what they know, and what may be told.

Pure: no store, no clock. A figure is told only about ``fewest`` people or more, and neither side of a share
may be smaller: who finds three missing from a whole has learned about three people. What is smaller is told
as a bound.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from . import course_survival

Z = 1.96
"""Of the normal distribution: intervals hold the truth with about 95 % probability."""


@dataclass(frozen=True, slots=True)
class Share:
    """A part of people, in 0..1.

    :param of: how many people it is about.
    :param value: None where one side is too small to be told; ``low`` and ``high`` are its bounds then,
        else its interval.
    """

    of: int
    value: float | None
    low: float
    high: float

    @property
    def middle(self) -> float:
        """One number to compare by: the value, else the bound next to the larger side."""
        if self.value is not None:
            return self.value
        return self.high if self.low == 0.0 else self.low

    @property
    def at_most(self) -> float:
        """What it is at most, chance included."""
        return self.high if self.value is not None else wilson(round(self.high * self.of), self.of)[1]


def wilson(part: int, of: int) -> tuple[float, float]:
    """The interval of a share (E. B. Wilson, "Probable Inference", 1927); ``of`` is at least 1."""
    share = part / of
    spread = Z * math.sqrt(share * (1 - share) / of + Z * Z / (4 * of * of))
    middle, scale = share + Z * Z / (2 * of), 1 + Z * Z / of
    low, high = (middle - spread) / scale, (middle + spread) / scale
    return max(0.0, min(low, share)), min(1.0, max(high, share))  # rounding can miss the very ends


def share(part: int, of: int, fewest: int) -> Share | None:
    """A share as it may be told; None where nothing may be."""
    few, few_others = part < fewest, of - part < fewest
    if of < fewest or (few and few_others):
        return None
    bound = (fewest - 1) / of
    if few:
        return Share(of, None, 0.0, bound)
    if few_others:
        # Not 1 - bound, which rounding can put above the share that it bounds.
        return Share(of, None, (of - fewest + 1) / of, 1.0)
    return Share(of, part / of, *wilson(part, of))


def told(count: int, of: int, fewest: int) -> int | None:
    """A count as it may be told beside its whole: None where it, or what it leaves, is small but not 0."""
    left = of - count
    return None if 0 < count < fewest or 0 < left < fewest else count


# --- where people stop ------------------------------------------------------------------------------


STEPS = 12
"""The most steps of a curve."""


@dataclass(frozen=True, slots=True)
class Stops:
    """Where those stop who do not come to the end.

    :param half_by: minutes after which half of them have stopped.
    :param likely: the 95 % interval of each point.
    :param points: (minutes, share of those who began that is still there), from (0, 1); each step stands
        for ``fewest`` people or more.
    """

    half_by: int
    points: tuple[tuple[int, float], ...]
    likely: tuple[tuple[float, float], ...] = ()


def stops(minutes: Sequence[int], finishing: Share | None, fewest: int) -> Stops | None:
    """Where people stop; None while it is known of too few.

    :param minutes: of those who stopped and of whom it is known; the others are taken to stop like them.
    :param finishing: the share that came to the end.
    """
    if finishing is None or finishing.value is None or len(minutes) < fewest:
        return None
    ordered = sorted(minutes)
    groups = min(len(ordered) // fewest, STEPS)
    edges = [round(n * len(ordered) / groups) for n in range(groups + 1)]
    points, left, told = [(0, 1.0)], 1.0, dict[int, int]()
    for start, end in itertools.pairwise(edges):
        left -= (1.0 - finishing.value) * (end - start) / len(ordered)
        at = ordered[(start + end) // 2]
        if len(points) > 1 and points[-1][0] == at:
            points.pop()
        points.append((at, left))
        told[at] = told.get(at, 0) + end - start
    # As many came to the end, for each who stopped, as among all who began.
    finished = round(len(ordered) * finishing.value / (1.0 - finishing.value))
    likely = ((1.0, 1.0), *course_survival.likely(sorted(told.items()), finished))
    return Stops(ordered[len(ordered) // 2], tuple(points), likely)


@dataclass(frozen=True, slots=True)
class Way:
    """What happened with one activity, or with several taken together.

    :param minutes: after which those stopped who did not come to the end, as far as it is known.
    """

    begun: int = 0
    ended: int = 0
    minutes: tuple[int, ...] = ()

    def __add__(self, other: Way) -> Way:
        return Way(self.begun + other.begun, self.ended + other.ended, self.minutes + other.minutes)


@dataclass(frozen=True, slots=True)
class Module:
    """One activity of the course.

    :param begun: how many began it; None where that is not told, as with ``share``.
    :param like: the share of those who finish modules like it; None while there are too few of them.
    """

    activity_id: str
    begun: int | None
    finish: Share | None
    stop: Stops | None
    like: Share | None
    like_stop: Stops | None


def module(activity_id: str, way: Way, like: Way, taking_part: int, fewest: int) -> Module:
    """The figures of an activity, as they may be told."""
    finish, like_finish = share(way.ended, way.begun, fewest), share(like.ended, like.begun, fewest)
    return Module(
        activity_id,
        None if 0 < way.begun < fewest else told(way.begun, max(taking_part, way.begun), fewest),
        finish,
        stops(way.minutes, finish, fewest),
        like_finish,
        stops(like.minutes, like_finish, fewest),
    )


# --- what people know -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KnownSkill:
    """How likely the people of the course can do a task of medium difficulty, on average.

    :param people: of how many it is known.
    :param low, high: interval of the average.
    """

    skill_id: str
    people: int
    mean: float
    low: float
    high: float


def known_skill(skill_id: str, people: int, total: float, squares: float, fewest: int) -> KnownSkill | None:
    """The average of what is known of each; None for too few people.

    :param total, squares: sums of their means, and of the squares of these.
    """
    if people < fewest:
        return None
    mean = total / people
    variance = max(0.0, squares - people * mean * mean) / (people - 1)
    spread = Z * math.sqrt(variance / people)
    return KnownSkill(skill_id, people, mean, max(0.0, mean - spread), min(1.0, mean + spread))


# --- how far people are -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Band:
    """Those who have finished from ``first`` to ``last`` activities; ``people`` None where too few."""

    first: int
    last: int
    people: int | None


def how_far(finished: Iterable[int], modules: int, fewest: int) -> tuple[Band, ...]:
    """How many people have finished how many activities, in thirds; () for too few people.

    Where a band is too small to be told, so many others are not told either that what is missing from the
    whole is ``fewest`` people or more.
    """
    counts = list(finished)
    if len(counts) < fewest or modules < 1:
        return ()
    edges = sorted({0, *(math.ceil(modules * n / 3) for n in (1, 2)), modules + 1})
    sizes = [sum(start <= c < end for c in counts) for start, end in itertools.pairwise(edges)]
    small = {n for n, size in enumerate(sizes) if 0 < size < fewest}
    while 0 < sum(sizes[n] for n in small) < fewest:
        small.add(min(set(range(len(sizes))) - small, key=lambda n: sizes[n]))
    return tuple(
        Band(edges[n], edges[n + 1] - 1, None if n in small else size) for n, size in enumerate(sizes)
    )


# --- what has most to gain --------------------------------------------------------------------------


def most_to_gain(modules: Iterable[Module]) -> Module | None:
    """The module whose people fall short most of what modules like it reach, beyond doubt; else None.

    Where there is nothing like it, what counts is whether at least half finish.
    """

    def gain(each: Module) -> float:
        if each.finish is None:
            return 0.0
        reached = each.like.middle if each.like else 0.5
        return (reached - each.finish.middle) * each.finish.of if each.finish.at_most < reached else 0.0

    best = max(modules, key=gain, default=None)
    return best if best is not None and gain(best) > 0 else None


def weakest(skills: Iterable[KnownSkill]) -> KnownSkill | None:
    """The skill that is known least, if it is not known to half beyond doubt; else None."""
    worst = min(skills, key=lambda s: s.mean, default=None)
    return worst if worst is not None and worst.high < 0.5 else None
