"""What a hook's answer must be to count: types, ranges and references, checked before anything uses it."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from numbers import Real
from typing import Any

from .catalogue import MEDIA_TYPES, Level, SkillLevel, Tags
from .evidence import Mastery, Review
from .hookspecs import Rule
from .isolation import Unusable
from .jobs import NAME, SHORTEST, Job
from .plans import Plan, Step
from .proposals import (
    Award,
    Candidate,
    Challenge,
    Motivation,
    Pace,
    PaceKind,
    PageSection,
    PeerMatch,
    Question,
    Reason,
    Risk,
    Signal,
    Team,
)

MOST_ANSWERS = 10_000


def _number(value: object, name: str, low: float, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise Unusable(f"{name} is {value!r}, not a finite number")
    if not low <= float(value) <= high:
        raise Unusable(f"{name} is {float(value):g}, outside {low:g}..{high:g}")


def _text(value: object, name: str, *, empty: bool = False) -> None:
    if not isinstance(value, str) or not (value or empty):
        raise Unusable(f"{name} is not a text")


def _tuple_of(kind: type, values: object, name: str) -> None:
    if not isinstance(values, tuple | list) or not all(isinstance(v, kind) for v in values):
        raise Unusable(f"{name} is not a sequence of {kind.__name__}")


def _reason(reason: object, name: str) -> None:
    if not isinstance(reason, Reason):
        raise Unusable(f"{name} is not a Reason")
    _text(reason.text, f"{name}.text")
    if not reason.text.startswith("Because "):
        raise Unusable(f"{name}.text does not begin with 'Because '")
    if not isinstance(reason.uses, frozenset):
        raise Unusable(f"{name}.uses is not a frozenset")
    _tuple_of(str, reason.evidence, f"{name}.evidence")
    try:
        reason.text % reason.values
        if reason.plural:
            reason.plural % reason.values
    except (KeyError, ValueError, TypeError) as error:
        raise Unusable(f"{name}.text has a place that its values do not fill") from error


def _candidate(answer: Candidate) -> None:
    _text(answer.activity_id, "Candidate.activity_id")
    _number(answer.score, "Candidate.score", 0, 1)
    _tuple_of(Reason, answer.reasons, "Candidate.reasons")
    for reason in answer.reasons:
        _reason(reason, "Candidate.reasons")


def _mastery(answer: Mastery) -> None:
    _text(answer.skill_id, "Mastery.skill_id")
    _number(answer.low, "Mastery.low", 0, 1)
    _number(answer.mean, "Mastery.mean", answer.low, 1)
    _number(answer.high, "Mastery.high", answer.mean, 1)
    _number(answer.answers, "Mastery.answers", 0, math.inf)


def _review(answer: Review) -> None:
    _text(answer.skill_id, "Review.skill_id")
    _number(answer.retrievability, "Review.retrievability", 0, 1)
    _number(answer.minutes, "Review.minutes", 0, 600)
    if getattr(answer.due, "utcoffset", lambda: None)() is None:
        raise Unusable("Review.due is not a timezone-aware time")


def _signal(answer: Signal) -> None:
    _text(answer.kind, "Signal.kind")
    _number(answer.weight, "Signal.weight", 0, 1)
    _tuple_of(str, answer.skills, "Signal.skills")
    if getattr(answer.start, "utcoffset", lambda: None)() is None:
        raise Unusable("Signal.start is not a timezone-aware time")
    if answer.reason is not None:
        _reason(answer.reason, "Signal.reason")


def _peer_match(answer: PeerMatch) -> None:
    _text(answer.ref, "PeerMatch.ref")
    _number(answer.score, "PeerMatch.score", 0, 1)
    _tuple_of(str, answer.gives, "PeerMatch.gives")
    _tuple_of(str, answer.needs, "PeerMatch.needs")


def _team(answer: Team) -> None:
    _tuple_of(str, answer.refs, "Team.refs")
    _tuple_of(str, answer.covers, "Team.covers")


def _question(answer: Question) -> None:
    _text(answer.key, "Question.key")
    _text(answer.text, "Question.text")
    for choice in answer.choices:
        if not isinstance(choice, tuple) or len(choice) != 2:
            raise Unusable("Question.choices holds something that is not a (value, label) pair")
        _tuple_of(str, choice, "Question.choices")


def _tags(answer: Tags) -> None:
    _tuple_of(SkillLevel, answer.skills, "Tags.skills")
    if not all(isinstance(s.level, Level) for s in answer.skills):
        raise Unusable("Tags.skills holds a level that is not a Level")
    _text(answer.language, "Tags.language", empty=True)
    if answer.media_type and answer.media_type not in MEDIA_TYPES:
        raise Unusable(f"Tags.media_type is {answer.media_type!r}, not one of {', '.join(MEDIA_TYPES)}")
    if answer.difficulty is not None:
        _number(answer.difficulty, "Tags.difficulty", 0, 1)


def _motivation(answer: Motivation) -> None:
    _number(answer.edge, "Motivation.edge", 0, 1)
    if answer.reason is not None:
        _reason(answer.reason, "Motivation.reason")


def _risk(answer: Risk) -> None:
    _number(answer.probability, "Risk.probability", 0, 1)
    _number(answer.usual, "Risk.usual", 0, 1)
    if answer.reason is not None:
        _reason(answer.reason, "Risk.reason")


def _pace(answer: Pace) -> None:
    if not isinstance(answer.kind, PaceKind):
        raise Unusable("Pace.kind is not a PaceKind")
    _number(answer.at_most, "Pace.at_most", 1, 5)
    _number(answer.longest, "Pace.longest", 0, math.inf)
    if answer.reason is None and answer.kind not in (PaceKind.STEADY, PaceKind.FLOW):
        raise Unusable("Pace.reason is missing: a learner is told why")
    if answer.reason is not None:
        _reason(answer.reason, "Pace.reason")
        _text(answer.rule, "Pace.rule")
    try:
        answer.rule % answer.values
    except (KeyError, ValueError, TypeError) as error:
        raise Unusable("Pace.rule has a place that its values do not fill") from error


def _challenge(answer: Challenge) -> None:
    _text(answer.activity_id, "Challenge.activity_id")
    _number(answer.expected, "Challenge.expected", 0, 1)
    _reason(answer.reason, "Challenge.reason")


def _award(answer: Award) -> None:
    _text(answer.key, "Award.key")
    _text(answer.title, "Award.title")
    _reason(answer.reason, "Award.reason")


def _section(answer: PageSection) -> None:
    _text(answer.title, "PageSection.title")
    _tuple_of(str, answer.paragraphs, "PageSection.paragraphs")
    if answer.link is not None and not str(answer.link[1]).startswith("https://"):
        raise Unusable("PageSection.link does not lead to an https address")
    if answer.values:
        try:
            for paragraph in answer.paragraphs:
                paragraph % answer.values
        except (KeyError, ValueError, TypeError) as error:
            raise Unusable("PageSection.paragraphs have a place that its values do not fill") from error


def _plan(answer: Plan) -> None:
    _tuple_of(Step, answer.steps, "Plan.steps")
    if len(answer.steps) > MOST_ANSWERS:
        raise Unusable(f"Plan.steps has {len(answer.steps)} elements; at most {MOST_ANSWERS} are read")
    for step in answer.steps:
        _text(step.skill_id, "Step.skill_id")
        _number(step.minutes, "Step.minutes", 1, math.inf)
        if step.last_day < step.day:
            raise Unusable("Step.last_day is before Step.day")
        if not step.reasons:
            raise Unusable("Step.reasons is empty")
        for reason in step.reasons:
            _reason(reason, "Step.reasons")
    for left in answer.left_out:
        _text(left.activity_id, "LeftOut.activity_id")
        _reason(left.reason, "LeftOut.reason")


def _count(answer: int) -> None:
    _number(answer, "the number of records removed", 0, math.inf)


def _job(job: Job) -> None:
    if not isinstance(job.name, str) or not NAME.fullmatch(job.name):
        raise Unusable("a job's name has 1 to 60 letters, digits, - and _")
    if not callable(job.run):
        raise Unusable(f"job {job.name!r} has nothing to run")
    if not isinstance(job.every, timedelta) or job.every < SHORTEST:
        raise Unusable(f"job {job.name!r} comes again after {job.every}; at least a minute is meant")
    if not isinstance(job.title, str) or not job.title:
        raise Unusable(f"job {job.name!r} has no title")


CHECKS: dict[type, Callable[[Any], None]] = {
    Candidate: _candidate,
    Mastery: _mastery,
    Review: _review,
    Signal: _signal,
    PeerMatch: _peer_match,
    Team: _team,
    Question: _question,
    Tags: _tags,
    Motivation: _motivation,
    Pace: _pace,
    Risk: _risk,
    Challenge: _challenge,
    Job: _job,
    Award: _award,
    PageSection: _section,
    Plan: _plan,
    int: _count,
}


def usable(rule: Rule, answer: object) -> tuple[Any, ...]:
    """The answer as a tuple of checked values; an empty one means that the plugin has nothing to say.

    :raises Unusable: when the answer is not what the hook's rule promises; all of it is refused.
    """
    if answer is None:
        return ()
    if not rule.many:
        return (_one(rule, answer),)
    if not isinstance(answer, list | tuple):
        raise Unusable(f"the answer is a {type(answer).__name__}, not a list")
    if len(answer) > MOST_ANSWERS:
        raise Unusable(f"the answer has {len(answer)} elements; at most {MOST_ANSWERS} are read")
    return tuple(_one(rule, element) for element in answer)


def _one(rule: Rule, element: object) -> object:
    if not isinstance(element, rule.answer):
        raise Unusable(f"the answer holds a {type(element).__name__} where a {rule.answer.__name__} belongs")
    check = CHECKS.get(rule.answer)
    if check is not None:
        try:
            check(element)
        except (AttributeError, TypeError, OverflowError) as error:
            raise Unusable(f"a {rule.answer.__name__} holds a value of the wrong type") from error
    return element
