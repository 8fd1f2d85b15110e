"""Plain tables of the prefecture that centres look things up in. All of it is the host's, not a tenant's."""

import datetime as dt
from enum import StrEnum

from sqlalchemy import CheckConstraint, Date, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from townhall.database import Base


class DayKind(StrEnum):
    """What a day is against the calendar: a holiday, or a weekend day on which people work for one."""

    OFF = "off"
    WORK = "work"


class Holiday(Base):
    """A day that differs from the week's rhythm, and the notice that says so."""

    __tablename__ = "holiday"
    __table_args__ = (
        UniqueConstraint("date"),
        CheckConstraint("kind IN ('off', 'work')", name="kind_known"),
        CheckConstraint("length(name) > 0", name="name_given"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    date: Mapped[dt.date] = mapped_column(Date)
    kind: Mapped[str] = mapped_column(String(4))
    name: Mapped[str] = mapped_column(String(40))
    source: Mapped[str] = mapped_column(String(120))


class Supplier(Base):
    """A company or person that things are bought from. Who has left stays, inactive: old papers name it.

    `credit_code` is the unified social credit code (GB 32100), absent for whoever has none.
    """

    __tablename__ = "supplier"
    __table_args__ = (
        UniqueConstraint("name"),
        UniqueConstraint("credit_code"),
        CheckConstraint("length(name) > 0", name="name_given"),
        CheckConstraint("length(credit_code) = 18", name="credit_code_has_18_signs"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    credit_code: Mapped[str | None] = mapped_column(String(18))
    contact: Mapped[str] = mapped_column(String(40))
    phone: Mapped[str] = mapped_column(String(40))
    note: Mapped[str] = mapped_column(Text)
    active: Mapped[bool]
