"""Votes without a word."""

from __future__ import annotations

from stifinder import Candidate, Manifest, Situation, hookimpl


@hookimpl
def candidates(situation: Situation):
    return [Candidate(name, 0.5) for name in situation.pool]


@hookimpl
def manifest() -> Manifest:
    return Manifest(about="Votes for everything.")
