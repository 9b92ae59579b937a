"""Which skills a goal needs, in which order: those it names, and what they build on and is not known yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ... import Activity, Catalogue, Goal

Needs = Mapping[str, Mapping[str, float]]
"""Skill to the skills it builds on, each with the confidence in that (1 where the catalogue declares it)."""


@dataclass(frozen=True)
class Wanted:
    """The skills of a path.

    :param order: skills still to be learned, each after those it builds on.
    :param known: skills that count as known already.
    :param builds_on: for each in ``order`` the others in ``order`` that come before it because of it.
    :param serves: skill that is no goal to the skill that needs it.
    """

    order: tuple[str, ...]
    known: tuple[str, ...]
    builds_on: Mapping[str, frozenset[str]]
    serves: Mapping[str, str] = field(default_factory=dict)


def declared(pool: Sequence[Activity], catalogue: Catalogue) -> dict[str, dict[str, float]]:
    """What the catalogue says of skills, by what it says of activities.

    A skill builds on those of an activity that must come before one of its own, unless the same holds the
    other way round somewhere: then their order is a matter of activities, not of skills.
    """
    found: dict[str, dict[str, float]] = {}
    for activity in pool:
        for earlier in map(catalogue.by_id.get, activity.prerequisites):
            if earlier is None or set(earlier.skill_ids) & set(activity.skill_ids):
                continue
            for skill in activity.skill_ids:
                for need in earlier.skill_ids:
                    found.setdefault(skill, {})[need] = 1.0
    for skill, needs in found.items():
        for need in [n for n in needs if skill in found.get(n, {})]:
            del needs[need], found[need][skill]
    return found


def joined(certain: Needs, inferred: Needs, confidence: float) -> dict[str, dict[str, float]]:
    """Both, where what is inferred is sure enough and the catalogue does not say the contrary."""
    found = {skill: dict(needs) for skill, needs in certain.items()}
    for skill, needs in inferred.items():
        for need, sure in needs.items():
            if sure >= confidence and skill not in certain.get(need, {}):
                found.setdefault(skill, {}).setdefault(need, sure)
    return found


def wanted(goal: Goal, needs: Needs, known: Mapping[str, bool], place: Mapping[str, int]) -> Wanted:
    """Walk from the goal's skills down to what is known; a circle is cut where it closes.

    :param known: whether a skill counts as known well enough; those not in it do not.
    :param place: where a skill first comes in the course, to order what is not ordered otherwise.
    """
    order: list[str] = []
    reached: list[str] = []
    builds_on: dict[str, frozenset[str]] = {}
    serves: dict[str, str] = {}
    state: dict[str, int] = {}  # 1 while its needs are being walked, 2 after

    def by_place(skills: Sequence[str]) -> list[str]:
        return sorted(skills, key=lambda s: (place.get(s, len(place)), s))

    for first in by_place(goal.skill_ids):
        walk = [first]
        while walk:
            skill = walk[-1]
            if skill not in state:
                state[skill] = 1
                if known.get(skill):
                    reached.append(skill)
                    state[skill] = 2
                    walk.pop()
                    continue
                below = [n for n in by_place(list(needs.get(skill, ()))) if n not in state]
                for need in below:
                    serves.setdefault(need, skill)
                walk += reversed(below)
                continue
            walk.pop()
            if state[skill] == 1:
                state[skill] = 2
                before = (n for n in needs.get(skill, ()) if state.get(n) == 2 and n not in reached)
                builds_on[skill] = frozenset(before)
                order.append(skill)
    for skill in goal.skill_ids:
        serves.pop(skill, None)
    return Wanted(tuple(order), tuple(reached), builds_on, serves)
