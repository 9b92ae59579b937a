"""Words for people: reasons, dates, durations and names of things as text in the reader's language.

Nothing here decides what is shown; it only says it. Every sentence is a translation key: sentences that stand
in tables below are marked with ``message`` and translated when they are used.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from babel import Locale, dates, numbers
from babel.lists import format_list
from flask import Flask
from flask_babel import get_locale, get_timezone, gettext  # type: ignore[import-untyped]

from ..core.catalogue import Activity, Catalogue, Level
from ..core.evidence import Mastery
from ..core.people import Purpose, Source
from ..core.proposals import Pace, PageSection, Question, Reason, Suggestion, Value
from .words import DISMISSALS, LEVELS, MEDIA, PURPOSES, SOURCES, SOURCES_USED, STRATEGIES, VALUES

LANGUAGES: Mapping[str, str] = {"da": "Dansk", "en": "English", "de": "Deutsch"}
"""The languages that are complete, each under its own name."""

_PLACE = re.compile(r"%\((\w+)\)[-+ #0]*\d*(?:\.(\d+))?([sdf])|%%")

NO_BREAK = "\u00a0"

log = logging.getLogger(__name__)


def formatting_locale(tag: str) -> Locale:
    """The locale to write in: the tag's own region where the language is ours, else English.

    Plain ``en`` is written the European way (26 November). Whatever else arrives becomes English.
    """
    parts = re.split(r"[-_]", tag)
    if parts[0].lower() not in LANGUAGES:
        return Locale("en", "GB")
    found = Locale.negotiate(["_".join(parts[:2]), parts[0].lower()], _known_locales(), sep="_")
    if found is None or str(found) == "en":
        return Locale("en", "GB")
    return found


def _known_locales() -> list[str]:
    return ["da", "da_DK", "de", "de_AT", "de_CH", "de_DE", "en", "en_AU", "en_CA", "en_GB", "en_IE", "en_US"]


def _locale() -> Locale:
    return get_locale() or Locale("en", "GB")


def translated(text: str) -> str:
    """A text in the reader's language; the text itself when it has no translation (or is empty)."""
    return str(gettext(text)) if text else ""


# --- sentences with places ------------------------------------------------------------------------


def sentence(
    text: str,
    values: Mapping[str, Value],
    catalogue: Catalogue,
    *,
    plural: str = "",
    count: int | None = None,
) -> str:
    """A whole sentence in the reader's language, its places filled.

    Names that start with ``skill`` or ``activity`` hold ids, and are shown by their titles; numbers are
    written the locale's way. A translation whose places do not fit falls back to the original; a place
    without a value makes the sentence empty, so that no half sentence is ever shown.
    """
    if plural and count is not None and _locale().plural_form(count) != "one":
        text = plural
    known = {name: _said(name, value, catalogue) for name, value in values.items()}
    for candidate in (translated(text), text):
        filled = _fill(candidate, known)
        if filled is not None:
            return filled
    log.warning("a sentence lacks a value for one of its places: %r", text)
    return ""


def _said(name: str, value: Value, catalogue: Catalogue) -> Value:
    """A value as it is shown: titles for ids, those of activities in quotation marks."""
    if not isinstance(value, str):
        return value
    if name.startswith("skill") and value in catalogue.skills:
        return catalogue.skills[value].title
    if name.startswith("medium") and value in MEDIA:
        return translated(MEDIA[value])
    if name.startswith("activity") and value in catalogue.by_id:
        return quoted(catalogue.by_id[value].title)
    return value


def _fill(text: str, values: Mapping[str, Value]) -> str | None:
    """Percent formatting with named places only, numbers by locale; None when a place has no value."""
    missing = False

    def place(match: re.Match[str]) -> str:
        nonlocal missing
        if match.group() == "%%":
            return "%"
        name, digits, form = match.groups()
        if name not in values:
            missing = True
            return ""
        return _written(values[name], digits, form)

    filled = _PLACE.sub(place, text)
    return None if missing else filled


def _written(value: Value, digits: str | None, form: str) -> str:
    if isinstance(value, str):
        return value
    if form == "d":
        return str(numbers.format_decimal(round(value), locale=_locale()))
    pattern = "#,##0" + ("." + "0" * int(digits) if digits and int(digits) else "" if digits else ".##")
    return str(numbers.format_decimal(value, format=pattern, locale=_locale()))


def reason_text(reason: Reason, catalogue: Catalogue) -> str:
    """Why something is proposed, as one sentence."""
    return sentence(reason.text, reason.values, catalogue, plural=reason.plural, count=reason.count)


def because(reasons: Sequence[Reason], catalogue: Catalogue) -> str:
    """The first two reasons: joined into one sentence when both begin with the same word ("Because")."""
    said = [text for reason in reasons[:2] if (text := reason_text(reason, catalogue))]
    if len(said) < 2:
        return "".join(said)
    first, second = said
    if first.endswith(".") and first.partition(" ")[0] == second.partition(" ")[0]:
        second = second[0].lower() + second[1:]
        return str(gettext("%(first)s, and %(second)s", first=first[:-1], second=second))
    return f"{first} {second}"


def question_text(question: Question, catalogue: Catalogue) -> str:
    """An opening question, its places filled."""
    return sentence(question.text, question.values, catalogue)


def pace_rule(pace: Pace, catalogue: Catalogue) -> str:
    """How it was worked out how somebody is getting on."""
    return sentence(pace.rule, pace.values, catalogue)


def section_paragraphs(section: PageSection, catalogue: Catalogue) -> list[str]:
    """What a plugin's box says, places filled where it brings values."""
    if not section.values:
        return [translated(paragraph) for paragraph in section.paragraphs]
    return [sentence(paragraph, section.values, catalogue) for paragraph in section.paragraphs]


# --- quantities and times -------------------------------------------------------------------------


def number(value: float) -> str:
    """A number, the locale's way."""
    return str(numbers.format_decimal(value, locale=_locale()))


def duration(minutes: float) -> str:
    """Minutes as ``12 min``, ``1 h`` or ``2 h 40 min``."""
    whole = max(1, round(minutes))
    hours, rest = divmod(whole, 60)
    if not hours:
        said = gettext("%(count)s min", count=number(rest))
    elif not rest:
        said = gettext("%(count)s h", count=number(hours))
    else:
        said = gettext("%(hours)s h %(minutes)s min", hours=number(hours), minutes=rest)
    return _together(str(said))


def _together(text: str) -> str:
    """A figure and its unit on one line: with spaces that do not break."""
    return text.replace(" ", NO_BREAK)


def day(when: datetime | date, now: datetime | None = None) -> str:
    """A day: ``yesterday``, ``today``, ``tomorrow``, else ``26 November``, with the year if it is another."""
    on = _local_date(when)
    if now is not None:
        distance = (on - _local_date(now)).days
        near = {-1: gettext("yesterday"), 0: gettext("today"), 1: gettext("tomorrow")}
        if distance in near:
            return str(near[distance])
        if on.year != _local_date(now).year:
            return _together(str(dates.format_date(on, "long", locale=_locale())))
    return _together(str(dates.format_skeleton("MMMMd", on, locale=_locale())))


def on_day(when: datetime | date, now: datetime | None = None) -> str:
    """A day inside a sentence: ``today``, ``tomorrow``, or ``on 26 November``."""
    said = day(when, now)
    named = {gettext("yesterday"), gettext("today"), gettext("tomorrow")}
    return said if said in named else str(gettext("on %(day)s", day=said))


def moment(when: datetime) -> str:
    """A day with the time of day."""
    on = dates.format_date(_local_date(when), "medium", locale=_locale())
    at = dates.format_time(when, "short", tzinfo=get_timezone(), locale=_locale())
    return f"{on} {at}"


def told(text: str, values: Mapping[str, object]) -> str:
    """A text in the reader's language with its values, times among them; "" for an empty one."""
    named = {name: moment(value) if isinstance(value, datetime) else value for name, value in values.items()}
    return str(gettext(text, **named)) if text else ""


def _local_date(when: datetime | date) -> date:
    if isinstance(when, datetime):
        return when.astimezone(get_timezone()).date()
    return when


def listed(parts: Iterable[str]) -> str:
    """``a, b and c``."""
    return str(format_list(list(parts), locale=_locale()))


def quoted(title: str) -> str:
    """A title in the language's quotation marks."""
    return str(gettext("“%(title)s”", title=title))


def likely(mastery: Mastery) -> str:
    """What is believed about a skill: ``likely 55–75 %``; ``not yet known`` if next to all is possible."""
    if mastery.high - mastery.low > 0.8:
        return str(gettext("not yet known"))
    low, high = round(mastery.low * 100), round(mastery.high * 100)
    return str(gettext("likely %(low)s–%(high)s %%", low=low, high=high)).replace(" %", f"{NO_BREAK}%")


# --- names of things ------------------------------------------------------------------------------


def media_type(activity: Activity) -> str:
    """The media type in words."""
    return translated(MEDIA.get(activity.media_type, MEDIA["other"]))


def level(activity: Activity) -> str:
    """The level in words; empty when unknown."""
    known: Level | None = activity.level
    return translated(LEVELS[known]) if known is not None else ""


def dismissal(value: str) -> str:
    """A reason for "not for me" in words."""
    return translated(DISMISSALS.get(value, value))


def strategy(name: str) -> str:
    """What a strategy looks at, in words; a plugin of somebody else's is called by its name."""
    return translated(STRATEGIES[name]) if name in STRATEGIES else name


def weight(share: float) -> str:
    """How much a vote counted (share in 0..1), in words."""
    if share >= 0.4:
        return str(gettext("counted most"))
    if share >= 0.2:
        return str(gettext("counted a good deal"))
    if share >= 0.08:
        return str(gettext("counted some"))
    return str(gettext("counted a little"))


def sureness(suggestion: Suggestion) -> str:
    """How clear the choice was, from the probability with which the activity got its place."""
    if suggestion.propensity >= 0.8:
        return str(gettext("It was the clear first choice for this place."))
    if suggestion.propensity >= 0.4:
        return str(gettext("It was a likely choice for this place; few others came close."))
    return str(gettext("Several others would have fitted about as well; one of them had to come here."))


def uses(names: Iterable[str]) -> str:
    """Data sources as a phrase, the reader's own first: ``your results here and the course's catalogue``."""
    used = set(names)
    return listed(translated(phrase) for name, phrase in SOURCES_USED.items() if name in used)


def cell(value: object) -> str:
    """A stored value in a table: words for known keys, times and numbers by locale, a dash for nothing."""
    match value:
        case None | "":
            return "–"
        case bool():
            return str(gettext("yes") if value else gettext("no"))
        case datetime():
            return moment(value)
        case int() | float():
            return number(round(value, 3))
        case tuple() | list():
            return listed(cell(part) for part in value) or "–"
        case str() if value in VALUES:
            return translated(VALUES[value])
        case str() if value in set(Purpose):
            return translated(PURPOSES[Purpose(value)][0])
        case str() if value in set(Source):
            return translated(SOURCES[Source(value)][0])
        case str() if value in DISMISSALS:
            return dismissal(value)
    return str(value)


def init_app(app: Flask) -> None:
    """Make the words known to the templates as filters."""
    for name, function in {
        "because": because,
        "reason": reason_text,
        "question_text": question_text,
        "pace_rule": pace_rule,
        "section_paragraphs": section_paragraphs,
        "cell": cell,
        "on_day": on_day,
        "number": number,
        "duration": duration,
        "day": day,
        "moment": moment,
        "listed": listed,
        "quoted": quoted,
        "likely": likely,
        "media_type": media_type,
        "level": level,
        "dismissal": dismissal,
        "strategy": strategy,
        "weight": weight,
        "sureness": sureness,
        "uses": uses,
        "translated": translated,
    }.items():
        app.jinja_env.filters[name] = function
