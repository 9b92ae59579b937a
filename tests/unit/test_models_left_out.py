"""A stranger's learned model is given nothing of a tenant that has not switched its plugin on."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from small_course import COURSE, EVERYTHING, MakeCore, arrival, launch_of
from stifinder.core import rights
from stifinder.core.evidence import EventKind
from stifinder.core.people import Role
from stifinder.core.plugins import Plugins
from stifinder.core.service import Core
from stifinder.core.staff import Actor
from stifinder.lti_tool.cli import main

ADMINISTRATOR = Actor("somebody", Role.ADMINISTRATOR)
MODULE = """
import json
from collections import Counter
from stifinder import Purpose, hookimpl


class Counting:
    name, version, purpose = "counting", 1, Purpose.SUGGESTIONS
    given = []

    def empty(self):
        return Counter()

    def fold(self, state, event):
        self.given.append(event.tenant_id)
        state[event.learner_id] += 1
        return state

    def merge(self, state, other):
        return state + other

    def subtract(self, state, learner_id):
        state.pop(learner_id, None)
        return state

    def dump(self, state):
        return json.dumps(state, sort_keys=True).encode()

    def load(self, data):
        return Counter(json.loads(data))


@hookimpl
def learned_models():
    return [Counting()]
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A distribution of somebody else, as pip leaves it."""
    place = tmp_path / "site"
    place.mkdir()
    (place / "counting_of_others.py").write_text(MODULE)
    info = place / "counting_of_others-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: counting-of-others\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[stifinder.plugins]\ncounting = counting_of_others\n")
    monkeypatch.syspath_prepend(str(place))
    monkeypatch.delitem(sys.modules, "counting_of_others", raising=False)
    return "counting"


@pytest.fixture
def core(make_core: MakeCore, plugin: str) -> Core:
    made = make_core(plugins=Plugins())
    made.import_catalogue("t", COURSE)
    for number in range(3):
        made.agree(launch_of(f"person-{number}"), EVERYTHING)
    assert plugin
    return made


def happen(core: Core, first: int) -> None:
    core.intake("t", [arrival(f"person-{n % 3}", n % 8, id=f"{first + n:032x}") for n in range(6)])


def counted(core: Core) -> list[int] | None:
    """How many events of each learner the model knows; None while it knows nothing at all."""
    with core.models.lock("t"), core.database.read() as connection:
        found = core.models.states(connection, "t")
    return sorted(found["counting"].values()) if "counting" in found else None


def given() -> list[str]:
    return sys.modules["counting_of_others"].Counting.given  # type: ignore[no-any-return]


def test_nothing_reaches_it_before_it_is_switched_on(core: Core) -> None:
    happen(core, 0)
    core.page(launch_of("person-0"), core.agree(launch_of("person-0"), EVERYTHING))
    core.save_models("t")
    assert counted(core) is None
    assert given() == []


def test_once_on_it_knows_the_past_and_what_follows(core: Core) -> None:
    happen(core, 0)
    core.switch_plugin("t", ADMINISTRATOR, "counting", on=True)
    assert len(given()) == 6, "it learns when it is switched on; the next learner need not wait for it"
    assert counted(core) == [2, 2, 2]
    happen(core, 100)
    assert counted(core) == [4, 4, 4]


def test_off_again_it_is_given_nothing_and_on_again_it_knows_all_that_is_still_kept(core: Core) -> None:
    core.switch_plugin("t", ADMINISTRATOR, "counting", on=True)
    happen(core, 0)
    core.save_models("t")
    core.switch_plugin("t", ADMINISTRATOR, "counting", on=False)
    before = len(given())
    happen(core, 100)
    gone = core.agree(launch_of("person-0"), EVERYTHING)
    core.erase("t", gone)
    assert counted(core) is None
    assert len(given()) == before
    core.switch_plugin("t", ADMINISTRATOR, "counting", on=True)
    assert counted(core) == [4, 4]


def test_another_process_heeds_the_switch(core: Core, make_core: MakeCore) -> None:
    core.switch_plugin("t", ADMINISTRATOR, "counting", on=True)
    happen(core, 0)
    second = Core(core.settings, plugins=Plugins(), clock=core.clock)
    try:
        assert counted(second) == [2, 2, 2]
        core.switch_plugin("t", ADMINISTRATOR, "counting", on=False)
        assert counted(second) is None
    finally:
        second.database.close()


def test_what_is_held_about_somebody_names_it_only_while_it_is_on(core: Core) -> None:
    happen(core, 0)
    learner = core.agree(launch_of("person-0"), EVERYTHING)

    def named() -> list[str]:
        with core.database.read() as connection:
            return rights.held(connection, "t", learner, core.models)["counted_in_models"]  # type: ignore[no-any-return]

    assert "counting" not in named()
    assert "mastery" in named()
    core.switch_plugin("t", ADMINISTRATOR, "counting", on=True)
    assert "counting" in named()


def test_one_of_ours_that_is_off_goes_on_learning(core: Core) -> None:
    core.switch_plugin("t", ADMINISTRATOR, "mastery", on=False)
    core.intake("t", [arrival("person-0", 2, EventKind.ANSWERED, success=True, id=f"{7:032x}")])
    with core.models.lock("t"), core.database.read() as connection:
        state = core.models.states(connection, "t")["mastery"]
    model = core.models.models["mastery"][1]
    assert model.dump(state) != model.dump(model.empty())


def test_doctor_and_evaluate_heed_what_was_switched_off_for_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are what one reaches for when a plugin ends the process that imports it."""
    (tmp_path / "ends_it_all.py").write_text("raise SystemExit('gone')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def stifinder(*arguments: str) -> str:
        return CliRunner().invoke(main, ["--data-dir", str(tmp_path / "data"), *arguments]).output

    stifinder("migrate")
    stifinder("tenant", "add", "tenant-1")
    (tmp_path / "stifinder.toml").write_text('[plugins]\nload = ["ends_it_all"]\n')
    assert "gone" in stifinder("doctor", "--json")
    assert "gone" in stifinder("evaluate")
    stifinder("plugins", "disable", "ends_it_all")
    checks = {row["check"]: row["status"] for row in json.loads(stifinder("doctor", "--json"))}
    assert checks["plugins"] == "ok"
    assert "No suggestions are recorded yet." in stifinder("evaluate")
