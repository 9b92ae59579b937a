"""Pace strategy: overload, flow, tiring and waning, from what was done and what was said in check-ins.

Every rule is told to the learner together with what it saw (``Pace.reason``, ``Pace.rule``), and to nobody
else. Whether results fell is a one-sided exact test (R. A. Fisher, "The Design of Experiments", 1935),
whether there was less work a binomial one given the sum (J. Przyborowski and H. Wilenski, "Homogeneity of
Results in Testing Samples from Poisson Series", 1940); both hold for the few results one person has. Flow is
work that goes well for a while (M. Csikszentmihalyi, "Flow", 1990). Days are counted, never blamed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from math import comb
from zoneinfo import ZoneInfo, available_timezones

from marshmallow import Schema, ValidationError, fields, validate

from .. import (
    CHECK_IN,
    Event,
    EventKind,
    Manifest,
    Pace,
    PaceKind,
    Purpose,
    Reads,
    Reason,
    Situation,
    hookimpl,
    message,
)
from .motivation import WELL
from .persistence.runs import SIGNS
from .settings import of

GAP = timedelta(minutes=30)
"""A longer time without a sign of work ends a sitting."""
FLOW_FROM = timedelta(minutes=15)
FLOW_RESULTS, FLOW_WELL = 5, 4
HALF = 4
"""Results that each side of a comparison needs."""
WEEK, MONTH = timedelta(days=7), timedelta(days=28)
RECENT, EARLIER = timedelta(days=14), timedelta(days=28)
BUSY_DAYS, LATE_EVENINGS = 6, 3
LATE_HOUR, EARLY_HOUR = 22, 4
LOW, DROP = 0.25, 0.5
"""Motivation (0..1) that counts as low, and a fall that counts."""
ASK_AGAIN = timedelta(days=3)
SHORT = 15
"""Minutes of an activity that suits a lighter day; nothing of it is in the record of a suggestion."""
AT_MOST = {PaceKind.TIRING: 2, PaceKind.OVERLOAD: 2, PaceKind.WANING: 3}
STATEMENTS, PAGE = frozenset({"statements"}), frozenset({"page"})

TIRING = message(
    "Because %(early)d of the first %(first)d results of this sitting went well, and %(late)d of the last "
    "%(last)d."
)
BUSY = message(
    "Because you worked here on %(days)d of the last 7 days, and fewer results went well: %(late)d of "
    "%(last)d, before that %(early)d of %(first)d."
)
LATE = message(
    "Because you worked here after 22 o’clock on %(days)d of the last 7 evenings, and fewer results went "
    "well: %(late)d of %(last)d, before that %(early)d of %(first)d."
)
LESS = message(
    "Because you were here on %(recent)d of the last 14 days, and on %(earlier)d of the 28 before that."
)
SAID = message("Because you said in a check-in that your motivation is low.")
RULE_TIRING = message(
    "A sitting ends after 30 minutes without a sign of work. The two halves of its results are compared. "
    "When chance would bring such a fall in at most %(chance)d of 100 sittings, a pause is proposed."
)
RULE_OVERLOAD = message(
    "Work on six of seven days, or on three late evenings, counts as much. The results of these days are "
    "compared with those of the four weeks before. When chance would bring such a fall in at most "
    "%(chance)d of 100 cases, less is shown."
)
RULE_LESS = message(
    "The days you were here in the last two weeks are compared with the four weeks before. When chance "
    "would bring so few in at most %(chance)d of 100 cases, you are asked whether the goal is still right."
)
RULE_SAID = message(
    "Your last two check-ins count: both low, or the latest at least two steps lower. Then you are asked "
    "whether the goal is still right."
)
RULE_RISK = message(
    "From what was done, when and how well, it is counted how many others went on from the same point in "
    "courses here. Age, gender, origin and disability are not known to it."
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator, and a tenant, may change.

    :param chance: false alarms in 100 that the rules about results and days accept.
    :param risk: chance of stopping from which the learner is asked how it goes.
    :param check_in_days: days between two check-ins; 0 for none.
    :param zone: IANA name of the time zone for late evenings; "" leaves that rule out.
    """

    chance: int = 10
    risk: float = 0.5
    check_in_days: int = 14
    zone: str = ""


USUAL = Settings()


def _known_zone(name: str) -> None:
    if name and name not in available_timezones():
        raise ValidationError("There is no such time zone; one is called Europe/Copenhagen.")


class SettingsSchema(Schema):
    """``Settings`` as they are given."""

    chance = fields.Integer(
        strict=True,
        load_default=USUAL.chance,
        validate=validate.Range(1, 20),
        metadata={
            "title": message("False alarms in 100"),
            "description": message("How often chance alone may set off a rule about results or days."),
        },
    )
    risk = fields.Float(
        load_default=USUAL.risk,
        validate=validate.Range(0.1, 0.95),
        metadata={
            "title": message("Chance of stopping that matters"),
            "description": message("From there on a learner is asked how it goes, and shown less at a time."),
        },
    )
    check_in_days = fields.Integer(
        strict=True,
        load_default=USUAL.check_in_days,
        validate=validate.Range(0, 180),
        metadata={
            "title": message("Days between check-ins"),
            "description": message("0 asks nobody how it goes."),
        },
    )
    zone = fields.String(
        load_default=USUAL.zone,
        validate=[validate.Length(max=64), _known_zone],
        metadata={
            "title": message("Time zone"),
            "description": message("For late evenings, such as Europe/Copenhagen; empty leaves them out."),
        },
    )


# --- what was seen -----------------------------------------------------------------------------------


def fell(before: Sequence[bool], after: Sequence[bool], chance: float) -> bool:
    """Whether later results are worse than earlier ones beyond chance: Fisher's exact test, one-sided."""
    if min(len(before), len(after)) < HALF:
        return False
    right, number = sum(before) + sum(after), len(before) + len(after)
    # As rare, if chance alone shared out the right ones (the hypergeometric distribution).
    ways = sum(comb(right, n) * comb(number - right, len(after) - n) for n in range(sum(after) + 1))
    return ways / comb(number, len(after)) <= chance


def fewer(recent: int, earlier: int, chance: float) -> bool:
    """Whether the days of the last two weeks are fewer, by chance at most, than those of the four before."""
    days, share = recent + earlier, RECENT / (RECENT + EARLIER)
    return sum(comb(days, n) * share**n * (1 - share) ** (days - n) for n in range(recent + 1)) <= chance


def sitting(signs: Sequence[Event], now: datetime) -> list[Event]:
    """The events of the sitting that goes on now, oldest first; [] when nobody sits.

    :param signs: signs of work, newest first.
    """
    if not signs or now - signs[0].at > GAP:
        return []
    found = [signs[0]]
    for later, earlier in pairwise(signs):
        if later.at - earlier.at > GAP:
            break
        found.append(earlier)
    return found[::-1]


def well(events: Sequence[Event]) -> list[bool]:
    """For each event with a result, whether it went well."""
    return [e.result >= WELL for e in events if e.result is not None]


def check_ins(history: Sequence[Event]) -> list[Event]:
    """What the learner said of how it goes, newest first."""
    return [e for e in history if e.kind is EventKind.RATED and e.item == CHECK_IN]


# --- the rules ---------------------------------------------------------------------------------------


def _counts(early: Sequence[bool], late: Sequence[bool]) -> dict[str, int]:
    return {"early": sum(early), "first": len(early), "late": sum(late), "last": len(late)}


def now_sitting(signs: Sequence[Event], now: datetime, settings: Settings) -> Pace | None:
    """Tiring or in flow, within the sitting that goes on; else None."""
    events = [e for e in sitting(signs, now) if e.result is not None]
    right = well(events)
    early, late = right[: len(right) // 2], right[len(right) // 2 :]
    if fell(early, late, settings.chance / 100):
        evidence = tuple(e.id for e in reversed(events))
        reason = Reason(TIRING, _counts(early, late), evidence, STATEMENTS)
        return Pace(
            PaceKind.TIRING, reason, RULE_TIRING, {"chance": settings.chance}, AT_MOST[PaceKind.TIRING]
        )
    lasted = now - events[0].at if events else timedelta()
    latest = right[-FLOW_RESULTS:]
    if lasted >= FLOW_FROM and len(latest) == FLOW_RESULTS and sum(latest) >= FLOW_WELL:
        return Pace(PaceKind.FLOW)
    return None


def overload(signs: Sequence[Event], now: datetime, settings: Settings) -> Pace | None:
    """Much work in the last week, and results that fell; else None."""
    week = [e for e in signs if now - e.at <= WEEK]
    before = [e for e in signs if WEEK < now - e.at <= WEEK + MONTH]
    early, late = well(before), well(week)
    if not fell(early, late, settings.chance / 100):
        return None
    days = {e.at.date() for e in week}
    evenings = set()
    if settings.zone:
        local = [e.at.astimezone(ZoneInfo(settings.zone)) for e in week]
        at_night = [t for t in local if t.hour >= LATE_HOUR or t.hour < EARLY_HOUR]
        evenings = {(t - timedelta(hours=EARLY_HOUR)).date() for t in at_night}
    if len(evenings) >= LATE_EVENINGS:
        text, number = LATE, len(evenings)
    elif len(days) >= BUSY_DAYS:
        text, number = BUSY, min(7, len(days))
    else:
        return None
    evidence = tuple(e.id for e in week if e.result is not None)
    reason = Reason(text, {"days": number, **_counts(early, late)}, evidence, STATEMENTS)
    values: dict[str, int] = {"chance": settings.chance}
    return Pace(PaceKind.OVERLOAD, reason, RULE_OVERLOAD, values, AT_MOST[PaceKind.OVERLOAD])


def waning(situation: Situation, signs: Sequence[Event], settings: Settings) -> Pace | None:
    """Less than before, by what was said, by days, or by what groups did from the same point; else None."""
    now, least = situation.now, AT_MOST[PaceKind.WANING]
    said = [
        e for e in check_ins(situation.history)[:2] if e.score is not None and now - e.at <= RECENT + EARLIER
    ]
    scores = [e.score or 0.0 for e in said]
    if len(scores) == 2 and (max(scores) <= LOW or scores[1] - scores[0] >= DROP):
        evidence = tuple(e.id for e in said)
        return Pace(PaceKind.WANING, Reason(SAID, {}, evidence, PAGE), RULE_SAID, {}, least)
    recent = {e.at.date() for e in signs if now - e.at <= RECENT}
    earlier = {e.at.date() for e in signs if RECENT < now - e.at <= RECENT + EARLIER} - recent
    if fewer(len(recent), len(earlier), settings.chance / 100):
        reason = Reason(LESS, {"recent": len(recent), "earlier": len(earlier)}, (), STATEMENTS)
        return Pace(PaceKind.WANING, reason, RULE_LESS, {"chance": settings.chance}, least)
    risk = situation.risk
    if risk is not None and risk.reason is not None and risk.probability >= settings.risk:
        return Pace(PaceKind.WANING, risk.reason, RULE_RISK, {}, least)
    return None


def asks(kind: PaceKind, situation: Situation, signs: Sequence[Event], settings: Settings) -> bool:
    """Whether it is time to ask how it goes; never in a flow or when somebody tires."""
    if not settings.check_in_days or not signs or kind in (PaceKind.FLOW, PaceKind.TIRING):
        return False
    said = check_ins(situation.history)
    since = situation.now - (said[0].at if said else signs[-1].at)
    if kind is PaceKind.WANING:
        return not said or since >= ASK_AGAIN
    return since >= timedelta(days=settings.check_in_days)


@hookimpl
def manifest() -> Manifest:
    """What this plugin needs."""
    return Manifest(
        about=message("Tells learners themselves when they take on much, are in a good flow, or slow down."),
        purposes=frozenset({Purpose.SUGGESTIONS}),
        reads=frozenset({Reads.HISTORY, Reads.ESTIMATES}),
        languages=("en", "da", "de"),
    )


@hookimpl
def settings_schema() -> type[Schema]:
    """What can be set."""
    return SettingsSchema


@hookimpl
def describe_pace(situation: Situation) -> Pace | None:
    """The sitting that goes on decides first, then the last week, then the last weeks."""
    settings = of(Settings, situation)
    signs = [e for e in situation.history if e.kind in SIGNS and e.at <= situation.now]
    found = (
        now_sitting(signs, situation.now, settings)
        or overload(signs, situation.now, settings)
        or waning(situation, signs, settings)
        or Pace(PaceKind.STEADY)
    )
    ask = asks(found.kind, situation, signs, settings)
    longest = SHORT if found.kind in AT_MOST else 0
    return replace(found, longest=longest, check_in=ask)
