"""Catalogue files: what is taken, what is refused and how that is said; an import is all or nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from stifinder.core.catalogue import Level
from stifinder.core.drafts import Draft
from stifinder.core.errors import ConfigurationError, InvalidInput
from stifinder.lti_tool.cli import main
from stifinder.schemas.catalogue import Refused, read_rows, read_skills


@pytest.fixture
def carpentries(data):
    return data / "catalogue" / "carpentries.jsonl"


@pytest.fixture
def file(tmp_path):
    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def stifinder(tmp_path, monkeypatch):
    """The command line on a migrated database with one tenant."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATABASE_URL", raising=False)

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(main, ["--data-dir", str(tmp_path / "data"), *map(str, arguments)])

    assert run("migrate").exit_code == 0
    assert run("tenant", "add", "tenant-1").exit_code == 0
    return run


def only(rows) -> Draft:
    (row,) = rows
    assert isinstance(row, Draft), row
    return row


def refused(rows) -> list[tuple[int, str, str]]:
    return [(r.line, p.column, p.reason) for r in rows if isinstance(r, Refused) for p in r.problems]


# --- what is taken -------------------------------------------------------------------------------


def test_the_carpentries_catalogue_is_taken_whole(carpentries):
    rows = list(read_rows(carpentries))
    assert len(rows) == 265
    assert not refused(rows)
    first = rows[0]
    assert isinstance(first, Draft)
    assert (first.title, first.minutes, first.course_key) == ("Regular Expressions", 35, "lc-data-intro")


def test_a_full_json_row_becomes_a_draft(file):
    row = {
        "id": "sql-2",
        "title": " Joins ",
        "description": "About joins.",
        "language": "PT_br",
        "media_type": "Page",
        "teaching_minutes": 10,
        "exercise_minutes": 5.5,
        "skills": [{"id": "sql", "title": "SQL", "level": 2}, "Joins: advanced", "C++"],
        "prerequisites": ["sql-1", "sql-2"],
        "difficulty": 0.4,
        "url": "https://lms.example.com/sql-2",
        "course_id": "sql",
        "course_title": "SQL for all",
        "position": 2,
        "keypoints": ["Joins join.", "About joins."],
        "colour": "green",
    }
    draft = only(read_rows(file("c.jsonl", json.dumps(row))))
    assert draft == Draft(
        key="sql-2",
        title="Joins",
        text="About joins.\nJoins join.",
        language="pt-br",
        media_type="text",
        minutes=16,
        skills=(
            ("sql", "SQL", Level.INTERMEDIATE),
            ("joins", "Joins", Level.ADVANCED),
            ("c++", "C++", Level.BEGINNER),
        ),
        prerequisites=("sql-1",),
        difficulty=0.4,
        address="https://lms.example.com/sql-2",
        course_key="sql",
        course_title="SQL for all",
        position=2,
    )


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_csv_as_spreadsheets_write_it_is_taken(file, separator, newline):
    cells = [["ID", "Title", "Minutes", "Skills"], ["1", '"Two\nlines"', "20", '"SQL:beginner; joins:3"'], []]
    text = newline.join(separator.join(row) for row in cells)
    draft = only(read_rows(file("c.csv", b"\xef\xbb\xbf" + text.encode())))
    assert (draft.key, draft.title, draft.minutes) == ("1", "Two\nlines", 20)
    assert [(s.title, s.level) for s in draft.skills] == [("SQL", Level.BEGINNER), ("joins", Level.ADVANCED)]


def test_an_iri_as_a_skill_is_not_cut_at_its_colon(file):
    draft = only(read_rows(file("c.jsonl", '{"id": 1, "title": "A", "skills": ["https://example.org/s/1"]}')))
    assert draft.skills[0].title == "https://example.org/s/1"


def test_empty_cells_mean_not_said(file):
    draft = only(read_rows(file("c.csv", "id,title,minutes,language,media_type,difficulty\na,A,,, ,\n")))
    assert (draft.minutes, draft.language, draft.media_type, draft.difficulty) == (0, "", "", None)


def test_a_list_of_skills_gives_terms_in_lower_case_with_the_title_among_them(file):
    (skill,) = read_skills(file("s.csv", "title,terms\nJoining Tables,JOIN; left join\n"))
    assert skill == ("joining-tables", "Joining Tables", ("joining tables", "join", "left join"))


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "column"),
    [
        ({"title": None}, "title"),
        ({"title": "  "}, "title"),
        ({"title": ["A"]}, "title"),
        ({"title": "A" * 501}, "title"),
        ({"title": "A\0"}, "title"),
        ({"minutes": "soon"}, "minutes"),
        ({"minutes": -1}, "minutes"),
        ({"minutes": True}, "minutes"),
        ({"minutes": "nan"}, "minutes"),
        ({"difficulty": 1.1}, "difficulty"),
        ({"language": "Danish!"}, "language"),
        ({"media_type": "hologram"}, "media_type"),
        ({"skills": ["SQL:expert"]}, "skills"),
        ({"skills": {"id": "x"}}, "skills"),
        ({"skills": [{"level": 1}]}, "skills"),
        ({"prerequisites": 5}, "prerequisites"),
        ({"address": "javascript:alert(1)"}, "address"),
        ({"address": "/page"}, "address"),
        ({"object_id": "not an iri"}, "object_id"),
    ],
)
def test_a_wrong_value_is_refused_with_its_line_column_and_cure(file, fields, column):
    rows = [{"id": "good", "title": "Good"}, {"id": "bad", "title": "Bad", **fields}]
    path = file("c.jsonl", "\n".join(map(json.dumps, rows)))
    good, bad = read_rows(path)
    assert isinstance(good, Draft)
    assert isinstance(bad, Refused)
    assert bad.line == 2
    (problem,) = bad.problems
    assert problem.column == column
    assert problem.reason
    assert problem.cure


def test_every_wrong_column_of_a_row_is_named_at_once(file):
    path = file("c.csv", "id,title,minutes,difficulty\na,,x,y\n")
    assert [column for _, column, _ in refused(read_rows(path))] == ["title", "minutes", "difficulty"]


@pytest.mark.parametrize("line", ["{", "[1]", "null", '{"id": "x", "title": "\\ud800"}', "[" * 100_000])
def test_a_line_that_is_no_object_is_refused_and_the_next_is_read(file, line):
    path = file("c.jsonl", f'{line}\n\n{{"id": "a", "title": "A"}}')
    bad, good = read_rows(path)
    assert isinstance(bad, Refused)
    assert bad.line == 1
    assert isinstance(good, Draft)


def test_csv_rows_of_the_wrong_length_are_refused_by_the_line_on_which_they_begin(file):
    path = file("c.csv", 'id,title\na,"two\nlines",extra\nb,B\nc\n')
    assert [(line, reason) for line, _, reason in refused(read_rows(path))] == [
        (2, "there are 3 values for 2 columns"),
        (5, "there are 1 values for 2 columns"),
    ]


def test_an_id_that_comes_twice_is_refused_and_says_where_it_was_first(file):
    path = file("c.csv", "id,title\na,A\na,B\n")
    assert refused(read_rows(path)) == [(3, "id", "is the id of line 2 already")]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("c.csv", "id,title\na,Blåbær\n".encode("latin-1"), "line 2: byte 0xe5 at place 5 is not UTF-8"),
        ("c.csv", "id,title\n".encode("utf-16"), "UTF-16"),
        ("c.csv", b"name\n", "no column id and no column title"),
        ("c.csv", b"", "no column id"),
        ("c.jsonl", b"x" * 8_000_001, "more than 8,000,000 bytes"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(file, name, content, words):
    with pytest.raises(InvalidInput) as caught:
        list(read_rows(file(name, content)))
    assert words in str(caught.value)
    assert caught.value.cure


def test_a_file_of_another_kind_or_none_is_refused(file, tmp_path):
    with pytest.raises(ConfigurationError, match=r"\.csv"):
        list(read_rows(file("c.xlsx", b"")))
    with pytest.raises(ConfigurationError, match=r"nowhere\.csv"):
        list(read_rows(tmp_path / "nowhere.csv"))


# --- the command ---------------------------------------------------------------------------------


def test_importing_the_carpentries_twice_changes_nothing_the_second_time(stifinder, file, carpentries):
    file("stifinder.toml", '[plugins]\ndisable = ["tagger"]\n')  # how soon it answers is not the matter here
    first = stifinder("catalogue", "import", carpentries)
    assert first.exit_code == 0, first.output
    assert "265 new, 0 changed, 0 unchanged, 0 refused" in first.stdout
    assert (
        "0 new, 0 changed, 265 unchanged, 0 refused" in stifinder("catalogue", "import", carpentries).stdout
    )
    assert len(stifinder("catalogue", "list").stdout.splitlines()) == 265


def test_a_second_import_updates_in_place(stifinder, file):
    stifinder("catalogue", "import", file("c.csv", "id,title\na,A\nb,B\n"))
    result = stifinder("catalogue", "import", file("c.csv", "id,title\na,Renamed\nb,B\nc,C\n"))
    assert "1 new, 1 changed, 1 unchanged" in result.stdout
    listed = stifinder("catalogue", "list").stdout
    assert "Renamed" in listed
    assert len(listed.splitlines()) == 3


def test_good_rows_are_imported_beside_refused_ones_and_the_exit_code_says_so(stifinder, file):
    result = stifinder("catalogue", "import", file("c.csv", "id,title,minutes\na,A,5\nb,B,long\n"))
    assert result.exit_code == 1
    assert "c.csv, line 3, column minutes: 'long' is not a number. Give minutes" in result.stderr
    assert "1 new, 0 changed, 0 unchanged, 1 refused" in result.stdout


def test_strict_imports_nothing_when_a_row_is_refused(stifinder, file):
    result = stifinder(
        "catalogue", "import", "--strict", file("c.csv", "id,title,minutes\na,A,5\nb,B,long\n")
    )
    assert result.exit_code == 1
    assert "nothing was imported" in result.stderr
    assert stifinder("catalogue", "list").stdout == ""


def test_a_file_in_a_wrong_encoding_leaves_nothing_behind(stifinder, file):
    rows = "".join(f"row-{n},Row {n}\n" for n in range(50))
    result = stifinder("catalogue", "import", file("c.csv", f"id,title\n{rows}x,Blåbær\n".encode("latin-1")))
    assert result.exit_code == 2
    assert "Save the file as UTF-8" in result.stderr
    assert stifinder("catalogue", "list").stdout == ""


def test_prerequisites_that_are_nowhere_are_named(stifinder, file):
    result = stifinder("catalogue", "import", file("c.csv", "id,title,prerequisites\na,A,b; nowhere\nb,B,\n"))
    assert result.exit_code == 0
    assert "Warning" in result.stderr
    assert "nowhere" in result.stderr
    assert " b" not in result.stderr.partition("prerequisites:")[2]


def test_skills_that_rows_name_are_listed_by_their_titles(stifinder, file):
    stifinder("catalogue", "import", file("c.csv", "id,title,skills\na,A,Writing queries:beginner\n"))
    assert "Writing queries" in stifinder("catalogue", "list").stdout


KILLER = """
import os, signal
from stifinder import hookimpl, Tags
calls = 0

@hookimpl
def tag_activity(activity, skills):
    global calls
    calls += 1
    if calls == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return Tags()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_a_process_killed_in_the_middle_of_an_import_leaves_nothing_of_it(stifinder, file, tmp_path):
    stifinder("catalogue", "import", file("c.csv", "id,title\nrow-0,Old title\n"))
    file("killer.py", KILLER)
    config = file("killer.toml", '[plugins]\nload = ["killer"]\n')
    rows = "".join(f"row-{n},New title {n},course-{n},skill {n}\n" for n in range(20))
    path = file("c.csv", f"id,title,course_id,skills\n{rows}")
    command = [sys.executable, "-c", "from stifinder.lti_tool.cli import main; main()"]
    command += ["--data-dir", "data", "--config", str(config), "catalogue", "import", str(path)]
    killed = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        timeout=60,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert [line.split("\t")[3] for line in stifinder("catalogue", "list").stdout.splitlines()] == [
        "Old title"
    ]
    assert "19 new, 1 changed" in stifinder("catalogue", "import", path).stdout
