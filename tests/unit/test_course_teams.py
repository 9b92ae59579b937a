"""Teams for a task on a course's page: of whom, for whom, and what is not told."""

from __future__ import annotations

import re

import pytest
from course_world import Staff, agree, context_of, full_course, names
from small_course import launch_of
from stifinder.core.people import Profile, Purpose, Source
from stifinder.core.service import Core


@pytest.fixture
def full(core: Core) -> Core:
    full_course(core)
    return core


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page).replace("&nbsp;", " ").replace("\u00a0", " ").split())


def learner(core: Core, name: str) -> str:
    return core.recognise(launch_of(name))


def test_everybody_who_agreed_is_in_one_team_of_the_size_asked_for(full: Core) -> None:
    for size in (3, 4):
        found = full.course_teams("t", context_of(full), size)
        members = [i for team in found.teams for i in team]
        assert found.people == 24
        assert sorted(members) == sorted(learner(full, name) for name in names(24))
        assert len(found.teams) == 24 // size


def test_who_likes_to_work_alone_is_in_no_team(full: Core) -> None:
    alone = learner(full, names(1)[0])
    full.set_profile("t", alone, Profile(solo=True))
    found = full.course_teams("t", context_of(full), 4)
    assert found.alone == 1
    assert all(alone not in team for team in found.teams)


def test_who_did_not_agree_to_be_found_or_to_an_older_text_is_not_put_into_a_team(full: Core) -> None:
    first, second = names(2)
    full.agree(launch_of(first), {(Purpose.SUGGESTIONS, Source.STATEMENTS)})
    agree(full, second, older=True)
    found = full.course_teams("t", context_of(full), 4)
    assert found.people == 22
    members = {i for team in found.teams for i in team}
    assert not members & {learner(full, first), learner(full, second)}


def test_fewer_people_than_figures_are_shown_for_are_told_nothing_of(core: Core) -> None:
    full_course(core)
    for name in names(24)[4:]:
        core.agree(launch_of(name), {(Purpose.SUGGESTIONS, Source.STATEMENTS)})
    found = core.course_teams("t", context_of(core), 3)
    assert (found.people, found.teams, found.covered) == (4, (), ())
    assert "Teams for a task" not in Staff(core).see("course/skills")


def test_the_page_shows_signs_and_what_all_of_them_cover(full: Core) -> None:
    said = text_of(Staff(full).see("course/skills?team=3"))
    assert "Teams for a task" in said
    assert "Of 24 people who agreed to be found by others" in said
    assert len(re.findall(r"Learner [0-9a-f]{4}", said)) == 24
    assert re.search(r"\d+ of 24 \d of 8", said)
    assert "Teams for a task" in Staff(full).see("course/skills?team=99")
