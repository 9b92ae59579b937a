"""Content tagging: what an activity is about, how hard it is, in which language."""

from __future__ import annotations

from collections.abc import Mapping

from ..catalogue import Activity, Skill, Tags
from . import rule


@rule("tagging", Tags, milliseconds=5000)
def tag_activity(activity: Activity, skills: Mapping[str, Skill]) -> Tags:  # type: ignore[empty-body]
    """Tag one activity with the tenant's skills; catalogue values win, then plugins in order of priority."""
