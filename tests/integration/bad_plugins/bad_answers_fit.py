"""Gives scores beyond 1 where much is left to do."""

from __future__ import annotations

from stifinder import Candidate, Manifest, Reason, Situation, hookimpl, message

BECAUSE = Reason(message("Because it is there."))


@hookimpl
def candidates(situation: Situation):
    return [Candidate(name, 0.4 * len(situation.pool), (BECAUSE,)) for name in situation.pool]


@hookimpl
def manifest() -> Manifest:
    return Manifest(about="Votes for everything.")
