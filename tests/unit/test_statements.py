"""Statements become arrivals, or one error that says which statement, which field and the cure."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stifinder.core import identity
from stifinder.core.arrival import Arrival
from stifinder.core.errors import InvalidInput, TooLarge
from stifinder.core.evidence import EventKind
from stifinder.schemas.statements import Limits, read_batch, read_one

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ID = "6f3b2c1e-0000-4000-8000-000000000001"
QUIZ = "https://lms.example.org/mod/quiz/view.php?id=1"
COURSE = "https://lms.example.org/course/view.php?id=2"
ADL = "http://adlnet.gov/expapi/verbs/"


def statement(**changes: Any) -> dict[str, Any]:
    """A valid statement; a change to None leaves the field out."""
    made: dict[str, Any] = {
        "actor": {"account": {"homePage": "https://lms.example.org", "name": "learner-1"}},
        "verb": {"id": ADL + "completed", "display": {"en": "completed"}},
        "object": {"id": QUIZ, "definition": {"name": {"en": "A quiz"}}},
    }
    made.update(changes)
    return {k: v for k, v in made.items() if v is not None}


def read(*statements: Any, **options: Any) -> list[Arrival]:
    return read_batch(json.dumps(list(statements)).encode(), now=NOW, **options)


def kept(arrival: Arrival) -> Any:
    return json.loads(arrival.raw)


# --- what comes out -------------------------------------------------------------------------------


def test_a_statement_is_reduced_to_who_what_when_and_how_well() -> None:
    [arrival] = read(
        statement(
            id=ID.upper(),
            timestamp="2026-03-01T10:00:00.500+02:00",
            result={"success": True, "duration": "PT1H30M", "score": {"raw": 8, "min": 0, "max": 10}},
            context={
                "contextActivities": {
                    "parent": {"id": QUIZ + "#parent"},
                    "grouping": [{"id": COURSE}],
                    "category": [{"id": "https://lms.example.org"}],
                }
            },
        )
    )
    assert arrival.id == ID
    assert arrival.identity == identity.account("https://lms.example.org", "learner-1")
    assert arrival.kind is EventKind.COMPLETED
    assert arrival.at == datetime(2026, 3, 1, 8, 0, 0, 500_000, tzinfo=UTC)
    assert arrival.object_ids == (QUIZ, QUIZ + "#parent", COURSE)
    assert (arrival.success, arrival.score, arrival.minutes, arrival.item) == (True, 0.8, 90.0, "")


def test_a_single_statement_needs_no_array() -> None:
    [arrival] = read_batch(json.dumps(statement()).encode(), now=NOW)
    assert arrival.at == NOW


def test_statements_without_an_id_get_different_random_ones() -> None:
    arrivals = read(*[statement() for _ in range(50)])
    assert len({a.id for a in arrivals}) == 50
    for a in arrivals:
        assert a.id[14] == "4"
        assert a.id[19] in "89ab"
        assert kept(a)["id"] == a.id
        read_one(json.dumps(statement(id=a.id)).encode(), statement_id=a.id, now=NOW)


@pytest.mark.parametrize(
    ("actor", "expected"),
    [
        ({"mbox": "mailto:learner-1@example.org"}, identity.mbox("learner-1@example.org")),
        ({"mbox_sha1sum": "A" * 40}, identity.mbox_sha1sum("a" * 40)),
        ({"openid": "https://id.example.org/1"}, identity.openid("https://id.example.org/1")),
        ({"objectType": "Group", "mbox": "mailto:team-1@example.org"}, ""),
        ({"objectType": "Group", "member": [{"mbox": "mailto:learner-1@example.org"}]}, ""),
    ],
)
def test_every_identifier_names_a_learner_and_a_group_names_none(actor: Any, expected: str) -> None:
    assert read(statement(actor=actor))[0].identity == expected


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        ({"scaled": 0.75}, 0.75),
        ({"scaled": -0.5}, 0.0),
        ({"raw": 15, "min": 10, "max": 20}, 0.5),
        ({"raw": 15, "max": 20}, 0.75),
        ({"raw": 15}, None),
        ({"raw": 1e308, "min": -1e308, "max": 1.7e308}, None),
        ({"raw": 50, "min": 0, "max": 100, "scaled": 0.0}, 0.5),  # spread over -1..1, as Moodle does
        ({"raw": 80, "min": 60, "max": 100, "scaled": 0.8}, 0.8),
        ({}, None),
    ],
)
def test_a_score_becomes_a_share_where_its_scale_is_known(score: Any, expected: float | None) -> None:
    assert read(statement(result={"score": score}))[0].score == expected


@pytest.mark.parametrize(
    ("duration", "minutes"),
    [("PT90S", 1.5), ("P1DT1H", 1500), ("P2W", 20160), ("PT0.5H", 30), ("PT1,5M", 1.5), ("P1Y", 525600)],
)
def test_a_duration_becomes_minutes(duration: str, minutes: float) -> None:
    assert read(statement(result={"duration": duration}))[0].minutes == pytest.approx(minutes)


@pytest.mark.parametrize(
    "definition",
    [
        {"type": "http://adlnet.gov/expapi/activities/cmi.interaction", "interactionType": "true-false"},
        {"type": "http://activitystrea.ms/schema/1.0/review#slot"},
        {"interactionType": "choice", "choices": [{"id": "a"}, {"id": "b"}]},
    ],
)
def test_a_question_is_the_item(definition: Any) -> None:
    asked = statement(object={"id": QUIZ + "#1", "definition": definition})
    assert read(asked)[0].item == QUIZ + "#1"


def test_objects_that_are_no_activity_are_taken() -> None:
    arrivals = read(
        statement(verb={"id": ADL + "voided"}, object={"objectType": "StatementRef", "id": ID}),
        statement(object={"objectType": "Agent", "mbox": "mailto:learner-2@example.org"}),
        statement(object={"objectType": "Group", "member": []}),
        statement(object={"objectType": "SubStatement", **statement()}),
        statement(),
    )
    assert [a.object_ids for a in arrivals] == [(), (), (), (), (QUIZ,)]
    assert arrivals[0].kind is EventKind.OTHER


# --- real statements ------------------------------------------------------------------------------

EXPECTED = {
    "core/course_completed/completing_existing_course": EventKind.COMPLETED,
    "core/course_module_completion_update/uncompleting_existing_module": EventKind.OTHER,
    "core/user_enrolment_created/existing_user_enrolled": EventKind.ENROLLED,
    "core/user_enrolment_updated/user_suspended_course": EventKind.LEFT,
    "core/user_enrolment_deleted/existing_user_enrolment_deleted": EventKind.LEFT,
    "core/badge_awarded/user_achieved_badge": EventKind.ACHIEVED,
    "core/course_viewed/viewing_existing_course": EventKind.VIEWED,
    "mod_assign/assignment_submitted/existing_assignment_submitted": EventKind.SUBMITTED,
    "mod_assign/assignment_graded/existing_assignment_graded_nocomment": EventKind.SCORED,
    "mod_choice/answer_created": EventKind.ANSWERED,
    "mod_facetoface/take_attendance/existing_attendance_taken": EventKind.ATTENDED,
    "mod_forum/post_created": EventKind.COMMENTED,
    "mod_lesson/essay_assessed": EventKind.SCORED,
    "mod_quiz/attempt_reviewed/existing_attempt_reviewed": EventKind.OTHER,
    "mod_quiz/attempt_started/existing_attempt_started": EventKind.STARTED,
    "mod_scorm/sco_launched/existing_sco_launched": EventKind.STARTED,
}


@pytest.fixture(scope="module")
def moodle(data: Path) -> list[tuple[str, dict[str, Any]]]:
    """(case, statement) as Moodle's logstore plugin sends them."""
    file = data / "xapi" / "moodle_logstore_xapi.jsonl"
    if not file.is_file():
        pytest.skip(f"real statements are absent: there is no {file}")
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    return [(row["case"], row["statement"]) for row in rows]


def test_every_statement_of_moodle_is_accepted(moodle: list[tuple[str, dict[str, Any]]]) -> None:
    arrivals = read(*[s for _, s in moodle])
    assert len(arrivals) == len(moodle) == 190
    kinds = {case: a.kind for (case, _), a in zip(moodle, arrivals, strict=True)}
    assert {case: kinds[case] for case in EXPECTED} == EXPECTED


def test_what_is_kept_of_a_statement_of_moodle_names_nobody(moodle: list[tuple[str, dict[str, Any]]]) -> None:
    for (case, sent), arrival in zip(moodle, read(*[s for _, s in moodle]), strict=True):
        stored = kept(arrival)
        assert stored["actor"] == {"account": sent["actor"]["account"]}, case
        assert "instructor" not in stored["context"], case
        assert stored["verb"] == sent["verb"], case
        assert arrival.raw.count(b'"account"') == 1, case
        people = [sent["actor"], sent["context"].get("instructor", sent["actor"])]
        assert not any(person["name"].encode() in arrival.raw for person in people), case


def test_what_is_kept_can_be_read_again_as_the_same(moodle: list[tuple[str, dict[str, Any]]]) -> None:
    first = read(*[s for _, s in moodle])
    again = read(*[kept(a) for a in first])
    assert [(a.raw, a.object_ids, a.kind, a.score) for a in again] == [
        (a.raw, a.object_ids, a.kind, a.score) for a in first
    ]


def test_a_quiz_and_its_questions_have_what_strategies_need(moodle: list[tuple[str, dict[str, Any]]]) -> None:
    attempt, question = [
        a
        for (case, _), a in zip(moodle, read(*[s for _, s in moodle]), strict=True)
        if case == "mod_quiz/attempt_submitted/truefalse"
    ]
    if attempt.kind is not EventKind.COMPLETED:
        attempt, question = question, attempt
    assert (attempt.kind, attempt.score, attempt.success) == (EventKind.COMPLETED, 0.5, True)
    assert (question.kind, question.success, question.item) == (
        EventKind.ANSWERED,
        True,
        question.object_ids[0],
    )
    assert "http://www.example.org/mod/quiz/view.php?id=1" in question.object_ids


# --- what is kept ---------------------------------------------------------------------------------


def test_other_people_are_not_kept() -> None:
    other = {"name": "Learner 2", "account": {"homePage": "https://lms.example.org", "name": "learner-2"}}
    hidden = {"acc\u006funt": {"homePage": "https://lms.example.org", "name": "learner-2"}}
    escaped = json.dumps(hidden).replace("account", "acc\\u006funt")
    context = {
        "instructor": other,
        "team": {"objectType": "Group", "member": [other]},
        "contextAgents": [{"objectType": "contextAgent", "agent": other}],
        "contextGroups": [
            {"objectType": "contextGroup", "group": {"objectType": "Group", "member": [other]}}
        ],
        "extensions": {
            "https://e.example/for": [other],
            "https://e.example/page": 3,
            "https://e.example/x": "X",
        },
    }
    full = statement(actor={**statement()["actor"], "name": "Learner 1"}, authority=other, context=context)
    body = json.dumps([full, statement(object={"objectType": "Agent", **other})]).replace('"X"', escaped)
    arrivals = read_batch(body.encode(), now=NOW, version="2.0.0")
    for arrival in arrivals:
        assert b"learner-2" not in arrival.raw
        assert b"Learner" not in arrival.raw
    assert kept(arrivals[0])["context"] == {"extensions": {"https://e.example/page": 3}}
    assert kept(arrivals[0])["actor"] == statement()["actor"]


def test_another_actor_inside_a_statement_is_withheld_and_the_same_one_stays() -> None:
    def plan(**actor: Any) -> Any:
        inside = statement(actor=actor, context={"contextActivities": {"parent": {"id": COURSE}}})
        return kept(read(statement(object={"objectType": "SubStatement", **inside}))[0])["object"]

    same = plan(**statement()["actor"], name="Learner 1")
    assert same["actor"] == statement()["actor"]
    assert same["context"] == {"contextActivities": {"parent": [{"id": COURSE}]}}
    assert "learner-2" not in json.dumps(plan(mbox="mailto:learner-2@example.org"))


def test_what_the_server_makes_does_not_change_what_is_kept() -> None:
    plain, full = (
        read(statement(id=ID, **extra))[0]
        for extra in ({}, {"version": "1.0.0", "stored": "2026-01-01T00:00:00Z"})
    )
    assert plain.raw == full.raw


# --- refusals -------------------------------------------------------------------------------------

ACCOUNT = {"homePage": "https://lms.example.org", "name": "learner-1"}
WRONG = {
    "no identifier": (statement(actor={"name": "Learner 1"}), ".actor"),
    "two identifiers": (statement(actor={"mbox": "mailto:a@b.example", "account": ACCOUNT}), ".actor"),
    "a mailbox without mailto": (statement(actor={"mbox": "a@b.example"}), ".actor.mbox"),
    "an account name that is a number": (
        statement(actor={"account": {**ACCOUNT, "name": 7}}),
        ".actor.account.name",
    ),
    "a home page without a scheme": (
        statement(actor={"account": {**ACCOUNT, "homePage": "lms.example.org"}}),
        ".actor.account.homePage",
    ),
    "an agent with members": (statement(actor={"account": ACCOUNT, "member": []}), ".actor.member"),
    "an anonymous group without members": (statement(actor={"objectType": "Group"}), ".actor.member"),
    "a group in a group": (
        statement(actor={"objectType": "Group", "member": [{"objectType": "Group", "account": ACCOUNT}]}),
        ".actor.member[0].objectType",
    ),
    "no actor": (statement(actor=None), ".actor"),
    "a verb that is no IRI": (statement(verb={"id": "completed"}), ".verb.id"),
    "no verb": (statement(verb=None), ".verb"),
    "a verb that is a text": (statement(verb="completed"), ".verb"),
    "a language that is none": (statement(verb={"id": ADL + "x", "display": {"e_n": "x"}}), ".verb.display"),
    "a text that is a number": (
        statement(verb={"id": ADL + "x", "display": {"en": "x", "da": 3}}),
        ".verb.display['da']",
    ),
    "no object": (statement(object=None), ".object"),
    "an object without an id": (statement(object={"objectType": "Activity"}), ".object.id"),
    "an unknown type of object": (statement(object={"objectType": "Thing"}), ".object.objectType"),
    "an activity with an agent's field": (statement(object={"id": QUIZ, "mbox": "x"}), ".object.mbox"),
    "an agent as an object with two identifiers": (
        statement(
            object={"objectType": "Agent", "mbox": "mailto:a@b.example", "openid": "https://x.example"}
        ),
        ".object",
    ),
    "a reference that is no UUID": (
        statement(object={"objectType": "StatementRef", "id": "1"}),
        ".object.id",
    ),
    "a statement inside with an id": (
        statement(object={"objectType": "SubStatement", **statement(id=ID)}),
        ".object.id",
    ),
    "a statement inside a statement inside": (
        statement(
            object={
                "objectType": "SubStatement",
                **statement(object={"objectType": "SubStatement", **statement()}),
            }
        ),
        ".object.object.objectType",
    ),
    "two choices with one id": (
        statement(
            object={
                "id": QUIZ,
                "definition": {"interactionType": "choice", "choices": [{"id": "a"}, {"id": "a"}]},
            }
        ),
        ".object.definition.choices",
    ),
    "an unknown kind of question": (
        statement(object={"id": QUIZ, "definition": {"interactionType": "riddle"}}),
        ".object.definition.interactionType",
    ),
    "voiding an activity": (statement(verb={"id": ADL + "voided"}), ".object"),
    "a scaled score beyond 1": (statement(result={"score": {"scaled": 1.5}}), ".result.score.scaled"),
    "a raw score beyond max": (statement(result={"score": {"raw": 11, "max": 10}}), ".result.score.raw"),
    "min above max": (statement(result={"score": {"min": 9, "max": 1}}), ".result.score.min"),
    "success that is a text": (statement(result={"success": "true"}), ".result.success"),
    "a duration in words": (statement(result={"duration": "1 hour"}), ".result.duration"),
    "an empty duration": (statement(result={"duration": "PT"}), ".result.duration"),
    "a time in words": (statement(timestamp="yesterday"), ".timestamp"),
    "the 30th of February": (statement(timestamp="2026-02-30T10:00:00Z"), ".timestamp"),
    "an offset of minus zero": (statement(timestamp="2026-02-20T10:00:00-00:00"), ".timestamp"),
    "a time before all calendars": (statement(timestamp="0001-01-01T00:00:00+10:00"), ".timestamp"),
    "an id that is no UUID": (statement(id="1"), ".id"),
    "another version": (statement(version="0.9"), ".version"),
    "a registration that is no UUID": (statement(context={"registration": "1"}), ".context.registration"),
    "a parent without a scheme": (
        statement(context={"contextActivities": {"parent": [{"id": QUIZ}, {"id": "quiz"}]}}),
        ".context.contextActivities.parent[1].id",
    ),
    "a team that is an agent": (
        statement(context={"team": {"account": ACCOUNT}}),
        ".context.team.objectType",
    ),
    "a platform for a person": (
        statement(object={"objectType": "Agent", "mbox": "mailto:a@b.example"}, context={"platform": "LMS"}),
        ".context.platform",
    ),
    "a field of 2.0 in 1.0": (statement(context={"contextAgents": []}), ".context.contextAgents"),
    "an extension that is no IRI": (statement(result={"extensions": {"a": 1}}), ".result.extensions"),
    "an attachment without a file": (
        statement(
            attachments=[
                {
                    "usageType": "https://x.example/a",
                    "display": {"en": "A"},
                    "contentType": "text/plain",
                    "length": 1,
                    "sha2": "a" * 64,
                }
            ]
        ),
        ".attachments[0]",
    ),
    "a null": (statement(result={"success": None}), ".result.success"),
    "an unknown field": (statement(mood="good"), ".mood"),
    "an unknown field inside": (
        statement(context={"contextActivities": {"x": []}}),
        ".context.contextActivities.x",
    ),
    "a number": (7, ""),
    "an IRI without an end": (statement(object={"id": "https://x.example/" + "a" * 3000}), ".object.id"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_statement_is_refused_with_its_number_field_and_cure(name: str) -> None:
    wrong, field = WRONG[name]
    with pytest.raises(InvalidInput) as refusal:
        read(statement(), statement(), wrong)
    assert refusal.value.where == f"[2]{field}"
    assert refusal.value.cure
    with pytest.raises(InvalidInput) as alone:
        read_batch(json.dumps(wrong).encode(), now=NOW)
    assert alone.value.where == field.removeprefix(".")


def test_an_error_shows_the_value_unless_it_says_who_somebody_is() -> None:
    with pytest.raises(InvalidInput, match="completed-ish"):
        read(statement(verb={"id": "completed-ish"}))
    who = {"mbox": "learner-1@example.org"}
    for personal in ({"actor": who}, {"object": {"objectType": "Agent", **who}}, {"context": {"team": who}}):
        with pytest.raises(InvalidInput) as refusal:
            read(statement(**personal))
        assert refusal.value.where.endswith(".mbox")
        assert "learner-1" not in str(refusal.value)


def test_an_id_twice_in_a_batch_is_refused() -> None:
    with pytest.raises(InvalidInput) as refusal:
        read(statement(id=ID), statement(), statement(id=ID.upper()))
    assert refusal.value.where == "[2].id"


def test_2_0_wants_full_times_and_knows_other_people() -> None:
    assert read(statement(timestamp="2026-03-01T10:00"))[0].at == datetime(2026, 3, 1, 10, tzinfo=UTC)
    with pytest.raises(InvalidInput):
        read(statement(timestamp="2026-03-01T10:00"), version="2.0.0")
    agents = [{"objectType": "contextAgent", "agent": {"account": ACCOUNT}}]
    read(statement(context={"contextAgents": agents}, version="2.0.0"), version="2.0.0")
    with pytest.raises(InvalidInput) as refusal:
        read(statement(context={"contextAgents": [{**agents[0], "agent": {}}]}), version="2.0.0")
    assert refusal.value.where == "[0].context.contextAgents[0].agent"


def test_a_statement_is_put_under_its_own_id_only() -> None:
    body = json.dumps(statement(id=ID)).encode()
    assert read_one(body, statement_id=ID, now=NOW).id == ID
    with pytest.raises(InvalidInput) as refusal:
        read_one(body, statement_id=ID[:-1] + "2", now=NOW)
    assert refusal.value.where == "id"
    with pytest.raises(InvalidInput):
        read_one(b"[" + body + b"]", statement_id=ID, now=NOW)


# --- hostile bodies -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  ",
        b"{",
        b"statement",
        b"[1,",
        b"\xff\xfe",
        b"null",
        b'"x"',
        b"[null]",
        b"[[]]",
        b"{}",
        b"[{}] x",
    ],
)
def test_what_is_no_statement_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_batch(body, now=NOW)


def test_broken_text_in_an_extension_is_refused() -> None:
    body = json.dumps([statement(context={"extensions": {"https://e.example/x": "?"}})])
    for broken in (b"\xff", b"\\ud800"):
        with pytest.raises(InvalidInput):
            read_batch(body.encode().replace(b"?", broken), now=NOW)


@pytest.mark.parametrize("bomb", [b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000])
def test_a_nested_bomb_is_refused_wherever_it_is(bomb: bytes) -> None:
    inside = json.dumps(statement(context={"extensions": {"https://e.example/x": 0}})).encode()
    for body in (bomb, b'{"actor":' + bomb, inside.replace(b": 0", b":" + bomb), b'{"x":' + bomb + b"}"):
        with pytest.raises(InvalidInput):
            read_batch(body, now=NOW)


def test_an_extension_nested_too_deeply_is_named() -> None:
    deep: Any = 0
    for _ in range(40):
        deep = [deep]
    with pytest.raises(TooLarge) as refusal:
        read(statement(), statement(result={"extensions": {"https://e.example/x": deep}}))
    assert refusal.value.where == "[1].result.extensions['https://e.example/x']"
    wide = statement(result={"extensions": {"https://e.example/x": [[n] for n in range(500)]}})
    assert len(read(wide)) == 1


def test_too_many_statements_and_too_many_bytes_are_refused() -> None:
    with pytest.raises(TooLarge):
        read(*[statement()] * 4, limits=Limits(statements=3))
    with pytest.raises(TooLarge):
        read(statement(), limits=Limits(body=20))
    assert len(read(*[statement()] * 3, limits=Limits(statements=3))) == 3


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_PATHS = [
    ("actor",),
    ("actor", "account"),
    ("verb",),
    ("verb", "display"),
    ("object",),
    ("object", "definition"),
    ("object", "objectType"),
    ("result",),
    ("result", "score"),
    ("result", "duration"),
    ("context",),
    ("context", "contextActivities"),
    ("context", "extensions"),
    ("timestamp",),
    ("attachments",),
    ("id",),
]


def _refused_or_read(value: Any) -> None:
    for body in (json.dumps(value).encode(), json.dumps([value], ensure_ascii=False).encode(errors="ignore")):
        try:
            for arrival in read_batch(body, now=NOW):
                json.loads(arrival.raw)
                assert arrival.at.utcoffset() == timedelta(0)
        except InvalidInput as refusal:
            assert refusal.cure  # noqa: PT017


@settings(deadline=None)
@given(_json)
def test_arbitrary_json_is_read_or_refused_and_nothing_else(value: Any) -> None:
    _refused_or_read(value)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(_PATHS), _json, st.text(max_size=6))
def test_a_statement_with_one_arbitrary_part_is_read_or_refused(
    path: tuple[str, ...], value: Any, key: str
) -> None:
    whole = statement(result={}, context={})
    for changed in (value, {key: value}, {"https://e.example/x": value}, [value]):
        target = whole
        for step in path[:-1]:
            target = target.setdefault(step, {})
            if not isinstance(target, dict):
                return
        target[path[-1]] = changed
        _refused_or_read(whole)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_batch(body, now=NOW)
