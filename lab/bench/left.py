"""Where courses are left: the curve that teachers see, on the courses of OULAD, in days instead of minutes.

A day of stopping is that of the last hand-in of somebody who leaves something undone that was due later.
"""

from __future__ import annotations

from ...core.course_figures import Stops, share, stops
from ..oulad import LATER, Oulad
from .suite import Row

FEWEST = 10
DAYS = 60
METRIC = f"still there after {DAYS} days"
ROW = "as served"


def curve(data: Oulad, courses: set[str]) -> Stops | None:
    """Where people stop in some courses taken together."""
    days, finished = [], 0
    students = [s for s in data.students if s.course in courses and s.hand_ins]
    for student in students:
        last = max(each.day for each in student.hand_ins.values())
        if student.stops(data.due[student.course], last + 1):
            days.append(max(0, last))
        else:
            finished += 1
    return stops(days, share(finished, len(students), FEWEST), FEWEST)


def at(curve: Stops, day: int) -> tuple[float, float, float]:
    """The share still there at a day, and its interval."""
    place = max(n for n, (when, _) in enumerate(curve.points) if when <= day)
    return curve.points[place][1], *curve.likely[place]


def left_rows(data: Oulad) -> list[Row]:
    """Each later course beside the others of its time taken together."""
    later = {course for course in data.due if course.endswith(LATER)}
    made = []
    for course in sorted(later):
        for name, which in ((ROW, {course}), (f"{ROW}, courses like it", later - {course})):
            found = curve(data, which)
            if found is not None:
                value, low, high = at(found, DAYS)
                made += [
                    Row(f"OULAD, {course}", METRIC, name, True, value),
                    Row(f"OULAD, {course}", f"{METRIC}, 95 % low", name, True, low),
                    Row(f"OULAD, {course}", f"{METRIC}, 95 % high", name, True, high),
                ]
    return made
