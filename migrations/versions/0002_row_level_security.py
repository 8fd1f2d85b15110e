"""row-level security on every table of a tenant

Must not hold a lock for long, must not break the release before it, and must go back.

Revision ID: 0002
Revises: 0001
"""

from migrations.row_security import protect, unprotect

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = (
    *("centre", "revision", "window", "service_item", "zone", "hall_object"),
    *("wall_slot", "sign", "fixture", "regime", "post", "budget_line"),
)


def upgrade() -> None:
    protect(*TABLES)


def downgrade() -> None:
    unprotect(*TABLES)
