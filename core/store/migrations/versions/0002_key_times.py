"""When a key of the tool begins to sign"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("tool_key") as batch_op:
        batch_op.add_column(sa.Column("signs_from", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE tool_key SET signs_from = created_at")
    with op.batch_alter_table("tool_key") as batch_op:
        batch_op.alter_column("signs_from", existing_type=sa.DateTime(timezone=True), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("tool_key") as batch_op:
        batch_op.drop_column("signs_from")
