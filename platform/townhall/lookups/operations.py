"""Verbs on the plain tables of the prefecture. They write and flush; the edge commits.

Each is recorded in the chain of the unit that keeps the tables, in the transaction of what it records.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from townhall.audit.act import Act
from townhall.audit.operations import record
from townhall.lookups.creditcode import is_credit_code, tidied
from townhall.lookups.models import DayKind, Holiday, Supplier

FIRST_YEAR, LAST_YEAR = 2000, 2100
LONGEST = {
    "holiday": {"name": 40, "source": 120},
    "supplier": {"name": 80, "contact": 40, "phone": 40, "note": 2000},
}
_SATURDAY = 5
_PHONE = re.compile(r"[0-9+()（）轉转、,，/ -]*")

NO_NAME = "名稱不得為空"
TOO_LONG = "內容過長，請縮短後再保存"
INVISIBLE = "內容含有不可見的控制字符，請刪去後再保存"
NO_YEAR = "日期須在 2000 年至 2100 年之間"
NO_WEEKEND = "調休上班的日期須為星期六或星期日"
DATE_TAKEN = "這一天已在節假日表中"
NO_CREDIT_CODE = "統一社會信用代碼有誤：須為 18 位，且最後一位校驗碼相符"
NAME_TAKEN = "已有同名的供應商"
CODE_TAKEN = "已有供應商使用這個統一社會信用代碼"
NO_PHONE = "電話只能含數字、空格和 + - ( ) / 、轉"


class EntryRefused(ValueError):
    """A row that cannot be accepted; the message says why in Chinese."""


@dataclass(frozen=True, slots=True)
class HolidayEntry:
    """What somebody says about a day."""

    date: dt.date
    kind: DayKind
    name: str
    source: str


@dataclass(frozen=True, slots=True)
class SupplierEntry:
    """What somebody says about a supplier; an empty code is none."""

    name: str
    credit_code: str | None
    contact: str
    phone: str
    note: str
    active: bool


def add_holiday(session: Session, act: Act, unit_id: str, entry: HolidayEntry) -> Holiday:
    """Put a day into the table. Raises `EntryRefused`."""
    values = _checked_holiday(session, entry, None)
    made = Holiday(**values)
    session.add(made)
    session.flush()
    _note(session, act, unit_id, "holiday.add", made, {}, values)
    return made


def change_holiday(session: Session, act: Act, unit_id: str, holiday: Holiday, entry: HolidayEntry) -> None:
    """Say something else about a day. Raises `EntryRefused`."""
    _change(session, act, unit_id, "holiday.change", holiday, _checked_holiday(session, entry, holiday.id))


def remove_holiday(session: Session, act: Act, unit_id: str, holiday: Holiday) -> None:
    """Take a day out of the table."""
    _remove(session, act, unit_id, "holiday.remove", holiday, ("date", "kind", "name", "source"))


def add_supplier(session: Session, act: Act, unit_id: str, entry: SupplierEntry) -> Supplier:
    """Put a supplier into the table. Raises `EntryRefused`."""
    values = _checked_supplier(session, entry, None)
    made = Supplier(**values)
    session.add(made)
    session.flush()
    _note(session, act, unit_id, "supplier.add", made, {}, values)
    return made


def change_supplier(
    session: Session, act: Act, unit_id: str, supplier: Supplier, entry: SupplierEntry
) -> None:
    """Say something else about a supplier. Raises `EntryRefused`."""
    _change(
        session, act, unit_id, "supplier.change", supplier, _checked_supplier(session, entry, supplier.id)
    )


def remove_supplier(session: Session, act: Act, unit_id: str, supplier: Supplier) -> None:
    """Take a supplier out of the table."""
    fields = ("name", "credit_code", "contact", "phone", "note", "active")
    _remove(session, act, unit_id, "supplier.remove", supplier, fields)


def _checked_holiday(session: Session, entry: HolidayEntry, own: int | None) -> dict[str, Any]:
    values = {"date": entry.date, "kind": entry.kind.value} | _texts("holiday", entry)
    if not FIRST_YEAR <= entry.date.year <= LAST_YEAR:
        raise EntryRefused(NO_YEAR)
    if entry.kind is DayKind.WORK and entry.date.weekday() < _SATURDAY:
        raise EntryRefused(NO_WEEKEND)
    _refuse_twin(session, Holiday.id, Holiday.date == entry.date, own, DATE_TAKEN)
    return values


def _checked_supplier(session: Session, entry: SupplierEntry, own: int | None) -> dict[str, Any]:
    code = tidied(entry.credit_code or "") or None
    values = _texts("supplier", entry) | {"credit_code": code, "active": entry.active}
    if not _PHONE.fullmatch(values["phone"]):
        raise EntryRefused(NO_PHONE)
    if code is not None and not is_credit_code(code):
        raise EntryRefused(NO_CREDIT_CODE)
    _refuse_twin(session, Supplier.id, Supplier.name == values["name"], own, NAME_TAKEN)
    if code is not None:
        _refuse_twin(session, Supplier.id, Supplier.credit_code == code, own, CODE_TAKEN)
    return values


def _texts(table: str, entry: HolidayEntry | SupplierEntry) -> dict[str, Any]:
    """The texts of an entry without white space around them."""
    texts = {field: getattr(entry, field).strip() for field in LONGEST[table]}
    if not texts["name"]:
        raise EntryRefused(NO_NAME)
    if any(len(text) > LONGEST[table][field] for field, text in texts.items()):
        raise EntryRefused(TOO_LONG)
    if any(not (sign.isprintable() or sign in "\n\u3000") for text in texts.values() for sign in text):
        raise EntryRefused(INVISIBLE)
    return texts


def _refuse_twin(session: Session, key: Any, same: Any, own: int | None, words: str) -> None:
    if any(found != own for found in session.scalars(select(key).where(same))):
        raise EntryRefused(words)


def _change(
    session: Session, act: Act, unit_id: str, action: str, row: Holiday | Supplier, values: dict[str, Any]
) -> None:
    before = {field: getattr(row, field) for field in values}
    if before == values:
        return
    for field, value in values.items():
        setattr(row, field, value)
    session.flush()
    _note(session, act, unit_id, action, row, before, values)


def _remove(
    session: Session, act: Act, unit_id: str, action: str, row: Holiday | Supplier, fields: tuple[str, ...]
) -> None:
    before = {field: getattr(row, field) for field in fields}
    session.delete(row)
    session.flush()
    _note(session, act, unit_id, action, row, before, {})


def _note(
    session: Session,
    act: Act,
    unit_id: str,
    action: str,
    row: Holiday | Supplier,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    named = {**after, **before}
    path = str(named["date"] if isinstance(row, Holiday) else named["name"])
    record(session, act, unit_id, action, path=path, changes=_differences(before, after))


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[list[Any]]:
    for field in {**before, **after}:
        old, new = _plain(before.get(field)), _plain(after.get(field))
        if old != new:
            yield ["", None, field, old, new]


def _plain(value: Any) -> Any:
    """A value as the audit keeps it."""
    return value.isoformat() if isinstance(value, dt.date) else value
