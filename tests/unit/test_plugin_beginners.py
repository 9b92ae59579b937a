"""The beginners' start: something sensible with no history, and silence later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from stifinder import Activity, Candidate, Catalogue, Event, EventKind, Level, Profile, Skill, SkillLevel
from stifinder.lab import histories
from stifinder.plugins import beginners

START = datetime(2026, 3, 1, 9, tzinfo=UTC)


def activity(n: int, skill: str, text: str = "", before: tuple[int, ...] = ()) -> Activity:
    return Activity(
        f"activity-{n}",
        "tenant-1",
        str(n),
        f"Part {n}",
        text,
        skills=(SkillLevel(skill, Level.BEGINNER),),
        prerequisites=tuple(f"activity-{m}" for m in before),
        position=n,
    )


COURSE = (
    activity(0, "skill-a"),
    activity(1, "skill-a", before=(0,)),
    activity(2, "skill-b", "How a nurse documents a visit"),
    activity(3, "skill-c"),
)
CATALOGUE = Catalogue(
    "tenant-1",
    "v1",
    COURSE,
    {f"skill-{n}": Skill(f"skill-{n}", "tenant-1", f"Skill {n.upper()}") for n in "abc"},
)


def votes(history: tuple[Event, ...] = (), made: Catalogue = CATALOGUE, **known: Any) -> list[Candidate]:
    return list(beginners.candidates(histories.situation(made, "learner-1", history, **known)))


def completed(n: int) -> Event:
    at = START + timedelta(minutes=n)
    return Event(f"event-{n}", "tenant-1", "learner-1", EventKind.COMPLETED, at, activity_id=f"activity-{n}")


def test_the_opening_of_the_course_comes_first_and_says_so() -> None:
    found = votes()
    assert [vote.activity_id for vote in found] == ["activity-0", "activity-2", "activity-3"]
    assert found[0].reasons[0].text == "Because it opens this course and needs nothing before it."
    assert found[0].reasons[0].uses == {"catalogue"}


def test_a_goal_and_a_role_word_move_activities_up() -> None:
    goal = next(
        vote for vote in votes(profile=Profile(goals=("skill-c",))) if vote.activity_id == "activity-3"
    )
    plain = next(vote for vote in votes() if vote.activity_id == "activity-3")
    assert goal.score > plain.score
    assert goal.reasons[0].values == {"skill": "skill-c"}
    role = next(v for v in votes(profile=Profile(role="District nurse")) if v.activity_id == "activity-2")
    assert role.reasons[0].values == {"word": "nurse"}
    assert role.reasons[0].uses == {"catalogue", "page"}


def test_what_somebody_says_they_know_is_put_back_and_what_is_new_brought_up() -> None:
    knows = {vote.activity_id: vote.score for vote in votes(profile=Profile(stated_levels={"skill-a": 1.0}))}
    assert knows["activity-0"] < knows["activity-2"]
    new = votes(profile=Profile(stated_levels={"skill-b": 0.0}))
    (said,) = [vote for vote in new if vote.activity_id == "activity-2"]
    assert said.reasons[0].text == "Because you said %(skill)s is new to you, and it starts there."


def test_what_comes_next_after_the_first_steps() -> None:
    found = votes((completed(0),))
    assert found[0].activity_id == "activity-1"
    assert found[0].reasons[0].text == "Because it comes next in this course."


def test_it_fades_with_history_and_falls_silent() -> None:
    made = Catalogue("tenant-1", "v2", tuple(activity(n, "skill-a") for n in range(20)))
    loudest = [
        max((v.score for v in votes(tuple(map(completed, range(n))), made)), default=0.0) for n in range(11)
    ]
    assert loudest == sorted(loudest, reverse=True)
    assert loudest[0] > 0
    assert loudest[10] == 0


def test_three_short_questions_when_nothing_is_known() -> None:
    asked = beginners.opening_questions(histories.situation(CATALOGUE))
    assert [question.key for question in asked] == ["goal", "level:skill-a", "role"]
    assert asked[0].choices[0] == ("skill-a", "Skill A")
    assert [value for value, _ in asked[1].choices] == ["0", "0.33", "0.66", "1"]


def test_no_questions_once_something_is_known() -> None:
    for known in (
        {"profile": Profile(goals=("skill-a",))},
        {"profile": Profile(stated_levels={"skill-a": 0.5})},
    ):
        assert not beginners.opening_questions(histories.situation(CATALOGUE, **known))
    assert not beginners.opening_questions(histories.situation(CATALOGUE, "learner-1", [completed(0)]))


def test_a_course_without_skills_still_opens() -> None:
    bare = Catalogue("tenant-1", "v3", (Activity("activity-0", "tenant-1", "0", "Part 0"),))
    assert [vote.activity_id for vote in votes(made=bare)] == ["activity-0"]
    assert [question.key for question in beginners.opening_questions(histories.situation(bare))] == ["role"]
