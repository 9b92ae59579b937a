"""What programs do with the API, and how errors, lists and calls that are sent twice are answered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from api_client import Program
from small_course import COURSE, EVERYTHING, ISSUER, arrival, draft, launch_of
from stifinder.core.evidence import EventKind
from stifinder.core.people import Purpose, Role, Source
from stifinder.core.service import Core
from stifinder.core.store import joining, lti, tool_keys

GRANTS = [{"purpose": "suggestions", "source": source} for source in ("statements", "page")]
STATEMENT = "form of 3 May, filed by HR"
PERSON = {"issuer": ISSUER, "user": "person-1"}


@pytest.fixture
def program(core: Core) -> Program:
    return Program(core)


@pytest.fixture
def learner(core: Core) -> str:
    return core.agree(launch_of("person-1"), EVERYTHING)


# --- learners ---------------------------------------------------------------------------------------


def test_somebody_who_agreed_elsewhere_is_remembered_found_and_forgotten(
    core: Core, program: Program
) -> None:
    sent = {**PERSON, "grants": GRANTS, "on_behalf": STATEMENT}
    made = program.call("POST", "/learners", json=sent)
    assert made.status_code == 201
    learner = made.get_json()["id"]
    assert program.call("POST", "/learners", json=sent).status_code == 200
    assert program.call("POST", "/learners/lookup", json=PERSON).get_json() == {"id": learner}
    assert core.recognise(launch_of("person-1")) == learner
    receipt = program.call("DELETE", f"/learners/{learner}").get_json()
    assert receipt["removed"]["learner"] == 1
    assert program.call("GET", f"/learners/{learner}").status_code == 404
    assert core.recognise(launch_of("person-1")) == ""
    acts = [(entry.act, dict(entry.details).get("on_behalf")) for entry in core.audit_log("t")]
    assert acts[:2] == [("erase on behalf", None), ("agree on behalf", STATEMENT)]
    assert learner not in str(core.audit_log("t"))


def test_what_is_withdrawn_on_behalf_is_removed(core: Core, program: Program, learner: str) -> None:
    core.intake("t", [arrival("person-1", 0)])
    kept = {"grants": [{"purpose": "suggestions", "source": "page"}], "on_behalf": STATEMENT}
    answer = program.call("PUT", f"/learners/{learner}/agreements", json=kept).get_json()
    assert [(item["purpose"], item["source"]) for item in answer["items"]] == [("suggestions", "page")]
    assert core.held("t", learner)["events"] == []
    nothing = {"grants": [], "on_behalf": STATEMENT}
    gone = program.call("PUT", f"/learners/{learner}/agreements", json=nothing).get_json()
    assert gone == {"remembered": False, "items": []}
    assert program.call("GET", f"/learners/{learner}").status_code == 404


def test_nobodys_consent_is_changed_without_saying_why(program: Program, learner: str) -> None:
    for why in ({}, {"on_behalf": ""}, {"on_behalf": "  "}):
        answer = program.call("PUT", f"/learners/{learner}/agreements", json={"grants": [], **why})
        assert answer.status_code == 422
        assert "on_behalf" in answer.get_json(force=True)["errors"]["json"]


def test_the_page_of_a_learner_says_why_and_what_came_of_it_is_noted(
    core: Core, program: Program, learner: str
) -> None:
    core.intake("t", [arrival("person-1", 0, EventKind.PASSED, score=0.9)])
    course = program.get("/courses")["items"][0]["id"]
    page = program.call(
        "POST", f"/learners/{learner}/page", json={"course": course, "minutes": 60, "locale": "da"}
    ).get_json()
    first = page["suggestions"][0]["suggestion"]
    assert first["reasons"][0]["text"].startswith("Fordi")
    assert page["course"] == course
    path = f"/learners/{learner}/suggestions/{first['id']}"
    assert program.get(path)["votes"] == first["votes"]
    set_aside = program.call("PUT", f"{path}/dismissal", json={"reason": "too-hard"}).get_json()
    assert (set_aside["outcome"], set_aside["dismissal"]) == ("dismissed", "too-hard")
    assert program.call("DELETE", f"{path}/dismissal").get_json()["outcome"] == "shown"
    assert program.call("POST", f"{path}/start").get_json()["address"].startswith(ISSUER)
    assert program.get(path)["outcome"] == "started"


def test_a_review_sent_twice_with_one_key_is_counted_once(core: Core, program: Program, learner: str) -> None:
    skill = next(iter(core.catalogue("t").skills))
    answers = [
        program.call(
            "POST",
            f"/learners/{learner}/reviews",
            json={"skill": skill, "rating": 3},
            headers={"Idempotency-Key": key},
        )
        for key in ("one", "one", "two")
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert answers[0].get_json() == answers[1].get_json()
    assert len(core.held("t", learner)["events"]) == 2


def test_a_call_that_was_refused_can_be_sent_again_with_its_key(core: Core, program: Program) -> None:
    learner = core.agree(launch_of("person-1"), [(Purpose.SUGGESTIONS, Source.STATEMENTS)])
    skill = next(iter(core.catalogue("t").skills))

    def review() -> int:
        path, key = f"/learners/{learner}/reviews", {"Idempotency-Key": "one"}
        return program.call("POST", path, json={"skill": skill, "rating": 3}, headers=key).status_code

    assert review() == 403
    core.agree(launch_of("person-1"), EVERYTHING)
    assert review() == 200
    assert len(core.held("t", learner)["events"]) == 1


def test_a_profile_comes_back_as_it_was_sent(program: Program, learner: str) -> None:
    skill = program.get("/skills")["items"][0]["id"]
    sent = {
        "goals": [skill],
        "levels": [{"skill": skill, "level": 0.5}],
        "solo": True,
        "media": ["video"],
        "role": "x",
        "depth": "use",
        "deadline": "2026-12-31",
        "helps": 1,
    }
    assert program.call("PUT", f"/learners/{learner}/profile", json=sent).get_json() == sent
    assert program.get(f"/learners/{learner}/profile") == sent
    answers = {"answers": [{"question": "role", "answer": "y"}]}
    assert program.call("POST", f"/learners/{learner}/answers", json=answers).get_json()["role"] == "y"


# --- catalogue, courses, administration -------------------------------------------------------------


def test_an_import_is_all_or_nothing_and_names_the_wrong_field(core: Core, program: Program) -> None:
    good = {"id": "new-1", "title": "New", "skills": [{"id": "estimating"}], "course": "offers"}
    bad = {"id": "new-2", "title": "Bad", "minutes": "long"}
    refused = program.call("PUT", "/activities", json={"items": [good, bad]})
    assert refused.status_code == 422
    assert "minutes" in refused.get_json(force=True)["errors"]["json"]["items"]["1"]
    assert len(core.catalogue("t")) == len(COURSE)
    report = program.call("PUT", "/activities", json={"items": [good]}).get_json()
    assert (report["new"], report["unchanged"]) == (1, 0)
    found = program.get("/activities", q="new")["items"]
    assert [item["key"] for item in found] == ["new-1"]
    assert found[0]["courses"] == [program.get("/courses")["items"][0]["id"]]


def test_staff_decide_in_a_course_and_take_it_back(core: Core, program: Program) -> None:
    course, activity = core.courses("t")[0][1].id, core.catalogue("t").activities[0].id
    path = f"/courses/{course}/decisions/pin/{activity}"
    assert program.call("PUT", path, json={}).status_code == 200
    assert program.call("PUT", path, json={}).status_code == 200
    (made,) = program.get(f"/courses/{course}/decisions")["items"]
    assert (made["kind"], made["activity"], made["by"]) == ("pin", activity, f"token-{program.kept.id}")
    assert [program.call("DELETE", path).get_json()["lifted"] for _ in range(2)] == [True, False]
    stranger = program.call("PUT", path, json={"learner": "0" * 32})
    assert stranger.status_code == 403


def test_choices_of_a_course_are_changed_one_by_one(core: Core, program: Program) -> None:
    path = f"/courses/{core.courses('t')[0][1].id}/choices"
    assert program.call("PATCH", path, json={"needs_yes": True}).get_json() == {
        "needs_yes": True,
        "figures_from": 5,
        "exploration": 5,
    }
    assert program.call("PATCH", path, json={"needs_yes": None}).get_json()["needs_yes"] is False
    assert program.call("PATCH", path, json={"retention_days": 90}).status_code == 422


def test_the_check_of_an_installation_is_told_with_its_cures_and_no_gaps(
    core: Core, program: Program
) -> None:
    addresses = {"auth_login_url": f"{ISSUER}/auth", "key_set_url": f"{ISSUER}/keys"}
    entry = lti.Registration("t", ISSUER, "client", "1", **addresses)
    made = lti.register(core.database, [entry], core.clock())[1][0][0]
    joining.note_launch(core.database, made, {"names": True}, 45, core.clock())
    lines = {
        line["name"]: line for line in program.get(f"/administration/registrations/{made.id}/check")["items"]
    }
    assert len(lines) == 9
    assert lines["Opening the tool"]["state"] == "ok"
    assert lines["Clocks"]["what"] == "The clock of the LMS is ahead by 45 seconds."
    assert "%(" not in str(lines)
    assert [name for name, line in lines.items() if line["state"] != "ok" and not line["cure"]] == []


def test_keys_and_courses_that_are_not_told_of_are_listed(core: Core, program: Program) -> None:
    kid = tool_keys.signing_key(core.database, core.secrets, core.clock()).kid
    assert [key["kid"] for key in program.get("/administration/keys")["items"]] == [kid]
    assert program.get("/administration/jobs/members") == {"items": []}
    launch = replace(launch_of("person-1"), roles=frozenset({Role.TEACHER}))
    core.note_roster(launch, ISSUER, f"{ISSUER}/members")
    (entry,) = core.due_rosters()
    core.roster_failed(entry, "The LMS answered 403.")
    (course,) = program.get("/administration/jobs/members")["items"]
    assert course["error"] == "The LMS answered 403."


def test_settings_that_do_not_fit_a_plugin_are_named(program: Program) -> None:
    plugins = {item["name"]: item for item in program.get("/administration/plugins")["items"]}
    assert plugins["spacing"]["used"]
    path = "/administration/plugins/spacing"
    refused = program.call("PUT", f"{path}/settings", json={"settings": {"retention": 7}})
    assert refused.status_code == 409
    assert "retention" in refused.get_json(force=True)["errors"]
    done = program.call("PUT", f"{path}/settings", json={"settings": {"retention": 0.85}}).get_json()
    assert done["settings"]["retention"] == 0.85
    assert program.call("PUT", path, json={"used": False}).get_json()["used"] is False


def test_a_made_up_credential_opens_the_xapi_endpoint(program: Program) -> None:
    made = program.call("POST", "/administration/statement-credentials", json={}).get_json()
    sent = program.client.get(
        "/xapi/statements?statementId=6f3b2c1e-0000-4000-8000-000000000001",
        headers={"X-Experience-API-Version": "1.0.3"},
        auth=(made["username"], made["password"]),
    )
    assert sent.status_code == 404  # let in; there is no such statement
    again = program.call("POST", "/administration/statement-credentials", json={"username": made["username"]})
    assert again.status_code == 409


# --- lists ------------------------------------------------------------------------------------------


def test_a_list_in_parts_holds_everything_once_also_when_something_is_added_meanwhile(
    core: Core, program: Program
) -> None:
    core.import_catalogue("t", [draft(n, minutes=7) for n in range(100, 130)])
    found: list[str] = []
    answer: Any = program.call("GET", "/activities", query_string={"limit": 7})
    while True:
        body = answer.get_json()
        found += [item["key"] for item in body["items"]]
        if body["next"] is None:
            assert "Link" not in answer.headers
            break
        assert answer.headers["Link"] == f'<{body["next"]}>; rel="next"'
        if len(found) == 14:
            core.import_catalogue("t", [draft(0, title="A new one before", key="activity-00")])
        answer = program.call("GET", body["next"].partition("/api/v1")[2])
    before = [f"activity-{n}" for n in (*range(8), *range(100, 130))]
    assert sorted(set(found) - {"activity-00"}) == sorted(before)
    assert len(found) == len(set(found))


def test_a_cursor_opens_nothing_but_its_own_list(core: Core, program: Program) -> None:
    core.add_tenant("other", "Another")
    core.import_catalogue("other", COURSE)
    address = program.get("/activities", limit=2)["next"]
    cursor = address.partition("cursor=")[2].partition("&")[0]
    assert program.call("GET", "/activities", query_string={"cursor": cursor}).status_code == 200
    assert program.call("GET", "/skills", query_string={"cursor": cursor}).status_code == 404
    filtered = {"cursor": cursor, "language": "en"}
    assert program.call("GET", "/activities", query_string=filtered).status_code == 404
    theirs = Program(core, tenant="other", client=program.client)
    assert theirs.call("GET", "/activities", query_string={"cursor": cursor}).status_code == 404
    changed = {"cursor": f"{cursor[:-1]}{'a' if cursor[-1] != 'a' else 'b'}"}
    assert program.call("GET", "/activities", query_string=changed).status_code == 404


# --- errors -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "sent", "status"),
    [
        ("GET", "/nowhere", {}, 404),
        ("PATCH", "/skills", {}, 405),
        ("PUT", "/skills", {"data": "{", "content_type": "application/json"}, 400),
        ("PUT", "/skills", {"data": "[" * 100_000, "content_type": "application/json"}, 400),
        ("PUT", "/skills", {"data": "items", "content_type": "text/plain"}, 415),
        ("PUT", "/skills", {"json": {"itmes": []}}, 422),
        ("GET", "/skills?limti=5", {}, 422),
        ("GET", "/skills?limit=5&limit=6", {}, 422),
        ("GET", "/skills?limit=1_0", {}, 422),
        ("PUT", "/skills", {"data": '{"\\ud800": 1}', "content_type": "application/json"}, 400),
    ],
)
def test_every_error_is_a_problem_and_is_not_kept(
    program: Program, method: str, path: str, sent: dict[str, Any], status: int
) -> None:
    answer = program.call(method, path, **sent)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.headers["Cache-Control"] == "no-store"
    problem = answer.get_json(force=True)
    assert problem["status"] == status
    assert problem["type"].startswith("urn:stifinder:")
    assert problem["title"]
    assert problem["detail"]
    if status == 405:
        assert "PUT" in answer.headers["Allow"]
    if status == 422:
        assert problem["errors"]


def test_an_import_that_is_too_large_is_refused_before_it_is_read(program: Program) -> None:
    answer = program.call("PUT", "/activities", data=b"x" * 17_000_000, content_type="application/json")
    assert answer.status_code == 413


def test_the_document_is_read_by_people_and_programs_without_a_token(program: Program) -> None:
    page = program.client.get("/api/v1/docs")
    assert page.status_code == 200
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "<script>" not in page.text
    document = program.client.get("/api/v1/openapi.json").get_json()
    assert document["openapi"] == "3.1.0"
    for path, item in document["paths"].items():
        assert f"<code>/api/v1{path}</code>" in page.text
        for method in item.keys() - {"parameters"}:
            assert item[method]["summary"]
