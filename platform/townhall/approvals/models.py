"""A step that takes two people: one proposes, another approves or returns it with a comment."""

import datetime as dt
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from townhall.database import Base
from townhall.tenancy import Owned


class Verdict(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"


class Approval(Owned, Base):
    """A proposal about a unit: what kind, with which `content`, why, and what came of it.

    `proposer` and `decider` are logins and always two; `stamp` is what the proposal rests on (a content hash),
    empty where it rests on nothing that can change.
    """

    __tablename__ = "approval"
    __table_args__ = (
        CheckConstraint("verdict IN ('pending', 'approved', 'returned', 'withdrawn')", name="verdict_known"),
        CheckConstraint("decider IS NULL OR decider <> proposer OR verdict = 'withdrawn'", name="two_people"),
        CheckConstraint("(verdict = 'pending') = (decided_at IS NULL)", name="decided_when_not_pending"),
        Index("ix_approval_verdict", "unit_id", "verdict"),
    )

    unit_id: Mapped[str] = mapped_column(ForeignKey("unit.code"), primary_key=True)
    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    content: Mapped[dict[str, Any]]
    stamp: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(Text)
    proposer: Mapped[str] = mapped_column(String(60))
    proposer_name: Mapped[str] = mapped_column(String(60))
    proposed_at: Mapped[dt.datetime]
    verdict: Mapped[str] = mapped_column(String(12))
    decider: Mapped[str | None] = mapped_column(String(60))
    decider_name: Mapped[str | None] = mapped_column(String(60))
    decided_at: Mapped[dt.datetime | None]
    comment: Mapped[str | None] = mapped_column(Text)
