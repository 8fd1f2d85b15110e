"""Bringing a whole fleet in: one plan and one transaction a centre, resumable, repeatable (rules I2, I3, I6)."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from provisioning.plan import Plan, plan_centre
from townhall.centres.apply import PlanRefused, Standard, apply_plan, plan_unit, standard_for
from townhall.centres.models import Centre
from townhall.standards.models import CountyOverlay, Release
from townhall.units.models import Unit

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


def plans(
    session: Session, units: list[Unit], release: Release, overlays: dict[str, CountyOverlay]
) -> Iterator[tuple[Plan, Standard, Unit]]:
    """A plan for each unit, in the order given; reads only.

    Only centres that differ from their standard are read in full: equal hashes are equal configurations (A8).
    """
    present = dict(iter(session.execute(select(Centre.unit_id, Centre.content_hash))))
    for unit in units:
        standard = standard_for(unit, release, overlays)
        target = standard.upstream
        if unit.code not in present:
            yield plan_centre(unit.code, None, None, target), standard, unit
        elif present[unit.code] == target.revision:
            yield plan_centre(unit.code, target.centre, target, target), standard, unit
        else:
            yield plan_unit(session, unit, standard), standard, unit


def provision(
    sessions: SessionMaker,
    units: list[Unit],
    release: Release,
    overlays: dict[str, CountyOverlay],
    *,
    actor: str,
    moment: dt.datetime,
    advance: Callable[[Step], None] = lambda _step: None,
) -> Report:
    """Plan and apply each unit in a transaction of its own; one refusal never stops the others (rule J7).

    Killed at any moment and started again it ends in the same state, because what is there is left alone.
    """
    report = Report()
    with sessions() as session:
        session.expire_on_commit = False
        for plan, standard, unit in plans(session, units, release, overlays):
            step = _one(session, plan, standard, unit, actor, moment)
            report.steps.append(step)
            advance(step)
    return report


def _one(
    session: Session, plan: Plan, standard: Standard, unit: Unit, actor: str, moment: dt.datetime
) -> Step:
    if not plan:
        session.rollback()
        return Step(unit, Result.KEPT if plan.blocked else Result.UNCHANGED, reason=plan.blocked)
    try:
        outcome = apply_plan(session, plan, unit, standard, actor=actor, moment=moment)
        session.commit()
    except PlanRefused as refusal:
        session.rollback()
        return Step(unit, Result.REFUSED, reason=str(refusal))
    rows = sum(plan.changes.counts.values()) if outcome.written else 0
    return Step(unit, Result.CREATED if outcome.written else Result.UNCHANGED, rows)
