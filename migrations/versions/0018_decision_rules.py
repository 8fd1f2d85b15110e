"""rules that decide

Must not hold a lock for long, must not break the release before it, and must go back.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "decision_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_code", sa.String(length=12), nullable=False),
        sa.Column("path", sa.String(length=160), nullable=False),
        sa.Column("choice", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("choice IN ('留本地', '用模板')", name=op.f("ck_decision_rule_choice_known")),
        sa.ForeignKeyConstraint(["unit_code"], ["unit.code"], name=op.f("fk_decision_rule_unit_code_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision_rule")),
    )
    op.create_index(op.f("ix_decision_rule_unit_code"), "decision_rule", ["unit_code"])


def downgrade() -> None:
    op.drop_index(op.f("ix_decision_rule_unit_code"), table_name="decision_rule")
    op.drop_table("decision_rule")
