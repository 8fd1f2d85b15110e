"""Releases of template packs and overlays of counties: immutable once published, known by their content."""

import datetime as dt
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from townhall.database import Base


class Status(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class Release(Base):
    """One numbered version of a pack, stored whole (design, "State")."""

    __tablename__ = "release"
    __table_args__ = (
        UniqueConstraint("pack", "number"),
        CheckConstraint("status IN ('draft', 'published', 'withdrawn')", name="status_known"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    pack: Mapped[str] = mapped_column(String(60))
    number: Mapped[int]
    title: Mapped[str] = mapped_column(String(120))
    status: Mapped[str] = mapped_column(String(12))
    content_hash: Mapped[str] = mapped_column(String(64))
    content: Mapped[dict[str, Any]]
    published_at: Mapped[dt.datetime | None]


class CountyOverlay(Base):
    """One version of what a county adds or tightens, written on a release of the prefecture's (rule A1)."""

    __tablename__ = "county_overlay"
    __table_args__ = (UniqueConstraint("county_code", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    county_code: Mapped[str] = mapped_column(ForeignKey("unit.code"))
    release_id: Mapped[int] = mapped_column(ForeignKey("release.id"))
    version: Mapped[int]
    title: Mapped[str] = mapped_column(String(120))
    content_hash: Mapped[str] = mapped_column(String(64))
    content: Mapped[dict[str, Any]]
    published_at: Mapped[dt.datetime]

    # With every overlay: what it means on another release cannot be told without it.
    release: Mapped[Release] = relationship(lazy="joined", innerjoin=True)
