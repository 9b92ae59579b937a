"""Names and passwords of the xAPI door: kept as hashes, one tenant each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select
from stifinder.core.errors import Conflict, InvalidInput, NotFound
from stifinder.core.store import credentials, tables
from stifinder.core.store.database import Database, across_tenants

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    database = Database(f"sqlite:///{tmp_path / 'stifinder.db'}")
    tables.metadata.create_all(database.engine)
    with database.write() as connection:
        for tenant in ("acme", "globex"):
            connection.execute(insert(tables.tenant).values(id=tenant, name=tenant, created_at=NOW))
        yield connection
    database.close()


def test_a_password_opens_its_own_tenant_only(connection: Connection) -> None:
    credentials.add(connection, "acme", "moodle", "correct horse", NOW)
    credentials.add(connection, "globex", "docebo", "battery staple", NOW)
    assert credentials.verify(connection, "moodle", "correct horse") == "acme"
    assert credentials.verify(connection, "docebo", "battery staple") == "globex"
    assert credentials.verify(connection, "moodle", "battery staple") is None
    assert credentials.verify(connection, "nobody", "correct horse") is None
    assert credentials.verify(connection, "moodle\x00", "correct horse") is None
    assert credentials.verify(connection, "moodle", "x" * 2000) is None


def test_the_password_itself_is_not_kept(connection: Connection) -> None:
    credentials.add(connection, "acme", "one", "correct horse", NOW)
    credentials.add(connection, "acme", "two", "correct horse", NOW)
    hashes = connection.scalars(across_tenants(select(tables.xapi_credential.c.password_hash))).all()
    assert len(set(hashes)) == 2
    assert not any("horse" in kept for kept in hashes)


def test_an_unknown_name_costs_a_hash_as_a_known_one_does(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials.add(connection, "acme", "moodle", "correct horse", NOW)
    hashed: list[int] = []
    real = credentials.hashlib.scrypt

    def counted(*args: object, **costs: int) -> bytes:
        hashed.append(costs["n"])
        return real(*args, **costs)  # type: ignore[arg-type]

    monkeypatch.setattr(credentials.hashlib, "scrypt", counted)
    credentials.verify(connection, "moodle", "wrong")
    credentials.verify(connection, "nobody", "wrong")
    assert hashed[0] == hashed[1]
    assert len(hashed) == 2


def test_names_are_listed_and_removed_within_a_tenant(connection: Connection) -> None:
    for name in ("b", "a"):
        credentials.add(connection, "acme", name, "correct horse", NOW)
    credentials.add(connection, "globex", "c", "correct horse", NOW)
    assert credentials.names(connection, "acme") == ["a", "b"]
    assert not credentials.remove(connection, "globex", "a")
    assert credentials.remove(connection, "acme", "a")
    assert credentials.names(connection, "acme") == ["b"]
    assert credentials.verify(connection, "a", "correct horse") is None


def test_a_name_is_taken_once_across_tenants(connection: Connection) -> None:
    credentials.add(connection, "acme", "moodle", "correct horse", NOW)
    with pytest.raises(Conflict):
        credentials.add(connection, "globex", "moodle", "battery staple", NOW)


def test_an_unknown_tenant_gets_no_credentials(connection: Connection) -> None:
    with pytest.raises(NotFound, match="no tenant"):
        credentials.add(connection, "nowhere", "moodle", "correct horse", NOW)


@pytest.mark.parametrize(
    ("username", "password"), [("a:b", "x"), ("", "x"), ("a\n", "x"), ("a" * 101, "x"), ("a", "")]
)
def test_what_basic_authentication_cannot_carry_is_refused(
    connection: Connection, username: str, password: str
) -> None:
    with pytest.raises(InvalidInput):
        credentials.add(connection, "acme", username, password, NOW)
