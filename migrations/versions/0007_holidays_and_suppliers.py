"""holidays and suppliers, which the prefecture keeps for all

Must not hold a lock for long, must not break the release before it, and must go back.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "holiday",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.CheckConstraint("kind IN ('off', 'work')", name=op.f("ck_holiday_kind_known")),
        sa.CheckConstraint("length(name) > 0", name=op.f("ck_holiday_name_given")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holiday")),
        sa.UniqueConstraint("date", name=op.f("uq_holiday_date")),
    )
    op.create_table(
        "supplier",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("credit_code", sa.String(length=18), nullable=True),
        sa.Column("contact", sa.String(length=40), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.CheckConstraint("length(name) > 0", name=op.f("ck_supplier_name_given")),
        sa.CheckConstraint("length(credit_code) = 18", name=op.f("ck_supplier_credit_code_has_18_signs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplier")),
        sa.UniqueConstraint("credit_code", name=op.f("uq_supplier_credit_code")),
        sa.UniqueConstraint("name", name=op.f("uq_supplier_name")),
    )


def downgrade() -> None:
    op.drop_table("supplier")
    op.drop_table("holiday")
