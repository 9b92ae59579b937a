"""Logs for whom it was asked."""

from __future__ import annotations

import logging

from stifinder import Candidate, Manifest, Reason, Situation, hookimpl, message

BECAUSE = Reason(message("Because it is there."))


@hookimpl
def candidates(situation: Situation):
    logging.getLogger("bad").info("asked for %s", situation.learner.id)
    return [Candidate(name, 0.5, (BECAUSE,)) for name in situation.pool]


@hookimpl
def manifest() -> Manifest:
    return Manifest(about="Votes for everything.")
