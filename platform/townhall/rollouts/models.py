"""Simulations of releases and their rollouts in waves, each with a line for every centre (rules J1 to J7)."""

import datetime as dt
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from townhall.database import Base
from townhall.tenancy import Owned


class Simulation(Base):
    """The newest simulation of a release over the whole fleet (rule J6).

    `content_hash` is the content of the release that was simulated. `ended_at` is None while it runs, or when it
    was broken off; `total` counts the centres it is about. `places` counts, for each place that the release
    touches anywhere, the centres by reason code.
    """

    __tablename__ = "simulation"
    __table_args__ = (UniqueConstraint("release_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    release_id: Mapped[int] = mapped_column(ForeignKey("release.id", ondelete="CASCADE"))
    content_hash: Mapped[str] = mapped_column(String(64))
    total: Mapped[int]
    places: Mapped[dict[str, Any]]
    actor: Mapped[str] = mapped_column(String(60))
    started_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]


class SimulatedCentre(Owned, Base):
    """What a simulation found for one centre.

    `revision` and `overlay_id` are what it rests on besides the release. `counts` counts the plan's actions by
    reason code, `findings` lists the reasons of findings that block, `guard` why somebody must say why (rule H7).
    `fault` is why nothing could be computed (rule J7).
    """

    __tablename__ = "simulated_centre"

    unit_id: Mapped[str] = mapped_column(ForeignKey("unit.code"), primary_key=True)
    simulation_id: Mapped[int] = mapped_column(
        ForeignKey("simulation.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    revision: Mapped[int]
    overlay_id: Mapped[int | None] = mapped_column(ForeignKey("county_overlay.id"))
    plan_hash: Mapped[str | None] = mapped_column(String(64))
    counts: Mapped[dict[str, Any]]
    findings: Mapped[list[Any]]
    guard: Mapped[list[Any]]
    fault: Mapped[str | None] = mapped_column(Text)


class RolloutState(StrEnum):
    """`HALTED` keeps what was applied; `SUPERSEDED` ends a rollout before its end, on purpose (rule J5)."""

    RUNNING = "running"
    HALTED = "halted"
    COMPLETED = "completed"
    SUPERSEDED = "superseded"


OPEN = (RolloutState.RUNNING, RolloutState.HALTED)


class Rollout(Base):
    """A published release on its way through the fleet of a prefecture, wave by wave.

    `waves` are names, selectors and parallel centres of each wave; `wave` is the one that is open, 0 before the
    first. It halts when more than `max_failed` centres fail, when a centre has more than `max_open` open conflicts,
    or on a blocking finding that the simulation did not foresee (rule J3). `force` is why centres that are changed
    unusually far are to be changed (rule H7). `message` says in Chinese why it halted.
    """

    __tablename__ = "rollout"
    __table_args__ = (
        CheckConstraint("state IN ('running', 'halted', 'completed', 'superseded')", name="state_known"),
        CheckConstraint("(state IN ('running', 'halted')) = (ended_at IS NULL)", name="ended_when_not_open"),
        CheckConstraint("wave >= 0 AND max_failed >= 0 AND max_open >= 0", name="counts_not_negative"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    release_id: Mapped[int] = mapped_column(ForeignKey("release.id"), index=True)
    prefecture_code: Mapped[str] = mapped_column(ForeignKey("unit.code"))
    state: Mapped[str] = mapped_column(String(12))
    wave: Mapped[int]
    waves: Mapped[list[Any]]
    max_failed: Mapped[int]
    max_open: Mapped[int]
    force: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(String(60))
    started_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]


class Progress(StrEnum):
    """How far one centre is in a rollout; all but `WAITING` are ends (rule J2)."""

    WAITING = "waiting"
    APPLIED = "applied"
    SKIPPED = "skipped"
    FAILED = "failed"
    TAKEN_BACK = "taken_back"


class RolloutCentre(Owned, Base):
    """One centre of a rollout, chosen when it began (rule J4).

    `revision` is the revision that this rollout made, None where the centre had the release already; `opened` are
    its open conflicts afterwards. `reason` says in Chinese why it was skipped or failed.
    """

    __tablename__ = "rollout_centre"
    __table_args__ = (
        CheckConstraint(
            "progress IN ('waiting', 'applied', 'skipped', 'failed', 'taken_back')", name="progress_known"
        ),
        Index("ix_rollout_centre_rollout_id", "rollout_id", "wave", "progress"),
    )

    unit_id: Mapped[str] = mapped_column(ForeignKey("unit.code"), primary_key=True)
    rollout_id: Mapped[int] = mapped_column(ForeignKey("rollout.id"), primary_key=True)
    wave: Mapped[int]
    progress: Mapped[str] = mapped_column(String(12))
    revision: Mapped[int | None]
    opened: Mapped[int]
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[dt.datetime | None]
