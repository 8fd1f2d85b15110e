"""what the documents of a centre say

Must not hold a lock for long, must not break the release before it, and must go back.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

from migrations.row_security import protect, unprotect

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "paper",
        sa.Column("unit_id", sa.String(length=12), nullable=False),
        sa.Column("identity", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["centre.unit_id"], name=op.f("fk_paper_unit_id_centre")),
        sa.PrimaryKeyConstraint("unit_id", "identity", name=op.f("pk_paper")),
    )
    protect("paper")


def downgrade() -> None:
    unprotect("paper")
    op.drop_table("paper")
