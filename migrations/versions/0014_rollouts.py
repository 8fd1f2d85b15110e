"""simulations and rollouts of releases

Must not hold a lock for long, must not break the release before it, and must go back.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_security import protect, unprotect

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "simulation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("places", _JSON, nullable=False),
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["release.id"],
            name=op.f("fk_simulation_release_id_release"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_simulation")),
        sa.UniqueConstraint("release_id", name=op.f("uq_simulation_release_id")),
    )
    op.create_table(
        "simulated_centre",
        sa.Column("unit_id", sa.String(length=12), nullable=False),
        sa.Column("simulation_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("overlay_id", sa.Integer(), nullable=True),
        sa.Column("plan_hash", sa.String(length=64), nullable=True),
        sa.Column("counts", _JSON, nullable=False),
        sa.Column("findings", _JSON, nullable=False),
        sa.Column("guard", _JSON, nullable=False),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["overlay_id"],
            ["county_overlay.id"],
            name=op.f("fk_simulated_centre_overlay_id_county_overlay"),
        ),
        sa.ForeignKeyConstraint(
            ["simulation_id"],
            ["simulation.id"],
            name=op.f("fk_simulated_centre_simulation_id_simulation"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.code"], name=op.f("fk_simulated_centre_unit_id_unit")),
        sa.PrimaryKeyConstraint("unit_id", "simulation_id", name=op.f("pk_simulated_centre")),
    )
    op.create_index(op.f("ix_simulated_centre_simulation_id"), "simulated_centre", ["simulation_id"])
    _rollouts()
    protect("simulated_centre", "rollout_centre")


def _rollouts() -> None:
    op.create_table(
        "rollout",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("prefecture_code", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("waves", _JSON, nullable=False),
        sa.Column("max_failed", sa.Integer(), nullable=False),
        sa.Column("max_open", sa.Integer(), nullable=False),
        sa.Column("force", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.CheckConstraint(
            "state IN ('running', 'halted', 'completed', 'superseded')", name=op.f("ck_rollout_state_known")
        ),
        sa.CheckConstraint(
            "(state IN ('running', 'halted')) = (ended_at IS NULL)",
            name=op.f("ck_rollout_ended_when_not_open"),
        ),
        sa.CheckConstraint(
            "wave >= 0 AND max_failed >= 0 AND max_open >= 0", name=op.f("ck_rollout_counts_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["prefecture_code"], ["unit.code"], name=op.f("fk_rollout_prefecture_code_unit")
        ),
        sa.ForeignKeyConstraint(["release_id"], ["release.id"], name=op.f("fk_rollout_release_id_release")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rollout")),
    )
    op.create_index(op.f("ix_rollout_release_id"), "rollout", ["release_id"])
    op.create_table(
        "rollout_centre",
        sa.Column("unit_id", sa.String(length=12), nullable=False),
        sa.Column("rollout_id", sa.Integer(), nullable=False),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("progress", sa.String(length=12), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", _MOMENT, nullable=True),
        sa.CheckConstraint(
            "progress IN ('waiting', 'applied', 'skipped', 'failed', 'taken_back')",
            name=op.f("ck_rollout_centre_progress_known"),
        ),
        sa.ForeignKeyConstraint(
            ["rollout_id"], ["rollout.id"], name=op.f("fk_rollout_centre_rollout_id_rollout")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.code"], name=op.f("fk_rollout_centre_unit_id_unit")),
        sa.PrimaryKeyConstraint("unit_id", "rollout_id", name=op.f("pk_rollout_centre")),
    )
    op.create_index("ix_rollout_centre_rollout_id", "rollout_centre", ["rollout_id", "wave", "progress"])


def downgrade() -> None:
    unprotect("rollout_centre", "simulated_centre")
    op.drop_table("rollout_centre")
    op.drop_index(op.f("ix_rollout_release_id"), table_name="rollout")
    op.drop_table("rollout")
    op.drop_index(op.f("ix_simulated_centre_simulation_id"), table_name="simulated_centre")
    op.drop_table("simulated_centre")
    op.drop_table("simulation")
