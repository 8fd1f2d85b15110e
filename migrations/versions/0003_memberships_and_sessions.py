"""memberships, sign-ins, identities, passes and recovery codes

Must not hold a lock for long, must not break the release before it, and must go back. Going back keeps each
account's first role; accounts without one or without a password, and roles that release did not know, are lost.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ROLES = (
    *("prefecture_admin", "county_officer", "township_director", "window_clerk"),
    *("budget_preparer", "budget_approver", "payer", "print_operator", "auditor"),
)
BEFORE = ("prefecture_admin", "county_officer", "township_director", "budget_officer", "printer")


def _listed(roles: tuple[str, ...]) -> str:
    return "role IN ({})".format(", ".join(f"'{role}'" for role in roles))


def upgrade() -> None:
    op.create_table(
        "membership",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("unit_id", sa.String(length=12), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("granted_by", sa.String(length=60), nullable=False),
        sa.CheckConstraint(_listed(ROLES), name=op.f("ck_membership_role_known")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.code"], name=op.f("fk_membership_unit_id_unit")),
        sa.ForeignKeyConstraint(["user_id"], ["account.id"], name=op.f("fk_membership_user_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
        sa.UniqueConstraint("user_id", "role", "unit_id", name=op.f("uq_membership_user_id_role_unit_id")),
    )
    op.create_index(op.f("ix_membership_unit_id"), "membership", ["unit_id"])
    op.create_index(op.f("ix_membership_user_id"), "membership", ["user_id"])
    op.execute(
        "INSERT INTO membership (user_id, role, unit_id, granted_at, granted_by) "
        "SELECT id, CASE role WHEN 'budget_officer' THEN 'budget_preparer' WHEN 'printer' THEN 'print_operator' "
        "ELSE role END, unit_id, created_at, 'migration' FROM account"
    )
    op.create_table(
        "identity",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["account.id"], name=op.f("fk_identity_user_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_identity_issuer_subject")),
    )
    op.create_index(op.f("ix_identity_user_id"), "identity", ["user_id"])
    op.create_table(
        "login_session",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("membership_id", sa.Integer(), nullable=True),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("address", sa.String(length=60), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.Column("provider_sid", sa.String(length=255), nullable=True),
        sa.Column("id_token", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["membership_id"],
            ["membership.id"],
            name=op.f("fk_login_session_membership_id_membership"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["account.id"], name=op.f("fk_login_session_user_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_session")),
    )
    op.create_index(op.f("ix_login_session_provider_sid"), "login_session", ["provider_sid"])
    op.create_index(op.f("ix_login_session_user_id"), "login_session", ["user_id"])
    op.create_table(
        "pass",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("role", sa.String(length=20), nullable=True),
        sa.Column("unit_id", sa.String(length=12), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=60), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(user_id IS NULL) <> (role IS NULL)", name=op.f("ck_pass_one_purpose")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.code"], name=op.f("fk_pass_unit_id_unit")),
        sa.ForeignKeyConstraint(["user_id"], ["account.id"], name=op.f("fk_pass_user_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pass")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["account.id"], name=op.f("fk_recovery_code_user_id_account")),
        sa.PrimaryKeyConstraint("user_id", "digest", name=op.f("pk_recovery_code")),
    )
    with op.batch_alter_table("account") as batch:
        batch.drop_constraint(op.f("ck_account_role_known"), type_="check")
        batch.drop_constraint(op.f("fk_account_unit_id_unit"), type_="foreignkey")
        batch.drop_column("role")
        batch.drop_column("unit_id")
        batch.drop_column("session_stamp")
        batch.alter_column("password_hash", existing_type=sa.String(length=200), nullable=True)
        batch.add_column(sa.Column("must_change", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column("totp_secret", sa.String(length=64), nullable=True))
        batch.add_column(sa.Column("totp_step", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("account") as batch:
        batch.alter_column("must_change", existing_type=sa.Boolean(), server_default=None)


def downgrade() -> None:
    op.execute("DELETE FROM recovery_code")
    first = "(SELECT min(m.id) FROM membership m WHERE m.user_id = account.id)"
    lost = f"SELECT id FROM account WHERE password_hash IS NULL OR {first} IS NULL"  # nosec B608 # every name is written here
    for table in ("login_session", "pass", "identity", "membership"):
        op.execute(f"DELETE FROM {table} WHERE user_id IN ({lost})")  # nosec B608 # every name is written here
    op.execute(f"DELETE FROM account WHERE id IN ({lost})")  # nosec B608 # every name is written here
    with op.batch_alter_table("account") as batch:
        batch.add_column(sa.Column("role", sa.String(length=20), nullable=True))
        batch.add_column(sa.Column("unit_id", sa.String(length=12), nullable=True))
        batch.add_column(sa.Column("session_stamp", sa.String(length=32), nullable=True))
    op.execute(
        "UPDATE account SET session_stamp = '', "  # nosec B608 # every name is written here
        f"unit_id = (SELECT unit_id FROM membership WHERE id = {first}), "
        "role = (SELECT CASE role WHEN 'budget_preparer' THEN 'budget_officer' "
        "WHEN 'budget_approver' THEN 'budget_officer' WHEN 'payer' THEN 'budget_officer' "
        "WHEN 'auditor' THEN 'budget_officer' WHEN 'print_operator' THEN 'printer' "
        f"WHEN 'window_clerk' THEN 'printer' ELSE role END FROM membership WHERE id = {first})"
    )
    with op.batch_alter_table("account") as batch:
        batch.alter_column("role", existing_type=sa.String(length=20), nullable=False)
        batch.alter_column("unit_id", existing_type=sa.String(length=12), nullable=False)
        batch.alter_column("session_stamp", existing_type=sa.String(length=32), nullable=False)
        batch.alter_column("password_hash", existing_type=sa.String(length=200), nullable=False)
        batch.create_check_constraint(op.f("ck_account_role_known"), _listed(BEFORE))
        batch.create_foreign_key(op.f("fk_account_unit_id_unit"), "unit", ["unit_id"], ["code"])
        batch.drop_column("totp_step")
        batch.drop_column("totp_secret")
        batch.drop_column("must_change")
    for table in ("recovery_code", "pass", "login_session", "identity", "membership"):
        op.drop_table(table)
