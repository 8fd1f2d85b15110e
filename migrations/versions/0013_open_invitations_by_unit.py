"""an index for the open invitations of a range of units

Must not hold a lock for long, must not break the release before it, and must go back.

Revision ID: 0013
Revises: 0012
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_pass_unit_id"), "pass", ["unit_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_pass_unit_id"), table_name="pass")
