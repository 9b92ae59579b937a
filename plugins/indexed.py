"""A catalogue as arrays, made once for each version and cached: what the content strategy computes on.

How texts are compared is told in ``texts``. A large catalogue's texts are indexed in the background; until
then, texts count for nothing.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .. import Activity, Catalogue, once_started
from .texts import Texts, is_warming_up, texts_of, warm_up

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

KEPT = 8
SMALL = 50
"""Up to this many activities texts are indexed at once (some 50 ms), else in the background."""
LEVEL_DIFFICULTY = {1: 0.3, 2: 0.5, 3: 0.7}
"""What a level stands for where the catalogue gives no difficulty."""


def difficulty(activity: Activity) -> float:
    """The catalogue's own, else by level, else medium; kept off 0 and 1 so that its logit is finite."""
    known = activity.difficulty
    if known is None:
        known = LEVEL_DIFFICULTY[int(activity.level)] if activity.level else 0.5
    return min(0.95, max(0.05, known))


@dataclass
class Indexed:
    """One catalogue version as arrays; ``entries`` are (activity, skill) pairs.

    :param skill_index: skill id to its column.
    :param entry_activity, entry_skill: the places of each entry's two sides.
    :param shares: entries of each activity, at least 1, to make means of sums.
    :param difficulty: logit of each activity's difficulty.
    :param minutes: 0 when unknown.
    :param languages, media: as the catalogue has them.
    :param opens: activity id to the places of the activities that name it as a prerequisite, in course order.
    :param levels: the number of the highest level among an activity's skills; 0 when it has none.
    :param courses: a number for the first course of each activity; those of no course share one.
    :param texts: what they are about; None while that is being indexed.
    """

    catalogue: Catalogue
    skill_index: dict[str, int]
    entry_activity: Places
    entry_skill: Places
    shares: Floats
    difficulty: Floats
    minutes: Floats
    languages: NDArray[np.str_]
    media: NDArray[np.str_]
    opens: dict[str, list[int]]
    levels: NDArray[np.int_]
    courses: Places
    texts: Texts | None = None
    ready: threading.Event = field(default_factory=threading.Event)

    def mean_over_skills(self, values: Floats, unskilled: float) -> Floats:
        """The mean of a value by entry for each activity; ``unskilled`` where an activity names no skill."""
        sums = np.bincount(self.entry_activity, weights=values, minlength=len(self.shares))
        named = np.bincount(self.entry_activity, minlength=len(self.shares)) > 0
        return np.where(named, sums / self.shares, unskilled)

    def likeness(self, places: list[int], weights: list[float]) -> Floats:
        """How like each activity's text is to these, 0..1: the weighted mean of cosines."""
        if self.texts is None or not places:
            return np.zeros(len(self.shares))
        return self.texts.likeness(places, weights)

    def of_a_skill(self, pool: Places) -> dict[str, tuple[int, int]]:
        """Skill id to (place of its first activity, number of activities), of those in ``pool``."""
        rank = np.full(len(self.shares), len(pool), dtype=np.intp)
        rank[pool] = np.arange(len(pool))
        inside = rank[self.entry_activity] < len(pool)
        skills, ranks = self.entry_skill[inside], rank[self.entry_activity[inside]]
        first = np.full(len(self.skill_index), len(pool), dtype=np.intp)
        np.minimum.at(first, skills, ranks)
        counts = np.bincount(skills, minlength=len(first)).tolist()
        places = pool[first.clip(max=len(pool) - 1)].tolist()
        return {skill: (places[n], counts[n]) for skill, n in self.skill_index.items() if counts[n]}


_cache: OrderedDict[tuple[str, str], Indexed] = OrderedDict()
_lock = threading.Lock()


def indexed(catalogue: Catalogue) -> Indexed:
    """The arrays of a catalogue, from the cache when this version was seen lately."""
    key = (catalogue.tenant_id, catalogue.version)
    with _lock:
        found = _cache.get(key)
        if found is not None:
            _cache.move_to_end(key)
            return found
        made = _cache[key] = _arrays(catalogue)
        while len(_cache) > KEPT:
            _cache.popitem(last=False)
    if len(catalogue) <= SMALL and not is_warming_up():
        _index_texts(made)
    else:
        threading.Thread(target=_index_texts, args=(made,), daemon=True).start()
    return made


def _arrays(catalogue: Catalogue) -> Indexed:
    activities = catalogue.activities
    entries = [(n, skill) for n, activity in enumerate(activities) for skill in activity.skill_ids]
    skills = dict.fromkeys([*catalogue.skills, *(skill for _, skill in entries)])
    columns = {skill: n for n, skill in enumerate(skills)}
    owner = np.array([n for n, _ in entries], dtype=np.intp)
    hard = np.array([difficulty(a) for a in activities], dtype=np.float64)
    courses: dict[tuple[str, ...], int] = {}
    opens: dict[str, list[int]] = {}
    for n in sorted(range(len(activities)), key=lambda n: activities[n].position):
        for earlier in activities[n].prerequisites:
            opens.setdefault(earlier, []).append(n)
    return Indexed(
        catalogue=catalogue,
        skill_index=columns,
        entry_activity=owner,
        entry_skill=np.array([columns[skill] for _, skill in entries], dtype=np.intp),
        shares=np.maximum(np.bincount(owner, minlength=len(activities)), 1).astype(np.float64),
        difficulty=np.log(hard / (1 - hard)),
        minutes=np.array([a.minutes for a in activities], dtype=np.float64),
        languages=np.array([a.language.split("-")[0] for a in activities], dtype=np.str_),
        media=np.array([a.media_type for a in activities], dtype=np.str_),
        opens=opens,
        levels=np.array([int(a.level or 0) for a in activities], dtype=np.int_),
        courses=np.array(
            [courses.setdefault(a.context_ids[:1], len(courses)) for a in activities], dtype=np.intp
        ),
    )


def _index_texts(made: Indexed) -> None:
    """Fill ``texts``; a catalogue without a single word keeps none."""
    made.texts = texts_of(made.catalogue.activities)
    made.ready.set()


# Before the first learner's suggestions, which may not take that long.
once_started(warm_up)
