"""Mastery strategy: how likely a learner is to do a task on a skill right, with an 80 % interval.

Empirical Bayes with a Beta prior. The prior's mean for a skill is what others get on it, moved on the logit
scale by how the learner does elsewhere; after ``n`` results that sum to ``s``, with prior mean ``p`` and
strength ``k``, the estimate is ``Beta(k p + s, k (1 - p) + n - s)``. Like PFA (Pavlik, Cen and Koedinger,
2009) it needs counts only, so it is good from the first answer and adds up; it also states its uncertainty.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray
from scipy.special import betaincinv

from ... import LearnedModel, Manifest, Mastery, Purpose, Reads, Situation, hookimpl, message
from ..in_place import InPlace
from ..settings import read
from . import counts
from .counts import Counts, unpack

GROUP = 5
LOW, HIGH = 0.1, 0.9
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may change; the defaults were chosen on the ASSISTments 2009 training file alone.

    :param strength: how many results the prior counts for.
    :param stated: how many results a learner's own rating of a skill counts for.
    :param usual: expected result where nothing at all is known.
    :param smoothing: how many results at the usual rate are added to what others got on a skill.
    :param carry: how far results on all skills together move the prior, in logits per unit of surplus.
    :param carry_after: results elsewhere after which half of that counts.
    """

    strength: Annotated[float, Meta(ge=1)] = 10.0
    stated: Annotated[float, Meta(ge=0)] = 3.0
    usual: Annotated[float, Meta(gt=0, lt=1)] = 0.65
    smoothing: Annotated[float, Meta(gt=0)] = 20.0
    carry: Annotated[float, Meta(ge=0)] = 6.0
    carry_after: Annotated[float, Meta(gt=0)] = 10.0


_settings = Settings()


class CountsModel(InPlace[Counts]):
    """``counts.Counts`` as a learned model; two of them, for two purposes a learner agrees to separately."""

    version = 1

    def __init__(self, name: str, purpose: Purpose) -> None:
        self.name = name
        self.purpose = purpose

    def empty(self) -> Counts:
        """Nobody's results."""
        return Counts()

    def dump(self, state: Counts) -> bytes:
        """Serialise."""
        return counts.dump(state)

    def load(self, data: bytes) -> Counts:
        """Read what ``dump`` wrote."""
        return counts.load(data)


class OwnResults(CountsModel):
    """Each learner's own results, for that learner alone."""

    def prepare(self, states: Mapping[str, object]) -> None:
        """There is nothing to solve."""

    def foretell(self, states: Mapping[str, object], learner_id: str, skill: str) -> float:
        """Probability in (0, 1) that the learner's next answer on this skill is right."""
        own, norms = states[OWN.name], states[NORMS.name]
        if not isinstance(own, Counts) or not isinstance(norms, Counts):
            raise TypeError("states must hold the states of this plugin's two models")
        mine = {skill: 0, **own.learners.get(learner_id, {})}
        skills = list(mine)
        pairs = np.array([unpack(packed) for packed in mine.values()], dtype=np.float64)
        means = skill_means(skills, norms, _settings)
        unsaid = np.full(len(skills), math.nan)
        right, wrong = posterior(pairs[:, 0] / 100, pairs[:, 1], means, unsaid, _settings)
        place = skills.index(skill)
        return float(right[place] / (right[place] + wrong[place]))


OWN = OwnResults("mastery", Purpose.SUGGESTIONS)
NORMS = CountsModel("skill-norms", Purpose.SHARED_MODELS)
"""What those who share their steps get on each skill: the prior for everybody."""


def skill_means(skills: Sequence[str], norms: Counts | None, settings: Settings) -> Floats:
    """Expected result of anybody on each skill, in (0, 1); the usual one below ``GROUP`` people."""
    sums = np.zeros(len(skills))
    numbers = np.zeros(len(skills))
    if norms is not None:
        for place, skill in enumerate(skills):
            if norms.people.get(skill, 0) >= GROUP:
                total, numbers[place] = unpack(norms.skills[skill])
                sums[place] = total / 100
    return (sums + settings.smoothing * settings.usual) / (numbers + settings.smoothing)


def posterior(
    sums: Floats, numbers: Floats, means: Floats, stated: Floats, settings: Settings
) -> tuple[Floats, Floats]:
    """The Beta distributions of one learner's skills.

    :param sums, numbers: results (0..1 each) and how many, by skill.
    :param means: what others get, by skill.
    :param stated: the learner's own rating, by skill; NaN when not said.
    :returns: the two parameters, by skill.
    """
    expected = float(numbers @ means)
    surplus = (float(sums.sum()) - expected) / (float(numbers.sum()) + settings.carry_after)
    odds = means / (1 - means) * math.exp(settings.carry * surplus)
    prior = odds / (1 + odds)
    said = np.isfinite(stated)
    rating = np.where(said, 0.1 + 0.8 * np.where(said, stated, 0.0), 0.0)  # nobody is certain of themselves
    own = settings.stated * said
    right = settings.strength * prior + own * rating + sums
    wrong = settings.strength * (1 - prior) + own * (1 - rating) + numbers - sums
    return right, wrong


def estimate(
    mine: Mapping[str, int], stated: Mapping[str, float], norms: Counts | None, settings: Settings
) -> list[Mastery]:
    """Estimates for every skill with a result or a rating, by skill id.

    :param mine: skill to the learner's packed sums.
    """
    skills = sorted({*mine, *stated})
    if not skills:
        return []
    pairs = [unpack(mine.get(skill, 0)) for skill in skills]
    sums = np.array([total / 100 for total, _ in pairs])
    numbers = np.array([float(number) for _, number in pairs])
    ratings = np.array([stated.get(skill, math.nan) for skill in skills]).clip(0.0, 1.0)
    right, wrong = posterior(sums, numbers, skill_means(skills, norms, settings), ratings, settings)
    mean = right / (right + wrong)
    low = np.minimum(betaincinv(right, wrong, LOW), mean)
    high = np.maximum(betaincinv(right, wrong, HIGH), mean)
    rows = zip(skills, mean.tolist(), low.tolist(), high.tolist(), pairs, strict=True)
    return [Mastery(skill, m, lowest, highest, pair[1]) for skill, m, lowest, highest, pair in rows]


@hookimpl
def manifest() -> Manifest:
    """What this plugin needs."""
    return Manifest(
        about=message(
            "Estimates what somebody knows by counting answers; stands in while few people share theirs."
        ),
        purposes=frozenset({Purpose.SUGGESTIONS, Purpose.SHARED_MODELS}),
        reads=frozenset({Reads.PROFILE}),
        languages=("en", "da", "de"),
    )


@hookimpl
def configure(settings: Mapping[str, object]) -> None:
    """Take this plugin's settings."""
    global _settings
    _settings = read(Settings, settings)


@hookimpl
def learned_models() -> Sequence[LearnedModel]:
    """Bring the learner's own results, and the norms of those who share theirs."""
    return (OWN, NORMS)


@hookimpl(trylast=True)
def estimate_mastery(situation: Situation) -> Sequence[Mastery]:
    """Estimate every skill the learner has a result on or rated; nothing without a model.

    Asked last: it speaks where the knowledge strategy, or a stranger's, has nothing to say.
    """
    state = situation.models.get(OWN.name)
    if not isinstance(state, Counts):
        return ()
    norms = situation.models.get(NORMS.name)
    return estimate(
        state.learners.get(situation.learner.id, {}),
        situation.learner.profile.stated_levels,
        norms if isinstance(norms, Counts) else None,
        _settings,
    )
