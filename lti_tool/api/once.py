"""Calls that may be sent again without being carried out twice: the sender gives each a name of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from ...core.store import api_calls
from ..token_gate import current
from ..visiting import core

KEPT = timedelta(days=1)


@contextmanager
def only(key: str, call: str) -> Iterator[bool]:
    """Whether a call is to be carried out: False when its key was used for it within a day.

    When what is done inside fails, the key is free again.

    :param key: "" carries it out, always.
    :param call: what the key is for; the same key for another call is another key.
    """
    if not key:
        yield True
        return
    database, tenant_id, now = core().database, current().tenant_id, core().clock()
    name = f"{current().id}\n{call}\n{key}"
    with database.write() as connection:
        first = api_calls.claim(connection, tenant_id, name, now + KEPT, now)
    try:
        yield first
    except BaseException:
        if first:
            with database.write() as connection:
                api_calls.free(connection, tenant_id, name)
        raise
