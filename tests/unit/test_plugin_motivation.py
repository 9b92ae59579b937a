"""The motivation strategy: a challenge at the edge of ability, and awards without guilt."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from stifinder import (
    Activity,
    Catalogue,
    Challenge,
    Event,
    EventKind,
    Mastery,
    Motivation,
    Profile,
    SkillLevel,
)
from stifinder.lab import histories
from stifinder.plugins import motivation

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
MEDIUM = {"skill-a": Mastery("skill-a", 0.6, 0.45, 0.75, 8)}


def activity(name: str, difficulty: float, **values: Any) -> Activity:
    filled = {"minutes": 10, "skills": (SkillLevel("skill-a"),), "difficulty": difficulty, **values}
    return Activity(f"activity-{name}", "tenant-1", name, name, **filled)


CATALOGUE = Catalogue(
    "tenant-1", "v1", tuple(activity(n, d) for n, d in (("x", 0.1), ("y", 0.4), ("z", 0.9)))
)


def went(name: str, number: int, score: float) -> Event:
    at = START + timedelta(minutes=number)
    return Event(
        f"event-{number}",
        "tenant-1",
        "learner-1",
        EventKind.SCORED,
        at,
        activity_id=f"activity-{name}",
        skills=("skill-a",),
        score=score,
    )


def challenge(history: tuple[Event, ...] = (), made: Catalogue = CATALOGUE, **known: Any) -> Challenge | None:
    situation = histories.situation(made, "learner-1", history, **{"mastery": MEDIUM, **known})
    described = motivation.describe_motivation(situation) or Motivation()
    return motivation.next_challenge(situation, described)


def test_the_challenge_is_the_undone_activity_nearest_the_edge() -> None:
    found = challenge()
    assert found is not None
    assert found.activity_id == "activity-y"
    assert found.expected == pytest.approx(0.69, abs=0.01)
    after = challenge((went("y", 0, 0.9),))
    assert after is not None
    assert after.activity_id != "activity-y"


def test_prerequisites_and_minutes_are_respected() -> None:
    made = Catalogue(
        "tenant-1",
        "v2",
        (
            activity("x", 0.4, minutes=90),
            activity("y", 0.4, prerequisites=("activity-x",)),
            activity("z", 0.9),
        ),
    )
    found = challenge(made=made)
    assert found is not None
    assert found.activity_id == "activity-z"


def test_after_hard_ones_the_step_is_smaller_and_says_so() -> None:
    found = challenge(tuple(went("z", n, 0.2) for n in range(4)))
    assert found is not None
    assert found.activity_id == "activity-x"
    assert found.reason.text == motivation.SMALLER
    assert found.reason.evidence == ("event-3", "event-2", "event-1", "event-0")


@pytest.mark.parametrize(("solo", "team"), [(True, False), (False, True), (None, False)])
def test_alone_or_in_a_team_as_the_learner_said(solo: bool | None, team: bool) -> None:
    found = challenge(profile=Profile(solo=solo))
    assert found is not None
    assert found.team is team


def test_where_nothing_is_known_there_is_no_challenge() -> None:
    assert challenge(mastery={}) is None
    assert motivation.describe_motivation(histories.situation(CATALOGUE)) is None


def test_the_first_skill_likely_known_is_awarded_and_an_unsure_one_is_not() -> None:
    sure = {"skill-a": Mastery("skill-a", 0.85, 0.7, 0.93, 9)}
    (given,) = motivation.award(histories.situation(CATALOGUE, mastery=sure))
    assert (given.key, given.skill_id) == ("first-skill-known", "skill-a")
    said = {"skill-a": Mastery("skill-a", 0.95, 0.9, 0.99, 0)}
    assert motivation.award(histories.situation(CATALOGUE, mastery=said)) == []
    assert motivation.award(histories.situation(CATALOGUE, mastery=MEDIUM)) == []


def test_coming_back_to_what_went_wrong_is_awarded() -> None:
    history = (went("y", 0, 0.2), went("y", 5, 0.9))
    (given,) = motivation.award(histories.situation(CATALOGUE, "learner-1", history))
    assert given.key == "came-back"
    assert given.reason.values == {"activity": "activity-y"}
    assert given.reason.evidence == ("event-5", "event-0")
    assert motivation.award(histories.situation(CATALOGUE, "learner-1", (went("y", 0, 0.9),))) == []


def test_no_sentence_speaks_of_streaks_ranks_or_blame() -> None:
    sentences = [value for value in vars(motivation).values() if isinstance(value, str)]
    assert not re.search(r"streak|rank|lazy|behind|better than|worse|!", " ".join(sentences).split('"""')[0])
