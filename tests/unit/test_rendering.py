"""Words: what a reader sees of reasons, times and quantities, in each language."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask, g
from learner_world import CATALOGUE, NOW, StandInCore
from stifinder import Mastery, PageSection, Reason
from stifinder.lti_tool import rendering
from stifinder.lti_tool.app import pages_app

Say = Callable[..., Any]


@pytest.fixture(scope="module")
def app() -> Flask:
    return pages_app(StandInCore())  # type: ignore[arg-type]


@pytest.fixture
def say(app: Flask) -> Say:
    """Calls a function of the module in a language."""

    def in_language(locale: str, function: Callable[..., Any], *arguments: Any, zone: str = "") -> Any:
        with app.test_request_context():
            g.locale_tag = locale
            g.timezone_name = zone
            return function(*arguments)

    return in_language


MISSED = Reason(
    "Because you missed %(missed)d of %(total)d questions on %(skill)s.",
    {"missed": 2, "total": 3, "skill": "s-cost"},
)


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("en", "Because you missed 2 of 3 questions on Cost estimation."),
        ("da-DK", "Fordi du svarede forkert på 2 af 3 spørgsmål om Cost estimation."),
        ("de", "Weil du 2 von 3 Fragen zu Cost estimation falsch beantwortet hast."),
        ("fr-FR", "Because you missed 2 of 3 questions on Cost estimation."),
    ],
)
def test_a_reason_is_a_whole_sentence_in_the_readers_language(say: Say, locale: str, expected: str) -> None:
    assert say(locale, rendering.reason_text, MISSED, CATALOGUE) == expected


def test_a_plugins_box_names_formats_in_the_readers_language_and_fills_its_places(say: Say) -> None:
    box = PageSection(
        "Formats", ("You said %(medium)s (%(own)d results).",), values={"medium": "text", "own": 9}
    )
    assert say("en", rendering.section_paragraphs, box, CATALOGUE) == ["You said Text (9 results)."]
    assert say("da", rendering.section_paragraphs, box, CATALOGUE) == ["You said Tekst (9 results)."]
    plain = PageSection("Plain", ("100 % plain",))
    assert say("en", rendering.section_paragraphs, plain, CATALOGUE) == ["100 % plain"]


def test_an_activity_is_named_by_its_title_in_the_languages_quotation_marks(say: Say) -> None:
    reason = Reason("Because it builds on %(activity)s, which you finished.", {"activity": "a6"})
    assert "“What is an offer?”" in say("en", rendering.reason_text, reason, CATALOGUE)
    assert "„What is an offer?“" in say("de", rendering.reason_text, reason, CATALOGUE)


@pytest.mark.parametrize(("count", "expected"), [(1, "Because of one thing."), (2, "Because of 2 things.")])
def test_a_reason_with_a_count_uses_its_plural(say: Say, count: int, expected: str) -> None:
    reason = Reason("Because of one thing.", {"n": count}, plural="Because of %(n)d things.", count=count)
    assert say("da", rendering.reason_text, reason, CATALOGUE) == expected


def test_a_reason_whose_place_has_no_value_is_left_out_rather_than_shown_in_half(say: Say) -> None:
    assert say("en", rendering.reason_text, Reason("Because of %(who)s."), CATALOGUE) == ""


def test_a_value_that_looks_like_a_place_is_taken_literally(say: Say) -> None:
    reason = Reason("Because of %(word)s, 100 %%.", {"word": "%(other)s %s"})
    assert say("en", rendering.reason_text, reason, CATALOGUE) == "Because of %(other)s %s, 100 %."


def test_numbers_are_written_the_locales_way(say: Say) -> None:
    reason = Reason("Because of %(n).1f and %(m)d.", {"n": 1234.56, "m": 12345})
    assert say("en", rendering.reason_text, reason, CATALOGUE) == "Because of 1,234.6 and 12,345."
    assert say("da", rendering.reason_text, reason, CATALOGUE) == "Because of 1.234,6 and 12.345."


@pytest.mark.parametrize(
    ("minutes", "english", "danish"),
    [
        (0.2, "1\u00a0min", "1\u00a0min"),
        (12, "12\u00a0min", "12\u00a0min"),
        (60, "1\u00a0h", "1\u00a0t"),
        (160, "2\u00a0h\u00a040\u00a0min", "2\u00a0t\u00a040\u00a0min"),
    ],
)
def test_durations(say: Say, minutes: float, english: str, danish: str) -> None:
    assert say("en", rendering.duration, minutes) == english
    assert say("da", rendering.duration, minutes) == danish


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        ("en", "Because it comes next in this course, and because Pricing builds on it."),
        ("da", "Fordi det er det næste på kurset, og fordi Pricing bygger videre på det."),
        ("de", "Weil es in diesem Kurs als Nächstes kommt, und weil Pricing darauf aufbaut."),
    ],
)
def test_two_reasons_are_one_sentence(say: Say, locale: str, expected: str) -> None:
    leads_to = Reason("Because %(activity)s builds on it.", {"activity": "Pricing"})
    reasons = (Reason("Because it comes next in this course."), leads_to)
    assert say(locale, rendering.because, reasons, CATALOGUE) == expected


def test_reasons_in_words_of_their_own_stay_two_sentences(say: Say) -> None:
    reasons = (Reason("Because it is short."), Reason("It was chosen by your teacher."), Reason("Third."))
    said = say("en", rendering.because, reasons, CATALOGUE)
    assert said == "Because it is short. It was chosen by your teacher."


@pytest.mark.parametrize(
    ("days", "locale", "expected"),
    [
        (0, "en", "today"),
        (1, "da", "i morgen"),
        (-1, "de", "gestern"),
        (3, "en", "on 26\u00a0November"),
        (3, "en-US", "on November\u00a026"),
        (3, "da", "den 26.\u00a0november"),
        (3, "de", "am 26.\u00a0November"),
        (60, "en", "on 22\u00a0January\u00a02027"),
    ],
)
def test_days_in_a_sentence(say: Say, days: int, locale: str, expected: str) -> None:
    assert say(locale, rendering.on_day, NOW + timedelta(days=days), NOW) == expected


def test_days_follow_the_readers_time_zone(say: Say) -> None:
    late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    assert say("en", rendering.day, late, NOW) == "today"
    assert say("en", rendering.day, late, NOW, zone="Europe/Copenhagen") == "tomorrow"
    assert say("en", rendering.day, late, NOW, zone="Nowhere/At_All") == "today"


def test_what_is_known_is_a_range_and_never_a_single_figure(say: Say) -> None:
    assert say("en", rendering.likely, Mastery("s", 0.65, 0.55, 0.75, 6)) == "likely 55–75\u00a0%"
    assert say("de", rendering.likely, Mastery("s", 0.65, 0.55, 0.75, 6)) == "wahrscheinlich 55–75\u00a0%"


def test_a_range_that_rules_out_next_to_nothing_says_so(say: Say) -> None:
    assert say("en", rendering.likely, Mastery("s", 0.5, 0.05, 0.95)) == "not yet known"


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("da-DK", "da_DK"),
        ("de_AT", "de_AT"),
        ("en", "en_GB"),
        ("en-US", "en_US"),
        ("nb", "en_GB"),
        ("%%", "en_GB"),
        ("", "en_GB"),
        ("de-Latn-XX", "de"),
    ],
)
def test_any_launch_locale_leads_to_a_language_we_write(tag: str, expected: str) -> None:
    assert str(rendering.formatting_locale(tag)) == expected


def test_sources_are_listed_in_words(say: Say) -> None:
    said = say("da", rendering.uses, frozenset({"catalogue", "page", "unheard-of"}))
    assert said == "hvad du sagde og gjorde på disse sider og kursets eget katalog"
