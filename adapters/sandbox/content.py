"""What the sandbox teaches: courses and lessons from its catalogue file, with the questions of quizzes.

The same catalogue, with absolute addresses and without the quizzes, is what the tool imports (``served``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ISSUER = "https://sandbox.stifinder.example"
"""The sandbox's name in launches and statements. It stays the same whichever port the sandbox listens on."""

CATALOGUE = Path(__file__).parent / "catalogue.jsonl"


@dataclass(frozen=True, slots=True)
class Question:
    """One question with one right choice.

    :param right: index of the right one in ``choices``.
    """

    id: str
    text: str
    choices: tuple[str, ...]
    right: int


@dataclass(frozen=True, slots=True)
class Lesson:
    """One activity of a course.

    :param skills: pairs of skill id and title.
    :param difficulty: 0..1, the share of prepared learners expected to fail at the first attempt.
    :param row: the line of the catalogue file, as it is served.
    """

    id: str
    course_id: str
    position: int
    title: str
    text: str
    language: str
    media_type: str
    minutes: int
    skills: tuple[tuple[str, str], ...]
    prerequisites: tuple[str, ...]
    difficulty: float
    object_id: str
    questions: tuple[Question, ...]
    row: Mapping[str, Any]

    @property
    def paragraphs(self) -> list[str]:
        """The text, one entry a paragraph."""
        return self.text.split("\n\n")


@dataclass(frozen=True, slots=True)
class Course:
    """A course and its lessons, in order."""

    id: str
    title: str
    lessons: tuple[Lesson, ...]

    @property
    def object_id(self) -> str:
        """The IRI by which statements name the course."""
        return f"{ISSUER}/courses/{self.id}"


@dataclass(frozen=True, slots=True)
class Content:
    """All courses, and all lessons by id."""

    courses: Mapping[str, Course]
    lessons: Mapping[str, Lesson]

    def after(self, lesson: Lesson) -> Lesson | None:
        """The lesson that follows in the same course; None after the last."""
        later = [one for one in self.courses[lesson.course_id].lessons if one.position > lesson.position]
        return later[0] if later else None


def load(path: Path = CATALOGUE) -> Content:
    """Read a catalogue file.

    :raises OSError: when it cannot be read; ValueError and KeyError when a line lacks what the sandbox needs.
    """
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    lessons = {row["id"]: _lesson(row) for row in rows}
    titles = {row["course_id"]: row["course_title"] for row in rows}
    courses = {
        course_id: Course(
            course_id,
            title,
            tuple(
                sorted((x for x in lessons.values() if x.course_id == course_id), key=lambda x: x.position)
            ),
        )
        for course_id, title in titles.items()
    }
    return Content(courses, lessons)


def served(content: Content, base_url: str) -> str:
    """The catalogue as JSON lines: addresses absolute under ``base_url``, questions and answers left out."""
    lines = []
    for lesson in content.lessons.values():
        row = {key: value for key, value in lesson.row.items() if key != "quiz"}
        row["address"] = base_url + row["address"]
        lines.append(json.dumps(row, ensure_ascii=False) + "\n")
    return "".join(lines)


def _lesson(row: Mapping[str, Any]) -> Lesson:
    return Lesson(
        id=row["id"],
        course_id=row["course_id"],
        position=row["position"],
        title=row["title"],
        text=row["text"],
        language=row["language"],
        media_type=row["media_type"],
        minutes=row["minutes"],
        skills=tuple((skill["id"], skill["title"]) for skill in row["skills"]),
        prerequisites=tuple(row["prerequisites"]),
        difficulty=row["difficulty"],
        object_id=row["object_id"],
        questions=tuple(Question(q["id"], q["text"], tuple(q["choices"]), q["right"]) for q in row["quiz"]),
        row=row,
    )
