"""The page of evidence: its tables are those of the results, and it never mixes kinds of figures unsaid."""

from __future__ import annotations

from pathlib import Path

import pytest
from stifinder.core.errors import InvalidInput
from stifinder.lab.bench import evidence, results
from stifinder.lab.bench.suite import SUITES, Row, absent, published

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "evidence.md"
ROWS = (
    Row("data A", "AUC", "as served", True, 0.8214, 12.0, 40.0),
    Row("data A", "AUC", "another | one", False, 0.7),
    published("data A", "AUC", "DKT", 0.805, "Zhang et al. 2017"),
    absent("data A", "AUC", "BKT", "pyBKT"),
)


def test_the_table_has_every_row_ours_in_bold_and_papers_with_their_source() -> None:
    lines = evidence.table(ROWS).splitlines()
    assert lines[2] == "| data A | AUC | **as served** | 0.821 | 12.000 | 40.0 | measured here |"
    assert lines[3] == "|  |  | another \\| one | 0.700 |  |  | measured here |"
    assert lines[4].endswith("| 0.805 |  |  | Zhang et al. 2017 |")
    assert "not installed" in lines[5]


def test_the_picture_names_every_method_with_a_figure_and_its_kind() -> None:
    svg = evidence.picture("knowledge", ROWS)
    assert svg is not None
    for words in ("as served", "another | one", "DKT", "0.821", *evidence.COLOURS):
        assert words in svg
    assert "BKT" not in svg


def test_a_suite_without_figures_has_no_picture() -> None:
    assert evidence.picture("knowledge", ROWS[3:]) is None
    assert evidence.picture("engine", ROWS) is None


def test_what_is_said_stays_when_tables_are_written_anew() -> None:
    made = results.Results("knowledge", ROWS, "a machine", "abc", "2026-01-01T00:00:00+00:00")
    page = "# E\n\n<!-- knowledge -->\nold\n<!-- /knowledge -->\n\nWe lose here.\n"
    new = evidence.filled(page, [made])
    assert "We lose here." in new
    assert "0.821" in new
    assert "old" not in new
    assert evidence.filled(new, [made]) == new
    with pytest.raises(InvalidInput, match="'knowledge'"):
        evidence.filled("# E\n", [made])


def test_the_page_holds_the_results_as_they_were_measured() -> None:
    found = [results.read(path) for path in sorted((ROOT / "benchmarks" / "results").glob("*.json"))]
    assert {result.suite for result in found} >= set(SUITES)
    text = PAGE.read_text(encoding="utf-8")
    assert evidence.filled(text, found) == text
    for suite in evidence.PICTURED:
        assert f"evidence/{suite}.svg" in text
        assert (PAGE.parent / "evidence" / f"{suite}.svg").is_file()
