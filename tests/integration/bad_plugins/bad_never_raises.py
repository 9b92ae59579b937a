"""Believes that everybody has done something."""

from __future__ import annotations

from stifinder import Candidate, Manifest, Reason, Situation, hookimpl, message

BECAUSE = Reason(message("Because it is there."))


@hookimpl
def candidates(situation: Situation):
    last = situation.history[-1]
    return [Candidate(name, 0.5, (BECAUSE,)) for name in situation.pool if name != last.activity_id]


@hookimpl
def manifest() -> Manifest:
    return Manifest(about="Votes for everything.")
