"""Each hook has a page whose specification is the code's, and whose example is a plugin that answers.

After a change of a hook: ``STIFINDER_REWRITE=1 pytest tests/unit/test_hook_pages.py``.
"""

from __future__ import annotations

import inspect
import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from stifinder.core.hookspecs import FAMILIES, RULES
from stifinder.core.people import Profile
from stifinder.core.plugins import Plugins
from stifinder.lab.kit import situations
from stifinder.lab.patience import Patient

PAGES = Path(__file__).parents[2] / "docs" / "hooks"
START, END = "<!-- specification -->\n", "<!-- /specification -->"
NO_SITUATION: dict[str, dict[str, Any]] = {
    "configure": {"settings": {"longest": 30}},
    "learner_forgotten": {"tenant_id": "t", "learner_id": "learner-1"},
}


def specification(hook: str) -> str:
    """A hook as the code has it."""
    rule = RULES[hook]
    (function,) = [vars(family)[hook] for family in FAMILIES if hook in vars(family)]
    signature = str(inspect.signature(function)).replace("'", "")
    answer = "nothing" if rule.answer is type(None) else f"`{rule.answer.__name__}`"
    rows = [
        ("called as", f"`{hook}{signature}`"),
        ("family", rule.family),
        ("answer", f"a list of {answer}; empty for nothing to say" if rule.many else answer),
        ("several plugins", "the first with something to say" if rule.first else "the answers of all"),
        ("time", f"{rule.milliseconds} ms"),
        ("asked where it is switched off", "yes" if rule.always else "no"),
        ("since version", rule.since),
    ]
    if rule.deprecated:
        rows.append(("deprecated", f"since {rule.deprecated}: {rule.instead}"))
    said = " ".join((inspect.getdoc(function) or "").split())
    return "\n".join([f"> {said}", "", "| | |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows), ""])


def page(hook: str) -> str:
    return (PAGES / f"{hook}.md").read_text(encoding="utf-8")


def test_every_hook_has_a_page_and_every_page_a_hook_and_a_line_in_the_list() -> None:
    pages = {path.stem for path in PAGES.glob("*.md")} - {"README"}
    assert pages == set(RULES)
    listed = re.findall(r"^- \[`(\w+)`\]\((\w+)\.md\): \S", page("README"), re.MULTILINE)
    assert {name for pair in listed for name in pair} == set(RULES)


@pytest.mark.parametrize("hook", sorted(RULES))
def test_the_specification_is_that_of_the_code(hook: str) -> None:
    before, start, rest = page(hook).partition(START)
    _, end, after = rest.partition(END)
    assert start
    assert end
    wanted = f"{before}{START}{specification(hook)}{END}{after}"
    if os.environ.get("STIFINDER_REWRITE"):
        (PAGES / f"{hook}.md").write_text(wanted, encoding="utf-8")
    assert page(hook) == wanted, __doc__


@pytest.mark.parametrize("hook", sorted(RULES))
def test_the_example_is_a_plugin_that_answers(
    hook: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", page(hook), re.DOTALL)
    (tmp_path / f"example_of_{hook}.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, f"example_of_{hook}", raising=False)
    loaded = Plugins(load=[f"example_of_{hook}"], discover=False, isolation=Patient())
    (row,) = loaded.describe()
    assert row.status == "ok"
    assert hook in row.hooks
    given = NO_SITUATION.get(hook, {})
    if "situation" in specification(hook) or hook == "tag_activity":
        asked = situations.large((), 60)
        if hook == "opening_questions":
            asked = replace(asked, learner=replace(asked.learner, profile=Profile()), history=())
        given = situations.arguments(hook, asked)
    (answered, *_) = [*loaded.of_tenant("t", {}).collect(hook, **given), None]
    assert not loaded.isolation.health[row.name].last
    assert hook == "configure" or (answered is not None and answered.values)
