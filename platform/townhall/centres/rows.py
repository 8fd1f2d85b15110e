"""Between the rows of a centre and its configuration as a value: the same names on both sides."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from provisioning.canonical import canonical
from provisioning.memory import Remembered
from provisioning.plan import Changes
from provisioning.specs import CentreSpec, Keyed
from provisioning.specs.centre import COLLECTIONS, MANUAL, RECORDS
from townhall.budget.models import BudgetLine
from townhall.centres.models import Centre, Post, Regime, ServiceItem, Sign, Window
from townhall.database import Base, table_of
from townhall.fixtures.models import Fixture
from townhall.halls.models import HallObject, WallSlot, Zone
from townhall.tenancy import judged, require

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
    return read_centres(session, [unit_id]).get(unit_id)


def read_centres(session: Session, unit_ids: Collection[str]) -> dict[str, CentreSpec]:
    """The configurations of several centres, one query a table; units without a centre are left out."""
    centres = list(session.scalars(select(Centre).where(Centre.unit_id.in_(unit_ids))))
    items = {section: _items(session, section, centres) for section in COLLECTIONS}
    return {
        centre.unit_id: CentreSpec.model_validate(
            {
                **{name: getattr(centre, name) for name in RECORDS},
                **{section: found[centre.unit_id] for section, found in items.items()},
            }
        )
        for centre in centres
    }


def require_centre(session: Session, unit_id: str) -> CentreSpec:
    """The configuration of a centre that must be there. Raises `LookupError` when it is not."""
    centre = read_centre(session, unit_id)
    if centre is None:
        raise LookupError(f"{unit_id} 尚未開通中心")
    return centre


def rows_say(session: Session, centre: Centre, spec: CentreSpec) -> bool:
    """Whether the rows of a centre are those of a configuration: compared as they are, without making specs of them."""
    records = all(getattr(centre, name) == canonical(getattr(spec, name)) for name in RECORDS)
    return records and all(
        _same(section, _items(session, section, [centre])[centre.unit_id], getattr(spec, section))
        for section in COLLECTIONS
    )


def _same(section: str, rows: list[Row], items: Iterable[Keyed]) -> bool:
    expected = [plain(item) for item in items]
    if section in MANUAL:
        return rows == expected
    return _by_key(rows) == _by_key(expected) and len(rows) == len(expected)


def _by_key(rows: list[Row]) -> dict[str, Row]:
    return {row["key"]: row for row in rows}


# What the standard's own items say is written once for all townships.
plain: Remembered[Row] = Remembered(canonical)


def _items(session: Session, section: str, centres: Collection[Centre]) -> defaultdict[str, list[Row]]:
    """The rows of centres that the session has read, and which therefore lie within its scope."""
    found: defaultdict[str, list[Row]] = defaultdict(list)
    names = tuple(COLLECTIONS[section].model_fields)
    units = [centre.unit_id for centre in centres]
    for unit_id in units:
        require(session, unit_id)
    for unit_id, *values in session.connection().execute(_reading(section), {"units": units}):
        found[unit_id].append(
            {name: value for name, value in zip(names, values, strict=True) if value is not None}
        )
    return found


@cache
def _reading(section: str) -> Select[Any]:
    """All rows of a section of some units; past the ORM, and built once, since a fleet asks it for each centre."""
    table = table_of(MODELS[section])
    columns = [table.c[name] for name in ("unit_id", *COLLECTIONS[section].model_fields)]
    here = table.c.unit_id.in_(bindparam("units", expanding=True))
    return judged(select(*columns).where(here).order_by(table.c["position" if section in MANUAL else "key"]))
