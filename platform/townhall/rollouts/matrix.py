"""What a simulation found, by county and centre by centre. Reads only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from townhall.rollouts.comparison import ASKED, DISPLACED
from townhall.rollouts.models import SimulatedCentre, Simulation
from townhall.units.models import Unit

_QUIET = frozenset({"LOCAL_KEPT", "LOCAL_ORDER_KEPT", "LOCAL_REMOVAL_KEPT"})


@dataclass(frozen=True, slots=True)
class Simulated:
    """One centre of a simulation: how many places change, wait for a decision, lose their local value, stay local."""

    unit: Unit
    county: Unit
    line: SimulatedCentre

    @property
    def asked(self) -> int:
        return sum(self.line.counts.get(reason.value, 0) for reason in ASKED)

    @property
    def displaced(self) -> int:
        return sum(self.line.counts.get(reason.value, 0) for reason in DISPLACED)

    @property
    def kept(self) -> int:
        return sum(self.line.counts.get(reason, 0) for reason in _QUIET)

    @property
    def changed(self) -> int:
        every: int = sum(self.line.counts.values())
        return every - self.asked - self.displaced - self.kept

    @property
    def blocked(self) -> bool:
        """Whether it could not be brought on as things stand."""
        return bool(self.line.findings or self.line.fault)


@dataclass(frozen=True, slots=True)
class County:
    """The centres of one county, counted."""

    unit: Unit
    centres: int
    changed: int
    asked: int
    displaced: int
    forced: int
    blocked: int


def simulated(session: Session, simulation: Simulation) -> list[Simulated]:
    """Every centre of a simulation by code, as far as the session's scope reaches."""
    county = aliased(Unit)
    wanted = (
        select(Unit, county, SimulatedCentre)
        .join(SimulatedCentre, SimulatedCentre.unit_id == Unit.code)
        .join(county, county.code == Unit.parent_code)
        .where(SimulatedCentre.simulation_id == simulation.id)
        .order_by(Unit.code)
    )
    return [Simulated(*row) for row in session.execute(wanted)]


def by_county(centres: Iterable[Simulated]) -> list[County]:
    """The same, counted by county; places of all its centres are added up."""
    grouped = groupby(centres, key=lambda one: one.county.code)
    return [_county([*group]) for _, group in grouped]


def _county(group: Sequence[Simulated]) -> County:
    return County(
        unit=group[0].county,
        centres=len(group),
        changed=sum(one.changed > 0 for one in group),
        asked=sum(one.asked for one in group),
        displaced=sum(one.displaced for one in group),
        forced=sum(bool(one.line.guard) for one in group),
        blocked=sum(one.blocked for one in group),
    )
