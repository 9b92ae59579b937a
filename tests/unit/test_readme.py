"""The README and the guides: nothing is promised without a test, and no link or command leads nowhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def table_rows() -> list[str]:
    """The rows of the table of what works now, without its head."""
    lines = [line for line in README.splitlines() if line.startswith("|")]
    return lines[2:]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_every_link_leads_to_a_file(guide):
    broken = [
        target
        for target in LINK.findall(guide.read_text(encoding="utf-8"))
        if "://" not in target and not (guide.parent / target).exists()
    ]
    assert not broken


def test_the_readme_shows_the_page_and_the_two_commands_early():
    top = README[: README.index("|")]
    assert "](docs/images/learner.png)" in top
    assert re.search(r"^    make demo\b.*\n    make test\b", top, re.MULTILINE)


def test_every_make_command_in_the_guides_is_a_target():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for guide in GUIDES:
        text = guide.read_text(encoding="utf-8")
        named = set(re.findall(r"(?:^    |`)make ([a-z]+)", text, re.MULTILINE))
        assert named <= targets, f"{guide.name}: {named - targets}"


def test_there_is_a_table_of_what_works():
    assert len(table_rows()) >= 15


@pytest.mark.parametrize("row", table_rows(), ids=lambda row: row.split("|")[1].strip()[:40])
def test_every_row_links_to_a_test_that_has_tests_in_it(row):
    tests = [target for target in LINK.findall(row) if target.startswith("tests/")]
    assert tests
    for target in tests:
        assert re.search(r"^\s*def test_", (ROOT / target).read_text(encoding="utf-8"), re.MULTILINE)


def test_every_guide_is_reached_from_the_index():
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    linked = {(ROOT / "docs" / target).resolve() for target in LINK.findall(index)}
    for guide in ROOT.glob("docs/*.md"):
        assert guide.name == "index.md" or guide.resolve() in linked, f"{guide.name} is not linked"


def test_every_picture_of_the_install_guides_is_taken_by_the_walk_that_tests_them():
    walk = (ROOT / "tests" / "browser" / "test_from_nothing_to_grades.py").read_text(encoding="utf-8")
    taken = {f"images/install-{name}.png" for name in re.findall(r'\.picture\("([a-z-]+)"\)', walk)}
    guides = {path.name: path for path in GUIDES}
    for name in ("install-moodle.md", "install-docebo.md", "install-other.md"):
        shown = {
            link for link in LINK.findall(guides[name].read_text(encoding="utf-8")) if link.endswith(".png")
        }
        assert shown
        assert shown <= taken
