"""The strategy ``random``: a plugin whose votes mean nothing. What is no better than this does nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from ...core.hookspecs import hookimpl
from ...core.proposals import Candidate, Situation


@hookimpl
def candidates(situation: Situation) -> Sequence[Candidate]:
    """Vote for everything, by lot; another lot for each learner and moment."""
    words = f"{situation.seed} {situation.learner.id} {situation.now.isoformat()}"
    seed = int.from_bytes(hashlib.blake2b(words.encode(), digest_size=8).digest())
    scores = np.random.default_rng(seed).random(len(situation.pool)).tolist()
    return [Candidate(a, score) for a, score in zip(situation.pool, scores, strict=True)]
