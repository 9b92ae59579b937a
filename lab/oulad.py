"""The Open University's data (J. Kuzilek, M. Hlosta and Z. Zdrahal, "OULAD", 2017) as events and groups.

The copy that is read here holds registrations, hand-ins with scores, results. It has neither clicks nor those
who withdrew. So what is foretold is *stopping*: to hand in nothing more while others still do.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ..core.catalogue import Activity, Catalogue
from ..core.evidence import Event, EventKind
from ..core.people import Context

TENANT = "tenant-1"
BEGAN = {"2013J": datetime(2013, 9, 30, tzinfo=UTC), "2014J": datetime(2014, 9, 29, tzinfo=UTC)}
"""A Monday near the day 0 of each presentation; the data counts days only."""
EARLIER, LATER = "2013J", "2014J"
GROUPS: Mapping[str, str] = {
    "gender": "gender",
    "age band": "age_band",
    "region": "region",
    "disability": "disability",
}
"""By what figures are compared, and never an input; to the column's name."""


@dataclass(frozen=True, slots=True)
class HandIn:
    """A hand-in: day, score in 0..1 (None where there is none); banked ones are from an earlier year."""

    day: int
    score: float | None
    banked: bool


@dataclass(frozen=True, slots=True)
class Student:
    """One registration.

    :param course: module and presentation, e.g. ``AAA-2013J``.
    :param registered: day, before the start below 0.
    :param attempts: earlier registrations of the same module.
    :param groups: name of a group to which part of it the person belongs; for comparing, never an input.
    :param hand_ins: assessment to hand-in.
    """

    id: str
    course: str
    registered: int
    attempts: int
    groups: Mapping[str, str]
    hand_ins: Mapping[str, HandIn]

    @property
    def presentation(self) -> str:
        """``2013J`` or ``2014J``."""
        return self.course.rpartition("-")[2]

    def stops(self, due: Mapping[str, int], day: int) -> bool | None:
        """Whether nothing is handed in from a day on; None where nothing is due any more.

        :param due: assessment of the course to the day it is due.
        """
        if max(due.values()) < day:
            return None
        return all(each.day < day for each in self.hand_ins.values())


@dataclass(frozen=True)
class Oulad:
    """Everything: students, and for each course its assessments with the day each is due."""

    students: tuple[Student, ...]
    due: Mapping[str, Mapping[str, int]]

    def of(self, presentation: str) -> list[Student]:
        """The students of one presentation."""
        return [s for s in self.students if s.presentation == presentation]

    def catalogue(self) -> Catalogue:
        """The assessments as activities."""
        made = [
            Activity(name, TENANT, name, name, context_ids=(course,), position=place)
            for course, due in self.due.items()
            for place, name in enumerate(sorted(due, key=lambda name: (due[name], name)))
        ]
        return Catalogue(TENANT, "oulad", tuple(made))


def contexts(oulad: Oulad) -> dict[str, Context]:
    """Each course as a context."""
    return {course: Context(course, TENANT, course) for course in oulad.due}


def read(folder: Path) -> Oulad:
    """Read the five files of the folder; registrations without a day are left out."""

    def rows(name: str) -> Iterator[dict[str, str]]:
        with (folder / name).open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)

    due: dict[str, dict[str, int]] = defaultdict(dict)
    course_of = {}
    for row in rows("assessments.csv"):
        course = course_of[row["id_assessment"]] = f"{row['code_module']}-{row['code_presentation']}"
        due[course][row["id_assessment"]] = int(float(row["date"]))
    handed: dict[tuple[str, str], dict[str, HandIn]] = defaultdict(dict)
    for row in rows("studentAssessment.csv"):
        score = float(row["score"]) / 100 if row["score"] else None
        handed[course_of[row["id_assessment"]], row["id_student"]][row["id_assessment"]] = HandIn(
            int(row["date_submitted"]), score, row["is_banked"] == "1"
        )
    registered = {
        (f"{row['code_module']}-{row['code_presentation']}", row["id_student"]): int(row["date_registration"])
        for row in rows("studentRegistration.csv")
        if row["date_registration"]
    }
    students = []
    for row in rows("studentInfo.csv"):
        course, who = f"{row['code_module']}-{row['code_presentation']}", row["id_student"]
        if (course, who) in registered:
            groups = {name: row[column] for name, column in GROUPS.items()}
            attempts, day = int(row["num_of_prev_attempts"]), registered[course, who]
            students.append(
                Student(f"{course}-{who}", course, day, attempts, groups, handed.get((course, who), {}))
            )
    return Oulad(tuple(students), due)


def moment(presentation: str, day: int) -> datetime:
    """When a day of a presentation begins."""
    return BEGAN[presentation] + timedelta(days=day)


def events(student: Student, until: int | None = None) -> Iterator[Event]:
    """What an LMS would report of a student before a day: enrolments and hand-ins, and no more.

    :param until: the day; None for everything.
    """
    began = BEGAN[student.presentation]
    said: list[tuple[EventKind, int, str, float | None]] = [
        (EventKind.ENROLLED, student.registered - 365 * n, "", None) for n in range(student.attempts + 1)
    ]
    said += [(EventKind.SUBMITTED, each.day, name, each.score) for name, each in student.hand_ins.items()]
    for n, (kind, day, name, score) in enumerate(said):
        if until is None or day < until:
            yield Event(
                f"{student.id}-{n}",
                TENANT,
                student.id,
                kind,
                began + timedelta(days=day, hours=12),
                activity_id=name,
                context_id=student.course,
                score=score,
            )
