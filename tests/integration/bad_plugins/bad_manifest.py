"""Brings no manifest."""

from __future__ import annotations

from stifinder import Candidate, Reason, Situation, hookimpl, message

BECAUSE = Reason(message("Because it is there."))


@hookimpl
def candidates(situation: Situation):
    return [Candidate(name, 0.5, (BECAUSE,)) for name in situation.pool]
