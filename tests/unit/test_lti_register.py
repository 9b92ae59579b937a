"""``stifinder register``: what an administrator types, and what it says back."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from stifinder.core.service import Core
from stifinder.core.settings import Settings
from stifinder.lti_tool.cli import main

GIVEN = {
    "--tenant": "acme",
    "--issuer": "https://lms.example.com",
    "--client-id": "client-1",
    "--deployment": "1",
    "--auth-login-url": "https://lms.example.com/mod/lti/auth.php",
    "--key-set-url": "https://lms.example.com/mod/lti/certs.php",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    core = Core.open(Settings.read({"STIFINDER_DATA_DIR": str(tmp_path)}))
    core.migrate()
    core.close()
    return tmp_path


def run(folder: Path, *arguments: str) -> Result:
    environ = {"STIFINDER_BASE_URL": "https://tool.example.com", "STIFINDER_CONFIG": "", "DATABASE_URL": ""}
    return CliRunner().invoke(main, ["--data-dir", str(folder), "register", *arguments], env=environ)


def options(**changes: str) -> list[str]:
    given = GIVEN | {f"--{name.replace('_', '-')}": value for name, value in changes.items()}
    return [part for name, value in given.items() if value for part in (name, value)]


def test_without_options_it_says_what_to_paste_into_the_lms(folder: Path) -> None:
    said = run(folder).output
    for path in ("/lti/login", "/lti/launch", "/lti/jwks"):
        assert f"https://tool.example.com{path}" in said


def test_an_lms_is_registered_and_listed_and_removed(folder: Path) -> None:
    done = run(folder, *options(product="Moodle"), "--deployment", "2")
    assert done.exit_code == 0, done.output
    assert "Made the tenant acme" in done.output
    listed = run(folder, "--list").output
    assert listed.count("Moodle https://lms.example.com, client client-1") == 2
    for line in listed.splitlines():
        if "tenant acme" in line:
            assert run(folder, "--remove", line.split()[0]).exit_code == 0
    assert "No LMS is registered" in run(folder, "--list").output


def test_the_same_again_brings_it_up_to_date(folder: Path) -> None:
    run(folder, *options())
    assert "Brought up to date" in run(folder, *options(product="Moodle")).output
    assert run(folder, "--list").output.count("tenant acme") == 1


def test_all_that_is_missing_is_named_at_once(folder: Path) -> None:
    said = run(folder, "--tenant", "acme", "--issuer", "https://lms.example.com")
    assert said.exit_code == 2
    for name in ("--client-id", "--deployment", "--auth-login-url", "--key-set-url"):
        assert name in said.output


def test_a_wrong_address_is_refused_and_nothing_is_stored(folder: Path) -> None:
    said = run(folder, *options(key_set_url="http://lms.example.com/certs"))
    assert said.exit_code == 2
    assert "--key-set-url" in said.output
    assert "https" in said.output
    assert "No LMS is registered" in run(folder, "--list").output


def test_removing_what_is_not_there_says_so(folder: Path) -> None:
    said = run(folder, "--remove", "nothing")
    assert said.exit_code == 2
    assert "--list" in said.output


def test_a_wrong_master_key_shows_at_registration(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(folder, *options())
    monkeypatch.setenv("STIFINDER_SECRET_KEY", "another key than the one it began with")
    said = run(folder, *options())
    assert said.exit_code == 2
    assert "wrong key" in said.output


def test_help_shows_an_example_that_works(folder: Path) -> None:
    said = run(folder, "--help").output
    example = said[said.index("stifinder register --tenant") : said.index("These are Moodle")]
    arguments = example.replace("\\", " ").split()[2:]
    assert run(folder, *arguments).exit_code == 0
