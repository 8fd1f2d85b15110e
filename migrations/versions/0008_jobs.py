"""jobs, which are done beside the web

Must not hold a lock for long, must not break the release before it, and must go back.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_security import protect

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

CANONICAL = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
STATES = "state IN ('waiting', 'running', 'done', 'failed', 'cancelled')"


def upgrade() -> None:
    op.create_table(
        "job",
        sa.Column("unit_id", sa.String(length=12), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("parameters", CANONICAL, nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("result", CANONICAL, nullable=False),
        sa.Column("login", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("held", sa.String(length=12), nullable=False),
        sa.Column("correlation", sa.String(length=32), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(STATES, name=op.f("ck_job_state_known")),
        sa.CheckConstraint("done >= 0 AND done <= total", name=op.f("ck_job_progress_within")),
        sa.CheckConstraint(
            "(state = 'running') = (leased_until IS NOT NULL)", name=op.f("ck_job_leased_while_running")
        ),
        sa.CheckConstraint(
            "(state IN ('waiting', 'running')) = (ended_at IS NULL)", name=op.f("ck_job_ended_when_not_open")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.code"], name=op.f("fk_job_unit_id_unit")),
        sa.PrimaryKeyConstraint("unit_id", "key", name=op.f("pk_job")),
    )
    op.create_index("ix_job_due", "job", ["state", "asked_at"])
    op.create_index("ix_job_asked_at", "job", ["unit_id", "asked_at"])
    protect("job")


def downgrade() -> None:
    op.drop_table("job")
