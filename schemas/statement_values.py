"""Times, durations and scores of a statement, as the numbers that the core works with."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

from msgspec import UNSET

from . import statement_forms as forms
from .statement_errors import Fault, quoted, wrong_form

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = r"([0-9]{1,12}(?:[.,][0-9]+)?)"
_DURATION = re.compile(
    rf"P(?:{_NUMBER}W|(?=[0-9]|T)(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}D)?"
    rf"(?:T(?=[0-9])(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?)"
)
_MINUTES = (7 * 1440.0, 365 * 1440.0, 30 * 1440.0, 1440.0, 60.0, 1.0, 1 / 60)
_STRICT_TIME = re.compile(r"[0-9-]{10}[Tt][0-9:]{8}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})")


def moment(timestamp: str, *, strict: bool) -> datetime:
    """A timestamp in UTC.

    xAPI 1.0 takes ISO 8601, read as UTC where no zone is named; 2.0.0 takes RFC 3339 only.

    :param strict: whether it must be RFC 3339.
    :raises Fault: when it is no time.
    """
    if strict and not _STRICT_TIME.fullmatch(timestamp):
        raise wrong_form(".timestamp", timestamp, forms.TIMESTAMP)
    if timestamp.endswith(("-00:00", "-0000", "-00")) and timestamp[11:].count("-"):
        raise Fault(".timestamp", "An offset of -00:00 is not allowed.", "Send Z or +00:00.")
    try:
        at = datetime.fromisoformat(timestamp.upper())
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Fault(".timestamp", f"{quoted(timestamp)} is no time of a calendar.", "Correct it.") from None


def within_reason(at: datetime, now: datetime) -> datetime:
    """When something is taken to have happened: not after it was told, and not before 1970.

    Clocks are wrong, and systems write their first or last possible time for "unknown". Schedulers add days
    to these times, and the newest count most: one such statement must not outweigh, or break, all others.
    """
    return min(max(at, EARLIEST), now)


def minutes_of(duration: str) -> float:
    """The minutes of an ISO 8601 duration; a year counts 365 days and a month 30.

    :raises Fault: when it is no duration.
    """
    found = _DURATION.fullmatch(duration)
    if not found:
        raise Fault(
            ".result.duration",
            f"{quoted(duration)} is no ISO 8601 duration.",
            "Send one such as PT1H30M or PT12.5S.",
        )
    return sum(
        float(number.replace(",", ".")) * size
        for number, size in zip(found.groups(), _MINUTES, strict=True)
        if number
    )


def share(score: forms.Score) -> float | None:
    """A score as a share of what could be had, 0..1; None when its scale is unknown.

    ``scaled`` counts, except where raw, min and max show that the sender spread it over -1..1 (Moodle's
    logstore plugin does: half of the points is sent as 0).
    """
    raw, low, high = score.raw, score.min, score.max
    fraction = None
    if raw is not UNSET and high is not UNSET:
        bottom = 0.0 if low is UNSET else low
        span = high - bottom
        if math.isfinite(span) and span > 0:
            fraction = min(max((raw - bottom) / span, 0.0), 1.0)
    if score.scaled is UNSET:
        return fraction
    if fraction is not None and low is not UNSET and abs(score.scaled - (2 * fraction - 1)) < 1e-6:
        return fraction
    return max(score.scaled, 0.0)
