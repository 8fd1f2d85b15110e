"""How the envelope of a centre is shared over the three categories of the source."""

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from townhall.database import Base, TenantOwned


class BudgetLine(TenantOwned, Base):
    """The share of a category in basis points; amounts are derived (`townhall.budget.amounts`)."""

    __tablename__ = "budget_line"
    __table_args__ = (
        UniqueConstraint("unit_id", "category"),
        CheckConstraint("share BETWEEN 0 AND 10000", name="share_is_basis_points"),
    )

    unit_id: Mapped[str] = mapped_column(ForeignKey("centre.unit_id"), primary_key=True)
    category: Mapped[str] = mapped_column(String(30))
    share: Mapped[int]
    origin: Mapped[str] = mapped_column(Text)
