"""Collaborative strategy: what others who did the same did next, weighed by how well it went.

How likely an activity is next comes from ``next_step``, whose sums (``steps``) forget a learner exactly; the
share of people who did it well after what this learner did moves it up or down. It speaks only where at
least ``GROUP`` learners stand behind what it says, and never about a smaller group. It abstains on what
fewer people did: of that it cannot know who goes there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from marshmallow import Schema, fields, validate

from ... import Candidate, Event, LearnedModel, Manifest, Purpose, Reads, Reason, Situation, hookimpl, message
from ..in_place import InPlace
from ..paths import ENGAGEMENT, LATEST, Integers, outcome, reading
from ..settings import of
from . import declared, next_step, solved, steps_stored
from .next_step import RECENT, USUAL, Done, Floats, Rows
from .steps import SCALE, Steps

GROUP = 5
VOTES = 100
PRIOR_LEARNERS = 4.0
SPREAD = 4.0
"""In a vote, the natural logarithm of one chance over another is divided by this."""
USES = frozenset({"group", "statements"})

DID_WELL = message("Because %(good)d of %(total)d who did this after %(activity_before)s did well.")
WENT_ON = message("Because at least %(total)d others who did %(activity_before)s also did this around then.")
GOES_WITH = message(
    "Because at least %(total)d others who did %(activity_before)s, on what you named, also did this."
)
NEXT = message("Because at least %(total)d others went on to this after %(activity_before)s.")


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator, and a tenant, may change.

    :param regularisation: EASE's lambda in learners; higher trusts rare co-occurrence less.
    :param results: the power of the share that did well, beside the chance of being next; 0 leaves it out.
    """

    regularisation: float = 20.0
    results: float = 1.0


class SettingsSchema(Schema):
    """``Settings`` as they are given."""

    regularisation = fields.Float(
        load_default=Settings().regularisation,
        validate=validate.Range(min=0.01),
        metadata={
            "title": message("Caution with rare combinations"),
            "description": message("In learners: higher trusts what few people did together less."),
        },
    )
    results = fields.Float(
        load_default=Settings().results,
        validate=validate.Range(0, 4),
        metadata={
            "title": message("Weight of results"),
            "description": message(
                "How much it counts how well others did, beside how many went that way. 0 leaves results out."
            ),
        },
    )


class CollaborativeModel(InPlace[Steps]):
    """``steps.Steps`` as a learned model."""

    name = "collaborative"
    version = 2
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


def good_share(followed: Integers, well: Integers, share: Floats) -> Floats:
    """How many of those who went on from what the learner did, did well: 0..1, with a prior.

    ``(sum_a s_a W[c, a] + m p) / (sum_a s_a N[c, a] + m)``, with ``p`` the share that went well over all of
    these, itself drawn to a half, and ``m`` = ``PRIOR_LEARNERS``.

    :param followed: N [later, earlier]: how many did the later one, with a result.
    :param well: W: how many of these did it well.
    :param share: s, of each of the earlier ones.
    """
    m = PRIOR_LEARNERS
    usual = (float(well.sum()) + m) / (float(followed.sum()) + 2 * m)
    found: Floats = (well @ share + m * usual) / (followed @ share + m)
    return found


def votes_from(logs: Floats) -> Floats:
    """Scores in 0..1 from logarithms of chances: the likeliest gets 1, the others ``SPREAD`` out below it."""
    scores: Floats = np.exp((logs - logs.max()) / SPREAD)
    return scores


def sureness(people: int, steps: int) -> float:
    """How loud it may be, 0..1: quieter with few people, and with fewer than ``ENOUGH`` steps to go by.

    :param steps: done or declared.
    """
    return people / (people + 2 * GROUP) * min(1.0, steps / declared.ENOUGH)


@hookimpl
def manifest() -> Manifest:
    """What this plugin needs."""
    return Manifest(
        about=message("Suggests what people with a like history took up next."),
        purposes=frozenset({Purpose.SUGGESTIONS, Purpose.SHARED_MODELS}),
        reads=frozenset({Reads.PROFILE, Reads.HISTORY}),
        languages=("en", "da", "de"),
    )


@hookimpl
def settings_schema() -> type[Schema]:
    """What can be set."""
    return SettingsSchema


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
    settings = of(Settings, situation)
    done, names = done_by(situation.history, state.index)
    seen_here = len(done.rows)
    done = declared.steps(situation, state.index, done, names)
    pool = [(name, state.index[name]) for name in situation.pool if name in state.index and name not in names]
    if not len(done.rows) or not pool:
        return ()
    rows = np.array([row for _, row in pool], dtype=np.intp)
    recent = np.ix_(rows, done.rows[:RECENT])
    followed, well = state.followed[recent], state.well[recent]
    together = _together(state, rows, done.rows)
    onward = state.flow[recent] // SCALE
    solution = solved.current(state, settings.regularisation)
    known = next_step.sums(state, solution.weights if solution else None)
    logs = next_step.views(known, done, rows) @ (solution.mix if solution else USUAL)
    logs += settings.results * np.log(good_share(followed, well, next_step.shares(followed.shape[1])))
    followed[:, seen_here:] = 0  # who only named it has not done anything after it
    shows_well = np.where((followed >= GROUP) & (2 * well >= followed), well, 0)
    backed = (shows_well.max(axis=1) > 0) | (np.maximum(together.max(axis=1), onward.max(axis=1)) >= GROUP)
    if not backed.any():
        return ()
    score = np.zeros(len(rows))
    score[backed] = votes_from(logs[backed]) * sureness(len(state.paths), len(done.rows))
    order = np.argsort(-score, kind="stable")[:VOTES]
    votes = []
    for n in order[score[order] > 0].tolist():
        reason = _reason(state, done.rows, seen_here, followed[n], shows_well[n], together[n], onward[n])
        votes.append(Candidate(pool[n][0], float(score[n]), (reason,)))
    voted = {vote.activity_id for vote in votes}
    return votes + [
        Candidate(name, 0.0, abstains=True)
        for name in situation.pool
        if name not in names and name not in voted and _people(state, name) < GROUP
    ]


def _people(state: Steps, activity_id: str) -> int:
    row = state.index.get(activity_id)
    return 0 if row is None else state.seen[row]


def _together(state: Steps, rows: Rows, done: Rows) -> Integers:
    """At least how many learners did both, [row, done]: a sum that fades with time never exceeds them."""
    found: Integers = (state.near[np.ix_(rows, done)] + state.near[np.ix_(done, rows)].T) // SCALE
    return found


def _reason(
    state: Steps,
    done: Rows,
    seen_here: int,
    followed: Integers,
    shows_well: Integers,
    together: Integers,
    onward: Integers,
) -> Reason:
    """The strongest evidence for one activity, in counts of people."""
    best = int(shows_well.argmax())
    if shows_well[best]:
        counts = {"good": int(shows_well[best]), "total": int(followed[best])}
        text = DID_WELL
    elif together.max() >= GROUP:
        best = int(together.argmax())
        counts = {"total": int(together[best])}
        text = WENT_ON
    else:
        best = int(onward.argmax())
        counts = {"total": int(onward[best])}
        text = NEXT
    values = {**counts, "activity_before": state.ids[done[best]]}
    if best >= seen_here:
        return Reason(GOES_WITH, values, uses=frozenset({"group", "page"}))
    return Reason(text, values, uses=USES)
