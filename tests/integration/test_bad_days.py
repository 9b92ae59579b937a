"""Bad days of the served tool: the database locked, full or gone in mid-batch, plugins that hang."""

from __future__ import annotations

import re
import shutil
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_course import COURSE, EVERYTHING, MakeCore, launch_of
from sqlalchemy import create_engine, event, text
from stifinder import hookimpl
from stifinder.core.plugins import Plugins
from stifinder.core.service import Core
from stifinder.core.store import credentials, events
from stifinder.core.store import database as store
from stifinder.lti_tool import visit
from stifinder.lti_tool.app import create_app
from werkzeug.test import TestResponse

ID = "6f3b2c1e-0000-4000-8000-{:012}"


def batch(size: int = 3) -> list[dict[str, Any]]:
    """Statements about ``person-1``."""
    return [
        {
            "id": ID.format(n),
            "actor": {"account": {"homePage": "https://lms.example.org", "name": "person-1"}},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
            "object": {"id": f"https://lms.example.org/activities/{n % 8}"},
        }
        for n in range(size)
    ]


class Door:
    """The xAPI door of a core where ``person-1`` agreed to everything."""

    def __init__(self, core: Core) -> None:
        self.core = core
        core.import_catalogue("t", COURSE)
        self.learner = core.agree(launch_of("person-1"), EVERYTHING)
        with core.database.write() as connection:
            credentials.add(connection, "t", "lms", "correct horse", core.clock())
        self.client = create_app(core).test_client()
        assert self.post([]).status_code == 200  # the password is known from here on

    def post(self, statements: list[dict[str, Any]]) -> TestResponse:
        return self.client.post(
            "/xapi/statements",
            json=statements,
            auth=("lms", "correct horse"),
            headers={"X-Experience-API-Version": "1.0.3"},
        )

    def refused_for_now(self, statements: list[dict[str, Any]], words: str) -> None:
        """Posting these is answered so that the sender tries again later, and says why."""
        answer = self.post(statements)
        assert answer.status_code == 503, answer.text
        assert answer.mimetype == "application/problem+json"
        assert answer.headers["Retry-After"]
        problem = answer.get_json(force=True)
        assert words in problem["detail"]
        assert problem["cure"]

    def nothing_is_stored(self) -> None:
        held = self.core.held("t", self.learner)
        assert held["events"] == held["statements"] == held["counted_in_models"] == []


def test_a_locked_database_is_told_to_the_sender_and_the_batch_goes_in_later(
    make_core: MakeCore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.05)
    door = Door(make_core())
    other = sqlite3.connect(tmp_path / "stifinder.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    door.refused_for_now(batch(), "locked")
    other.execute("ROLLBACK")
    other.close()
    door.nothing_is_stored()
    assert door.post(batch()).status_code == 200
    assert len(door.core.held("t", door.learner)["events"]) == 3


def test_a_disk_that_fills_up_in_the_middle_of_a_batch_is_told_and_nothing_is_stored(
    make_core: MakeCore,
) -> None:
    door = Door(make_core())
    engine = door.core.database.engine
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    engine.dispose()

    def limit(connection: Any, _record: Any) -> None:
        connection.execute(f"PRAGMA max_page_count={pages + 2}")  # room for a part of the batch

    event.listen(engine, "connect", limit)
    door.refused_for_now(batch(400), "full")
    door.nothing_is_stored()
    event.remove(engine, "connect", limit)
    engine.dispose()
    assert door.post(batch(400)).status_code == 200


def test_a_database_that_goes_away_in_the_middle_of_a_batch_is_told_and_nothing_is_stored(
    make_core: MakeCore, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = Door(make_core(url=postgres_url))
    server = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    keep = events.keep_statements

    def keep_and_lose(connection: Any, *arguments: Any) -> None:
        keep(connection, *arguments)
        mine = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with server.connect() as administrator:
            administrator.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})

    with monkeypatch.context() as patch:
        patch.setattr(events, "keep_statements", keep_and_lose)
        door.refused_for_now(batch(), "did not answer")
    server.dispose()
    door.nothing_is_stored()
    assert door.post(batch()).status_code == 200


def test_a_database_file_that_was_deleted_is_told_with_the_cure(
    make_core: MakeCore, tmp_path: Path, migrated_sqlite: Path
) -> None:
    door = Door(make_core())
    door.core.database.engine.dispose()
    for file in tmp_path.glob("stifinder.db*"):
        file.unlink()
    answer = door.post(batch())
    assert answer.status_code == 503
    assert "stifinder migrate" in answer.get_json(force=True)["cure"]
    door.core.database.engine.dispose()
    shutil.copy(migrated_sqlite, tmp_path / "stifinder.db")


# --- plugins --------------------------------------------------------------------------------------


class Hanging:
    """Never comes back: by itself in Python, or waiting for something that does not happen."""

    released = threading.Event()

    @hookimpl
    def candidates(self, situation: object) -> list[object]:
        while True:
            pass

    @hookimpl
    def page_sections(self, situation: object) -> list[object]:
        self.released.wait()
        return []


class Wrong:
    """Raises, and returns nonsense."""

    @hookimpl
    def candidates(self, situation: object) -> object:
        raise RuntimeError("words that nobody should read")

    @hookimpl
    def schedule_reviews(self, situation: object) -> object:
        return {"nonsense": float("nan")}

    @hookimpl
    def award(self, situation: object) -> object:
        return [None]


hanging, wrong = Hanging(), Wrong()


@pytest.fixture
def get_page(make_core: MakeCore) -> Callable[[], str]:
    """Loads the served page of ``person-1``, where every plugin that can go wrong does."""
    core = make_core(plugins=Plugins(load=[f"{__name__}:hanging", f"{__name__}:wrong"]))
    core.import_catalogue("t", COURSE)
    core.agree(launch_of("person-1"), EVERYTHING)
    app = create_app(core)
    launch = launch_of("person-1")
    opened = visit.open_visit(app, launch, core.recognise(launch))
    with app.test_request_context():
        answer = app.make_response("")
        visit.save_visit(answer, opened)
    name, _, value = answer.headers["Set-Cookie"].partition("=")
    client = app.test_client()
    client.set_cookie(name, value.partition(";")[0], path=f"/learn/{opened.id}")

    def get() -> str:
        answer = client.get(f"/learn/{opened.id}/")
        assert answer.status_code == 200
        return answer.text

    return get


def test_the_served_page_shows_suggestions_whatever_plugins_do(get_page: Callable[[], str]) -> None:
    try:
        for _ in range(4):
            page = get_page()
            assert 1 <= len(set(re.findall(r"/dismiss/([^\"]+)\"", page))) <= 5
            assert "Because " in page
            assert "words that nobody should read" not in page
    finally:
        Hanging.released.set()
