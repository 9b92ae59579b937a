"""Calls of the API that were carried out, by the names their senders gave them; digests only."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from . import tenants
from .tables import used_token


def _digest(name: str) -> str:
    return hashlib.sha256(f"api-call\n{name}".encode()).hexdigest()


def _is(tenant_id: str, name: str) -> tuple[Any, Any]:
    return used_token.c.tenant_id == tenant_id, used_token.c.digest == _digest(name)


def claim(connection: Connection, tenant_id: str, name: str, until: datetime, now: datetime) -> bool:
    """Mark a call as carried out; False when it was before. Sweeps away those whose time is over."""
    tenants.counters(connection, tenant_id, lock=True)
    connection.execute(
        delete(used_token).where(used_token.c.tenant_id == tenant_id, used_token.c.expires_at < now)
    )
    if connection.execute(select(used_token.c.digest).where(*_is(tenant_id, name))).first() is not None:
        return False
    connection.execute(insert(used_token).values(tenant_id=tenant_id, digest=_digest(name), expires_at=until))
    return True


def free(connection: Connection, tenant_id: str, name: str) -> None:
    """Forget a call that came to nothing."""
    connection.execute(delete(used_token).where(*_is(tenant_id, name)))
