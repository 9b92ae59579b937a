"""A calendar of an organisation, and every promise of the hooks by the conformance kit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from marshmallow import ValidationError
from stifinder import Activity, Catalogue, Context, Learner, Situation, Skill, SkillLevel
from stifinder_calendar_moments import SettingsSchema, candidates, context_signals

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//EN
BEGIN:VEVENT
UID:1
DTSTART:20260304T090000Z
DTEND:20260304T100000Z
SUMMARY:Pricing workshop with a customer
DESCRIPTION:Contracts
END:VEVENT
BEGIN:VEVENT
UID:2
DTSTART;VALUE=DATE:20260220
DTEND;VALUE=DATE:20260221
RRULE:FREQ=WEEKLY;BYDAY=FR
SUMMARY:Review
CATEGORIES:Data protection
END:VEVENT
END:VCALENDAR
"""
SKILLS = {
    "s1": Skill("s1", "t", "Price models", ("pricing",)),
    "s2": Skill("s2", "t", "Contracts"),
    "s3": Skill("s3", "t", "Data protection"),
    "s4": Skill("s4", "t", "Work"),
}
ACTIVITIES = tuple(
    Activity(f"{s}-{m}", "t", f"{s}-{m}", "A", minutes=m, skills=(SkillLevel(s),))
    for s in SKILLS
    for m in (0, 5, 30)
)


def asked(after: timedelta = timedelta(), minutes: int = 15, **settings: object) -> Situation:
    return Situation(
        now=MONDAY + after,
        seed=0,
        minutes=minutes,
        learner=Learner("learner-1", "t"),
        context=Context("c", "t", "A course"),
        catalogue=Catalogue("t", "1", ACTIVITIES, SKILLS),
        pool=tuple(a.id for a in ACTIVITIES),
        settings=SettingsSchema().load({"calendar": CALENDAR, **settings}),
    )


def test_keeps_its_promises(stifinder_promise):
    stifinder_promise.check()


def test_an_event_within_three_days_makes_the_skill_in_its_title_matter():
    (signal,) = context_signals(asked())
    assert (signal.kind, signal.start, signal.skills) == ("milestone", MONDAY + timedelta(days=2), ("s1",))
    assert signal.reason is not None
    assert signal.reason.values["event"] == "Pricing workshop with a customer"


def test_nearer_events_matter_more():
    (far,), (close,) = context_signals(asked()), context_signals(asked(timedelta(hours=47)))[:1]
    assert 0.5 <= far.weight < close.weight < 1


def test_an_event_that_repeats_is_seen_each_time_and_by_its_category():
    assert {s.skills for s in context_signals(asked(timedelta(days=3)))} == {("s3",)}
    assert {s.skills for s in context_signals(asked(timedelta(days=10)))} == {("s3",)}


def test_what_is_over_or_far_is_silent():
    assert context_signals(asked(timedelta(days=-7))) == []
    assert {s.skills for s in context_signals(asked(timedelta(days=2, hours=2)))} == {("s3",)}


def test_a_short_refresher_is_proposed_and_a_long_one_is_not():
    (found,) = candidates(asked())
    assert (found.activity_id, found.reasons[0].values["minutes"]) == ("s1-5", 5)
    assert [c.activity_id for c in candidates(asked(minutes=60, calendar=CALENDAR))] == ["s1-5"]
    assert candidates(asked(minutes=4)) == []


def test_no_calendar_says_nothing():
    assert context_signals(asked(calendar="")) == []
    assert candidates(asked(calendar="")) == []


@pytest.mark.parametrize(
    "calendar", ["no calendar", "BEGIN:VCALENDAR", "BEGIN:VEVENT\nUID:1\nEND:VEVENT", 5, "x" * 20_001]
)
def test_what_is_no_calendar_is_refused(calendar):
    with pytest.raises(ValidationError):
        SettingsSchema().load({"calendar": calendar})
