"""Progress as grades: what is graded, the outbox, and sending to an LMS that answers as told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from small_course import COURSE, EVERYTHING, ISSUER, Clock, MakeCore, arrival, launch_of
from stifinder.core.errors import NotFound
from stifinder.core.launch import Launch
from stifinder.core.opens import Kind, Opens
from stifinder.core.people import Purpose, Role, Source
from stifinder.core.service import Core
from stifinder.core.store.lti import Registration, register
from stifinder.lti_tool import jobs
from stifinder.lti_tool.jobs import Jobs, Queue
from stifinder.schemas.lti_services import Services

PATH = Opens(graded=True)
SCORE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
LINE_ITEM = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"


@dataclass
class Lms:
    """The services of an LMS on loopback; ``scores`` are those it took, ``plan`` the next answers to scores.

    A plan's entry is a status, or ``"silent"``: the score is taken, and the connection closed unanswered.
    """

    address: str = ""
    plan: list[int | str] = field(default_factory=list)
    always: int | None = None
    scores: list[dict[str, Any]] = field(default_factory=list)
    tried: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)
    token_requests: list[dict[str, str]] = field(default_factory=list)
    token_answer: tuple[int, str, bytes] | None = None
    strict: bool = True
    lists: dict[str, list[Any]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def take(self, score: dict[str, Any]) -> int:
        """As Moodle: a time that is not later than the last one is a conflict."""
        stamps = [s["timestamp"] for s in self.scores if s["userId"] == score["userId"]]
        if self.strict and stamps and score["timestamp"] <= max(stamps):
            return 409
        self.scores.append(score)
        return 200


@pytest.fixture
def lms() -> Iterator[Lms]:
    state = Lms()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here = urlsplit(self.path)
            state.asked.append((self.path, dict(self.headers)))
            number = int(parse_qs(here.query).get("page", ["0"])[0])
            pages = state.lists.get(here.path)
            if pages is None:
                self.answer(404, "text/plain", b"")
                return
            link = None
            if number + 1 < len(pages):
                link = f'<{state.address}{here.path}?page={number + 1}>; rel="next"'
            self.answer(200, "application/json", json.dumps(pages[number]).encode(), link)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path.startswith("/token"):
                state.token_requests.append({k: v[0] for k, v in parse_qs(body.decode()).items()})
                usual = {"access_token": f"token-{len(state.token_requests)}", "expires_in": 3600}
                # Moodle labels its JSON so.
                self.answer(*(state.token_answer or (200, "text/html", json.dumps(usual).encode())))
                return
            score = json.loads(body)
            state.tried.append((self.path, dict(self.headers), score))
            planned = state.plan.pop(0) if state.plan else state.always
            if planned == "silent":
                state.take(score)
                self.close_connection = True
                return
            self.answer(int(planned) if planned else state.take(score), "application/json", b"")

        def answer(self, status: int, media_type: str, body: bytes, link: str | None = None) -> None:
            self.send_response(status)
            if link:
                self.send_header("Link", link)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    state.address = f"http://127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def registration(core: Core, lms: Lms) -> Registration:
    entry = Registration(
        tenant_id="t",
        issuer=ISSUER,
        client_id="client-1",
        deployment_id="1",
        auth_login_url=f"{lms.address}/auth",
        auth_token_url=f"{lms.address}/token.php",
        key_set_url=f"{lms.address}/keys",
    )
    return register(core.database, [entry], core.clock())[1][0][0]


@dataclass
class World:
    core: Core
    lms: Lms
    clock: Clock
    registration: Registration

    def launch(self, name: str = "person-1", opened: Opens = PATH, **changes: Any) -> Launch:
        return replace(
            launch_of(name),
            registration_id=self.registration.id,
            custom=opened.custom,
            line_item=f"{self.lms.address}/lineitems/2/lineitem?type_id=1",
            **changes,
        )

    def graded(self, name: str = "person-1", opened: Opens = PATH) -> str:
        """A learner who agreed, and opened a graded link."""
        launch = self.launch(name, opened)
        learner = self.core.agree(launch, EVERYTHING)
        assert self.core.note_graded(launch, learner)
        return learner

    def does(self, activity: int, name: str = "person-1", **changes: Any) -> None:
        self.core.intake("t", [arrival(name, activity, at=self.clock(), **changes)])

    def send(self) -> int:
        """What a process that starts anew sends."""
        return Jobs(self.core).send_scores()

    @property
    def given(self) -> list[float]:
        return [score["scoreGiven"] for score in self.lms.scores]


@pytest.fixture
def world(core: Core, lms: Lms, clock: Clock, registration: Registration) -> World:
    return World(core, lms, clock, registration)


# --- what is graded ---------------------------------------------------------------------------------


def test_the_share_of_the_path_that_is_done_is_the_grade(world: World) -> None:
    world.graded()
    world.does(0)
    world.does(2)
    assert world.send() == 1
    assert world.given == [25.0]  # two of the course's eight


def test_an_activity_is_graded_by_its_result_and_fully_when_done(world: World) -> None:
    world.graded(opened=Opens(Kind.ACTIVITY, "activity-2", graded=True))
    world.does(2, score=0.4)
    world.send()
    world.clock.forward(minutes=5)
    world.does(2, score=0.9)
    world.send()
    assert world.given == [40.0, 100.0]


def test_a_skill_is_graded_by_how_likely_it_is_known(world: World) -> None:
    by_title = {s.title: s.id for s in world.core.catalogue("t").skills.values()}
    learner = world.graded(opened=Opens(Kind.SKILL, by_title["Estimating"], graded=True))
    for n in range(3):
        world.does(n, score=1.0)
    world.send()
    (grade,) = world.given
    page = world.core.page(world.launch(), learner)
    (known,) = [m for m in page.mastery if m.skill_id == by_title["Estimating"]]
    assert grade == pytest.approx(100 * known.mean, abs=1)


def test_grades_are_off_unless_the_link_says_so(world: World) -> None:
    launch = world.launch(opened=Opens())
    learner = world.core.agree(launch, EVERYTHING)
    assert not world.core.note_graded(launch, learner)
    world.does(0)
    assert world.send() == 0
    assert world.lms.tried == []


def test_a_link_whose_grade_was_switched_off_is_not_graded_any_more(world: World) -> None:
    learner = world.graded()
    world.does(0)
    world.core.count_progress()
    world.core.note_graded(world.launch(opened=Opens()), learner)
    world.does(1)
    assert world.send() == 0
    assert world.core.held("t", learner)["grade_links"] == []


def test_nobody_is_graded_without_agreement(world: World) -> None:
    assert not world.core.note_graded(world.launch(), "")
    peers_only = {(Purpose.PEERS, Source.STATEMENTS)}
    launch = world.launch("person-2")
    assert not world.core.note_graded(launch, world.core.agree(launch, peers_only))


def test_a_teacher_is_never_graded(world: World) -> None:
    launch = world.launch(roles=frozenset({Role.TEACHER}))
    assert not world.core.note_graded(launch, world.core.agree(launch, EVERYTHING))


def test_a_score_without_a_value_is_never_sent(world: World) -> None:
    """It would erase the grade in Moodle."""
    world.graded()
    world.graded("person-2", Opens(Kind.ACTIVITY, "activity-2", graded=True))
    world.does(0, "person-2")
    assert world.send() == 0
    assert world.lms.tried == []


def test_a_score_that_did_not_change_is_not_sent_again(world: World) -> None:
    world.graded()
    world.does(0)
    world.send()
    world.clock.forward(minutes=5)
    world.does(0)
    world.send()
    assert world.given == [12.0]


# --- how it is sent ---------------------------------------------------------------------------------


def test_scores_is_added_to_the_path_and_the_query_kept(world: World) -> None:
    world.graded()
    world.does(0)
    world.send()
    assert world.lms.tried[0][0] == "/lineitems/2/lineitem/scores?type_id=1"


def test_a_score_has_its_content_type_and_its_facts(world: World) -> None:
    world.graded()
    world.does(0)
    world.send()
    _, headers, score = world.lms.tried[0]
    assert headers["Content-Type"] == "application/vnd.ims.lis.v1.score+json"
    assert headers["Authorization"] == "Bearer token-1"
    assert score == {
        "userId": "person-1",
        "scoreGiven": 12.0,
        "scoreMaximum": 100,
        "timestamp": "2026-03-02T09:30:00.000Z",
        "activityProgress": "InProgress",
        "gradingProgress": "FullyGraded",
    }


def test_times_strictly_increase_per_learner_and_line_item_with_sub_second_precision(world: World) -> None:
    world.clock.forward(milliseconds=125)
    world.graded()
    for n in range(3):  # while the clock stands still
        world.does(n)
        world.send()
    stamps = [score["timestamp"] for score in world.lms.scores]
    assert stamps[0] == "2026-03-02T09:30:00.125Z"
    assert stamps == sorted(set(stamps))
    assert len(stamps) == 3


def test_a_409_is_retried_with_a_later_time(world: World) -> None:
    world.graded()
    world.does(0)
    world.lms.plan = [409]
    assert world.send() == 0
    world.clock.forward(minutes=1)
    assert world.send() == 1
    first, second = (score["timestamp"] for _, _, score in world.lms.tried)
    assert second > first
    assert world.given == [12.0]


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_server_in_trouble_is_tried_again_later_and_not_before(world: World, status: int) -> None:
    world.graded()
    world.does(0)
    world.lms.plan = [status]
    assert world.send() == 0
    world.clock.forward(seconds=29)
    assert world.send() == 0
    assert len(world.lms.tried) == 1
    world.clock.forward(seconds=2)
    assert world.send() == 1
    assert world.given == [12.0]


def test_pauses_grow_up_to_an_hour(world: World) -> None:
    world.graded()
    world.does(0)
    world.lms.always = 503
    pauses = []
    for _ in range(10):
        world.send()
        (waiting,) = world.core.waiting_scores("t")
        assert waiting.next_try_at
        pauses.append(waiting.next_try_at - world.clock())
        world.clock.now = waiting.next_try_at
    assert pauses[0] == timedelta(seconds=30)
    assert pauses == sorted(pauses)
    assert pauses[-1] == timedelta(hours=1)


def test_scores_survive_a_day_without_the_lms_in_order_and_without_duplicates(world: World) -> None:
    world.graded()
    world.graded("person-2")
    world.lms.always = 503
    for hour in range(24):
        if hour < 3:
            world.does(hour)
            world.does(hour, "person-2")
        world.send()  # each time as after a restart
        world.clock.forward(hours=1)
    assert world.lms.scores == []
    world.lms.always = None
    for _ in range(4):
        world.send()
        world.clock.forward(hours=1)
    for person in ("person-1", "person-2"):
        scores = [s for s in world.lms.scores if s["userId"] == person]
        assert [s["scoreGiven"] for s in scores] == [12.0, 25.0, 38.0]
        assert [s["timestamp"] for s in scores] == sorted({s["timestamp"] for s in scores})
    assert world.core.waiting_scores("t") == []


def test_a_score_that_arrived_although_no_answer_came_is_not_sent_twice(world: World) -> None:
    world.graded()
    world.does(0)
    world.lms.plan = ["silent"]
    assert world.send() == 0
    world.clock.forward(minutes=1)
    world.send()
    assert world.given == [12.0]
    assert world.core.waiting_scores("t") == []


def test_a_process_that_is_killed_while_sending_loses_nothing_and_repeats_nothing(world: World) -> None:
    world.graded()
    world.does(0)
    world.core.count_progress()
    (taken,) = world.core.take_scores()  # and then nothing more of this process
    world.lms.take({"userId": taken.user_id, "scoreGiven": 12.0, "timestamp": "2026-03-02T09:30:00.000Z"})
    assert world.send() == 0, "the score still belongs to whoever took it"
    world.clock.forward(minutes=3)
    world.send()
    assert world.given == [12.0]
    assert world.core.waiting_scores("t") == []


def test_two_processes_never_take_the_same_score(world: World) -> None:
    world.graded()
    world.does(0)
    world.core.count_progress()
    assert len(world.core.take_scores()) == 1
    assert world.core.take_scores() == []


def test_an_lms_that_is_silent_is_asked_once_a_round(world: World) -> None:
    for n in range(5):
        world.graded(f"person-{n}")
        world.does(0, f"person-{n}")
    world.lms.always = 503
    world.send()
    assert len(world.lms.tried) == 1
    assert len(world.core.waiting_scores("t")) == 5


@pytest.mark.parametrize("status", [400, 403, 404])
def test_what_the_lms_refuses_waits_for_a_person_and_says_why(world: World, status: int) -> None:
    world.graded()
    world.does(0)
    world.lms.plan = [status]
    world.send()
    (waiting,) = world.core.waiting_scores("t")
    assert waiting.next_try_at is None
    assert str(status) in waiting.last_error
    world.clock.forward(days=1)
    assert world.send() == 0
    assert world.core.retry_scores("t", waiting.id) == 1
    assert world.send() == 1
    with pytest.raises(NotFound):
        world.core.retry_scores("t", waiting.id)


def test_a_newer_score_stands_for_one_that_was_refused(world: World) -> None:
    world.graded()
    world.does(0)
    world.lms.plan = [404]
    world.send()
    world.clock.forward(minutes=5)
    world.does(1)
    world.send()
    assert world.given == [25.0]
    assert world.core.waiting_scores("t") == []


def test_line_items_are_paged_where_a_launch_names_only_their_list(world: World) -> None:
    column = {"id": f"{world.lms.address}/lineitems/7?type_id=1", "resourceLinkId": "link 1"}
    other = {"id": f"{world.lms.address}/lineitems/1?type_id=1", "resourceLinkId": "link 2"}
    world.lms.lists["/lineitems"] = [[other], [other, column], [other]]
    offered = Services(scores=True, line_items=f"{world.lms.address}/lineitems?type_id=1")
    launch = replace(world.launch(), line_item=offered.column_of("link 1"))
    world.core.note_graded(launch, world.core.agree(launch, EVERYTHING))
    world.does(0)
    assert world.send() == 1
    assert world.lms.asked[0][0] == "/lineitems?type_id=1&resource_link_id=link+1"
    assert len(world.lms.asked) == 2
    assert world.lms.tried[0][0] == "/lineitems/7/scores?type_id=1"
    scopes = [asked["scope"] for asked in world.lms.token_requests]
    assert scopes == [LINE_ITEM, SCORE], "each call asks for its own scope"


def test_a_link_without_a_column_says_so_and_is_tried_again(world: World) -> None:
    world.lms.lists["/lineitems"] = [[]]
    launch = replace(world.launch(), line_item=f"{world.lms.address}/lineitems#link-1")
    world.core.note_graded(launch, world.core.agree(launch, EVERYTHING))
    world.does(0)
    assert world.send() == 0
    (waiting,) = world.core.waiting_scores("t")
    assert "no column" in waiting.last_error
    assert waiting.next_try_at is not None


# --- tokens -----------------------------------------------------------------------------------------


def test_the_assertion_is_signed_for_the_token_address(world: World) -> None:
    world.graded()
    world.does(0)
    world.send()
    (asked,) = world.lms.token_requests
    assert asked["grant_type"] == "client_credentials"
    assert asked["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assert asked["scope"] == SCORE
    header = jwt.get_unverified_header(asked["client_assertion"])
    claims = jwt.decode(asked["client_assertion"], options={"verify_signature": False})
    assert header["kid"]
    assert claims["iss"] == claims["sub"] == "client-1"
    assert claims["aud"] == f"{world.lms.address}/token.php"
    assert claims["iat"] < world.clock().timestamp() < claims["exp"]
    assert claims["jti"]


def test_a_token_is_kept_until_shortly_before_it_expires(world: World) -> None:
    jobs = Jobs(world.core)
    world.graded()
    for n, minutes in enumerate((0, 58, 2)):
        world.clock.forward(minutes=minutes)
        world.does(n)
        jobs.send_scores()
    assert [headers["Authorization"] for _, headers, _ in world.lms.tried] == [
        "Bearer token-1",
        "Bearer token-1",
        "Bearer token-2",
    ]


def test_a_token_refused_before_its_time_is_replaced_at_once(world: World) -> None:
    world.graded()
    world.does(0)
    world.lms.plan = [401]
    assert world.send() == 1
    assert len(world.lms.token_requests) == 2


def test_when_the_lms_cannot_fetch_our_keys_the_reason_is_said(world: World, data: Path) -> None:
    recorded = json.loads((data / "moodle" / "lti" / "token_error_jwks_unreachable.json").read_text())
    world.lms.token_answer = (recorded["status"], "text/html", recorded["body"].encode())
    world.graded()
    world.does(0)
    assert world.send() == 0
    (waiting,) = world.core.waiting_scores("t")
    assert "/lti/jwks" in waiting.last_error
    assert waiting.next_try_at is not None
    world.lms.token_answer = None
    world.clock.forward(minutes=1)
    assert world.send() == 1


# --- the queue --------------------------------------------------------------------------------------


def test_a_running_queue_sends_what_is_put_into_the_outbox(world: World) -> None:
    world.graded()
    world.does(0)
    queue = Queue(world.core)
    queue.start()
    try:
        queue.soon()
        deadline = time.monotonic() + 20
        while not world.lms.scores and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        queue.stop()
    assert world.given == [12.0]


def test_a_worker_can_be_stopped_in_the_middle_of_its_start(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a server is told to stop the moment it has started: no thread of the worker runs yet."""
    queue = Queue(world.core)
    monkeypatch.setattr(jobs._InThreads, "start", lambda _self: None)
    queue.start()
    queue.stop()


# --- people -----------------------------------------------------------------------------------------


def test_what_the_lms_calls_a_learner_is_stored_encrypted_only(world: World, tmp_path: Path) -> None:
    world.graded("a-telling-user-name")
    world.does(0, "a-telling-user-name")
    world.core.count_progress()
    assert not any(b"a-telling-user-name" in f.read_bytes() for f in tmp_path.glob("stifinder.db*"))


def test_a_learner_sees_which_grades_are_sent(world: World) -> None:
    learner = world.graded()
    world.does(0)
    world.core.count_progress()
    held = world.core.held("t", learner)
    assert [(g["opens"], g["score"]) for g in held["grade_links"]] == [("path", 12.0)]
    assert [g["score"] for g in held["waiting_grades"]] == [12.0]


def test_erasing_a_learner_empties_the_outbox(world: World) -> None:
    learner = world.graded()
    world.does(0)
    world.core.count_progress()
    removed = world.core.erase("t", learner)["removed"]
    assert (removed["outbox"], removed["grade_link"]) == (1, 1)
    assert world.core.waiting_scores("t") == []
    assert world.send() == 0


def test_withdrawing_suggestions_stops_the_grades(world: World) -> None:
    learner = world.graded()
    world.does(0)
    world.core.count_progress()
    world.core.agree(world.launch(), {(Purpose.PEERS, Source.STATEMENTS)})
    assert world.core.held("t", learner)["grade_links"] == []
    assert world.send() == 0


def test_the_address_of_scores_survives_odd_line_items() -> None:
    from stifinder.adapters.lti.grades import scores_address

    assert scores_address("https://l.example/a/") == "https://l.example/a/scores"
    assert urlsplit(scores_address("https://l.example/a?x=1&y=%2F#z")).query == "x=1&y=%2F"


def test_the_outbox_keeps_order_on_both_databases(
    make_core: MakeCore, database_url: str, clock: Clock
) -> None:
    core = make_core(url=database_url)
    core.import_catalogue("t", COURSE)
    column = "https://lms.example.org/lineitems/2"
    launch = replace(launch_of("person-1"), custom=PATH.custom, line_item=column)
    learner = core.agree(launch, EVERYTHING)
    assert core.note_graded(launch, learner)
    for n in range(2):
        core.intake("t", [arrival("person-1", n)])
        assert core.count_progress() == 1
    (first,) = core.take_scores()
    assert core.take_scores() == []
    core.score_failed(first, "no answer", status=None, again=True)
    assert core.take_scores() == []
    assert core.take_scores(skip=[launch.registration_id]) == []
    clock.forward(minutes=1)
    (again,) = core.take_scores()
    assert (again.at, again.waiting.unsure, again.waiting.tries) == (first.at, True, 2)
    core.score_arrived(again)
    (second,) = core.take_scores()
    assert second.waiting.score > first.waiting.score
    assert second.at > first.at
    core.erase("t", learner)
    core.score_arrived(second)
    assert core.waiting_scores("t") == []
