"""Migrations keep what a database held before them, on both databases."""

from __future__ import annotations

import pytest
from alembic import command
from small_course import NOW
from sqlalchemy import text
from stifinder.core.store import decisions, tenants
from stifinder.core.store.database import Database

POLICY = text(
    "INSERT INTO policy (tenant_id, context_id, activity_id, decided_by, decided_at)"
    " VALUES ('t', '', 'activity-1', 'head of training', :now)"
)


@pytest.fixture
def before_0005(database_url: str):
    database = Database(database_url)
    database.migrate()
    command.downgrade(database._alembic(), "0004")
    with database.write() as connection:
        tenants.add(connection, "t", "Tenant", "en", NOW)
        connection.execute(POLICY, {"now": NOW.isoformat() if database.is_sqlite else NOW})
    yield database
    database.close()


def test_what_was_ruled_out_before_decisions_had_kinds_is_still_ruled_out(before_0005: Database) -> None:
    before_0005.migrate()
    with before_0005.read() as connection:
        (made,) = decisions.made(connection, "t", "")
    assert (made.kind, made.activity_id, made.by, made.at) == (
        "never",
        "activity-1",
        "head of training",
        NOW,
    )


def test_going_back_a_version_keeps_what_that_version_knew(before_0005: Database) -> None:
    before_0005.migrate()
    command.downgrade(before_0005._alembic(), "0004")
    with before_0005.read() as connection:
        rows = connection.execute(text("SELECT activity_id, decided_by FROM policy")).all()
    assert [tuple(row) for row in rows] == [("activity-1", "head of training")]
    before_0005.migrate()
