"""Tenants, and what each has at the border: registrations, invitations, keys, credentials."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from .base import ID, Moment, metadata, tenant_table

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

registration = tenant_table(
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

invitation = tenant_table(  # links that are good once: to register an LMS, or to sign in; digests only
    "invitation",
    Column("digest", String(64), nullable=False),
    Column("kind", String(20), nullable=False, server_default="register"),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
    key=("digest",),
)

used_token = tenant_table(  # nonces and states that were used; digests only
    "used_token",
    Column("digest", String(64), nullable=False),
    Column("expires_at", Moment, nullable=False),
    key=("digest",),
)
Index(None, used_token.c.tenant_id, used_token.c.expires_at)

tool_key = tenant_table(
    "tool_key",
    Column("kid", String(64), nullable=False),
    Column("private_key", LargeBinary, nullable=False),  # encrypted, see core/secrets.py
    Column("public_jwk", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),  # published from then on
    Column("signs_from", Moment, nullable=False),
    Column("retired_at", Moment),  # when it stops signing, which may lie ahead
    key=("kid",),
)

xapi_credential = tenant_table(
    "xapi_credential",
    Column("username", String(100), nullable=False),
    Column("password_hash", String(500), nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("username"),
    key=("username",),
)
