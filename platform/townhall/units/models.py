"""The tree 州 → 縣 → 鄉/鎮/街道 (→ 村/社區)."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from townhall.database import Base


class Level(StrEnum):
    PREFECTURE = "prefecture"
    COUNTY = "county"
    TOWNSHIP = "township"
    VILLAGE = "village"


class Unit(Base):
    """An administrative unit, known by its 12-digit statistics code; names repeat across the country, codes do not.

    Both scripts of the name are stored and never converted into each other. `budget_holder` differs from the
    unit itself for a 街道, which is no budget level of its own (domain 2.5).
    """

    __tablename__ = "unit"
    __table_args__ = (
        CheckConstraint("length(code) = 12", name="code_has_12_digits"),
        CheckConstraint("level IN ('prefecture', 'county', 'township', 'village')", name="level_known"),
    )

    code: Mapped[str] = mapped_column(String(12), primary_key=True)
    level: Mapped[str] = mapped_column(String(12), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(60))
    name_hans: Mapped[str] = mapped_column(String(60))
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("unit.code"), index=True)
    budget_holder: Mapped[str | None] = mapped_column(ForeignKey("unit.code"))
    ethnic: Mapped[str | None] = mapped_column(String(30))

    @property
    def short_code(self) -> str:
        """The nine digits that people use for a township."""
        return self.code[:9]
