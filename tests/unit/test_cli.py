"""The command line: it teaches, it says what is wrong and how to cure it, and it serves."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import insert, update
from stifinder import __version__
from stifinder.core.store.database import Database, across_tenants
from stifinder.core.store.tables import SYSTEM, tenant, tool_key
from stifinder.lti_tool.cli import COMMANDS, main
from stifinder.lti_tool.rendering import LANGUAGES

COMMAND = [sys.executable, "-c", "from stifinder.lti_tool.cli import main; main()"]


@pytest.fixture
def stifinder(tmp_path, monkeypatch):
    """The command line in an empty folder with nothing set up."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("STIFINDER_", "DATABASE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("STIFINDER_PORT", str(free_port()))

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["--data-dir", str(tmp_path / "data"), *arguments])

    return run


@pytest.fixture
def catalogue(ready, tmp_path):
    """Two activities, sql-1 and sql-2, in the catalogue of ``ready``."""
    (tmp_path / "courses.csv").write_text("id,title,minutes\nsql-1,Selecting,20\nsql-2,Joining,30\n")
    assert ready("catalogue", "import", str(tmp_path / "courses.csv")).exit_code == 0


@pytest.fixture
def ready(stifinder):
    """The same, on a migrated database with one tenant."""
    assert stifinder("migrate").exit_code == 0
    assert stifinder("tenant", "add", "tenant-1").exit_code == 0
    return stifinder


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


# --- help ----------------------------------------------------------------------------------------


def test_help_shows_every_command_and_how_to_begin():
    shown = CliRunner().invoke(main, ["--help"]).output
    assert "stifinder demo" in shown
    assert "stifinder doctor" in shown
    for name in COMMANDS:
        assert re.search(rf"^  {name}\s+\S", shown, re.MULTILINE), f"{name} is not listed with a sentence"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name):
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0
    assert len(result.output) > 100


def test_the_version_is_told():
    assert __version__ in CliRunner().invoke(main, ["--version"]).output


# --- errors --------------------------------------------------------------------------------------


def test_a_mistake_in_the_configuration_is_one_line_with_its_cure(stifinder, tmp_path):
    (tmp_path / "stifinder.toml").write_text("sede = 1")
    result = stifinder("migrate")
    assert result.exit_code == 2
    assert re.fullmatch(r"Error: .*unknown setting `sede`\. Did you mean `seed`\?\n", result.stderr)


def test_serving_without_migrations_is_refused_with_the_command_to_run(stifinder):
    result = stifinder("serve", "--port", "0")
    assert result.exit_code == 2
    assert "stifinder migrate" in result.stderr


def test_serving_on_a_port_in_use_is_refused_with_the_cure(ready):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = ready("serve", "--port", str(port))
    assert result.exit_code == 2
    assert f"Port {port} on 127.0.0.1 is in use." in result.stderr
    assert "--port" in result.stderr


def test_serving_with_a_wrong_master_key_is_refused(ready, monkeypatch):
    assert ready(*REGISTRATION).exit_code == 0
    monkeypatch.setenv("STIFINDER_SECRET_KEY", "another master key, which is long enough")
    result = ready("serve", "--port", "0")
    assert result.exit_code == 2
    assert "backups" in result.stderr


def test_a_host_that_is_not_this_machine_is_refused(ready):
    assert "127.0.0.1 or 0.0.0.0" in ready("serve", "--port", "0", "--host", "192.0.2.1").stderr


def test_commands_on_a_database_that_cannot_be_reached_say_so(stifinder, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://user@127.0.0.1:1/nowhere")
    result = stifinder("migrate")
    assert result.exit_code == 2
    assert "DATABASE_URL" in result.stderr


# --- tenants and credentials ---------------------------------------------------------------------


def test_tenants_are_added_and_listed_without_the_tools_own(stifinder):
    stifinder("migrate")
    assert stifinder("tenant", "add", "acme", "--name", "Acme", "--locale", "da").exit_code == 0
    assert stifinder("tenant", "list").stdout == "acme\tda\tAcme\n"


@pytest.mark.parametrize("name", ["Acme", "a b", "", "system", "-x"])
def test_an_id_that_would_make_trouble_is_refused(ready, name):
    result = ready("tenant", "add", "--", name)
    assert result.exit_code == 2
    assert "lower-case" in result.stderr


def test_a_language_the_pages_do_not_speak_is_refused(ready):
    result = ready("tenant", "add", "tenant-2", "--locale", "dansk")
    assert result.exit_code == 2
    assert all(f"'{language}'" in result.stderr for language in LANGUAGES)


def test_registering_with_a_tenant_alone_shows_the_addresses_to_paste(ready):
    assert "/lti/launch" in ready("register", "--tenant", "tenant-1").stdout


def test_a_tenant_cannot_be_added_twice(ready):
    assert "exists already" in ready("tenant", "add", "tenant-1").stderr


def test_with_several_tenants_a_command_asks_which(ready):
    ready("tenant", "add", "tenant-2")
    result = ready("catalogue", "list")
    assert result.exit_code == 2
    assert "tenant-1, tenant-2" in result.stderr
    assert ready("catalogue", "list", "--tenant", "tenant-2").exit_code == 0
    assert "tenant-1, tenant-2" in ready("catalogue", "list", "--tenant", "tenant-3").stderr


def test_an_xapi_password_is_shown_once_and_kept_as_a_hash_only(ready, tmp_path):
    made = ready("xapi", "add", "--username", "lms").stdout
    (password,) = re.findall(r"password\s+(\S+)", made)
    assert len(password) >= 32
    assert ready("xapi", "list").stdout == "lms\n"
    stored = b"".join(path.read_bytes() for path in (tmp_path / "data").iterdir())
    assert b"lms" in stored
    assert password.encode() not in stored
    assert ready("xapi", "remove", "lms").exit_code == 0
    assert ready("xapi", "list").stdout == ""
    assert "no xAPI name" in ready("xapi", "remove", "lms").stderr


# --- plugins -------------------------------------------------------------------------------------


def test_plugins_are_listed_with_version_hooks_and_status(stifinder):
    rows = {row["name"]: row for row in json.loads(stifinder("plugins", "--json").stdout)}
    assert rows["collaborative"]["version"] == __version__
    assert "candidates" in rows["collaborative"]["hooks"]
    assert {row["status"] for row in rows.values()} == {"ok"}
    table = stifinder("plugins").stdout
    assert re.search(rf"^collaborative +{re.escape(__version__)} .*candidates.* ok *$", table, re.MULTILINE)


def test_a_plugin_that_is_switched_off_or_broken_is_listed_with_the_reason(stifinder, tmp_path):
    (tmp_path / "stifinder.toml").write_text('[plugins]\nload = ["no_such_module"]\ndisable = ["peers"]\n')
    rows = {row["name"]: row for row in json.loads(stifinder("plugins", "--json").stdout)}
    assert rows["peers"]["status"] == "disabled"
    assert rows["no_such_module"]["status"].startswith("refused: ModuleNotFoundError")


def test_a_plugin_that_refuses_its_settings_is_listed_with_its_own_words(stifinder, tmp_path):
    (tmp_path / "stifinder.toml").write_text("[plugins.spacing]\nretention = 85\nretentoin = 1\n")
    rows = {row["name"]: row for row in json.loads(stifinder("plugins", "--json").stdout)}
    assert "retentoin: Unknown field." in rows["spacing"]["status"]
    assert rows["mastery"]["status"] == "ok"


# --- doctor --------------------------------------------------------------------------------------


def findings(result: Result) -> dict[str, dict[str, str]]:
    return {row["check"]: row for row in json.loads(result.stdout)}


def test_doctor_says_that_nothing_is_set_up_yet_and_changes_nothing(stifinder, tmp_path):
    result = stifinder("doctor", "--json")
    assert result.exit_code == 1
    assert findings(result)["database"]["cure"] == "Run: stifinder migrate"
    assert not (tmp_path / "data").exists()


REGISTRATION = (
    *("register", "--tenant", "tenant-1", "--issuer", "https://lms.example.com", "--client-id", "tool-1"),
    *("--deployment", "1", "--auth-login-url", "https://lms.example.com/auth"),
    *("--key-set-url", "https://lms.example.com/certs"),
)


def test_doctor_finds_nothing_wrong_with_a_working_set_up(ready, monkeypatch, catalogue):
    monkeypatch.setenv("STIFINDER_BASE_URL", "https://learn.example.com")
    assert ready(*REGISTRATION).exit_code == 0
    assert ready("xapi", "add").exit_code == 0
    result = ready("doctor", "--json")
    assert {row["status"] for row in json.loads(result.stdout)} == {"ok"}
    assert result.exit_code == 0
    assert ready("doctor").stdout.count("ok  ") >= 10


def test_doctor_names_each_fault_with_a_cure(ready, monkeypatch, tmp_path):
    (tmp_path / "stifinder.toml").write_text('[plugins]\nload = ["no_such_module"]\n')
    monkeypatch.setenv("STIFINDER_BASE_URI", "x")
    (tmp_path / "data" / "secret.key").chmod(0o644)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("STIFINDER_PORT", str(taken.getsockname()[1]))
        result = ready("doctor", "--json")
    rows = json.loads(result.stdout)
    bad = {(row["check"], row["status"]) for row in rows if row["status"] != "ok"}
    assert bad == {
        ("configuration", "warn"),
        ("address", "warn"),
        ("secret key", "fail"),
        ("organisations", "warn"),
        ("plugins", "fail"),
        ("port", "fail"),
    }
    assert all(row["cure"] for row in rows if row["status"] != "ok")
    assert "STIFINDER_BASE_URL" in findings(result)["configuration"]["cure"]
    assert result.exit_code == 1


def test_doctor_says_what_an_organisation_still_lacks(ready, stifinder):
    lacking = [row for row in json.loads(ready("doctor", "--json").stdout) if row["check"] == "organisations"]
    assert [row["cure"] for row in lacking] == [
        "Run: stifinder register",
        "Run: stifinder catalogue import FILE --tenant tenant-1",
        "Run: stifinder xapi add --tenant tenant-1",
    ]


def test_doctor_says_when_there_is_no_organisation_yet(stifinder):
    stifinder("migrate")
    assert "stifinder tenant add" in findings(stifinder("doctor", "--json"))["organisations"]["cure"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look at everything")
def test_a_working_directory_that_may_not_be_read_is_said(ready, tmp_path):
    tmp_path.chmod(0)
    try:
        result = ready("tenant", "list")
    finally:
        tmp_path.chmod(0o700)
    assert result.exit_code == 2
    assert "Change to a folder" in result.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look at everything")
def test_doctor_run_by_somebody_else_says_what_it_may_not_look_at(ready, tmp_path):
    (tmp_path / "data").chmod(0)
    try:
        seen = findings(ready("doctor", "--json"))
    finally:
        (tmp_path / "data").chmod(0o700)
    assert (seen["secret key"]["status"], seen["database"]["status"]) == ("fail", "fail")
    assert "the user that Stifinder runs as" in seen["secret key"]["cure"]


def test_doctor_notices_a_plugin_that_is_switched_off_by_a_wrong_name(ready, tmp_path):
    (tmp_path / "stifinder.toml").write_text('[plugins]\ndisable = ["peeers"]\n')
    rows = json.loads(ready("doctor", "--json").stdout)
    assert ("warn", "Did you mean peers?") in [(row["status"], row["cure"]) for row in rows]
    assert "peeers" in ready("plugins").stderr


def test_doctor_says_when_the_database_is_no_database(ready, monkeypatch, tmp_path):
    (tmp_path / "other.db").write_text("this is a letter, not a database")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'other.db'}")
    assert "backup" in findings(ready("doctor", "--json"))["database"]["cure"]
    result = ready("migrate")
    assert result.exit_code == 2
    assert "no SQLite database" in result.stderr


def test_a_database_of_another_kind_is_refused_with_the_form_to_use(stifinder, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "mysql://user:hidden@host/name")
    result = stifinder("migrate")
    assert (result.exit_code, "postgresql://" in result.stderr, "hidden" in result.stderr) == (2, True, False)
    assert "postgresql://" in findings(stifinder("doctor", "--json"))["database"]["cure"]


@pytest.mark.parametrize(
    ("url", "cure"), [("nonsense", "postgresql://"), ("postgresql://user@127.0.0.1:1/x", "server runs")]
)
def test_doctor_says_when_the_database_cannot_be_reached(ready, monkeypatch, url, cure):
    monkeypatch.setenv("DATABASE_URL", url)
    assert cure in findings(ready("doctor", "--json"))["database"]["cure"]


def test_doctor_notices_a_clock_that_went_back_and_a_key_that_was_lost(ready, tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'data' / 'stifinder.db'}")
    with database.write() as connection:
        later = datetime(2100, 1, 1, tzinfo=UTC)
        connection.execute(across_tenants(update(tenant).values(created_at=later)))
        connection.execute(
            insert(tool_key).values(
                tenant_id=SYSTEM,
                kid="k",
                private_key=b"sealed",
                public_jwk={},
                created_at=later,
                signs_from=later,
            )
        )
    database.close()
    seen = findings(ready("doctor", "--json"))
    assert (seen["clock"]["status"], seen["tool key"]["status"]) == ("fail", "fail")
    assert "backups" in seen["tool key"]["cure"]


# --- serving -------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_serve_says_where_answers_and_stops_cleanly(ready, tmp_path, end):
    process = subprocess.Popen(
        [*COMMAND, "--data-dir", str(tmp_path / "data"), "serve", "--port", "0"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, line or process.communicate()[1]
        with urllib.request.urlopen(f"{found[0]}/health", timeout=10) as answer:
            assert json.load(answer) == {"status": "ok"}
        process.send_signal(end)
        _, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 0, errors
    assert "Traceback" not in errors


def test_the_commands_that_the_guides_show_exist():
    root = Path(__file__).parents[2]
    shown: set[tuple[str, ...]] = set()
    for path in [root / "README.md", *root.glob("docs/**/*.md")]:
        for words in re.findall(r"(?:^    |^|`)stifinder ([a-z][a-z -]*)", path.read_text(), re.MULTILINE):
            shown.add(tuple(words.split()[:1]))
    unknown = {words[0] for words in shown} - set(COMMANDS)
    assert not unknown
