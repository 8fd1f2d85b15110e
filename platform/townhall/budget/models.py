"""How the envelope of a centre is shared over the three categories of the source."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from townhall.database import Base, TenantOwned


class BudgetLine(TenantOwned, Base):
    """The share of a category in basis points; amounts are derived (`townhall.budget.amounts`).

    `amount` is the part in fen where a merger or a split of townships has fixed it.
    """

    __tablename__ = "budget_line"
    __table_args__ = (
        UniqueConstraint("unit_id", "category"),
        CheckConstraint("share BETWEEN 0 AND 10000", name="share_is_basis_points"),
        CheckConstraint("amount >= 0", name="amount_not_negative"),
    )

    unit_id: Mapped[str] = mapped_column(ForeignKey("centre.unit_id"), primary_key=True)
    category: Mapped[str] = mapped_column(String(30))
    share: Mapped[int]
    origin: Mapped[str] = mapped_column(Text)
    amount: Mapped[int | None] = mapped_column(BigInteger)
