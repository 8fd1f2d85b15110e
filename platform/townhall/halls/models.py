"""What stands in the hall and hangs on its walls; all measures in millimetres."""

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from townhall.database import Base, TenantOwned


class Zone(TenantOwned, Base):
    """A functional area of the hall."""

    __tablename__ = "zone"

    unit_id: Mapped[str] = mapped_column(ForeignKey("centre.unit_id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    x: Mapped[int]
    y: Mapped[int]
    width: Mapped[int]
    depth: Mapped[int]


class HallObject(TenantOwned, Base):
    """A thing that stands in the hall."""

    __tablename__ = "hall_object"

    unit_id: Mapped[str] = mapped_column(ForeignKey("centre.unit_id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(60))
    x: Mapped[int]
    y: Mapped[int]
    width: Mapped[int]
    depth: Mapped[int]
    zone: Mapped[str | None] = mapped_column(String(80))
    window: Mapped[str | None] = mapped_column(String(80))
    fixture: Mapped[str | None] = mapped_column(String(80))


class WallSlot(TenantOwned, Base):
    """A place on a wall for paper."""

    __tablename__ = "wall_slot"

    unit_id: Mapped[str] = mapped_column(ForeignKey("centre.unit_id"), primary_key=True)
    wall: Mapped[str] = mapped_column(String(8))
    offset: Mapped[int]
    bottom: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    shows: Mapped[str | None] = mapped_column(Text)
