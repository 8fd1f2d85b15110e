"""Verbs on the tree of units. They write and flush; the edge commits."""

import re
from collections.abc import Iterable, Iterator

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from provisioning.specs import Header, Place, UnitKind
from townhall.tenancy import scope_of
from townhall.units.models import Level, Unit
from townhall.units.sheet import CellFault, SheetInvalid, Township
from townhall.units.succession import UnitEnded, ended, ended_among, still_there

_CODE = re.compile(r"[0-9]{6}(?:[0-9]{3}){0,2}")


def full_code(code: str) -> str:
    """A code of 6, 9 or 12 digits as the 12 digits that identify a unit.

    Raises `LookupError` for anything else: a digit lost must not select what lies above.
    """
    if not _CODE.fullmatch(code):
        raise LookupError(f"代碼「{code[:40]}」應為 6、9 或 12 位數字")
    return code.ljust(12, "0")


def ensure_units(session: Session, header: Header, townships: Iterable[Township], file: str) -> list[Unit]:
    """Create what is missing of prefecture, counties and townships; gives the townships in the sheet's order.

    Raises `SheetInvalid` when a row names a county that the pack does not know, or a township that has ended;
    then nothing is created.
    A unit that exists is left as it is: renaming a place is an act of its own, not a side effect of an import.
    """
    wanted = list(townships)
    _refuse_unknown_counties(header, wanted, file)
    _refuse_ended(session, wanted, file)
    codes = {full_code(header.prefecture.code)} | {full_code(county.code) for county in header.counties}
    standing = _standing(session, codes | {township.code for township in wanted})
    for unit in (*_upper(header), *map(_township, wanted)):
        if unit.code not in standing:
            session.add(unit)
            standing[unit.code] = unit
    session.flush()
    return [standing[township.code] for township in wanted]


def _refuse_unknown_counties(header: Header, townships: list[Township], file: str) -> None:
    known = {county.code: county for county in header.counties}
    faults = [fault for township in townships for fault in _county_faults(known, township, file)]
    if faults:
        raise SheetInvalid(faults)


def _refuse_ended(session: Session, townships: list[Township], file: str) -> None:
    gone = ended_among(session, [township.code for township in townships])
    faults = [
        CellFault(file, township.line, "code", f"{gone[township.code].sentence}，請改用後者的代碼")
        for township in townships
        if township.code in gone
    ]
    if faults:
        raise SheetInvalid(faults)


def _county_faults(known: dict[str, Place], township: Township, file: str) -> Iterator[CellFault]:
    county = known.get(township.county_code)
    if county is None:
        text = f"模板包中沒有代碼為 {township.county_code} 的縣（市）"
        yield CellFault(file, township.line, "county_code", text)
    elif township.county and township.county not in (county.name, county.name_hans):
        text = f"代碼 {township.county_code} 是{county.name}，表中寫的是「{township.county}」"
        yield CellFault(file, township.line, "county", text)


def _standing(session: Session, codes: set[str]) -> dict[str, Unit]:
    ordered, found = sorted(codes), {}
    for start in range(0, len(ordered), 500):
        chosen = select(Unit).where(Unit.code.in_(ordered[start : start + 500]))
        found.update({unit.code: unit for unit in session.scalars(chosen)})
    return found


def _upper(header: Header) -> Iterator[Unit]:
    prefecture = header.prefecture
    yield _place(prefecture, Level.PREFECTURE, None)
    for county in header.counties:
        yield _place(county, Level.COUNTY, prefecture.code)


def _place(place: Place, level: Level, parent: str | None) -> Unit:
    code = full_code(place.code)
    return Unit(
        code=code,
        level=level.value,
        kind=place.name[-1],
        name=place.name,
        name_hans=place.name_hans,
        parent_code=full_code(parent) if parent else None,
        budget_holder=code,
    )


def _township(township: Township) -> Unit:
    county = full_code(township.county_code)
    return Unit(
        code=township.code,
        level=Level.TOWNSHIP.value,
        kind=township.kind.value,
        name=township.name,
        name_hans=township.name_hans,
        parent_code=county,
        # A 街道 is an agency of its county, not a budget level (domain 2.5).
        budget_holder=county if township.kind is UnitKind.STREET else township.code,
        ethnic=township.ethnic,
    )


def visible(held: Unit) -> ColumnElement[bool]:
    """The condition on `Unit` for the townships that somebody holding a unit sees: it and what is below."""
    scope = scope_of(held.code)
    return Unit.code.between(scope.first, scope.last)


def townships_below(session: Session, code: str, *, also_ended: bool = False) -> list[Unit]:
    """The townships of a prefecture, of a county, or the township itself, by code.

    Those that have ended are left out, unless their history is wanted. Raises `LookupError`, for one that has
    ended `UnitEnded`, which names its successor.
    """
    unit = session.get(Unit, full_code(code))
    if unit is None:
        raise LookupError(f"沒有代碼為 {code} 的單位")
    if not also_ended and (gone := ended(session, unit.code)) is not None:
        raise UnitEnded(f"{gone.sentence}，請改用後者的代碼")
    chosen = select(Unit).where(Unit.level == Level.TOWNSHIP.value, visible(unit)).order_by(Unit.code)
    return list(session.scalars(chosen if also_ended else chosen.where(still_there())))
