"""Two tenants full of people and what belongs to them, and a browser for everybody who may come to them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from small_course import COURSE, EVERYTHING, ISSUER, arrival, launch_of
from sqlalchemy import select
from stifinder.core.decisions import Decision, DecisionKind
from stifinder.core.drafts import DraftSkill
from stifinder.core.evidence import EventKind
from stifinder.core.launch import Launch
from stifinder.core.membership import Member
from stifinder.core.people import Role
from stifinder.core.scopes import Scope
from stifinder.core.service import Core
from stifinder.core.store import api_tokens, credentials, joining, tables
from stifinder.core.store.database import across_tenants
from stifinder.core.store.lti import Registration, register
from stifinder.lti_tool import visit
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

WORDS = {"a": "Apricot", "b": "Bramble"}
"""Tenant to the word that stands in every title and name of it, and nowhere else."""
FRAME = "https://lms.example.org"
ROLES: dict[str, Role | None] = {
    "nobody": None,
    "learner": Role.LEARNER,
    "mentor": Role.MENTOR,
    "teacher": Role.TEACHER,
    "administrator": Role.ADMINISTRATOR,
    "administrator-by-link": Role.ADMINISTRATOR,
    "operator": Role.OPERATOR,
}
"""Everybody who can come; ``…-by-link`` and ``operator`` come by a sign-in link, the others by a launch."""
BY_LINK = frozenset({"administrator-by-link", "operator"})
LEARNERS = tuple(f"person-{n}" for n in range(1, 7))


def launch_as(who: str, tenant: str, name: str = "") -> Launch:
    """What opens a visit for somebody of ``ROLES``."""
    role = ROLES[who]
    assert role is not None
    if who in BY_LINK:
        return Launch(tenant, "", (), frozenset({role}), link_id=f"link-{tenant}", frame_origin="")
    launch = launch_of(name or ("person-1" if who == "learner" else who), tenant=tenant)
    title = f"{WORDS[tenant]} course"
    return replace(launch, roles=frozenset({role}), context_title=title, frame_origin=FRAME)


def fill(core: Core, tenant: str) -> None:
    """A course, people who agreed to everything and did something, and one of all that a tenant can have."""
    word = WORDS[tenant]
    core.add_tenant(tenant, f"{word} Ltd")
    course = [
        replace(
            draft,
            title=f"{word} {draft.title}",
            text=f"{word}: {draft.text}",
            course_title=f"{word} course",
            skills=tuple(DraftSkill(s.skill_id, f"{word} {s.title}", s.level) for s in draft.skills),
        )
        for draft in COURSE
    ]
    core.import_catalogue(tenant, course)
    now = core.clock()
    triple = {"issuer": ISSUER, "client_id": f"client-{tenant}", "deployment_id": "1"}
    address = {"auth_login_url": f"{FRAME}/auth", "key_set_url": f"{FRAME}/keys"}
    register(core.database, [Registration(tenant_id=tenant, **triple, **address, product="moodle")], now)
    joining.invite(core.database, tenant, now + timedelta(days=7), now)
    with core.database.write() as connection:
        credentials.add(connection, tenant, f"lms-of-{tenant}", "a password of this test", now)
        api_tokens.add(connection, tenant, f"{word} reports", list(Scope), now + timedelta(days=90), now)
    people = [launch_as("learner", tenant, name) for name in LEARNERS]
    others = [launch_as(who, tenant) for who in ("mentor", "teacher", "administrator")]
    for launch in people + others:
        core.agree(launch, EVERYTHING)
    core.intake(
        tenant,
        [
            arrival(name, n, kind, score=score)
            for name in LEARNERS
            for n, kind, score in (
                (0, EventKind.STARTED, None),
                (0, EventKind.COMPLETED, None),
                (2, EventKind.ANSWERED, 0.4),
            )
        ],
    )
    for launch in people:
        core.page(launch, core.recognise(launch), minutes=60)
    teacher = launch_as("teacher", tenant)
    actor, context = core.actor(teacher), core.context_of(teacher)
    activities = [activity.id for activity in core.catalogue(tenant)]
    learner_id = core.recognise(people[0])
    for decision in (
        Decision(DecisionKind.PIN, activities[3], context.id),
        Decision(DecisionKind.NEVER, activities[7]),
        Decision(DecisionKind.HIDE, activities[5], context.id, learner_id),
        Decision(DecisionKind.REPLACE, activities[4], context.id, "", activities[6]),
    ):
        core.decide(tenant, actor, decision)
    core.note_roster(teacher, ISSUER, f"{ISSUER}/members")
    (entry,) = [one for one in core.due_rosters() if one.tenant_id == tenant]
    core.take_roster(entry, [Member(name, frozenset({Role.LEARNER})) for name in LEARNERS])
    core.choose(tenant, actor, "needs_yes", True, context.id)
    core.page(people[1], core.recognise(people[1]), minutes=60)  # from now on something waits for a yes


def known_values(core: Core, tenant: str) -> dict[str, str]:
    """A real value of this tenant for each name that addresses and forms use."""

    def first(table: Any, column: Any, *where: Any) -> str:
        query = select(column).where(table.c.tenant_id == tenant, *where).order_by(column).limit(1)
        return str(connection.execute(query).scalar_one())

    with core.database.read() as connection:
        activity = first(tables.activity, tables.activity.c.id)
        skill = first(tables.skill, tables.skill.c.id)
        learner = core.recognise(launch_as("learner", tenant))
        mine = tables.suggestion.c.learner_id == learner
        suggestion = first(tables.suggestion, tables.suggestion.c.id, mine)
        context = first(tables.roster, tables.roster.c.context_id)
        registration = first(tables.registration, tables.registration.c.id)
        token = first(tables.api_token, tables.api_token.c.id)
        credential = first(tables.xapi_credential, tables.xapi_credential.c.username)
        waiting = first(tables.waiting, tables.waiting.c.activity_id)
        sign = first(tables.staff_member, tables.staff_member.c.sign)
    ids = {
        "activity": activity,
        "skill": skill,
        "suggestion": suggestion,
        "learner": learner,
        "person": learner,
        "context": context,
        "course": context,
        "registration": registration,
        "tenant": tenant,
        "token": token,
        "waiting": waiting,
        "instead": activity,
        "credential": credential,
        "actor": sign,
    }
    return (
        ids
        | {f"{name}_id": value for name, value in ids.items()}
        | {
            "username": credential,
            "sign": sign,
            "key": "figures_from",
            "plugin": "mastery",
            "name": "mastery",
            "kind": "never",
            "purpose": "peers",
            "source": "page",
            "tag": "da",
            "filename": "theme.css",
            "rest": "somewhere",
        }
    )


@dataclass
class Visitor:
    """A browser with a visit open, or none.

    :param who: a key of ``ROLES``.
    :param values: what goes into addresses (see ``known_values``).
    """

    app: Flask
    who: str
    tenant: str
    values: dict[str, str]
    visit_id: str = "0" * 32
    csrf: str = ""
    cookies: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if ROLES[self.who] is None:
            return
        core: Core = self.app.extensions["stifinder"]
        launch = launch_as(self.who, self.tenant)
        learner_id = core.recognise(launch) if launch.identities else ""
        opened = visit.open_visit(self.app, launch, learner_id)
        with self.app.test_request_context():
            response = self.app.make_response("")
            visit.save_visit(response, opened)
            self.csrf = visit.csrf_token(opened)
        name, _, value = response.headers["Set-Cookie"].partition("=")
        self.cookies.append((name, value.partition(";")[0]))
        self.visit_id = opened.id

    def browser(self) -> FlaskClient:
        """A fresh one: nothing that an answer set before is in it."""
        client = self.app.test_client()
        for name, value in self.cookies:
            client.set_cookie(name, value)
        return client

    def address(self, rule: Rule, values: dict[str, str] | None = None) -> str:
        """A rule's address in this visit; unknown arguments get a made-up id."""
        known = {**self.values, **(values or {}), "visit_id": self.visit_id}
        given = {name: known.get(name, "1") for name in rule.arguments}
        with self.app.test_request_context():
            built = rule.build(given)
        assert built is not None, rule
        return str(built[1])

    def ask(self, method: str, address: str, form: dict[str, str] | None = None) -> TestResponse:
        """Send a request; forms carry this visit's token."""
        if method in ("GET", "HEAD"):
            return self.browser().open(address, method=method, buffered=True)
        return self.browser().open(
            address, method=method, buffered=True, data={**(form or {}), "csrf_token": self.csrf}
        )


@dataclass
class Program:
    """Something that uses the API.

    :param token: "" for none.
    """

    app: Flask
    token: str
    values: dict[str, str]

    def ask(
        self,
        method: str,
        rule: Rule,
        values: dict[str, str] | None = None,
        body: dict[str, Any] | None = None,
    ) -> TestResponse:
        """Call an endpoint; unknown arguments of its address get a made-up id."""
        known = {**self.values, **(values or {})}
        with self.app.test_request_context():
            built = rule.build({name: known.get(name, "1") for name in rule.arguments})
        assert built is not None, rule
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        content = {} if method in ("GET", "HEAD", "DELETE") else {"json": body or {}}
        return self.app.test_client().open(built[1], method=method, headers=headers, buffered=True, **content)


def doors(app: Flask) -> Iterator[tuple[str, Rule, str]]:
    """Endpoint, rule and method of all that can be asked for; what forgets the visitor comes last."""
    last = ("learner.agree", "learner.erased")
    rules = sorted(app.url_map.iter_rules(), key=lambda r: (r.endpoint in last, r.endpoint, r.rule))
    for rule in rules:
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule.endpoint, rule, method


# --- pages, as a browser reads them -----------------------------------------------------------------


@dataclass(frozen=True)
class Form:
    """A form of a page: where it goes, and what it sends when nothing is typed.

    :param variants: what each of its buttons adds.
    """

    method: str
    address: str
    fields: tuple[tuple[str, str], ...]
    variants: tuple[tuple[tuple[str, str], ...], ...]


class Page(HTMLParser):
    """Links and forms of a page, and whatever in it is script or style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.inline: list[str] = []
        self._form: tuple[str, str] | None = None
        self._fields: list[tuple[str, str]] = []
        self._buttons: list[tuple[tuple[str, str], ...]] = []
        self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._look_for_inline(tag, given)
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "form":
            self._form = (given.get("method", "get").upper(), given.get("action", ""))
            self._fields, self._buttons = [], []
        elif tag == "select":
            self._select = given.get("name", "")
        elif tag == "option" and self._select and given.get("value"):
            self._fields.append((self._select, given["value"]))
            self._select = ""  # the first will do
        elif tag in ("input", "textarea", "button") and given.get("name"):
            pair = (given["name"], given.get("value", ""))
            if tag == "button" or given.get("type") == "submit":
                self._buttons.append((pair,))
            else:
                self._fields.append(pair)

    def _look_for_inline(self, tag: str, given: dict[str, str]) -> None:
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        self.inline += [f"{tag} {name}" for name in given if name == "style" or name.startswith("on")]
        for name in ("href", "src", "action", "formaction", "xlink:href"):
            address = "".join(given.get(name, "").split()).lower()
            if address.startswith(("javascript:", "data:text", "vbscript:")):
                self.inline.append(f"{tag} {name}={address[:20]}")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._form:
            method, address = self._form
            self.forms.append(Form(method, address, tuple(self._fields), tuple(self._buttons) or ((),)))
            self._form = None


def crawl(visitor: Visitor, most: int = 150) -> Iterator[tuple[str, TestResponse, Page]]:
    """Every page that a visitor comes to: all addresses of the table, then the links on them."""
    waiting = [visitor.address(rule) for _, rule, method in doors(visitor.app) if method == "GET"]
    seen: set[str] = set()
    while waiting and len(seen) < most:
        address = waiting.pop(0)
        if address in seen or re.match(r".*/go/[^/]+", address):
            continue
        seen.add(address)
        answer = visitor.ask("GET", address)
        if answer.status_code in (301, 302, 303, 308):
            waiting.append(_own(answer.location))
            continue
        if answer.mimetype != "text/html":
            continue
        page = Page(answer.text)
        yield address, answer, page
        waiting += [_own(link) for link in page.links if _own(link)]


def _own(link: str) -> str:
    """The path of a link that stays in the tool, else ""."""
    parts = urlsplit(html.unescape(link))
    if parts.scheme and parts.netloc != "localhost":
        return ""
    return (parts.path + (f"?{parts.query}" if parts.query else "")) if parts.path.startswith("/") else ""


def query_of(address: str) -> dict[str, str]:
    """What an address asks for after its ``?``."""
    return dict(parse_qsl(urlsplit(address).query))


def rows_of(core: Core, tenant: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of a tenant, by table."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    with core.database.read() as connection:
        for table in tables.metadata.sorted_tables:
            owner = table.c.id if table is tables.tenant else table.c.tenant_id
            query = across_tenants(select(table).where(owner == tenant))
            found[table.name] = sorted((tuple(row) for row in connection.execute(query)), key=repr)
    return found
