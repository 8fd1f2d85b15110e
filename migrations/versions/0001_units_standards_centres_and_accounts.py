"""units, standards, centres and accounts

Must not hold a lock for long, must not break the release before it, and must go back.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

CANONICAL = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "release",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pack", sa.String(length=60), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("content", CANONICAL, nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('draft', 'published', 'withdrawn')", name=op.f("ck_release_status_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release")),
        sa.UniqueConstraint("pack", "number", name=op.f("uq_release_pack_number")),
    )
    op.create_table(
        "unit",
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("level", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("name_hans", sa.String(length=60), nullable=False),
        sa.Column("parent_code", sa.String(length=12), nullable=True),
        sa.Column("budget_holder", sa.String(length=12), nullable=True),
        sa.Column("ethnic", sa.String(length=30), nullable=True),
        sa.CheckConstraint(
            "level IN ('prefecture', 'county', 'township', 'village')", name=op.f("ck_unit_level_known")
        ),
        sa.CheckConstraint("length(code) = 12", name=op.f("ck_unit_code_has_12_digits")),
        sa.ForeignKeyConstraint(["budget_holder"], ["unit.code"], name=op.f("fk_unit_budget_holder_unit")),
        sa.ForeignKeyConstraint(["parent_code"], ["unit.code"], name=op.f("fk_unit_parent_code_unit")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_unit")),
    )
    with op.batch_alter_table("unit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_unit_level"), ["level"], unique=False)
        batch_op.create_index(batch_op.f("ix_unit_parent_code"), ["parent_code"], unique=False)

    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("unit_id", sa.String(length=12), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("session_stamp", sa.String(length=32), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("demonstration", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "role IN ('prefecture_admin', 'county_officer', 'township_director', 'budget_officer', 'printer')",
            name=op.f("ck_account_role_known"),
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.code"], name=op.f("fk_account_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("login", name=op.f("uq_account_login")),
    )
    op.create_table(
        "county_overlay",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("county_code", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("content", CANONICAL, nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["county_code"], ["unit.code"], name=op.f("fk_county_overlay_county_code_unit")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_county_overlay")),
        sa.UniqueConstraint("county_code", "version", name=op.f("uq_county_overlay_county_code_version")),
    )
    op.create_table(
        "centre",
        sa.Column("unit_id", sa.String(length=12), nullable=False),
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("overlay_id", sa.Integer(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("profile", CANONICAL, nullable=False),
        sa.Column("hall", CANONICAL, nullable=False),
        sa.Column("envelope", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("envelope >= 0", name=op.f("ck_centre_envelope_not_negative")),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_centre_revision_counts_from_one")),
        sa.ForeignKeyConstraint(
            ["overlay_id"], ["county_overlay.id"], name=op.f("fk_centre_overlay_id_county_overlay")
        ),
        sa.ForeignKeyConstraint(["release_id"], ["release.id"], name=op.f("fk_centre_release_id_release")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.code"], name=op.f("fk_centre_unit_id_unit")),
        sa.PrimaryKeyConstraint("unit_id", name=op.f("pk_centre")),
    )
    with op.batch_alter_table("centre", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_centre_release_id"), ["release_id"], unique=False)

    op.create_table(
        "budget_line",
        sa.Column("unit_id", sa.String(length=12), nullable=False),
        sa.Column("category", sa.String(length=30), nullable=False),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.CheckConstraint("share BETWEEN 0 AND 10000", name=op.f("ck_budget_line_share_is_basis_points")),
        sa.ForeignKeyConstraint(["unit_id"], ["centre.unit_id"], name=op.f("fk_budget_line_unit_id_centre")),
        sa.PrimaryKeyConstraint("unit_id", "key", name=op.f("pk_budget_line")),
        sa.UniqueConstraint("unit_id", "category", name=op.f("uq_budget_line_unit_id_category")),
    )
    op.create_table(
        "fixture",
        sa.Column("unit_id", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("group", sa.String(length=30), nullable=False),
        sa.Column("requirement", sa.String(length=20), nullable=False),
        sa.Column("quantity", CANONICAL, nullable=False),
        sa.Column("unit", sa.String(length=12), nullable=False),
        sa.Column("specification", sa.Text(), nullable=False),
        sa.Column("category", sa.String(length=30), nullable=False),
        sa.Column("estimate", sa.BigInteger(), nullable=True),
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.CheckConstraint("estimate >= 0", name=op.f("ck_fixture_estimate_not_negative")),
        sa.CheckConstraint("on_hand >= 0", name=op.f("ck_fixture_on_hand_not_negative")),
        sa.ForeignKeyConstraint(["unit_id"], ["centre.unit_id"], name=op.f("fk_fixture_unit_id_centre")),
        sa.PrimaryKeyConstraint("unit_id", "key", name=op.f("pk_fixture")),
    )
    op.create_table(
        "hall_object",
        sa.Column("unit_id", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("x", sa.Integer(), nullable=False),
        sa.Column("y", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("zone", sa.String(length=80), nullable=True),
        sa.Column("window", sa.String(length=80), nullable=True),
        sa.Column("fixture", sa.String(length=80), nullable=True),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["centre.unit_id"], name=op.f("fk_hall_object_unit_id_centre")),
        sa.PrimaryKeyConstraint("unit_id", "key", name=op.f("pk_hall_object")),
    )
    op.create_table(
        "post",
        sa.Column("unit_id", sa.String(length=12), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("window", sa.String(length=80), nullable=True),
        sa.Column("duties", CANONICAL, nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["centre.unit_id"], name=op.f("fk_post_unit_id_centre")),
        sa.PrimaryKeyConstraint("unit_id", "key", name=op.f("pk_post")),
    )
    op.create_table(
        "regime",
        sa.Column("unit_id", sa.String(length=12), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("parameters", CANONICAL, nullable=True),
        sa.Column("articles", CANONICAL, nullable=False),
        sa.Column("review", sa.String(length=12), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["centre.unit_id"], name=op.f("fk_regime_unit_id_centre")),
        sa.PrimaryKeyConstraint("unit_id", "key", name=op.f("pk_regime")),
    )
    op.create_table(
        "revision",
        sa.Column("unit_id", sa.String(length=12), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("overlay_id", sa.Integer(), nullable=True),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("changes", CANONICAL, nullable=False),
        sa.Column("plan_hash", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.String(length=120), nullable=False),
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["overlay_id"], ["county_overlay.id"], name=op.f("fk_revision_overlay_id_county_overlay")
        ),
        sa.ForeignKeyConstraint(["release_id"], ["release.id"], name=op.f("fk_revision_release_id_release")),
        sa.ForeignKeyConstraint(["unit_id"], ["centre.unit_id"], name=op.f("fk_revision_unit_id_centre")),
        sa.PrimaryKeyConstraint("unit_id", "number", name=op.f("pk_revision")),
        sa.UniqueConstraint("unit_id", "plan_hash", name=op.f("uq_revision_unit_id_plan_hash")),
    )
    op.create_table(
        "service_item",
        sa.Column("unit_id", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("former_names", CANONICAL, nullable=True),
        sa.Column("category", sa.String(length=20), nullable=False),
        sa.Column("windows", CANONICAL, nullable=True),
        sa.Column("only_for", CANONICAL, nullable=True),
        sa.Column("code_scheme", sa.String(length=60), nullable=True),
        sa.Column("code", sa.String(length=80), nullable=True),
        sa.Column("item_type", sa.String(length=30), nullable=False),
        sa.Column("review_type", sa.String(length=30), nullable=True),
        sa.Column("targets", CANONICAL, nullable=True),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("legal_basis", CANONICAL, nullable=False),
        sa.Column("accepting_body", CANONICAL, nullable=False),
        sa.Column("deciding_body", CANONICAL, nullable=False),
        sa.Column("quantity_limit", sa.Text(), nullable=False),
        sa.Column("conditions", CANONICAL, nullable=True),
        sa.Column("prohibitions", CANONICAL, nullable=True),
        sa.Column("materials", CANONICAL, nullable=True),
        sa.Column("case_type", sa.String(length=12), nullable=False),
        sa.Column("route", sa.String(length=12), nullable=False),
        sa.Column("joint_bodies", CANONICAL, nullable=True),
        sa.Column("channels", CANONICAL, nullable=True),
        sa.Column("steps", CANONICAL, nullable=False),
        sa.Column("legal_limit", CANONICAL, nullable=True),
        sa.Column("promised_limit", CANONICAL, nullable=False),
        sa.Column("fee", CANONICAL, nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("rights", CANONICAL, nullable=True),
        sa.Column("duties", CANONICAL, nullable=True),
        sa.Column("remedies", CANONICAL, nullable=True),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.Column("visit_reason", sa.Text(), nullable=True),
        sa.Column("questions", CANONICAL, nullable=True),
        sa.Column("optional", sa.Boolean(), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["centre.unit_id"], name=op.f("fk_service_item_unit_id_centre")),
        sa.PrimaryKeyConstraint("unit_id", "key", name=op.f("pk_service_item")),
    )
    op.create_table(
        "sign",
        sa.Column("unit_id", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("text_rule", sa.Text(), nullable=False),
        sa.Column("per", sa.String(length=12), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("material", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("ground", sa.String(length=7), nullable=False),
        sa.Column("ink", sa.String(length=7), nullable=False),
        sa.Column("face", sa.String(length=8), nullable=False),
        sa.Column("to_be_confirmed", sa.Text(), nullable=True),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["centre.unit_id"], name=op.f("fk_sign_unit_id_centre")),
        sa.PrimaryKeyConstraint("unit_id", "key", name=op.f("pk_sign")),
    )
    op.create_table(
        "wall_slot",
        sa.Column("unit_id", sa.String(length=12), nullable=False),
        sa.Column("wall", sa.String(length=8), nullable=False),
        sa.Column("offset", sa.Integer(), nullable=False),
        sa.Column("bottom", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("shows", sa.Text(), nullable=True),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["centre.unit_id"], name=op.f("fk_wall_slot_unit_id_centre")),
        sa.PrimaryKeyConstraint("unit_id", "key", name=op.f("pk_wall_slot")),
    )
    op.create_table(
        "window",
        sa.Column("unit_id", sa.String(length=12), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("duties", CANONICAL, nullable=True),
        sa.Column("low_counter", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["centre.unit_id"], name=op.f("fk_window_unit_id_centre")),
        sa.PrimaryKeyConstraint("unit_id", "key", name=op.f("pk_window")),
        sa.UniqueConstraint("unit_id", "number", name=op.f("uq_window_unit_id_number")),
    )
    op.create_table(
        "zone",
        sa.Column("unit_id", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("x", sa.Integer(), nullable=False),
        sa.Column("y", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["centre.unit_id"], name=op.f("fk_zone_unit_id_centre")),
        sa.PrimaryKeyConstraint("unit_id", "key", name=op.f("pk_zone")),
    )


def downgrade() -> None:
    op.drop_table("zone")
    op.drop_table("window")
    op.drop_table("wall_slot")
    op.drop_table("sign")
    op.drop_table("service_item")
    op.drop_table("revision")
    op.drop_table("regime")
    op.drop_table("post")
    op.drop_table("hall_object")
    op.drop_table("fixture")
    op.drop_table("budget_line")
    with op.batch_alter_table("centre", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_centre_release_id"))

    op.drop_table("centre")
    op.drop_table("county_overlay")
    op.drop_table("account")
    with op.batch_alter_table("unit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_unit_parent_code"))
        batch_op.drop_index(batch_op.f("ix_unit_level"))

    op.drop_table("unit")
    op.drop_table("release")
