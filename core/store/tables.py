"""The tables. Every row belongs to a tenant; ``database.py`` refuses a query that does not name one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
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


def _table(name: str, *columns: Any, key: tuple[str, ...]) -> Table:
    """A table whose primary key starts with the tenant, and which goes when the tenant goes."""
    return Table(
        name,
        metadata,
        Column("tenant_id", ID, nullable=False),
        *columns,
        PrimaryKeyConstraint("tenant_id", *key),
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"], ondelete="CASCADE"),
    )


def _learner_key() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["tenant_id", "learner_id"], ["learner.tenant_id", "learner.id"], ondelete="CASCADE"
    )


tenant = Table(
    "tenant",
    metadata,
    Column("id", ID, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("locale", String(20), nullable=False, server_default="en"),
    Column("event_seq", Integer, nullable=False, server_default="0"),
    Column("model_epoch", Integer, nullable=False, server_default="0"),
    Column("catalogue_version", Integer, nullable=False, server_default="0"),
    Column("people_version", Integer, nullable=False, server_default="0"),
    Column("created_at", Moment, nullable=False),
)

# --- the LTI border -------------------------------------------------------------------------------

registration = _table(
    "registration",
    Column("id", ID, nullable=False),
    Column("issuer", String(500), nullable=False),
    Column("client_id", String(255), nullable=False),
    Column("deployment_id", String(255), nullable=False),
    Column("auth_login_url", String(1000), nullable=False),
    Column("auth_token_url", String(1000), nullable=False, server_default=""),
    Column("key_set_url", String(1000), nullable=False),
    Column("product", String(100), nullable=False, server_default=""),
    Column("status", String(20), nullable=False, server_default="active"),
    Column("scopes", JSON, nullable=False, server_default="[]"),
    Column("created_at", Moment, nullable=False),
    Column("last_launch_at", Moment),
    Column("seen", JSON, nullable=False, server_default="{}"),  # what the last launch offered: yes or no
    Column("clock_skew_seconds", Integer),  # of the last launch; positive: the LMS is ahead
    UniqueConstraint("issuer", "client_id", "deployment_id"),
    key=("id",),
)

invitation = _table(  # who may register an LMS for a tenant; digests only
    "invitation",
    Column("digest", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
    key=("digest",),
)

used_token = _table(  # nonces and states that were used; digests only
    "used_token",
    Column("digest", String(64), nullable=False),
    Column("expires_at", Moment, nullable=False),
    key=("digest",),
)

tool_key = _table(
    "tool_key",
    Column("kid", String(64), nullable=False),
    Column("private_key", LargeBinary, nullable=False),  # encrypted, see core/secrets.py
    Column("public_jwk", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),  # published from then on
    Column("signs_from", Moment, nullable=False),
    Column("retired_at", Moment),  # when it stops signing, which may lie ahead
    key=("kid",),
)

xapi_credential = _table(
    "xapi_credential",
    Column("username", String(100), nullable=False),
    Column("password_hash", String(500), nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("username"),
    key=("username",),
)

# --- people ---------------------------------------------------------------------------------------

learner = _table(
    "learner",
    Column("id", ID, nullable=False),
    Column("roles", JSON, nullable=False),
    Column("locale", String(20), nullable=False, server_default="en"),
    Column("profile", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    key=("id",),
)

learner_identity = _table(  # keyed digests of what the LMS calls a person: no address, no name
    "learner_identity",
    Column("digest", String(64), nullable=False),
    Column("learner_id", ID, nullable=False),
    _learner_key(),
    key=("digest",),
)
Index(None, learner_identity.c.tenant_id, learner_identity.c.learner_id)

grant = _table(
    "grant",
    Column("learner_id", ID, nullable=False),
    Column("purpose", String(40), nullable=False),
    Column("source", String(40), nullable=False),
    Column("at", Moment, nullable=False),
    Column("text_version", String(40), nullable=False),
    _learner_key(),
    key=("learner_id", "purpose", "source"),
)

legal_basis = _table(  # a tenant's recorded decision to use another basis than consent
    "legal_basis",
    Column("purpose", String(40), nullable=False),
    Column("source", String(40), nullable=False),
    Column("basis", String(100), nullable=False),
    Column("decided_by", String(200), nullable=False),
    Column("decided_at", Moment, nullable=False),
    Column("notice", Text, nullable=False),
    key=("purpose", "source"),
)

membership = _table(
    "membership",
    Column("context_id", ID, nullable=False),
    Column("learner_id", ID, nullable=False),
    Column("seen_at", Moment, nullable=False),
    _learner_key(),
    key=("context_id", "learner_id"),
)
Index(None, membership.c.tenant_id, membership.c.learner_id)

erasure = _table(  # receipts: that somebody was erased, and how much; never who
    "erasure",
    Column("id", ID, nullable=False),
    Column("at", Moment, nullable=False),
    Column("removed", JSON, nullable=False),
    key=("id",),
)

# --- what can be learned --------------------------------------------------------------------------

context = _table(
    "context",
    Column("id", ID, nullable=False),
    Column("key", String(500), nullable=False),
    Column("title", String(500), nullable=False, server_default=""),
    Column("kind", String(40), nullable=False, server_default="course"),
    UniqueConstraint("tenant_id", "key"),
    key=("id",),
)

skill = _table(
    "skill",
    Column("id", ID, nullable=False),
    Column("title", String(300), nullable=False),
    Column("terms", JSON, nullable=False),
    key=("id",),
)

activity = _table(
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

policy = _table(  # what staff decided: an activity that is not to be suggested, here or, with "", anywhere
    "policy",
    Column("context_id", ID, nullable=False),
    Column("activity_id", ID, nullable=False),
    Column("decided_by", String(200), nullable=False),
    Column("decided_at", Moment, nullable=False),
    key=("context_id", "activity_id"),
)

# --- what happened --------------------------------------------------------------------------------

statement = _table(
    "statement",
    Column("id", String(36), nullable=False),
    Column("learner_id", ID, nullable=False),
    Column("stored_at", Moment, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    _learner_key(),
    key=("id",),
)
Index(None, statement.c.tenant_id, statement.c.learner_id)

event = _table(
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
    _learner_key(),  # no unique id: statements have theirs, and every further index costs the busiest door
    key=("seq",),
)
Index(None, event.c.tenant_id, event.c.learner_id, event.c.at)

dropped = _table(  # statements accepted but not kept: counts only
    "dropped",
    Column("day", String(10), nullable=False),
    Column("reason", String(40), nullable=False),
    Column("count", Integer, nullable=False),
    key=("day", "reason"),
)

# --- what was made of it --------------------------------------------------------------------------

suggestion = _table(
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
    _learner_key(),
    key=("id",),
)
Index(None, suggestion.c.tenant_id, suggestion.c.learner_id, suggestion.c.activity_id)

mastery = _table(
    "mastery",
    Column("learner_id", ID, nullable=False),
    Column("skill_id", ID, nullable=False),
    Column("mean", Float, nullable=False),
    Column("low", Float, nullable=False),
    Column("high", Float, nullable=False),
    Column("answers", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    _learner_key(),
    key=("learner_id", "skill_id"),
)

award = _table(
    "award",
    Column("learner_id", ID, nullable=False),
    Column("key", String(200), nullable=False),
    Column("title", String(300), nullable=False),
    Column("at", Moment, nullable=False),
    Column("record", JSON, nullable=False),
    _learner_key(),
    key=("learner_id", "key"),
)

model_snapshot = _table(  # an accelerator: events rebuild it at any time
    "model_snapshot",
    Column("model", String(100), nullable=False),
    Column("version", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("cursor", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    key=("model",),
)

# --- towards the LMS --------------------------------------------------------------------------------

grade_link = _table(  # columns of the LMS's gradebook that show a learner's progress
    "grade_link",
    Column("learner_id", ID, nullable=False),
    Column("line_item", String(900), nullable=False),
    Column("registration_id", ID, nullable=False),
    Column("subject", LargeBinary, nullable=False),  # what the LMS calls the learner, encrypted
    Column("context_id", ID, nullable=False),
    Column("opens", String(700), nullable=False),
    Column("event_seq", Integer, nullable=False),
    Column("score", Float),
    Column("stamp", Moment),
    _learner_key(),
    key=("learner_id", "line_item"),
)

outbox = _table(  # scores that wait to be sent; see core/grades_desk.py
    "outbox",
    Column("id", Integer, nullable=False, autoincrement=False),
    Column("learner_id", ID, nullable=False),
    Column("line_item", String(900), nullable=False),
    Column("score", Float, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("next_try_at", Moment),
    Column("tries", Integer, nullable=False),
    Column("unsure", Boolean, nullable=False),
    Column("stamp", Moment),
    Column("last_error", Text, nullable=False),
    _learner_key(),
    key=("id",),
)
Index(None, outbox.c.tenant_id, outbox.c.learner_id, outbox.c.line_item)

roster = _table(  # how many take part in a course, as the LMS says; nobody's name
    "roster",
    Column("context_id", ID, nullable=False),
    Column("registration_id", ID, nullable=False),
    Column("issuer", String(500), nullable=False),
    Column("address", String(600), nullable=False),
    Column("learners", Integer),
    Column("staff", Integer),
    Column("gone", Integer),
    Column("counted_at", Moment),
    Column("next_at", Moment, nullable=False),
    Column("last_error", Text, nullable=False),
    key=("context_id",),
)

PERSONAL = (
    learner_identity,
    grant,
    membership,
    statement,
    event,
    suggestion,
    mastery,
    award,
    outbox,
    grade_link,
)
"""Tables with rows about one learner, besides ``learner``: what export shows and erasure empties."""
