"""The collaborative strategy: what follows from others' steps, and what never may."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from stifinder import Activity, Candidate, Catalogue, Event, EventKind, Level, Profile, Situation, SkillLevel
from stifinder.lab import histories, laws
from stifinder.plugins import collaborative
from stifinder.plugins.collaborative import (
    DID_WELL,
    GOES_WITH,
    WENT_ON,
    CollaborativeModel,
    ease,
    next_step,
    solved,
)
from stifinder.plugins.collaborative.steps import Steps

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
NAMES = "abcdef"
CATALOGUE = Catalogue(
    "tenant-1", "v1", tuple(Activity(f"activity-{n}", "tenant-1", n, f"Part {n}") for n in NAMES)
)


def did(
    learner: str, name: str, day: int, score: float | None = None, kind: EventKind = EventKind.COMPLETED
) -> Event:
    at = START + timedelta(days=day)
    return Event(
        f"{learner}-{name}-{day}", "tenant-1", learner, kind, at, activity_id=f"activity-{name}", score=score
    )


def others(number: int, path: Iterable[tuple[str, float | None]]) -> list[Event]:
    return [
        did(f"learner-{n}", name, day, score)
        for n in range(10, 10 + number)
        for day, (name, score) in enumerate(path)
    ]


def asked(events: list[Event], mine: list[Event]) -> Situation:
    state = laws.fold_all(CollaborativeModel(), [*events, *mine])
    return histories.situation(CATALOGUE, "learner-1", mine, models={"collaborative": state})


def voted(situation: Situation) -> list[Candidate]:
    return [vote for vote in collaborative.candidates(situation) if not vote.abstains]


def test_what_others_did_well_next_is_suggested_with_their_number() -> None:
    crowd = others(6, [("a", 0.9), ("b", 0.9)])
    crowd += [did("learner-30", "a", 0, 0.9), did("learner-30", "b", 1, 0.2)]
    votes = voted(asked(crowd, [did("learner-1", "a", 0, 0.9)]))
    assert [vote.activity_id for vote in votes] == ["activity-b"]
    assert 0 < votes[0].score <= 1
    (reason,) = votes[0].reasons
    assert reason.text == DID_WELL
    assert reason.values == {"good": 6, "total": 7, "activity_before": "activity-a"}
    assert reason.uses == {"group", "statements"}


def test_results_weigh_more_than_attendance() -> None:
    crowd = others(6, [("a", 0.9), ("b", 0.1)])
    crowd += [e for n in range(6) for e in (did(f"well-{n}", "a", 0, 0.9), did(f"well-{n}", "c", 1, 0.9))]
    votes = collaborative.candidates(asked(crowd, [did("learner-1", "a", 0, 0.9)]))
    assert next(iter(votes)).activity_id == "activity-c"


def test_a_bare_completion_counts_as_going_on_but_not_as_doing_well() -> None:
    votes = voted(asked(others(6, [("a", None), ("b", None)]), [did("learner-1", "a", 0)]))
    assert [vote.reasons[0].text for vote in votes] == [WENT_ON]
    # A day apart counts almost fully, and never for more people than there are.
    assert votes[0].reasons[0].values == {"total": 5, "activity_before": "activity-a"}


def test_fewer_than_five_people_are_never_pointed_at() -> None:
    few = others(4, [("a", 0.9), ("b", 0.9)])
    assert not collaborative.candidates(asked(few, [did("learner-1", "a", 0, 0.9)]))
    elsewhere = [did(f"far-{n}", "d", n, 0.9) for n in range(20)]
    assert not collaborative.candidates(asked(few + elsewhere, [did("learner-1", "a", 0, 0.9)]))


def test_without_history_or_model_it_is_silent() -> None:
    crowd = others(8, [("a", 0.9), ("b", 0.9)])
    assert not collaborative.candidates(asked(crowd, []))
    mine = [did("learner-1", "a", 0, 0.9)]
    assert not collaborative.candidates(histories.situation(CATALOGUE, "learner-1", mine))


def test_viewing_and_starting_are_not_doing() -> None:
    state = laws.fold_all(
        CollaborativeModel(),
        [
            did("learner-1", "a", 0, kind=kind)
            for kind in (EventKind.VIEWED, EventKind.STARTED, EventKind.RATED)
        ],
    )
    assert state == Steps()


def test_only_the_pool_is_voted_for_and_nothing_done_already() -> None:
    crowd = others(8, [("a", 0.9), ("b", 0.9), ("c", 0.9)])
    situation = asked(crowd, [did("learner-1", "a", 0, 0.9)])
    narrow = histories.situation(
        CATALOGUE, "learner-1", situation.history, models=situation.models, pool=("activity-a", "activity-c")
    )
    assert [vote.activity_id for vote in collaborative.candidates(narrow)] == ["activity-c"]


def test_the_regression_is_the_least_squares_answer_without_self_weights() -> None:
    chance = np.random.default_rng(3)
    people = (chance.random((40, 6)) < 0.4).astype(float)
    gram, strength = people.T @ people, 2.0
    found = ease.weights(gram.copy(), strength)
    assert np.allclose(np.diag(found), 0)
    # Of |X - XB|^2 + strength |B|^2 with a zero diagonal the gradient vanishes off the diagonal.
    gradient = gram @ found - gram + strength * found
    assert np.allclose(gradient - np.diag(np.diag(gradient)), 0, atol=1e-9)


def test_a_regularisation_too_small_for_rounded_sums_is_raised() -> None:
    state = Steps()
    for name in NAMES:
        state.row(name)
    state.near[:6, :6] = 64  # an impossible sum, as if rounding had gone far too far
    state.near[:6, :6][np.diag_indices(6)] = 0
    assert np.isfinite(ease.solve(state.near[:6, :6], 0.5)).all()


def test_the_regression_finds_what_goes_together_when_results_are_unknown() -> None:
    crowd = others(9, [("a", None), ("b", None)])
    crowd += [e for n in range(9) for e in (did(f"else-{n}", "c", 0), did(f"else-{n}", "d", 1))]
    situation = asked(crowd, [did("learner-1", "a", 0)])
    assert [vote.activity_id for vote in voted(situation)] == ["activity-b"]


def test_it_abstains_on_what_fewer_than_five_people_did() -> None:
    crowd = others(6, [("a", 0.9), ("b", 0.9)]) + others(4, [("a", 0.9), ("c", 0.9)])[::2]
    votes = collaborative.candidates(asked(crowd, [did("learner-1", "a", 0, 0.9)]))
    assert {vote.activity_id for vote in votes if vote.abstains} == {
        "activity-c",
        "activity-d",
        "activity-e",
        "activity-f",
    }


def test_after_forgetting_no_solution_with_the_person_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solved, "SMALL", 0)  # every state counts as large: solved in the background
    state = laws.fold_all(CollaborativeModel(), others(8, [("a", 0.9), ("b", 0.9)]))
    solved.prepare(state, 20.0)
    assert solved.current(state, 20.0) is not None
    begun = solved.regression(state, 20.0)  # as a thread does that started before the person was forgotten
    CollaborativeModel().subtract(state, "learner-10")
    assert not solved._keep(state, begun)
    assert state.solution is None


def test_a_large_state_is_solved_once_in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solved, "SMALL", 0)
    threads: list[threading.Thread] = []

    def remembered(**arguments: object) -> threading.Thread:
        threads.append(threading.Thread(**arguments))  # type: ignore[arg-type]
        return threads[-1]

    monkeypatch.setattr(solved, "threading", SimpleNamespace(Thread=remembered))
    state = laws.fold_all(CollaborativeModel(), others(8, [("a", 0.9), ("b", 0.9)]))
    first = solved.current(state, 20.0)
    for thread in threads:
        thread.join(10)
    assert first is None
    assert len(threads) == 1
    solution = solved.current(state, 20.0)
    assert solution is not None
    assert solution.changes == state.changes
    assert len(threads) == 1


def test_a_solution_is_solved_again_only_when_enough_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    model = CollaborativeModel()
    state = laws.fold_all(model, others(8, [("a", 0.9), ("b", 0.9)]))
    first = solved.current(state, 20.0)
    assert solved.current(state, 20.0) is first
    model.fold(state, did("learner-40", "c", 0, 0.9))
    assert solved.current(state, 20.0) is not first


def test_merging_states_that_share_a_learner_is_refused() -> None:
    model = CollaborativeModel()
    one, two = (laws.fold_all(model, [did("learner-1", "a", 0)]) for _ in range(2))
    with pytest.raises(ValueError, match="different learners"):
        model.merge(one, two)


def test_settings_out_of_range_are_refused_by_name() -> None:
    schema = collaborative.settings_schema()()
    assert schema.validate({"regularisation": 0}).keys() == {"regularisation"}
    assert schema.validate({"lambda": 3}).keys() == {"lambda"}
    assert not schema.validate({"regularisation": 5, "results": 0})


def test_the_mix_is_fitted_to_everybodys_latest_activity_and_forgets_people_exactly() -> None:
    made = histories.world(learners=70, activities=40, per_learner=25, seed=3)
    model, events = CollaborativeModel(), list(made.events())
    state = laws.fold_all(model, events)
    solved.prepare(state, 20.0)
    assert not np.allclose(state.solution.mix, next_step.USUAL)
    never = laws.fold_all(model, [e for e in events if e.learner_id != "learner-7"])
    without = model.subtract(state, "learner-7")
    assert without.solution is None
    assert np.allclose(next_step.fit(without, 20.0), next_step.fit(never, 20.0), atol=1e-3)


def test_few_people_leave_the_usual_mix() -> None:
    state = laws.fold_all(CollaborativeModel(), others(8, [("a", 0.9), ("b", 0.9)]))
    assert next_step.fit(state, 20.0) is next_step.USUAL


def test_the_sums_without_the_latest_step_are_those_of_a_day_earlier() -> None:
    made = histories.world(learners=20, activities=30, per_learner=12, seed=5)
    state = laws.fold_all(CollaborativeModel(), made.events())
    earlier = Steps()
    for name, path in state.paths.items():
        known = {state.ids[row] for row in path.columns[0, :-1].tolist()}
        for event in made.events():
            if event.learner_id == name and event.activity_id in known:
                earlier.learn(event)
    found = next_step.without_latest(state, list(state.paths.values()), 20.0)
    names = sorted(earlier.index)
    here, there = ([index[n] for n in names] for index in (state.index, earlier.index))
    assert np.array_equal(found.flow[np.ix_(here, here)], earlier.flow[np.ix_(there, there)])
    assert np.array_equal(found.onto[np.ix_(here, here)], earlier.onto[np.ix_(there, there)])
    assert found.seen[here].tolist() == [earlier.seen[row] for row in there]


def test_the_flow_halves_with_every_place_between() -> None:
    state = laws.fold_all(CollaborativeModel(), others(1, [(name, None) for name in NAMES]))
    a = state.index["activity-a"]
    assert [int(state.flow[state.index[f"activity-{n}"], a]) for n in NAMES] == [0, 64, 32, 16, 8, 4]


def test_a_conditional_logit_finds_the_weights_that_choices_were_made_with() -> None:
    chance = np.random.default_rng(8)
    truth = np.array([1.0, -0.5, 0.8, 0.0, 0.4, -1.0, 0.3])
    table = chance.normal(size=(4000, 12, 7))
    choice = (table @ truth + chance.gumbel(size=(4000, 12))).argmax(axis=1)
    rows = np.arange(4000)
    table[rows, 0], table[rows, choice] = table[rows, choice].copy(), table[rows, 0].copy()
    found = next_step.fitted(table, np.ones((4000, 12), dtype=bool))
    assert np.allclose(found, truth, atol=0.12)


def test_goals_stand_in_for_a_history_and_the_reason_says_so() -> None:
    skills = {n: SkillLevel(f"skill-{n}", Level.BEGINNER) for n in NAMES}
    made = Catalogue(
        "tenant-1",
        "v2",
        tuple(Activity(f"activity-{n}", "tenant-1", n, f"Part {n}", skills=(skills[n],)) for n in NAMES),
    )
    state = laws.fold_all(CollaborativeModel(), others(8, [("a", None), ("b", None)]))
    situation = histories.situation(
        made, "learner-1", (), models={"collaborative": state}, profile=Profile(goals=("skill-a",))
    )
    vote = next(v for v in collaborative.candidates(situation) if v.activity_id == "activity-b")
    assert vote.reasons[0].text == GOES_WITH
    assert vote.reasons[0].uses == {"group", "page"}
