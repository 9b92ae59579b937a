"""Compares each activity with each other."""

from __future__ import annotations

from stifinder import Candidate, Manifest, Reason, Situation, hookimpl, message

BECAUSE = Reason(message("Because it is there."))


@hookimpl
def candidates(situation: Situation):
    others = list(situation.catalogue)
    shared = sum(a.skills == b.skills for a in situation.catalogue for b in others)
    return [Candidate(name, 0.5, (BECAUSE,)) for name in situation.pool if shared >= 0]


@hookimpl
def manifest() -> Manifest:
    return Manifest(about="Votes for everything.")
