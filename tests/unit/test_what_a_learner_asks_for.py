"""Level, goal, depth, minutes, format, deadline, role: each alone changes what comes up, and it is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from stifinder import Activity, Catalogue, Depth, Level, Profile, Situation, SkillLevel
from stifinder.core import constraints
from stifinder.core.proposals import SkipReason
from stifinder.lab import histories
from stifinder.plugins import content

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


def activity(name: str, skill: str = "skill-x", level: Level = Level.BEGINNER, **values: Any) -> Activity:
    filled = {"title": name, "language": "en", "minutes": 15, "skills": (SkillLevel(skill, level),), **values}
    return Activity(name, "tenant-1", name, **filled)


def asked(*activities: Activity, minutes: int = 60, **said: Any) -> tuple[list[str], dict[str, list[str]]]:
    """Activities in the order of their scores, and what is said of each."""
    situation = wondering(*activities, minutes=minutes, **said)
    votes = sorted(content.candidates(situation), key=lambda c: -c.score)
    texts = {c.activity_id: [_said(r) for r in c.reasons] for c in votes}
    return [c.activity_id for c in votes], texts


def _said(reason: Any) -> str:
    many = reason.plural and reason.count != 1
    return str((reason.plural if many else reason.text) % reason.values)


def wondering(*activities: Activity, minutes: int = 60, **said: Any) -> Situation:
    made = Catalogue("tenant-1", repr(activities), activities)
    return histories.situation(made, minutes=minutes, profile=Profile(**said), now=NOW)


SHORT = activity("short", minutes=10)
LONG = activity("long", minutes=60, level=Level.ADVANCED, difficulty=0.3)
SHORT_ALIKE = replace(SHORT, difficulty=0.3)


def test_depth_to_use_it_soon_brings_up_the_short_and_to_understand_it_the_long() -> None:
    soon, said_soon = asked(SHORT_ALIKE, LONG, depth=Depth.USE)
    deep, said_deep = asked(SHORT_ALIKE, LONG, depth=Depth.UNDERSTAND)
    assert soon[0] == "short"
    assert deep[0] == "long"
    assert "Because you want to work with it soon, and it takes 10 minutes." in said_soon["short"]
    assert (
        "Because you want to understand it thoroughly, and it goes beyond the beginnings."
        in said_deep["long"]
    )


def test_a_goal_comes_up_and_is_named() -> None:
    a, b = activity("a", "skill-a"), activity("b", "skill-b")
    assert asked(a, b, goals=("skill-a",))[0][0] == "a"
    order, said = asked(a, b, goals=("skill-b",))
    assert order[0] == "b"
    assert said["b"][0] == "Because it teaches skill-b, one of your goals."


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 3, 8), "Because it teaches skill-b, which you want to have reached in 7 days."),
        (date(2026, 3, 2), "Because it teaches skill-b, which you want to have reached by tomorrow."),
        (date(2026, 3, 1), "Because it teaches skill-b, which you want to have reached today."),
        (date(2026, 2, 1), "Because it teaches skill-b, one of your goals."),
        (date(2026, 9, 1), "Because it teaches skill-b, one of your goals."),
    ],
)
def test_a_deadline_presses_the_more_the_nearer_and_is_named(day: date, expected: str) -> None:
    said = asked(activity("b", "skill-b"), goals=("skill-b",), deadline=day)[1]
    assert said["b"][0] == expected


def test_near_its_deadline_a_goal_passes_what_fits_better_otherwise() -> None:
    goal, other = (
        activity("goal", "skill-goal", difficulty=0.75),
        activity("other", "skill-b", difficulty=0.3),
    )
    easy = wondering(goal, other, goals=("skill-goal",))

    def lead(situation: Situation) -> float:
        scores = {c.activity_id: c.score for c in content.candidates(situation)}
        return scores["goal"] - scores["other"]

    pressed = wondering(goal, other, goals=("skill-goal",), deadline=date(2026, 3, 4))
    assert lead(pressed) > lead(easy)


def test_a_level_said_puts_the_beginnings_back_and_says_what_goes_further() -> None:
    start = activity("start", difficulty=0.3)
    further = activity("further", level=Level.INTERMEDIATE, difficulty=0.3)
    assert asked(start, further)[0] == ["start", "further"]
    order, said = asked(start, further, stated_levels={"skill-x": 0.75})
    assert order == ["further", "start"]
    assert "Because you said that you know skill-x, and it goes further." in said["further"]


def test_a_role_brings_up_what_its_words_are_about() -> None:
    library = activity("library", text="Librarians keep a library catalogue of books, and clean it.")
    ecology = activity("ecology", text="Ecologists count animals on plots in the field, and clean that.")
    order, said = asked(ecology, library, role="Work in a library, with its catalogue of books")
    assert order[0] == "library"
    assert "Because it mentions “catalogue”, which you named in your role." in said["library"]
    assert asked(ecology, library, role="Ecologist, counting animals in the field")[0][0] == "ecology"


def test_a_format_said_comes_up_and_is_named() -> None:
    read, seen = activity("read", media_type="text"), activity("seen", media_type="video")
    order, said = asked(read, seen, media=("video",))
    assert order[0] == "seen"
    assert "Because it is of a format that you said you like." in said["seen"]
    assert asked(read, seen, media=("text",))[0][0] == "read"


def test_minutes_at_hand_are_a_limit_and_what_is_too_long_is_counted() -> None:
    for minutes, kept in ((20, {"short"}), (60, {"short", "long"})):
        allowed = constraints.allow(wondering(SHORT, LONG, minutes=minutes), dismissed={}, banned=())
        assert {a.id for a in allowed.activities} == kept
        assert {s.activity_id for s in allowed.skipped if s.reason is SkipReason.TIME} == {
            "short",
            "long",
        } - kept


def test_what_was_not_said_changes_nothing() -> None:
    same = [activity("a", "skill-a"), activity("b", "skill-b", media_type="video")]
    scores = [c.score for c in content.candidates(wondering(*same))]
    assert scores[0] == scores[1]
