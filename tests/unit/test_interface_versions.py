"""A hook that comes, is deprecated, and goes: what its plugins hear of it, and when."""

from __future__ import annotations

import logging
from dataclasses import replace
from types import SimpleNamespace

import pytest
from stifinder import INTERFACE, Manifest, hookimpl
from stifinder.core import hookspecs
from stifinder.core.hookspecs import RULES
from stifinder.core.plugins import Plugins
from stifinder.lab.kit import promises, subject


class Awarding:
    """A plugin with one hook."""

    def __init__(self, interface: str) -> None:
        self.interface = interface

    @hookimpl
    def manifest(self) -> Manifest:
        return Manifest(about="Awards nothing.", interface=self.interface)

    @hookimpl
    def award(self, situation: object) -> list[object]:
        return []


def found(interface: str, *, against: str = INTERFACE) -> list[str]:
    plugin = subject.of("awarding", Awarding(interface))
    return [f.what for f in promises.check(plugin, promises=["manifest"], interface=against)]


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RULES, "award", replace(RULES["award"], since="1.3"))


@pytest.fixture
def older(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = replace(RULES["award"], deprecated="1.4", instead="use describe_motivation")
    monkeypatch.setitem(RULES, "award", rule)


@pytest.mark.usefixtures("newer")
def test_a_hook_of_a_newer_version_is_found_where_the_plugin_says_it_works_with_an_older_one() -> None:
    (said,) = found(">=1.0,<2", against="1.2")
    assert said == ("hooks 1.2 have no award, so it would be refused there; say interface='>=1.3,<2'")


@pytest.mark.usefixtures("newer")
def test_with_the_version_that_brought_it_all_is_well() -> None:
    assert found(">=1.3,<2", against="1.3") == []


def test_a_plugin_that_does_not_name_the_version_it_is_checked_against_is_told() -> None:
    assert found(">=1.3,<2", against="1.2") == ["it is written for hooks >=1.3,<2, and these are 1.2"]


@pytest.mark.usefixtures("older")
def test_a_deprecated_hook_keeps_working_for_a_plugin_that_ends_before_it_goes() -> None:
    assert found(">=1.0,<2", against="1.5") == []


@pytest.mark.usefixtures("older")
def test_a_plugin_that_wants_to_outlive_a_deprecated_hook_is_told_what_to_use() -> None:
    (said,) = found(">=1.0,<3", against="1.5")
    assert said.startswith(
        "award is deprecated since version 1.4 of the hooks and goes with 2.0: use describe_"
    )


@pytest.mark.usefixtures("older")
def test_the_host_says_once_at_the_start_who_uses_a_deprecated_hook_and_still_asks_it(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = SimpleNamespace(plugin=Awarding(">=1.0,<2"))
    monkeypatch.setitem(__import__("sys").modules, "awarding_module", module)
    with caplog.at_level(logging.WARNING, "stifinder.plugins"):
        loaded = Plugins(load=["awarding_module:plugin"], discover=False)
    assert [r.getMessage() for r in caplog.records] == [
        "plugin plugin: award is deprecated since version 1.4 of the hooks and goes with 2.0: "
        "use describe_motivation"
    ]
    (row,) = loaded.describe()
    assert (row.status, row.hooks) == ("ok", ("award", "manifest"))


def test_every_hook_belongs_to_a_version_that_is_there_and_says_what_replaces_it() -> None:
    for hook, rule in hookspecs.RULES.items():
        assert Manifest(interface=f">={rule.since}").supports(), hook
        assert bool(rule.deprecated) == bool(rule.instead), hook
