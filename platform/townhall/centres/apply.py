"""Applying plans: one centre, one transaction, all or nothing (rules I1–I4, I6)."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from provisioning.canonical import canonical
from provisioning.plan import Plan, plan_centre
from provisioning.resolve import Upstream
from provisioning.specs import UnitKind
from townhall.audit.act import Act
from townhall.audit.operations import record
from townhall.centres.bulk import insert_rows
from townhall.centres.models import Centre, Revision
from townhall.centres.rows import read_centre
from townhall.database import table_of
from townhall.standards.models import CountyOverlay, Release
from townhall.standards.operations import newest_overlay_id, newest_release_id, upstream_of
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
    existing = read_centre(session, unit.code)
    base = None if existing is None else pinned(session, unit).upstream
    return plan_centre(unit.code, existing, base, standard.upstream)


def pinned(session: Session, unit: Unit) -> Standard:
    """The standard that a centre was last reconciled with."""
    centre = session.get_one(Centre, unit.code)
    return standard_of(session, unit, centre.release_id, centre.overlay_id)


def standard_of(session: Session, unit: Unit, release_id: int, overlay_id: int | None) -> Standard:
    """A stored release with a stored overlay, as they reach a unit."""
    release = session.get_one(Release, release_id)
    overlay = session.get_one(CountyOverlay, overlay_id) if overlay_id else None
    return Standard(release, overlay, upstream_of(release, overlay, UnitKind(unit.kind)))


def apply_plan(session: Session, plan: Plan, unit: Unit, standard: Standard, *, act: Act) -> Outcome:
    """Write what a plan says, in the caller's transaction.

    Raises `PlanRefused` when the plan is blocked or has errors, `PlanStale` when the centre or the standard is
    no longer what the plan was made from. Applying the same plan again returns the first outcome.
    """
    done = session.scalars(select(Revision).filter_by(unit_id=unit.code, plan_hash=plan.hash)).one_or_none()
    if done is not None:
        return Outcome(unit.code, done.number, written=False)
    _refuse_unusable(plan, unit, standard)
    centre = session.get(Centre, unit.code, with_for_update=True)
    if centre is None:
        _refuse_outdated(session, unit, standard)
        _refuse_stale(plan, None)
        return _create(session, plan, unit, standard, act)
    _refuse_stale(plan, centre.content_hash)
    return Outcome(unit.code, centre.revision, written=False)


def _refuse_unusable(plan: Plan, unit: Unit, standard: Standard) -> None:
    if plan.blocked:
        raise PlanRefused(plan.blocked)
    if plan.errors:
        raise PlanRefused("；".join(found.sentence for found in plan.errors))
    target = standard.upstream
    expected = (unit.code, target.revision, target.policy_revision)
    if (plan.unit, plan.upstream_revision, plan.policy_revision) != expected:
        raise PlanStale("計劃已過期：標準或政策在計劃之後有變動，請重新生成計劃")


def _refuse_outdated(session: Session, unit: Unit, standard: Standard) -> None:
    """The plan's standard must still be the one that the unit would get now."""
    now = (newest_release_id(session, standard.release.pack), newest_overlay_id(session, unit.parent_code))
    if now != (standard.release.id, standard.overlay.id if standard.overlay else None):
        raise PlanStale("計劃已過期：計劃之後發布了新的標準或縣級補充規定，請重新生成計劃")


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
