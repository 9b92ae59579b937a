"""The guide for plugin authors is true: its table is the code's, and its example runs."""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from small_course import COURSE, EVERYTHING, MakeCore, arrival, launch_of
from stifinder.core.evidence import EventKind
from stifinder.core.hookspecs import FAMILIES, RULES
from stifinder.core.plugins import Plugins

GUIDE = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text(encoding="utf-8")


def rows() -> dict[str, tuple[str, ...]]:
    """Each hook's row of the guide's table: arguments, family, answer, joined, budget."""
    found = re.findall(
        r"^\| `(\w+)\((.*?)\)` \| (\w+) \| (.+?) \| (first|all) \| (\d+) ms \|$", GUIDE, re.MULTILINE
    )
    return {name: tuple(rest) for name, *rest in found}


def test_every_hook_is_in_the_guide_as_it_is_in_the_code() -> None:
    expected = {}
    specifications = {name: f for family in FAMILIES for name, f in vars(family).items() if name in RULES}
    for name, rule in RULES.items():
        arguments = ", ".join(inspect.signature(specifications[name]).parameters)
        answer = f"`{rule.answer.__name__}`"
        answer = "nothing" if rule.answer is type(None) else f"list of {answer}" if rule.many else answer
        expected[name] = (
            arguments,
            rule.family,
            answer,
            "first" if rule.first else "all",
            str(rule.milliseconds),
        )
    assert rows() == expected


def example(start: str, name: str, folder: Path) -> Iterator[ModuleType]:
    """The guide's example that starts with these words, imported from a file of its own."""
    code = re.search(rf"```python\n({re.escape(start)}.*?)```", GUIDE, re.DOTALL)
    assert code is not None
    path = folder / f"{name}.py"
    path.write_text(code[1], encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[name]


@pytest.fixture
def short_first(tmp_path: Path) -> Iterator[ModuleType]:
    """The guide's first example."""
    yield from example('"""Short ones', "short_first", tmp_path)


@pytest.fixture
def passed(tmp_path: Path) -> Iterator[ModuleType]:
    """The guide's plugin that learns."""
    yield from example('"""What many passed', "passed", tmp_path)


def test_the_first_plugin_of_the_guide_votes_as_it_says(make_core: MakeCore, short_first: ModuleType) -> None:
    core = make_core(plugins=Plugins(load=["short_first"], discover=False))
    core.import_catalogue("t", COURSE)
    page = core.page(launch_of("person-1"), "", minutes=5)
    assert [d.status for d in core.plugins.describe()] == ["ok"]
    reasons = [r.text % r.values for s in page.suggestions for r in s.reasons]
    assert set(reasons) == {"Because it takes only 5 minutes."}
    assert all(v.strategy == "short_first" for s in page.suggestions for v in s.suggestion.votes)


def test_the_plugin_that_learns_learns_and_the_check_of_the_guide_passes(
    make_core: MakeCore, passed: ModuleType, tmp_path: Path
) -> None:
    for _ in example("from stifinder.lab import histories", "check", tmp_path):
        pass  # it raises AssertionError when a law is broken
    core = make_core(plugins=Plugins(load=["passed"], discover=False))
    core.import_catalogue("t", COURSE)
    core.agree(launch_of("person-1"), EVERYTHING)
    core.intake("t", [arrival("person-1", 3, EventKind.PASSED, success=True)])
    page = core.page(launch_of("person-2"), core.agree(launch_of("person-2"), EVERYTHING), minutes=60)
    voted = {s.activity.key for s in page.suggestions for r in s.reasons if r.text == passed.WHY}
    assert voted == {"activity-3"}
    assert [d.status for d in core.plugins.describe()] == ["ok"]
