"""A county's townships and its overlay: what it would mean for them, and bringing them on (rules A1, I2, J7)."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from provisioning.plan import QUIET, Plan
from provisioning.planning import plan_centre
from provisioning.resolve import upstream
from provisioning.specs import UnitKind
from townhall.audit.act import Act
from townhall.centres.apply import PlanRefused, stamp, standard_for
from townhall.centres.models import Centre
from townhall.centres.ruling import bring_on
from townhall.centres.standing import Standing, standings
from townhall.centres.status import Status
from townhall.counties.operations import CountyDesk
from townhall.standards.models import Release
from townhall.standards.operations import newest_overlays
from townhall.units.models import Unit

_GONE = (Status.ARCHIVED.value, Status.ENDED.value)


@dataclass(frozen=True, slots=True)
class Effect:
    """What the county's words would mean for one township; `plan` is None where they cannot reach it yet."""

    unit: Unit
    plan: Plan | None

    @property
    def changed(self) -> int:
        """Places of the township that would change."""
        actions = self.plan.changes.actions if self.plan else ()
        return sum(one.operation not in QUIET for one in actions)

    @property
    def asked(self) -> int:
        """Questions that the township would have open."""
        return len(self.plan.changes.conflicts) if self.plan else 0

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to say of the township."""
        return self.plan is not None and not (self.changed or self.asked or self.plan.errors)


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of one township: whether anything was written, and why not where there is something to say."""

    unit: Unit
    written: bool
    reason: str = ""


def effects(session: Session, desk: CountyDesk) -> list[Effect]:
    """What publishing the county's words would mean for each of its townships; reads, never writes."""
    units = list(session.scalars(townships(desk.county)))
    there = standings(session, units)
    return [_effect(desk, unit, there[unit.code]) for unit in units if unit.code in there]


def _effect(desk: CountyDesk, unit: Unit, stands: Standing) -> Effect:
    if stands.base.number < desk.release.number:
        return Effect(unit, None)
    target = upstream(desk.pack, desk.overlay, UnitKind(unit.kind), desk.release.content_hash)
    rests_on = stamp(stands.revision, stands.content_hash)
    plan = plan_centre(unit.code, stands.centre, stands.base, target, stands.marks, rests_on)
    return Effect(unit, plan)


def townships(county: Unit) -> Select[Unit]:
    """The townships of a county whose centres are neither archived nor ended, by code."""
    chosen = select(Unit).join(Centre, Centre.unit_id == Unit.code).where(Unit.parent_code == county.code)
    return chosen.where(Centre.status.not_in(_GONE)).order_by(Unit.code)


def bring_county_on(
    sessions: sessionmaker[Session],
    county: Unit,
    *,
    act: Act,
    advance: Callable[[Brought], None] = lambda _brought: None,
) -> list[Brought]:
    """Bring every township of a county to its newest overlay, on the release that it has: one transaction each.

    Run again it goes on where it was; what one township refuses does not stop the others (rule J7).
    """
    with sessions() as session:
        codes = [unit.code for unit in session.scalars(townships(county))]
    done = []
    for code in codes:
        with sessions() as session:
            done.append(_one(session, code, act))
        advance(done[-1])
    return done


def _one(session: Session, code: str, act: Act) -> Brought:
    unit = session.get_one(Unit, code)
    release = session.get_one(Release, session.get_one(Centre, code).release_id)
    try:
        standard = standard_for(unit, release, newest_overlays(session, release))
        _, outcome = bring_on(session, unit, standard, act=act)
        session.commit()
    except PlanRefused as refusal:
        return _refused(session, code, str(refusal))
    except DBAPIError as error:
        return _refused(session, code, f"資料庫未能寫入（{error.orig}）")
    except (LookupError, ValueError) as error:  # its data are at fault, not the standard (rule J7)
        return _refused(session, code, f"{type(error).__name__}：{error}"[:500])
    return Brought(unit, written=outcome.written)


def _refused(session: Session, code: str, reason: str) -> Brought:
    """Nothing of it is kept; the unit is read anew, for whoever tells of it after the session."""
    session.rollback()
    return Brought(session.get_one(Unit, code), written=False, reason=reason)
