"""What a link in a course opens, and whether its progress is graded, as the link's custom parameters say it.

Deep linking writes these parameters into the link; every launch from it brings them back. A teacher can also
type them into the link's settings by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from .catalogue import Activity, Catalogue
from .people import Learner

OPEN = "stifinder_open"
"""The custom parameter that says what opens: ``path``, ``review``, ``skill:<id>`` or ``activity:<key>``."""
GRADE = "stifinder_grade"
"""The custom parameter that has progress passed back as a grade when it is ``progress``."""
GRADED = "progress"


class Kind(StrEnum):
    """What kind of thing a link opens."""

    PATH = "path"
    REVIEW = "review"
    SKILL = "skill"
    ACTIVITY = "activity"


@dataclass(frozen=True, slots=True)
class Opens:
    """What one link opens.

    :param of: a skill's id, or an activity's key; "" for a path and for reviews.
    :param graded: whether progress goes back to the LMS as a grade.
    """

    kind: Kind = Kind.PATH
    of: str = ""
    graded: bool = False

    @property
    def text(self) -> str:
        """As the custom parameter has it."""
        return f"{self.kind}:{self.of}" if self.of else str(self.kind)

    @property
    def custom(self) -> dict[str, str]:
        """The custom parameters of a link that opens this."""
        return {OPEN: self.text} | ({GRADE: GRADED} if self.graded else {})


def opens(custom: Mapping[str, str]) -> Opens:
    """What a launch with these custom parameters opens; the path where they say nothing that is known.

    Reviews are never graded: they are for keeping what was learned, not for being measured.
    """
    kind, _, of = custom.get(OPEN, "").partition(":")
    graded = custom.get(GRADE) == GRADED
    if kind == Kind.REVIEW and not of:
        return Opens(Kind.REVIEW)
    if kind in (Kind.SKILL, Kind.ACTIVITY) and of:
        return Opens(Kind(kind), of, graded)
    return Opens(Kind.PATH, "", graded)


def leads_to(skill_id: str, catalogue: Catalogue) -> tuple[Activity, ...]:
    """Activities that teach or test a skill, and those to be done before them, in the catalogue's order."""
    wanted: set[str] = set()
    waiting = [activity.id for activity in catalogue if skill_id in activity.skill_ids]
    while waiting:
        activity_id = waiting.pop()
        if activity_id in catalogue.by_id and activity_id not in wanted:
            wanted.add(activity_id)
            waiting += catalogue.by_id[activity_id].prerequisites
    return tuple(activity for activity in catalogue if activity.id in wanted)


def pool(opened: Opens, catalogue: Catalogue, context_id: str) -> tuple[Activity, ...]:
    """The activities that a link is about: what leads to its skill, its activity, else the course's.

    Where the catalogue has nothing of it, or knows no such course, it is everything the catalogue has.
    """
    if opened.kind is Kind.SKILL and (found := leads_to(opened.of, catalogue)):
        return found
    return catalogue.in_context(context_id) or catalogue.activities


def activity(opened: Opens, catalogue: Catalogue) -> Activity | None:
    """The activity that a link opens; None when it opens none, or the catalogue has it no longer."""
    if opened.kind is not Kind.ACTIVITY:
        return None
    return next((each for each in catalogue if each.key == opened.of), None)


def towards(opened: Opens, catalogue: Catalogue, learner: Learner) -> Learner:
    """The learner with the link's skill as first goal, for this visit: nothing of it is stored."""
    if opened.kind is not Kind.SKILL or opened.of not in catalogue.skills:
        return learner
    goals = (opened.of, *(goal for goal in learner.profile.goals if goal != opened.of))
    return replace(learner, profile=replace(learner.profile, goals=goals))
