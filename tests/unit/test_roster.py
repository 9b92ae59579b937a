"""Names and roles: who takes part in a course, read page by page, and how little of it is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from small_course import EVERYTHING, ISSUER, SUGGESTIONS, Clock, launch_of
from sqlalchemy import select
from stifinder.adapters.lti.paging import ListRefused
from stifinder.adapters.lti.roster import MEMBERS_TYPE, members, read, told
from stifinder.core.membership import Headcount, Member, Told
from stifinder.core.outgoing import Answer
from stifinder.core.people import Role
from stifinder.core.service import Core
from stifinder.core.store import tables
from stifinder.core.store.lti import Registration
from stifinder.lti_tool.jobs import Jobs

ADDRESS = f"{ISSUER}/mod/lti/services.php/CourseSection/2/bindings/1/memberships"
FULL = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
REGISTRATION = Registration("t", ISSUER, "client-1", "1", f"{ISSUER}/auth", f"{ISSUER}/keys", id="r")


@dataclass
class Pages:
    """Stands where requests go out: answers from what it was given, and remembers what was asked."""

    answers: Mapping[str, tuple[int, Any, str]]
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def get(self, url: str, *, headers: dict[str, str], limit_bytes: int, seconds: float) -> Answer:
        self.asked.append((url, headers))
        status, body, link = self.answers[url]
        return Answer(status, {"Link": link} if link else {}, json.dumps(body).encode(), url)


class OneToken:
    """Gives one token, and says for what it was asked."""

    def __init__(self) -> None:
        self.scopes: list[str] = []

    def get(self, registration: Registration, scopes: Sequence[str]) -> str:
        self.scopes += scopes
        return "a-token"

    def forget(self, registration: Registration) -> None:
        pass


def listed(answers: Mapping[str, tuple[int, Any, str]]) -> list[Member]:
    return list(members(Pages(answers), OneToken(), REGISTRATION, ADDRESS))  # type: ignore[arg-type]


def page(*names: str, role: str = "Learner", **more: Any) -> dict[str, Any]:
    return {"id": ADDRESS, "members": [{"user_id": n, "roles": [role], **more} for n in names]}


# --- reading ----------------------------------------------------------------------------------------


def test_the_roster_that_moodle_sends_is_read(data: Path) -> None:
    recorded = json.loads((data / "moodle" / "lti" / "nrps_response.json").read_text())
    found = list(read(recorded["body"]))
    assert [(m.user_id, m.roles) for m in found] == [
        ("5", {Role.LEARNER}),
        ("4", {Role.LEARNER}),
        ("3", {Role.TEACHER}),
    ]
    assert all(m.active for m in found)


def test_names_are_not_read_even_when_they_are_sent(data: Path) -> None:
    recorded = json.loads((data / "moodle" / "lti" / "nrps_response.json").read_text())
    said = repr(list(read(recorded["body"])))
    assert "Learner" not in said.replace("Role.LEARNER", "")
    assert "@" not in said


def test_a_roster_without_names_is_read() -> None:
    assert list(read({"members": [{"user_id": "7", "roles": ["Learner"]}]})) == [
        Member("7", frozenset({Role.LEARNER}))
    ]


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("Instructor", Role.TEACHER),
        (f"{FULL}Instructor", Role.TEACHER),
        ("Learner", Role.LEARNER),
        (f"{FULL}Learner", Role.LEARNER),
        ("Wizard", Role.LEARNER),
    ],
)
def test_short_and_full_role_names_mean_the_same(role: str, expected: Role) -> None:
    (member,) = read(page("1", role=role))
    assert member.roles == {expected}


@pytest.mark.parametrize(("status", "active"), [("Active", True), ("Inactive", False), ("Deleted", False)])
def test_inactive_and_deleted_members_are_told_apart(status: str, active: bool) -> None:
    (member,) = read(page("1", status=status))
    assert member.active is active


def test_pages_are_followed_by_the_link_header() -> None:
    second, third = f"{ADDRESS}?limit=2&from=2", f"{ADDRESS}?limit=2&from=4"
    found = listed(
        {
            ADDRESS: (200, page("1", "2"), f'<{second}>; rel="next", <{ADDRESS}>; rel="first"'),
            second: (200, page("3", "4"), f"<{third}>; rel=next"),
            third: (200, page("5"), f'<{ADDRESS}>; rel="differences"'),
        }
    )
    assert [m.user_id for m in found] == ["1", "2", "3", "4", "5"]


def test_the_request_names_its_type_and_asks_for_its_own_scope() -> None:
    pages, token = Pages({ADDRESS: (200, page("1"), "")}), OneToken()
    list(members(pages, token, REGISTRATION, ADDRESS))  # type: ignore[arg-type]
    ((_, headers),) = pages.asked
    assert headers == {"Authorization": "Bearer a-token", "Accept": MEMBERS_TYPE}
    assert token.scopes == ["https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"]


def test_pages_that_lead_to_another_host_are_not_followed() -> None:
    elsewhere = "https://elsewhere.example.org/members"
    pages = Pages({ADDRESS: (200, page("1"), f'<{elsewhere}>; rel="next"')})
    with pytest.raises(ListRefused, match="goes on at elsewhere"):
        list(members(pages, OneToken(), REGISTRATION, ADDRESS))  # type: ignore[arg-type]
    assert [url for url, _ in pages.asked] == [ADDRESS]


def test_pages_that_go_round_in_circles_end() -> None:
    with pytest.raises(ListRefused, match="does not end"):
        listed({ADDRESS: (200, page("1"), f'<{ADDRESS}>; rel="next"')})


@pytest.mark.parametrize("answer", [(403, {}, ""), (200, {"members": "none"}, ""), (200, [], "")])
def test_an_answer_that_is_no_roster_is_refused(answer: tuple[int, Any, str]) -> None:
    with pytest.raises(ListRefused):
        listed({ADDRESS: answer})


# --- what is kept -----------------------------------------------------------------------------------


def staff_launch(core: Core) -> None:
    launch = replace(launch_of("teacher-1"), roles=frozenset({Role.TEACHER}))
    core.note_roster(launch, ISSUER, ADDRESS)


MEMBERS = [
    Member("person-1", frozenset({Role.LEARNER})),
    Member("person-2", frozenset({Role.LEARNER})),
    Member("person-3", frozenset({Role.LEARNER})),
    Member("person-4", frozenset({Role.LEARNER}), active=False),
    Member("teacher-1", frozenset({Role.TEACHER})),
]


def kept(core: Core) -> set[str]:
    with core.database.read() as connection:
        query = select(tables.membership.c.learner_id).where(tables.membership.c.tenant_id == "t")
        return set(connection.execute(query).scalars())


def test_how_many_take_part_is_kept_and_nobody_who_did_not_agree(core: Core, tmp_path: Path) -> None:
    staff_launch(core)
    (entry,) = core.due_rosters()
    count = core.take_roster(entry, MEMBERS)
    assert count == Headcount(3, 1, 1, core.clock())
    assert core.members_of("t", entry.context_id) == count
    assert kept(core) == set()
    assert not any(b"person-1" in f.read_bytes() for f in tmp_path.glob("stifinder.db*"))


def test_who_agreed_to_be_found_is_a_member_and_who_left_is_not(core: Core) -> None:
    found = core.agree(launch_of("person-1"), EVERYTHING)
    alone = core.agree(launch_of("person-2"), SUGGESTIONS)
    staff_launch(core)
    (entry,) = core.due_rosters()
    core.take_roster(entry, MEMBERS)
    assert kept(core) == {found}
    assert alone not in kept(core)
    core.take_roster(entry, [replace(MEMBERS[0], active=False)])
    assert kept(core) == set()


def test_only_staff_has_a_roster_read_and_it_is_read_twice_a_day(core: Core, clock: Clock) -> None:
    core.note_roster(launch_of("person-1"), ISSUER, ADDRESS)
    assert core.due_rosters() == []
    staff_launch(core)
    (entry,) = core.due_rosters()
    core.take_roster(entry, MEMBERS)
    staff_launch(core)
    assert core.due_rosters() == []
    clock.forward(hours=12)
    assert core.due_rosters() == [entry]


def test_an_lms_that_does_not_tell_is_asked_again_later(core: Core, clock: Clock) -> None:
    staff_launch(core)  # its registration is gone
    assert Jobs(core).read_rosters() == 0
    assert core.due_rosters() == []
    clock.forward(hours=1)
    assert len(core.due_rosters()) == 1


def test_who_is_not_listed_any_more_takes_part_no_longer(core: Core) -> None:
    core.agree(launch_of("person-1"), EVERYTHING)
    stays = core.agree(launch_of("person-2"), EVERYTHING)
    staff_launch(core)
    (entry,) = core.due_rosters()
    core.take_roster(entry, MEMBERS)
    core.take_roster(entry, MEMBERS[1:])
    assert kept(core) == {stays}


# --- only what changed ------------------------------------------------------------------------------

SINCE = f"{ADDRESS}?since=7"


def tell(answers: Mapping[str, tuple[int, Any, str]], **options: Any) -> tuple[Told, list[str]]:
    """What is told, and which addresses were asked."""
    pages = Pages(answers)
    found = told(pages, OneToken(), REGISTRATION, ADDRESS, **options)  # type: ignore[arg-type]
    return found, [url for url, _ in pages.asked]


def differences(address: str) -> str:
    return f'<{address}>; rel="differences"'


def test_the_whole_list_says_where_to_ask_for_changes() -> None:
    second = f"{ADDRESS}?from=1"
    found, _ = tell(
        {
            ADDRESS: (200, page("1"), f'<{second}>; rel="next"'),
            second: (200, page("2"), differences(SINCE)),
        }
    )
    assert ([m.user_id for m in found.members], found.differences) == (["1", "2"], SINCE)


def test_where_nothing_changed_nothing_else_is_read() -> None:
    later = f"{ADDRESS}?since=8"
    found, asked = tell({SINCE: (200, page(), differences(later))}, differences=SINCE)
    assert found == Told(unchanged=True, differences=later)
    assert asked == [SINCE]


def test_where_no_new_address_comes_along_the_old_one_stays() -> None:
    found, _ = tell({SINCE: (200, page(), "")}, differences=SINCE)
    assert found == Told(unchanged=True, differences=SINCE)


def test_a_change_has_the_whole_list_read_again() -> None:
    later = f"{ADDRESS}?since=8"
    found, asked = tell(
        {SINCE: (200, page("2"), ""), ADDRESS: (200, page("1", "2"), differences(later))}, differences=SINCE
    )
    assert ([m.user_id for m in found.members], found.differences) == (["1", "2"], later)
    assert asked == [SINCE, ADDRESS]


def test_a_change_on_a_later_page_counts_too() -> None:
    second = f"{SINCE}&from=1"
    _, asked = tell(
        {
            SINCE: (200, page(), f'<{second}>; rel="next"'),
            second: (200, page("2", status="Deleted"), ""),
            ADDRESS: (200, page("1"), ""),
        },
        differences=SINCE,
    )
    assert asked == [SINCE, second, ADDRESS]


@pytest.mark.parametrize("answer", [(404, {}, ""), (410, {}, ""), (400, {}, ""), (200, {"x": 1}, "")])
def test_an_address_of_changes_that_is_too_old_costs_only_the_question(answer: tuple[int, Any, str]) -> None:
    found, asked = tell({SINCE: answer, ADDRESS: (200, page("1"), "")}, differences=SINCE)
    assert [m.user_id for m in found.members] == ["1"]
    assert asked == [SINCE, ADDRESS]


@pytest.mark.parametrize(
    "elsewhere", ["https://elsewhere.example.org/since", "http://lms.example.org/since", SINCE + "x" * 900]
)
def test_changes_are_not_asked_for_at_another_place(elsewhere: str) -> None:
    found, _ = tell({ADDRESS: (200, page("1"), differences(elsewhere))})
    assert found.differences == ""


def test_an_unchanged_course_keeps_its_counts_and_says_when_it_was_asked(core: Core, clock: Clock) -> None:
    staff_launch(core)
    (entry,) = core.due_rosters()
    core.take_roster(entry, MEMBERS, SINCE)
    clock.forward(hours=12)
    (entry,) = core.due_rosters()
    assert entry.differences == SINCE
    later = f"{ADDRESS}?since=8"
    core.roster_unchanged(entry, later)
    assert core.members_of("t", entry.context_id) == Headcount(3, 1, 1, core.clock())
    assert core.due_rosters() == []
    clock.forward(hours=12)
    assert [one.differences for one in core.due_rosters()] == [later]


def test_a_launch_that_says_the_same_keeps_where_to_ask_for_changes(core: Core, clock: Clock) -> None:
    staff_launch(core)
    (entry,) = core.due_rosters()
    core.take_roster(entry, MEMBERS, SINCE)
    clock.forward(hours=12)
    staff_launch(core)
    assert [one.differences for one in core.due_rosters()] == [SINCE]
    moved = replace(launch_of("teacher-1"), roles=frozenset({Role.TEACHER}))
    core.note_roster(moved, ISSUER, f"{ISSUER}/moved")
    assert [(one.address, one.differences) for one in core.due_rosters()] == [(f"{ISSUER}/moved", "")]
