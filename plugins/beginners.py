"""Beginners' start: what to show, and what to ask, when there is no history; silent as history grows.

Here speak the course's order, what many others took up, goals, own ratings, words of the role. It abstains
on what is not of this course: it knows neither its place nor who did it here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from marshmallow import Schema, fields, validate

from .. import Activity, Candidate, Manifest, Purpose, Question, Reads, Reason, Situation, hookimpl, message
from .collaborative import CollaborativeModel
from .collaborative.steps import Steps
from .paths import ENGAGEMENT
from .settings import of

VOTES = 100
GROUP = 5
"""What fewer people did is not told."""
ORDER = 20.0
"""People that the course's order counts for beside those who took something up."""
GOALS = 6
WORD = 4
"""Shorter words of a job role say nothing of what somebody works with."""
NEW_TO_IT = 0.34
KNOWS_IT = 0.66
PAGE = frozenset({"catalogue", "page"})

OPENS = message("Because it opens this course and needs nothing before it.")
EARLY = message("Because it comes early in this course and needs nothing before it.")
NEXT = message("Because it comes next in this course.")
MANY = message("Because %(total)d others who are in this course took this up.")
GOAL = message("Because it teaches %(skill)s, one of your goals.")
NEW = message("Because you said %(skill)s is new to you, and it starts there.")
ROLE = message("Because it mentions “%(word)s”, which you named in your role.")

ASK_GOAL = message("What would you like to be able to do?")
ASK_LEVEL = message("How well do you know %(skill)s?")
ASK_ROLE = message("What do you work with?")
LEVELS = (
    ("0", message("New to me")),
    ("0.33", message("A little")),
    ("0.66", message("Well enough to use it")),
    ("1", message("I could teach it")),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator, and a tenant, may change.

    :param silent_after: how many different activities done make this strategy silent.
    """

    silent_after: int = 10


class SettingsSchema(Schema):
    """``Settings`` as they are given."""

    silent_after = fields.Integer(
        strict=True,
        load_default=Settings().silent_after,
        validate=validate.Range(1, 1000),
        metadata={
            "title": message("Silent after so many activities"),
            "description": message("Who has done as many different activities is no beginner any more."),
        },
    )


@hookimpl
def manifest() -> Manifest:
    """What this plugin needs."""
    return Manifest(
        about=message(
            "Suggests where to start, and asks what to begin with, while nothing is known of somebody."
        ),
        purposes=frozenset({Purpose.SUGGESTIONS, Purpose.SHARED_MODELS}),
        reads=frozenset({Reads.PROFILE, Reads.HISTORY}),
        languages=("en", "da", "de"),
    )


@hookimpl
def settings_schema() -> type[Schema]:
    """What can be set."""
    return SettingsSchema


def commonest_skills(activities: Sequence[Activity]) -> list[str]:
    """Skill ids by how many of these activities treat them, the commonest first, then in course order."""
    counts = Counter(skill for activity in activities for skill in activity.skill_ids)
    return [skill for skill, _ in counts.most_common()]


def _pool(situation: Situation) -> list[Activity]:
    return [situation.catalogue.by_id[a] for a in situation.pool if a in situation.catalogue.by_id]


@hookimpl
def opening_questions(situation: Situation) -> Sequence[Question]:
    """Ask for a goal, the level in the course's commonest skill, and the role; nothing once any is known."""
    profile = situation.learner.profile
    if situation.history or profile.goals or profile.stated_levels:
        return ()
    skills = commonest_skills(_pool(situation))
    titles = situation.catalogue.titles(skills)
    questions = []
    if skills:
        choices = tuple(zip(skills[:GOALS], titles[:GOALS], strict=True))
        questions.append(Question("goal", ASK_GOAL, choices=choices))
        questions.append(Question(f"level:{skills[0]}", ASK_LEVEL, {"skill": skills[0]}, LEVELS))
    if not profile.role:
        questions.append(Question("role", ASK_ROLE))
    return questions


@hookimpl
def candidates(situation: Situation) -> Sequence[Candidate]:
    """Vote by course order, others' steps, goals, own ratings and role words; the fewer done, the louder."""
    done = {e.activity_id for e in situation.history if e.kind in ENGAGEMENT and e.activity_id}
    loudness = 1 - len(done) / of(Settings, situation).silent_after
    if loudness <= 0:
        return ()
    words = _role_words(situation.learner.profile.role)
    course = _course(situation, done)
    begun = max((place + 1 for place, activity in enumerate(course) if activity.id in done), default=0)
    order = [activity for activity in (*course[begun:], *course[:begun]) if activity.id not in done]
    late, counts = _lateness(situation, order), _counts(situation, order)
    votes = []
    for place, activity in enumerate(order):
        if done.issuperset(activity.prerequisites):
            usual = _usual(late[place], counts[place], max(counts))
            score, reasons = _fit(situation, activity, usual, words)
            start = _place_reason(activity, place, begun, len(course))
            if counts[place] >= GROUP:
                reasons.append(Reason(MANY, {"total": counts[place]}, uses=frozenset({"group"})))
            if start or reasons:
                told = (*reasons, *([start] if start else []))
                votes.append(Candidate(activity.id, score * loudness, told[:2]))
    if not votes:
        return ()
    here = {activity.id for activity in course}
    unknown = [Candidate(a, 0.0, abstains=True) for a in situation.pool if a not in here]
    return sorted(votes, key=lambda vote: -vote.score)[:VOTES] + unknown


def _course(situation: Situation, done: Collection[str]) -> list[Activity]:
    """What there is to choose from in this course and what is done of it, in order."""
    open_to = {*done, *situation.pool}
    course = situation.catalogue.in_context(situation.context.id) or situation.catalogue.activities
    return [activity for activity in course if activity.id in open_to]


def _lateness(situation: Situation, order: Sequence[Activity]) -> list[float]:
    """How late each comes in this course, 0..1; elsewhere in its own: between courses there is no order."""
    here = situation.context.id
    courses = [here if here in a.context_ids else next(iter(a.context_ids), "") for a in order]
    lengths, before = Counter(courses), Counter[str]()
    late = []
    for course in courses:
        late.append(before[course] / lengths[course])
        before[course] += 1
    return late


def _counts(situation: Situation, activities: Sequence[Activity]) -> list[int]:
    """How many people did each of these; 0 where that may not be known."""
    state = situation.models.get(CollaborativeModel.name)
    if not isinstance(state, Steps):
        return [0] * len(activities)
    rows = [state.index.get(activity.id) for activity in activities]
    return [0 if row is None else state.seen[row] for row in rows]


def _usual(lateness: float, count: int, most: int) -> float:
    """The share of people who do it, 0..1: the course's order is what is believed beforehand.

    ``(n + m (1 - lateness)) / (N + m)`` with ``m`` = ``ORDER``.

    :param lateness: place in the course, 0..1.
    :param count: n, how many did it.
    :param most: N, how many did what most people did.
    """
    return (count + ORDER * (1 - lateness)) / (most + ORDER)


def _place_reason(activity: Activity, place: int, begun: int, size: int) -> Reason | None:
    """What its place in the course says for it; nothing beyond the first handful.

    :param place: among what is undone, beginning after the furthest one done.
    :param begun: how far the learner has come in the course, of ``size``.
    """
    if begun:
        return (
            Reason(NEXT, uses=frozenset({"catalogue", "statements"})) if place == 0 and begun < size else None
        )
    if place == 0 and not activity.prerequisites:
        return Reason(OPENS)
    return Reason(EARLY) if place < 5 and not activity.prerequisites else None


def _fit(
    situation: Situation, activity: Activity, usual: float, words: re.Pattern[str] | None
) -> tuple[float, list[Reason]]:
    """Score in 0..1 (0.5 usual, 0.25 goals, 0.15 ratings, 0.1 role) and the reasons beside its place."""
    profile = situation.learner.profile
    score, reasons = 0.5 * usual, []
    if goals := [skill for skill in activity.skill_ids if skill in profile.goals]:
        score += 0.25
        reasons.append(Reason(GOAL, {"skill": goals[0]}, uses=PAGE))
    rated = [
        (skill, profile.stated_levels[skill])
        for skill in activity.skill_ids
        if skill in profile.stated_levels
    ]
    level = int(activity.level or 1)
    if new := [skill for skill, rating in rated if rating < NEW_TO_IT and level == 1]:
        score += 0.15
        reasons.append(Reason(NEW, {"skill": new[0]}, uses=PAGE))
    elif rated and level == 1 and all(rating >= KNOWS_IT for _, rating in rated):
        score *= 0.3  # they said they know it
    if words and (found := words.search(f"{activity.title} {activity.text}".lower())):
        score += 0.1
        reasons.append(Reason(ROLE, {"word": found.group()}, uses=PAGE))
    return min(1.0, score), reasons


def _role_words(role: str) -> re.Pattern[str] | None:
    words = {word for word in re.findall(r"\w+", role.lower()) if len(word) >= WORD}
    return re.compile(r"(?<!\w)(?:" + "|".join(sorted(words)) + r")(?!\w)") if words else None
