"""The risk of stopping: learned from groups, forgotten exactly, blind to who somebody is."""

from __future__ import annotations

import dataclasses
import threading
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from stifinder import Activity, Catalogue, Context, Event, EventKind, Learner, Situation
from stifinder.lab import histories, laws
from stifinder.plugins import persistence
from stifinder.plugins.persistence import hazard, runs

BEGAN = datetime(2026, 1, 5, tzinfo=UTC)
WEEKS = 10


def did(learner: str, week: int, course: str = "c", score: float = 0.8) -> Event:
    at = BEGAN + timedelta(weeks=week, days=2)
    name = f"{course}-{week}"
    return Event(
        f"{learner}-{name}",
        "t",
        learner,
        EventKind.SCORED,
        at,
        activity_id=name,
        context_id=course,
        score=score,
    )


def group(course: str, people: int, stoppers: int, until: int = WEEKS) -> list[Event]:
    """One activity a week; who stops does so after week 3, with low results before."""
    made = []
    for n in range(people):
        stops = n < stoppers
        last = min(3, until) if stops else until
        made += [did(f"{course}-{n}", week, course, 0.3 if stops else 0.8) for week in range(last)]
    return made


def state_of(events: list[Event]) -> runs.Runs:
    model, state = persistence.RunsModel(), runs.Runs()
    for event in events:
        state = model.fold(state, event)
    return state


def ask(state: runs.Runs, learner: str, week: int, course: str = "now") -> persistence.Risk | None:
    activities = tuple(
        Activity(f"{course}-{n}", "t", f"{n}", f"{n}", context_ids=(course,)) for n in range(WEEKS)
    )
    return persistence.stopping_risk(
        Situation(
            now=BEGAN + timedelta(weeks=week),
            seed=1,
            minutes=20,
            learner=Learner(learner, "t"),
            context=Context(course, "t", course),
            catalogue=Catalogue("t", "1", activities),
            pool=tuple(a.id for a in activities),
            models={"persistence": state},
        )
    )


@pytest.fixture(scope="module")
def taught() -> runs.Runs:
    state = state_of(group("earlier", 80, 20) + group("now", 40, 10, until=4))
    hazard.prepare(state, persistence.USUAL.ridge)
    return state


def test_who_does_as_those_did_who_stopped_has_the_higher_risk_and_is_told_why(taught: runs.Runs) -> None:
    like_stoppers, others = ask(taught, "now-0", 5), ask(taught, "now-39", 5)
    assert like_stoppers is not None
    assert others is not None
    assert like_stoppers.probability > 0.5 > 0.1 > others.probability
    assert others.probability < others.usual < like_stoppers.probability
    assert like_stoppers.reason is not None
    assert others.reason is None


def test_nothing_is_said_of_a_small_group_or_while_little_is_known(taught: runs.Runs) -> None:
    small = state_of(group("now", 10, 2, until=4))
    assert ask(small, "now-0", 5) is None
    few = state_of(group("earlier", 30, 1) + group("now", 40, 10, until=4))
    assert hazard.fit(few, 10.0) is None


def test_after_forgetting_the_answer_is_the_one_that_never_saw_the_person() -> None:
    everybody = group("earlier", 80, 20) + group("now", 40, 10, until=4)
    model = persistence.RunsModel()
    forgotten = model.subtract(state_of(everybody), "earlier-0")
    assert forgotten.fit is None
    never = state_of([e for e in everybody if e.learner_id != "earlier-0"])
    assert forgotten == never
    one, other = hazard.fit(forgotten, 10.0), hazard.fit(never, 10.0)
    assert one is not None
    assert other is not None
    assert np.array_equal(one.weights, other.weights)


def test_a_fit_that_began_before_somebody_was_forgotten_is_never_used(
    taught: runs.Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = state_of(group("earlier", 80, 20))
    fit = hazard.fit

    def forgetting_meanwhile(state: runs.Runs, ridge: float) -> hazard.Fit | None:
        made = fit(state, ridge)
        state.forget("earlier-0")
        return made

    monkeypatch.setattr(hazard, "fit", forgetting_meanwhile)
    hazard.prepare(state, 10.0)
    assert state.fit is None


def test_the_model_keeps_the_laws() -> None:
    laws.check_all(persistence.RunsModel(), list(histories.world(learners=6).events()))


def test_the_regression_is_scikit_learns_with_the_same_ridge() -> None:
    rng = np.random.default_rng(1)
    cells = np.column_stack([rng.integers(0, size, 400) for size in runs.SIZES]).astype(np.int8)
    stopped = (rng.random(400) < 0.2 + 0.1 * cells[:, 1]).astype(float)
    design = np.zeros((400, 1 + sum(runs.SIZES)))
    np.put_along_axis(design, hazard.columns(cells), 1.0, axis=1)
    theirs = LogisticRegression(C=1 / 10.0, tol=1e-10, max_iter=5000).fit(design[:, 1:], stopped)
    ours = hazard.regression(cells, stopped, 10.0)
    assert ours[1:] == pytest.approx(theirs.coef_[0], abs=2e-3)
    assert ours[0] == pytest.approx(theirs.intercept_[0], abs=5e-3)


def test_events_carry_nothing_that_tells_who_somebody_is() -> None:
    """The model sees events only; were one to say gender or age, this reminds to keep it out."""
    told = {field.name for field in dataclasses.fields(Event)}
    assert told.isdisjoint({"gender", "age", "age_band", "region", "disability", "imd_band", "education"})


def test_somebody_who_does_not_count_for_others_is_compared_all_the_same(taught: runs.Runs) -> None:
    alone = tuple(reversed([did("learner-1", week, "now", 0.3) for week in range(2)]))
    asked = ask(taught, "learner-1", 5)
    assert asked is None
    found = persistence.stopping_risk(
        Situation(
            now=BEGAN + timedelta(weeks=5),
            seed=1,
            minutes=20,
            learner=Learner("learner-1", "t"),
            context=Context("now", "t", "now"),
            catalogue=Catalogue("t", "1"),
            pool=(),
            history=alone,
            models={"persistence": taught},
        )
    )
    assert found is not None
    assert found.probability > found.usual
    assert "learner-1" not in taught.learners


def test_no_background_work_is_left_when_nothing_changed(taught: runs.Runs) -> None:
    ask(taught, "now-0", 5)
    assert not any(thread.name == hazard.THREAD and thread.is_alive() for thread in threading.enumerate())
