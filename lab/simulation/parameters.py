"""The numbers of the simulated mind: those fitted to public data, and those set by judgement, apart.

``stifinder simulate --fit`` finds the fitted ones again and prints them.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Answering:
    """Answers on a skill, fitted to ASSISTments 2009 (updated), training file, on 2026-11-23.

    :param usual: logit of a right first answer of a usual person on a usual skill.
    :param skills: standard deviation of skills, in logits.
    :param people: standard deviation of people over all skills.
    :param pairs: standard deviation of a person's knowledge of one skill about that.
    :param gain: logits by which ``ln(1 + practice)`` raises an answer; a wrong answer counts as much as a
        right one, because ASSISTments helps after it.
    """

    usual: float = 0.648
    skills: float = 0.737
    people: float = 1.129
    pairs: float = 0.278
    gain: float = 0.340


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Power-law forgetting, fitted to the reviews of spacing/review_log.csv (one person) on 2026-11-23.

    Of a practice there is left ``(1 + days) ** -d``, where ``d`` is ``slow + massed`` times the practice that
    was still left when it happened.

    :param slow: decay of a practice that found nothing left.
    :param massed: how much faster what is crammed is forgotten.
    :param fastest: the largest decay.
    """

    slow: float = 0.213
    massed: float = 0.097
    fastest: float = 2.0


@dataclass(frozen=True, slots=True)
class Leaving:
    """Giving up, fitted to OULAD (people who formally withdrew are not in the file at hand) on 2026-11-23.

    The share still there after ``t`` days is ``exp(-(t / scale) ** shape)`` while results are as usual.

    :param scale, shape: of that Weibull curve; ``scale`` in days.
    :param results: by how much a mean result better by 1 lowers the log hazard.
    """

    scale: float = 914.0
    shape: float = 0.828
    results: float = 2.05


@dataclass(frozen=True, slots=True)
class Judged:
    """What no public data at hand says, set by judgement; change it and see whether the ranking stands.

    :param reading: practices that a text, video or discussion counts for.
    :param questions: questions of an exercise or a quiz; each is one practice.
    :param unready: share of the learning left when a prerequisite skill is not known at all.
    :param hard: share of the learning left when nothing could be answered right beforehand.
    :param medium: factor on learning by the medium a person does learn better by, where there is one.
    :param true_claims: share of people whose claimed medium is the one they learn better by.
    :param usual_result: mean result at which people leave as the fitted curve says.
    :param boredom: rise of the log hazard when everything of late was known already (right from 0.95).
    :param memory: weight of the newest result in the running mean.
    :param sessions: sessions a week, of people with little and with more time.
    :param budgets: minutes at hand, and how likely, of people with little and with more time.
    :param start: logits that people who are new to the field, and those who are not, differ from the usual.
    :param place: how much less each further place on the page is chosen, in logits.
    :param liking: logits that the claimed medium adds to being chosen.
    :param dismissing: chance of saying "not for me" to what is far too easy or too hard.
    :param diligence: chance of doing a review that is due.
    """

    reading: float = 2.0
    questions: int = 4
    unready: float = 0.4
    hard: float = 0.5
    medium: float = 1.25
    true_claims: float = 0.5
    usual_result: float = 0.7
    boredom: float = 0.5
    memory: float = 0.15
    sessions: tuple[float, float] = (2.0, 4.0)
    budgets: tuple[tuple[tuple[int, float], ...], tuple[tuple[int, float], ...]] = (
        ((5, 0.35), (20, 0.55), (60, 0.10)),
        ((20, 0.40), (60, 0.50), (120, 0.10)),
    )
    start: tuple[float, float] = (-0.5, 0.5)
    place: float = 0.5
    liking: float = 0.5
    dismissing: float = 0.2
    diligence: float = 0.6


@dataclass(frozen=True, slots=True)
class Parameters:
    """All of them."""

    answering: Answering = field(default_factory=Answering)
    forgetting: Forgetting = field(default_factory=Forgetting)
    leaving: Leaving = field(default_factory=Leaving)
    judged: Judged = field(default_factory=Judged)


USUAL = Parameters()
