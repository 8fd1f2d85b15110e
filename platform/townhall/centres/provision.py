"""Bringing a whole fleet in: one plan and one transaction a centre, resumable, repeatable (rules I2, I3, I6)."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from provisioning.plan import Plan
from townhall.audit.act import Act
from townhall.centres.apply import (
    PlanRefused,
    PlanStale,
    Standard,
    plan_for,
    plan_unit,
    standard_for,
)
from townhall.centres.models import Centre
from townhall.centres.ruling import apply_and_decide
from townhall.centres.standing import standings
from townhall.standards.models import CountyOverlay, Release
from townhall.units.models import Unit
from townhall.units.succession import ended_among

READ_AT_ONCE = 100  # centres whose rows are in memory at one time

SessionMaker = sessionmaker[Session]


class Result(StrEnum):
    """`KEPT` is a centre that stays with the standard it was reconciled with: bringing it on was not asked for."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    KEPT = "kept"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Step:
    """What happened to one unit; `reason` is set when it was kept or refused."""

    unit: Unit
    result: Result
    rows: int = 0
    reason: str | None = None


@dataclass
class Report:
    """What a run did, unit by unit."""

    steps: list[Step] = field(default_factory=list)

    @property
    def counts(self) -> Counter[Result]:
        return Counter(step.result for step in self.steps)

    @property
    def rows(self) -> int:
        return sum(step.rows for step in self.steps)


Planned = tuple[Plan, Standard, Unit]


def plans(
    session: Session, units: list[Unit], release: Release, overlays: dict[str, CountyOverlay]
) -> Iterator[Planned]:
    """A plan for each unit that has not ended, in the order given; reads only, a group of units at a time."""
    gone = ended_among(session, [unit.code for unit in units])
    units = [unit for unit in units if unit.code not in gone]
    present = set(session.scalars(select(Centre.unit_id)))
    for start in range(0, len(units), READ_AT_ONCE):
        group = units[start : start + READ_AT_ONCE]
        there = standings(session, [unit for unit in group if unit.code in present]) if present else {}
        for unit in group:
            standard = standard_for(unit, release, overlays)
            yield plan_for(unit, there.get(unit.code), standard), standard, unit


def provision(
    sessions: SessionMaker,
    units: list[Unit],
    release: Release,
    overlays: dict[str, CountyOverlay],
    *,
    act: Act,
    advance: Callable[[Step], None] = lambda _step: None,
) -> Report:
    """Create the centres that are not there yet; those that are stay as they are.

    Killed at any moment and started again it ends in the same state, because what is there is left alone.
    """
    with sessions() as session:
        session.expire_on_commit = False
        planned = plans(session, units, release, overlays)
        return _report(session, planned, _Errand(act, new_only=True), advance)


def carry_out(
    sessions: SessionMaker,
    planned: Iterable[Planned],
    *,
    act: Act,
    advance: Callable[[Step], None] = lambda _step: None,
    new_only: bool = False,
    force: str = "",
) -> Report:
    """Apply the very plans that were shown (rule I1); `force` is the reason for those that need one (rule H7)."""
    with sessions() as session:
        session.expire_on_commit = False
        return _report(session, planned, _Errand(act, new_only, force), advance)


@dataclass(frozen=True, slots=True)
class _Errand:
    act: Act
    new_only: bool = False
    force: str = ""


def _report(
    session: Session,
    planned: Iterable[Planned],
    errand: _Errand,
    advance: Callable[[Step], None],
) -> Report:
    """One transaction a unit; what happens to one never stops the others (rule J7)."""
    report = Report()
    for plan, standard, unit in planned:
        step = _one(session, plan, standard, unit, errand)
        report.steps.append(step)
        advance(step)
    return report


def _one(session: Session, plan: Plan, standard: Standard, unit: Unit, errand: _Errand) -> Step:
    there = plan.tenant_revision is not None
    if not plan or (there and errand.new_only):
        session.rollback()
        return _left(unit, plan)
    try:
        outcome = apply_and_decide(session, plan, unit, standard, act=errand.act, force=errand.force)
        session.commit()
    except PlanStale as stale:
        session.rollback()
        return _overtaken(session, standard, unit, str(stale))
    except PlanRefused as refusal:
        session.rollback()
        return Step(unit, Result.REFUSED, reason=str(refusal))
    except DBAPIError as error:
        session.rollback()
        return Step(unit, Result.REFUSED, reason=f"資料庫未能寫入（{error.orig}）")
    if not outcome.written:
        return Step(unit, Result.UNCHANGED)
    return Step(unit, Result.UPDATED if there else Result.CREATED, sum(plan.changes.counts.values()))


def _left(unit: Unit, plan: Plan) -> Step:
    reason = plan.blocked or ("所依標準較舊，開通不改動已有的中心；升級請用 apply" if plan.moves_on else None)
    return Step(unit, Result.KEPT if reason else Result.UNCHANGED, reason=reason)


def _overtaken(session: Session, standard: Standard, unit: Unit, reason: str) -> Step:
    """Somebody else was faster: where their work leaves nothing to do, nothing is wrong."""
    again = plan_unit(session, unit, standard)
    session.rollback()
    return Step(unit, Result.REFUSED, reason=reason) if again else _left(unit, again)
