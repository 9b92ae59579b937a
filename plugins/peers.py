"""Peer strategy: who in the same course could help whom, and with what.

A strength is stated only where it is likely: the whole 80 % interval of the one lies above that of the other,
both from results and not from what they said of themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .. import Mastery, PeerMatch, Situation, hookimpl

MATCHES = 3
SKILLS = 3
ONE_SIDED = 0.5
"""What a match is worth in which only one of the two has something to give."""


def strengths(
    mine: Mapping[str, Mastery], theirs: Mapping[str, Mastery], skills: frozenset[str]
) -> list[str]:
    """Skills in which the first is likely the stronger, the clearest first."""
    clear = [
        (mine[skill].low - theirs[skill].high, skill)
        for skill in skills & mine.keys() & theirs.keys()
        if mine[skill].answers and theirs[skill].answers and mine[skill].low > theirs[skill].high
    ]
    return [skill for _, skill in sorted(clear, key=lambda found: (-found[0], found[1]))]


def worth(gives: int, needs: int) -> float:
    """0..1: ``1 - 1 / (1 + sqrt(gives * needs))``, so both sides count; less when only one gives."""
    if gives and needs:
        return 1 - 1 / (1 + float(np.sqrt(gives * needs)))
    return ONE_SIDED * (1 - 1 / (1 + gives + needs))


@hookimpl
def match_peers(situation: Situation) -> Sequence[PeerMatch]:
    """Pick at most three people with complementary strengths; those with nothing to give are left out."""
    activities = situation.catalogue.by_id
    skills = frozenset(
        skill for name in situation.pool if name in activities for skill in activities[name].skill_ids
    )
    matches = []
    for peer in situation.peers:
        gives = strengths(peer.mastery, situation.mastery, skills)
        needs = strengths(situation.mastery, peer.mastery, skills)
        if gives:
            value = worth(len(gives), len(needs))
            matches.append(PeerMatch(peer.ref, tuple(gives[:SKILLS]), tuple(needs[:SKILLS]), value))
    # Equal matches take turns: the seed decides, and the order in which peers came does not.
    matches.sort(key=lambda match: match.ref)
    turns = np.random.default_rng(situation.seed).permutation(len(matches)).tolist()
    ranked = sorted(zip(matches, turns, strict=True), key=lambda pair: (-pair[0].score, pair[1]))
    return [match for match, _ in ranked[:MATCHES]]
