"""The threat model names tests that exist, and a test for every defence."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text()


def test_every_test_that_the_threat_model_names_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)
    assert len(named) > 40
    there: dict[str, set[str]] = {}
    for file, _ in named:
        path = ROOT / file
        tree = ast.parse(path.read_text()) if path.exists() else ast.Module([], [])
        there[file] = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert [f"{file}::{name}" for file, name in named if name not in there[file]] == []


def test_every_defence_names_a_test() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ")]
    defences = [row for row in rows if row.count("|") == 4 and "what stands against it" not in row]
    told = [row for row in defences if "tests/" not in row and "| what |" not in row]
    kept = TEXT.partition("## What there is to protect")[2].partition("## An outsider")[0]
    assert [row for row in told if row not in kept] == []


def test_every_part_says_what_is_not_defended() -> None:
    parts = re.split(r"^## ", TEXT, flags=re.MULTILINE)[2:]
    attackers = [part for part in parts if not part.startswith(("The record", "What is checked"))]
    assert len(attackers) >= 7
    assert [part.splitlines()[0] for part in attackers if "**Not defended:**" not in part] == []
