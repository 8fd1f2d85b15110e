"""the pictures of a centre

Must not hold a lock for long, must not break the release before it, and must go back.

Revision ID: 0010
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

from migrations.row_security import protect, unprotect

revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "picture",
        sa.Column("unit_id", sa.String(length=12), nullable=False),
        sa.Column("mime", sa.String(length=10), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.CheckConstraint("key IN ('map', 'photo')", name=op.f("ck_picture_key_known")),
        sa.CheckConstraint("mime IN ('image/png', 'image/jpeg')", name=op.f("ck_picture_mime_known")),
        sa.CheckConstraint("length(data) BETWEEN 1 AND 1000000", name=op.f("ck_picture_data_bounded")),
        sa.CheckConstraint(
            "width BETWEEN 1 AND 1600 AND height BETWEEN 1 AND 1600", name=op.f("ck_picture_size_bounded")
        ),
        sa.CheckConstraint("length(digest) = 64", name=op.f("ck_picture_digest_whole")),
        sa.ForeignKeyConstraint(["unit_id"], ["centre.unit_id"], name=op.f("fk_picture_unit_id_centre")),
        sa.PrimaryKeyConstraint("unit_id", "key", name=op.f("pk_picture")),
    )
    protect("picture")


def downgrade() -> None:
    unprotect("picture")
    op.drop_table("picture")
