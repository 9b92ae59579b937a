"""A quest of five people, exact forgetting, and every promise of the hooks by the conformance kit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stifinder import Catalogue, Context, Event, EventKind, Learner, Situation
from stifinder_quests import QuestModel, award, page_sections, week

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
MODEL = QuestModel()


def done(who: int, what: int, day: int, kind: EventKind = EventKind.COMPLETED) -> Event:
    at = MONDAY + timedelta(days=day)
    name = f"{who}-{what}-{day}-{kind}"
    return Event(name, "t", f"learner-{who}", kind, at, activity_id=f"a-{what}", context_id="c")


def state(events):
    found = MODEL.empty()
    for event in events:
        found = MODEL.fold(found, event)
    return found


def asked(events: list[Event], who: int = 0, day: int = 1, **settings: object) -> Situation:
    return Situation(
        now=MONDAY + timedelta(days=day),
        seed=0,
        minutes=15,
        learner=Learner(f"learner-{who}", "t"),
        context=Context("c", "t", "A course"),
        catalogue=Catalogue("t", "1"),
        pool=(),
        history=tuple(e for e in reversed(events) if e.learner_id == f"learner-{who}"),
        models={"quests": state(events)},
        settings=settings,
    )


LAST_WEEK = [done(who, 0, -3) for who in range(5)]
events = st.lists(st.builds(done, st.integers(0, 3), st.integers(0, 3), st.integers(-20, 20)), max_size=30)


def test_keeps_its_promises(stifinder_promise):
    stifinder_promise.check()


def test_shows_what_was_done_together_and_the_goal():
    (section,) = page_sections(asked([*LAST_WEEK, done(0, 1, 0), done(1, 1, 0), done(2, 3, 0)]))
    assert section.values == {"done": 3, "goal": 10}


def test_an_organisation_sets_what_is_asked_of_each():
    (section,) = page_sections(asked(LAST_WEEK, each=3))
    assert section.values == {"done": 0, "goal": 15}


def test_four_people_are_too_few_to_count_without_telling_on_them():
    assert page_sections(asked(LAST_WEEK[:4])) == ()


def test_the_same_activity_counts_once_however_it_is_reported():
    (section,) = page_sections(asked([*LAST_WEEK, done(0, 1, 0), done(0, 1, 0, EventKind.PASSED)]))
    assert section.values["done"] == 1


def test_whoever_had_a_part_in_a_goal_reached_is_given_the_award_also_the_week_after():
    reached = [*LAST_WEEK, *(done(who, what, 0) for who in range(1, 5) for what in range(3))]
    assert [a.key for a in award(asked(reached, who=1))] == ["quest-c-2026-W10"]
    assert [a.key for a in award(asked(reached, who=1, day=8))] == ["quest-c-2026-W10"]
    assert award(asked(reached, who=0)) == []
    assert award(asked(reached, who=1, day=15)) == []


def test_a_goal_that_was_not_reached_is_not_spoken_of():
    assert award(asked([*LAST_WEEK, done(0, 1, 0)])) == []


def test_the_week_of_new_year_is_not_cut():
    assert week(datetime(2026, 12, 31, tzinfo=UTC)) == week(datetime(2027, 1, 3, tzinfo=UTC)) == "2026-W53"


@given(events, st.integers(0, 3))
def test_a_forgotten_learner_was_never_there(history, who):
    name = f"learner-{who}"
    others = [e for e in history if e.learner_id != name]
    mine = [e for e in history if e.learner_id == name]
    assert MODEL.subtract(state(history), name) == state(others)
    assert MODEL.merge(state(others), state(mine)) == state(history) == state(history[::-1])
    assert MODEL.load(MODEL.dump(state(history))) == state(history)


@pytest.mark.parametrize("data", [b"", b"5", b"[5]", b"[[1, 2]]", b'[["c", "w", [["l"]]]]'])
def test_what_is_no_state_is_refused(data):
    with pytest.raises(ValueError):  # noqa: PT011  (the law asks for no more)
        MODEL.load(data)
