"""What the documents of a centre say now, so that whoever hangs them up learns which have changed."""

import datetime as dt

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from townhall.database import Base
from townhall.tenancy import Owned


class Paper(Owned, Base):
    """One document of a centre in one script: the hash of what it says, and a number that rises with it (rule N1).

    `identity` is that of its order. `digest` is None once the centre has no such document any more. `revision` and
    `changed_at` are those at which it was found to say so: of several changes followed at once the last.
    """

    __tablename__ = "paper"

    unit_id: Mapped[str] = mapped_column(ForeignKey("centre.unit_id"), primary_key=True)
    identity: Mapped[str] = mapped_column(String(200), primary_key=True)
    digest: Mapped[str | None] = mapped_column(String(64))
    number: Mapped[int]
    revision: Mapped[int]
    changed_at: Mapped[dt.datetime]
