"""Scores that tools send into the gradebook, and the results there.

LTI Assignment and Grade Services 2.0, sections 3.3 and 3.4; where these leave a choice, as Moodle does it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from flask import Blueprint, Response, request

from . import addresses
from .gradebook import LineItem, NotLater, Result
from .line_items import find, moment
from .lms import current_sandbox
from .services import ServiceRefused, answer, body, page_of
from .tools import RESULT, SCORE

SCORE_TYPE = "application/vnd.ims.lis.v1.score+json"
RESULTS_TYPE = "application/vnd.ims.lis.v2.resultcontainer+json"
ACTIVITY = frozenset({"Initialized", "Started", "InProgress", "Submitted", "Completed"})
GRADING = frozenset({"NotReady", "Failed", "Pending", "PendingManual", "FullyGraded"})
LONGEST_COMMENT = 10_000


def add_to(services: Blueprint) -> None:
    """``/scores`` and ``/results`` of a column."""
    one = "/courses/<course_id>/lineitems/<int:number>/lineitem"
    services.add_url_rule(f"{one}/scores", "scores", _take, methods=["POST"])
    services.add_url_rule(f"{one}/results", "results", _results)


def _take(course_id: str, number: int) -> tuple[str, int]:
    """Take a score. One without a value erases what the cell holds."""
    _, item = find(course_id, number, SCORE)
    sandbox = current_sandbox()
    result = _read(item, body(SCORE_TYPE))
    if result.person_id not in {learner.id for learner in sandbox.enrolments.learners(course_id)}:
        raise ServiceRefused(400, "The user is no learner of this course.")
    try:
        sandbox.gradebook.put(result)
    except NotLater as error:
        raise ServiceRefused(409, "There is a score of this time, or of a later one.") from error
    return "", 200


def _read(item: LineItem, sent: Mapping[str, Any]) -> Result:
    """A score as a cell holds it: in the column's measure, and never above its maximum."""
    person_id, comment = sent.get("userId"), sent.get("comment")
    if not isinstance(person_id, str) or not person_id:
        raise ServiceRefused(400, "userId is missing.")
    if sent.get("activityProgress") not in ACTIVITY or sent.get("gradingProgress") not in GRADING:
        raise ServiceRefused(400, "activityProgress or gradingProgress is missing, or no known word.")
    at = moment("timestamp", sent.get("timestamp")).astimezone(UTC)
    given, score = _points(sent, "scoreGiven"), None
    if given is not None:
        maximum = _points(sent, "scoreMaximum")
        if not maximum:
            raise ServiceRefused(400, "scoreMaximum must be above 0 where there is a scoreGiven.")
        score = min(given / maximum, 1.0) * item.maximum
    return Result(
        item.number,
        person_id,
        score,
        comment[:LONGEST_COMMENT] if isinstance(comment, str) else "",
        at,
        sent["activityProgress"],
        sent["gradingProgress"],
    )


def _points(sent: Mapping[str, Any], name: str) -> float | None:
    value = sent.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise ServiceRefused(400, f"{name} must be a number, 0 or above.")
    return float(value)


def _results(course_id: str, number: int) -> Response:
    tool, item = find(course_id, number, RESULT)
    wanted = request.args.get("user_id")
    found = [
        result
        for result in current_sandbox().gradebook.results(item).values()
        if result.score is not None and wanted in (None, result.person_id)
    ]
    shown, links = page_of(found)
    where = (current_sandbox().base_url, course_id, tool.client_id, item.number)
    return answer(
        [
            {
                "id": f"{addresses.line_item(*where, '/results')}&user_id={result.person_id}",
                "userId": result.person_id,
                "resultScore": result.score,
                "resultMaximum": item.maximum,
                "comment": result.comment,
                "scoreOf": addresses.line_item(*where),
                "timestamp": result.at.isoformat(),
            }
            for result in shown
        ],
        RESULTS_TYPE,
        links=links,
    )
