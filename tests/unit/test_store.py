"""The store on both databases: tenants kept apart, migrations, all or nothing, clear errors."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path

import pytest
from small_course import NOW, MakeCore, arrival, launch_of
from sqlalchemy import func, insert, select, update
from stifinder.core.errors import ConfigurationError, Conflict, NotFound, StoreUnavailable
from stifinder.core.people import Purpose, Source
from stifinder.core.store import database as store
from stifinder.core.store import tables, tenants
from stifinder.core.store.database import Database, QueryWithoutTenant, across_tenants

SUGGESTIONS = {(Purpose.SUGGESTIONS, Source.STATEMENTS)}


@pytest.fixture
def database(database_url: str) -> Database:
    made = Database(database_url)
    made.migrate()
    yield made
    made.close()


def test_migrations_make_exactly_the_tables_of_the_model(database: Database) -> None:
    """On both databases: the fixture migrated an empty one."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_every_table_but_the_tenants_own_has_a_tenant_in_its_key() -> None:
    for table in tables.metadata.tables.values():
        if table is not tables.tenant:
            assert "tenant_id" in table.primary_key.columns, table.name


@pytest.mark.parametrize("table", [t for t in tables.metadata.tables.values() if t is not tables.tenant])
def test_a_query_without_a_tenant_is_refused(table, settings) -> None:
    database = Database(settings.database_url)
    database.migrate()
    with database.read() as connection, pytest.raises(QueryWithoutTenant, match=table.name):
        connection.execute(select(table))
    with database.write() as connection, pytest.raises(QueryWithoutTenant):
        connection.execute(table.delete())
    database.close()


def test_a_join_must_name_the_tenant_of_both_tables(database: Database) -> None:
    joined = select(tables.learner.c.id, tables.event.c.id).where(tables.learner.c.tenant_id == "t")
    with database.read() as connection, pytest.raises(QueryWithoutTenant, match="event"):
        connection.execute(joined.where(tables.event.c.learner_id == tables.learner.c.id))


def test_an_update_without_a_tenant_is_refused(database: Database) -> None:
    with database.write() as connection, pytest.raises(QueryWithoutTenant):
        connection.execute(update(tables.learner).values(locale="da"))


def test_a_query_across_tenants_must_say_so(database: Database) -> None:
    with database.read() as connection:
        query = across_tenants(select(func.count()).select_from(tables.registration))
        assert connection.execute(query).scalar_one() == 0


def test_tenants_do_not_see_each_others_learners(make_core: MakeCore, database_url: str) -> None:
    core = make_core(url=database_url)
    core.add_tenant("u", "Another")
    mine = core.agree(launch_of("person-1"), SUGGESTIONS)
    theirs = core.agree(launch_of("person-1", tenant="u"), SUGGESTIONS)
    assert mine != theirs
    core.intake("t", [arrival("person-1", 0)])
    assert core.held("u", theirs)["events"] == []
    assert core.held("u", mine) == {}
    assert len(core.held("t", mine)["events"]) == 1


def test_the_same_statement_twice_is_one_event(make_core: MakeCore, database_url: str) -> None:
    core = make_core(url=database_url)
    learner = core.agree(launch_of("person-1"), SUGGESTIONS)
    once = arrival("person-1", 0)
    assert core.intake("t", [once]).stored == 1
    again = core.intake("t", [once])
    assert (again.stored, again.repeated) == (0, 1)
    assert len(core.held("t", learner)["events"]) == 1


def test_another_statement_with_the_same_id_is_a_conflict_and_nothing_of_its_batch_is_stored(
    make_core: MakeCore, database_url: str
) -> None:
    core = make_core(url=database_url)
    learner = core.agree(launch_of("person-1"), SUGGESTIONS)
    first = arrival("person-1", 0, score=0.5)
    core.intake("t", [first])
    batch = [arrival("person-1", 1), arrival("person-1", 0, score=0.9, id=first.id)]
    with pytest.raises(Conflict, match=r"\[1\]\.id"):
        core.intake("t", batch)
    assert len(core.held("t", learner)["events"]) == 1
    assert core.statement("t", batch[0].id) is None


def test_events_are_numbered_without_gaps_per_tenant(make_core: MakeCore, database_url: str) -> None:
    core = make_core(url=database_url)
    core.agree(launch_of("person-1"), SUGGESTIONS)
    for n in range(3):
        core.intake("t", [arrival("person-1", n), arrival("person-1", n + 10)])
    with core.database.read() as connection:
        numbers = connection.execute(
            select(tables.event.c.seq).where(tables.event.c.tenant_id == "t").order_by(tables.event.c.seq)
        )
        assert list(numbers.scalars()) == [1, 2, 3, 4, 5, 6]
        assert tenants.counters(connection, "t").event_seq == 6


def test_sqlite_writes_ahead_so_that_readers_do_not_wait_for_a_writer(make_core: MakeCore) -> None:
    core = make_core()
    with core.database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
    with core.database.write():
        assert core.tenant("t") is not None


def test_times_come_back_aware_and_naive_ones_are_refused(database: Database) -> None:
    with database.write() as connection:
        tenants.add(connection, "t", "T", "en", NOW)
    with database.read() as connection:
        query = select(tables.tenant.c.created_at).where(tables.tenant.c.id == "t")
        assert connection.execute(query).scalar_one() == NOW
    with database.write() as connection, pytest.raises(Exception, match="naive"):
        tenants.add(connection, "u", "U", "en", datetime(2026, 1, 1))


def test_a_tenant_that_does_not_exist_is_named_with_the_cure(make_core: MakeCore) -> None:
    with pytest.raises(NotFound, match=r"'nobody'.*stifinder tenant list"):
        make_core().intake("nobody", [arrival("person-1", 0)])


def test_a_database_without_its_migrations_is_refused_with_the_command(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(ConfigurationError, match=r"0001.*stifinder migrate"):
        database.require_migrated()
    database.migrate()
    database.require_migrated()
    database.close()


def test_a_locked_database_is_a_clear_error_and_nothing_is_stored(
    make_core: MakeCore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.05)
    core = make_core()
    learner = core.agree(launch_of("person-1"), SUGGESTIONS)
    other = sqlite3.connect(tmp_path / "stifinder.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"):
        core.intake("t", [arrival("person-1", 0)])
    other.execute("ROLLBACK")
    other.close()
    assert core.held("t", learner)["events"] == []
    assert core.intake("t", [arrival("person-1", 0)]).stored == 1


def test_a_full_disk_is_a_clear_error_and_nothing_of_the_batch_is_stored(make_core: MakeCore) -> None:
    core = make_core()
    learner = core.agree(launch_of("person-1"), SUGGESTIONS)
    with core.database.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    core.database.engine.dispose()

    from sqlalchemy import event

    @event.listens_for(core.database.engine, "connect")
    def limit(connection, record) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}")

    batch = [arrival("person-1", n, score=n / 1000) for n in range(500)]
    with pytest.raises(StoreUnavailable, match="full"):
        core.intake("t", batch)
    assert core.held("t", learner)["events"] == []


def test_a_database_that_is_gone_is_a_clear_error() -> None:
    broken = Database("postgresql+psycopg://nobody@127.0.0.1:1/none?connect_timeout=2")
    with pytest.raises(StoreUnavailable, match="did not answer"):
        broken.check()


def test_a_batch_that_fails_in_its_middle_leaves_nothing(
    make_core: MakeCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = make_core()
    core.agree(launch_of("person-1"), SUGGESTIONS)
    core.intake("t", [arrival("person-1", 0)])

    def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("in the middle")

    from stifinder.core import intake

    with monkeypatch.context() as patch:
        patch.setattr(intake.events, "count_dropped", breaks)
        with pytest.raises(RuntimeError):
            core.intake("t", [arrival("person-1", 1)])
    with core.database.read() as connection:
        assert tenants.counters(connection, "t").event_seq == 1
    assert core.intake("t", [arrival("person-1", 1)]).stored == 1


def test_rows_of_a_tenant_go_with_it(database: Database) -> None:
    with database.write() as connection:
        tenants.add(connection, "t", "T", "en", NOW)
        connection.execute(
            insert(tables.context).values(tenant_id="t", id="c", key="k", title="", kind="course")
        )
    with database.write() as connection:
        connection.execute(tables.tenant.delete().where(tables.tenant.c.id == "t"))
    with database.read() as connection:
        left = select(func.count()).select_from(tables.context).where(tables.context.c.tenant_id == "t")
        assert connection.execute(left).scalar_one() == 0
