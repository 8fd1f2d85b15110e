"""A job: work that takes longer than a page may, done beside the web by whichever worker takes it first."""

import datetime as dt
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from townhall.database import Base
from townhall.tenancy import Owned


class State(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN = (State.WAITING, State.RUNNING)


class Job(Owned, Base):
    """What somebody asked for in a unit, and how far it has come: `done` of `total` steps.

    Work over many units belongs to the unit above them. `attempts` counts the takings and tells them apart: a worker
    that was thought dead writes nothing any more once another has taken its job. `leased_until` is when that may
    happen. `message` is why it failed, in Chinese; `result` is what it made. `login`, `name`, `role` and `held` are
    who asked, `correlation` the request or command in which that was.
    """

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'running', 'done', 'failed', 'cancelled')", name="state_known"),
        CheckConstraint("done >= 0 AND done <= total", name="progress_within"),
        CheckConstraint("(state = 'running') = (leased_until IS NOT NULL)", name="leased_while_running"),
        CheckConstraint("(state IN ('waiting', 'running')) = (ended_at IS NULL)", name="ended_when_not_open"),
        Index("ix_job_due", "state", "asked_at"),
        Index("ix_job_asked_at", "unit_id", "asked_at"),
    )

    unit_id: Mapped[str] = mapped_column(ForeignKey("unit.code"), primary_key=True)
    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    parameters: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(12))
    done: Mapped[int]
    total: Mapped[int]
    message: Mapped[str] = mapped_column(Text)
    result: Mapped[dict[str, Any]]
    login: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(60))
    role: Mapped[str] = mapped_column(String(20))
    held: Mapped[str] = mapped_column(String(12))
    correlation: Mapped[str] = mapped_column(String(32))
    attempts: Mapped[int]
    asked_at: Mapped[dt.datetime]
    started_at: Mapped[dt.datetime | None]
    leased_until: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]

    @property
    def open(self) -> bool:
        """Whether it still waits or runs."""
        return self.state in OPEN

    @property
    def percent(self) -> int:
        """How far it has come, 0 to 100."""
        return 100 * self.done // self.total if self.total else 0
