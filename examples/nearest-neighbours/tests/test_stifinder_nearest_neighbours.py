"""Who is near by hand, exact forgetting, and every promise of the hooks by the conformance kit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from stifinder import Activity, Catalogue, Context, Event, EventKind, Learner, Situation
from stifinder_nearest_neighbours import GROUP, Neighbours, Table, candidates

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
POOL = ("wood", "metal", "glass", "stone")


def did(learner: str, activity: str, score: float = 1.0) -> Event:
    return Event(
        f"{learner}/{activity}/{score}",
        "t",
        learner,
        EventKind.SCORED,
        NOW,
        activity_id=activity,
        score=score,
    )


def learned(events: Iterable[Event]) -> Table:
    model, state = Neighbours(), Neighbours().empty()
    for event in events:
        state = model.fold(state, event)
    return state


def asked(table: Table, *history: Event, **settings: object) -> Situation:
    activities = tuple(Activity(name, "t", name, name.capitalize()) for name in POOL)
    return Situation(
        now=NOW,
        seed=0,
        minutes=15,
        learner=Learner("learner-0", "t"),
        context=Context("c", "t", "A course"),
        catalogue=Catalogue("t", "1", activities),
        pool=POOL,
        history=history,
        models={Neighbours.name: table},
        settings=settings,
    )


CROWD = [
    *(did(f"learner-{n}", name) for n in range(1, 7) for name in ("wood", "metal")),
    *(did(f"learner-{n}", name) for n in range(7, 14) for name in ("glass", "stone")),
]


def test_keeps_its_promises(stifinder_promise):
    stifinder_promise.check()


def test_it_votes_for_what_people_with_a_like_history_did_and_says_so():
    (vote,) = candidates(asked(learned(CROWD), did("learner-0", "wood")))
    assert vote.activity_id == "metal"
    assert vote.score == pytest.approx(1.0)
    assert vote.reasons[0].text % vote.reasons[0].values == (
        "Because 6 of 6 people with a like history did this."
    )


def test_what_they_did_well_scores_higher():
    crowd = [
        did(f"learner-{n}", *each)
        for n in range(1, 9)
        for each in (("wood",), ("metal", 0.4), ("glass", 0.9))
    ]
    votes = {
        vote.activity_id: vote.score for vote in candidates(asked(learned(crowd), did("learner-0", "wood")))
    }
    assert votes == {"metal": pytest.approx(0.4), "glass": pytest.approx(0.9)}


def test_it_says_nothing_of_a_small_group():
    crowd = [did(f"learner-{n}", name) for n in range(1, GROUP) for name in ("wood", "metal")]
    assert not candidates(asked(learned(crowd), did("learner-0", "wood")))


def test_a_learner_is_not_their_own_neighbour():
    own = [did("learner-0", name) for name in ("wood", "metal")]
    crowd = [did(f"learner-{n}", name) for n in range(1, GROUP) for name in ("wood", "metal", "glass")]
    assert not candidates(asked(learned([*own, *crowd]), *own))


def test_fewer_neighbours_can_be_asked():
    (vote,) = candidates(asked(learned(CROWD), did("learner-0", "wood"), neighbours=5))
    assert vote.reasons[0].values == {"total": 5, "group": 5}


@pytest.mark.parametrize("history", [(), (did("learner-0", "elsewhere"),)])
def test_without_anything_in_common_it_says_nothing(history):
    assert not candidates(asked(learned(CROWD), *history))


def test_an_empty_table_is_no_reason_to_fail():
    assert not candidates(asked(Neighbours().empty(), did("learner-0", "wood")))


def test_the_index_follows_what_is_learned_and_what_is_forgotten():
    model, table = Neighbours(), learned(CROWD)
    question = asked(table, did("learner-0", "wood"))
    before = candidates(question)
    assert table.index() is table.index(), "it is made once for one state"
    for n in range(1, 3):
        model.subtract(table, f"learner-{n}")
    assert not candidates(question), "four are too few to speak of"
    for n in range(1, 3):
        for name in ("wood", "metal"):
            model.fold(table, did(f"learner-{n}", name))
    assert candidates(question) == before


def test_the_laws_of_a_model_that_adds_up_hold():
    laws = pytest.importorskip("stifinder.lab.laws")
    laws.check_all(Neighbours(), [*CROWD, did("learner-1", "glass", 0.0), did("learner-1", "glass", 0.7)])
