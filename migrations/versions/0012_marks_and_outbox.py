"""marks of revisions, open questions and the outbox

Must not hold a lock for long, must not break the release before it, and must go back.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_security import protect, unprotect

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.add_column("revision", sa.Column("marks", _JSON, nullable=True))
    op.create_table(
        "question",
        sa.Column("unit_id", sa.String(length=12), nullable=False),
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("question", sa.String(length=16), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["centre.unit_id"], name=op.f("fk_question_unit_id_centre")),
        sa.PrimaryKeyConstraint("unit_id", "id", name=op.f("pk_question")),
    )
    op.create_index(op.f("ix_question_question"), "question", ["question"])
    op.create_table(
        "outbox",
        sa.Column("unit_id", sa.String(length=12), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["unit_id", "revision"],
            ["revision.unit_id", "revision.number"],
            name=op.f("fk_outbox_unit_id_revision_revision"),
        ),
        sa.PrimaryKeyConstraint("unit_id", "revision", "kind", name=op.f("pk_outbox")),
    )
    protect("question", "outbox")


def downgrade() -> None:
    unprotect("outbox", "question")
    op.drop_table("outbox")
    op.drop_index(op.f("ix_question_question"), table_name="question")
    op.drop_table("question")
    op.drop_column("revision", "marks")
