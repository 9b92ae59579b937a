"""What every table is made of: metadata, times, identifiers, and the tenant that each row belongs to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Column,
    DateTime,
    Dialect,
    ForeignKeyConstraint,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    TypeDecorator,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

SYSTEM = "system"
"""The tenant that owns what the tool itself needs, such as its signing keys."""


class Moment(TypeDecorator[datetime]):
    """A UTC time that is timezone-aware on both databases."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Refuse naive times; store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a naive time was about to be stored: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """UTC, whichever zone the database's session has; SQLite forgets it altogether."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


ID = String(64)


def tenant_table(name: str, *columns: Any, key: tuple[str, ...]) -> Table:
    """A table whose primary key starts with the tenant, and which goes when the tenant goes."""
    return Table(
        name,
        metadata,
        Column("tenant_id", ID, nullable=False),
        *columns,
        PrimaryKeyConstraint("tenant_id", *key),
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"], ondelete="CASCADE"),
    )


def learner_key() -> ForeignKeyConstraint:
    """A row about one learner goes when the learner goes."""
    return ForeignKeyConstraint(
        ["tenant_id", "learner_id"], ["learner.tenant_id", "learner.id"], ondelete="CASCADE"
    )
