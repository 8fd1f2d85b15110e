"""the status of a centre, and steps that take two people

Must not hold a lock for long, must not break the release before it, and must go back.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_security import protect

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

CANONICAL = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
STATUS = "status IN ('preparing', 'active', 'suspended', 'archived')"


def upgrade() -> None:
    with op.batch_alter_table("centre") as batch:
        batch.add_column(
            sa.Column("status", sa.String(length=12), nullable=False, server_default="preparing")
        )
        batch.create_check_constraint(op.f("ck_centre_status_known"), STATUS)
    with op.batch_alter_table("centre") as batch:
        batch.alter_column("status", existing_type=sa.String(length=12), server_default=None)
    op.create_table(
        "approval",
        sa.Column("unit_id", sa.String(length=12), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("content", CANONICAL, nullable=False),
        sa.Column("stamp", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposer", sa.String(length=60), nullable=False),
        sa.Column("proposer_name", sa.String(length=60), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verdict", sa.String(length=12), nullable=False),
        sa.Column("decider", sa.String(length=60), nullable=True),
        sa.Column("decider_name", sa.String(length=60), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "verdict IN ('pending', 'approved', 'returned', 'withdrawn')",
            name=op.f("ck_approval_verdict_known"),
        ),
        sa.CheckConstraint(
            "decider IS NULL OR decider <> proposer OR verdict = 'withdrawn'",
            name=op.f("ck_approval_two_people"),
        ),
        sa.CheckConstraint(
            "(verdict = 'pending') = (decided_at IS NULL)", name=op.f("ck_approval_decided_when_not_pending")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.code"], name=op.f("fk_approval_unit_id_unit")),
        sa.PrimaryKeyConstraint("unit_id", "key", name=op.f("pk_approval")),
    )
    op.create_index("ix_approval_verdict", "approval", ["unit_id", "verdict"])
    protect("approval")


def downgrade() -> None:
    op.drop_table("approval")
    with op.batch_alter_table("centre") as batch:
        batch.drop_constraint(op.f("ck_centre_status_known"), type_="check")
        batch.drop_column("status")
