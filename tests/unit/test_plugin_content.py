"""The content strategy: what fits by skill, level, text, language, medium and minutes, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from stifinder import Activity, Candidate, Catalogue, Event, EventKind, Level, Mastery, Profile, SkillLevel
from stifinder.lab import histories
from stifinder.plugins import content, indexed, texts

START = datetime(2026, 3, 1, 9, tzinfo=UTC)


def activity(name: str, skill: str = "", level: Level = Level.BEGINNER, **values: Any) -> Activity:
    skills = (SkillLevel(skill, level),) if skill else ()
    filled = {"title": name, "language": "en", "minutes": 10, "skills": skills, **values}
    return Activity(f"activity-{name}", "tenant-1", name, **filled)


def catalogue(*activities: Activity) -> Catalogue:
    return Catalogue("tenant-1", repr(activities), activities)


def event(name: str, number: int, kind: EventKind = EventKind.ANSWERED, **values: Any) -> Event:
    at = START + timedelta(minutes=number)
    return Event(
        f"event-{number}", "tenant-1", "learner-1", kind, at, activity_id=f"activity-{name}", **values
    )


def voted(made: Catalogue, history: tuple[Event, ...] = (), **known: Any) -> dict[str, Candidate]:
    votes = content.candidates(histories.situation(made, "learner-1", history, **known))
    assert all(0 <= vote.score <= 1 and vote.reasons for vote in votes)
    return {vote.activity_id.removeprefix("activity-"): vote for vote in votes}


def first_text(vote: Candidate) -> str:
    reason = vote.reasons[0]
    plural = reason.plural and reason.count != 1
    return (reason.plural if plural else reason.text) % reason.values


def test_missed_questions_bring_up_what_teaches_them_with_counts_and_evidence() -> None:
    made = catalogue(activity("loops", "skill-a"), activity("charts", "skill-b"))
    history = tuple(event("quiz", n, skills=("skill-a",), success=n == 0) for n in range(3))
    votes = voted(made, history)
    assert votes["loops"].score > votes["charts"].score
    assert first_text(votes["loops"]) == "Because you missed 2 of 3 questions on skill-a."
    assert votes["loops"].reasons[0].evidence == ("event-2", "event-1")
    assert "statements" in votes["loops"].reasons[0].uses


def test_one_missed_question_is_said_in_the_singular() -> None:
    votes = voted(catalogue(activity("a", "skill-a")), (event("q", 0, skills=("skill-a",), success=False),))
    assert first_text(votes["a"]) == "Because you missed the question on skill-a."


def test_a_goal_counts_and_is_named() -> None:
    made = catalogue(activity("a", "skill-a"), activity("b", "skill-b"))
    votes = voted(made, profile=Profile(goals=("skill-b",)))
    assert votes["b"].score > votes["a"].score
    assert first_text(votes["b"]) == "Because it teaches skill-b, one of your goals."
    assert "page" in votes["b"].reasons[0].uses


def test_what_builds_on_something_finished_says_so_and_the_finished_is_left_out() -> None:
    made = catalogue(activity("a", "skill-a"), activity("b", "skill-b", prerequisites=("activity-a",)))
    votes = voted(made, (event("a", 0, EventKind.COMPLETED, score=0.9),))
    assert set(votes) == {"b"}
    assert first_text(votes["b"]) == "Because it builds on activity-a, which you finished."


def test_a_failure_brings_up_others_on_the_same_skill_and_is_offered_again() -> None:
    made = catalogue(activity("a", "skill-a"), activity("b", "skill-a"))
    votes = voted(made, (event("a", 0, EventKind.FAILED, skills=("skill-a",)),))
    assert first_text(votes["b"]) == "Because activity-a did not go well yet, and this treats skill-a too."
    assert "a" in votes


def test_a_later_failure_outweighs_an_earlier_completion() -> None:
    made = catalogue(activity("a", "skill-a"))
    history = (event("a", 0, EventKind.COMPLETED), event("a", 1, EventKind.FAILED, skills=("skill-a",)))
    assert set(voted(made, history)) == {"a"}


@pytest.mark.parametrize(("mean", "expected"), [(0.15, "easy"), (0.95, "hard")])
def test_difficulty_follows_what_the_learner_can_do(mean: float, expected: str) -> None:
    made = catalogue(
        activity("easy", "skill-a", difficulty=0.1), activity("hard", "skill-a", difficulty=0.85)
    )
    known = {"skill-a": Mastery("skill-a", mean, mean - 0.05, mean + 0.05, 9)}
    votes = voted(made, mastery=known)
    assert max(votes, key=lambda name: votes[name].score) == expected


def test_what_the_learner_knows_well_is_needed_less() -> None:
    made = catalogue(activity("a", "skill-a"), activity("b", "skill-b"))
    known = {s: Mastery(s, m, m - 0.1, m + 0.1, 9) for s, m in (("skill-a", 0.85), ("skill-b", 0.4))}
    votes = voted(made, mastery=known)
    assert votes["b"].score > votes["a"].score
    assert first_text(votes["b"]) == "Because your 9 results on skill-b leave room to grow."


def test_language_medium_and_minutes_lower_what_does_not_fit() -> None:
    made = catalogue(
        activity("fits", "skill-a"),
        activity("danish", "skill-a", language="da"),
        activity("video", "skill-a", media_type="video"),
        activity("long", "skill-a", minutes=90),
        activity("unsaid", "skill-a", language="", minutes=0),
    )
    votes = voted(made, profile=Profile(media=("text",)), minutes=20)
    assert all(votes["fits"].score > votes[name].score for name in ("danish", "video", "long"))
    assert votes["unsaid"].score == votes["fits"].score


def test_texts_like_what_went_well_are_found_even_inside_compounds() -> None:
    made = catalogue(
        activity("start", title="Regneark og formler"),
        activity("like", title="Regnearksformler i praksis"),
        activity("unlike", title="Brandslukning og sikkerhed"),
    )
    votes = voted(made, (event("start", 0, EventKind.PASSED),))
    assert votes["like"].score > votes["unlike"].score
    assert (
        first_text(votes["like"]) == "Because it is about much the same as activity-start, which went well."
    )


def test_only_the_pool_is_voted_for() -> None:
    made = catalogue(activity("a", "skill-a"), activity("b", "skill-b"))
    assert set(voted(made, pool=("activity-b", "activity-gone"))) == {"b"}


def test_an_empty_catalogue_and_wordless_texts_are_no_trouble() -> None:
    assert voted(catalogue()) == {}
    assert set(voted(catalogue(activity("a", "skill-a", title="…")))) == {"a"}


def test_a_large_catalogue_answers_at_once_and_indexes_its_texts_aside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(indexed, "SMALL", 1)
    made = replace(catalogue(activity("a", "skill-a"), activity("b", "skill-b")), version="large")
    assert set(voted(made)) == {"a", "b"}
    assert indexed.indexed(made).ready.wait(10)
    assert indexed.indexed(made).texts is not None


def test_the_cache_is_bounded_and_follows_the_version() -> None:
    made = catalogue(activity("a", "skill-a"))
    first = indexed.indexed(made)
    assert indexed.indexed(made) is first
    for number in range(indexed.KEPT):
        indexed.indexed(replace(made, version=f"other-{number}"))
    assert indexed.indexed(made) is not first


def test_without_results_the_place_among_the_others_on_the_skill_is_the_reason() -> None:
    made = catalogue(
        *(activity(name, "skill-a") for name in ("first", "second", "third")), activity("alone", "skill-b")
    )
    votes = voted(made)
    assert first_text(votes["first"]) == "Because it is the first of 3 activities here on skill-a."
    assert first_text(votes["second"]) == "Because it teaches skill-a, where you have no results yet."
    assert first_text(votes["alone"]) == (
        "Because nothing else here teaches skill-b, where you have no results yet."
    )


@pytest.mark.parametrize(
    ("followers", "expected"),
    [(1, "Because activity-more-0 builds on it."), (2, "Because 2 activities here build on it.")],
)
def test_what_others_build_on_says_so(followers: int, expected: str) -> None:
    after = (activity(f"more-{n}", "skill-b", prerequisites=("activity-basics",)) for n in range(followers))
    votes = voted(catalogue(activity("basics", "skill-a"), *after))
    assert first_text(votes["basics"]) == expected


def test_what_is_done_already_is_no_reason_to_do_what_it_builds_on() -> None:
    made = catalogue(
        activity("basics", "skill-a"), activity("more", "skill-b", prerequisites=("activity-basics",))
    )
    votes = voted(made, (event("more", 0, EventKind.COMPLETED, score=0.9),))
    assert "builds on" not in first_text(votes["basics"])


def test_many_titles_that_share_no_word_are_no_trouble() -> None:
    made = catalogue(*(activity(f"title{n}x", f"skill-{n}") for n in range(500)))
    found = texts.texts_of(made.activities)
    assert found is not None


def test_where_nothing_tells_many_activities_apart_it_is_silent() -> None:
    made = catalogue(*(activity(f"title{n}x", f"skill-{n}") for n in range(content.VOTES + 1)))
    assert voted(made) == {}
    assert voted(made, profile=Profile(goals=("skill-7",)))
