"""Holidays and suppliers: what is accepted, what is refused and why, what is recorded; on both databases."""

import datetime as dt
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tests.fixtures.standards import MOMENT
from townhall.audit.act import host_act
from townhall.audit.models import AuditRecord
from townhall.lookups import operations
from townhall.lookups.models import DayKind, Holiday, Supplier
from townhall.lookups.operations import EntryRefused, HolidayEntry, SupplierEntry
from townhall.units.models import Level, Unit

HOME = "522300000000"
ACT = host_act("測試", MOMENT)
DAY = HolidayEntry(dt.date(2026, 10, 1), DayKind.OFF, "國慶節", "通知（虛構）")
SUPPLIER = SupplierEntry("標識公司（虛構）", "91350100M000100Y43", "張三", "0000-1 轉 2", "備註\n兩行", True)


@pytest.fixture(autouse=True)
def home(session: Session) -> None:
    """The unit that keeps the tables, whose chain the acts go into."""
    session.add(Unit(code=HOME, level=Level.PREFECTURE, kind="州", name="州", name_hans="州"))
    session.flush()


def recorded(session: Session) -> list[tuple[str, str, list[list[object]]]]:
    found = session.scalars(select(AuditRecord).order_by(AuditRecord.number))
    return [(one.action, one.path, one.changes) for one in found]


def test_a_holiday_is_added_changed_and_removed_and_each_act_recorded(session: Session) -> None:
    made = operations.add_holiday(session, ACT, HOME, DAY)
    operations.change_holiday(session, ACT, HOME, made, replace(DAY, name=" 國慶 "))
    operations.change_holiday(session, ACT, HOME, made, replace(DAY, name="國慶"))
    operations.remove_holiday(session, ACT, HOME, made)
    assert session.scalars(select(Holiday)).all() == []
    added, changed, removed = recorded(session)
    assert added[:2] == ("holiday.add", "2026-10-01")
    assert ["", None, "date", None, "2026-10-01"] in added[2]
    assert changed == ("holiday.change", "2026-10-01", [["", None, "name", "國慶節", "國慶"]])
    assert ["", None, "name", "國慶", None] in removed[2]


def test_a_supplier_is_added_changed_and_removed_and_each_act_recorded(session: Session) -> None:
    made = operations.add_supplier(session, ACT, HOME, replace(SUPPLIER, credit_code=" 91350100m000100y43"))
    assert made.credit_code == SUPPLIER.credit_code
    operations.change_supplier(session, ACT, HOME, made, replace(SUPPLIER, credit_code="", active=False))
    assert (made.credit_code, made.active) == (None, False)
    operations.remove_supplier(session, ACT, HOME, made)
    assert [action for action, _, _ in recorded(session)] == [
        *("supplier.add", "supplier.change", "supplier.remove")
    ]


def test_suppliers_without_a_code_stand_side_by_side(session: Session) -> None:
    for name in ("甲", "乙"):
        operations.add_supplier(session, ACT, HOME, replace(SUPPLIER, name=name, credit_code=None))
    assert len(session.scalars(select(Supplier)).all()) == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "  "}, operations.NO_NAME),
        ({"name": "字" * 41}, operations.TOO_LONG),
        ({"source": "a\x00b"}, operations.INVISIBLE),
        ({"date": dt.date(1999, 12, 31)}, operations.NO_YEAR),
        ({"date": dt.date(2101, 1, 1)}, operations.NO_YEAR),
        ({"kind": DayKind.WORK}, operations.NO_WEEKEND),
        ({"name": "又一個"}, operations.DATE_TAKEN),
    ],
)
def test_a_holiday_is_refused_with_its_reason(
    session: Session, changes: dict[str, object], words: str
) -> None:
    operations.add_holiday(session, ACT, HOME, DAY)
    with pytest.raises(EntryRefused, match=words[:8]):
        operations.add_holiday(session, ACT, HOME, replace(DAY, **changes))  # type: ignore[arg-type]
    assert len(recorded(session)) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, operations.NO_NAME),
        ({"credit_code": "91350100M000100Y44"}, operations.NO_CREDIT_CODE),
        ({"phone": "打給我"}, operations.NO_PHONE),
        ({"note": "長" * 2001}, operations.TOO_LONG),
        ({"contact": "a\x07"}, operations.INVISIBLE),
        ({"credit_code": None}, operations.NAME_TAKEN),
        ({"name": "別的公司"}, operations.CODE_TAKEN),
    ],
)
def test_a_supplier_is_refused_with_its_reason(
    session: Session, changes: dict[str, object], words: str
) -> None:
    operations.add_supplier(session, ACT, HOME, SUPPLIER)
    with pytest.raises(EntryRefused, match=words[:8]):
        operations.add_supplier(session, ACT, HOME, replace(SUPPLIER, **changes))  # type: ignore[arg-type]
    assert len(recorded(session)) == 1


@pytest.mark.parametrize(
    "row",
    [
        lambda: Holiday(date=DAY.date, kind="rest", name="甲", source=""),
        lambda: Holiday(date=DAY.date, kind="off", name="", source=""),
        lambda: Supplier(name="", credit_code=None, contact="", phone="", note="", active=True),
        lambda: Supplier(name="甲", credit_code="9135", contact="", phone="", note="", active=True),
    ],
)
def test_the_database_refuses_it_too(session: Session, row: object) -> None:
    session.add(row())  # type: ignore[operator]
    with pytest.raises(IntegrityError):
        session.flush()
