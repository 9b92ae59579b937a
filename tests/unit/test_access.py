"""Who may do what: the whole table of pages, walked as everybody, across two tenants.

Pages and roles are read from the application and its table, so that a new page is walked without a word here.
``docs/access.md`` is written from the same table: run this file with ``STIFINDER_REWRITE=1`` to bring it up
to date.
"""

from __future__ import annotations

import difflib
import os
import re
import shutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from access_world import (
    BY_LINK,
    FRAME,
    ROLES,
    WORDS,
    Form,
    Page,
    Program,
    Visitor,
    crawl,
    doors,
    fill,
    known_values,
    query_of,
    rows_of,
)
from flask import Flask
from small_course import Clock
from stifinder.core.access import ALLOWED, Act, leading, may
from stifinder.core.people import Role
from stifinder.core.scopes import Scope
from stifinder.core.service import Core
from stifinder.core.settings import Settings
from stifinder.core.staff import OPERATOR
from stifinder.core.store import audit
from stifinder.lti_tool.access import DOORS, By, Door
from stifinder.lti_tool.app import create_app
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

DOCUMENT = Path(__file__).parents[2] / "docs" / "access.md"
LAUNCHED = frozenset(set(ROLES) - BY_LINK - {"nobody"})

pytestmark = pytest.mark.xdist_group("access")


@dataclass(frozen=True)
class Filled:
    """Both tenants with all that they have, and what people of ``b`` find on their pages.

    :param links, forms: that open by a visit.
    """

    settings: Settings
    links: list[str]
    forms: list[Form]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Filled:
    """Made once; tests get copies."""
    folder = tmp_path_factory.mktemp("access")
    shutil.copy(migrated_sqlite, folder / "stifinder.db")
    settings = Settings(
        data_dir=folder,
        database_url=f"sqlite:///{folder / 'stifinder.db'}",
        base_url="http://localhost",
        secret="a secret that is used in tests only",
        development=True,
    )
    core = Core(settings, clock=Clock())
    core.migrate()
    for tenant in WORDS:
        fill(core, tenant)
    links, forms = harvest(create_app(core), "b")
    core.close()
    return Filled(settings, links, forms)


@pytest.fixture
def app(filled: Filled, tmp_path: Path) -> Iterator[Flask]:
    """The whole tool on a copy of them."""
    shutil.copy(filled.settings.data_dir / "stifinder.db", tmp_path / "stifinder.db")
    url = f"sqlite:///{tmp_path / 'stifinder.db'}"
    core = Core(replace(filled.settings, data_dir=tmp_path, database_url=url), clock=Clock())
    yield create_app(core)
    core.database.close()


def core_of(app: Flask) -> Core:
    core: Core = app.extensions["stifinder"]
    return core


def visitor(app: Flask, who: str, tenant: str = "a") -> Visitor:
    return Visitor(app, who, tenant, known_values(core_of(app), tenant))


def let_in(door: Door, who: str) -> bool:
    """Whether the table lets somebody in by a visit."""
    role = ROLES[who]
    if role is None or (door.act is Act.LEARN and who in BY_LINK):
        return False
    return door.act is None or may({role}, door.act)


# --- the table is whole -----------------------------------------------------------------------------


def test_every_page_has_a_row_and_every_row_a_page(app: Flask) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(DOORS)


def test_a_page_that_nobody_put_into_the_table_stays_closed(app: Flask) -> None:
    app.add_url_rule("/forgotten", "forgotten", lambda: "all of it")
    answer = app.test_client().get("/forgotten")
    assert answer.status_code == 403
    assert "all of it" not in answer.text


def test_whoever_comes_by_a_visit_needs_an_act_unless_the_page_is_the_same_for_all() -> None:
    for_all = {"learner.language", "api_token.see"}
    without = {name for name, door in DOORS.items() if door.act is None}
    assert {name for name in without if DOORS[name].by in (By.VISIT, By.TOKEN, By.REQUEST)} == for_all
    for name, door in DOORS.items():
        assert (door.scope is not None) == (door.by is By.TOKEN and name not in for_all), name


def test_only_operators_see_other_tenants_and_no_launch_makes_one() -> None:
    assert ALLOWED[Act.OPERATE] == {Role.OPERATOR}
    assert all(leading({role}) is role for role in Role)


# --- walked as everybody ----------------------------------------------------------------------------


@pytest.mark.parametrize("who", ROLES)
def test_everybody_comes_to_exactly_what_the_table_says(app: Flask, who: str) -> None:
    somebody = visitor(app, who)
    wrong: list[str] = []
    for endpoint, rule, method in doors(app):
        door = DOORS[endpoint]
        answer = somebody.ask(method, somebody.address(rule))
        refused = answer.status_code in (401, 403)
        match door.by:
            case By.ANYBODY:
                good = answer.status_code < 400 or answer.status_code == 404  # a made-up file
            case By.TOKEN:
                good = answer.status_code == 401
            case By.PROTOCOL | By.LINK | By.REQUEST:  # whoever it is has not what is asked for
                good = 400 <= answer.status_code < 500
            case By.VISIT:
                good = answer.status_code < 500 and refused != let_in(door, who)
        if not good:
            wrong.append(f"{method} {rule.rule} ({endpoint}): {answer.status_code}")
    assert not wrong, f"{who} got:\n" + "\n".join(wrong)


@pytest.mark.parametrize("who", ["learner", "nobody"])
def test_a_refused_form_changes_nothing(app: Flask, who: str) -> None:
    somebody = visitor(app, who)
    before = rows_of(core_of(app), "a")
    for endpoint, rule, method in doors(app):
        if method != "GET" and DOORS[endpoint].by is By.VISIT and not let_in(DOORS[endpoint], who):
            assert somebody.ask(method, somebody.address(rule), dict(somebody.values)).status_code == 403
    assert rows_of(core_of(app), "a") == before


@pytest.mark.parametrize("who", sorted(set(ROLES) - {"nobody"}))
def test_a_form_without_the_visits_token_changes_nothing(app: Flask, who: str) -> None:
    somebody = visitor(app, who)
    somebody.csrf = "guessed"
    before = rows_of(core_of(app), "a")
    for endpoint, rule, method in doors(app):
        if method != "GET" and DOORS[endpoint].by is By.VISIT:
            assert somebody.ask(method, somebody.address(rule), dict(somebody.values)).status_code == 403
    assert rows_of(core_of(app), "a") == before


def test_a_visit_of_somebody_else_does_not_open_with_ones_own_cookie(app: Flask) -> None:
    teacher, learner = visitor(app, "teacher"), visitor(app, "learner")
    learner.visit_id = teacher.visit_id
    for endpoint, rule, method in doors(app):
        if method == "GET" and DOORS[endpoint].by is By.VISIT:
            assert learner.ask("GET", learner.address(rule)).status_code == 403


# --- walked by programs -----------------------------------------------------------------------------


def program(app: Flask, scopes: Collection[Scope], tenant: str = "a") -> Program:
    core = core_of(app)
    token = core.add_token(tenant, OPERATOR, "a program", scopes)[1] if scopes else ""
    return Program(app, token, known_values(core, tenant))


def calls(app: Flask) -> list[tuple[str, Rule, str]]:
    """What the API can be asked for; what forgets somebody comes last."""
    found = [each for each in doors(app) if DOORS[each[0]].by is By.TOKEN]
    assert len(found) > 20
    return sorted(found, key=lambda each: each[2] == "DELETE")


@pytest.mark.parametrize("scope", list(Scope))
def test_a_token_opens_exactly_what_its_scope_says(app: Flask, scope: Scope) -> None:
    own, others = program(app, [scope]), program(app, set(Scope) - {scope})
    wrong: list[str] = []
    for endpoint, rule, method in calls(app):
        needed = DOORS[endpoint].scope
        for who, may_come in ((own, needed in (scope, None)), (others, needed is not scope)):
            status = who.ask(method, rule).status_code
            if status >= 500 or (status in (401, 403)) == may_come:
                wrong.append(
                    f"{method} {rule.rule} ({endpoint}) with {'only' if who is own else 'all but'} it"
                )
    assert not wrong, f"{scope}:\n" + "\n".join(wrong)


def test_a_token_that_was_revoked_or_made_up_opens_nothing(app: Flask) -> None:
    core = core_of(app)
    kept, token = core.add_token("a", OPERATOR, "a program", list(Scope))
    revoked = Program(app, token, known_values(core, "a"))
    core.revoke_token("a", OPERATOR, kept.id)
    made_up = replace(revoked, token=f"sf_{'x' * 43}")
    for _, rule, method in calls(app):
        assert revoked.ask(method, rule).status_code in (401, 429)
        assert made_up.ask(method, rule).status_code in (401, 429)


def test_a_token_shows_and_changes_nothing_of_another_tenant(app: Flask) -> None:
    core, intruder = core_of(app), program(app, list(Scope))
    foreign, before = known_values(core, "b"), rows_of(core, "b")
    said = [
        intruder.ask(method, rule, foreign, body)
        for _, rule, method in calls(app)
        for body in ({}, dict(foreign))
    ]
    assert not [answer.request.path for answer in said if WORDS["b"] in answer.text]
    assert rows_of(core, "b") == before


# --- across tenants ---------------------------------------------------------------------------------


@pytest.mark.parametrize("who", sorted(set(ROLES) - {"nobody", "operator"}))
def test_a_visit_shows_and_changes_nothing_of_another_tenant(app: Flask, filled: Filled, who: str) -> None:
    """All that people of tenant B find on their pages, every link and every form, is tried in A."""
    core = core_of(app)
    intruder = visitor(app, who, "a")
    before = rows_of(core, "b")
    said: list[TestResponse] = [
        intruder.ask("GET", address) for address in (_in_visit(link, intruder) for link in filled.links)
    ]
    for form in filled.forms:
        for button in form.variants:
            given = {name: value.replace(WORDS["b"], "text") for name, value in (*form.fields, *button)}
            address = _in_visit(form.address, intruder)
            said.append(intruder.ask(form.method, address, query_of(address) | given))
    foreign = known_values(core, "b")
    for endpoint, rule, method in doors(app):
        if DOORS[endpoint].by is By.VISIT:
            said.append(intruder.ask(method, intruder.address(rule, foreign), dict(foreign)))
    assert len(said) > 50
    assert not [answer.request.path for answer in said if WORDS["b"] in answer.text]
    assert rows_of(core, "b") == before
    for tenant in WORDS:
        with core.database.read() as connection:
            assert audit.broken_at(connection, tenant) is None


def harvest(app: Flask, tenant: str) -> tuple[list[str], list[Form]]:
    """Every link and form that anybody of a tenant finds, save what opens without a visit."""
    links: dict[str, None] = {}
    forms: dict[Form, None] = {}
    for who in sorted(set(ROLES) - {"nobody", "operator"}):
        somebody = visitor(app, who, tenant)
        for address, _, page in crawl(somebody):
            links[address] = None
            for form in page.forms:
                whole = replace(form, address=form.address or address)
                if _by_visit(app, whole.method, whole.address):
                    forms[whole] = None
    return [link for link in links if _by_visit(app, "GET", link)], list(forms)


def _by_visit(app: Flask, method: str, address: str) -> bool:
    try:
        endpoint, _ = app.url_map.bind("localhost").match(urlsplit(address).path, method=method)
    except HTTPException:
        return False
    return DOORS[endpoint].by is By.VISIT


def _in_visit(address: str, somebody: Visitor) -> str:
    return re.sub(r"^/learn/[^/]+", f"/learn/{somebody.visit_id}", address)


def test_what_belongs_to_a_tenant_is_on_its_own_pages(app: Flask) -> None:
    """Otherwise the test above could not fail."""
    own = [WORDS["b"] in answer.text for _, answer, _ in crawl(visitor(app, "learner", "b"))]
    assert sum(own) >= 3


# --- what pages are made of -------------------------------------------------------------------------


@pytest.mark.parametrize("who", ROLES)
def test_no_page_has_script_or_style_in_it_and_its_own_lms_alone_may_frame_it(app: Flask, who: str) -> None:
    pages = 0
    for address, answer, page in crawl(visitor(app, who)):
        pages += 1
        assert not page.inline, f"{address}: {page.inline}"
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "X-Frame-Options" not in answer.headers
        if answer.status_code < 400:
            framed = FRAME if "/learn/" in address and who in LAUNCHED else "'none'"
            assert policy.endswith(f"frame-ancestors {framed}"), address
    assert pages


def test_what_counts_as_script_or_style_in_a_page_is_found() -> None:
    for text in (
        "<script>go()</script>",
        "<p style='color:red'>",
        "<style>p{}</style>",
        "<a onclick='x()'>",
        "<a href=' java\nscript:x()'>",
        "<button formaction='javascript:x()'>",
    ):
        assert Page(text).inline, text
    assert not Page("<script src='/static/a.js' defer></script><p class='style' data-on='1'>").inline


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [("https://tool.example.com", "max-age=31536000"), ("http://127.0.0.1:8080", None)],
)
def test_browsers_come_by_https_only_where_the_tool_has_https(
    app: Flask, base_url: str, expected: str | None
) -> None:
    core = core_of(app)
    core.settings = replace(core.settings, base_url=base_url)
    for path in ("/", "/health", "/nowhere", "/learn/0/", "/xapi/statements", "/static/theme.css"):
        answer = app.test_client().get(path, buffered=True)
        assert answer.headers.get("Strict-Transport-Security") == expected


# --- the document -----------------------------------------------------------------------------------


def acts_table() -> list[str]:
    """Acts and roles, as Markdown."""
    roles = list(Role)
    lines = [
        "| act | " + " | ".join(roles) + " |",
        "|---|" + "---|" * len(roles),
    ]
    lines += [
        f"| {act} | " + " | ".join("yes" if role in ALLOWED[act] else "" for role in roles) + " |"
        for act in Act
    ]
    return lines


def pages_table(app: Flask) -> list[str]:
    """Addresses and what they are for, as Markdown."""
    lines = ["| address | methods | comes in by | act | scope |", "|---|---|---|---|---|"]
    rules = sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint))
    for rule in rules:
        door = DOORS[rule.endpoint]
        methods = ", ".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        address = re.sub(r"<(?:[^<>]*:)?(\w+)>", r"<\1>", rule.rule)
        lines.append(f"| `{address}` | {methods} | {door.by} | {door.act or ''} | {door.scope or ''} |")
    return lines


@pytest.mark.parametrize(
    ("name", "table"), [("acts", lambda app: acts_table()), ("pages", pages_table)], ids=["acts", "pages"]
)
def test_the_document_says_what_the_code_does(
    app: Flask, name: str, table: Callable[[Flask], list[str]]
) -> None:
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    text = DOCUMENT.read_text()
    before, _, rest = text.partition(begin)
    written, _, after = rest.partition(end)
    expected = "\n".join(table(app)) + "\n"
    if os.environ.get("STIFINDER_REWRITE"):
        DOCUMENT.write_text(before + begin + expected + end + after)
        return
    difference = "\n".join(difflib.unified_diff(written.splitlines(), expected.splitlines(), lineterm=""))
    assert not difference, f"Run this file with STIFINDER_REWRITE=1 and read what changed:\n{difference}"
