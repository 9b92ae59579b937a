"""Finding plugins, refusing the broken ones, joining answers."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator

import pytest
from stifinder import Candidate, Mastery, Motivation, Reason, hookimpl, message
from stifinder.core.errors import ConfigurationError
from stifinder.core.hookspecs import FAMILIES, RULES
from stifinder.core.plugins import Plugins

NAMES = iter(range(10_000))


@pytest.fixture
def module() -> Iterator[object]:
    """Makes importable modules out of functions."""
    made: list[str] = []

    def make(**functions: object) -> str:
        name = f"stifinder_test_plugin_{next(NAMES)}"
        plugin = types.ModuleType(name)
        for attribute, function in functions.items():
            setattr(plugin, attribute, function)
        sys.modules[name] = plugin
        made.append(name)
        return name

    yield make
    for name in made:
        del sys.modules[name]


def load(*specs: str, **options: object) -> Plugins:
    return Plugins(load=specs, discover=False, **options)  # type: ignore[arg-type]


def hook(function):
    return hookimpl(function)


def test_the_shipped_strategies_are_found_by_their_entry_points() -> None:
    rows = {d.name: d for d in Plugins().describe()}
    assert {
        "beginners",
        "collaborative",
        "content",
        "mastery",
        "motivation",
        "peers",
        "spacing",
        "tagger",
    } <= set(rows)
    assert {d.status for d in rows.values()} == {"ok"}
    assert "candidates" in rows["collaborative"].hooks
    assert rows["mastery"].version


def test_every_hook_has_a_rule_and_a_sentence() -> None:
    for family in FAMILIES:
        functions = [f for f in vars(family).values() if getattr(f, "stifinder_spec", None) is not None]
        assert functions
        for function in functions:
            assert function.__name__ in RULES
            assert function.__doc__
            assert function.__doc__.strip().endswith(".")


def test_a_plugin_from_the_configuration_is_asked_before_the_shipped_ones(module) -> None:
    @hook
    def estimate_mastery(situation):
        return [Mastery("s", 0.5, 0.4, 0.6)]

    @hook
    def other(situation):
        return [Mastery("s", 0.9, 0.8, 1.0)]

    first = module(estimate_mastery=estimate_mastery)
    second = module(estimate_mastery=other)
    answered = load(first, second).first("estimate_mastery", situation=None)
    assert answered is not None
    assert answered.values[0].mean == 0.9


def test_a_plugin_with_an_unknown_hook_is_refused_and_the_others_go_on(module) -> None:
    @hook
    def candidats(situation):
        return []

    @hook
    def candidates(situation):
        return []

    rows = load(module(candidats=candidats), module(candidates=candidates)).describe()
    assert rows[0].status.startswith("refused:")
    assert "candidats" in rows[0].status
    assert "candidates" in rows[0].status
    assert rows[1].status == "ok"


def test_a_plugin_asking_for_an_argument_that_no_hook_has_is_refused(module) -> None:
    @hook
    def candidates(learner):
        return []

    assert load(module(candidates=candidates)).describe()[0].status.startswith("refused:")


def test_a_module_that_cannot_be_imported_is_listed_with_the_reason() -> None:
    (row,) = load("no_such_module_anywhere").describe()
    assert row.status.startswith("refused: ModuleNotFoundError")


def test_settings_reach_their_plugin_and_wrong_ones_refuse_it(module) -> None:
    seen: list[object] = []

    @hook
    def configure(settings):
        seen.append(dict(settings))
        if settings.get("size", 1) < 0:
            raise ValueError("size is negative")

    name = module(configure=configure)
    load(name, settings={name: {"size": 3}})
    assert seen == [{"size": 3}]
    (row,) = load(name, settings={name: {"size": -1}}).describe()
    assert row.status.startswith("refused: configure")


def test_settings_for_a_plugin_that_does_not_exist_are_an_error_that_names_those_that_do(module) -> None:
    with pytest.raises(ConfigurationError, match="colaborative"):
        load(settings={"colaborative": {}})


def test_two_plugins_with_one_name_are_an_error(module) -> None:
    @hook
    def candidates(situation):
        return []

    name = module(candidates=candidates)
    with pytest.raises(ConfigurationError, match="called"):
        load(name, name)


def test_a_disabled_plugin_is_listed_and_not_called(module) -> None:
    @hook
    def candidates(situation):
        return [Candidate("a", 1.0)]

    name = module(candidates=candidates)
    plugins = load(name, disable=[name])
    assert plugins.describe()[0].status == "disabled"
    assert plugins.collect("candidates", situation=None) == []


BECAUSE = Reason(message("Because it is a test."))
NONSENSE = {
    "a text": "all of them",
    "a generator": (c for c in ()),
    "a wrong type": [BECAUSE],
    "nan": [Candidate("a", float("nan"))],
    "above one": [Candidate("a", 1.01)],
    "negative": [Candidate("a", -0.1)],
    "a bool": [Candidate("a", True)],
    "no id": [Candidate("", 0.5)],
    "a reason that is a text": [Candidate("a", 0.5, ("because",))],  # type: ignore[arg-type]
    "a reason that does not say because": [Candidate("a", 0.5, (Reason("You should."),))],
    "a reason with an empty place": [Candidate("a", 0.5, (Reason("Because %(skill)s."),))],
    "reasons that are none": [Candidate("a", 0.5, None)],  # type: ignore[arg-type]
    "one wrong among many": [Candidate("a", 0.5), Candidate("b", 7.0)],
}


@pytest.mark.parametrize("what", NONSENSE)
def test_nonsense_costs_the_plugin_its_vote(what: str, module) -> None:
    @hook
    def nonsense(situation):
        return NONSENSE[what]

    @hook
    def good(situation):
        return [Candidate("b", 0.5, (BECAUSE,))]

    bad_name, good_name = module(candidates=nonsense), module(candidates=good)
    plugins = load(bad_name, good_name)
    assert [a.plugin for a in plugins.collect("candidates", situation=None)] == [good_name]
    assert plugins.isolation.health[bad_name].failures == {"unusable": 1}


@pytest.mark.parametrize(
    "estimate", [(0.5, 0.6, 0.7), (0.5, 0.4, 0.45), (1.2, 0.1, 1.3), (float("inf"), 0.0, 1.0)]
)
def test_an_interval_that_does_not_hold_its_mean_is_nonsense(estimate, module) -> None:
    @hook
    def estimate_mastery(situation):
        return [Mastery("s", *estimate)]

    assert load(module(estimate_mastery=estimate_mastery)).first("estimate_mastery", situation=None) is None


def test_none_from_a_single_valued_hook_means_nothing_to_say(module) -> None:
    @hook
    def silent(situation):
        return None

    @hook
    def speaks(situation):
        return Motivation(edge=0.6)

    plugins = load(module(describe_motivation=speaks), module(describe_motivation=silent))
    answered = plugins.first("describe_motivation", situation=None)
    assert answered is not None
    assert answered.values == (Motivation(edge=0.6),)
