"""Collaborative strategy: what others who did the same did next, weighed by how well it went.

Two parts, both solved from sums that forget a learner exactly (``steps``): item-item regression on decayed
co-occurrence (``ease``), and transitions, the share of those who did A and went on to C times the share of
them who did C well. It speaks only where at least ``GROUP`` learners stand behind what it says, and never
about a smaller group.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from .. import Candidate, Event, LearnedModel, Purpose, Reason, Situation, hookimpl, message
from . import ease, steps_stored
from .in_place import InPlace
from .paths import ENGAGEMENT, LATEST, outcome, reading
from .settings import read
from .steps import SCALE, TAU, Steps

GROUP = 5
RECENT = 10
VOTES = 100
PRIOR_LEARNERS = 4.0
USES = frozenset({"group", "statements"})
Floats = NDArray[np.floating]

DID_WELL = message("Because %(good)d of %(total)d who did this after %(activity_before)s did well.")
WENT_ON = message("Because at least %(total)d others who did %(activity_before)s also did this around then.")


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may change.

    :param regularisation: EASE's lambda in learners; higher trusts rare co-occurrence less.
    :param transitions: share of the transitions in the score, 0..1; the rest is the regression's.
    """

    regularisation: Annotated[float, Meta(gt=0)] = 20.0
    transitions: Annotated[float, Meta(ge=0, le=1)] = 0.5


_settings = Settings()


class CollaborativeModel(InPlace[Steps]):
    """``steps.Steps`` as a learned model."""

    name = "collaborative"
    version = 1
    purpose = Purpose.SHARED_MODELS

    def empty(self) -> Steps:
        """Nobody's steps."""
        return Steps()

    def dump(self, state: Steps) -> bytes:
        """Serialise."""
        return steps_stored.dump(state)

    def load(self, data: bytes) -> Steps:
        """Read what ``dump`` wrote."""
        return steps_stored.load(data)


@dataclass(frozen=True, slots=True)
class Done:
    """What the learner did lately: rows, seconds and results (0..1, 0.5 when not known), latest first."""

    rows: NDArray[np.intp]
    at: NDArray[np.int64]
    results: Floats


def done_by(history: Sequence[Event], index: Mapping[str, int]) -> tuple[Done, set[str]]:
    """Reduce a history as the model does; also every activity id in it, known to the model or not."""
    found: dict[str, tuple[int, int, int, int]] = {}
    for event in history:
        if event.kind in ENGAGEMENT and event.activity_id:
            at, best, right, asked = reading(event)
            was = found.get(event.activity_id, (0, -1, 0, 0))
            found[event.activity_id] = (max(at, was[0]), max(best, was[1]), right + was[2], asked + was[3])
    known = sorted(
        ((at, name, outcome(*rest)) for name, (at, *rest) in found.items() if name in index), reverse=True
    )[:LATEST]
    return (
        Done(
            np.array([index[name] for _, name, _ in known], dtype=np.intp),
            np.array([at for at, _, _ in known], dtype=np.int64),
            np.array([0.5 if result < 0 else result / 100 for _, _, result in known], dtype=np.float64),
        ),
        set(found),
    )


def interest(done: Done) -> Floats:
    """How much each counts: halved when it went badly, decayed by time before the learner's latest one."""
    decay = np.exp((done.at - done.at[0]) / (3600.0 * TAU))
    weight: Floats = decay * (0.5 + 0.5 * done.results)
    return weight


def _unit(values: Floats) -> Floats:
    """Scaled so that the best is 1; what speaks against is 0."""
    values = np.maximum(values, 0.0)
    best = values.max(initial=0.0)
    return values / best if best > 0 else values


def regression(solution: ease.Solution | None, done: Done, rows: NDArray[np.intp]) -> Floats | None:
    """EASE scores in 0..1 for ``rows``; None while there is no solution for what the learner did."""
    if solution is None:
        return None
    size = len(solution.weights)
    mine = done.rows < size
    theirs = rows < size
    if not mine.any():
        return None
    scores = interest(done)[mine] @ solution.weights[done.rows[mine]]
    found = np.zeros(len(rows))
    found[theirs] = scores[rows[theirs]]
    return _unit(found)


def transitions(followed: NDArray[np.int32], well: NDArray[np.int32], weight: Floats) -> Floats:
    """Transition scores in 0..1 from counts [later, earlier]: how usual the step is, times how well it goes.

    ``sum_a weight[a] * N[c, a] / max_c N[c, a] * (W[c, a] + m p) / (N[c, a] + m)``, with ``p`` the share that
    went well over all of these and ``m`` = ``PRIOR_LEARNERS``.
    """
    total = float(followed.sum())
    usual = (float(well.sum()) + PRIOR_LEARNERS) / (total + 2 * PRIOR_LEARNERS)
    share = followed / np.maximum(followed.max(axis=0, initial=0), 1)
    good = (well + PRIOR_LEARNERS * usual) / (followed + PRIOR_LEARNERS)
    scores: Floats = (share * good) @ weight
    return _unit(scores)


@hookimpl
def configure(settings: Mapping[str, object]) -> None:
    """Take this plugin's settings."""
    global _settings
    _settings = read(Settings, settings)


@hookimpl
def learned_models() -> Sequence[LearnedModel]:
    """Bring the model of everybody's steps."""
    return (CollaborativeModel(),)


@hookimpl
def candidates(situation: Situation) -> Sequence[Candidate]:
    """Vote for what usually follows what the learner did; nothing without history or a large enough group."""
    state = situation.models.get(CollaborativeModel.name)
    if not isinstance(state, Steps) or len(state.paths) < GROUP:
        return ()
    done, names = done_by(situation.history, state.index)
    pool = [(name, state.index[name]) for name in situation.pool if name in state.index and name not in names]
    if not len(done.rows) or not pool:
        return ()
    rows = np.array([row for _, row in pool], dtype=np.intp)
    recent = done.rows[:RECENT]
    cells = np.ix_(rows, recent)
    followed, well = state.followed[cells], state.well[cells]
    together = (state.near[cells] + state.near[np.ix_(recent, rows)].T) // SCALE  # at least so many learners
    score = transitions(followed, well, interest(done)[:RECENT])
    weights = ease.current(state, _settings.regularisation)
    if (other := regression(weights, done, rows)) is not None:
        score = _settings.transitions * score + (1 - _settings.transitions) * other
    shows_well = np.where((followed >= GROUP) & (2 * well >= followed), well, 0)
    backed = (shows_well.max(axis=1) > 0) | (together.max(axis=1) >= GROUP)
    score = np.where(backed, score, 0.0) * len(state.paths) / (len(state.paths) + 2 * GROUP)
    order = np.argsort(-score, kind="stable")[:VOTES]
    votes = []
    for n in order[score[order] > 0].tolist():
        reason = _reason(state, recent, followed[n], shows_well[n], together[n])
        votes.append(Candidate(pool[n][0], float(score[n]), (reason,)))
    return votes


def _reason(
    state: Steps,
    recent: NDArray[np.intp],
    followed: NDArray[np.int32],
    shows_well: NDArray[np.int32],
    together: NDArray[np.int32],
) -> Reason:
    """The strongest evidence for one activity, in counts of people."""
    best = int(shows_well.argmax())
    if shows_well[best]:
        counts = {"good": int(shows_well[best]), "total": int(followed[best])}
        text = DID_WELL
    else:
        best = int(together.argmax())
        counts = {"total": int(together[best])}
        text = WENT_ON
    return Reason(text, {**counts, "activity_before": state.ids[recent[best]]}, uses=USES)
