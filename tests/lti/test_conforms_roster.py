"""Names and roles (NRPS): who takes part, read page by page, and how little of it is kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lti_browser import Browser, stored
from lti_clauses import EVERY, HAND, LIBRARY, MOODLE, clause
from lti_libraries import SENDERS
from lti_platform import MEMBERSHIP, fresh
from lti_senders import Person
from lti_services import members_door
from stifinder.adapters.lti.roster import MEMBERS_TYPE, members, read
from stifinder.adapters.lti.tokens import Tokens
from stifinder.core.membership import Headcount, Member
from stifinder.core.people import Role
from stifinder.core.service import Core
from stifinder.core.store import tool_keys as keys_of_ours
from stifinder.core.store.lti import Registration
from test_roster import ADDRESS, REGISTRATION, OneToken, Pages, kept, page, staff_launch

CHAPTER = "Names and roles (NRPS)"
SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"

ReadAll = Callable[[list[dict[str, Any]]], list[Member]]


@pytest.fixture
def roster(request: pytest.FixtureRequest, browser: Browser, tool_keys: str) -> Iterator[ReadAll]:
    """Reads a course's members from a platform that gives two at a time."""
    core, doors = browser.platform.core, []

    def from_pages(everybody: list[dict[str, Any]]) -> list[Member]:
        parts = [everybody[n : n + 2] for n in range(0, len(everybody), 2)]
        addresses = [ADDRESS, *(f"{ADDRESS}?limit=2&from={2 * n}" for n in range(1, len(parts)))]
        following = [*(f'<{address}>; rel="next"' for address in addresses[1:]), ""]
        answers = {
            address: (200, {"id": ADDRESS, "members": part}, link)
            for address, part, link in zip(addresses, parts, following, strict=True)
        }
        return list(members(Pages(answers), OneToken(), REGISTRATION, ADDRESS))  # type: ignore[arg-type]

    def from_the_library(everybody: list[dict[str, Any]]) -> list[Member]:
        sender = SENDERS[LIBRARY](core, browser.platform.server, f"https://{fresh('lms')}.example.com")
        door = members_door(sender, tool_keys, everybody)
        doors.append(door)
        tokens = Tokens(
            core.outgoing,
            lambda: keys_of_ours.signing_key(core.database, core.secrets, core.clock()),
            core.clock,
        )
        entry = Registration(
            "t", sender.issuer, "client-1", "1", "", "", auth_token_url=door.address, id=fresh("r")
        )
        found = list(members(core.outgoing, tokens, entry, f"{door.members}?limit=2"))
        assert {asked["scope"] for asked in door.asked} == {SCOPE}
        return found

    yield from_pages if request.param == HAND else from_the_library
    for door in doors:
        door.close()


@clause("paging by Link header", HAND, LIBRARY, by="roster")
def test_pages_are_followed_by_the_link_header(roster: ReadAll) -> None:
    everybody = [{"user_id": str(n), "roles": ["Learner"]} for n in range(5)]
    assert [member.user_id for member in roster(everybody)] == ["0", "1", "2", "3", "4"]


@clause("short and full role names", HAND, LIBRARY, by="roster")
def test_short_and_full_role_names_mean_the_same(roster: ReadAll) -> None:
    names = ["Instructor", f"{MEMBERSHIP}Instructor", "Learner", f"{MEMBERSHIP}Learner", "Wizard"]
    found = roster([{"user_id": str(n), "roles": [name]} for n, name in enumerate(names)])
    teacher, learner = frozenset({Role.TEACHER}), frozenset({Role.LEARNER})
    assert [member.roles for member in found] == [teacher, teacher, learner, learner, learner]


@clause("inactive and deleted members", HAND, LIBRARY, by="roster")
def test_inactive_and_deleted_members_are_told_apart(roster: ReadAll) -> None:
    states = ["Active", "Inactive", "Deleted", None]
    everybody = [{"user_id": str(n), "roles": ["Learner"], "status": s} for n, s in enumerate(states)]
    assert [member.active for member in roster(everybody)] == [True, False, False, True]


@clause("inactive and deleted members do not count as taking part", HAND, by="sender")
def test_inactive_and_deleted_members_do_not_take_part(core: Core, sender: object) -> None:
    staff_launch(core)
    (entry,) = core.due_rosters()
    states = {"person-1": "Active", "person-2": "Inactive", "person-3": "Deleted"}
    sent = {"members": [{"user_id": n, "roles": ["Learner"], "status": s} for n, s in states.items()]}
    assert core.take_roster(entry, read(sent)) == Headcount(1, 0, 2, core.clock())


@clause("no names when the platform sends none", HAND, LIBRARY, by="roster")
def test_a_roster_without_names_is_read(roster: ReadAll) -> None:
    assert roster([{"user_id": "7", "roles": ["Learner"]}]) == [Member("7", frozenset({Role.LEARNER}))]


@clause("names that the platform sends are not kept", HAND, LIBRARY, by="roster")
def test_names_that_are_sent_are_not_kept(roster: ReadAll, core: Core) -> None:
    person = {"user_id": "7", "roles": ["Learner"], "name": "Learner 7", "email": "learner-7@example.test"}
    found = roster([person])
    staff_launch(core)
    (entry,) = core.due_rosters()
    core.take_roster(entry, found)
    assert kept(core) == set()
    everything = repr(found) + repr(stored(core))
    assert "Learner 7" not in everything
    assert "learner-7@" not in everything


@clause("the request names its type and asks for its own scope", HAND, by="sender")
def test_the_request_names_its_type_and_scope(sender: object) -> None:
    pages, token = Pages({ADDRESS: (200, page("1"), "")}), OneToken()
    list(members(pages, token, REGISTRATION, ADDRESS))  # type: ignore[arg-type]
    ((_, headers),) = pages.asked
    assert headers["Accept"] == MEMBERS_TYPE
    assert token.scopes == [SCOPE]


@clause("the roster as a real Moodle sent it", MOODLE, by="")
def test_the_roster_that_a_real_moodle_sent_is_read(data: Path) -> None:
    recorded = json.loads((data / "moodle" / "lti" / "nrps_response.json").read_text())
    found = list(read(recorded["body"]))
    assert [(m.user_id, m.roles, m.active) for m in found] == [
        ("5", {Role.LEARNER}, True),
        ("4", {Role.LEARNER}, True),
        ("3", {Role.TEACHER}, True),
    ]


@clause("the launch of a teacher, not of a student, has the roster read", *EVERY)
def test_the_launch_of_a_teacher_has_the_roster_read(browser: Browser) -> None:
    browser.platform.services = True
    course = fresh("course")

    def due() -> set[str]:
        return {entry.address for entry in browser.platform.core.due_rosters()}

    assert browser.opens(Person("Learner", course=course)).status_code == 303
    assert browser.platform.members not in due()
    assert browser.opens(Person("Instructor", course=course)).status_code == 303
    assert browser.platform.members in due()
