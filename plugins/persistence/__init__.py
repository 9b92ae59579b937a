"""Persistence strategy: how likely a learner is to stop, learned from how groups went through courses.

What is kept is each learner's own run (see ``runs``), so the answer after somebody is forgotten is the one
that never saw them. The number is for other strategies; the learner reads what it rests on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from marshmallow import Schema, fields, validate
from scipy.special import expit

from ... import LearnedModel, Manifest, Purpose, Reads, Reason, Risk, Situation, hookimpl, message
from ..in_place import InPlace
from ..settings import of
from .hazard import Fit, begin, columns, current, publish
from .runs import DAY, SIZES, Floats, Run, Runs, Standing, course, runs_of, standing

FORM = "stifinder-runs"
HOUR = 3600
HOURS_KEPT = 24
SMALL = 150
"""People up to whom a course is worked out while the learner waits (some milliseconds)."""

MISSED = message("Because one activity that most others here have done is still open.")
MISSED_MANY = message("Because %(missed)d activities that most others here have done are still open.")
RESULTS = message("Because some results here were lower than usual so far.")
LATE = message("Because the latest activities were done later than usual here.")
SILENT = message("Because the activity you did last here was a day ago or less.")
SILENT_MANY = message("Because the activity you did last here was %(days)d days ago.")
USES = frozenset({"statements", "group"})
PATTERN, LEFT_OUT, AHEAD, MEAN, NEWEST, TIME, NEWEST_TIME, _, _, SINCE, _ = range(len(SIZES))
THEMES = {
    "missed": (PATTERN, LEFT_OUT, AHEAD),
    "results": (MEAN, NEWEST),
    "late": (TIME, NEWEST_TIME),
    "silent": (SINCE,),
}
"""What a learner can do something about, and the features that speak of it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator, and a tenant, may change.

    :param ridge: penalty on the squared weights; chosen on the courses of OULAD 2013J, each foretold from the
        other five.
    """

    ridge: float = 10.0


USUAL = Settings()


class SettingsSchema(Schema):
    """``Settings`` as they are given."""

    ridge = fields.Float(
        load_default=USUAL.ridge,
        validate=validate.Range(0.1, 1000.0),
        metadata={
            "title": message("Caution of the forecast"),
            "description": message("Higher draws forecasts of stopping closer to the average."),
        },
    )


# --- what is said ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Foretold:
    """A course at one hour: who stands how, and how likely each is to stop."""

    changes: int
    hour: int
    fit: Fit
    place: dict[str, int]
    stand: Standing
    weights: Floats
    chance: Floats


def foretell(runs: Sequence[tuple[str, Run]], at: float, fitted: Fit, changes: int) -> Foretold | None:
    """How likely everybody in a course is to stop; None for a small group."""
    there = course(runs)
    stand = standing(there, at)
    if stand is None:
        return None
    weights = fitted.weights[columns(stand.cells)]
    place = {there.learners[row]: n for n, row in enumerate(stand.rows)}
    chance = expit(fitted.weights[0] + weights.sum(1))
    return Foretold(changes, int(at // HOUR), fitted, place, stand, weights, chance)


def _found(state: Runs, situation: Situation, fitted: Fit) -> Foretold | None:
    """The course as it is now, in a large one as it was at most a day ago; None while that is worked out."""
    learner_id, course_id, at = situation.learner.id, situation.context.id, situation.now.timestamp()
    changes, generation = state.changes.get(course_id, 0), state.generation
    shares = course_id in state.learners.get(learner_id, {})
    kept: Foretold | None = state.kept.get(course_id) if shares else None
    age = int(at // HOUR) - kept.hour if kept is not None else HOURS_KEPT
    if kept is not None and age == 0 and kept.changes == changes and kept.fit is fitted:
        return kept
    runs = runs_of(state, course_id)
    if len(runs) <= SMALL:
        if not shares:
            runs = runs + _own(situation)
        return foretell(runs, at, fitted, changes)

    def work() -> None:
        made = foretell(runs_of(state, course_id), at, fitted, changes)
        with publish:
            if made is not None and generation == state.generation:
                state.kept[course_id] = made

    if shares:
        begin(state, work)
    return kept if 0 <= age < HOURS_KEPT else None


def _own(situation: Situation) -> list[tuple[str, Run]]:
    """The run of somebody who agreed to suggestions, and not to counting for others."""
    own = Runs()
    for event in situation.history:
        own.learn(event)
    course_id = situation.context.id
    return [(name, runs[course_id]) for name, runs in own.learners.items() if course_id in runs]


def _why(said: Foretold, row: int, since: float | None) -> Reason | None:
    """Of what the learner can do something about, what raises the risk most above the group's average."""
    above = said.weights[row] - said.weights.mean(0)
    theme = max(THEMES, key=lambda name: float(above[list(THEMES[name])].sum()))
    if above[list(THEMES[theme])].sum() <= 0:
        return None
    missed = int(said.stand.missed[row])
    cells = said.stand.cells[row]
    if theme == "missed" and missed:
        return Reason(MISSED, {"missed": missed}, (), USES, MISSED_MANY, missed)
    if theme == "results" and cells[MEAN]:
        return Reason(RESULTS, uses=USES)
    if theme == "late" and cells[TIME]:
        return Reason(LATE, uses=USES)
    if theme == "silent" and since is not None:
        days = int(since // DAY)
        return Reason(SILENT, {"days": days}, (), USES, SILENT_MANY, max(1, days))
    return None


@hookimpl
def manifest() -> Manifest:
    """What this plugin needs."""
    return Manifest(
        about=message("Estimates how likely somebody is to stop in a course."),
        purposes=frozenset({Purpose.SUGGESTIONS, Purpose.SHARED_MODELS}),
        reads=frozenset({Reads.HISTORY}),
        languages=("en", "da", "de"),
    )


@hookimpl
def settings_schema() -> type[Schema]:
    """What can be set."""
    return SettingsSchema


@hookimpl
def stopping_risk(situation: Situation) -> Risk | None:
    """The chance of stopping in this course; None where nothing is left to do, or too little is known."""
    state = situation.models.get(RunsModel.name)
    fitted = current(state, of(Settings, situation).ridge) if isinstance(state, Runs) else None
    if fitted is None or not isinstance(state, Runs):
        return None
    said = _found(state, situation, fitted)
    row = said.place.get(situation.learner.id) if said else None
    if said is None or row is None:
        return None
    chance, usual = float(said.chance[row]), float(said.chance.mean())
    times = [e.at for e in situation.history if e.context_id == situation.context.id and e.activity_id]
    since = (situation.now - max(times)).total_seconds() if times else None
    return Risk(chance, usual, _why(said, row, since) if chance > usual else None)


@hookimpl
def learned_models() -> list[LearnedModel]:
    """Everybody's runs, of those who agreed to count for others."""
    return [RunsModel()]


class _Stored(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    form: str
    learners: dict[str, dict[str, Run]]


class RunsModel(InPlace[Runs]):
    """``Runs`` as a learned model."""

    name = "persistence"
    version = 1
    purpose = Purpose.SHARED_MODELS

    def empty(self) -> Runs:
        """Nobody's runs."""
        return Runs()

    def dump(self, state: Runs) -> bytes:
        """Serialise the runs; what is fitted to them is fitted again."""
        return msgspec.msgpack.encode(_Stored(FORM, state.learners))

    def load(self, data: bytes) -> Runs:
        """Read what ``dump`` wrote."""
        try:
            stored = msgspec.msgpack.decode(data, type=_Stored)
        except msgspec.DecodeError as error:
            raise ValueError(f"not a stored state of the persistence model: {error}") from error
        if stored.form != FORM:
            raise ValueError("not a stored state of the persistence model")
        return Runs(stored.learners)
