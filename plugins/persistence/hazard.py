"""The hazard of stopping, fitted to everybody's runs, and kept until too much has changed.

A discrete-time hazard (P. D. Allison, "Discrete-Time Methods for the Analysis of Event Histories", 1982):
every week that a learner was there is one case, and stopping is to give no sign of work after it while the
others went on. A logistic regression with a ridge (S. le Cessie and J. C. van Houwelingen, "Ridge Estimators
in Logistic Regression", 1992) on bins of eleven features foretells it; equal cases are counted together.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from .runs import SIZES, Cells, Course, Floats, Runs, begins, course, courses, standing, usual_by, week

SETTLED = 4
"""Weeks after which it is known whether somebody went on."""
EARLY = 3
"""Weeks before anybody's first activity from which cases count."""
FEWEST = 50
"""Of those who stopped, and of those who went on: with fewer nothing is said."""
STALE = 0.05
"""New events per case after which the regression is fitted again, in the background."""
STEPS = 25
THREAD = "stifinder-persistence"
STARTS = np.cumsum([1, *SIZES[:-1]])
"""Where the weights of each feature begin; the first weight is the constant."""
publish = threading.Lock()
_one_at_a_time = threading.Lock()


def cases(there: Course) -> tuple[list[Cells], list[Floats]]:
    """One course's cases: the bins of everybody in each week that is settled, and 1 for who stopped then.

    A week counts when something became usual after it: the others went on.
    """
    known = there.first[np.isfinite(there.first)]
    found: list[Cells] = []
    stopped: list[Floats] = []
    if not known.size:
        return found, stopped
    until = there.until
    _, finally_usual = usual_by(there, begins(until + 1))
    for number in range(week(int(known.min())) - EARLY, until - SETTLED + 2):
        at = begins(number)
        _, usual = usual_by(there, at)
        stand = standing(there, at) if (finally_usual & ~usual).any() else None
        if stand is not None:
            found.append(stand.cells)
            gone = (there.last[stand.rows] < number) | np.isfinite(there.left[stand.rows])
            stopped.append(gone.astype(np.float64))
    return found, stopped


@dataclass(frozen=True, slots=True)
class Fit:
    """The constant and the weights of all bins, and the state they were fitted from.

    :param cases: how many people and weeks they rest on.
    """

    weights: Floats
    ridge: float
    cases: int
    changes: int
    generation: int


def columns(cells: Cells) -> NDArray[np.intp]:
    """For each row the places of its weights, the constant left out: (m, len(SIZES))."""
    places: NDArray[np.intp] = cells + STARTS
    return places


def regression(cells: Cells, stopped: Floats, ridge: float) -> Floats:
    """Newton's method on equal cases counted together.

    :param cells: (m, len(SIZES)) bins.
    :param stopped: (m,) 0 or 1.
    :returns: (1 + sum(SIZES),) weights on the logit scale; the constant is not penalised.
    """
    packed, place = np.unique(np.ravel_multi_index(tuple(cells.T), SIZES), return_inverse=True)
    kinds = np.column_stack(np.unravel_index(packed, SIZES)).astype(np.int8)
    number = np.bincount(place.ravel(), minlength=len(kinds)).astype(np.float64)
    gone = np.bincount(place.ravel(), stopped, minlength=len(kinds))
    size = 1 + sum(SIZES)
    design = np.zeros((len(kinds), size), np.float32)
    design[:, 0] = 1.0
    np.put_along_axis(design, columns(kinds), 1.0, axis=1)
    penalty = np.full(size, ridge)
    penalty[0] = 1e-9
    weights = np.zeros(size)
    for _ in range(STEPS):
        chance = expit(design @ weights)
        slope = design.T @ (gone - number * chance) - penalty * weights
        bend = (design * (number * chance * (1 - chance))[:, None].astype(np.float32)).T @ design
        step = np.linalg.solve(bend + np.diag(penalty), slope)
        weights += step
        if np.abs(step).max() < 1e-6:
            break
    return weights


def fit(state: Runs, ridge: float) -> Fit | None:
    """Fit to everything the state holds; None while too few stopped, or too few went on."""
    changes, generation = sum(list(state.changes.values())), state.generation
    all_cells: list[Cells] = []
    all_stopped: list[Floats] = []
    for runs in courses(state).values():
        found, stopped = cases(course(runs))
        all_cells += found
        all_stopped += stopped
    gone = sum(float(each.sum()) for each in all_stopped)
    number = sum(map(len, all_stopped))
    if gone < FEWEST or number - gone < FEWEST:
        return None
    weights = regression(np.vstack(all_cells), np.concatenate(all_stopped), ridge)
    return Fit(weights, ridge, number, changes, generation)


def prepare(state: Runs, ridge: float) -> None:
    """Fit now and keep it, unless somebody was forgotten since it was begun."""
    fitted = fit(state, ridge)
    with publish:
        if fitted is not None and fitted.generation == state.generation:
            state.fit = fitted


def current(state: Runs, ridge: float) -> Fit | None:
    """The fit to use now; never one that was made with somebody who has been forgotten since."""
    kept: Fit | None = state.fit
    if kept is not None and (kept.generation != state.generation or kept.ridge != ridge):
        kept = None
    changes = sum(state.changes.values())
    if kept is None or changes - kept.changes > STALE * kept.cases:
        begin(state, lambda: prepare(state, ridge))
    return kept


def begin(state: Runs, work: Callable[[], None]) -> None:
    """Do this in the background, unless something is being done for this state already."""
    with publish:
        if state.solving:
            return
        state.solving = True

    def in_background() -> None:
        try:
            with _one_at_a_time:  # it keeps a core busy for a second
                work()
        finally:
            state.solving = False

    threading.Thread(target=in_background, name=THREAD, daemon=True).start()
