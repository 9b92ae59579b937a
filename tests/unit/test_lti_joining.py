"""Invitations and registrations in the store, on both databases, and the commands around them."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from stifinder.core.errors import Conflict, RegistrationRefused
from stifinder.core.service import Core
from stifinder.core.settings import Settings
from stifinder.core.store import joining, lti, tenants
from stifinder.core.store.database import Database
from stifinder.lti_tool.cli import main

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ENTRY = lti.Registration(
    tenant_id="t",
    issuer="https://lms.example.com",
    client_id="client-1",
    deployment_id="",
    auth_login_url="https://lms.example.com/auth",
    key_set_url="https://lms.example.com/keys",
)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    with opened.write() as connection:
        tenants.add(connection, "t", "A tenant", "en", NOW)
    yield opened
    opened.close()


def test_of_two_who_use_an_invitation_at_once_one_succeeds(database: Database) -> None:
    token = joining.invite(database, "t", NOW + timedelta(days=1), NOW)
    start, done = threading.Barrier(2), []

    def use() -> None:
        start.wait()
        try:
            done.append(joining.claim(database, token, NOW))
        except RegistrationRefused as refusal:
            done.append(refusal.reason)

    threads = [threading.Thread(target=use) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == ["t", "used-invitation"]


def test_of_two_first_launches_at_once_one_tells_the_deployment(database: Database) -> None:
    entry = joining.join(database, ENTRY, NOW)
    first = joining.deployment_of(entry, "1", NOW)
    second = joining.deployment_of(entry, "2", NOW)
    assert joining.note_launch(database, first, {}, 0, NOW)
    assert not joining.note_launch(database, second, {}, 0, NOW)
    assert [each.deployment_id for each in lti.find(database, ENTRY.issuer)] == ["1"]


def test_registering_anew_starts_the_time_for_the_deployment_anew(database: Database) -> None:
    joining.join(database, ENTRY, NOW)
    later = NOW + timedelta(days=365)
    entry = joining.join(database, replace(ENTRY, client_id="client-2"), later)
    assert joining.deployment_of(entry, "1", later).deployment_id == "1"


def test_the_same_client_again_keeps_the_deployment_it_learned(database: Database) -> None:
    entry = joining.deployment_of(joining.join(database, ENTRY, NOW), "7", NOW)
    joining.note_launch(database, entry, {"names": False}, 0, NOW)
    again = joining.join(database, ENTRY, NOW)
    assert (again.id, again.deployment_id, again.seen) == (entry.id, "7", {"names": False})


def test_what_a_launch_says_nothing_about_stays(database: Database) -> None:
    entry = joining.deployment_of(joining.join(database, ENTRY, NOW), "7", NOW)
    joining.note_launch(database, entry, {"deep_linking": True}, 0, NOW)
    (entry,) = lti.find(database, ENTRY.issuer)
    joining.note_launch(database, entry, {"grades": True}, 3, NOW)
    (entry,) = lti.find(database, ENTRY.issuer)
    assert entry.seen == {"deep_linking": True, "grades": True}
    assert entry.clock_skew_seconds == 3


def test_a_rush_of_launches_writes_once_a_minute(database: Database) -> None:
    entry = joining.deployment_of(joining.join(database, ENTRY, NOW), "7", NOW)
    joining.note_launch(database, entry, {}, 0, NOW)
    for seconds, expected in ((30, NOW), (61, NOW + timedelta(seconds=61))):
        (entry,) = lti.find(database, ENTRY.issuer)
        joining.note_launch(database, entry, {}, 0, NOW + timedelta(seconds=seconds))
        assert lti.find(database, ENTRY.issuer)[0].last_launch_at == expected


def test_no_more_than_a_few_registrations_wait(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "MOST_PENDING", 2)
    for number in range(2):
        waiting = replace(ENTRY, issuer=f"https://lms-{number}.example.com", status=lti.PENDING)
        joining.join(database, waiting, NOW)
    with pytest.raises(Conflict, match="Too many"):
        joining.join(database, replace(ENTRY, status=lti.PENDING), NOW)


# --- commands -------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    core = Core.open(Settings.read({"STIFINDER_DATA_DIR": str(tmp_path)}))
    core.migrate()
    core.add_tenant("acme", "Acme Ltd")
    core.close()
    return tmp_path


def run(folder: Path, *arguments: str) -> Result:
    environ = {"STIFINDER_BASE_URL": "https://tool.example.com", "STIFINDER_CONFIG": "", "DATABASE_URL": ""}
    return CliRunner().invoke(main, ["--data-dir", str(folder), *arguments], env=environ)


def test_an_invitation_is_one_address_that_works(folder: Path) -> None:
    said = run(folder, "invite", "--tenant", "acme", "--days", "2")
    assert said.exit_code == 0
    address = said.stdout.strip()
    assert re.fullmatch(r"https://tool\.example\.com/lti/register\?invite=[\w-]{32}", address)
    database = Database(f"sqlite:///{folder / 'stifinder.db'}")
    assert joining.invited(database, address.partition("=")[2], datetime.now(UTC)) == "acme"
    database.close()


def test_an_invitation_for_nobody_is_refused(folder: Path) -> None:
    assert "There is no tenant 'other'" in run(folder, "invite", "--tenant", "other").output


def test_a_products_steps_are_told_with_the_tools_addresses(folder: Path) -> None:
    said = run(folder, "register", "--product", "canvas").output
    assert "Developer Keys" in said
    assert "https://tool.example.com/lti/launch" in said
    assert "https://sso.canvaslms.com/api/lti/security/jwks" in said
    assert "not tried here" in said


def test_a_products_addresses_need_not_be_typed(folder: Path) -> None:
    done = run(
        folder, "register", "--tenant", "acme", "--product", "moodle", "--site", "lms.example.com",
        "--client-id", "7", "--deployment", "3",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "Moodle https://lms.example.com, client 7" in run(folder, "register", "--list").output


def test_what_waits_is_listed_and_approved(folder: Path) -> None:
    database = Database(f"sqlite:///{folder / 'stifinder.db'}")
    waiting = replace(ENTRY, tenant_id="system", status=lti.PENDING)
    entry = joining.join(database, waiting, datetime.now(UTC))
    database.close()
    assert f"--approve {entry.id}" in run(folder, "register", "--list").output
    assert "tenant acme" in run(folder, "register", "--approve", entry.id).output
    assert "No registration" in run(folder, "register", "--approve", entry.id).output


def test_check_says_how_each_lms_stands_and_where_to_see_it(folder: Path) -> None:
    assert "No LMS is registered" in run(folder, "check").output
    database = Database(f"sqlite:///{folder / 'stifinder.db'}")
    joining.join(database, replace(ENTRY, tenant_id="acme"), datetime.now(UTC))
    database.close()
    said = run(folder, "check", "--tenant", "acme").output
    assert "https://tool.example.com/lti/check/" in said
    assert "not-yet  Opening the tool: Nobody has opened the tool from this LMS yet." in said
