"""Beginners' start: what to show, and what to ask, when there is no history; silent as history grows.

Only the catalogue and what the learner said speak here: course order, goals, own ratings, words of the role.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from marshmallow import Schema, fields, validate

from .. import Activity, Candidate, Manifest, Purpose, Question, Reads, Reason, Situation, hookimpl, message
from .paths import ENGAGEMENT
from .settings import of

VOTES = 40
GOALS = 6
WORD = 4
"""Shorter words of a job role say nothing of what somebody works with."""
NEW_TO_IT = 0.34
KNOWS_IT = 0.66
PAGE = frozenset({"catalogue", "page"})

OPENS = message("Because it opens this course and needs nothing before it.")
EARLY = message("Because it comes early in this course and needs nothing before it.")
NEXT = message("Because it comes next in this course.")
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
        purposes=frozenset({Purpose.SUGGESTIONS}),
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
    """Vote by course order, goals, own ratings and role words; the fewer activities done, the louder."""
    done = {e.activity_id for e in situation.history if e.kind in ENGAGEMENT and e.activity_id}
    loudness = 1 - len(done) / of(Settings, situation).silent_after
    if loudness <= 0:
        return ()
    words = _role_words(situation.learner.profile.role)
    pool = _pool(situation)
    begun = max((place + 1 for place, activity in enumerate(pool) if activity.id in done), default=0)
    order = [activity for activity in (*pool[begun:], *pool[:begun]) if activity.id not in done]
    late = _lateness(order)
    votes = []
    for place, activity in enumerate(order):
        if done.issuperset(activity.prerequisites):
            score, reasons = _fit(situation, activity, late[place], words)
            start = _place_reason(activity, place, begun, len(pool))
            if start or reasons:
                told = (*reasons, *([start] if start else []))
                votes.append(Candidate(activity.id, score * loudness, told[:2]))
    return sorted(votes, key=lambda vote: -vote.score)[:VOTES]


def _lateness(order: Sequence[Activity]) -> list[float]:
    """How late each comes in its own course, 0..1: between courses there is no order."""
    courses = [activity.context_ids[0] if activity.context_ids else "" for activity in order]
    lengths = Counter(courses)
    before: Counter[str] = Counter()
    late = []
    for course in courses:
        late.append(before[course] / lengths[course])
        before[course] += 1
    return late


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
    situation: Situation, activity: Activity, lateness: float, words: re.Pattern[str] | None
) -> tuple[float, list[Reason]]:
    """Score in 0..1 (0.5 order, 0.25 goals, 0.15 ratings, 0.1 role) and the reasons beside its place."""
    profile = situation.learner.profile
    score, reasons = 0.5 * (1 - lateness), []
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
