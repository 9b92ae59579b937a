"""Who takes part in which course of the sandbox, and since which change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from .people import PEOPLE, Person
from .sqlite_file import SqliteFile


class Status(StrEnum):
    """How somebody takes part (the words of NRPS 2.0, section 2.2)."""

    ACTIVE = "Active"
    INACTIVE = "Inactive"
    DELETED = "Deleted"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One person in one course.

    :param changed: number of the change that made it so; 0 from the beginning.
    """

    person: Person
    status: Status
    changed: int


class Enrolments(SqliteFile):
    """All enrolments. In the beginning everybody takes part in every course.

    :param course_ids: of the courses there are.
    """

    SCHEMA = """
    CREATE TABLE IF NOT EXISTS enrolment (
        course TEXT NOT NULL, person TEXT NOT NULL, status TEXT NOT NULL, changed INTEGER NOT NULL,
        PRIMARY KEY (course, person)
    );
    """

    def __init__(self, path: Path, course_ids: Iterable[str]) -> None:
        super().__init__(path)
        with self._open() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO enrolment VALUES (?, ?, ?, 0)",
                [(course_id, person_id, Status.ACTIVE) for course_id in course_ids for person_id in PEOPLE],
            )

    def of_course(self, course_id: str) -> list[Enrolment]:
        """Everybody who takes part, or did, in the order of the people's list."""
        with self._open() as connection:
            rows = connection.execute(
                "SELECT person, status, changed FROM enrolment WHERE course = ?", (course_id,)
            ).fetchall()
        found = {
            row[0]: Enrolment(PEOPLE[row[0]], Status(row[1]), row[2]) for row in rows if row[0] in PEOPLE
        }
        return [found[person_id] for person_id in PEOPLE if person_id in found]

    def is_active(self, course_id: str, person_id: str) -> bool:
        """Whether somebody takes part."""
        with self._open() as connection:
            row = connection.execute(
                "SELECT status FROM enrolment WHERE course = ? AND person = ?", (course_id, person_id)
            ).fetchone()
        return row is not None and row[0] == Status.ACTIVE

    def learners(self, course_id: str) -> list[Person]:
        """The learners who take part."""
        return [
            one.person
            for one in self.of_course(course_id)
            if one.status is Status.ACTIVE and not one.person.teacher
        ]

    def last_change(self, course_id: str) -> int:
        """The number of a course's newest change."""
        return max((one.changed for one in self.of_course(course_id)), default=0)

    def set(self, course_id: str, person_id: str, status: Status) -> None:
        """Let somebody take part, pause, or leave; what is so already is no change."""
        with self._open() as connection:
            connection.execute(
                "UPDATE enrolment SET status = ?,"
                " changed = (SELECT max(changed) + 1 FROM enrolment WHERE course = ?)"
                " WHERE course = ? AND person = ? AND status != ?",
                (status, course_id, course_id, person_id, status),
            )
