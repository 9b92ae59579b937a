"""Tokens of the API: kept as digests, refused when they ended, lack a scope or are of another tenant."""

from __future__ import annotations

import re

import pytest
from api_client import STAFF, Program
from click.testing import CliRunner
from small_course import COURSE, EVERYTHING, Clock, MakeCore, launch_of
from sqlalchemy import text
from stifinder.core.errors import InvalidInput, NotFound
from stifinder.core.scopes import Scope
from stifinder.core.service import Core
from stifinder.lti_tool.access import DOORS, By
from stifinder.lti_tool.app import create_app
from stifinder.lti_tool.cli import main
from stifinder.lti_tool.sign_in import make_link

SOME = "0" * 32
SENT = {
    "POST /learners": {"issuer": "i", "user": "u", "grants": [{"purpose": "peers", "source": "page"}]},
}
BEARER = 'Bearer realm="stifinder"'


def calls(core: Core) -> list[tuple[str, str, str]]:
    """(endpoint, method, path) of every call of the API, with ids of nothing in it."""
    found = []
    for rule in create_app(core).url_map.iter_rules():
        if rule.endpoint in DOORS and DOORS[rule.endpoint].by is By.TOKEN:
            path = re.sub(r"<id:\w+>", SOME, rule.rule.removeprefix("/api/v1"))
            path = re.sub(r'<any\("([\w-]+)".*?\):\w+>', r"\1", path)
            path = re.sub(r"<name:\w+>", "mastery", path)
            (method,) = rule.methods - {"HEAD", "OPTIONS"}
            found.append((rule.endpoint, method, path))
    return found


def test_a_token_is_kept_as_a_digest_only(core: Core) -> None:
    kept, token = core.add_token("t", STAFF, "  catalogue   sync ", ["catalogue:write"])
    assert token.startswith("sf_")
    assert kept.name == "catalogue sync"
    with core.database.read() as connection:
        row = connection.execute(text("SELECT * FROM api_token")).one()
    assert token not in str(row)
    assert (kept.expires_at - kept.created_at).days == 90


@pytest.mark.parametrize(
    ("name", "scopes", "days"),
    [
        ("", ["courses:read"], 90),
        ("x", [], 90),
        ("x", ["courses:everything"], 90),
        ("x", ["courses:read"], 366),
    ],
)
def test_a_token_without_name_or_scope_or_end_is_not_made(
    core: Core, name: str, scopes: list[str], days: int
) -> None:
    with pytest.raises(InvalidInput):
        core.add_token("t", STAFF, name, scopes, days)
    assert core.tokens("t") == []


def test_making_and_revoking_is_recorded_and_what_a_token_does_under_its_sign(core: Core) -> None:
    program = Program(core)
    activity = core.catalogue("t").activities[0].id
    assert program.call("PUT", f"/activities/{activity}/ban").status_code == 200
    core.revoke_token("t", STAFF, program.kept.id)
    log = [(entry.act, entry.actor.sign, entry.subject) for entry in core.audit_log("t")]
    assert log == [
        ("revoke an API token", STAFF.sign, program.kept.id),
        ("decide never", f"token-{program.kept.id}", activity),
        ("make an API token", STAFF.sign, program.kept.id),
    ]
    assert program.token not in str(core.audit_log("t"))


def test_a_token_of_another_tenant_cannot_be_revoked(core: Core) -> None:
    core.add_tenant("other", "Another")
    kept, _ = core.add_token("other", STAFF, "theirs", ["courses:read"])
    with pytest.raises(NotFound):
        core.revoke_token("t", STAFF, kept.id)


def test_use_is_noted_once_an_hour(core: Core, clock: Clock) -> None:
    program = Program(core)
    for minutes, noted in ((0, 0), (59, 0), (1, 60)):
        clock.forward(minutes=minutes)
        program.get("/token")
        used = core.tokens("t")[0].last_used_at
        assert used is not None
        assert (used - program.kept.created_at).total_seconds() == noted * 60


@pytest.mark.parametrize("how", ["expired", "revoked", "changed", "none", "basic"])
def test_every_call_is_refused_without_a_good_token(core: Core, clock: Clock, how: str) -> None:
    program = Program(core)
    headers = {"Authorization": f"Bearer {program.token}"}
    if how == "expired":
        clock.forward(days=90)
    elif how == "revoked":
        core.revoke_token("t", STAFF, program.kept.id)
    elif how == "changed":
        headers = {"Authorization": f"Bearer {program.token}x"}
    else:
        headers = {"Authorization": "Basic dDp0"} if how == "basic" else {"Authorization": ""}
    for endpoint, method, path in calls(core)[:: 1 if how == "none" else 6]:
        answer = program.call(method, path, headers=headers)
        assert answer.status_code in (401, 429), endpoint
        assert answer.mimetype == "application/problem+json"
        if answer.status_code == 401:
            assert answer.headers["WWW-Authenticate"].startswith(BEARER)


def test_every_call_is_refused_to_tokens_that_lack_its_scope(core: Core) -> None:
    client = create_app(core).test_client()
    programs = {scope: Program(core, set(Scope) - {scope}, client=client) for scope in Scope}
    for endpoint, method, path in calls(core):
        scope = DOORS[endpoint].scope
        if scope is None:
            assert endpoint == "api_token.see"
            continue
        answer = programs[scope].call(method, path, json={})
        assert answer.status_code == 403, endpoint
        assert f'scope="{scope}"' in answer.headers["WWW-Authenticate"]


def test_with_its_scope_alone_a_call_is_let_in(core: Core) -> None:
    client = create_app(core).test_client()
    programs = {scope: Program(core, [scope], client=client) for scope in Scope}
    for endpoint, method, path in calls(core):
        scope = DOORS[endpoint].scope
        if scope is not None:
            answer = programs[scope].call(method, path, json=SENT.get(f"{method} {path}", {}))
            assert answer.status_code in (200, 201, 404, 422), (endpoint, answer.text)


def test_things_of_another_tenant_are_not_there(make_core: MakeCore) -> None:
    core = make_core()
    core.add_tenant("other", "Another")
    core.import_catalogue("t", COURSE)
    core.import_catalogue("other", COURSE[:1])
    launch = launch_of("person-1")
    learner = core.agree(launch, EVERYTHING)
    suggestion = core.page(launch, learner).suggestions[0].suggestion.id
    course, activity = core.courses("t")[0][1].id, core.catalogue("t").activities[0].id
    theirs = Program(core, tenant="other")
    paths = [
        f"/learners/{learner}",
        f"/learners/{learner}/export",
        f"/learners/{learner}/agreements",
        f"/learners/{learner}/suggestions/{suggestion}",
        f"/courses/{course}",
        f"/courses/{course}/figures",
        f"/activities/{activity}",
    ]
    ours = Program(core, client=theirs.client)
    for path in paths:
        assert ours.call("GET", path).status_code == 200, path
        assert theirs.call("GET", path).status_code == 404, path
    assert theirs.call("DELETE", f"/learners/{learner}").status_code == 404
    assert theirs.call("PUT", f"/activities/{activity}/ban").status_code == 404
    account = {"issuer": "https://lms.example.org", "user": "person-1"}
    assert ours.call("POST", "/learners/lookup", json=account).get_json() == {"id": learner}
    assert theirs.call("POST", "/learners/lookup", json=account).status_code == 404
    assert len(theirs.get("/activities")["items"]) == 1


def test_every_call_below_the_api_stands_in_the_table(core: Core) -> None:
    for rule in create_app(core).url_map.iter_rules():
        if rule.rule.startswith("/api/"):
            assert rule.endpoint in DOORS
            open_to_all = rule.endpoint in ("api_pages.document", "api_pages.guide")
            assert (DOORS[rule.endpoint].by is By.ANYBODY) == open_to_all


def test_tokens_are_made_listed_and_revoked_on_the_command_line(core: Core) -> None:
    environ = {
        "STIFINDER_DATA_DIR": str(core.settings.data_dir),
        "STIFINDER_SECRET_KEY": core.settings.secret,
    }

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(main, arguments, env=environ)
        assert done.exit_code == 0, done.output
        return done.stdout

    token = run("token", "add", "sync", "--scope", "catalogue:write", "--days", "30").strip()
    assert token.startswith("sf_")
    listed = run("token", "list")
    assert "sync" in listed
    assert "never used" in listed
    assert token not in listed
    run("token", "revoke", listed.split("\t")[0])
    assert "revoked" in run("token", "list")


def test_an_administrator_makes_sees_once_and_revokes_a_token_on_a_page(core: Core) -> None:
    client = create_app(core).test_client()
    entered = client.post(make_link(core, "t", "administer").removeprefix(core.settings.base_url))
    address = f"{entered.headers['Location']}tokens/"
    page = client.get(address)
    assert "None. Programs cannot use the API until you make one." in page.text
    form = {"csrf_token": re.search(r'name="csrf_token" value="(\w+)"', page.text)[1], "days": 30}
    refused = client.post(address, data={**form, "name": "Reports"})
    assert refused.status_code == 400
    assert 'value="Reports"' in refused.text
    made = client.post(address, data={**form, "name": "Reports", "scope": ["courses:read"]})
    token = re.search(r"sf_[\w-]+", made.text)[0]
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/v1/token", headers=headers).get_json()["scopes"] == ["courses:read"]
    assert token not in client.get(address).text
    client.post(f"{address}{core.tokens('t')[0].id}/revoke", data=form)
    assert client.get("/api/v1/token", headers=headers).status_code == 401
    assert core.audit_log("t")[0].actor.sign.startswith("link-")
