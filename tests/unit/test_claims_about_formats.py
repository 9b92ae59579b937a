"""What somebody says of formats is a weak prior, weighed against results; the page says what was found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stifinder import (
    Activity,
    Catalogue,
    Event,
    EventKind,
    Mastery,
    PageSection,
    Profile,
    Situation,
    SkillLevel,
)
from stifinder.lab import histories
from stifinder.plugins import content
from stifinder.plugins.content import media

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
NUMBER = 60


def lesson(n: int, medium: str) -> Activity:
    skill = (SkillLevel(f"skill-{medium}-{n}"),)
    return Activity(
        f"{medium}-{n}",
        "t",
        f"{medium}-{n}",
        f"{medium} {n}",
        language="en",
        media_type=medium,
        minutes=10,
        skills=skill,
    )


def quiz(n: int, medium: str) -> Activity:
    return Activity(
        f"quiz-{medium}-{n}",
        "t",
        f"q-{medium}-{n}",
        f"Quiz {n}",
        language="en",
        media_type="quiz",
        minutes=5,
        skills=(SkillLevel(f"skill-{medium}-{n}"),),
        difficulty=0.5,
    )


CATALOGUE = Catalogue(
    "t",
    "formats",
    tuple(make(n, m) for m in ("video", "text") for n in range(NUMBER) for make in (lesson, quiz)),
)
POOL = ("video-50", "text-50")


def learned(medium: str, results: list[float], first: int = 0) -> list[Event]:
    """A lesson of that medium, and a quiz on it some minutes later, for each result."""
    events = []
    for n, score in enumerate(results):
        at = START + timedelta(hours=first + n)
        skills = (f"skill-{medium}-{n}",)
        events += [
            Event(
                f"l-{medium}-{n}",
                "t",
                "learner-1",
                EventKind.COMPLETED,
                at,
                activity_id=f"{medium}-{n}",
                skills=skills,
            ),
            Event(
                f"q-{medium}-{n}",
                "t",
                "learner-1",
                EventKind.SCORED,
                at + timedelta(minutes=20),
                activity_id=f"quiz-{medium}-{n}",
                skills=skills,
                score=score,
            ),
        ]
    return events


def after(video: list[float], text: list[float], *said: str, **known: Mastery) -> Situation:
    history = [*learned("video", video), *learned("text", text, 100)]
    return histories.situation(
        CATALOGUE, history=history, profile=Profile(media=said), mastery=known, pool=POOL
    )


def said_on_the_page(situation: Situation) -> str:
    found: list[PageSection] = list(content.page_sections(situation))
    return found[0].paragraphs[0] % found[0].values if found else ""


def test_a_statement_alone_weighs_what_the_prior_says() -> None:
    known = media.brought(after([], [], "video"))
    assert known == {"video": media.Brought(media.SAID)}
    assert media.factors(known, ["video", "text", "quiz"]) == pytest.approx([1.0, 0.8, 0.8])


def test_without_a_word_and_without_results_no_format_is_better() -> None:
    assert media.factors(media.brought(after([], [])), ["video", "text"]) == [1.0, 1.0]


def test_results_are_weighed_by_shrinkage_and_put_down_to_what_was_learned_by() -> None:
    known = media.brought(after([0.9] * 5, [0.4] * 10, "text"))
    # Expected is 0.5. Video: 5 * 0.4 / (10 + 5). Text: (10 * 0.05 - 10 * 0.1) / (10 + 10).
    assert known["video"].mean == pytest.approx(2 / 15)
    assert known["text"].mean == pytest.approx(-0.025)
    assert "quiz" not in known


def test_results_after_a_format_count_against_what_was_expected_of_this_learner() -> None:
    """The same results say less for a format whose tasks the learner was sure to do."""
    easy = {f"skill-video-{n}": Mastery(f"skill-video-{n}", 0.9, 0.8, 0.95, 5) for n in range(8)}
    known = media.brought(after([0.8] * 8, [0.8] * 8, **easy))
    assert known["video"].mean < 0 < known["text"].mean


@given(st.floats(-0.5, 0.5), st.integers(0, 10_000), st.floats(0, 0.05))
def test_what_is_believed_lies_between_statement_and_results(
    surplus: float, count: int, prior: float
) -> None:
    mean = media.Brought(prior, count, surplus).mean
    assert min(prior, surplus) - 1e-9 <= mean <= max(prior, surplus) + 1e-9


@given(st.floats(-0.5, 0.5))
def test_with_many_results_the_statement_no_longer_matters(surplus: float) -> None:
    said, unsaid = media.Brought(media.SAID, 2000, surplus), media.Brought(0.0, 2000, surplus)
    assert abs(said.mean - unsaid.mean) < 0.001
    assert media.Brought(media.SAID).mean == media.SAID


def test_a_statement_moves_a_format_up_and_says_so_until_results_speak_against_it() -> None:
    def scores(situation: Situation) -> dict[str, float]:
        return {c.activity_id: c.score for c in content.candidates(situation)}

    stated = after([], [], "video")
    before = scores(stated)
    assert before["video-50"] > before["text-50"]
    reasons = {c.activity_id: c.reasons for c in content.candidates(stated)}
    assert "Because it is of a format that you said you like." in [r.text for r in reasons["video-50"]]
    found = after([0.2] * 20, [0.9] * 20, "video")
    now = scores(found)
    assert now["text-50"] > now["video-50"]
    reasons = {c.activity_id: c.reasons for c in content.candidates(found)}
    assert any(r.text == media.FORMAT_FOUND and r.values["results"] == 20 for r in reasons["text-50"])


@pytest.mark.parametrize(
    ("video", "text", "expected"),
    [
        ([0.3] * 9, [0.8] * 12, "So far your results after “text” are better than after “video”"),
        ([0.9] * 9, [0.3] * 12, "your results bear that out"),
        ([0.6] * 20, [0.6] * 20, "hardly differ (20 and 20 results)"),
        ([0.3] * 4, [0.9] * 12, ""),
        ([0.55] * 6, [0.6] * 6, ""),
    ],
)
def test_the_page_says_what_was_found_with_counts_and_nothing_before_there_is_enough(
    video: list[float], text: list[float], expected: str
) -> None:
    said = said_on_the_page(after(video, text, "video"))
    assert expected in said
    assert bool(said) == bool(expected)
    if "better than after “video”" in expected:
        assert "(12 and 9 results)" in said


def test_who_stated_nothing_is_told_nothing() -> None:
    assert said_on_the_page(after([0.3] * 9, [0.8] * 12)) == ""


def test_a_result_long_after_a_lesson_is_not_put_down_to_it() -> None:
    (read, test) = learned("text", [1.0])
    late = Event(
        "late",
        "t",
        "learner-1",
        EventKind.SCORED,
        test.at + timedelta(days=40),
        activity_id=test.activity_id,
        skills=test.skills,
        score=1.0,
    )
    situation = histories.situation(CATALOGUE, history=[read, late])
    assert media.brought(situation) == {}
