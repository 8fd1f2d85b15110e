"""Bringing a whole fleet in: one plan and one transaction a centre, resumable, repeatable (rules I2, I3, I6)."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from provisioning.plan import Plan, plan_centre
from provisioning.specs import CentreSpec
from townhall.audit.act import Act
from townhall.centres.apply import (
    PlanRefused,
    PlanStale,
    Standard,
    apply_plan,
    plan_unit,
    standard_for,
    standard_of,
)
from townhall.centres.models import Centre
from townhall.centres.rows import read_centres
from townhall.standards.models import CountyOverlay, Release
from townhall.units.models import Unit

READ_AT_ONCE = 100  # centres whose rows are in memory at one time

SessionMaker = sessionmaker[Session]


class Result(StrEnum):
    """`KEPT` is a centre that stays with the standard it was reconciled with, because merging is needed."""

    CREATED = "created"
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
    """A plan for each unit, in the order given; reads only.

    Only centres that differ from their standard are read in full: equal hashes are equal configurations (A8).
    """
    columns = select(Centre.unit_id, Centre.release_id, Centre.overlay_id, Centre.content_hash)
    present = {row.unit_id: row for row in session.execute(columns)}
    held = _pinned_to(session, present.values())
    for start in range(0, len(units), READ_AT_ONCE):
        group = [
            (unit, standard_for(unit, release, overlays)) for unit in units[start : start + READ_AT_ONCE]
        ]
        changed = [unit.code for unit, standard in group if _changed(present.get(unit.code), standard)]
        read = read_centres(session, changed) if changed else {}
        for unit, standard in group:
            row, existing = present.get(unit.code), read.get(unit.code)
            yield _planned(session, unit, standard, row, existing), standard, unit
    held.clear()


def _pinned_to(session: Session, rows: Iterable[Any]) -> list[object]:
    """The releases and overlays that centres are pinned to: whoever holds them spares the session a query each."""
    pins = {(row.release_id, row.overlay_id) for row in rows}
    releases = [session.get(Release, release_id) for release_id in {pin[0] for pin in pins}]
    return [*releases, *(session.get(CountyOverlay, pin[1]) for pin in pins if pin[1])]


def _planned(session: Session, unit: Unit, standard: Standard, row: Any, existing: CentreSpec | None) -> Plan:
    target = standard.upstream
    if row is None:
        return plan_centre(unit.code, None, None, target)
    if existing is None:
        return plan_centre(unit.code, target.centre, target, target)
    base = standard_of(session, unit, row.release_id, row.overlay_id)
    return plan_centre(unit.code, existing, base.upstream, target)


def _changed(row: Any, standard: Standard) -> bool:
    """Whether a centre that is there is pinned to another standard or says something else."""
    if row is None:
        return False
    overlay = standard.overlay.id if standard.overlay else None
    fresh = (standard.release.id, overlay, standard.upstream.revision)
    return (row.release_id, row.overlay_id, row.content_hash) != fresh


def provision(
    sessions: SessionMaker,
    units: list[Unit],
    release: Release,
    overlays: dict[str, CountyOverlay],
    *,
    act: Act,
    advance: Callable[[Step], None] = lambda _step: None,
) -> Report:
    """Plan each unit and carry the plans out.

    Killed at any moment and started again it ends in the same state, because what is there is left alone.
    """
    with sessions() as session:
        session.expire_on_commit = False
        planned = plans(session, units, release, overlays)
        return _report(session, planned, act, advance)


def carry_out(
    sessions: SessionMaker,
    planned: Iterable[Planned],
    *,
    act: Act,
    advance: Callable[[Step], None] = lambda _step: None,
) -> Report:
    """Apply the very plans that were shown (rule I1)."""
    with sessions() as session:
        session.expire_on_commit = False
        return _report(session, planned, act, advance)


def _report(
    session: Session,
    planned: Iterable[Planned],
    act: Act,
    advance: Callable[[Step], None],
) -> Report:
    """One transaction a unit; what happens to one never stops the others (rule J7)."""
    report = Report()
    for plan, standard, unit in planned:
        step = _one(session, plan, standard, unit, act)
        report.steps.append(step)
        advance(step)
    return report


def _one(session: Session, plan: Plan, standard: Standard, unit: Unit, act: Act) -> Step:
    if not plan:
        session.rollback()
        return _left(unit, plan)
    try:
        outcome = apply_plan(session, plan, unit, standard, act=act)
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
    rows = sum(plan.changes.counts.values()) if outcome.written else 0
    return Step(unit, Result.CREATED if outcome.written else Result.UNCHANGED, rows)


def _left(unit: Unit, plan: Plan) -> Step:
    return Step(unit, Result.KEPT if plan.blocked else Result.UNCHANGED, reason=plan.blocked)


def _overtaken(session: Session, standard: Standard, unit: Unit, reason: str) -> Step:
    """Somebody else was faster: where their work leaves nothing to do, nothing is wrong."""
    again = plan_unit(session, unit, standard)
    session.rollback()
    return Step(unit, Result.REFUSED, reason=reason) if again else _left(unit, again)
