"""What a county is about to add to the prefecture's standard, before it is published."""

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from townhall.database import Base
from townhall.tenancy import Owned


class CountyDraft(Owned, Base):
    """The overlay that a county works on; `release_id` is the release that it is written on (rule A1)."""

    __tablename__ = "county_draft"

    unit_id: Mapped[str] = mapped_column(ForeignKey("unit.code"), primary_key=True)
    release_id: Mapped[int] = mapped_column(ForeignKey("release.id"))
    content: Mapped[dict[str, Any]]
    actor: Mapped[str] = mapped_column(String(60))
    updated_at: Mapped[dt.datetime]
