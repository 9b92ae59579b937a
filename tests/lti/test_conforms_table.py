"""``docs/lti-conformance.md`` and these tests say the same, both ways."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest
from lti_clauses import EVERY, MOODLE, SANDBOX, Row, rows

HERE = Path(__file__).parent
GUIDE = HERE.parents[1] / "docs" / "lti-conformance.md"
CHAPTERS = (
    "test_conforms_launches",
    "test_conforms_refusals",
    "test_conforms_deep_linking",
    "test_conforms_grades",
    "test_conforms_roster",
    "test_conforms_registration",
    "test_conforms_frame",
)


def tested() -> list[Row]:
    return [row for name in CHAPTERS for row in rows(import_module(name))]


def written() -> list[Row]:
    """The rows of the guide's tables, in its order."""
    found, chapter = [], ""
    for line in GUIDE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            chapter = line.removeprefix("## ").strip()
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 3 and cells[1].startswith("`test_"):
            found.append(Row(chapter, cells[0], cells[1].strip("`"), tuple(cells[2].split(", "))))
    return found


def test_every_clause_of_the_guide_has_its_test() -> None:
    missing = [row for row in written() if row not in tested()]
    assert not missing


def test_every_test_stands_in_the_guide() -> None:
    missing = [row for row in tested() if row not in written()]
    assert not missing


def test_the_guide_keeps_the_order_of_the_tests() -> None:
    assert written() == tested()


def test_every_file_of_this_folder_is_a_chapter_of_the_guide() -> None:
    assert {path.stem for path in HERE.glob("test_*.py")} == {*CHAPTERS, "test_conforms_table"}


def test_no_clause_and_no_name_stands_twice() -> None:
    names = [row.test for row in tested()]
    clauses = [(row.chapter, row.clause) for row in tested()]
    assert len(set(names)) == len(names)
    assert len(set(clauses)) == len(clauses)


@pytest.mark.parametrize("platform", [*EVERY, SANDBOX, MOODLE])
def test_the_guide_says_what_each_platform_is(platform: str) -> None:
    assert re.search(rf"^- \*\*{re.escape(platform)}\*\*: ", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)


def test_each_chapter_links_to_its_file() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    for name in CHAPTERS:
        heading = guide.index(f"\n## {import_module(name).CHAPTER}\n")
        assert f"](../tests/lti/{name}.py)" in guide[heading : guide.index("|", heading)]
