"""Content strategy: what fits the learner by what activities are about, how hard and how long they are.

``score = (0.5 need + 0.3 edge + 0.2 likeness + 0.2 role) * language * format * minutes * depth``, every part
in 0..1, the sum cut at 1:

- need: mean over the activity's skills of how much each is wanted: low mastery, misses, goals;
- edge: how near the expected success is to ``EDGE``, from mastery and difficulty on the logit scale (Rasch);
- likeness: text likeness to what went well lately, or to what went wrong and may need another explanation;
  where more than this course is to choose from, half as much again for likeness to this course;
- role: text likeness to the learner's role; format, depth and deadline are told in ``media`` and ``aims``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from ... import (
    Activity,
    Candidate,
    Event,
    EventKind,
    Manifest,
    PageSection,
    Purpose,
    Reads,
    Reason,
    Situation,
    hookimpl,
    message,
)
from ..indexed import Indexed, indexed
from ..paths import ENGAGEMENT
from ..settings import read
from . import aims, media

EDGE = 0.7
VOTES = 100
RECENT = 8  # activities that went well, and as many that did not, whose texts count
ANSWERS = 10  # latest answers on a skill that are counted
WELL = 0.6
MISSED = 0.5
ALIKE = 0.2  # two texts of different courses of the Carpentries are as alike in 3 of 100 cases
MANY = 3  # activities on a skill from which being the first of them is worth saying
STATEMENTS = frozenset({"catalogue", "statements"})

MISSED_QUESTIONS = message("Because you missed %(missed)d of %(total)d questions on %(skill)s.")
MISSED_THE_QUESTION = message("Because you missed the question on %(skill)s.")
WENT_BADLY = message("Because %(activity)s did not go well yet, and this treats %(skill)s too.")
GOAL = message("Because it teaches %(skill)s, one of your goals.")
BUILDS_ON = message("Because it builds on %(activity)s, which you finished.")
ALIKE_WELL = message("Because it is about much the same as %(activity)s, which went well.")
ROOM = message("Because your %(answers)d results on %(skill)s leave room to grow.")
ROOM_ONE = message("Because your one result on %(skill)s leaves room to grow.")
UNKNOWN = message("Because it teaches %(skill)s, where you have no results yet.")
FIRST_OF = message("Because it is the first of %(total)d activities here on %(skill)s.")
ONLY_ONE = message("Because nothing else here teaches %(skill)s, where you have no results yet.")
LEADS_TO = message("Because %(activity)s builds on it.")
LEADS_TO_MORE = message("Because %(total)d activities here build on it.")
FITS = message("Because it takes %(minutes)d minutes, and you have %(available)d.")
FITS_ONE = message("Because it takes one minute, and you have %(available)d.")


Values = dict[str, str | int | float]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may change.

    :param other_language: what a score is multiplied by when the activity is not in the learner's language.
    """

    other_language: Annotated[float, Meta(ge=0, le=1)] = 0.3


_settings = Settings()


@dataclass
class Story:
    """What a history says, newest first everywhere."""

    done: set[str] = field(default_factory=set)
    well: dict[str, Event] = field(default_factory=dict)
    badly: dict[str, Event] = field(default_factory=dict)
    answers: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))
    badly_by_skill: dict[str, Event] = field(default_factory=dict)

    def missed(self, skill: str) -> list[Event]:
        """The wrong ones among the latest answers on a skill."""
        return [e for e in self.answers.get(skill, ()) if (e.result or 0.0) < MISSED]


def story(history: Sequence[Event]) -> Story:
    """Read a history (newest first): the newest result of an activity says how it went."""
    told = Story()
    for event in history:
        result, activity = event.result, event.activity_id
        if event.kind is EventKind.ANSWERED and result is not None:
            for skill in event.skills:
                if len(told.answers[skill]) < ANSWERS:
                    told.answers[skill].append(event)
        elif event.kind in ENGAGEMENT and activity:
            if result is None:
                told.done.add(activity)
            elif activity not in told.well and activity not in told.badly:
                (told.well if result >= WELL else told.badly)[activity] = event
    for event in told.badly.values():
        for skill in event.skills:
            told.badly_by_skill.setdefault(skill, event)
    told.done = (told.done | told.well.keys()) - told.badly.keys()
    return told


def wanted(
    situation: Situation, arrays: Indexed, told: Story
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(need in 0..1, logit of mastery) for each skill of the catalogue; 0.5 stands where nothing is known."""
    mastery = np.full(len(arrays.skill_index), 0.5)
    extra = np.zeros(len(arrays.skill_index))
    pressing = aims.pressing(situation)
    for skill, estimate in situation.mastery.items():
        if skill in arrays.skill_index:
            mastery[arrays.skill_index[skill]] = min(0.98, max(0.02, estimate.mean))
    for skill, answers in told.answers.items():
        if skill in arrays.skill_index:
            extra[arrays.skill_index[skill]] += 0.4 * len(told.missed(skill)) / len(answers)
    for skill in told.badly_by_skill.keys() & arrays.skill_index.keys():
        extra[arrays.skill_index[skill]] += 0.2
    for skill in arrays.skill_index.keys() & set(situation.learner.profile.goals):
        extra[arrays.skill_index[skill]] += 0.3 + 0.3 * pressing
    return np.clip(0.6 * (1 - mastery) + extra, 0.0, 1.0), np.log(mastery / (1 - mastery))


def _multipliers(situation: Situation, arrays: Indexed, known: Mapping[str, media.Brought]) -> Floats:
    """Language, format, minutes and depth, each 1 when it fits or is unknown."""
    mine = situation.learner.locale.replace("_", "-").split("-")[0].lower()
    fits = (arrays.languages == mine) | (arrays.languages == "")
    factor = np.where(fits, 1.0, _settings.other_language)
    if known:
        kinds, of = np.unique(arrays.media, return_inverse=True)
        factor = factor * np.array(media.factors(known, kinds.tolist()))[of]
    available = max(1, situation.minutes)
    factor = factor * aims.fits(situation, arrays)
    return factor * np.minimum(1.0, available / np.maximum(arrays.minutes, 1.0))


@hookimpl
def manifest() -> Manifest:
    """What this plugin needs."""
    return Manifest(
        about=message("Suggests by what content is about, for whom it is, and in which form it comes."),
        purposes=frozenset({Purpose.SUGGESTIONS}),
        reads=frozenset({Reads.PROFILE, Reads.HISTORY, Reads.ESTIMATES}),
        languages=("en", "da", "de"),
    )


@hookimpl
def configure(settings: Mapping[str, object]) -> None:
    """Take this plugin's settings."""
    global _settings
    _settings = read(Settings, settings)


@hookimpl
def candidates(situation: Situation) -> Sequence[Candidate]:
    """Vote for what fits; only for activities it can give a reason for."""
    arrays = indexed(situation.catalogue)
    told = story(situation.history)
    index = situation.catalogue.index
    pool = np.array([index[a] for a in situation.pool if a in index and a not in told.done], dtype=np.intp)
    if not pool.size:
        return ()
    need, ability = wanted(situation, arrays, told)
    expected = 1 / (1 + np.exp(arrays.difficulty[arrays.entry_activity] - ability[arrays.entry_skill]))
    edge = 1 - np.abs(expected - EDGE) / EDGE
    liked = _likeness(arrays, told.well)
    alike = np.maximum(liked, _likeness(arrays, told.badly)) + _near_the_course(situation, arrays)
    formats = media.brought(situation)
    of_role = aims.of_role(situation, arrays)
    fit = (
        0.5 * arrays.mean_over_skills(need[arrays.entry_skill], 0.3)
        + 0.3 * arrays.mean_over_skills(edge, 0.5)
        + 0.2 * alike
        + 0.2 * of_role
    )
    score = np.minimum(fit, 1.0) * _multipliers(situation, arrays, formats)
    if pool.size > VOTES and np.ptp(score[pool]) == 0:
        return ()  # nothing tells them apart: any choice of some of them would be arbitrary
    best = pool[np.argsort(-score[pool], kind="stable")[:VOTES]]
    like = _most_alike(arrays, told, best[liked[best] >= ALIKE])
    course = np.array([index[a] for a in situation.pool if a in index], dtype=np.intp)
    by_skill = arrays.of_a_skill(course)
    left = frozenset(pool.tolist())
    votes = []
    for place in best.tolist():
        activity = situation.catalogue.activities[place]
        reasons = _reasons(situation, activity, told, like.get(place, ""))
        aimed = aims.reasons(situation, activity, float(of_role[place]))
        aimed += media.reasons(situation, formats, activity.media_type)
        onward = _leads_to(situation, [n for n in arrays.opens.get(activity.id, ()) if n in left])
        # One reason from results or goals, one from what the learner asked for; else the course.
        if reasons:
            reasons = [reasons[0], *aimed, *reasons[1:], *onward]
        else:
            reasons = [*aimed, *_from_the_course(situation, activity, place, by_skill, onward)]
        if reasons:
            votes.append(Candidate(activity.id, float(score[place]), tuple(reasons[:2])))
    return votes


@hookimpl
def page_sections(situation: Situation) -> Sequence[PageSection]:
    """What was found about a format that the learner said suits them."""
    return media.sections(situation)


def _near_the_course(situation: Situation, arrays: Indexed) -> Floats:
    """Half the mean likeness to the three nearest others of this course, where others are to choose from."""
    index = arrays.catalogue.index
    course = [index[a.id] for a in situation.catalogue.in_context(situation.context.id)]
    if arrays.texts is None or len(course) < 3 or len(situation.pool) <= len(course):
        return np.zeros(len(arrays.shares))
    return 0.5 * arrays.texts.nearest(course, 3)


def _recent(arrays: Indexed, found: Mapping[str, Event]) -> list[int]:
    index = arrays.catalogue.index
    return [index[name] for name in found if name in index][:RECENT]


def _likeness(arrays: Indexed, found: Mapping[str, Event]) -> NDArray[np.float64]:
    places = _recent(arrays, found)
    return arrays.likeness(places, [1.0 / (1 + n) for n in range(len(places))])


def _most_alike(arrays: Indexed, told: Story, places: NDArray[np.intp]) -> dict[int, str]:
    """For each place the id of the recent well-done activity whose text is most like it, if like enough."""
    recent = _recent(arrays, told.well)
    if arrays.texts is None or not recent or not places.size:
        return {}
    cosines = arrays.texts.between(places.tolist(), recent)
    nearest = cosines.argmax(axis=1).tolist()
    names = [arrays.catalogue.activities[n].id for n in recent]
    return {
        place: names[nearest[row]]
        for row, place in enumerate(places.tolist())
        if cosines[row, nearest[row]] >= ALIKE
        and names[nearest[row]] != arrays.catalogue.activities[place].id
    }


def _reasons(situation: Situation, activity: Activity, told: Story, alike: str) -> list[Reason]:
    """Why this activity, in words of the evidence, strongest first."""
    skills = activity.skill_ids
    reasons: list[Reason] = []
    missed = {skill: told.missed(skill) for skill in skills}
    skill = max(skills, key=lambda s: len(missed[s]), default="")
    if skill and missed[skill]:
        total = len(told.answers[skill])
        values: Values = {"missed": len(missed[skill]), "total": total, "skill": skill}
        evidence = tuple(event.id for event in missed[skill])
        reasons.append(
            Reason(MISSED_THE_QUESTION, values, evidence, STATEMENTS, plural=MISSED_QUESTIONS, count=total)
        )
    for skill in skills:
        event = told.badly_by_skill.get(skill)
        if event and not missed[skill] and event.activity_id != activity.id:
            values = {"activity": event.activity_id, "skill": skill}
            reasons.append(Reason(WENT_BADLY, values, (event.id,), STATEMENTS))
            break
    for skill in skills:
        if skill in situation.learner.profile.goals:
            reasons.append(aims.deadline(situation, skill) or Reason(GOAL, {"skill": skill}, uses=aims.PAGE))
            break
    for earlier in activity.prerequisites:
        if earlier in told.done:
            evidence = (told.well[earlier].id,) if earlier in told.well else ()
            reasons.append(Reason(BUILDS_ON, {"activity": earlier}, evidence, STATEMENTS))
            break
    if alike:
        reasons.append(Reason(ALIKE_WELL, {"activity": alike}, (told.well[alike].id,), STATEMENTS))
    return reasons or _room_to_grow(situation, skills)


def _room_to_grow(situation: Situation, skills: Sequence[str]) -> list[Reason]:
    for skill in skills:
        known = situation.mastery.get(skill)
        if known and known.answers and known.mean < 0.8:
            values: Values = {"answers": known.answers, "skill": skill}
            return [Reason(ROOM_ONE, values, (), STATEMENTS, plural=ROOM, count=known.answers)]
    return []


def _leads_to(situation: Situation, following: Sequence[int]) -> list[Reason]:
    """What in the pool, not done yet, builds on an activity; ``following`` are its places."""
    if not following:
        return []
    values: Values = {"activity": situation.catalogue.activities[following[0]].id, "total": len(following)}
    return [Reason(LEADS_TO, values, plural=LEADS_TO_MORE, count=len(following))]


def _from_the_course(
    situation: Situation,
    activity: Activity,
    place: int,
    by_skill: Mapping[str, tuple[int, int]],
    onward: list[Reason],
) -> list[Reason]:
    """What can be said without an event that points at this activity: its place among the others.

    :param by_skill: as ``Indexed.of_a_skill`` gives it for the pool.
    :param onward: what builds on the activity.
    """
    new = next((skill for skill in activity.skill_ids if skill not in situation.mastery), "")
    first, total = by_skill.get(new, (place, 1))
    if new and first == place and total >= MANY:
        return [Reason(FIRST_OF, {"skill": new, "total": total})]
    if onward:
        return onward
    if new:
        return [Reason(ONLY_ONE if total == 1 else UNKNOWN, {"skill": new})]
    if 0 < activity.minutes <= situation.minutes:
        values: Values = {"minutes": activity.minutes, "available": situation.minutes}
        uses = frozenset({"catalogue", "launch"})
        return [Reason(FITS_ONE, values, (), uses, plural=FITS, count=activity.minutes)]
    return []
