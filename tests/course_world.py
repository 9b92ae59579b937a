"""A course with people in it, as its teacher finds it: who agreed, what they did, what was suggested."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from small_course import COURSE, EVERYTHING, ISSUER, NOW, arrival, draft, launch_of
from sqlalchemy import update
from stifinder.core import identity
from stifinder.core.drafts import Draft
from stifinder.core.evidence import EventKind
from stifinder.core.launch import Launch
from stifinder.core.membership import Headcount
from stifinder.core.people import Role
from stifinder.core.service import Core
from stifinder.core.store import rosters, tables
from stifinder.core.store.rosters import Roster
from stifinder.lti_tool import visit
from stifinder.lti_tool.app import create_app
from werkzeug.test import TestResponse

TEXTS = tuple(
    draft(n, "estimating", key=f"text-{n}", address=f"{ISSUER}/activities/{n}", minutes=20)
    for n in range(10, 14)
)
"""More modules like the first: texts that teach estimating."""
LOSES = 10
"""Of them, the one that most stop in."""


def names(count: int, start: int = 1) -> list[str]:
    """What the LMS calls people."""
    return [f"learner-{n}" for n in range(start, start + count)]


def teacher(tenant: str = "t", *, role: Role = Role.TEACHER, name: str = "teacher-1") -> Launch:
    """A launch of somebody who teaches the course ``offers``."""
    return replace(launch_of(name, tenant=tenant), roles=frozenset({role}))


def mentor(*accompanied: str) -> Launch:
    """A launch of a mentor who accompanies these."""
    return replace(
        launch_of("mentor-1"),
        roles=frozenset({Role.MENTOR}),
        accompanies=tuple(identity.account(ISSUER, name) for name in accompanied),
    )


def context_of(core: Core, tenant: str = "t") -> str:
    """The id of the course."""
    return core.context_of(teacher(tenant)).id


def activity_id(core: Core, key: str, tenant: str = "t") -> str:
    """The id of the activity with this key."""
    return next(a.id for a in core.catalogue(tenant) if a.key == key)


def agree(core: Core, *people: str, older: bool = False, tenant: str = "t") -> list[str]:
    """Let people agree to everything; returns their ids.

    :param older: to the text before it said that teachers see what is suggested.
    """
    ids = [core.agree(launch_of(name, tenant=tenant), EVERYTHING) for name in people]
    if older:
        with core.database.write() as connection:
            connection.execute(
                update(tables.grant)
                .where(tables.grant.c.tenant_id == tenant, tables.grant.c.learner_id.in_(ids))
                .values(text_version="2026-11")
            )
    return ids


def went(
    core: Core, activity: int, people: list[str], *, end: bool = False, minutes: float = 0, tenant: str = "t"
) -> None:
    """Let people begin an activity, work for some minutes, and come to its end or not."""
    done = []
    for name in people:
        done.append(arrival(name, activity, EventKind.VIEWED, at=NOW - timedelta(hours=3)))
        later = NOW - timedelta(hours=3) + timedelta(minutes=minutes)
        if minutes and not end:
            done.append(arrival(name, activity, EventKind.ANSWERED, at=later, item="q1", success=False))
        if end:
            done.append(arrival(name, activity, EventKind.COMPLETED, at=later))
    core.intake(tenant, done)


def open_page(core: Core, name: str, *, minutes: int = 20, tenant: str = "t") -> None:
    """Let somebody open their page, so that suggestions are made and recorded."""
    launch = launch_of(name, tenant=tenant)
    core.page(launch, core.recognise(launch), minutes=minutes, locale="en", answers={})


def full_course(core: Core, tenant: str = "t") -> list[str]:
    """A course with 24 people in it, of whom most stop in one module; returns what the LMS calls them."""
    everybody: list[Draft] = [*COURSE, *TEXTS]
    core.import_catalogue(tenant, everybody)
    people = names(24)
    agree(core, *people, tenant=tenant)
    for number in (0, 11, 12, 13):
        went(core, number, people[:18], end=True, minutes=18, tenant=tenant)
        went(core, number, people[18:], minutes=9, tenant=tenant)
    went(core, LOSES, people[:6], end=True, minutes=20, tenant=tenant)
    for n, name in enumerate(people[6:]):
        went(core, LOSES, [name], minutes=4 if n < 3 else 12 + n % 3, tenant=tenant)
    for n, name in enumerate(people):
        answers = [
            arrival(name, 2, EventKind.ANSWERED, item=f"q{q}", success=(n + q) % 4 == 0, at=NOW)
            for q in range(5)
        ]
        core.intake(tenant, answers)
        open_page(core, name, tenant=tenant)
    return people


def count_roster(core: Core, learner_count: int, tenant: str = "t") -> None:
    """Let the LMS have said how many learners the course has."""
    entry = Roster(tenant, context_of(core, tenant), "r", ISSUER, f"{ISSUER}/members")
    with core.database.write() as connection:
        rosters.note(connection, entry, core.clock())
        count = Headcount(learner_count, 1, 0, core.clock())
        rosters.counted(connection, entry, count, core.clock() + timedelta(hours=12))


class Staff:
    """A browser with one visit of somebody of the staff (or of anybody else) open."""

    def __init__(self, core: Core, launch: Launch | None = None, app: Flask | None = None) -> None:
        self.core, self.launch = core, launch or teacher()
        self.app = app or create_app(core)
        self.client: FlaskClient = self.app.test_client()
        opened = visit.open_visit(self.app, self.launch, core.recognise(self.launch))
        with self.app.test_request_context():
            answer = self.app.make_response("")
            visit.save_visit(answer, opened)
            self.token = visit.csrf_token(opened)
        name, _, value = answer.headers["Set-Cookie"].partition("=")
        self.home = f"/learn/{opened.id}/"
        self.client.set_cookie(name, value.partition(";")[0], path=self.home.rstrip("/"))

    def see(self, path: str = "course/") -> str:
        """A page as text."""
        answer = self.client.get(self.home + path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def send(self, path: str, **form: str) -> TestResponse:
        """Send a form; the answer is the page it leads to."""
        return self.client.post(
            self.home + path, data={"csrf_token": self.token, **form}, follow_redirects=True
        )
