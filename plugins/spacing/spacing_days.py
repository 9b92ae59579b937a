"""On which day each review falls: no day over its minutes, deadlines first, and no day much fuller than its
neighbours. Pure: the same wishes, day and seed give the same plan.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SLACK = 0.05  # share of an interval by which a review may move for the sake of balance
MOST_SLACK = 7  # days


@dataclass(frozen=True, slots=True)
class Wish:
    """When one skill should be reviewed, in days counted from today.

    :param day: when recall falls to the wished one; 0 or less is due.
    :param interval: days between its latest review and ``day``.
    :param recall: now, 0..1.
    :param before: the latest day that still helps with a deadline; None without one.
    """

    skill_id: str
    day: int
    interval: int
    recall: float
    before: int | None = None


def spread(wishes: Iterable[Wish], room: int, seed: int, *, today: int | None = None) -> dict[str, int]:
    """Choose a day, 0 or later, for each wish.

    Those with a deadline choose first: their own day or a later one before the deadline, else an earlier one.
    Then what is due, the most forgotten first, takes the first free day. Then the rest, within a small slack,
    takes the emptiest day.

    :param room: reviews that fit into a day, at least 1.
    :param today: those that fit into today; ``room`` without it.
    :returns: skill to day. Only a wish whose days up to its deadline are all full comes after it.
    """
    load: Counter[int] = Counter()
    room = max(1, room)
    here = room if today is None else today
    chosen: dict[str, int] = {}

    def free(day: int) -> bool:
        return load[day] < (here if day == 0 else room)

    def take(wish: Wish, days: Sequence[int]) -> None:
        day = next((d for d in days if free(d)), None)
        if day is None:
            day = max(days, default=0)
            while not free(day):
                day += 1
        load[day] += 1
        chosen[wish.skill_id] = day

    wishes = list(wishes)
    urgent = [w for w in wishes if w.before is not None]
    for wish in sorted(urgent, key=lambda w: (w.before or 0, w.recall, w.skill_id)):
        last = max(0, wish.before or 0)
        wanted = min(max(0, wish.day), last)
        take(wish, [*range(wanted, last + 1), *range(wanted - 1, -1, -1)])
    others = [w for w in wishes if w.before is None]
    for wish in sorted((w for w in others if w.day <= 0), key=lambda w: (w.recall, w.skill_id)):
        take(wish, [0])
    for wish in sorted((w for w in others if w.day > 0), key=lambda w: (w.day, w.skill_id)):
        slack = min(MOST_SLACK, int(SLACK * wish.interval + 0.5))
        near = range(max(1, wish.day - slack), wish.day + slack + 1)
        take(wish, sorted(near, key=lambda d: (load[d], _dice(wish, d, seed))) if slack else [wish.day])
    return chosen


def _dice(wish: Wish, day: int, seed: int) -> int:
    return zlib.crc32(f"{seed}/{wish.skill_id}/{day - wish.day}".encode())
