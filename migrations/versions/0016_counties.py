"""what a county writes on which release, and what it works on

Must not hold a lock for long, must not break the release before it, and must go back.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_security import protect, unprotect

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    with op.batch_alter_table("county_overlay") as batch:
        batch.add_column(sa.Column("release_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(
            op.f("fk_county_overlay_release_id_release"), "release", ["release_id"], ["id"]
        )
    # Until now an overlay was only ever written on the first release of its pack.
    op.execute("UPDATE county_overlay SET release_id = (SELECT min(id) FROM release)")
    with op.batch_alter_table("county_overlay") as batch:
        batch.alter_column("release_id", existing_type=sa.Integer(), nullable=False)
    op.create_table(
        "county_draft",
        sa.Column("unit_id", sa.String(length=12), nullable=False),
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("content", _JSON, nullable=False),
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.code"], name=op.f("fk_county_draft_unit_id_unit")),
        sa.ForeignKeyConstraint(
            ["release_id"], ["release.id"], name=op.f("fk_county_draft_release_id_release")
        ),
        sa.PrimaryKeyConstraint("unit_id", name=op.f("pk_county_draft")),
    )
    protect("county_draft")


def downgrade() -> None:
    unprotect("county_draft")
    op.drop_table("county_draft")
    with op.batch_alter_table("county_overlay") as batch:
        batch.drop_constraint(op.f("fk_county_overlay_release_id_release"), type_="foreignkey")
        batch.drop_column("release_id")
