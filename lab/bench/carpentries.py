"""The Carpentries catalogue: 265 short modules of 24 courses, as one tenant's activities (CC BY 4.0)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from ...core.catalogue import Activity
from .suite import public

TENANT = "tenant-1"
NAME = "Carpentries"


@dataclass(frozen=True)
class Courses:
    """Course id to its modules, in the course's order, and to its title."""

    modules: Mapping[str, tuple[Activity, ...]]
    titles: Mapping[str, str]


def courses() -> Courses:
    """All courses by id. No module has a skill: the file names none.

    :raises NoData: when the public data is not there.
    """
    rows = [
        json.loads(line)
        for line in public("catalogue", "carpentries.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    found: dict[str, list[Activity]] = {}
    for row in sorted(rows, key=lambda r: (r["course_id"], r["position"], r["id"])):
        made = found.setdefault(row["course_id"], [])
        made.append(
            Activity(
                row["id"],
                TENANT,
                row["id"],
                row["title"],
                text=row["text"],
                language=row["language"],
                minutes=row["teaching_minutes"] + row["exercise_minutes"],
                context_ids=(row["course_id"],),
                position=len(made),
            )
        )
    return Courses(
        {name: tuple(made) for name, made in found.items()}, {r["course_id"]: r["course_title"] for r in rows}
    )
