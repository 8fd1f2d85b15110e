"""People who sign in, what they hold, and the sessions that prove it. All of it is the host's, not a tenant's."""

import datetime as dt
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from townhall.database import Base
from townhall.units.models import Unit


class Role(StrEnum):
    """What somebody is in a unit; the rights of each stand in `rights.RIGHTS`."""

    PREFECTURE_ADMIN = "prefecture_admin"
    COUNTY_OFFICER = "county_officer"
    TOWNSHIP_DIRECTOR = "township_director"
    WINDOW_CLERK = "window_clerk"
    BUDGET_PREPARER = "budget_preparer"
    BUDGET_APPROVER = "budget_approver"
    PAYER = "payer"
    PRINT_OPERATOR = "print_operator"
    AUDITOR = "auditor"


_ROLES = ", ".join(f"'{role.value}'" for role in Role)


class User(Base):
    """A person who signs in, by password (`password_hash`, argon2id), through an identity provider, or both.

    `must_change` asks for another password at the next sign-in. `totp_secret` is the base32 seed of the second
    factor, `totp_step` the last 30-second step that was used, so that no code works twice.
    """

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    must_change: Mapped[bool]
    totp_secret: Mapped[str | None] = mapped_column(String(64))
    totp_step: Mapped[int | None] = mapped_column(BigInteger)
    active: Mapped[bool]
    demonstration: Mapped[bool]
    created_at: Mapped[dt.datetime]
    memberships: Mapped[list["Membership"]] = relationship(
        back_populates="user", order_by="Membership.id", cascade="all, delete-orphan"
    )


class Membership(Base):
    """A role held in a unit and, by it, in everything below."""

    __tablename__ = "membership"
    __table_args__ = (
        UniqueConstraint("user_id", "role", "unit_id"),
        CheckConstraint(f"role IN ({_ROLES})", name="role_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    role: Mapped[str] = mapped_column(String(20))
    unit_id: Mapped[str] = mapped_column(ForeignKey("unit.code"), index=True)
    granted_at: Mapped[dt.datetime]
    granted_by: Mapped[str] = mapped_column(String(60))
    user: Mapped[User] = relationship(back_populates="memberships")
    unit: Mapped[Unit] = relationship(viewonly=True)


class Identity(Base):
    """An account at an identity provider, known by issuer and subject and never by an address of mail."""

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))


class LoginSession(Base):
    """One sign-in on one device. The browser holds a random token, the database its SHA-256 only.

    It is dead once `ended_at` is set or `expires_at` has passed, wherever copies of the cookie lie.
    `confirmed` is false between the password and the second factor. `provider_sid` and `id_token` are what an
    identity provider needs to end it from its side.
    """

    __tablename__ = "login_session"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    membership_id: Mapped[int | None] = mapped_column(ForeignKey("membership.id", ondelete="SET NULL"))
    confirmed: Mapped[bool]
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]
    address: Mapped[str] = mapped_column(String(60))
    agent: Mapped[str] = mapped_column(String(200))
    provider_sid: Mapped[str | None] = mapped_column(String(255), index=True)
    id_token: Mapped[str | None] = mapped_column(Text)


class Pass(Base):
    """A link that works once: to join with a role in a unit, or to set the password of `user_id` anew.

    The link holds a random token, the database its SHA-256 only.
    """

    __tablename__ = "pass"
    __table_args__ = (CheckConstraint("(user_id IS NULL) <> (role IS NULL)", name="one_purpose"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    role: Mapped[str | None] = mapped_column(String(20))
    unit_id: Mapped[str] = mapped_column(ForeignKey("unit.code"), index=True)
    created_at: Mapped[dt.datetime]
    created_by: Mapped[str] = mapped_column(String(60))
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]


class RecoveryCode(Base):
    """One of the codes that stand in for a lost second factor, each of them once; only its SHA-256 is kept."""

    __tablename__ = "recovery_code"

    user_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    used_at: Mapped[dt.datetime | None]


class SpentToken(Base):
    """A logout token of an identity provider that was acted on, by the SHA-256 of issuer and `jti`: none works twice."""

    __tablename__ = "spent_token"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[dt.datetime] = mapped_column(index=True)


class Attempt(Base):
    """How often something secret was tried in vain until `expires_at`, by the SHA-256 of what and whose."""

    __tablename__ = "attempt"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int]
    expires_at: Mapped[dt.datetime] = mapped_column(index=True)
