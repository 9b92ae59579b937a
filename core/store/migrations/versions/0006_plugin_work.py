"""What plugins keep, how their jobs stand, and by which version settings were set"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "plugin_value",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("plugin", sa.String(length=100), nullable=False),
        sa.Column("learner_id", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("agreed", sa.String(length=400), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_plugin_value_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "learner_id", "plugin", "key", name=op.f("pk_plugin_value")),
    )
    op.create_table(
        "plugin_job",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("plugin", sa.String(length=100), nullable=False),
        sa.Column("job", sa.String(length=60), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failure", sa.String(length=500), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_plugin_job_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "plugin", "job", name=op.f("pk_plugin_job")),
    )
    with op.batch_alter_table("plugin_choice", schema=None) as batch_op:
        batch_op.add_column(sa.Column("settings_version", sa.Integer(), server_default="1", nullable=False))

    op.create_index(op.f("ix_plugin_job_tenant_id_next_at"), "plugin_job", ["tenant_id", "next_at"])


def downgrade() -> None:
    with op.batch_alter_table("plugin_choice", schema=None) as batch_op:
        batch_op.drop_column("settings_version")

    op.drop_table("plugin_job")
    op.drop_table("plugin_value")
