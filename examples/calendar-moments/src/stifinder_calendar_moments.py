"""Micro-moments: what stands in the organisation's calendar within three days, and short refreshers for it.

The calendar comes as iCalendar text (RFC 5545) in the settings, so a call needs no network and reads nothing
of the learner. An event that names a skill, in its title or its categories, makes that skill matter now; its
description and the people in it are not read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

import recurring_ical_events
from icalendar import Calendar
from marshmallow import Schema, ValidationError, fields, validate
from stifinder import Candidate, Manifest, Reason, Signal, Situation, hookimpl, message

AHEAD = timedelta(days=3)
LONGEST = 20_000
"""Characters of a calendar; it bounds the time of a call."""
NEAR = message("Because “%(event)s” is within three days, and it is about %(skill)s.")
REFRESHES = message("Because %(minutes)d minutes on %(skill)s help with “%(event)s”, within three days.")


class CalendarText(fields.Field[str]):
    """iCalendar text. Its line breaks matter, and no field of the settings page keeps them."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:  # noqa: ARG002
        if not isinstance(value, str) or len(value) > LONGEST:
            raise ValidationError(f"Give iCalendar text of at most {LONGEST} characters.")
        try:
            milestones(value, datetime(2026, 1, 1, tzinfo=UTC))
        except ValueError as error:
            raise ValidationError(f"This is no iCalendar text: {error}") from error
        return value


class SettingsSchema(Schema):
    """What an organisation can set."""

    calendar = CalendarText(
        load_default="",
        metadata={
            "title": message("Calendar of milestones"),
            "description": message("iCalendar text: presentations, customer meetings, audits."),
        },
    )
    minutes = fields.Integer(
        strict=True,
        load_default=5,
        validate=validate.Range(1, 30),
        metadata={
            "title": message("Minutes of a refresher"),
            "description": message("Longer activities are not proposed for a milestone."),
        },
    )


@dataclass(frozen=True, slots=True)
class Milestone:
    """An event: ``words`` are those of its title and categories, lower case, between single spaces."""

    title: str
    words: str
    start: datetime
    end: datetime


def spaced(text: str) -> str:
    """The words of a text, lower case, each between single spaces."""
    return " ".join(["", *re.findall(r"\w+", text.lower()), ""])


def utc(day: date) -> datetime:
    """A day begins at midnight, and a time without a zone is UTC."""
    moment = day if isinstance(day, datetime) else datetime.combine(day, time())
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


@lru_cache(maxsize=64)
def milestones(calendar: str, hour: datetime) -> tuple[Milestone, ...]:
    """The events of this hour and the three days after it, soonest first; repeated ones each time they come.

    :raises ValueError: when it is no iCalendar text.
    """
    if not calendar.strip():
        return ()
    parsed = Calendar.from_ical(calendar)
    if not isinstance(parsed, Calendar):
        raise ValueError("it does not begin with BEGIN:VCALENDAR")
    found = []
    for event in recurring_ical_events.of(parsed).between(hour, hour + timedelta(hours=1) + AHEAD):
        title, tags = str(event.get("SUMMARY", "")), " / ".join(map(str, event.categories))
        start, end = event.get("DTSTART"), event.get("DTEND")
        if title and start:
            last = utc(end.dt) if end else utc(start.dt)
            found.append(Milestone(title, spaced(f"{title} / {tags}"), utc(start.dt), last))
    return tuple(sorted(found, key=lambda m: (m.start, m.title)))


def near(situation: Situation) -> dict[str, Milestone]:
    """Skill to the next milestone that names it."""
    hour = situation.now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    coming = [
        milestone
        for milestone in milestones(str(situation.settings.get("calendar", "")), hour)
        if milestone.start <= situation.now + AHEAD and milestone.end >= situation.now
    ]
    found: dict[str, Milestone] = {}
    for skill in situation.catalogue.skills.values() if coming else ():
        terms = [term for text in (skill.title, *skill.terms) if (term := spaced(text)).strip()]
        named = (milestone for milestone in coming if any(term in milestone.words for term in terms))
        if (first := next(named, None)) is not None:
            found[skill.id] = first
    return found


def weight(milestone: Milestone, now: datetime) -> float:
    """1 when it begins, down to 0.5 three days ahead."""
    return 1 - 0.5 * (max(timedelta(), milestone.start - now) / AHEAD)


@hookimpl
def manifest() -> Manifest:
    """Nothing of the learner, and no host."""
    return Manifest(
        about=message("Proposes short refreshers before the milestones in the organisation's calendar."),
        reads=frozenset(),
    )


@hookimpl
def settings_schema() -> type[Schema]:
    return SettingsSchema


@hookimpl
def context_signals(situation: Situation) -> Sequence[Signal]:
    """One signal a skill; the core turns it into votes for whatever teaches the skill."""
    return [
        Signal("milestone", m.start, m.end, (skill,), weight(m, situation.now), reason(NEAR, skill, m))
        for skill, m in near(situation).items()
    ]


@hookimpl
def candidates(situation: Situation) -> Sequence[Candidate]:
    """A vote for what is short, and treats a skill of a milestone."""
    longest, coming = situation.settings.get("minutes", 5), near(situation)
    assert isinstance(longest, int)  # the schema says so
    found = []
    for name in situation.pool if coming else ():
        activity = situation.catalogue.by_id.get(name)
        if activity and 0 < activity.minutes <= min(longest, situation.minutes):
            for skill in [s for s in activity.skill_ids if s in coming][:1]:
                why = reason(REFRESHES, skill, coming[skill], minutes=activity.minutes)
                found.append(Candidate(name, weight(coming[skill], situation.now), (why,)))
    return found


def reason(text: str, skill: str, milestone: Milestone, **values: int) -> Reason:
    places: Mapping[str, str | int] = {"skill": skill, "event": milestone.title, **values}
    return Reason(text, places)
