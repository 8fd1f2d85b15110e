"""Local accounts."""

import datetime as dt
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from townhall.database import Base
from townhall.units.models import Level


class Role(StrEnum):
    PREFECTURE_ADMIN = "prefecture_admin"
    COUNTY_OFFICER = "county_officer"
    TOWNSHIP_DIRECTOR = "township_director"
    BUDGET_OFFICER = "budget_officer"
    PRINT_OPERATOR = "printer"


# The level of the unit that a role is held at; roles that are not listed may be held anywhere.
LEVELS = {
    Role.PREFECTURE_ADMIN: Level.PREFECTURE,
    Role.COUNTY_OFFICER: Level.COUNTY,
    Role.TOWNSHIP_DIRECTOR: Level.TOWNSHIP,
}


class User(Base):
    """A person who signs in; sees the unit held and everything below it.

    `password_hash` is argon2id. `session_stamp` changes with the password and ends older sessions.
    """

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint(
            "role IN ('prefecture_admin', 'county_officer', 'township_director', 'budget_officer', 'printer')",
            name="role_known",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    role: Mapped[str] = mapped_column(String(20))
    unit_id: Mapped[str] = mapped_column(ForeignKey("unit.code"))
    password_hash: Mapped[str] = mapped_column(String(200))
    session_stamp: Mapped[str] = mapped_column(String(32))
    active: Mapped[bool]
    demonstration: Mapped[bool]
    created_at: Mapped[dt.datetime]
