"""Stable pairs: nobody would rather learn with somebody who would also rather learn with them.

Irving's algorithm (R. W. Irving, "An efficient algorithm for the stable roommates problem", Journal of
Algorithms 6, 1985) on lists that name only people with whom both have something to gain. Where no stable
matching exists, whoever stood in its way is set aside and the others are matched anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from stifinder import Manifest, Peer, PeerMatch, Purpose, Reads, Situation, hookimpl, message

GROUP = 60
"""The most that are matched with one another; it bounds the time of a call."""
NAMED = 3
"""Skills named at most in each direction."""

Wishes = dict[str, list[str]]


def stable(wishes: Mapping[str, Sequence[str]]) -> tuple[dict[str, str], str]:
    """Person to partner, and the person in whose way it went; "" when the matching is stable.

    :param wishes: person to acceptable partners, best first. Only mutual wishes count.
    """
    left = {p: [q for q in liked if p in wishes.get(q, ())] for p, liked in wishes.items()}
    held: dict[str, str] = {}
    free = sorted(left, reverse=True)
    while free:  # phase 1: everybody asks down their list, everybody holds the best who asked
        asking = free.pop()
        if not left[asking]:
            continue
        asked = left[asking][0]
        if asked in held:
            free.append(held[asked])
        held[asked] = asking
        drop(left, {(asked, worse) for worse in after(left, asked, asking)})
    while choosing := [p for p in sorted(left) if len(left[p]) > 1]:  # phase 2: rotations
        path = [choosing[0]]
        while len(path) == len(set(path)):
            path.append(left[left[path[-1]][1]][-1])
        cycle = path[path.index(path[-1]) : -1]
        seconds = [left[person][1] for person in cycle]
        drop(left, {(s, worse) for p, s in zip(cycle, seconds, strict=True) for worse in after(left, s, p)})
        if stuck := [p for p in cycle if not left[p]]:
            return {}, min(stuck)
    return {person: liked[0] for person, liked in left.items() if liked}, ""


def after(left: Wishes, person: str, other: str) -> list[str]:
    """Whom this person likes less than the other."""
    return left[person][left[person].index(other) + 1 :]


def drop(left: Wishes, pairs: set[tuple[str, str]]) -> None:
    """Strike these pairs from both lists."""
    for one, other in pairs:
        if other in left[one]:
            left[one].remove(other)
            left[other].remove(one)


def pairs(wishes: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Person to partner, stable among all who were not set aside."""
    wishes = dict(wishes)
    found, stuck = stable(wishes)
    while stuck:
        del wishes[stuck]
        found, stuck = stable(wishes)
    return found


def gains(people: Sequence[Peer], skills: Sequence[str]) -> np.ndarray:
    """What the first learns from the second in each skill, shape (people, people, skills), in 0..1.

    Only a likely difference counts: the 80 % intervals of two people with results lie apart.
    """
    low, mean, high = (np.full((len(people), len(skills)), np.nan) for _ in range(3))
    for row, person in enumerate(people):
        for column, skill in enumerate(skills):
            if (known := person.mastery.get(skill)) and known.answers:
                low[row, column], mean[row, column], high[row, column] = known.low, known.mean, known.high
    apart = low[None, :, :] > high[:, None, :]  # False where one of them is not known
    return np.where(apart, mean[None, :, :] - mean[:, None, :], 0.0)


@hookimpl
def manifest() -> Manifest:
    """Without the purpose ``PEERS`` the core would never show it other people."""
    return Manifest(
        about=message("Pairs people who learn from each other, so that no two would rather swap."),
        purposes=frozenset({Purpose.SUGGESTIONS, Purpose.PEERS}),
        reads=frozenset({Reads.PROFILE, Reads.ESTIMATES}),
    )


@hookimpl
def match_peers(situation: Situation) -> Sequence[PeerMatch]:
    """The one partner of this learner, from the same matching that answers everybody; else nobody."""
    profile = situation.learner.profile
    me = Peer(situation.own_ref, situation.mastery, profile.solo, profile.helps)
    willing = sorted((p for p in (me, *situation.peers) if not p.solo and p.helps != 0), key=lambda p: p.ref)
    if me not in willing or not me.ref:
        return ()
    parts = -(-len(willing) // GROUP)
    people = willing[willing.index(me) % parts :: parts]
    course = situation.catalogue.in_context(situation.context.id)
    skills = sorted({skill for activity in course for skill in activity.skill_ids})
    gained = gains(people, skills)
    total = gained.sum(axis=2)
    refs = [person.ref for person in people]
    both = (total > 0) & (total.T > 0)
    best = np.argsort(-total, axis=1, kind="stable")
    wishes = {ref: [refs[n] for n in best[row] if both[row, n]] for row, ref in enumerate(refs)}
    partner = pairs(wishes).get(me.ref)
    if partner is None:
        return ()
    own, other = refs.index(me.ref), refs.index(partner)
    gives, needs = ranked(gained[own, other], skills), ranked(gained[other, own], skills)
    return [PeerMatch(partner, gives, needs, min(1.0, float(gained[own, other].max())))]


def ranked(differences: np.ndarray, skills: Sequence[str]) -> tuple[str, ...]:
    """The skills with a difference, the greatest first."""
    order = np.argsort(-differences, kind="stable")[:NAMED]
    return tuple(skills[n] for n in order if differences[n] > 0)
