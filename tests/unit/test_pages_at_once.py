"""Two things at the same moment for one learner: neither fails, and nothing is written twice or too late."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from small_course import COURSE, EVERYTHING, MakeCore, arrival, launch_of
from sqlalchemy import create_engine, text
from stifinder.core import learner_page
from stifinder.core.store import suggestions


def test_a_page_loaded_twice_at_once_is_recorded_once(
    make_core: MakeCore, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL, where writers do not queue by themselves as they do on SQLite."""
    core = make_core(url=postgres_url)
    core.import_catalogue("t", COURSE)
    learner = core.agree(launch_of("person-1"), EVERYTHING)
    core.intake("t", [arrival("person-1", 0, score=0.9)])
    recorded, go_on = threading.Event(), threading.Event()
    give = suggestions.give_awards

    def give_when_told(*arguments: object) -> None:
        recorded.set()
        go_on.wait(10)
        give(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(suggestions, "give_awards", give_when_told)
    server = create_engine(postgres_url)
    waiting = text(
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype IN ('transactionid', 'tuple')"
    )
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(core.page, launch_of("person-1"), learner)
        assert recorded.wait(10)
        second = threads.submit(core.page, launch_of("person-1"), learner)
        deadline = time.monotonic() + 10
        with server.connect() as observer:
            while not observer.execute(waiting).scalar_one():
                assert time.monotonic() < deadline
                observer.rollback()
        go_on.set()
        pages = first.result(20), second.result(20)
    server.dispose()
    assert pages[0].suggestions == pages[1].suggestions
    assert len(core.held("t", learner)["suggestions"]) == len(pages[0].suggestions) > 0


def test_a_page_drawn_while_its_learner_is_erased_keeps_nothing(
    make_core: MakeCore, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = make_core(url=database_url)
    core.import_catalogue("t", COURSE)
    learner = core.agree(launch_of("person-1"), EVERYTHING)
    suggest = learner_page.engine.suggest

    def suggest_and_erase(*arguments: object, **more: object) -> object:
        answer = suggest(*arguments, **more)  # type: ignore[arg-type]
        core.erase("t", learner)
        return answer

    monkeypatch.setattr(learner_page.engine, "suggest", suggest_and_erase)
    assert core.page(launch_of("person-1"), learner).suggestions
    assert core.held("t", learner) == {}
