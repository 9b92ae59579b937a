"""``stifinder keys`` and what the doctor says about keys."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update
from stifinder.core.store.database import Database
from stifinder.core.store.tables import SYSTEM, tool_key
from stifinder.lti_tool.cli import main

OLD = "the old master key of these tests, long enough"
NEW = "the new master key of these tests, long enough"


@pytest.fixture
def stifinder(tmp_path, monkeypatch):
    """The command line on a migrated database."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("STIFINDER_", "DATABASE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("STIFINDER_PORT", "0")

    def run(*arguments: str, secret: str = OLD) -> Result:
        environ = {"STIFINDER_SECRET_KEY": secret}
        return CliRunner().invoke(main, ["--data-dir", str(tmp_path / "data"), *arguments], env=environ)

    assert run("migrate").exit_code == 0
    return run


def test_a_new_key_is_announced_listed_and_not_followed_by_yet_another(stifinder):
    assert "None yet" in stifinder("keys", "list").stderr
    assert "it signs from now" in stifinder("keys", "rotate").stdout
    assert "it signs from 20" in stifinder("keys", "rotate").stdout
    first, second = stifinder("keys", "list").stdout.splitlines()
    assert "signs until 20" in first
    assert "signs from 20" in second
    again = stifinder("keys", "rotate")
    assert (again.exit_code, "waits already" in again.stderr) == (2, True)


def test_after_a_leak_only_the_new_key_is_left_and_what_to_do_is_said(stifinder):
    stifinder("keys", "rotate")
    result = stifinder("keys", "rotate", "--leaked")
    assert "it signs from now" in result.stdout
    assert "/lti/jwks" in result.stderr
    assert len(stifinder("keys", "list").stdout.splitlines()) == 1


def test_a_changed_master_key_is_made_good_with_the_old_one_from_a_file(stifinder, tmp_path):
    stifinder("keys", "rotate")
    assert doctor(stifinder("doctor", "--json", secret=NEW))["status"] == "fail"
    old = tmp_path / "old.key"
    old.write_text(OLD + "\n")
    assert (
        "STIFINDER_SECRET_KEY: 1."
        in stifinder("keys", "reencrypt", "--old-secret-file", str(old), secret=NEW).stdout
    )
    assert doctor(stifinder("doctor", "--json", secret=NEW))["status"] == "ok"


def test_an_old_master_key_that_is_not_there_is_named(stifinder):
    result = stifinder("keys", "reencrypt", "--old-secret-file", "nowhere.key")
    assert result.exit_code == 2
    assert "nowhere.key" in result.stderr


def test_doctor_says_how_old_the_key_is_and_when_it_is_time_for_another(stifinder, tmp_path):
    stifinder("keys", "rotate")
    fresh = doctor(stifinder("doctor", "--json"))
    assert (fresh["status"], "for 0 days" in fresh["what"]) == ("ok", True)
    age(tmp_path, timedelta(days=400))
    old = doctor(stifinder("doctor", "--json"))
    assert (old["status"], "for 400 days" in old["what"]) == ("warn", True)
    assert "stifinder keys rotate" in old["cure"]


def age(folder: Path, by: timedelta) -> None:
    database = Database(f"sqlite:///{folder / 'data' / 'stifinder.db'}")
    with database.write() as connection:
        made = datetime.now(UTC) - by
        ours = update(tool_key).where(tool_key.c.tenant_id == SYSTEM)
        connection.execute(ours.values(created_at=made, signs_from=made))
    database.close()


def doctor(result: Result) -> dict[str, str]:
    return {row["check"]: row for row in json.loads(result.stdout)}["tool key"]
