"""Under which sign somebody of the staff acts."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from .tables import staff_member


def sign(connection: Connection, tenant_id: str, digest: str, now: datetime) -> str:
    """The sign of a person, made at the first act; the tenant's row must be locked."""
    found = connection.execute(
        select(staff_member.c.sign).where(
            staff_member.c.tenant_id == tenant_id, staff_member.c.digest == digest
        )
    ).scalar_one_or_none()
    if found is not None:
        return str(found)
    made = f"staff-{secrets.token_hex(4)}"
    connection.execute(insert(staff_member).values(tenant_id=tenant_id, digest=digest, sign=made, since=now))
    return made


def forget(connection: Connection, tenant_id: str, digests: Collection[str]) -> int:
    """Cut signs off from the people with these digests; returns how many."""
    gone = delete(staff_member).where(
        staff_member.c.tenant_id == tenant_id, staff_member.c.digest.in_(digests)
    )
    return connection.execute(gone).rowcount
