"""Remembers the last activity that it saw, whoever it was asked for."""

from __future__ import annotations

from stifinder import Candidate, Manifest, Reason, Situation, hookimpl, message

BECAUSE = Reason(message("Because it is there."))

seen: list[str] = []


@hookimpl
def candidates(situation: Situation):
    before = seen[:]
    seen[:] = situation.pool[:1] or before
    again = [name for name in before if not situation.pool]
    return [Candidate(name, 0.5, (BECAUSE,)) for name in (*situation.pool, *again)]


@hookimpl
def manifest() -> Manifest:
    return Manifest(about="Votes for everything.")
