"""What happened, and what was made of it."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Float, Index, Integer, LargeBinary, String

from .base import ID, Moment, learner_key, tenant_table

statement = tenant_table(
    "statement",
    Column("id", String(36), nullable=False),
    Column("learner_id", ID, nullable=False),
    Column("stored_at", Moment, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    learner_key(),
    key=("id",),
)
Index(None, statement.c.tenant_id, statement.c.learner_id)

event = tenant_table(
    "event",
    Column("seq", Integer, nullable=False),
    Column("id", ID, nullable=False),
    Column("learner_id", ID, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("at", Moment, nullable=False),
    Column("source", String(20), nullable=False),
    Column("activity_id", ID, nullable=False),
    Column("context_id", ID, nullable=False),
    Column("skills", JSON, nullable=False),
    Column("item", String(2000), nullable=False),
    Column("success", Boolean),
    Column("score", Float),
    Column("minutes", Float),
    Column("votes", JSON, nullable=False),
    learner_key(),  # no unique id: statements have theirs, and every further index costs the busiest door
    key=("seq",),
)
Index(None, event.c.tenant_id, event.c.learner_id, event.c.at)

dropped = tenant_table(  # statements accepted but not kept: counts only
    "dropped",
    Column("day", String(10), nullable=False),
    Column("reason", String(40), nullable=False),
    Column("count", Integer, nullable=False),
    key=("day", "reason"),
)

suggestion = tenant_table(
    "suggestion",
    Column("id", ID, nullable=False),
    Column("learner_id", ID, nullable=False),
    Column("context_id", ID, nullable=False),
    Column("activity_id", ID, nullable=False),
    Column("at", Moment, nullable=False),
    Column("position", Integer, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("outcome_at", Moment),
    Column("dismissal", String(20)),
    Column("record", JSON, nullable=False),
    learner_key(),
    key=("id",),
)
Index(None, suggestion.c.tenant_id, suggestion.c.learner_id, suggestion.c.activity_id)

waiting = tenant_table(  # what would have been suggested, and needs a yes of staff first
    "waiting",
    Column("learner_id", ID, nullable=False),
    Column("context_id", ID, nullable=False),
    Column("activity_id", ID, nullable=False),
    Column("at", Moment, nullable=False),
    Column("record", JSON, nullable=False),
    learner_key(),
    key=("learner_id", "context_id", "activity_id"),
)

mastery = tenant_table(
    "mastery",
    Column("learner_id", ID, nullable=False),
    Column("skill_id", ID, nullable=False),
    Column("mean", Float, nullable=False),
    Column("low", Float, nullable=False),
    Column("high", Float, nullable=False),
    Column("answers", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    learner_key(),
    key=("learner_id", "skill_id"),
)

award = tenant_table(
    "award",
    Column("learner_id", ID, nullable=False),
    Column("key", String(200), nullable=False),
    Column("title", String(300), nullable=False),
    Column("at", Moment, nullable=False),
    Column("record", JSON, nullable=False),
    learner_key(),
    key=("learner_id", "key"),
)

model_snapshot = tenant_table(  # an accelerator: events rebuild it at any time
    "model_snapshot",
    Column("model", String(100), nullable=False),
    Column("version", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("cursor", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    key=("model",),
)
