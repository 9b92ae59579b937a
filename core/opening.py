"""Answers to opening questions, as parts of a profile."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from .people import Profile

LONGEST_ROLE = 100


def answered(profile: Profile, answers: Mapping[str, str]) -> Profile:
    """The profile with these answers in it; keys as in ``Question.key``, unknown ones are passed over."""
    goals = list(profile.goals)
    levels = dict(profile.stated_levels)
    role, solo, media = profile.role, profile.solo, profile.media
    for key, value in answers.items():
        if key == "goal" and value and value not in goals:
            goals.append(value)
        elif key.startswith("level:"):
            levels |= _level(key.removeprefix("level:"), value)
        elif key == "role":
            role = value[:LONGEST_ROLE]
        elif key == "solo" and value in ("yes", "no"):
            solo = value == "yes"
        elif key == "media" and value:
            media = (value, *(m for m in media if m != value))
    return replace(profile, goals=tuple(goals), stated_levels=levels, role=role, solo=solo, media=media)


def _level(skill_id: str, value: str) -> dict[str, float]:
    try:
        level = float(value)
    except ValueError:
        return {}
    return {skill_id: min(max(level, 0.0), 1.0)} if math.isfinite(level) else {}
