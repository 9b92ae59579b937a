"""A plugin in a process of its own: the same answers, and whatever it does ends there."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from small_course import NOW
from stifinder.core.apart import settings_told
from stifinder.core.catalogue import Activity, Catalogue, Level, Skill, SkillLevel
from stifinder.core.evidence import Event, EventKind
from stifinder.core.people import Context, Learner, Source
from stifinder.core.plugins import Plugins
from stifinder.core.proposals import Situation
from stifinder.plugins.peers import settings_schema

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what holds a process back is Linux's")
MODULE = """
import os, socket, subprocess, threading, time
from stifinder import Candidate, Manifest, Reason, hookimpl

TRIES = {
    "votes": lambda: None,
    "loops": lambda: exec("while True: pass"),
    "sleeps": lambda: time.sleep(60),
    "holds the interpreter": lambda: 7 ** (7 ** 9),
    "eats memory": lambda: bytearray(8 * 1024**3),
    "leaves": lambda: os._exit(3),
    "raises": lambda: {}["learner-1 said this"],
    "reads": lambda: open(SECRET).read(),
    "writes": lambda: open(SECRET + ".new", "w").write("x"),
    "talks": lambda: socket.create_connection(("127.0.0.1", PORT), 0.1),
    "starts a program": lambda: subprocess.run(["/bin/true"]),
    "signals": lambda: os.kill(os.getppid(), 0),
}


@hookimpl
def candidates(situation):
    global SECRET, PORT
    wish, SECRET, PORT = situation.learner.locale.split("|")[0], *situation.context.title.split("|")
    PORT = int(PORT)
    TRIES[wish]()
    reason = Reason("Because %(n)d of them saw this.", {"n": len(os.environ)})
    return [Candidate(situation.pool[0], 0.5, (reason,))]
"""


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plugins]:
    place = tmp_path / "code"
    place.mkdir()
    (place / "tries_it_on.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(place))
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    found = Plugins(load=["tries_it_on"], apart=["tries_it_on"], discover=False)
    yield found
    found.close()


def situation(wish: str = "votes", title: str = "/nowhere|1") -> Situation:
    skill = Skill("s", "t", "s", "Estimating")
    activities = tuple(
        Activity(
            f"a{n}", "t", f"a{n}", f"Part {n}", "How to do it.", skills=(SkillLevel("s", Level.BEGINNER),)
        )
        for n in range(6)
    )
    done = Event(
        "e", "t", "learner-1", EventKind.PASSED, NOW, Source.STATEMENTS, activity_id="a0", skills=("s",)
    )
    return Situation(
        now=NOW,
        seed=1,
        minutes=20,
        learner=Learner("learner-1", "t", frozenset(), wish),
        context=Context("c", "t", title),
        catalogue=Catalogue("t", "1", activities, {"s": skill}),
        pool=tuple(a.id for a in activities),
        history=(done,),
    )


def ask(plugins: Plugins, wish: str, title: str = "/nowhere|1") -> list[Any]:
    return [
        v for each in plugins.collect("candidates", situation=situation(wish, title)) for v in each.values
    ]


def until(holds: Callable[[], bool]) -> bool:
    limit = time.monotonic() + 15
    while time.monotonic() < limit:
        if holds():
            return True
        time.sleep(0.02)
    return False


def test_it_answers_and_its_code_is_never_imported_here(plugins: Plugins) -> None:
    (vote,) = ask(plugins, "votes")
    assert (vote.activity_id, vote.score) == ("a0", 0.5)
    assert "tries_it_on" not in sys.modules


@pytest.mark.parametrize("wish", ["loops", "sleeps", "holds the interpreter", "eats memory", "leaves"])
def test_whatever_it_does_costs_its_vote_alone_and_a_new_process_takes_over(
    plugins: Plugins, wish: str
) -> None:
    first = plugins.apart["tries_it_on"]._process
    started = time.monotonic()
    assert ask(plugins, wish) == []
    assert time.monotonic() - started < 2
    assert first is not None
    assert until(lambda: not first.alive), "the process goes on"
    assert until(lambda: len(ask(plugins, "votes")) == 1), "no process took over"
    assert plugins.isolation.status("tries_it_on") == "ok"


def test_one_that_is_killed_is_replaced(plugins: Plugins) -> None:
    first = plugins.apart["tries_it_on"]._process
    assert first is not None
    os.kill(first._process.pid, signal.SIGKILL)
    assert until(lambda: len(ask(plugins, "votes")) == 1)


def test_an_error_is_told_by_its_place_and_not_by_its_words(plugins: Plugins) -> None:
    assert ask(plugins, "raises") == []
    failure = plugins.isolation.health["tries_it_on"].last_failure
    assert failure is not None
    assert (failure.kind, failure.words) == ("error", "KeyError")
    assert [frame.function for frame in failure.frames] == ["candidates", "<lambda>"]
    assert "learner-1" not in str(failure)


@pytest.mark.parametrize("wish", ["reads", "writes", "talks", "starts a program", "signals"])
def test_it_cannot_reach_what_is_not_its_business(plugins: Plugins, wish: str, tmp_path: Path) -> None:
    if "files" not in plugins.apart["tries_it_on"].walls:
        pytest.skip("this system has no Landlock")
    secret = tmp_path / "secret.key"
    secret.write_text("secret")
    assert ask(plugins, wish, f"{secret}|9") == []
    failure = plugins.isolation.health["tries_it_on"].last_failure
    assert failure is not None
    assert failure.words in ("PermissionError", "OSError")
    assert not (tmp_path / "secret.key.new").exists()


def test_it_is_given_nothing_of_our_environment(plugins: Plugins) -> None:
    (vote,) = ask(plugins, "votes")
    assert vote.reasons[0].values["n"] < 10
    process = plugins.apart["tries_it_on"]._process
    assert process is not None
    assert b"secret" not in Path(f"/proc/{process._process.pid}/environ").read_bytes()


def test_shipped_plugins_without_models_say_the_same_there() -> None:
    names = ["content", "motivation", "pace", "tagger"]
    here, there = Plugins(), Plugins(apart=names)
    offered = situation().catalogue
    asked = {
        "candidates": {"situation": situation()},
        "describe_motivation": {"situation": situation()},
        "describe_pace": {"situation": situation()},
        "tag_activity": {"activity": offered.activities[0], "skills": offered.skills},
    }
    try:
        for hook, arguments in asked.items():

            def of(plugins: Plugins, hook: str = hook, arguments: Any = arguments) -> dict[str, Any]:
                return {a.plugin: a.values for a in plugins.collect(hook, **arguments) if a.plugin in names}

            assert until(lambda of=of: of(there) == of(here)), hook  # type: ignore[misc]
        assert of(here)
    finally:
        there.close()


def test_one_with_learned_models_is_refused_with_the_cure() -> None:
    found = Plugins(apart=["spacing"])
    try:
        (row,) = [row for row in found.describe() if row.name == "spacing"]
        assert row.status.startswith("refused")
        assert "learned models" in row.status
        assert "take it out of [plugins] apart" in row.status
    finally:
        found.close()


def test_a_settings_schema_comes_over_as_it_is() -> None:
    original = settings_schema()
    copied = settings_told.schema_of(settings_told.told(original))
    assert settings_told.told(copied) == settings_told.told(original)
    assert copied().load({}) == original().load({})
