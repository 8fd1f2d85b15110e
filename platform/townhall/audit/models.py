"""The audit: rows that are only ever added, each sealing the one before it (rule O1)."""

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from townhall.database import Base
from townhall.tenancy import Owned


class AuditRecord(Owned, Base):
    """One act on a unit. Each unit has a chain of its own, numbered from 1, so that units do not wait for each other.

    `changes` are lists of [section, key, field, before, after] in canonical form for configurations, and of
    ["", null, field, before, after] elsewhere. `digest` is the SHA-256 over everything else in the row, `previous`
    that of the row before, 64 zeros for the first.
    """

    __tablename__ = "audit_record"
    __table_args__ = (
        CheckConstraint("number >= 1", name="number_counts_from_one"),
        Index("ix_audit_record_at", "unit_id", "at"),
    )

    unit_id: Mapped[str] = mapped_column(ForeignKey("unit.code"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[dt.datetime]
    login: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(60))
    role: Mapped[str] = mapped_column(String(20))
    held: Mapped[str] = mapped_column(String(12))
    action: Mapped[str] = mapped_column(String(40))
    path: Mapped[str] = mapped_column(String(200))
    changes: Mapped[list[Any]]
    reason: Mapped[str] = mapped_column(Text)
    basis: Mapped[dict[str, Any]]
    correlation: Mapped[str] = mapped_column(String(32))
    previous: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))
