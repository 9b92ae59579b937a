"""Inserting many rows at the busiest door: SQLAlchemy's types and statement, the driver's own loop.

``connection.execute(insert(table), rows)`` prepares every row anew, which costs more than the insert itself.
Here the statement is compiled and the columns' processors are looked up once for each database.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Table, insert

Processor = Callable[[Any], Any] | None


@lru_cache(maxsize=64)
def _prepared(
    table: Table, columns: tuple[str, ...], dialect: Dialect
) -> tuple[str, tuple[Processor, ...], bool]:
    """The statement, what each column's values go through, and whether parameters are positional."""
    compiled = insert(table).compile(dialect=dialect, column_keys=list(columns))
    processors = tuple(table.c[c].type.dialect_impl(dialect).bind_processor(dialect) for c in columns)
    return str(compiled), processors, bool(compiled.positional)


def insert_many(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert rows given as tuples in the order of ``columns``; the tenant is one of them."""
    if not rows:
        return
    statement, processors, positional = _prepared(table, columns, connection.dialect)
    by_column = [
        values if process is None else [process(v) for v in values]
        for process, values in zip(processors, zip(*rows, strict=True), strict=True)
    ]
    ready = zip(*by_column, strict=True)
    if positional:
        connection.exec_driver_sql(statement, list(ready))
    else:
        connection.exec_driver_sql(statement, [dict(zip(columns, row, strict=True)) for row in ready])
