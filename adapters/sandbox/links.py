"""Links to tools in courses: what teachers added by deep linking."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from .sqlite_file import SqliteFile

_FIELDS = "id, course, client_id, title, text, url, custom"


@dataclass(frozen=True, slots=True)
class Link:
    """A link to a tool in a course.

    :param client_id: of the tool.
    :param url: where a launch leads (``target_link_uri``).
    :param custom: parameters that go along with each launch.
    """

    number: int
    course_id: str
    client_id: str
    title: str
    text: str
    url: str
    custom: Mapping[str, str]

    @property
    def id(self) -> str:
        """The resource link id of launches."""
        return f"link-{self.number}"


class Links(SqliteFile):
    """All links."""

    SCHEMA = """
    CREATE TABLE IF NOT EXISTS link (
        id INTEGER PRIMARY KEY AUTOINCREMENT, course TEXT NOT NULL, client_id TEXT NOT NULL,
        title TEXT NOT NULL, text TEXT NOT NULL, url TEXT NOT NULL, custom TEXT NOT NULL
    );
    """

    def add(
        self, course_id: str, client_id: str, title: str, text: str, url: str, custom: Mapping[str, str]
    ) -> Link:
        """Put a link at the end of a course."""
        with self._open() as connection:
            number = connection.execute(
                "INSERT INTO link (course, client_id, title, text, url, custom) VALUES (?, ?, ?, ?, ?, ?)",
                (course_id, client_id, title, text, url, json.dumps(custom)),
            ).lastrowid
        return Link(int(number or 0), course_id, client_id, title, text, url, custom)

    def of_course(self, course_id: str) -> list[Link]:
        """A course's links, in the order in which they were added."""
        with self._open() as connection:
            rows = connection.execute(
                f"SELECT {_FIELDS} FROM link WHERE course = ? ORDER BY id",  # noqa: S608  # nosec B608 # a constant
                (course_id,),
            ).fetchall()
        return [Link(row[0], row[1], row[2], row[3], row[4], row[5], json.loads(row[6])) for row in rows]

    def find(self, course_id: str, link_id: str) -> Link | None:
        """The link of this resource link id, or None."""
        return next((link for link in self.of_course(course_id) if link.id == link_id), None)

    def remove(self, link: Link) -> None:
        """Take a link out of its course."""
        with self._open() as connection:
            connection.execute("DELETE FROM link WHERE id = ?", (link.number,))

    def remove_all_of(self, client_id: str) -> None:
        """Take a tool's links out of every course."""
        with self._open() as connection:
            connection.execute("DELETE FROM link WHERE client_id = ?", (client_id,))
