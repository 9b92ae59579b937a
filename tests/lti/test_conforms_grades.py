"""Grades (AGS): tokens from independent libraries, scores to an LMS that answers as told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lti_clauses import EVERY, HAND, MOODLE, clause
from lti_libraries import SENDERS
from lti_platform import KeyServer, fresh
from lti_services import TokenDoor, library_of
from small_course import EVERYTHING
from stifinder.core.opens import Kind, Opens
from stifinder.core.store import tool_keys
from stifinder.core.store.lti import Registration, register
from stifinder.lti_tool.jobs import Jobs
from stifinder.schemas.lti_services import Services
from test_grades import LINE_ITEM, SCORE, World

CHAPTER = "Grades (AGS)"


@dataclass
class Graded:
    """The world of the tests of grades, in front of a platform that gives tokens in its own way."""

    world: World
    door: TokenDoor | None = None

    def accepted(self, headers: dict[str, str], scope: str) -> bool:
        """Whether the platform lets in what came with these headers."""
        scheme, token = headers["Authorization"].split()
        assert scheme == "Bearer"
        return self.door is None or self.door.good(token, scope)

    @property
    def token_requests(self) -> list[dict[str, str]]:
        return self.world.lms.token_requests if self.door is None else self.door.asked


@pytest.fixture
def graded(
    request: pytest.FixtureRequest, world: World, registration: Registration, key_server: KeyServer
) -> Iterator[Graded]:
    """A learner's course at a platform of this name; the libraries check the time of day."""
    if request.param == HAND:
        yield Graded(world)
        return
    world.clock.now = datetime.now(UTC) - timedelta(seconds=150)
    published = tool_keys.key_set(world.core.database, world.clock())["keys"]
    if not published:
        tool_keys.signing_key(world.core.database, world.core.secrets, world.clock())
        published = tool_keys.key_set(world.core.database, world.clock())["keys"]
    address = key_server.publish(f"/{fresh('tool')}", published)
    issuer = f"https://{fresh('lms')}.example.com"
    sender = SENDERS[request.param](world.core, key_server, issuer)
    door = TokenDoor(*library_of(sender, address))
    entry = replace(registration, auth_token_url=door.address)
    register(world.core.database, [entry], world.clock())
    yield Graded(world, door)
    door.close()


@clause("token cached until shortly before expiry", *EVERY, by="graded")
def test_a_token_is_kept_until_shortly_before_it_expires(graded: Graded) -> None:
    world, jobs = graded.world, Jobs(graded.world.core)
    steps = (0, 58 * 60, 2 * 60) if graded.door is None else (0, 40, 30)
    world.graded()
    for n, seconds in enumerate(steps):
        world.clock.forward(seconds=seconds)
        world.does(n)
        assert jobs.send_scores() == 1
    first, second, third = (headers["Authorization"] for _, headers, _ in world.lms.tried)
    assert len(graded.token_requests) == 2
    assert first == second
    if graded.door is None:
        assert third != second


@clause("scope per call", *EVERY, by="graded")
def test_each_call_asks_for_its_own_scope(graded: Graded) -> None:
    world = graded.world
    column = {"id": f"{world.lms.address}/lineitems/7?type_id=1", "resourceLinkId": "link 1"}
    world.lms.lists["/lineitems"] = [[column]]
    offered = Services(scores=True, line_items=f"{world.lms.address}/lineitems?type_id=1")
    launch = replace(world.launch(), line_item=offered.column_of("link 1"))
    world.core.note_graded(launch, world.core.agree(launch, EVERYTHING))
    world.does(0)
    assert world.send() == 1
    assert [asked["scope"] for asked in graded.token_requests] == [LINE_ITEM, SCORE]
    assert graded.accepted(world.lms.asked[0][1], LINE_ITEM)
    assert graded.accepted(world.lms.tried[0][1], SCORE)


@clause("/scores added to the path, the query kept", HAND, by="graded")
def test_scores_is_added_to_the_path_and_the_query_kept(graded: Graded) -> None:
    graded.world.graded()
    graded.world.does(0)
    assert graded.world.send() == 1
    assert graded.world.lms.tried[0][0] == "/lineitems/2/lineitem/scores?type_id=1"


@clause("content type application/vnd.ims.lis.v1.score+json", *EVERY, by="graded")
def test_a_score_has_its_content_type_and_a_token_for_scores(graded: Graded) -> None:
    graded.world.graded()
    graded.world.does(0)
    assert graded.world.send() == 1
    _, headers, score = graded.world.lms.tried[0]
    assert headers["Content-Type"] == "application/vnd.ims.lis.v1.score+json"
    assert graded.accepted(headers, SCORE)
    assert (score["scoreGiven"], score["scoreMaximum"]) == (12.0, 100)
    assert score["activityProgress"] == "InProgress"
    assert score["gradingProgress"] == "FullyGraded"


@clause(
    "timestamp strictly increasing per learner and line item, with sub-second precision", HAND, by="graded"
)
def test_timestamps_strictly_increase_with_sub_second_precision(graded: Graded) -> None:
    world = graded.world
    world.clock.forward(milliseconds=125)
    for name in ("person-1", "person-2"):
        world.graded(name)
    for n in range(3):  # while the clock stands still
        for name in ("person-1", "person-2"):
            world.does(n, name)
        world.send()
    assert world.lms.scores[0]["timestamp"] == "2026-03-02T09:30:00.125Z"
    for name in ("person-1", "person-2"):
        stamps = [score["timestamp"] for score in world.lms.scores if score["userId"] == name]
        assert len(stamps) == 3
        assert stamps == sorted(set(stamps))


@clause("a score without a value is never sent", HAND, by="graded")
def test_a_score_without_a_value_is_never_sent(graded: Graded) -> None:
    """It would erase the grade in Moodle."""
    world = graded.world
    world.graded()
    world.graded("person-2", Opens(Kind.ACTIVITY, "activity-2", graded=True))
    world.does(0, "person-2")
    assert world.send() == 0
    assert world.lms.tried == []
    world.does(0)
    assert world.send() == 1
    assert all("scoreGiven" in score and "scoreMaximum" in score for _, _, score in world.lms.tried)


@clause("409 retried from the outbox, with a later timestamp", HAND, by="graded")
def test_a_conflict_is_retried_with_a_later_timestamp(graded: Graded) -> None:
    world = graded.world
    world.graded()
    world.does(0)
    world.lms.plan = [409]
    assert world.send() == 0
    world.clock.forward(minutes=1)
    assert world.send() == 1
    first, second = (score["timestamp"] for _, _, score in world.lms.tried)
    assert second > first
    assert world.given == [12.0]


@pytest.mark.parametrize("status", [500, 503])
@clause("5xx retried from the outbox", HAND, by="graded")
def test_a_platform_in_trouble_is_tried_again_later(graded: Graded, status: int) -> None:
    world = graded.world
    world.graded()
    world.does(0)
    world.lms.plan = [status]
    assert world.send() == 0
    assert world.send() == 0
    assert len(world.lms.tried) == 1
    world.clock.forward(minutes=1)
    assert world.send() == 1
    assert world.given == [12.0]


@clause("a day without the platform, restarts in between: in order, without duplicates", HAND, by="graded")
def test_scores_survive_a_day_without_the_platform(graded: Graded) -> None:
    world = graded.world
    world.graded()
    world.lms.always = 503
    for hour in range(24):
        if hour < 3:
            world.does(hour)
        world.send()  # each time as after a restart
        world.clock.forward(hours=1)
    assert world.lms.scores == []
    world.lms.always = None
    for _ in range(4):
        world.send()
        world.clock.forward(hours=1)
    assert world.given == [12.0, 25.0, 38.0]
    assert world.core.waiting_scores("t") == []


@clause("line item paging", *EVERY, by="graded")
def test_line_items_are_paged(graded: Graded) -> None:
    world = graded.world
    column = {"id": f"{world.lms.address}/lineitems/7?type_id=1", "resourceLinkId": "link 1"}
    other = {"id": f"{world.lms.address}/lineitems/1?type_id=1", "resourceLinkId": "link 2"}
    world.lms.lists["/lineitems"] = [[other], [other, column], [other]]
    offered = Services(scores=True, line_items=f"{world.lms.address}/lineitems?type_id=1")
    launch = replace(world.launch(), line_item=offered.column_of("link 1"))
    world.core.note_graded(launch, world.core.agree(launch, EVERYTHING))
    world.does(0)
    assert world.send() == 1
    assert len(world.lms.asked) == 2
    assert all(graded.accepted(headers, LINE_ITEM) for _, headers in world.lms.asked)
    assert world.lms.tried[0][0] == "/lineitems/7/scores?type_id=1"


@clause("the token answer of a real Moodle, JSON labelled text/html", MOODLE, by="")
def test_the_token_answer_of_a_real_moodle_is_read(world: World, data: Path) -> None:
    recorded = json.loads((data / "moodle" / "lti" / "token_response.json").read_text())
    world.lms.token_answer = (200, "text/html", json.dumps(recorded["body"]).encode())
    world.graded()
    world.does(0)
    assert world.send() == 1
    assert world.lms.tried[0][1]["Authorization"] == f"Bearer {recorded['body']['access_token']}"


@clause("a platform that cannot fetch our keys: the reason is said, and it is tried again", MOODLE, by="")
def test_a_moodle_that_cannot_fetch_our_keys_is_tried_again(world: World, data: Path) -> None:
    folder = data / "moodle" / "lti"
    recorded = json.loads((folder / "token_error_jwks_unreachable.json").read_text())
    world.lms.token_answer = (recorded["status"], "text/html", recorded["body"].encode())
    world.graded()
    world.does(0)
    assert world.send() == 0
    (waiting,) = world.core.waiting_scores("t")
    assert "/lti/jwks" in waiting.last_error
    world.lms.token_answer = None
    world.clock.forward(minutes=1)
    assert world.send() == 1
