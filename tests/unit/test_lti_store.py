"""Registrations and used tokens in the database, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from stifinder.core.errors import Conflict, NotFound
from stifinder.core.store import lti, tables
from stifinder.core.store.database import Database, across_tenants

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ENTRY = lti.Registration(
    tenant_id="acme",
    issuer="https://lms.example.com",
    client_id="client-1",
    deployment_id="1",
    auth_login_url="https://lms.example.com/auth",
    key_set_url="https://lms.example.com/certs",
)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    opened.migrate()
    yield opened
    opened.close()


def test_a_registration_makes_its_tenant_and_is_found_in_any(database: Database) -> None:
    made, [(stored, new)] = lti.register(database, [ENTRY], NOW)
    assert (made, new) == (True, True)
    assert lti.find(database, ENTRY.issuer) == [stored]
    assert lti.find(database, ENTRY.issuer, "client-1", "1") == [stored]
    assert lti.find(database, ENTRY.issuer, "client-2") == []
    assert lti.registrations(database, "other") == []


def test_a_deployment_can_be_added_later(database: Database) -> None:
    lti.register(database, [ENTRY], NOW)
    made, [(_, new)] = lti.register(database, [replace(ENTRY, deployment_id="2")], NOW)
    assert (made, new) == (False, True)
    assert [r.deployment_id for r in lti.find(database, ENTRY.issuer, "client-1")] == ["1", "2"]


def test_registering_again_brings_the_addresses_up_to_date(database: Database) -> None:
    _, [(first, _)] = lti.register(database, [ENTRY], NOW)
    moved = replace(ENTRY, key_set_url="https://lms.example.com/new")
    _, [(second, new)] = lti.register(database, [moved], NOW)
    assert (second.id, second.key_set_url, new) == (first.id, "https://lms.example.com/new", False)
    assert lti.registrations(database) == [second]


def test_what_belongs_to_another_tenant_cannot_be_taken_and_nothing_is_half_stored(
    database: Database,
) -> None:
    lti.register(database, [ENTRY], NOW)
    theirs = [replace(ENTRY, tenant_id="other", deployment_id=each) for each in ("2", "1")]
    with pytest.raises(Conflict, match="belongs to the tenant 'acme'"):
        lti.register(database, theirs, NOW)
    assert [r.deployment_id for r in lti.registrations(database)] == ["1"]


def test_a_removed_registration_is_gone(database: Database) -> None:
    _, [(stored, _)] = lti.register(database, [ENTRY], NOW)
    assert lti.remove(database, stored.id) == stored
    assert lti.find(database, ENTRY.issuer) == []
    with pytest.raises(NotFound):
        lti.remove(database, stored.id)


def test_a_token_is_used_once_and_only_its_digest_is_kept(database: Database) -> None:
    until = NOW + timedelta(minutes=11)
    assert not lti.was_used(database, "nonce", "n-1")
    assert lti.use_once(database, [("state", "s-1"), ("nonce", "n-1")], until, NOW)
    assert lti.was_used(database, "nonce", "n-1")
    assert not lti.was_used(database, "state", "n-1")
    assert not lti.use_once(database, [("state", "s-2"), ("nonce", "n-1")], until, NOW)
    assert not lti.was_used(database, "state", "s-2")
    with database.read() as connection:
        stored = connection.execute(across_tenants(select(tables.used_token.c.digest))).scalars().all()
    assert len(stored) == 2
    assert {len(digest) for digest in stored} == {64}


def test_marks_whose_time_is_over_are_swept_away(database: Database) -> None:
    lti.use_once(database, [("nonce", "old")], NOW + timedelta(minutes=1), NOW)
    lti.use_once(database, [("nonce", "new")], NOW + timedelta(minutes=9), NOW + timedelta(minutes=2))
    assert not lti.was_used(database, "nonce", "old")
    assert lti.was_used(database, "nonce", "new")
