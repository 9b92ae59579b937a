"""What staff decide and set, the record of it, tokens of the API, groups of courses"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_token",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_api_token_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_token_digest")),
    )
    op.create_table(
        "audit",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("act", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_audit_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "seq", name=op.f("pk_audit")),
    )
    op.create_table(
        "course_group",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("context_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("set_title", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_course_group_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "context_id", "id", name=op.f("pk_course_group")),
    )
    op.create_table(
        "decision",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("context_id", sa.String(length=64), nullable=False),
        sa.Column("learner_id", sa.String(length=64), nullable=False),
        sa.Column("activity_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("instead_id", sa.String(length=64), server_default="", nullable=False),
        sa.Column("decided_by", sa.String(length=200), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_decision_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "context_id", "learner_id", "activity_id", "kind", name=op.f("pk_decision")
        ),
    )
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_decision_tenant_id_learner_id"), ["tenant_id", "learner_id"], unique=False
        )

    op.create_table(
        "plugin_choice",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("plugin", sa.String(length=100), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_plugin_choice_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "plugin", name=op.f("pk_plugin_choice")),
    )
    op.create_table(
        "setting",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("context_id", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_setting_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "context_id", "key", name=op.f("pk_setting")),
    )
    op.create_table(
        "staff_member",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("sign", sa.String(length=20), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_staff_member_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "digest", name=op.f("pk_staff_member")),
        sa.UniqueConstraint("tenant_id", "sign", name=op.f("uq_staff_member_tenant_id_sign")),
    )
    op.create_table(
        "course_group_member",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("context_id", sa.String(length=64), nullable=False),
        sa.Column("group_id", sa.String(length=64), nullable=False),
        sa.Column("learner_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "learner_id"],
            ["learner.tenant_id", "learner.id"],
            name=op.f("fk_course_group_member_tenant_id_learner_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_course_group_member_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "context_id", "group_id", "learner_id", name=op.f("pk_course_group_member")
        ),
    )
    with op.batch_alter_table("course_group_member", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_course_group_member_tenant_id_learner_id"),
            ["tenant_id", "learner_id"],
            unique=False,
        )

    op.create_table(
        "waiting",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("learner_id", sa.String(length=64), nullable=False),
        sa.Column("context_id", sa.String(length=64), nullable=False),
        sa.Column("activity_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "learner_id"],
            ["learner.tenant_id", "learner.id"],
            name=op.f("fk_waiting_tenant_id_learner_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_waiting_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "learner_id", "context_id", "activity_id", name=op.f("pk_waiting")
        ),
    )
    op.execute(
        "INSERT INTO decision"
        " (tenant_id, context_id, learner_id, activity_id, kind, decided_by, decided_at)"
        " SELECT tenant_id, context_id, '', activity_id, 'never', decided_by, decided_at FROM policy"
    )
    op.drop_table("policy")
    with op.batch_alter_table("context", schema=None) as batch_op:
        batch_op.add_column(sa.Column("lms_key", sa.String(length=500), server_default="", nullable=False))

    with op.batch_alter_table("used_token", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_used_token_tenant_id_expires_at"), ["tenant_id", "expires_at"], unique=False
        )

    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("kind", sa.String(length=20), server_default="register", nullable=False)
        )

    with op.batch_alter_table("roster", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("differences", sa.String(length=900), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("groups", sa.String(length=900), server_default="", nullable=False))
        batch_op.add_column(sa.Column("group_sets", sa.String(length=900), server_default="", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("roster", schema=None) as batch_op:
        batch_op.drop_column("group_sets")
        batch_op.drop_column("groups")
        batch_op.drop_column("differences")

    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.drop_column("kind")

    with op.batch_alter_table("context", schema=None) as batch_op:
        batch_op.drop_column("lms_key")

    with op.batch_alter_table("used_token", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_used_token_tenant_id_expires_at"))

    op.create_table(
        "policy",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("context_id", sa.String(length=64), nullable=False),
        sa.Column("activity_id", sa.String(length=64), nullable=False),
        sa.Column("decided_by", sa.String(length=200), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_policy_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "context_id", "activity_id", name=op.f("pk_policy")),
    )
    op.execute(
        "INSERT INTO policy (tenant_id, context_id, activity_id, decided_by, decided_at)"
        " SELECT tenant_id, context_id, activity_id, decided_by, decided_at FROM decision"
        " WHERE kind = 'never' AND learner_id = ''"
    )
    with op.batch_alter_table("course_group_member", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_course_group_member_tenant_id_learner_id"))

    op.drop_table("waiting")
    op.drop_table("course_group_member")
    op.drop_table("staff_member")
    op.drop_table("setting")
    op.drop_table("plugin_choice")
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_decision_tenant_id_learner_id"))

    op.drop_table("decision")
    op.drop_table("course_group")
    op.drop_table("audit")
    op.drop_table("api_token")
