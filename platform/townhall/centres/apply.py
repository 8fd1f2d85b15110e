"""Applying plans: one centre, one transaction, all or nothing (rules I1–I4, I6)."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from provisioning.canonical import canonical, content_hash
from provisioning.plan import Plan, tenant_revision
from provisioning.planning import plan_centre
from provisioning.resolve import Upstream
from provisioning.specs import CentreSpec, UnitKind
from townhall.audit.act import Act
from townhall.audit.operations import record
from townhall.centres.bulk import insert_rows
from townhall.centres.models import Centre, Revision
from townhall.centres.recording import Basis, record_apply
from townhall.centres.rows import require_centre, rows_say
from townhall.centres.standing import Standing, at_revision, standing
from townhall.centres.status import closed as closed_centre
from townhall.centres.writing import add_revision, marks_of, write_rows
from townhall.database import table_of
from townhall.standards.models import CountyOverlay, Release, Status
from townhall.standards.operations import in_force, upstream_of
from townhall.units.models import Unit


class PlanRefused(Exception):
    """A plan that may be read but not applied; the message says why in Chinese."""


class PlanStale(PlanRefused):
    """What the plan rests on has changed since it was made (rule I1)."""


@dataclass(frozen=True, slots=True)
class Standard:
    """A release with the overlay of one county, as rows and as the value they resolve to."""

    release: Release
    overlay: CountyOverlay | None
    upstream: Upstream


@dataclass(frozen=True, slots=True)
class Outcome:
    """What applying did: `written` is False when there was nothing to do or it had been done before (rule I3)."""

    unit_id: str
    revision: int
    written: bool


def standard_for(unit: Unit, release: Release, overlays: dict[str, CountyOverlay]) -> Standard:
    """The standard that applies to a unit: the release with the newest overlay of its county."""
    overlay = overlays.get(unit.parent_code or "")
    return Standard(release, overlay, upstream_of(release, overlay, UnitKind(unit.kind)))


def plan_unit(session: Session, unit: Unit, standard: Standard) -> Plan:
    """The plan that brings a unit to a standard; reads, never writes."""
    return plan_for(unit, standing(session, unit), standard)


def plan_for(unit: Unit, stands: Standing | None, standard: Standard) -> Plan:
    """The plan for a unit that stands somewhere, or has no centre yet."""
    if stands is None:
        return plan_centre(unit.code, None, None, standard.upstream)
    rests_on = stamp(stands.revision, stands.content_hash)
    return plan_centre(unit.code, stands.centre, stands.base, standard.upstream, stands.marks, rests_on)


def stamp(revision: int, content: str) -> str:
    """What a plan rests on of a centre besides its marks.

    The number belongs to it: a centre that was rolled back has an earlier content again, and is brought on anew.
    """
    return f"{revision}:{content}"


def pinned(session: Session, unit: Unit) -> Standard:
    """The standard that a centre was last reconciled with."""
    centre = session.get_one(Centre, unit.code)
    return standard_of(session, unit, centre.release_id, centre.overlay_id)


def standard_of(session: Session, unit: Unit, release_id: int, overlay_id: int | None) -> Standard:
    """A stored release with a stored overlay, as they reach a unit."""
    release = session.get_one(Release, release_id)
    overlay = session.get_one(CountyOverlay, overlay_id) if overlay_id else None
    return Standard(release, overlay, upstream_of(release, overlay, UnitKind(unit.kind)))


def apply_plan(
    session: Session, plan: Plan, unit: Unit, standard: Standard, *, act: Act, force: str = ""
) -> Outcome:
    """Write what a plan says, in the caller's transaction.

    `force` is why a plan that reaches unusually far is wanted (rule H7). Raises `PlanRefused` when the plan is
    blocked, has errors or needs such a reason, `PlanStale` when the centre or the standard is no longer what the
    plan was made from. Applying the same plan again returns the first outcome.
    """
    centre = session.get(Centre, unit.code, with_for_update=True, populate_existing=True)
    done = _done(session, plan, unit) if centre is not None else None
    if done is not None:
        return Outcome(unit.code, done.number, written=False)
    _refuse_unusable(plan, unit, standard, force)
    if centre is None:
        _refuse_outdated(session, unit, standard)
        _refuse_stale(plan, None)
        return _create(session, plan, unit, standard, act)
    # While it is held here, the session need not ask for it again.
    newest = session.get_one(Revision, (centre.unit_id, centre.revision))
    _refuse_stale(plan, tenant_revision(stamp(centre.revision, centre.content_hash), marks_of(newest.marks)))
    if not plan:
        return Outcome(unit.code, centre.revision, written=False)
    if (reason := closed_centre(centre)) is not None:
        raise PlanRefused(reason)
    _refuse_outdated(session, unit, standard)
    return _update(session, plan, unit, centre, standard, act, force)


def _done(session: Session, plan: Plan, unit: Unit) -> Revision | None:
    """The revision that the plan made when it was applied before; without a centre there are none."""
    found = session.scalars(select(Revision).filter_by(unit_id=unit.code, plan_hash=plan.hash))
    return found.one_or_none()


def _update(
    session: Session, plan: Plan, unit: Unit, centre: Centre, standard: Standard, act: Act, force: str
) -> Outcome:
    """Bring an existing centre to what the plan says: rows, pins, marks, revision, audit and outbox (rule I2)."""
    before = _standing_rows(session, unit, centre)
    changes = write_rows(session, centre, before, plan.changes.after)
    centre.release_id = standard.release.id
    centre.overlay_id = standard.overlay.id if standard.overlay else None
    old = centre.content_hash
    add_revision(
        session,
        centre,
        standard.upstream.centre,
        plan.changes.after,
        plan.changes.marks,
        act if act.reason else act.because(f"升級到{standard.release.title}第 {standard.release.number} 版"),
        plan_hash=plan.hash,
    )
    record_apply(session, act, unit, centre, plan, changes, Basis(old, standard, force))
    return Outcome(unit.code, centre.revision, written=True)


def _standing_rows(session: Session, unit: Unit, centre: Centre) -> CentreSpec:
    """What the rows say, which must be what the newest revision says. Raises `PlanRefused` where it is not.

    As a rule the rows are those of the revision to the letter; then its own objects are given, most of which are
    the standard's, and no item has to be made of its row and hashed.
    """
    stands = at_revision(session, unit, centre.revision)
    if stands.content_hash == centre.content_hash and rows_say(session, centre, stands.centre):
        return stands.centre
    before = require_centre(session, unit.code)
    if content_hash(before) != centre.content_hash:
        raise PlanRefused("本中心的數據與其修訂記錄不符，請先以 doctor 檢查")
    return before


def _refuse_unusable(plan: Plan, unit: Unit, standard: Standard, force: str) -> None:
    if plan.changes.guard and not force.strip():
        raise PlanRefused(f"改動幅度較大，須寫明理由方可執行：{'；'.join(plan.changes.guard)}")
    if plan.blocked:
        raise PlanRefused(plan.blocked)
    if plan.errors:
        raise PlanRefused("；".join(found.sentence for found in plan.errors))
    target = standard.upstream
    expected = (unit.code, target.revision, target.policy_revision)
    if (plan.unit, plan.upstream_revision, plan.policy_revision) != expected:
        raise PlanStale("計劃已過期：標準或政策在計劃之後有變動，請重新生成計劃")


def _refuse_outdated(session: Session, unit: Unit, standard: Standard) -> None:
    """The release must be published still, the overlay be the county's newest; a newer release outdates no plan."""
    status, overlay = in_force(session, standard.release, unit.parent_code)
    if status != Status.PUBLISHED:
        raise PlanStale(f"第 {standard.release.number} 版現在不是已發布的標準，不能據以執行")
    if overlay != (standard.overlay.id if standard.overlay else None):
        raise PlanStale("計劃已過期：計劃之後發布了新的縣級補充規定，請重新生成計劃")


def _refuse_stale(plan: Plan, revision: str | None) -> None:
    if plan.tenant_revision != revision:
        raise PlanStale("計劃已過期：該中心在計劃之後有變動，請重新生成計劃")


def _create(session: Session, plan: Plan, unit: Unit, standard: Standard, act: Act) -> Outcome:
    """Write a new centre; whoever comes second meets the primary key and learns that the plan is stale (I4)."""
    connection = session.connection()
    pins = {
        "release_id": standard.release.id,
        "overlay_id": standard.overlay.id if standard.overlay else None,
        "content_hash": plan.changes.after_revision,
    }
    after = plan.changes.after
    centre = {
        "unit_id": unit.code,
        **pins,
        "revision": 1,
        "status": "preparing",
        "created_at": act.moment,
        "updated_at": act.moment,
        "profile": canonical(after.profile),
        "hall": canonical(after.hall),
        "envelope": after.envelope,
    }
    try:
        connection.execute(insert(table_of(Centre)), centre)
    except IntegrityError as error:
        raise PlanStale("計劃已過期：該中心剛由他人建立") from error
    insert_rows(session, unit.code, plan.changes)
    revision: dict[str, Any] = {
        "unit_id": unit.code,
        "number": 1,
        **pins,
        "changes": [],
        "marks": None,
        "plan_hash": plan.hash,
        "reason": act.reason[:120] or "開通",
        "actor": act.author,
        "created_at": act.moment,
    }
    connection.execute(insert(table_of(Revision)), revision)
    basis = {
        "release": standard.release.content_hash,
        "overlay": standard.overlay.content_hash if standard.overlay else None,
        "after": plan.changes.after_revision,
        "revision": 1,
        "plan": plan.hash,
    }
    record(session, act, unit.code, "centre.create", basis=basis)
    return Outcome(unit.code, 1, written=True)
