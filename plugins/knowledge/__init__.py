"""Knowledge strategy: the chance that the next answer on a skill is right, from what came before it.

How often an answer was right over everybody after the same kind of past (``contexts``), and how the learner
does beyond what everybody gets, are mixed on the logit scale (``mixing``). Where too few share their answers
it is silent, and the mastery strategy speaks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from marshmallow import Schema, fields, validate
from scipy.special import betaincinv

from ... import LearnedModel, Manifest, Mastery, Purpose, Reads, Situation, hookimpl, message
from ..in_place import InPlace
from ..settings import of
from . import mixing
from .answer_log import AnswerLog, Rows, read, stored
from .contexts import NEW, Tables, bits, keys, pushed, standing
from .mixing import GROUP, Floats, Surplus

LOW, HIGH = 0.1, 0.9


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator, and a tenant, may change.

    :param strength: how many answers an estimate counts for before there is one.
    :param gain: how much each answer on the skill adds to that; little, because people learn meanwhile.
    :param stated: how many answers a learner's own rating of a skill counts for.
    """

    strength: float = 5.0
    gain: float = 0.1
    stated: float = 3.0


class SettingsSchema(Schema):
    """``Settings`` as they are given."""

    strength = fields.Float(
        load_default=Settings().strength,
        validate=validate.Range(1, 100),
        metadata={
            "title": message("Certainty before the first answer"),
            "description": message("In answers: higher makes the stated range of an estimate narrower."),
        },
    )
    gain = fields.Float(
        load_default=Settings().gain,
        validate=validate.Range(0, 1),
        metadata={
            "title": message("Certainty gained by an answer"),
            "description": message(
                "How much one more answer narrows the stated range; 1 as if nobody learned."
            ),
        },
    )
    stated = fields.Float(
        load_default=Settings().stated,
        validate=validate.Range(0, 50),
        metadata={
            "title": message("Weight of own ratings"),
            "description": message("How many answers a person's own rating of a skill counts for."),
        },
    )


class OwnModel(InPlace[AnswerLog]):
    """Each learner's own answers, for that learner alone."""

    name = "knowledge"
    version = 1
    purpose = Purpose.SUGGESTIONS
    ordered = True

    def empty(self) -> AnswerLog:
        """Nobody's answers."""
        return AnswerLog()

    def dump(self, state: AnswerLog) -> bytes:
        """Serialise."""
        return msgspec.msgpack.encode(stored(state))

    def load(self, data: bytes) -> AnswerLog:
        """Read what ``dump`` wrote."""
        state = AnswerLog()
        read(state, data)
        return state

    def prepare(self, states: Mapping[str, object]) -> None:
        """Fit now what is otherwise fitted in the background."""
        mixing.prepare(_states(states)[1])

    def foretell(self, states: Mapping[str, object], learner_id: str, skill: str) -> float:
        """Probability in (0, 1) that the learner's next answer on this skill is right."""
        own, tables = _states(states)
        number = own.number(skill)
        if number < 0:
            return mixing.usual_share(tables.total)
        rows = own.rows(learner_id)
        beyond, lately, ever = mixing.surpluses(rows, _means(own, tables))
        surplus = Surplus(lately, ever, mixing.here(beyond, rows >> 2 == number))
        before = standing(rows, own.codes)
        seen = _seen(tables, before, bits(rows, number), own.codes[number], surplus)
        return float(mixing.probabilities(mixing.weights(tables), np.array([seen]))[0])


class SharedModel(InPlace[Tables]):
    """What those who share their answers answered after what."""

    name = "answer-contexts"
    version = 1
    purpose = Purpose.SHARED_MODELS
    ordered = True

    def empty(self) -> Tables:
        """Nobody's answers."""
        return Tables()

    def dump(self, state: Tables) -> bytes:
        """Serialise, counts and all: to make them again would take 20 µs an answer."""
        found = stored(state)
        found.counts, found.people, found.total = state.counts, state.people, state.total
        return msgspec.msgpack.encode(found)

    def load(self, data: bytes) -> Tables:
        """Read what ``dump`` wrote."""
        state = Tables()
        found = read(state, data)
        state.counts, state.people, state.total = found.counts, found.people, found.total
        return state


OWN, SHARED = OwnModel(), SharedModel()


def _states(states: Mapping[str, object]) -> tuple[AnswerLog, Tables]:
    own, tables = states.get(OWN.name), states.get(SHARED.name)
    if not isinstance(own, AnswerLog) or not isinstance(tables, Tables):
        raise TypeError("states must hold the states of this plugin's two models")
    return own, tables


def _means(own: AnswerLog, tables: Tables) -> Floats:
    """What everybody gets on each skill, by its number in ``own``; kept until either state changes."""
    mark = (tables.answers, tables.generation, len(own.names), id(own))
    kept = tables.means
    if isinstance(kept, tuple) and kept[0] == mark:
        found: Floats = kept[1]
        return found
    found = np.array([mixing.mean(tables, skill) for skill in own.codes], dtype=np.float64)
    tables.means = (mark, found)
    return found


def _seen(
    tables: Tables, before: tuple[list[int], list[int]], recent: int, skill: int, surplus: Surplus
) -> list[float]:
    known = tables.people.get(skill, 0) >= GROUP
    found = keys(*before, recent, skill)
    count = tables.counts.get
    usual = mixing.usual_share(tables.total)
    return mixing.views(lambda key: count(key, 0), usual, known, found, surplus)


def estimate(
    own: AnswerLog, tables: Tables, learner_id: str, stated: Mapping[str, float], settings: Settings
) -> list[Mastery]:
    """Estimates for every skill with an answer or a rating, by skill id.

    With the foretold chance ``p`` after ``n`` answers, and ``m = strength + gain n``, the estimate is
    ``Beta(m p, m (1 - p))``; a rating ``r`` adds ``stated`` results at ``0.1 + 0.8 r``.
    """
    rows = own.rows(learner_id)
    beyond, lately, ever = mixing.surpluses(rows, _means(own, tables))
    before = standing(rows, own.codes)
    answered = _by_skill(rows, beyond)
    skills = sorted({*(own.names[number] for number in answered), *stated})
    seen, numbers, ratings = [], [], []
    for skill in skills:
        number = own.index.get(skill, -1)
        recent, total, times = answered.get(number, (NEW, 0.0, 0))
        surplus = Surplus(lately, ever, total / (times + 4))
        code = own.codes[number] if number >= 0 else 0
        seen.append(_seen(tables, before, recent, code, surplus))
        numbers.append(times)
        ratings.append(stated.get(skill, math.nan))
    chance = mixing.probabilities(mixing.weights(tables), np.array(seen))
    weight = settings.strength + settings.gain * np.array(numbers)
    said = settings.stated * np.isfinite(ratings)
    level = 0.1 + 0.8 * np.nan_to_num(ratings).clip(0.0, 1.0)  # nobody is certain of themselves
    right = weight * chance + said * level
    wrong = weight * (1 - chance) + said * (1 - level)
    mean = right / (right + wrong)
    low = np.minimum(betaincinv(right, wrong, LOW), mean)
    high = np.maximum(betaincinv(right, wrong, HIGH), mean)
    found = zip(skills, mean.tolist(), low.tolist(), high.tolist(), numbers, strict=True)
    return [Mastery(*one) for one in found]


def _by_skill(rows: Rows, beyond: Floats) -> dict[int, tuple[int, float, int]]:
    """Skill number to (latest bits, summed surplus, answers)."""
    found: dict[int, tuple[int, float, int]] = {}
    for row, more in zip(rows.tolist(), beyond.tolist(), strict=True):
        recent, total, times = found.get(row >> 2, (NEW, 0.0, 0))
        found[row >> 2] = (pushed(recent, row & 1), total + more, times + 1)
    return found


@hookimpl
def manifest() -> Manifest:
    """What this plugin needs."""
    return Manifest(
        about=message("Estimates what somebody knows from their answers and those of others."),
        purposes=frozenset({Purpose.SUGGESTIONS, Purpose.SHARED_MODELS}),
        reads=frozenset({Reads.PROFILE}),
        languages=("en", "da", "de"),
    )


@hookimpl
def settings_schema() -> type[Schema]:
    """What can be set."""
    return SettingsSchema


@hookimpl
def learned_models() -> Sequence[LearnedModel]:
    """Bring the learner's own answers, and the counts of those who share theirs."""
    return (OWN, SHARED)


@hookimpl
def estimate_mastery(situation: Situation) -> Sequence[Mastery]:
    """Estimate each skill the learner answered on or rated; nothing before answers, or where few share."""
    own, tables = situation.models.get(OWN.name), situation.models.get(SHARED.name)
    if not isinstance(own, AnswerLog) or not isinstance(tables, Tables):
        return ()
    learner = situation.learner
    if learner.id not in own.learners or len(tables.learners) < GROUP:
        return ()
    return estimate(own, tables, learner.id, learner.profile.stated_levels, of(Settings, situation))
