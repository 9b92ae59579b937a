"""The xAPI statements of the sandbox: what somebody's work on a lesson says, in order.

Follows the xAPI 1.0.3 data model; questions use the ``cmi.interaction`` definitions of its appendix C.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from .content import ISSUER, Course, Lesson

Statement = dict[str, Any]

PASS_MARK = 0.6
"""The least share of right answers that passes a lesson."""

NAMESPACE = UUID("0a3c9c8e-6a0e-5d53-9d6f-6c1b7b8f2a41")
"""Under which attempts, and the statements of an attempt, get their ids."""

_VERBS = "http://adlnet.gov/expapi/verbs/"
_TYPES = "http://adlnet.gov/expapi/activities/"
_ACTIVITY_TYPE = {"quiz": "assessment", "exercise": "assessment", "video": "media"}


def actor(person_id: str, home_page: str = ISSUER) -> dict[str, Any]:
    """How statements name a person: an account of the sandbox, without name or address."""
    return {"objectType": "Agent", "account": {"homePage": home_page, "name": person_id}}


def passed(right: int, asked: int) -> bool:
    """Whether this many right answers pass."""
    return right / asked >= PASS_MARK


def attempt(
    person_id: str,
    course: Course,
    lesson: Lesson,
    answers: Mapping[str, int],
    started: datetime,
    ended: datetime,
    *,
    home_page: str = ISSUER,
) -> list[Statement]:
    """The statements of one attempt at a lesson, oldest first.

    A lesson without questions is attempted and completed. One with questions is attempted, each question is
    answered, and then it is completed and passed, or failed.

    :param answers: question id to the index of the chosen answer; every question of the lesson must be there.
    :param started, ended: timezone-aware. The same person, lesson, start and home page give the same ids.
    :param home_page: what the tool calls the sandbox.
    """
    known_as = "" if home_page == ISSUER else f"|{home_page}"
    registration = uuid5(NAMESPACE, f"{person_id}|{lesson.id}|{started.isoformat()}{known_as}")
    build = _Builder(actor(person_id, home_page), course, lesson, registration)
    made = [build.statement("attempted", started)]
    duration = {"duration": f"PT{max(1, int((ended - started).total_seconds()))}S"}
    if not lesson.questions:
        made.append(build.statement("completed", ended, result={"completion": True, **duration}))
        return made
    right = 0
    step = (ended - started) / (len(lesson.questions) + 1)
    for number, question in enumerate(lesson.questions, start=1):
        success = answers[question.id] == question.right
        right += success
        result = {"success": success, "response": str(answers[question.id])}
        made.append(build.answered(number - 1, started + step * number, result))
    asked = len(lesson.questions)
    score = {"scaled": round(right / asked, 4), "raw": right, "min": 0, "max": asked}
    if passed(right, asked):
        made.append(build.statement("completed", ended, result={"completion": True, **duration}))
        ended += timedelta(milliseconds=1)  # statements of one moment have no order
        made.append(build.statement("passed", ended, result={"success": True, "score": score, **duration}))
    else:
        made.append(build.statement("failed", ended, result={"success": False, "score": score, **duration}))
    return made


class _Builder:
    """What the statements of one attempt have in common."""

    def __init__(self, who: Mapping[str, Any], course: Course, lesson: Lesson, registration: UUID) -> None:
        self.who = who
        self.course = course
        self.lesson = lesson
        self.registration = registration

    def statement(self, verb: str, at: datetime, result: Mapping[str, Any] | None = None) -> Statement:
        lesson = self.lesson
        definition = {
            "type": _TYPES + _ACTIVITY_TYPE.get(lesson.media_type, "lesson"),
            "name": {lesson.language: lesson.title},
        }
        made = self._frame(verb, at, {"id": lesson.object_id, "definition": definition}, verb)
        made["context"]["contextActivities"] = {"parent": [self._course()]}
        if result is not None:
            made["result"] = dict(result)
        return made

    def answered(self, index: int, at: datetime, result: Mapping[str, Any]) -> Statement:
        lesson, question = self.lesson, self.lesson.questions[index]
        definition = {
            "type": _TYPES + "cmi.interaction",
            "interactionType": "choice",
            "name": {lesson.language: f"Question {index + 1}"},
            "description": {lesson.language: question.text},
            "choices": [
                {"id": str(n), "description": {lesson.language: c}} for n, c in enumerate(question.choices)
            ],
            "correctResponsesPattern": [str(question.right)],
        }
        target = {"id": f"{lesson.object_id}/questions/{question.id}", "definition": definition}
        made = self._frame("answered", at, target, f"answered|{question.id}")
        made["context"]["contextActivities"] = {
            "parent": [{"objectType": "Activity", "id": lesson.object_id}],
            "grouping": [self._course()],
        }
        made["result"] = dict(result)
        return made

    def _frame(self, verb: str, at: datetime, target: Mapping[str, Any], name: str) -> Statement:
        return {
            "id": str(uuid5(self.registration, name)),
            "actor": dict(self.who),
            "verb": {"id": _VERBS + verb, "display": {"en": verb}},
            "object": {"objectType": "Activity", **target},
            "context": {
                "registration": str(self.registration),
                "platform": "Stifinder sandbox",
                "language": self.lesson.language,
            },
            "timestamp": at.isoformat(timespec="milliseconds"),
        }

    def _course(self) -> dict[str, Any]:
        return {
            "objectType": "Activity",
            "id": self.course.object_id,
            "definition": {"type": _TYPES + "course", "name": {self.lesson.language: self.course.title}},
        }
