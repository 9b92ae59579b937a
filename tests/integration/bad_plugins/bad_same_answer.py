"""Throws dice of its own."""

from __future__ import annotations

import random

from stifinder import Candidate, Manifest, Reason, Situation, hookimpl, message

BECAUSE = Reason(message("Because it is there."))


@hookimpl
def candidates(situation: Situation):
    return [Candidate(name, random.random(), (BECAUSE,)) for name in situation.pool]


@hookimpl
def manifest() -> Manifest:
    return Manifest(about="Votes for everything.")
