"""The pictures of a centre, as we painted them anew: the map of how to get there, and what the house looks like."""

import datetime as dt
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, deferred, mapped_column

from townhall.database import Base, TenantOwned


class PictureKind(StrEnum):
    """What a picture shows; the value is its key, a centre has one of each at most."""

    MAP = "map"
    PHOTO = "photo"


class Picture(TenantOwned, Base):
    """A picture of a centre; `digest` is the SHA-256 of its bytes, `width` and `height` are pixels."""

    __tablename__ = "picture"
    __table_args__ = (
        CheckConstraint("key IN ('map', 'photo')", name="key_known"),
        CheckConstraint("mime IN ('image/png', 'image/jpeg')", name="mime_known"),
        CheckConstraint("length(data) BETWEEN 1 AND 1000000", name="data_bounded"),
        CheckConstraint("width BETWEEN 1 AND 1600 AND height BETWEEN 1 AND 1600", name="size_bounded"),
        CheckConstraint("length(digest) = 64", name="digest_whole"),
    )

    unit_id: Mapped[str] = mapped_column(ForeignKey("centre.unit_id"), primary_key=True)
    mime: Mapped[str] = mapped_column(String(10))
    width: Mapped[int]
    height: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    placed_at: Mapped[dt.datetime]
    # Read when it is shown or printed, not by whoever only asks whether there is one.
    data: Mapped[bytes] = deferred(mapped_column(LargeBinary, nullable=False))
