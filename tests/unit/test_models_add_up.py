"""Every learned model of every shipped plugin keeps the laws of models that add up, on any history."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime, timedelta
from importlib.metadata import entry_points
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stifinder import Event, EventKind, LearnedModel, Source
from stifinder.core.blend import BlendModel
from stifinder.lab import histories, laws

START = datetime(2026, 3, 1, tzinfo=UTC)
SHIPPED = sorted(e.value for e in entry_points(group="stifinder.plugins") if e.value.startswith("stifinder."))


def shipped_models() -> list[LearnedModel]:
    found: list[LearnedModel] = []
    for name in SHIPPED:
        plugin: Any = importlib.import_module(name)
        if hasattr(plugin, "learned_models"):
            found.extend(plugin.learned_models())
    return found


MODELS = [BlendModel(), *shipped_models()]
MOMENTS = st.one_of(
    st.integers(0, 3),  # ties
    st.integers(0, 3 * 86400),
    st.integers(0, 400 * 86400),
)
EVENTS = st.builds(
    Event,
    id=st.uuids().map(str),
    tenant_id=st.just("tenant-1"),
    learner_id=st.sampled_from(["learner-a", "learner-b", "learner-c"]),
    kind=st.sampled_from(EventKind),
    at=MOMENTS.map(lambda second: START + timedelta(seconds=second)),
    source=st.sampled_from(Source),
    activity_id=st.sampled_from(["", "activity-a", "activity-b", "activity-c", "activity-d", "activity-e"]),
    skills=st.lists(st.sampled_from(["skill-a", "skill-b", "skill-c"]), max_size=2).map(tuple),
    success=st.none() | st.booleans(),
    score=st.none() | st.floats(0, 1),
    votes=st.dictionaries(st.sampled_from(["strategy-a", "strategy-b"]), st.floats(0, 1)),
)
HISTORIES = st.lists(EVENTS, max_size=30)


def test_every_shipped_model_is_found() -> None:
    assert {"blend", "collaborative", "mastery", "skill-norms", "spacing"} <= {model.name for model in MODELS}
    assert all(isinstance(model, LearnedModel) for model in MODELS)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
@settings(max_examples=30, deadline=None)
@given(events=HISTORIES, seed=st.integers(0, 99))
def test_a_model_adds_up(model: LearnedModel, events: list[Event], seed: int) -> None:
    laws.check_all(model, events, seed=seed)


@settings(max_examples=30, deadline=None)
@given(events=HISTORIES, seed=st.integers(0, 99))
def test_the_collaborative_model_adds_up_when_a_learner_has_more_activities_than_are_paired(
    events: list[Event], seed: int
) -> None:
    steps = importlib.import_module("stifinder.plugins.collaborative.steps")
    paths = importlib.import_module("stifinder.plugins.paths")
    model = next(m for m in MODELS if m.name == "collaborative")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "LATEST", 2)
        patch.setattr(paths, "LATEST", 2)
        laws.check_all(model, events, seed=seed)


def test_a_simulated_history_is_the_same_each_time_and_keeps_the_laws() -> None:
    made = histories.world(learners=8, activities=30, per_learner=10, seed=4)
    events = list(made.events())
    assert events == list(histories.world(learners=8, activities=30, per_learner=10, seed=4).events())
    assert events != list(histories.world(learners=8, activities=30, per_learner=10, seed=5).events())
    assert [event.at for event in events] == sorted(event.at for event in events)
    for model in MODELS:
        laws.check_all(model, events)


class Forgetful:
    """A model that keeps a person's count in the total after subtraction."""

    name, version, purpose = "forgetful", 1, None

    def empty(self) -> dict[str, int]:
        return {"total": 0}

    def fold(self, state: dict[str, int], event: Event) -> dict[str, int]:
        state["total"] += 1
        state[event.learner_id] = state.get(event.learner_id, 0) + 1
        return state

    def merge(self, state: dict[str, int], other: dict[str, int]) -> dict[str, int]:
        return {key: state.get(key, 0) + other.get(key, 0) for key in state | other}

    def subtract(self, state: dict[str, int], learner_id: str) -> dict[str, int]:
        state.pop(learner_id, None)
        return state

    def dump(self, state: dict[str, int]) -> bytes:
        return repr(state).encode()

    def load(self, data: bytes) -> dict[str, int]:
        raise ValueError(data)


def test_the_laws_name_the_one_that_was_broken() -> None:
    event = Event("event-1", "tenant-1", "learner-a", EventKind.COMPLETED, START)
    with pytest.raises(AssertionError, match="'forgetful' breaks the law: subtracting 'learner-a'"):
        laws.check_subtract(Forgetful(), [event])  # type: ignore[arg-type]
