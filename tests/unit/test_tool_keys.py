"""The tool's keys: encrypted where they lie, published before they sign, kept for a while afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from sqlalchemy import select
from stifinder.core.errors import ConfigurationError, Conflict
from stifinder.core.secrets import Secrets
from stifinder.core.store import tables, tool_keys
from stifinder.core.store.database import Database, across_tenants

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
SECRETS = Secrets("a secret that is used in tests only")
NEW_SECRETS = Secrets("another secret, not the one it began with")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    opened.migrate()
    yield opened
    opened.close()


def signer(database: Database, now: datetime) -> str:
    return tool_keys.signing_key(database, SECRETS, now).kid


def published(database: Database, now: datetime) -> list[str]:
    return [key["kid"] for key in tool_keys.key_set(database, now)["keys"]]


def stored(database: Database) -> list[bytes]:
    with database.read() as connection:
        query = across_tenants(select(tables.tool_key.c.private_key))
        return list(connection.execute(query).scalars())


def test_the_signing_key_stays_and_is_proved_by_the_published_one(database: Database) -> None:
    key = tool_keys.signing_key(database, SECRETS, NOW)
    assert signer(database, NOW + 365 * DAY) == key.kid
    [public] = tool_keys.key_set(database, NOW)["keys"]
    token = jwt.encode({"iss": "client-1"}, key.private_key, algorithm="RS256", headers={"kid": key.kid})
    assert public["kid"] == key.kid
    assert jwt.decode(token, jwt.PyJWK(public), algorithms=["RS256"]) == {"iss": "client-1"}
    assert "d" not in public


def test_the_private_key_is_encrypted_where_it_lies(database: Database) -> None:
    signer(database, NOW)
    [sealed] = stored(database)
    assert SECRETS.decrypt(sealed)[:1] == b"0"  # DER: a sequence
    assert SECRETS.decrypt(sealed) not in sealed


def test_the_signing_key_under_another_master_key_is_a_wrong_set_up(database: Database) -> None:
    signer(database, NOW)
    with pytest.raises(ConfigurationError, match="wrong key"):
        tool_keys.signing_key(database, NEW_SECRETS, NOW)


def test_a_new_key_is_published_at_once_and_signs_a_day_later(database: Database) -> None:
    old = signer(database, NOW)
    new = tool_keys.rotate(database, SECRETS, NOW).kid
    assert published(database, NOW) == [old, new]
    assert signer(database, NOW + DAY - timedelta(seconds=1)) == old
    assert signer(database, NOW + DAY) == new


def test_the_old_key_stays_published_for_a_week_after_its_last_signature_and_is_then_deleted(
    database: Database,
) -> None:
    old = signer(database, NOW)
    new = tool_keys.rotate(database, SECRETS, NOW).kid
    assert published(database, NOW + 8 * DAY - timedelta(seconds=1)) == [old, new]
    assert len(stored(database)) == 2
    assert published(database, NOW + 8 * DAY) == [new]
    assert len(stored(database)) == 1


def test_the_time_until_a_new_key_signs_can_be_chosen(database: Database) -> None:
    signer(database, NOW)
    new = tool_keys.rotate(database, SECRETS, NOW, after=timedelta())
    assert (new.signs_from, signer(database, NOW)) == (NOW, new.kid)


def test_while_a_new_key_waits_there_is_no_other(database: Database) -> None:
    signer(database, NOW)
    new = tool_keys.rotate(database, SECRETS, NOW).kid
    with pytest.raises(Conflict, match="signs from 2026-03-03 09:30 UTC"):
        tool_keys.rotate(database, SECRETS, NOW + timedelta(hours=1))
    later = tool_keys.rotate(database, SECRETS, NOW + 2 * DAY).kid
    assert signer(database, NOW + 2 * DAY) == new
    assert signer(database, NOW + 3 * DAY) == later


def test_the_first_key_needs_no_overlap(database: Database) -> None:
    made = tool_keys.rotate(database, SECRETS, NOW)
    assert signer(database, NOW) == made.kid


def test_keys_that_leaked_are_gone_at_once_also_one_that_waits(database: Database) -> None:
    signer(database, NOW)
    tool_keys.rotate(database, SECRETS, NOW)
    fresh = tool_keys.rotate(database, SECRETS, NOW, leaked=True)
    assert published(database, NOW) == [fresh.kid]
    assert signer(database, NOW) == fresh.kid
    assert len(stored(database)) == 1


def test_a_clock_that_was_set_back_does_not_stop_signing(database: Database) -> None:
    key = signer(database, NOW)
    assert signer(database, NOW - DAY) == key


def test_keys_can_be_brought_under_a_new_master_key(database: Database) -> None:
    old = signer(database, NOW)
    tool_keys.rotate(database, SECRETS, NOW)
    assert tool_keys.reencrypt(database, SECRETS, NEW_SECRETS) == 2
    assert tool_keys.signing_key(database, NEW_SECRETS, NOW).kid == old
    assert tool_keys.reencrypt(database, SECRETS, NEW_SECRETS) == 0


def test_with_a_wrong_old_master_key_nothing_is_changed(database: Database) -> None:
    signer(database, NOW)
    before = stored(database)
    wrong = Secrets("neither the old one nor the new one here")
    with pytest.raises(ConfigurationError, match="wrong key"):
        tool_keys.reencrypt(database, wrong, NEW_SECRETS)
    assert stored(database) == before
