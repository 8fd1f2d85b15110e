"""what a county writes on which release, and what it works on

Must not hold a lock for long and must go back. While the release before it still runs, that cannot store an overlay.

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
    _bind_overlays()
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


def _bind_overlays() -> None:
    """Until now an overlay was only ever written on the first release that knows its county."""
    connection = op.get_bind()
    overlay, release = (
        sa.table(name, *map(sa.column, ("id", "county_code", "release_id", "number")))
        for name in ("county_overlay", "release")
    )
    overlays = connection.execute(sa.select(overlay.c.id, overlay.c.county_code)).all()
    if not overlays:
        return
    releases = sa.select(release.c.id, sa.column("content", _JSON)).select_from(release)
    first: dict[str, int] = {}
    lowest = connection.execute(sa.select(sa.func.min(release.c.id))).scalar()
    for row in connection.execute(releases.order_by(release.c.number, release.c.id)):
        for county in row.content["header"]["counties"]:
            first.setdefault(county["code"], row.id)
    for row in overlays:
        bound = sa.update(overlay).where(overlay.c.id == row.id)
        connection.execute(bound.values(release_id=first.get(row.county_code[:6], lowest)))


def downgrade() -> None:
    unprotect("county_draft")
    op.drop_table("county_draft")
    with op.batch_alter_table("county_overlay") as batch:
        batch.drop_constraint(op.f("fk_county_overlay_release_id_release"), type_="foreignkey")
        batch.drop_column("release_id")
