"""Keeps a copy of every situation, to look at one day."""

from __future__ import annotations

from stifinder import Candidate, Manifest, Reason, Situation, hookimpl, message

BECAUSE = Reason(message("Because it is there."))

kept: list[bytearray] = []


@hookimpl
def candidates(situation: Situation):
    kept.append(bytearray(500 * len(situation.pool)))
    return [Candidate(name, 0.5, (BECAUSE,)) for name in situation.pool]


@hookimpl
def manifest() -> Manifest:
    return Manifest(about="Votes for everything.")
