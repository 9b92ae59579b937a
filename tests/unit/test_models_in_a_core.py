"""Models in a running core: failing half-way, several processes, snapshots that cannot be used."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import pytest
from small_course import COURSE, EVERYTHING, MakeCore, arrival, launch_of
from sqlalchemy import update
from stifinder import Event, EventKind, Manifest, Purpose, hookimpl
from stifinder.core.isolation import FAILURES_TO_OPEN, FIRST_PAUSE, Isolation
from stifinder.core.plugins import Plugins
from stifinder.core.service import Core
from stifinder.core.store import tables, tenants

LONG_AGO = 100.0


class Counting:
    """A model that counts events of each learner and kind; half of it is changed before it may fail."""

    name, version, purpose = "counting", 1, Purpose.SHARED_MODELS

    def __init__(self) -> None:
        self.fails_on: EventKind | None = None
        self.dumps_text = False
        self.folds = 0

    def empty(self) -> dict[str, Counter[str]]:
        return {"learners": Counter(), "kinds": Counter()}

    def fold(self, state: dict[str, Counter[str]], event: Event) -> dict[str, Counter[str]]:
        self.folds += 1
        state["learners"][event.learner_id] += 1
        if event.kind is self.fails_on:
            raise RuntimeError("in the middle of a fold")
        state["kinds"][f"{event.learner_id} {event.kind}"] += 1
        return state

    def merge(self, state: dict[str, Counter[str]], other: dict[str, Counter[str]]) -> Any:
        return {part: state[part] + other[part] for part in state}

    def subtract(self, state: dict[str, Counter[str]], learner_id: str) -> dict[str, Counter[str]]:
        del state["learners"][learner_id]
        for kind in [k for k in state["kinds"] if k.startswith(learner_id)]:
            del state["kinds"][kind]
        return state

    def dump(self, state: dict[str, Counter[str]]) -> Any:
        if self.dumps_text:
            return "a text"
        return msgspec.json.encode(state, order="sorted")

    def load(self, data: bytes) -> dict[str, Counter[str]]:
        return {part: Counter(counts) for part, counts in msgspec.json.decode(data).items()}


class Bringing:
    """A plugin that brings the model."""

    def __init__(self) -> None:
        self.model = Counting()

    @hookimpl
    def manifest(self) -> Manifest:
        return Manifest(purposes=frozenset({Purpose.SHARED_MODELS}))

    @hookimpl
    def learned_models(self) -> list[Counting]:
        return [self.model]


bringing = Bringing()


@pytest.fixture
def ticks() -> list[float]:
    """Monotonic seconds; the last one is now."""
    return [LONG_AGO]


@pytest.fixture
def counting_core(make_core: MakeCore, ticks: list[float], monkeypatch: pytest.MonkeyPatch) -> Core:
    monkeypatch.setattr(bringing, "model", Counting())
    plugins = Plugins(
        load=[f"{__name__}:bringing"], discover=False, isolation=Isolation(clock=lambda: ticks[-1])
    )
    core = make_core(plugins=plugins)
    core.import_catalogue("t", COURSE)
    core.agree(launch_of("person-1"), EVERYTHING)
    return core


def states(core: Core) -> dict[str, bytes]:
    """Every model's state, serialised, as it answers now."""
    with core.models.lock("t"), core.database.read() as connection:
        found = core.models.states(connection, "t")
        return {name: core.models.models[name][1].dump(state) for name, state in found.items()}


def counted(core: Core) -> dict[str, int] | None:
    """How many events the model knows of, by learner; None while it is absent."""
    found = states(core).get("counting")
    return None if found is None else msgspec.json.decode(found)["learners"]


def test_a_model_that_fails_half_way_is_absent_and_whole_again_when_its_plugin_is_well(
    counting_core: Core, ticks: list[float]
) -> None:
    core, learner = counting_core, counting_core.recognise(launch_of("person-1"))
    core.intake("t", [arrival("person-1", 0), arrival("person-1", 1)])
    bringing.model.fails_on = EventKind.FAILED
    assert core.intake("t", [arrival("person-1", 2), arrival("person-1", 3, EventKind.FAILED)]).stored == 2
    for _ in range(FAILURES_TO_OPEN):  # each look tries to build it again, until the breaker opens
        assert counted(core) is None
    assert core.plugins.isolation.status("bringing") == "paused"
    tried = bringing.model.folds
    assert core.intake("t", [arrival("person-1", 4)]).stored == 1
    assert core.page(launch_of("person-1"), learner).suggestions
    assert bringing.model.folds == tried

    bringing.model.fails_on = None
    ticks.append(ticks[-1] + FIRST_PAUSE + 1)
    assert counted(core) == {learner: 5}


def test_who_was_erased_while_a_model_was_absent_is_not_in_it_when_it_comes_back(
    counting_core: Core, ticks: list[float]
) -> None:
    core, gone = counting_core, counting_core.recognise(launch_of("person-1"))
    stays = core.agree(launch_of("person-2"), EVERYTHING)
    core.intake("t", [arrival("person-1", 0), arrival("person-2", 0)])
    core.save_models("t")
    bringing.model.fails_on = EventKind.FAILED
    core.intake("t", [arrival("person-1", 3, EventKind.FAILED)])
    for _ in range(FAILURES_TO_OPEN):
        assert counted(core) is None
    core.erase("t", gone)
    bringing.model.fails_on = None
    ticks.append(ticks[-1] + FIRST_PAUSE + 1)
    assert counted(core) == {stays: 1}


def test_an_erasure_goes_through_although_a_model_cannot_be_stored(counting_core: Core) -> None:
    learner = counting_core.recognise(launch_of("person-1"))
    counting_core.intake("t", [arrival("person-1", 0)])
    bringing.model.dumps_text = True
    assert counting_core.erase("t", learner)["removed"]["event"] == 1
    bringing.model.dumps_text = False
    assert counted(counting_core) == {}


@pytest.mark.parametrize("change", [{"data": b"nonsense"}, {"version": 0, "data": b'{"learners": {}}'}])
def test_a_snapshot_that_cannot_be_used_is_rebuilt_from_the_log(
    counting_core: Core, make_core: MakeCore, change: dict[str, Any]
) -> None:
    learner = counting_core.recognise(launch_of("person-1"))
    counting_core.intake("t", [arrival("person-1", 0), arrival("person-1", 1)])
    counting_core.save_models("t")
    with counting_core.database.write() as connection:
        snapshot = tables.model_snapshot
        here = (snapshot.c.tenant_id == "t", snapshot.c.model == "counting")
        connection.execute(update(snapshot).where(*here).values(**change))
    later = make_core(plugins=Plugins(load=[f"{__name__}:bringing"], discover=False))
    assert counted(later) == {learner: 2}


def test_a_start_reads_on_from_the_snapshot_and_folds_nothing_twice(
    counting_core: Core, make_core: MakeCore
) -> None:
    learner = counting_core.recognise(launch_of("person-1"))
    counting_core.intake("t", [arrival("person-1", n) for n in range(3)])
    counting_core.save_models("t")
    counting_core.intake("t", [arrival("person-1", 3)])
    later = make_core(plugins=Plugins(load=[f"{__name__}:bringing"], discover=False))
    bringing.model.folds = 0
    assert counted(later) == {learner: 4}
    assert bringing.model.folds == 1


def test_a_batch_that_is_not_committed_is_not_in_the_models(
    counting_core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner = counting_core.recognise(launch_of("person-1"))
    counting_core.intake("t", [arrival("person-1", 0)])
    arrived = counting_core.models.arrived

    def learn_and_fail(*arguments: Any) -> None:
        arrived(*arguments)
        raise RuntimeError("the disk is gone at the commit")

    with monkeypatch.context() as patch:
        patch.setattr(counting_core.models, "arrived", learn_and_fail)
        with pytest.raises(RuntimeError):
            counting_core.intake("t", [arrival("person-1", 1)])
    assert counted(counting_core) == {learner: 1}
    counting_core.intake("t", [arrival("person-1", 2)])
    assert counted(counting_core) == {learner: 2}


def test_two_processes_that_take_turns_know_the_same(make_core: MakeCore, database_url: str) -> None:
    first, second = make_core(url=database_url), make_core(url=database_url)
    first.import_catalogue("t", COURSE)
    for name in ("person-1", "person-2"):
        first.agree(launch_of(name), EVERYTHING)
    for n in range(6):
        core = (first, second)[n % 2]
        core.intake("t", [arrival(name, n, score=n / 10) for name in ("person-1", "person-2")])
    fresh = make_core(url=database_url)
    assert states(first) == states(second) == states(fresh)
    _, mastery = first.models.models["mastery"]
    assert states(first)["mastery"] != mastery.dump(mastery.empty())


def test_what_another_process_stores_during_a_look_is_folded_once(
    make_core: MakeCore, database_url: str
) -> None:
    """One process has read how far the log goes; another then appends to it and stores snapshots."""
    slow, quick = make_core(url=database_url), make_core(url=database_url)
    slow.import_catalogue("t", COURSE)
    slow.agree(launch_of("person-1"), EVERYTHING)
    quick.intake("t", [arrival("person-1", 0, score=0.4)])
    with slow.models.lock("t"), slow.database.read() as connection:
        at = tenants.counters(connection, "t")
        quick.intake("t", [arrival("person-1", 2, score=0.9)])
        quick.save_models("t")
        slow.models.states(connection, "t", at)
    quick.intake("t", [arrival("person-1", 3, score=0.7)])
    assert states(slow) == states(quick)
