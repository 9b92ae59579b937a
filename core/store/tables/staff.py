"""What staff decide and set, and the record of it."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Index, Integer, String, UniqueConstraint

from .base import ID, Moment, tenant_table

setting = tenant_table(  # what a tenant, or with a context one course, set otherwise than the defaults
    "setting",
    Column("context_id", ID, nullable=False),
    Column("key", String(60), nullable=False),
    Column("value", JSON, nullable=False),
    Column("changed_at", Moment, nullable=False),
    key=("context_id", "key"),
)

decision = tenant_table(  # of staff, about one activity: see core/decisions.py
    "decision",
    Column("context_id", ID, nullable=False),  # "" for everywhere
    Column("learner_id", ID, nullable=False),  # "" for everybody
    Column("activity_id", ID, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("instead_id", ID, nullable=False, server_default=""),
    Column("decided_by", String(200), nullable=False),
    Column("decided_at", Moment, nullable=False),
    key=("context_id", "learner_id", "activity_id", "kind"),
)
Index(None, decision.c.tenant_id, decision.c.learner_id)

staff_member = tenant_table(  # who acts under which sign; without this row, nobody can tell any more
    "staff_member",
    Column("digest", String(64), nullable=False),
    Column("sign", String(20), nullable=False),
    Column("since", Moment, nullable=False),
    UniqueConstraint("tenant_id", "sign"),
    key=("digest",),
)

audit = tenant_table(  # rows are only ever added, each sealed by a digest over the one before
    "audit",
    Column("seq", Integer, nullable=False, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("actor", String(40), nullable=False),
    Column("role", String(20), nullable=False),
    Column("act", String(60), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("details", JSON, nullable=False),
    Column("digest", String(64), nullable=False),
    key=("seq",),
)

api_token = tenant_table(  # digests only
    "api_token",
    Column("id", ID, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("name", String(200), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Column("last_used_at", Moment),
    UniqueConstraint("digest"),
    key=("id",),
)

plugin_choice = tenant_table(  # whether a tenant uses a plugin, and its settings
    "plugin_choice",
    Column("plugin", String(100), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("settings_version", Integer, nullable=False, server_default="1"),
    Column("changed_at", Moment, nullable=False),
    key=("plugin",),
)
