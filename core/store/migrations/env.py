"""Alembic's entry: runs migrations on the engine that ``Database`` hands over."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from stifinder.core.store.database import UNGUARDED
from stifinder.core.store.tables import Moment, metadata


def _render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Migrations say plain types: they must keep their meaning when our own types change."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Moment) else False


engine = context.config.attributes["engine"]
with engine.connect() as connection:
    # A migration changes the rows of all tenants: SQLite copies whole tables to change a column.
    writing = connection.execution_options(stifinder_write=True, **{UNGUARDED: True})
    context.configure(
        connection=writing,
        target_metadata=metadata,
        render_as_batch=True,
        compare_type=True,
        render_item=_render,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()
