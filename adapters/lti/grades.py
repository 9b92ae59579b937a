"""Sending a score to a column of the LMS's gradebook (LTI Assignment and Grade Services 2.0, section 3.4)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit

from ...core.errors import AddressRefused, ConfigurationError, OutgoingError, StifinderError
from ...core.outgoing import Answer, Outgoing
from ...core.store.lti import Registration
from .tokens import Tokens

SCORE_TYPE = "application/vnd.ims.lis.v1.score+json"
SCORE_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
LARGEST_BYTES = 64 * 1024
SECONDS = 10.0
LATER = frozenset({408, 409, 425, 429})
"""Answers, besides those from 500 on, after which the same may succeed another time."""


class ScoreRefused(OutgoingError):
    """The platform did not take a score.

    :param status_there: what it answered; 0 when the score was not even sent, for want of a token.
    :param again: whether another try may succeed.
    :param after: seconds that the platform asks to wait; None when it does not say.
    """

    code = "score-refused"

    def __init__(
        self, what: str, cure: str, *, status_there: int, again: bool, after: float | None = None
    ) -> None:
        self.status_there = status_there
        self.again = again
        self.after = after
        super().__init__(what, cure)


@dataclass(frozen=True, slots=True)
class Score:
    """One score of one learner.

    :param user_id: what the LMS calls the learner.
    :param given: 0..``maximum``.
    :param at: later than that of every earlier score of this learner in this column.
    """

    user_id: str
    given: float
    maximum: float
    at: datetime

    def body(self) -> bytes:
        """As JSON. There is always a score, and it is final: Moodle erases the grade for one that is not."""
        done = self.given >= self.maximum
        return json.dumps(
            {
                "userId": self.user_id,
                "scoreGiven": self.given,
                "scoreMaximum": self.maximum,
                "timestamp": stamp(self.at),
                "activityProgress": "Completed" if done else "InProgress",
                "gradingProgress": "FullyGraded",
            }
        ).encode()


def stamp(at: datetime) -> str:
    """ISO 8601 with milliseconds, UTC: ``2026-11-23T09:30:00.125Z``."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def scores_address(line_item: str) -> str:
    """Where scores of a column go: ``/scores`` after the path; the query (Moodle's ``type_id``) stays."""
    parts = urlsplit(line_item)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/scores", fragment=""))


def send(
    outgoing: Outgoing, tokens: Tokens, registration: Registration, line_item: str, score: Score
) -> None:
    """Send one score.

    :raises ScoreRefused: when the platform did not take it.
    :raises OutgoingError: when there was no answer: whether it took the score is not known then.
    """
    answer = _post(outgoing, tokens, registration, line_item, score)
    if answer.status == 401:  # a token can end before its time, for instance when the LMS is restored
        tokens.forget(registration)
        answer = _post(outgoing, tokens, registration, line_item, score)
    if 200 <= answer.status < 300:
        return
    raise ScoreRefused(
        f"{urlsplit(line_item).hostname} answered {answer.status} to a score.",
        _cure(answer.status),
        status_there=answer.status,
        again=answer.status in LATER or answer.status >= 500,
        after=answer.retry_after(),
    )


def _post(
    outgoing: Outgoing, tokens: Tokens, registration: Registration, line_item: str, score: Score
) -> Answer:
    try:
        token = tokens.get(registration, [SCORE_SCOPE])
    except StifinderError as error:
        lasting = isinstance(error, ConfigurationError | AddressRefused)
        raise ScoreRefused(error.what, error.cure, status_there=0, again=not lasting) from error
    return outgoing.post(
        scores_address(line_item),
        data=score.body(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": SCORE_TYPE},
        limit_bytes=LARGEST_BYTES,
        seconds=SECONDS,
    )


def _cure(status: int) -> str:
    match status:
        case 400:
            return "It does not know the person as a learner of this course; teachers get no grades."
        case 401 | 403:
            return "Let the tool use the grade service in the LMS, then retry."
        case 404 | 410:
            return "The column is gone from the gradebook; the link was probably removed."
        case 409:
            return "It has a newer score; this one is sent again with the time of the next try."
    return "It is tried again by itself." if status >= 500 else "See the log of the LMS, then retry."
