"""What a learner asks for beside a subject: to use or to understand it, by a day, in a role, from a level on.

Each part changes scores in one direction and says so in a reason; what was not said changes nothing.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from ... import Activity, Depth, Level, Reason, Situation, message
from ..indexed import Indexed

Floats = NDArray[np.float64]

PAGE = frozenset({"catalogue", "page"})
SOON = 30
"""Days before a deadline from which goals press, the more the nearer it comes."""
LONG = 60.0
"""Minutes from which an activity counts as long."""
SHORT = 20
AGAINST = 0.4
"""What the most unfitting activity loses of its score by what it is learned for."""
KNOWS = 0.66
"""A self-rating from which what begins at the beginning is put back."""
TOO_EASY = 0.6
CLOSE = 0.5
"""Likeness to a role, of the most like, from which it is a reason."""
WORD = 4

DEADLINE = message("Because it teaches %(skill)s, which you want to have reached in %(days)d days.")
DEADLINE_ONE = message("Because it teaches %(skill)s, which you want to have reached by tomorrow.")
DEADLINE_TODAY = message("Because it teaches %(skill)s, which you want to have reached today.")
USE = message("Because you want to work with it soon, and it takes %(minutes)d minutes.")
USE_EXERCISE = message("Because you want to work with it soon, and here you try it yourself.")
UNDERSTAND = message("Because you want to understand it thoroughly, and it goes beyond the beginnings.")
UNDERSTAND_LONG = message("Because you want to understand it thoroughly, and it takes its time.")
FURTHER = message("Because you said that you know %(skill)s, and it goes further.")
ROLE_WORD = message("Because it mentions “%(word)s”, which you named in your role.")
ROLE = message("Because its text is close to what you said of your role.")


def days_left(situation: Situation) -> int | None:
    """Days until the deadline; None without one, or when it has passed."""
    deadline = situation.learner.profile.deadline
    if deadline is None or deadline < situation.now.date():
        return None
    return (deadline - situation.now.date()).days


def pressing(situation: Situation) -> float:
    """How much a deadline presses, 0..1."""
    days = days_left(situation)
    return 0.0 if days is None else max(0.0, 1 - days / SOON)


def deadline(situation: Situation, skill: str) -> Reason | None:
    """The deadline as a reason for an activity on a goal; None while none presses."""
    days = days_left(situation)
    if days is None or days >= SOON:
        return None
    if days == 0:
        return Reason(DEADLINE_TODAY, {"skill": skill}, uses=PAGE)
    return Reason(DEADLINE_ONE, {"skill": skill, "days": days}, uses=PAGE, plural=DEADLINE, count=days)


def fits(situation: Situation, arrays: Indexed) -> Floats:
    """What scores are multiplied by for depth and for stated knowledge; 1 where nothing was said."""
    profile = situation.learner.profile
    factor = np.ones(len(arrays.shares))
    if profile.depth is not None:
        beyond = np.maximum(arrays.levels - 1, 0) / 2
        deep = (beyond + np.minimum(arrays.minutes, LONG) / LONG) / 2
        factor -= AGAINST * (deep if profile.depth is Depth.USE else 1 - deep)
    easy = (
        [
            n
            for n in range(len(arrays.shares))
            if arrays.levels[n] == Level.BEGINNER and _said_known(situation, arrays.catalogue.activities[n])
        ]
        if profile.stated_levels
        else []
    )
    factor[easy] *= TOO_EASY
    return factor


def _said_known(situation: Situation, activity: Activity) -> bool:
    """Whether the learner says they know all of it, and no result says otherwise."""
    said = situation.learner.profile.stated_levels
    known = situation.mastery
    return all(
        said.get(skill, 0.0) >= KNOWS and not (skill in known and known[skill].answers)
        for skill in activity.skill_ids
    )


def of_role(situation: Situation, arrays: Indexed) -> Floats:
    """How close each text is to the learner's role, of the closest, 0..1; 0 where no role was said.

    Whom a course is for is said in some of its texts and holds for all: its mean counts as much as the text.
    """
    role = situation.learner.profile.role
    if not role or arrays.texts is None:
        return np.zeros(len(arrays.shares))
    own = arrays.texts.speaks_of(role)
    sums = np.bincount(arrays.courses, weights=own)
    close = own + (sums / np.maximum(np.bincount(arrays.courses), 1))[arrays.courses]
    return close / max(float(close.max()), 0.1)


def reasons(situation: Situation, activity: Activity, role: float) -> list[Reason]:
    """Why an activity fits what the learner asked for, at most one of each kind.

    :param role: as ``of_role`` gives it.
    """
    profile = situation.learner.profile
    found = []
    level = activity.level or Level.BEGINNER
    if profile.depth is Depth.USE and activity.media_type == "exercise":
        found.append(Reason(USE_EXERCISE, uses=PAGE))
    elif profile.depth is Depth.USE and 0 < activity.minutes <= SHORT and level is not Level.ADVANCED:
        found.append(Reason(USE, {"minutes": activity.minutes}, uses=PAGE))
    elif profile.depth is Depth.UNDERSTAND and level > Level.BEGINNER:
        found.append(Reason(UNDERSTAND, uses=PAGE))
    elif profile.depth is Depth.UNDERSTAND and activity.minutes >= LONG / 2:
        found.append(Reason(UNDERSTAND_LONG, uses=PAGE))
    if level > Level.BEGINNER and (
        known := [s for s in activity.skill_ids if profile.stated_levels.get(s, 0.0) >= KNOWS]
    ):
        found.append(Reason(FURTHER, {"skill": known[0]}, uses=PAGE))
    if role >= CLOSE:
        word = _word(profile.role, activity)
        found.append(Reason(ROLE_WORD, {"word": word}, uses=PAGE) if word else Reason(ROLE, uses=PAGE))
    return found


def _word(role: str, activity: Activity) -> str:
    """A word of the role that the activity names, the longest; "" when it names none."""
    words = sorted(
        {w for w in re.findall(r"\w+", role.lower()) if len(w) >= WORD}, key=lambda w: (-len(w), w)
    )
    text = f"{activity.title} {activity.text}".lower()
    return next((w for w in words if re.search(rf"(?<!\w){re.escape(w)}(?!\w)", text)), "")
