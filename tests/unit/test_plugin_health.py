"""The health of plugins: what an administrator sees, and the button that ends a pause."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from administration_world import Staff, launch_as, words
from api_client import Program
from small_course import COURSE, MakeCore, launch_of
from stifinder.core.people import Role
from stifinder.core.plugins import Plugins
from stifinder.core.service import Core
from stifinder.core.staff import Actor

MODULE = """
from stifinder import hookimpl

@hookimpl
def candidates(situation):
    return inner({"learner-1": 1})

def inner(told):
    raise KeyError("learner-1 failed the exam")
"""


@pytest.fixture
def core(make_core: MakeCore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Core:
    (tmp_path / "always_fails.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "always_fails", raising=False)
    made = make_core(plugins=Plugins(load=["always_fails"], discover=False))
    made.import_catalogue("t", COURSE)
    for _ in range(4):
        made.page(launch_of("person-0"), "")
    return made


def test_errors_are_counted_by_kind_with_the_way_through_the_code_and_no_words(core: Core) -> None:
    health = core.plugin_here("t", "always_fails").health
    assert (health.tally.calls, dict(health.tally.kinds), health.skipped) == (3, {"error": 3}, 1)
    assert health.tally.p50 is not None
    assert health.tally.p95 is not None
    assert health.tally.p50 <= health.tally.p95
    assert 0 < health.again_in <= 30
    assert health.last is not None
    assert (health.last.hook, health.last.words) == ("candidates", "KeyError")
    assert [(f.file, f.function) for f in health.last.frames] == [
        ("always_fails.py", "candidates"),
        ("always_fails.py", "inner"),
    ]


def test_the_page_shows_it_and_speaks_of_nobody(core: Core) -> None:
    staff = Staff(core, launch_as(Role.ADMINISTRATOR))
    page = words(staff.get("administration/plugin-health/always_fails"))
    assert "KeyError" in page
    assert "always_fails.py:9 inner" in page
    assert "learner-1" not in page
    assert "Try again now" in page
    assert "always_fails" in words(staff.get("administration/plugin-health"))


def test_the_pause_can_be_ended_and_that_is_recorded(core: Core) -> None:
    core.try_plugin_again("t", Actor("somebody", Role.ADMINISTRATOR), "always_fails")
    assert core.plugin_here("t", "always_fails").health.again_in == 0
    core.page(launch_of("person-0"), "")
    assert core.plugin_here("t", "always_fails").tally.calls == 4
    assert [entry.act for entry in core.audit_log("t")] == ["try plugin again"]


def test_another_tenant_sees_its_own_calls_alone(core: Core) -> None:
    core.add_tenant("other", "Other")
    assert core.plugin_here("other", "always_fails").tally.calls == 0


def test_a_program_reads_the_same_and_ends_the_pause_which_is_on_record(core: Core) -> None:
    program = Program(core)

    def told() -> Any:
        items = program.get("/administration/plugins")["items"]
        return next(item["health"] for item in items if item["name"] == "always_fails")

    health = told()
    assert health["errors"] == {"error": 3}
    assert 0 < health["again_in_seconds"] <= 30
    assert "learner-1" not in str(health)
    answer = program.call("POST", "/administration/plugins/always_fails/again")
    assert answer.status_code == 200, answer.text
    assert told()["again_in_seconds"] == 0
    assert "try plugin again" in [item["act"] for item in program.get("/administration/record")["items"]]
    assert program.call("POST", "/administration/plugins/nobody/again").status_code == 404
