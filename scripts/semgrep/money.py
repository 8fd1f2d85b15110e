import sqlalchemy
from sqlalchemy import BigInteger, Numeric
from sqlalchemy.orm import Mapped, mapped_column


# ruleid: money-in-floats
def yuan(fen: int) -> float:
    # ruleid: money-in-floats
    return fen / 100


def share(envelope: int, part: int) -> int:
    # ruleid: money-in-floats
    exact = float(envelope)
    # ruleid: money-in-floats
    exact /= part
    # ruleid: money-in-floats
    whole = round(exact)
    # ok: money-in-floats
    return whole or envelope // part


# ruleid: money-in-floats
def paid(amount: float) -> None: ...


class Entry:
    # ruleid: money-in-floats, float-column
    amount: Mapped[float] = mapped_column()
    # ruleid: float-column
    due: Mapped[int] = mapped_column(Numeric(12, 2))
    # ruleid: float-column
    left: Mapped[int] = mapped_column(sqlalchemy.Float)
    # ok: float-column, money-in-floats
    fen: Mapped[int] = mapped_column(BigInteger)
