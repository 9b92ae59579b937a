"""What the collaborative strategy solves from its state, kept until too much has changed.

Never used is what was solved with a learner who has been forgotten since.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from . import ease, next_step
from .next_step import Floats
from .steps import Steps

SMALL = 400
"""Up to this many activities every answer rests on a fresh regression (some milliseconds)."""
STALE = 0.02
"""Above it, the share of new events after which the regression is solved again, in the background."""
STALE_MIX = 0.1
"""The share of new events after which the mix is fitted again, in the background."""

_publish = threading.Lock()
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class Solution:
    """Weights [from, to] of the regression, the mix of the views, and the state they were solved from.

    :param fitted: ``changes`` when the mix was fitted; 0 when it is still the usual one.
    """

    weights: ease.Floats
    mix: Floats
    regularisation: float
    changes: int
    generation: int
    fitted: int


def _kept(state: Steps, regularisation: float) -> Solution | None:
    kept: Solution | None = state.solution
    usable = kept and kept.generation == state.generation and kept.regularisation == regularisation
    return kept if usable else None


def regression(state: Steps, regularisation: float) -> Solution:
    """Solve the regression for the state as it is now; the mix stays as it was."""
    kept = _kept(state, regularisation)
    changes, generation, size = state.changes, state.generation, len(state.ids)
    weights = ease.solve(state.near[:size, :size], regularisation)
    mix, fitted = (kept.mix, kept.fitted) if kept else (next_step.USUAL, 0)
    return Solution(weights, mix, regularisation, changes, generation, fitted)


def _keep(state: Steps, solution: Solution) -> bool:
    """Publish a solution, unless somebody was forgotten since it was begun."""
    with _publish:
        if state.generation != solution.generation:
            return False
        state.solution = solution
        return True


def prepare(state: Steps, regularisation: float) -> None:
    """Solve everything that is due now and keep it; it takes a second where there is much."""
    solution = regression(state, regularisation)
    if solution.changes - solution.fitted > STALE_MIX * solution.fitted:
        mix = next_step.fit(state, regularisation)
        solution = replace(solution, mix=mix, fitted=solution.changes)
    _keep(state, solution)


def current(state: Steps, regularisation: float) -> Solution | None:
    """What to use now; None while a large state waits for its first solve."""
    kept = _kept(state, regularisation)
    if len(state.ids) <= SMALL:
        if kept is None or kept.changes != state.changes:
            fresh = regression(state, regularisation)
            kept = fresh if _keep(state, fresh) else None
        enough = len(state.paths) >= next_step.FIT_FROM
        due = enough and (kept is None or state.changes - kept.fitted > STALE_MIX * kept.fitted)
    else:
        due = kept is None or state.changes - kept.changes > STALE * kept.changes
    if due:
        _begin(state, regularisation)
    return kept


def _begin(state: Steps, regularisation: float) -> None:
    with _publish:
        if state.solving:
            return
        state.solving = True
    threading.Thread(target=_in_background, args=(state, regularisation), daemon=True).start()


def _in_background(state: Steps, regularisation: float) -> None:
    """One solve at a time in the whole process: it keeps a core busy for a second."""
    try:
        with _one_at_a_time:
            prepare(state, regularisation)
    finally:
        state.solving = False
