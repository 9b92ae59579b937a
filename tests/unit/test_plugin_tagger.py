"""The tagger: skills by vocabulary, language, level and medium by what is written, and nothing guessed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from stifinder import Activity, Level, Skill, Tags
from stifinder.plugins import tagger

SKILLS = {
    "skill-a": Skill("skill-a", "tenant-1", "Tables", ("table", "data frame")),
    "skill-b": Skill("skill-b", "tenant-1", "Data", ("data",)),
    "skill-c": Skill("skill-c", "tenant-1", "C++", ("c++",)),
    "skill-d": Skill("skill-d", "tenant-1", "Version control"),
}


@pytest.fixture(autouse=True)
def patient() -> Iterator[None]:
    """Wait for the language model as long as it takes to load."""
    tagger.configure({"patience": 60})
    yield
    tagger.configure({})


def tags(title: str, text: str = "", **values: Any) -> Tags:
    return tagger.tag_activity(Activity("activity-1", "tenant-1", "1", title, text, **values), SKILLS)


def found(title: str, text: str = "") -> list[str]:
    return [entry.skill_id for entry in tags(title, text).skills]


def test_a_term_in_the_title_is_enough_and_one_in_the_text_is_not() -> None:
    assert found("Sort a table") == ["skill-a"]
    assert found("Sorting", "Once you have a table.") == []
    assert found("Sorting", "A table, and another table.") == ["skill-a"]


def test_words_count_only_whole_and_the_longest_term_wins() -> None:
    assert found("Tablecloths and database work") == []
    assert found("Make a data  FRAME") == ["skill-a"]
    assert found("C++ for everybody") == ["skill-c"]
    assert found("C++x") == []


def test_a_skill_without_terms_is_found_by_its_title() -> None:
    assert found("Why version control?") == ["skill-d"]


@pytest.mark.parametrize(
    ("title", "level"),
    [
        ("Introduction to the table", Level.BEGINNER),
        ("Advanced table", Level.ADVANCED),
        ("Table", Level.BEGINNER),
        ("Avanceret table", Level.ADVANCED),
    ],
)
def test_the_level_is_what_the_title_says(title: str, level: Level) -> None:
    assert [entry.level for entry in tags(title).skills] == [level]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("In this module you learn how to sort and filter the rows of a table.", "en"),
        (
            "I dette modul lærer du at sortere og filtrere rækkerne i en tabel, og hvorfor det er nyttigt.",
            "da",
        ),
        ("In diesem Modul lernst du, die Zeilen einer Tabelle zu sortieren und zu filtern.", "de"),
        ("12 34 56", ""),
        ("Excel", ""),
    ],
)
def test_the_language_is_recognised_when_there_is_enough_to_tell(text: str, language: str) -> None:
    assert tags("", text).language == language


def test_a_call_does_not_wait_long_for_the_language_model(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tagger.Languages()
    monkeypatch.setattr(slow, "_load", lambda: None)  # a load that has not ended
    assert slow.name("In this module you learn how to sort the rows.", 0.9, 0.01) == ""


def test_the_medium_is_named_or_left_empty() -> None:
    assert tags("Video: sort a table").media_type == "video"
    assert tags("Øvelse i tabeller").media_type == "exercise"
    assert tags("A quiz about a video").media_type == ""
    assert tags("Sort a table").media_type == ""
    assert tags("Sort a table").difficulty is None


def test_a_large_vocabulary_costs_no_more_than_a_small_one() -> None:
    many = {f"s-{n}": Skill(f"s-{n}", "tenant-1", f"S {n}", (f"word{n} and more",)) for n in range(20_000)}
    text = "a table of word7 and more, " * 500
    tagger.vocabulary(tuple(many.values()))  # made once for a vocabulary
    began = time.thread_time()
    named = tagger.find_skills(Activity("activity-1", "tenant-1", "1", "Sort", text), many, 5)
    assert named == ["s-7"]
    assert time.thread_time() - began < 0.5


def test_a_term_that_begins_with_a_sign_is_found() -> None:
    skills = {"skill-e": Skill("skill-e", "tenant-1", "Net", (".net",))}
    for title, expected in (("Learn .NET now", ["skill-e"]), ("Learn net now", []), ("a.net", [])):
        assert tagger.find_skills(Activity("activity-1", "tenant-1", "1", title), skills, 5) == expected


def test_no_skills_at_all_is_no_trouble() -> None:
    assert tagger.tag_activity(Activity("activity-1", "tenant-1", "1", "Sort"), {}).skills == ()
