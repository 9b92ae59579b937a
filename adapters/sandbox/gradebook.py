"""The sandbox's gradebook: columns that tools made (line items), and what they sent into them (results)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from .sqlite_file import SqliteFile

_COLUMN = "id, course, client_id, label, maximum, resource_id, tag, link_id, starts, ends"
_RESULT = "line_item, person, score, comment, at, activity, grading"


@dataclass(frozen=True, slots=True)
class LineItem:
    """A column.

    :param number: 0 for one that is not stored yet.
    :param client_id: of the tool that it belongs to.
    :param maximum: what a full score counts; above 0.
    :param link_id: resource link id; "" for a column without a link.
    :param starts, ends: ISO 8601, as the tool gave them; "" when it did not.
    """

    number: int
    course_id: str
    client_id: str
    label: str
    maximum: float
    resource_id: str = ""
    tag: str = ""
    link_id: str = ""
    starts: str = ""
    ends: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What a cell of the gradebook holds.

    :param score: 0..the column's maximum; None when there is none (any more).
    :param at: the time that the tool's score carried.
    :param activity, grading: ``activityProgress`` and ``gradingProgress`` as sent.
    """

    line_item: int
    person_id: str
    score: float | None
    comment: str
    at: datetime
    activity: str
    grading: str


class NotLater(Exception):
    """A score whose time is not later than that of the one before it."""


class Gradebook(SqliteFile):
    """All columns and cells."""

    SCHEMA = """
    CREATE TABLE IF NOT EXISTS line_item (
        id INTEGER PRIMARY KEY AUTOINCREMENT, course TEXT NOT NULL, client_id TEXT NOT NULL,
        label TEXT NOT NULL, maximum REAL NOT NULL, resource_id TEXT NOT NULL, tag TEXT NOT NULL,
        link_id TEXT NOT NULL, starts TEXT NOT NULL, ends TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS result (
        line_item INTEGER NOT NULL, person TEXT NOT NULL, score REAL, comment TEXT NOT NULL,
        at TEXT NOT NULL, activity TEXT NOT NULL, grading TEXT NOT NULL, PRIMARY KEY (line_item, person)
    );
    """

    def add(self, item: LineItem) -> LineItem:
        """Make a column; returns it with its number."""
        values = (
            item.course_id,
            item.client_id,
            item.label,
            item.maximum,
            item.resource_id,
            item.tag,
            item.link_id,
            item.starts,
            item.ends,
        )
        with self._open() as connection:
            made = connection.execute(
                "INSERT INTO line_item (course, client_id, label, maximum, resource_id, tag, link_id, starts,"
                " ends) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            ).lastrowid
        return replace(item, number=int(made or 0))

    def change(self, item: LineItem) -> None:
        """Change a column. With another maximum, the results keep their share of it."""
        with self._open() as connection:
            connection.execute(
                "UPDATE result SET score = score * ? / (SELECT maximum FROM line_item WHERE id = ?)"
                " WHERE line_item = ?",
                (item.maximum, item.number, item.number),
            )
            connection.execute(
                "UPDATE line_item SET label = ?, maximum = ?, resource_id = ?, tag = ?, starts = ?, ends = ?"
                " WHERE id = ?",
                (
                    item.label,
                    item.maximum,
                    item.resource_id,
                    item.tag,
                    item.starts,
                    item.ends,
                    item.number,
                ),
            )

    def remove(self, item: LineItem) -> None:
        """Remove a column with all that is in it."""
        with self._open() as connection:
            connection.execute("DELETE FROM result WHERE line_item = ?", (item.number,))
            connection.execute("DELETE FROM line_item WHERE id = ?", (item.number,))

    def of_course(self, course_id: str) -> list[LineItem]:
        """A course's columns, oldest first."""
        with self._open() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMN} FROM line_item WHERE course = ? ORDER BY id",  # noqa: S608  # nosec B608 # a constant
                (course_id,),
            ).fetchall()
        return [LineItem(*row) for row in rows]

    def of_link(self, course_id: str, client_id: str, link_id: str) -> list[LineItem]:
        """The columns of a link."""
        return [
            item
            for item in self.of_course(course_id)
            if item.client_id == client_id and item.link_id == link_id
        ]

    def find(self, course_id: str, number: int) -> LineItem | None:
        """A column, or None."""
        return next((item for item in self.of_course(course_id) if item.number == number), None)

    def remove_all_of(self, client_id: str) -> None:
        """Remove a tool's columns in every course."""
        with self._open() as connection:
            connection.execute(
                "DELETE FROM result WHERE line_item IN (SELECT id FROM line_item WHERE client_id = ?)",
                (client_id,),
            )
            connection.execute("DELETE FROM line_item WHERE client_id = ?", (client_id,))

    # --- cells ---

    def put(self, result: Result) -> None:
        """Write a cell.

        :raises NotLater: when what the cell holds is of the same time, or of a later one.
        """
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")  # nobody writes between the look and the change
            found = connection.execute(
                "SELECT at FROM result WHERE line_item = ? AND person = ?",
                (result.line_item, result.person_id),
            ).fetchone()
            if found is not None and result.at <= datetime.fromisoformat(found[0]):
                raise NotLater
            connection.execute(
                "INSERT OR REPLACE INTO result (line_item, person, score, comment, at, activity, grading)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    result.line_item,
                    result.person_id,
                    result.score,
                    result.comment,
                    result.at.isoformat(),
                    result.activity,
                    result.grading,
                ),
            )

    def results(self, item: LineItem) -> Mapping[str, Result]:
        """The cells of a column by person, in the order of their ids."""
        with self._open() as connection:
            rows: list[tuple[Any, ...]] = connection.execute(
                f"SELECT {_RESULT} FROM result WHERE line_item = ? ORDER BY person",  # noqa: S608  # nosec B608 # a constant
                (item.number,),
            ).fetchall()
        return {
            row[1]: Result(row[0], row[1], row[2], row[3], datetime.fromisoformat(row[4]), row[5], row[6])
            for row in rows
        }
