"""What a learner says stands in for what they have not done here yet: goals, and skills they say they know.

While the history is short, activities on these skills are read as steps from before the first one seen:
others who did them say what goes with them. With ``ENOUGH`` activities done, what was done speaks alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from ... import Situation
from .next_step import Done

ENOUGH = 5
AT_MOST = 10
KNOWS_IT = 0.66


def steps(situation: Situation, index: Mapping[str, int], done: Done, names: Collection[str]) -> Done:
    """``done`` and behind it what was declared.

    :param index: activity id to row.
    :param names: what is in the history, which needs no declaration.
    """
    profile = situation.learner.profile
    known = [skill for skill, level in profile.stated_levels.items() if level >= KNOWS_IT]
    skills = dict.fromkeys([*profile.goals, *known])
    if len(names) >= ENOUGH or not skills:
        return done
    place = {skill: n for n, skill in enumerate(skills)}
    found = sorted(
        (min(place[s] for s in activity.skill_ids if s in place), activity.position, activity.id)
        for activity in situation.catalogue
        if activity.id in index
        and activity.id not in names
        and not place.keys().isdisjoint(activity.skill_ids)
    )[:AT_MOST]
    rows = np.array([index[name] for _, _, name in found], dtype=np.intp)
    at = done.at[-1] if len(done.at) else 0
    return Done(
        np.concatenate([done.rows, rows]),
        np.concatenate([done.at, np.full(len(rows), at, dtype=np.int64)]),
        np.concatenate([done.results, np.full(len(rows), 0.5)]),
    )
