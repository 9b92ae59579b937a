"""The conformance kit finds what is planted, and only that; shipped plugins keep every promise."""

from __future__ import annotations

import json
import textwrap
from importlib.metadata import entry_points
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from stifinder.core.errors import ConfigurationError, InvalidInput
from stifinder.core.plugins import GROUP, OURS
from stifinder.lab.kit import PROMISES, check
from stifinder.lab.kit.subject import find
from stifinder.lti_tool.cli import main

BAD = Path(__file__).parent / "bad_plugins"
SHIPPED = sorted(e.name for e in entry_points(group=GROUP) if e.dist is not None and e.dist.name == OURS)
OLDER = ("1.0",)
"""Every version of the hooks that plugins may still be written for, but for today's."""


@pytest.fixture(autouse=True)
def _bad_plugins_can_be_imported(monkeypatch):
    monkeypatch.syspath_prepend(str(BAD))


@pytest.mark.parametrize("promise", sorted(PROMISES))
def test_a_plugin_that_breaks_one_promise_is_found_to_break_that_one(promise):
    found = check(f"bad_{promise.replace('-', '_')}")
    assert {f.promise for f in found} == {promise}, "\n".join(map(str, found))
    assert all(f.what and f.cure for f in found)


def test_there_is_a_bad_plugin_for_each_promise_and_no_other():
    assert {f.stem.removeprefix("bad_").replace("_", "-") for f in BAD.glob("bad_*.py")} == set(PROMISES)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_plugin_keeps_every_promise(name):
    assert check(name, examples=30) == []


@pytest.mark.parametrize("interface", OLDER)
@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_plugin_works_with_the_older_hooks_that_it_names(name, interface):
    assert check(name, promises=["manifest"], interface=interface) == []


LEARNING = [name for name in SHIPPED if find(name).models()]
STATES = Path(__file__).parents[1] / "states"


@pytest.mark.parametrize("name", LEARNING)
def test_a_shipped_model_reads_what_it_stored_under_the_same_version_before(name):
    models = find(name).models()
    assert all((STATES / f"{model.name}-{model.version}.json").exists() for model in models), (
        "a model has a new version: run this test again and commit the state that it now keeps"
        if check(name, promises=["forgets-exactly"], states=STATES) == []
        else "and it breaks a law"
    )
    assert check(name, promises=["forgets-exactly"], states=STATES) == []


COUNTING = """
    from stifinder import Purpose, hookimpl

    class Count:
        name, version, purpose = "count", 1, Purpose.SUGGESTIONS
        def empty(self): return {}
        def fold(self, state, event):
            state[event.learner_id] = state.get(event.learner_id, 0) + STEP
            return state
        def merge(self, a, b): return {**a, **b}
        def subtract(self, a, who): a.pop(who, None); return a
        def dump(self, state): return repr(state).encode()
        def load(self, data):
            import ast
            try:
                found = ast.literal_eval(data.decode())
            except (SyntaxError, UnicodeDecodeError) as error:
                raise ValueError("no state") from error
            if not isinstance(found, dict) or "of" in found: raise ValueError("no state")
            return found

    @hookimpl
    def learned_models(): return [Count()]
"""


def test_a_state_that_the_next_release_reads_otherwise_under_the_same_version_is_found(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    for release, step in (("first", "1"), ("second", "2")):
        (tmp_path / f"{release}_release.py").write_text(textwrap.dedent(COUNTING).replace("STEP", step))
    kept = {"promises": ["forgets-exactly"], "states": tmp_path / "states"}
    assert check("first_release", **kept) == []
    assert check("first_release", **kept) == []
    (finding,) = check("second_release", **kept)
    assert "an earlier release stored under this version differs" in finding.what
    assert "raise version" in finding.cure
    (tmp_path / "states" / "count-1.json").write_text("torn")
    with pytest.raises(ConfigurationError, match="written anew"):
        check("first_release", **kept)


def test_what_is_found_is_made_as_small_as_it_can_be():
    (finding,) = check("bad_answers_fit", promises=["answers-fit"])
    assert "activities: 3, in the pool: 3" in finding.input
    (finding,) = check("bad_never_raises", promises=["never-raises"])
    assert finding.input.startswith("activities: 0")
    assert "history" not in finding.input


def test_the_same_seed_finds_the_same():
    assert check("bad_answers_fit", seed=7) == check("bad_answers_fit", seed=7)


def test_a_hook_that_never_comes_back_is_found_before_it_can_hang_the_rest(tmp_path, monkeypatch):
    monkeypatch.setattr("stifinder.lab.kit.patience.ENDLESS", 0.3)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "for_ever.py").write_text(
        textwrap.dedent(
            """
            from stifinder import Manifest, hookimpl

            @hookimpl
            def manifest():
                return Manifest(about="Never ends.")

            @hookimpl
            def candidates(situation):
                while not situation.history:
                    pass
                return []
            """
        )
    )
    (finding,) = check("for_ever")
    assert (finding.promise, finding.hook) == ("in-time", "candidates")
    assert "not back" in finding.what


@pytest.mark.parametrize("what", ["no_such_plugin", "no.such.module", "./nowhere", "json"])
def test_what_is_no_plugin_is_said_clearly(what):
    if what == "json":
        assert {f.promise for f in check(what)} == {"manifest"}
    else:
        with pytest.raises(InvalidInput, match="plugin"):
            check(what)


def test_a_promise_that_there_is_not_is_said_clearly():
    with pytest.raises(InvalidInput, match="There is no promise in-tim"):
        check("mastery", promises=["in-tim"])


@pytest.fixture
def stifinder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(main, ["plugin", "check", *words])


def test_the_command_ends_with_1_and_says_the_cure(stifinder):
    done = stifinder("bad_explained")
    assert done.exit_code == 1
    assert "broken     explained" in done.output
    assert "cure: Give each Candidate a Reason" in done.output
    assert f"{len(PROMISES) - 1} of {len(PROMISES)} promises kept" in done.output


def test_the_command_ends_with_0_where_all_is_well(stifinder):
    done = stifinder("mastery", "--promise", "manifest", "--promise", "settings")
    assert done.exit_code == 0, done.output
    assert "2 of 2 promises kept" in done.output


def test_programs_get_json_and_ci_servers_junit(stifinder, tmp_path):
    done = stifinder("bad_explained", "--json", "--junit", "report.xml")
    assert done.exit_code == 1
    told = json.loads(done.output)
    assert told["plugin"] == "bad_explained"
    assert told["promises"] == list(PROMISES)
    assert [f["promise"] for f in told["findings"]] == ["explained"]
    suite = ElementTree.parse(tmp_path / "report.xml").getroot()
    assert suite.get("failures") == "1"
    assert [c.get("name") for c in suite.iter("testcase") if c.find("failure") is not None] == ["explained"]


def test_a_plugin_for_other_hooks_is_told_so(stifinder):
    done = stifinder("mastery", "--promise", "manifest", "--interface", "2.0")
    assert done.exit_code == 1
    assert "these are 2.0" in done.output
