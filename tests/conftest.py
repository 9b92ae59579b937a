"""The world the tests build on: a core on a fresh database, a clock that stands still, people in roles."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from small_course import COURSE, Clock, MakeCore
from sqlalchemy import create_engine, text
from stifinder.core.plugins import Plugins
from stifinder.core.service import Core
from stifinder.core.settings import Settings
from stifinder.core.store.database import Database
from stifinder.lab.patience import Patient


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder with real data; what needs it skips where it is absent."""
    default = Path(__file__).parents[2] / "shared" / "data"
    found = Path(os.environ.get("STIFINDER_DATA", default))
    if not found.is_dir():
        pytest.skip(f"real data is absent: there is no folder {found} (set STIFINDER_DATA)")
    return found


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server started for this run with the system's own programs."""
    if os.environ.get("STIFINDER_TEST_POSTGRES"):
        yield os.environ["STIFINDER_TEST_POSTGRES"]
        return
    pg_ctl = _postgres_program("pg_ctl")
    initdb = _postgres_program("initdb")
    if pg_ctl is None or initdb is None:
        pytest.skip("PostgreSQL is not installed: neither initdb nor pg_ctl was found")
    # Not in pytest's own folder: only its owner may enter that, and a socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="stifinder-pg-"))
    as_user: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        if (
            shutil.which("runuser") is None
            or subprocess.run(["id", "postgres"], capture_output=True).returncode
        ):
            pytest.skip("PostgreSQL refuses to run as root, and there is no user `postgres` to run it as")
        as_user = ["runuser", "-u", "postgres", "--"]
        shutil.chown(folder, "postgres")
    data_dir = folder / "data"
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    made = subprocess.run(
        [*as_user, initdb, "-D", str(data_dir), "-U", "stifinder", "-A", "trust", "--no-sync"],
        capture_output=True,
        text=True,
        cwd="/",
    )
    assert made.returncode == 0, made.stderr
    started = subprocess.run(
        [*as_user, pg_ctl, "-D", str(data_dir), "-o", options, "-w", "-l", str(folder / "log"), "start"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
    )
    assert started.returncode == 0, (folder / "log").read_text() if (folder / "log").exists() else "no log"
    try:
        yield f"postgresql+psycopg://stifinder@/postgres?host={folder}"
    finally:
        subprocess.run(
            [*as_user, pg_ctl, "-D", str(data_dir), "-m", "immediate", "stop"], capture_output=True, cwd="/"
        )
        shutil.rmtree(folder, ignore_errors=True)


def _postgres_program(name: str) -> str | None:
    """A program of PostgreSQL, which Debian keeps out of the path."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy: migrating anew for each test would be most of its time."""
    path = tmp_path_factory.mktemp("migrated") / "stifinder.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres: str) -> str:
    """The name of a migrated PostgreSQL database to copy."""
    server = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text("CREATE DATABASE migrated"))
    server.dispose()
    database = Database(postgres.replace("/postgres?", "/migrated?"))
    database.migrate()
    database.close()
    return "migrated"


@pytest.fixture
def postgres_url(postgres: str, migrated_postgres: str) -> Iterator[str]:
    """The URL of a fresh, migrated PostgreSQL database."""
    name = f"t{uuid.uuid4().hex}"
    server = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {migrated_postgres}"))
    yield postgres.replace("/postgres?", f"/{name}?")
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Both databases: a test that asks for this runs on each."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgres_url")
        return url
    shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "stifinder.db")
    return f"sqlite:///{tmp_path / 'stifinder.db'}"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a tool on this machine with its own folder and SQLite."""
    return Settings(
        data_dir=tmp_path,
        database_url=f"sqlite:///{tmp_path / 'stifinder.db'}",
        base_url="http://127.0.0.1:8080",
        secret="a secret that is used in tests only",
        development=True,
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_core(settings: Settings, clock: Clock, migrated_sqlite: Path) -> Iterator[MakeCore]:
    """Makes a migrated core with a tenant ``t``; closed at the end.

    The shipped plugins are waited for: who has a vote must not hang on how busy the machine is.
    """
    made: list[Core] = []
    if not (settings.data_dir / "stifinder.db").exists():
        shutil.copy(migrated_sqlite, settings.data_dir / "stifinder.db")

    def make(*, url: str = "", plugins: Plugins | None = None, tenant: str = "t") -> Core:
        plugins = plugins or Plugins(isolation=Patient())
        core = Core(
            replace(settings, database_url=url or settings.database_url), plugins=plugins, clock=clock
        )
        made.append(core)
        core.migrate()
        if core.tenant(tenant) is None:
            core.add_tenant(tenant, "A tenant")
        return core

    yield make
    for core in made:
        core.database.close()


@pytest.fixture
def core(make_core: MakeCore) -> Core:
    """A core on SQLite with the shipped plugins and a small course."""
    made = make_core()
    made.import_catalogue("t", COURSE)
    return made
