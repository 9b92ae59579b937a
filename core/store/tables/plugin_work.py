"""What plugins keep, and how their jobs stand."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, String

from .base import ID, Moment, tenant_table

plugin_value = tenant_table(
    "plugin_value",
    Column("plugin", String(100), nullable=False),
    Column("learner_id", ID, nullable=False),  # "" for the tenant
    Column("key", String(200), nullable=False),
    Column("value", LargeBinary, nullable=False),  # JSON
    Column("agreed", String(400), nullable=False),  # purposes and sources it was kept under
    Column("changed_at", Moment, nullable=False),
    key=("learner_id", "plugin", "key"),
)

plugin_job = tenant_table(
    "plugin_job",
    Column("plugin", String(100), nullable=False),
    Column("job", String(60), nullable=False),
    Column("next_at", Moment, nullable=False),
    Column("claimed_until", Moment),  # while a process is at it
    Column("started_at", Moment),
    Column("ended_at", Moment),
    Column("done", Integer, nullable=False, server_default="0"),
    Column("total", Integer, nullable=False, server_default="0"),
    Column("failures", Integer, nullable=False, server_default="0"),  # in a row
    Column("failure", String(500), nullable=False, server_default=""),
    key=("plugin", "job"),
)
Index(None, plugin_job.c.tenant_id, plugin_job.c.next_at)
