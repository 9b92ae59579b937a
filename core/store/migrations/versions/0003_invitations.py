"""Invitations to register an LMS; what a registration may do, and what its last launch showed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "invitation",
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenant.id"], name=op.f("fk_invitation_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "digest", name=op.f("pk_invitation")),
    )
    with op.batch_alter_table("registration", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("status", sa.String(length=20), server_default="active", nullable=False)
        )
        batch_op.add_column(sa.Column("scopes", sa.JSON(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("last_launch_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("seen", sa.JSON(), server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("clock_skew_seconds", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("registration", schema=None) as batch_op:
        batch_op.drop_column("clock_skew_seconds")
        batch_op.drop_column("seen")
        batch_op.drop_column("last_launch_at")
        batch_op.drop_column("scopes")
        batch_op.drop_column("status")

    op.drop_table("invitation")
