"""What can be learned."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, Index, Integer, String, Text, UniqueConstraint

from .base import ID, tenant_table

context = tenant_table(
    "context",
    Column("id", ID, nullable=False),
    Column("key", String(500), nullable=False),
    Column("title", String(500), nullable=False, server_default=""),
    Column("kind", String(40), nullable=False, server_default="course"),
    Column("lms_key", String(500), nullable=False, server_default=""),  # of the course found by its title
    UniqueConstraint("tenant_id", "key"),
    key=("id",),
)

skill = tenant_table(
    "skill",
    Column("id", ID, nullable=False),
    Column("title", String(300), nullable=False),
    Column("terms", JSON, nullable=False),
    key=("id",),
)

activity = tenant_table(
    "activity",
    Column("id", ID, nullable=False),
    Column("key", String(500), nullable=False),
    Column("title", String(500), nullable=False),
    Column("text", Text, nullable=False),
    Column("language", String(20), nullable=False),
    Column("media_type", String(40), nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("skills", JSON, nullable=False),
    Column("prerequisites", JSON, nullable=False),
    Column("difficulty", Float),
    Column("address", String(2000), nullable=False),
    Column("object_id", String(2000), nullable=False),
    Column("contexts", JSON, nullable=False),
    Column("position", Integer, nullable=False),
    UniqueConstraint("tenant_id", "key"),
    key=("id",),
)
Index(None, activity.c.tenant_id, activity.c.object_id)
