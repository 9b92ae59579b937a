"""Groups of a course: read from the LMS, kept of those who agreed to be found, and what they are for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from small_course import EVERYTHING, ISSUER, SUGGESTIONS, Clock, arrival, launch_of
from sqlalchemy import select
from stifinder.adapters.lti.groups import GROUPS_TYPE, groups, of_each
from stifinder.adapters.lti.paging import ListRefused
from stifinder.adapters.lti.roster import read, told
from stifinder.core.evidence import EventKind
from stifinder.core.membership import Group, Member
from stifinder.core.people import Role
from stifinder.core.service import Core
from stifinder.core.store import groups as store
from stifinder.core.store import lti, suggestions, tables
from stifinder.core.store.lti import register
from stifinder.core.store.rosters import Roster
from stifinder.lti_tool.jobs import Jobs
from stifinder.lti_tool.lti.registration_request import wanted_messages, wanted_scopes
from stifinder.schemas.lti import SUBMISSION_REVIEW_REQUEST
from stifinder.schemas.lti_services import GROUPS_CLAIM, GROUPS_SCOPE, services
from test_lti_products import platform
from test_roster import ADDRESS, REGISTRATION, OneToken, Pages, page

GROUPS = f"{ISSUER}/groups"
SETS = f"{ISSUER}/sets"
A, B = Group("g-a", "Team A", "Teams"), Group("g-b", "Team B", "Teams")


def read_groups(answers: Mapping[str, tuple[int, Any, str]], sets: str = "") -> list[Group]:
    return groups(Pages(answers), OneToken(), REGISTRATION, GROUPS, sets)  # type: ignore[arg-type]


# --- what a launch says -----------------------------------------------------------------------------


def claim(**changes: Any) -> dict[str, Any]:
    usual = {
        "scope": [GROUPS_SCOPE],
        "context_groups_url": GROUPS,
        "context_group_sets_url": SETS,
        "service_versions": ["1.0"],
    }
    return {GROUPS_CLAIM: {key: value for key, value in (usual | changes).items() if value is not None}}


def test_a_launch_says_where_the_groups_are() -> None:
    offered = services(claim())
    assert (offered.groups, offered.group_sets) == (GROUPS, SETS)
    assert services(claim(context_group_sets_url=None)).group_sets == ""


@pytest.mark.parametrize(
    "changes", [{"context_groups_url": "http://lms.example.org/x"}, {"context_groups_url": 7}, {"scope": []}]
)
def test_a_service_that_cannot_be_used_counts_as_not_offered(changes: dict[str, Any]) -> None:
    assert services(claim(**changes)).groups == ""


@pytest.mark.parametrize("offers", [True, False])
def test_the_service_is_asked_for_where_the_lms_says_that_it_has_it(offers: bool) -> None:
    said = frozenset({GROUPS_SCOPE, "openid"}) if offers else frozenset[str]()
    assert (GROUPS_SCOPE in wanted_scopes(platform(scopes=said))) is offers


@pytest.mark.parametrize("offers", [True, False])
def test_reviews_are_asked_for_where_the_lms_says_that_it_sends_them(offers: bool) -> None:
    said = {SUBMISSION_REVIEW_REQUEST: ()} if offers else {}
    assert (SUBMISSION_REVIEW_REQUEST in wanted_messages(platform(messages=said))) is offers


# --- reading ----------------------------------------------------------------------------------------


def test_groups_are_read_page_by_page_with_the_titles_of_their_sets() -> None:
    second = f"{GROUPS}?from=1"
    found = read_groups(
        {
            SETS: (200, {"sets": [{"id": "s", "name": "Teams"}]}, ""),
            GROUPS: (
                200,
                {"groups": [{"id": "g-a", "name": " Team\nA ", "set_id": "s"}]},
                f'<{second}>; rel="next"',
            ),
            second: (200, {"groups": [{"id": 7, "name": "Alone"}, {"name": "without id"}, "nonsense"]}, ""),
        },
        SETS,
    )
    assert found == [Group("g-a", "Team A", "Teams"), Group("7", "Alone", "")]


@pytest.mark.parametrize("answer", [(403, {}, ""), (200, {"groups": "none"}, ""), (200, [], "")])
def test_an_answer_that_is_no_list_of_groups_is_refused(answer: tuple[int, Any, str]) -> None:
    with pytest.raises(ListRefused):
        read_groups({GROUPS: answer})


def test_the_request_names_its_type_and_asks_for_its_own_scope() -> None:
    pages, token = Pages({GROUPS: (200, {"groups": []}, "")}), OneToken()
    groups(pages, token, REGISTRATION, GROUPS)  # type: ignore[arg-type]
    assert pages.asked[0][1]["Accept"] == GROUPS_TYPE
    assert token.scopes == [GROUPS_SCOPE]


def test_who_is_in_which_group_is_asked_one_by_one_where_no_list_says_it() -> None:
    answers = {
        f"{GROUPS}?user_id=person%2F1": (200, {"groups": [{"id": "g-a", "name": "Team A"}]}, ""),
        f"{GROUPS}?user_id=person-2": (200, {"groups": []}, ""),
    }
    found = of_each(Pages(answers), OneToken(), REGISTRATION, GROUPS, ["person/1", "person-2"])  # type: ignore[arg-type]
    assert found == {"person/1": {"g-a"}, "person-2": set()}


def test_members_are_read_with_their_groups() -> None:
    listed = page("1", group_enrollments=[{"group_id": "g-a"}, {"group_id": 7}, {"x": 1}, None])
    assert [m.groups for m in read(listed)] == [{"g-a", "7"}]
    assert [m.groups for m in read(page("1"))] == [None]


@pytest.mark.parametrize("answer", [(200, page("1"), ""), (400, {}, "")])
def test_a_platform_that_does_not_know_the_question_for_groups_tells_its_members(
    answer: tuple[int, Any, str],
) -> None:
    pages = Pages({f"{ADDRESS}?groups=true": answer, ADDRESS: (200, page("1"), "")})
    found = told(pages, OneToken(), REGISTRATION, ADDRESS, with_groups=True)  # type: ignore[arg-type]
    assert [m.user_id for m in found.members] == ["1"]


# --- what is kept -----------------------------------------------------------------------------------


def member(name: str, *keys: str) -> Member:
    return Member(name, frozenset({Role.LEARNER}), groups=frozenset(keys))


def noted(core: Core) -> Roster:
    launch = replace(launch_of("teacher-1"), roles=frozenset({Role.TEACHER}))
    core.note_roster(launch, ISSUER, ADDRESS, groups=GROUPS, group_sets=SETS)
    (entry,) = core.due_rosters()
    return entry


def in_groups(core: Core) -> set[tuple[str, str]]:
    table = tables.course_group_member
    with core.database.read() as connection:
        query = select(table.c.group_id, table.c.learner_id).where(table.c.tenant_id == "t")
        return {(row.group_id, row.learner_id) for row in connection.execute(query)}


def group(core: Core, key: str) -> str:
    return store.group_id("t", core.context_of(launch_of("person-1")).id, key)


def test_only_of_those_who_agreed_to_be_found_is_it_kept(core: Core, tmp_path: Any) -> None:
    found = core.agree(launch_of("person-1"), EVERYTHING)
    core.agree(launch_of("person-2"), SUGGESTIONS)
    entry = noted(core)
    core.take_groups(entry, [A, B], {"person-1": ["g-a"], "person-2": ["g-a"], "person-3": ["g-b"]})
    assert in_groups(core) == {(group(core, "g-a"), found)}
    assert [title for _, title, _ in core.groups_of("t", entry.context_id)] == ["Team A", "Team B"]
    assert not any(b"person-3" in file.read_bytes() for file in tmp_path.glob("stifinder.db*"))


def test_who_changes_the_group_or_loses_it_is_not_in_the_old_one(core: Core) -> None:
    found = core.agree(launch_of("person-1"), EVERYTHING)
    entry = noted(core)
    core.take_groups(entry, [A, B], {"person-1": ["g-a"]})
    core.take_groups(entry, [A, B], {"person-1": ["g-b", "a-group-of-another-course"]})
    assert in_groups(core) == {(group(core, "g-b"), found)}
    core.take_groups(entry, [A], {"person-1": ["g-b"]})
    assert in_groups(core) == set()


def test_who_takes_the_agreement_back_or_is_erased_is_in_no_group(core: Core) -> None:
    entry = noted(core)
    for how in (SUGGESTIONS, frozenset()):
        learner_id = core.agree(launch_of("person-1"), EVERYTHING)
        core.take_groups(entry, [A], {"person-1": ["g-a"]})
        assert in_groups(core)
        assert core.held("t", learner_id)["course_groups"]
        core.agree(launch_of("person-1"), how)
        assert in_groups(core) == set()


def test_an_lms_that_offers_no_groups_any_more_takes_them_away(core: Core) -> None:
    core.agree(launch_of("person-1"), EVERYTHING)
    entry = noted(core)
    core.take_groups(entry, [A], {"person-1": ["g-a"]})
    core.note_roster(replace(launch_of("teacher-1"), roles=frozenset({Role.TEACHER})), ISSUER, ADDRESS)
    assert core.groups_of("t", entry.context_id) == []
    assert in_groups(core) == set()


# --- what they are for ------------------------------------------------------------------------------


def peers_of(core: Core, name: str) -> set[str]:
    """Who can be matched with somebody here."""
    launch = launch_of(name)
    learner_id, context = core.recognise(launch), core.context_of(launch).id
    with core.database.read() as connection:
        among = store.fellows(connection, "t", context, learner_id)
        return set(suggestions.peers(connection, "t", context, learner_id, among=among))


@pytest.fixture
def four(core: Core) -> dict[str, str]:
    """Four people who can be found, of whom something is known."""
    ids = {}
    for n in range(1, 5):
        launch = launch_of(f"person-{n}")
        ids[f"person-{n}"] = core.agree(launch, EVERYTHING)
        core.intake("t", [arrival(f"person-{n}", 2, EventKind.ANSWERED, score=n / 5)])
        core.page(launch, ids[f"person-{n}"])
    return ids


def test_without_groups_everybody_of_the_course_can_be_matched(core: Core, four: dict[str, str]) -> None:
    assert peers_of(core, "person-1") == set(four.values()) - {four["person-1"]}


def test_who_is_in_a_group_is_matched_within_it(core: Core, four: dict[str, str]) -> None:
    in_a, in_b = {"person-1": ["g-a"], "person-2": ["g-a"]}, {"person-3": ["g-b"]}
    core.take_groups(noted(core), [A, B], in_a | in_b)
    assert peers_of(core, "person-1") == {four["person-2"]}
    assert peers_of(core, "person-3") == set()  # alone in the group, so far
    assert peers_of(core, "person-4") == set(four.values()) - {four["person-4"]}  # in none


def test_of_several_groups_each_counts(core: Core, four: dict[str, str]) -> None:
    core.take_groups(
        noted(core),
        [A, B],
        {"person-1": ["g-a", "g-b"], "person-2": ["g-a"], "person-3": ["g-b"], "person-4": []},
    )
    assert peers_of(core, "person-1") == {four["person-2"], four["person-3"]}


def test_the_learners_page_proposes_people_of_the_own_group(core: Core) -> None:
    ids = {}
    for name, scores in (("person-1", {0: 1.0, 3: 0.0}), ("person-2", {0: 0.0, 3: 1.0})):
        ids[name] = core.agree(launch_of(name), EVERYTHING)
        core.intake(
            "t",
            [
                arrival(name, activity, EventKind.ANSWERED, score=score, item=f"question-{n}")
                for activity, score in scores.items()
                for n in range(6)
            ],
        )
        core.page(launch_of(name), ids[name])
    assert len(core.page(launch_of("person-1"), ids["person-1"]).peers) == 1
    entry = noted(core)
    core.take_groups(entry, [A, B], {"person-1": ["g-a"], "person-2": ["g-b"]})
    assert core.page(launch_of("person-1"), ids["person-1"]).peers == ()
    core.take_groups(entry, [A, B], {"person-1": ["g-a"], "person-2": ["g-a"]})
    assert len(core.page(launch_of("person-1"), ids["person-1"]).peers) == 1


def test_a_learners_page_names_the_own_groups_and_no_other(core: Core, four: dict[str, str]) -> None:
    entry = noted(core)
    core.take_groups(entry, [A, B], {"person-1": ["g-b", "g-a"], "person-2": ["g-b"]})
    told = {name: core.page(launch_of(name), learner_id).groups for name, learner_id in four.items()}
    assert told == {"person-1": ("Team A", "Team B"), "person-2": ("Team B",), "person-3": (), "person-4": ()}
    core.agree(launch_of("person-1"), SUGGESTIONS)  # and no longer to be found by others
    assert core.page(launch_of("person-1"), four["person-1"]).groups == ()


# --- the job ----------------------------------------------------------------------------------------


@pytest.fixture
def reading(core: Core, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Reads what is due from given answers; returns the addresses that were asked."""
    register(core.database, [replace(REGISTRATION, id="")], core.clock())

    def run(answers: Mapping[str, tuple[int, Any, str]]) -> list[str]:
        pages = Pages(answers)
        jobs = Jobs(core)
        monkeypatch.setattr(core, "outgoing", pages)
        monkeypatch.setattr(jobs, "_tokens", OneToken())
        assert jobs.read_rosters() == 1
        return [url for url, _ in pages.asked]

    return run


def registered_launch(core: Core) -> None:
    (entry,) = lti.registrations(core.database, "t")
    launch = replace(launch_of("teacher-1"), roles=frozenset({Role.TEACHER}), registration_id=entry.id)
    core.note_roster(launch, ISSUER, ADDRESS, groups=GROUPS, group_sets=SETS)


LISTED = (200, {"groups": [{"id": "g-a", "name": "Team A", "set_id": "s"}]}, "")
IN_SETS = (200, {"sets": [{"id": "s", "name": "Teams"}]}, "")


def test_groups_come_with_the_members(core: Core, reading: Any) -> None:
    found = core.agree(launch_of("person-1"), EVERYTHING)
    registered_launch(core)
    whole = f"{ADDRESS}?groups=true"
    told_groups = page("person-1", "person-2", group_enrollments=[{"group_id": "g-a"}])
    assert reading({whole: (200, told_groups, ""), GROUPS: LISTED, SETS: IN_SETS}) == [whole, SETS, GROUPS]
    assert in_groups(core) == {(group(core, "g-a"), found)}


def test_where_members_come_without_groups_only_those_who_agreed_are_asked_for(
    core: Core, reading: Any
) -> None:
    found = core.agree(launch_of("person-1"), EVERYTHING)
    core.agree(launch_of("person-2"), SUGGESTIONS)
    registered_launch(core)
    whole, own = f"{ADDRESS}?groups=true", f"{GROUPS}?user_id=person-1"
    everybody = page("person-1", "person-2", "person-3")
    asked = reading({whole: (200, everybody, ""), GROUPS: LISTED, SETS: IN_SETS, own: LISTED})
    assert asked == [whole, SETS, GROUPS, own]
    assert in_groups(core) == {(group(core, "g-a"), found)}


def test_without_the_groups_the_members_stand_all_the_same(core: Core, reading: Any) -> None:
    registered_launch(core)
    reading({f"{ADDRESS}?groups=true": (200, page("person-1"), ""), SETS: (403, {}, "")})
    context = core.context_of(launch_of("person-1")).id
    count = core.members_of("t", context)
    assert count is not None
    assert count.learners == 1


def test_groups_are_read_anew_at_least_every_other_time(core: Core, reading: Any, clock: Clock) -> None:
    registered_launch(core)
    whole, since = f"{ADDRESS}?groups=true", f"{ADDRESS}?since=1"
    answers = {
        whole: (200, page("person-1"), f'<{since}>; rel="differences"'),
        since: (200, page(), ""),
        GROUPS: LISTED,
        SETS: IN_SETS,
    }
    first = reading(answers)
    clock.forward(hours=12)
    second = reading(answers)
    clock.forward(hours=12)
    assert (second, reading(answers)) == ([since], first)
