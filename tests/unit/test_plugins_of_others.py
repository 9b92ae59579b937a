"""A plugin that somebody installed waits until a tenant has read what it may do and switches it on."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from administration_world import Staff, launch_as, words
from small_course import MakeCore
from stifinder.core.people import Role
from stifinder.core.plugins import Plugins
from stifinder.core.service import Core
from stifinder.core.staff import Actor

MODULE = """
from stifinder import Candidate, Manifest, Purpose, Reads, hookimpl

@hookimpl
def manifest():
    return Manifest(about="Votes.", reads=frozenset({Reads.HISTORY}), hosts=("crm.example.org",))

@hookimpl
def candidates(situation):
    return [Candidate(situation.pool[0], 1.0)] if situation.pool else []
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A distribution of somebody else, as pip leaves it."""
    (tmp_path / "firsts_of_others.py").write_text(MODULE)
    info = tmp_path / "firsts_of_others-2.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: firsts-of-others\nVersion: 2.1\n")
    (info / "entry_points.txt").write_text("[stifinder.plugins]\nfirsts = firsts_of_others\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "firsts_of_others", raising=False)
    return "firsts"


@pytest.fixture
def core(make_core: MakeCore, installed: str) -> Core:
    return make_core(plugins=Plugins())


def used(core: Core, plugin: str) -> bool:
    return core.plugin_here("t", plugin).choice.enabled


def test_it_is_off_until_it_is_switched_on_and_ours_are_on(core: Core, installed: str) -> None:
    here = core.plugin_here("t", installed)
    assert (here.installed.origin, here.installed.version, here.installed.status) == (
        "firsts-of-others",
        "2.1",
        "ok",
    )
    assert not used(core, installed)
    assert used(core, "spacing")


def test_switching_on_is_kept_and_off_is_what_is_usual_again(core: Core, installed: str) -> None:
    actor = Actor("somebody", Role.ADMINISTRATOR)
    core.switch_plugin("t", actor, installed, on=True)
    assert used(core, installed)
    core.switch_plugin("t", actor, installed, on=False)
    assert not used(core, installed)


def test_one_that_the_configuration_names_is_on(make_core: MakeCore, installed: str) -> None:
    core = make_core(plugins=Plugins(load=["firsts_of_others"], discover=False))
    assert installed
    assert used(core, "firsts_of_others")


def test_the_page_says_what_it_may_do_before_anybody_switches_it_on(core: Core, installed: str) -> None:
    page = words(Staff(core, launch_as(Role.ADMINISTRATOR)).get("administration/plugins"))
    mine = page[page.index("Votes.") :]
    assert "Is givenwhat the learner did, and how it went" in mine
    assert "Of those who agreed toSuggestions made for you" in mine
    assert "Talks tocrm.example.org" in mine
    assert "nobody: it stays on this machine" in page[: page.index("Votes.")]
