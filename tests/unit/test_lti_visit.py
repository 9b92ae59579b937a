"""A visit lives in a signed cookie for its own path, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from flask import Flask, Response
from stifinder.core.errors import Forbidden, TooLarge
from stifinder.core.launch import Launch
from stifinder.core.people import Role
from stifinder.core.secrets import Secrets
from stifinder.lti_tool import visit
from werkzeug.http import parse_cookie

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
LAUNCH = Launch(
    tenant_id="acme",
    registration_id="r",
    identities=("account|https://lms.example.com|subject-1",),
    roles=frozenset({Role.TEACHER, Role.ADMINISTRATOR}),
    context_key="https://lms.example.com#course-1",
    context_title="Algebra for beginners – æøå",
    locale="da",
    custom={"timezone": "Europe/Copenhagen"},
)


@pytest.fixture
def app() -> Iterator[Flask]:
    made = Flask("a tool")
    made.extensions["stifinder"] = SimpleNamespace(
        secrets=Secrets("a secret that is used in tests only"),
        settings=SimpleNamespace(base_url="https://tool.example.com"),
        now=NOW,
        clock=lambda: made.extensions["stifinder"].now,
    )
    with made.test_request_context():
        yield made


def saved(found: visit.Visit) -> tuple[str, str]:
    """The cookie that a response carries: its value, and the whole header."""
    response = Response()
    visit.save_visit(response, found)
    header = response.headers["Set-Cookie"]
    return next(iter(parse_cookie(header.split(";")[0]).values())), header


def loaded(app: Flask, visit_id: str, value: str) -> visit.Visit:
    with app.test_request_context(headers={"Cookie": f"sf-{visit_id[:8]}={value}"}):
        return visit.load_visit(visit_id)


def test_a_visit_comes_back_as_it_was(app: Flask) -> None:
    opened = visit.open_visit(app, LAUNCH, "learner-1")
    changed = replace(opened, minutes=60, locale="de", answers={"goal": "skill-1"})
    assert loaded(app, opened.id, saved(changed)[0]) == changed
    assert (opened.locale, opened.minutes, opened.started) == ("da", 20, int(NOW.timestamp()))


def test_the_cookie_goes_to_the_pages_of_its_visit_only(app: Flask) -> None:
    opened = visit.open_visit(app, LAUNCH, "")
    header = saved(opened)[1]
    assert header.startswith(f"sf-{opened.id[:8]}=")
    attributes = {part.strip() for part in header.split(";")}
    assert attributes >= {f"Path=/learn/{opened.id}", "Secure", "HttpOnly", "SameSite=None", "Partitioned"}


def test_over_http_in_development_the_cookie_stays_on_the_same_site(app: Flask) -> None:
    app.extensions["stifinder"].settings.base_url = "http://127.0.0.1:8080"
    attributes = {part.strip() for part in saved(visit.open_visit(app, LAUNCH, ""))[1].split(";")}
    assert "SameSite=Lax" in attributes
    assert not attributes & {"Secure", "Partitioned"}


def test_below_a_path_the_cookie_keeps_to_it(app: Flask) -> None:
    app.extensions["stifinder"].settings.base_url = "https://example.com/stifinder"
    opened = visit.open_visit(app, LAUNCH, "")
    assert f"Path=/stifinder/learn/{opened.id}" in saved(opened)[1]


def test_a_visit_ends_after_two_hours_however_often_it_is_saved(app: Flask) -> None:
    opened = visit.open_visit(app, LAUNCH, "")
    app.extensions["stifinder"].now = NOW + timedelta(minutes=119)
    value, header = saved(opened)
    assert "Max-Age=60" in header
    assert loaded(app, opened.id, value) == opened
    app.extensions["stifinder"].now = NOW + timedelta(minutes=120)
    with pytest.raises(Forbidden, match="Open it from the LMS again"):
        loaded(app, opened.id, value)


def test_a_changed_cookie_is_refused(app: Flask) -> None:
    opened = visit.open_visit(app, LAUNCH, "")
    value = saved(opened)[0]
    body, signature = value.rsplit(".", 1)
    for changed in (f"{body}.{signature[::-1]}", f"{body[::-1]}.{signature}", body, "x", "", "." + value):
        with pytest.raises(Forbidden):
            loaded(app, opened.id, changed)


def test_the_cookie_of_another_visit_is_refused(app: Flask) -> None:
    mine, other = (visit.open_visit(app, LAUNCH, "") for _ in range(2))
    with pytest.raises(Forbidden):
        loaded(app, mine.id, saved(other)[0])


@pytest.mark.parametrize("visit_id", ["", "x", "../admin", "A" * 32, "0" * 33])
def test_what_is_no_visits_id_is_refused(app: Flask, visit_id: str) -> None:
    with pytest.raises(Forbidden):
        visit.load_visit(visit_id)


def test_a_closed_visit_takes_its_cookie_away(app: Flask) -> None:
    opened = visit.open_visit(app, LAUNCH, "")
    response = Response()
    visit.close_visit(response, opened)
    header = response.headers["Set-Cookie"]
    assert header.startswith(f"sf-{opened.id[:8]}=;")
    assert "Max-Age=0" in header
    assert f"Path=/learn/{opened.id}" in header


def test_a_visit_too_large_for_a_cookie_is_refused_and_not_lost_in_silence(app: Flask) -> None:
    opened = visit.open_visit(app, LAUNCH, "")
    noise = {f"key-{n}": Secrets(f"{n:032}").derive("noise").hex() for n in range(100)}
    with pytest.raises(TooLarge):
        visit.save_visit(Response(), replace(opened, answers=noise))


def test_a_form_needs_the_token_of_its_own_visit(app: Flask) -> None:
    mine, other = (visit.open_visit(app, LAUNCH, "") for _ in range(2))
    forms = ({}, {"csrf_token": ""}, {"csrf_token": "é"}, {"csrf_token": visit.csrf_token(other)})
    for form in forms:
        with app.test_request_context(method="POST", data=form), pytest.raises(Forbidden):
            visit.check_csrf(mine)
    with app.test_request_context(method="POST", data={"csrf_token": visit.csrf_token(mine)}):
        visit.check_csrf(mine)
