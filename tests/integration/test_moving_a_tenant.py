"""A tenant moves from the sandbox to another LMS and another machine: everybody is suggested the same."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from lti_platform import TOOL, KeyServer, Platform, Tab
from moving_world import fill, installation
from small_course import Clock
from sqlalchemy import select
from stifinder.adapters.sandbox.content import ISSUER
from stifinder.adapters.sandbox.history import history
from stifinder.adapters.sandbox.introduction import TENANT, introduce
from stifinder.adapters.sandbox.lms import Sandbox
from stifinder.adapters.sandbox.people import PEOPLE
from stifinder.core import identity
from stifinder.core.launch import Launch
from stifinder.core.moving import leaving
from stifinder.core.moving.places import Places
from stifinder.core.page import LearnerPage
from stifinder.core.people import Profile
from stifinder.core.plugins import Plugins
from stifinder.core.proposals import Dismissal
from stifinder.core.service import Core
from stifinder.core.settings import Settings
from stifinder.core.store import catalogue
from stifinder.core.store.database import across_tenants
from stifinder.lab.patience import Patient
from stifinder.lti_tool.app import create_app
from stifinder.lti_tool.moving import export, import_
from stifinder.schemas.statements import read_batch

pytest_plugins = ["lti_fixtures"]
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ELSEWHERE = "https://other-lms.example.org"
STRANGER = "The page works as it is. With your agreement this would change:"
LEARNERS = [person.id for person in PEOPLE.values() if person.opted_in]


def new_name(person: str) -> str:
    """What the other LMS calls somebody."""
    return f"user-{sum(map(ord, person)) * 7919 % 100_003}-{person[-2:]}"


def launch_of(issuer: str, user: str, course: str) -> Launch:
    return Launch(
        TENANT,
        "r",
        (identity.account(issuer, user),),
        context_key=f"{issuer}#{course}",
        context_title="",
    )


class Installation:
    """Stifinder on a machine of its own, with its own secret."""

    def __init__(self, folder: Path, settings: Settings, clock: Clock) -> None:
        folder.mkdir()
        self.core = Core(
            replace(
                settings,
                data_dir=folder,
                database_url=f"sqlite:///{folder / 'stifinder.db'}",
                base_url=TOOL,
                secret=f"the secret of {folder.name}, used in tests only",
            ),
            plugins=Plugins(isolation=Patient()),
            clock=clock,
        )
        self.core.migrate()

    def page(self, issuer: str, user: str, course: str, minutes: int = 30) -> LearnerPage:
        launch = launch_of(issuer, user, course)
        learner = self.core.recognise(launch)
        assert learner, f"{user} is not recognised"
        return self.core.page(launch, learner, minutes=minutes)

    def suggestions(self, issuer: str, user: str, course: str) -> list[object]:
        """All that is said about what a learner is suggested, but for addresses."""
        page = self.page(issuer, user, course)
        return [
            [(s.suggestion, s.activity.key) for s in page.suggestions],
            [(r.skill_id, r.due, r.minutes, r.activity and r.activity.key) for r in page.reviews],
            page.next_review,
            page.mastery,
            page.challenge and page.challenge[0],
            page.awards,
            page.peers,
            page.pace,
            page.skipped,
            page.waiting,
        ]


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def old(tmp_path: Path, settings: Settings, clock: Clock) -> Iterator[Installation]:
    """The sandbox's tenant after weeks of work, with pages that were shown and answered."""
    here = Installation(tmp_path / "old", settings, clock)
    sandbox = Sandbox.open(tmp_path / "sandbox", "http://127.0.0.1:1", here.core.settings.base_url)
    introduce(here.core, sandbox)
    body = json.dumps(history(sandbox.content, NOW)).encode()
    for batch in batches(json.loads(body)):
        here.core.intake(TENANT, read_batch(json.dumps(batch).encode(), now=NOW))
    courses = list(sandbox.content.courses)
    for n, person in enumerate(LEARNERS):
        learner = here.core.recognise(launch_of(ISSUER, person, courses[0]))
        shown = here.page(ISSUER, person, courses[n % len(courses)]).suggestions
        if n % 3 == 0 and shown:
            here.core.dismiss(TENANT, learner, shown[0].suggestion.id, Dismissal.TOO_HARD)
        if n % 3 == 1 and shown:
            here.core.start(TENANT, learner, shown[-1].suggestion.id)
        if n % 2:
            here.core.set_profile(
                TENANT, learner, Profile(solo=bool(n % 4), role="Electrician", media=("video",))
            )
    first = here.core.catalogue(TENANT).activities[0]
    here.core.ban(TENANT, first.key, decided_by="head of training")
    clock.forward(days=1)
    yield here
    here.core.close()


@pytest.fixture
def new(tmp_path: Path, settings: Settings, clock: Clock) -> Iterator[Installation]:
    there = Installation(tmp_path / "new", settings, clock)
    yield there
    there.core.close()


def batches(statements: list[object]) -> Iterator[list[object]]:
    for start in range(0, len(statements), 500):
        yield statements[start : start + 500]


def places() -> Places:
    return Places(
        people={identity.account(ISSUER, p): identity.account(ELSEWHERE, new_name(p)) for p in LEARNERS},
        addresses={"http://127.0.0.1:1/": f"{ELSEWHERE}/", f"{ISSUER}/": f"{ELSEWHERE}/"},
    )


def test_everybody_is_suggested_the_same_at_the_other_lms(
    old: Installation, new: Installation, tmp_path: Path
) -> None:
    file = tmp_path / "moved.zip"
    known = [identity.account(ISSUER, person) for person in LEARNERS]
    left = export(old.core, TENANT, file, known=known)
    assert left.unnamed == 0
    _, arrived = import_(new.core, file, places=places())
    assert arrived.unnamed == 0
    assert arrived.counts["event"] == left.lines["statements.jsonl"] > 300

    with old.core.database.read() as connection:
        courses = [key for key, _ in catalogue.contexts(connection, TENANT)]
    some = 0
    for person in LEARNERS:
        for course in courses:
            before = old.suggestions(ISSUER, person, course)
            assert new.suggestions(ELSEWHERE, new_name(person), course) == before
            some += len(before[0])
    assert some > len(LEARNERS) * len(courses)


def test_under_another_id_everybody_is_suggested_the_same(
    old: Installation, new: Installation, tmp_path: Path
) -> None:
    file = tmp_path / "moved.zip"
    export(old.core, TENANT, file, known=[identity.account(ISSUER, person) for person in LEARNERS])
    import_(new.core, file, tenant_id="acme")
    with old.core.database.read() as connection:
        course = catalogue.contexts(connection, TENANT)[0][0]

    def said(core: Core, tenant: str, person: str) -> list[object]:
        launch = replace(launch_of(ISSUER, person, course), tenant_id=tenant)
        page = core.page(launch, core.recognise(launch), minutes=30)
        found = [replace(s.suggestion, id="", tenant_id="") for s in page.suggestions]
        return [found, page.mastery, page.next_review, page.awards]

    for person in LEARNERS:
        assert said(new.core, "acme", person) == said(old.core, TENANT, person)


def tab_of(there: Installation, issuer: str, keys: KeyServer, caplog: pytest.LogCaptureFixture) -> Tab:
    """A browser at an LMS that launches this installation."""
    return Tab(
        create_app(there.core),
        Platform(there.core, keys, issuer=issuer, client_id="moved", tenant=TENANT),
        caplog,
    )


def page_in(tab: Tab, user: str, course: str) -> str:
    """The learner's page after a launch, without what is of this visit and of this LMS."""
    context = {"id": course, "title": "", "type": ["CourseSection"]}
    answer = tab.launch(sub=user, email=None, context=context, launch_presentation={"locale": "en"})
    assert answer.status_code == 303, answer.text
    visit = urlsplit(answer.location).path.split("/")[2]
    page = tab.client.get(answer.location, base_url=TOOL)
    assert page.status_code == 200
    return re.sub(r'value="[^"]+"|nonce="[^"]+"|key=[^"]+', "", page.text.replace(visit, "VISIT"))


def test_a_launch_from_the_other_lms_opens_the_same_page(
    old: Installation,
    new: Installation,
    tmp_path: Path,
    key_server: KeyServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    file = tmp_path / "moved.zip"
    export(old.core, TENANT, file, known=[identity.account(ISSUER, person) for person in LEARNERS])
    import_(new.core, file, places=places())
    before, after = tab_of(old, ISSUER, key_server, caplog), tab_of(new, ELSEWHERE, key_server, caplog)
    with old.core.database.read() as connection:
        course = catalogue.contexts(connection, TENANT)[0][0]
    for person in LEARNERS[:4]:
        there = page_in(after, new_name(person), course)
        assert STRANGER not in there
        assert there.count('class="suggestion') > 1
        assert there == page_in(before, person, course)
    assert STRANGER in page_in(after, "somebody new", course)


MOVER = """
import sys
from pathlib import Path
from stifinder.core.service import Core
from stifinder.core.settings import Settings
from stifinder.lti_tool.app import create_app
from stifinder.lti_tool.moving import export, import_
core = Core(Settings(Path({folder!r}), {url!r}, "http://127.0.0.1:8080", secret={secret!r}))
def stop(kind, count):
    if kind == {stop!r}:
        print("half", flush=True)
        sys.stdin.read()  # for ever: the test kills this process here
{what}
"""


def killed_half_way(core: Core, what: str, stop: str) -> None:
    """Run it in a process of its own, and kill that when it has come as far as ``stop``."""
    settings = core.settings
    program = MOVER.format(
        folder=str(settings.data_dir),
        url=settings.database_url,
        secret=settings.secret,
        stop=stop,
        what=what,
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as mover:
        assert mover.stdout is not None
        assert mover.stdout.readline() == "half\n"
        mover.send_signal(signal.SIGKILL)


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
@pytest.mark.parametrize("stop", ["learner", "suggestion"])
def test_kill_minus_nine_in_an_import_leaves_nothing(
    tmp_path: Path, settings: Settings, database_url: str, migrated_sqlite: Path, stop: str
) -> None:
    old = installation(tmp_path / "old", migrated_sqlite, "old")
    old.add_tenant("t", "A tenant")
    fill(old)
    file = tmp_path / "moved.zip"
    export(old, "t", file)
    new = Core(replace(settings, database_url=database_url))
    killed_half_way(new, f"import_(core, Path({str(file)!r}), progress=stop)", stop)
    assert new.tenant("t") is None
    with new.database.read() as connection:
        for table in leaving.MOVED[1:]:
            assert connection.execute(across_tenants(select(table).limit(1))).first() is None, table.name
    import_(new, file)
    assert len(new.catalogue("t")) == len(old.catalogue("t"))
    old.close()
    new.close()


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
def test_kill_minus_nine_in_an_export_leaves_no_file_of_that_name(core: Core, tmp_path: Path) -> None:
    fill(core)
    file = tmp_path / "moved.zip"
    killed_half_way(core, f"export(core, 't', Path({str(file)!r}), progress=stop)", "statements.jsonl")
    assert not file.exists()
    export(core, "t", file)
    assert [p.name for p in tmp_path.glob("moved.zip*")] == ["moved.zip"]
