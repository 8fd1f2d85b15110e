"""Townships that have ended, and who has taken their place: asked by everybody who is given a code (rule P3)."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, String, Text, exists, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from townhall.database import Base
from townhall.units.models import Unit


class Succession(Base):
    """One successor of a township that has ended; one that was split has several, the primary one first.

    `ended_on` is the day from which the successor answers for it, `plan` the hash of the plan that was carried
    out, `revision` that of the successor which took over.
    """

    __tablename__ = "succession"
    __table_args__ = (
        CheckConstraint("act IN ('merge', 'split')", name="act_known"),
        CheckConstraint("code <> successor", name="two_units"),
    )

    code: Mapped[str] = mapped_column(ForeignKey("unit.code"), primary_key=True)
    successor: Mapped[str] = mapped_column(ForeignKey("unit.code"), primary_key=True, index=True)
    place: Mapped[int]
    act: Mapped[str] = mapped_column(String(5))
    ended_on: Mapped[dt.date]
    note: Mapped[str] = mapped_column(Text)
    plan: Mapped[str] = mapped_column(String(64))
    revision: Mapped[int]
    created_at: Mapped[dt.datetime]


@dataclass(frozen=True)
class Ended:
    """A township that is no more; `successors` begin with the primary one, `further` are those of them that have
    ended themselves since.
    """

    unit: Unit
    act: str
    ended_on: dt.date
    note: str
    successors: tuple[Unit, ...]
    further: tuple["Ended", ...] = ()

    @property
    def living(self) -> tuple[Unit, ...]:
        """Who answers for it now, through all that has happened since."""
        gone = {one.unit.code: one for one in self.further}
        found = [
            unit
            for heir in self.successors
            for unit in (gone[heir.code].living if heir.code in gone else (heir,))
        ]
        return tuple({unit.code: unit for unit in found}.values())

    @property
    def sentence(self) -> str:
        """What happened to it, in Chinese, with codes and names of those who answer for it now."""
        heirs = "、".join(f"{one.short_code} {one.name}" for one in self.successors)
        day = f"{self.ended_on.year}年{self.ended_on.month}月{self.ended_on.day}日"
        verb = "併入" if self.act == "merge" else "分設為"
        own = f"{self.unit.short_code} {self.unit.name}已於{day}{verb} {heirs}"
        return "；".join((own, *(one.sentence for one in self.further)))


class UnitEnded(LookupError):
    """A code of a township that has ended where one is wanted that still works; names the successor."""


def ended(session: Session, code: str) -> Ended | None:
    """How a township of a 12-digit code ended, None while it has not."""
    return ended_among(session, [code]).get(code)


def ended_among(session: Session, codes: Iterable[str]) -> dict[str, Ended]:
    """Which of some townships have ended, by code."""
    rows: dict[str, list[tuple[Succession, Unit]]] = {}
    wanted = sorted(codes)
    for start in range(0, len(wanted), 500):
        chosen = (
            select(Succession, Unit)
            .join(Unit, Unit.code == Succession.successor)
            .where(Succession.code.in_(wanted[start : start + 500]))
            .order_by(Succession.code, Succession.place)
        )
        for row, heir in session.execute(chosen):
            rows.setdefault(row.code, []).append((row, heir))
    heirs = {heir.code for found in rows.values() for _, heir in found}
    further = ended_among(session, heirs) if heirs else {}
    return {code: _ended(session.get_one(Unit, code), found, further) for code, found in rows.items()}


def _ended(unit: Unit, found: list[tuple[Succession, Unit]], further: dict[str, Ended]) -> Ended:
    row, heirs = found[0][0], tuple(heir for _, heir in found)
    since = tuple(further[heir.code] for heir in heirs if heir.code in further)
    return Ended(unit, row.act, row.ended_on, row.note, heirs, since)


def ended_fault(session: Session, code: str) -> str | None:
    """Why nothing new may be done in a township, in Chinese, or None while it has not ended."""
    found = ended(session, code)
    return f"{found.sentence}；原單位只可查閱" if found else None


def still_there() -> ColumnElement[bool]:
    """The condition on `Unit` for not having ended."""
    return ~exists().where(Succession.code == Unit.code)


def taken_over(session: Session, code: str, revision: int) -> bool:
    """Whether a township took another's place with a revision."""
    chosen = select(Succession.code).where(Succession.successor == code, Succession.revision == revision)
    return session.scalars(chosen.limit(1)).first() is not None
