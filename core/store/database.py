"""The database: opening it, writing to it in one piece, and refusing queries without a tenant.

SQLite in WAL mode by default, PostgreSQL by ``DATABASE_URL``. A write transaction is all or nothing, also
when the process is killed in its middle; errors of the database become ``StoreUnavailable``.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from operator import eq
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import (
    BinaryExpression,
    Column,
    CompoundSelect,
    Connection,
    Delete,
    Engine,
    Insert,
    Select,
    SelectBase,
    Table,
    Update,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.sql.operators import in_op

from ..errors import ConfigurationError, StoreUnavailable
from . import tables

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 10
UNGUARDED = "stifinder_across_tenants"


def _json(value: Any) -> str:
    """JSON columns are written with every event: msgspec is several times faster than ``json``."""
    return msgspec.json.encode(value).decode()


class QueryWithoutTenant(AssertionError):
    """A query on a tenant's table that does not say which tenant: a programming error."""


def _guard(connection: Connection, clause: Any, *_: Any) -> None:
    """Refuse to read, change or delete rows of a tenant's table without a condition on its tenant."""
    if UNGUARDED not in connection.get_execution_options():
        _must_name_tenants(clause)


def _must_name_tenants(clause: Any) -> None:
    """Check a statement, and each query inside it by itself: a condition of one does not hold for another."""
    if isinstance(clause, Insert):
        clause = clause.select
    if isinstance(clause, CompoundSelect):
        for part in clause.selects:
            _must_name_tenants(part)
        return
    if not isinstance(clause, Select | Update | Delete) or UNGUARDED in clause.get_execution_options():
        return
    touched: set[Any] = set()
    bound: set[Any] = set()
    joined: list[tuple[Any, Any]] = []
    waiting = list(clause.get_children())
    while waiting:  # before every statement: columns and tables, the most of it, are not walked into
        element = waiting.pop()
        if isinstance(element, Column):
            touched.add(element.table)
        elif isinstance(element, Table):
            touched.add(element)
        elif isinstance(element, SelectBase):
            _must_name_tenants(element)
        else:
            waiting.extend(element.get_children())
            if isinstance(element, BinaryExpression) and element.operator in (eq, in_op):
                tables_of = [
                    s.table
                    for s in (element.left, element.right)
                    if isinstance(s, Column) and s.key == "tenant_id"
                ]
                if len(tables_of) == 2:
                    joined.append((tables_of[0], tables_of[1]))
                elif not isinstance(element.right, Column):
                    bound.update(tables_of)
    for _ in joined:  # at most as many steps as there are joins
        for one, other in joined:
            if one in bound or other in bound:
                bound |= {one, other}
    missing = {t.name for t in touched - bound if isinstance(t, Table) and "tenant_id" in t.c}
    if missing:
        raise QueryWithoutTenant(f"query on {', '.join(sorted(missing))} names no tenant: {clause}")


def across_tenants(statement: Any) -> Any:
    """Mark one of the few queries that must look across tenants (who is this client id? whose password?)."""
    return statement.execution_options(**{UNGUARDED: True})


class Database:
    """An open database.

    :param url: an SQLAlchemy URL, or a ``postgres://`` one as hosters write it.
    """

    def __init__(self, url: str) -> None:
        self.url = url.replace("postgres://", "postgresql+psycopg://", 1).replace(
            "postgresql://", "postgresql+psycopg://", 1
        )
        self.engine = self._open(self.url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        event.listen(self.engine, "before_execute", _guard)
        self._turn = threading.Lock()
        # One reading sees one moment, as SQLite has it anyway: counters, events and snapshots fit together.
        self._reader = self.engine
        if not self.is_sqlite:
            self._reader = self.engine.execution_options(isolation_level="REPEATABLE READ")

    @staticmethod
    def _make_private(url: str) -> None:
        """Let a new SQLite file be its owner's only; SQLite gives the files beside it the same rights."""
        path = make_url(url).database or ""
        if path in ("", ":memory:") or path.startswith("file:") or Path(path).exists():
            return
        if os.access(Path(path).parent, os.W_OK):  # if not, connecting says what is wrong
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))

    @staticmethod
    def _open(url: str) -> Engine:
        if not url.startswith("sqlite"):
            return create_engine(
                url,
                pool_pre_ping=True,
                pool_size=10,
                max_overflow=10,
                hide_parameters=True,  # errors end up in the log, where nobody's data belongs
                json_serializer=_json,
                json_deserializer=msgspec.json.decode,
            )
        engine = create_engine(
            url,
            connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
            hide_parameters=True,
            json_serializer=_json,
            json_deserializer=msgspec.json.decode,
        )

        @event.listens_for(engine, "do_connect")
        def before(*_: Any) -> None:
            Database._make_private(url)

        @event.listens_for(engine, "connect")
        def prepare(connection: Any, _record: Any) -> None:
            connection.isolation_level = (
                None  # we say BEGIN ourselves, so that writers queue and not deadlock
            )
            cursor = connection.cursor()
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=NORMAL")
            cursor.execute("PRAGMA wal_autocheckpoint=4000")  # pages; the usual 1,000 are a few batches
            cursor.execute("PRAGMA foreign_keys=ON")
            cursor.execute("PRAGMA secure_delete=ON")  # erased means overwritten, not merely unlinked
            cursor.close()

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            write = connection.get_execution_options().get("stifinder_write", False)
            connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

        return engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading; all that is read with it is the state of one moment.

        :raises StoreUnavailable: when the database cannot be reached or read.
        """
        with self._named_errors(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A write transaction: all of it is stored, or none.

        :raises StoreUnavailable: when the database is locked, full or gone; nothing was kept.
        """
        with self._named_errors(), self._in_turn(), self.engine.connect() as plain:
            connection = plain.execution_options(stifinder_write=True)
            with connection.begin():
                yield connection

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """SQLite has one writer at a time, and lets those who wait try again and again, in no order.

        Threads of one process wait for each other here instead, so that few try at once.
        """
        if not self.is_sqlite:
            yield
            return
        if not self._turn.acquire(timeout=BUSY_SECONDS):
            raise StoreUnavailable(
                "The database is locked by another writer; nothing was stored.", "Send it again in a moment."
            )
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            raise StoreUnavailable(*_explain(error)) from error
        except DBAPIError as error:
            if error.connection_invalidated or _damaged(error):
                raise StoreUnavailable(*_explain(error)) from error
            raise

    # --- migrations ---

    # Alembic is loaded where it is used: it takes 0.1 s, and few commands need it.

    def _alembic(self) -> Config:
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["engine"] = self.engine
        return config

    def migrate(self) -> None:
        """Bring the database to the newest migration; does nothing when it is there already."""
        from alembic import command

        with self._named_errors():
            command.upgrade(self._alembic(), "head")

    def pending_migrations(self) -> list[str]:
        """Migrations that the database has not had, oldest first."""
        from alembic.runtime.migration import MigrationContext
        from alembic.script import ScriptDirectory

        script = ScriptDirectory.from_config(self._alembic())
        with self.read() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
        return [r.revision for r in reversed(list(script.iterate_revisions("head", current or "base")))]

    def require_migrated(self) -> None:
        """Refuse to work on a database of another version.

        :raises ConfigurationError: names the missing migrations and the command that applies them.
        """
        pending = self.pending_migrations()
        if pending:
            raise ConfigurationError(
                f"The database misses {len(pending)} migration(s): {', '.join(pending)}.",
                "Run `stifinder migrate`, then start again.",
            )

    def scrub(self) -> None:
        """After an erasure: empty SQLite's write-ahead log, in which removed rows can still be read."""
        if self.is_sqlite:
            with self.read() as connection:
                connection.rollback()
                connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def check(self) -> None:
        """Answer whether the database can be reached.

        :raises StoreUnavailable: when it cannot.
        """
        with self.read() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _damaged(error: DBAPIError) -> bool:
    """Whether the file is no SQLite database, or a broken one."""
    return getattr(error.orig, "sqlite_errorname", "").startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT"))


def _explain(error: DBAPIError) -> tuple[str, str]:
    """What happened and the cure, in words; the driver's own words may hold data and stay in the cause."""
    words = str(error.orig).lower()
    if _damaged(error):
        return (
            "The file of the database is no SQLite database, or is damaged.",
            "Check DATABASE_URL, or put the file back from your backup.",
        )
    if "locked" in words or "busy" in words:
        return "The database is locked by another writer; nothing was stored.", "Send it again in a moment."
    if "full" in words or "no space" in words:
        return "The disk of the database is full; nothing was stored.", "Free space, then send it again."
    if "readonly" in words or "read-only" in words:
        return "The database cannot be written to; nothing was stored.", "Check the owner of its file."
    if "no such table" in words or "does not exist" in words:
        return "The database misses a table.", "Run `stifinder migrate`."
    return "The database did not answer; nothing was stored.", "Check DATABASE_URL and that the server runs."


__all__ = ["Database", "QueryWithoutTenant", "across_tenants", "tables"]
