"""Between the rows of a centre and its configuration as a value: the same names on both sides."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.canonical import canonical
from provisioning.plan import Changes
from provisioning.specs import CentreSpec
from provisioning.specs.centre import COLLECTIONS, MANUAL
from townhall.budget.models import BudgetLine
from townhall.centres.models import Centre, Post, Regime, ServiceItem, Sign, Window
from townhall.database import Base, table_of
from townhall.fixtures.models import Fixture
from townhall.halls.models import HallObject, WallSlot, Zone

MODELS: dict[str, type[Base]] = {
    "windows": Window,
    "items": ServiceItem,
    "zones": Zone,
    "objects": HallObject,
    "slots": WallSlot,
    "signs": Sign,
    "fixtures": Fixture,
    "regimes": Regime,
    "posts": Post,
    "budget": BudgetLine,
}

Row = dict[str, Any]


def row_of(section: str, item: dict[str, Any], position: int) -> Row:
    """An item in canonical form as the values of its row, without the unit; absent fields become NULL."""
    row = {name: item.get(name) for name in COLLECTIONS[section].model_fields}
    return {**row, "position": position} if section in MANUAL else row


@lru_cache(maxsize=256)
def rows_of(changes: Changes) -> dict[str, tuple[Row, ...]]:
    """The rows that a creation writes, by section; made once for all units that share the changes."""
    centre = changes.after
    return {
        section: tuple(
            row_of(section, canonical(item), position)
            for position, item in enumerate(getattr(centre, section))
        )
        for section in COLLECTIONS
    }


def read_centre(session: Session, unit_id: str) -> CentreSpec | None:
    """The configuration that a centre's rows say now; None when the unit has no centre."""
    centre = session.get(Centre, unit_id)
    if centre is None:
        return None
    records = {"profile": centre.profile, "hall": centre.hall, "envelope": centre.envelope}
    collections = {section: _items(session, section, unit_id) for section in COLLECTIONS}
    return CentreSpec.model_validate({**records, **collections})


def require_centre(session: Session, unit_id: str) -> CentreSpec:
    """The configuration of a centre that must be there. Raises `LookupError` when it is not."""
    centre = read_centre(session, unit_id)
    if centre is None:
        raise LookupError(f"{unit_id} 尚未開通中心")
    return centre


def _items(session: Session, section: str, unit_id: str) -> list[Row]:
    table = table_of(MODELS[section])
    order = table.c.position if section in MANUAL else table.c.key
    found = session.execute(select(table).where(table.c.unit_id == unit_id).order_by(order)).mappings()
    return [_present(row, COLLECTIONS[section].model_fields) for row in found]


def _present(row: Any, fields: Iterable[str]) -> Row:
    return {name: row[name] for name in fields if row[name] is not None}
