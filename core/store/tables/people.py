"""People who learn, what they agreed to, and where they take part."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, String, Text

from .base import ID, Moment, learner_key, tenant_table

learner = tenant_table(
    "learner",
    Column("id", ID, nullable=False),
    Column("roles", JSON, nullable=False),
    Column("locale", String(20), nullable=False, server_default="en"),
    Column("profile", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    key=("id",),
)

learner_identity = tenant_table(  # keyed digests of what the LMS calls a person: no address, no name
    "learner_identity",
    Column("digest", String(64), nullable=False),
    Column("learner_id", ID, nullable=False),
    learner_key(),
    key=("digest",),
)
Index(None, learner_identity.c.tenant_id, learner_identity.c.learner_id)

grant = tenant_table(
    "grant",
    Column("learner_id", ID, nullable=False),
    Column("purpose", String(40), nullable=False),
    Column("source", String(40), nullable=False),
    Column("at", Moment, nullable=False),
    Column("text_version", String(40), nullable=False),
    learner_key(),
    key=("learner_id", "purpose", "source"),
)

legal_basis = tenant_table(  # a tenant's recorded decision to use another basis than consent
    "legal_basis",
    Column("purpose", String(40), nullable=False),
    Column("source", String(40), nullable=False),
    Column("basis", String(100), nullable=False),
    Column("decided_by", String(200), nullable=False),
    Column("decided_at", Moment, nullable=False),
    Column("notice", Text, nullable=False),
    key=("purpose", "source"),
)

membership = tenant_table(
    "membership",
    Column("context_id", ID, nullable=False),
    Column("learner_id", ID, nullable=False),
    Column("seen_at", Moment, nullable=False),
    learner_key(),
    key=("context_id", "learner_id"),
)
Index(None, membership.c.tenant_id, membership.c.learner_id)

erasure = tenant_table(  # receipts: that somebody was erased, and how much; never who
    "erasure",
    Column("id", ID, nullable=False),
    Column("at", Moment, nullable=False),
    Column("removed", JSON, nullable=False),
    key=("id",),
)
