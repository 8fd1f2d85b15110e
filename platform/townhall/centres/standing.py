"""Where centres stand, or stood at any time: configuration, marks and pins, read without their rows (rule M4)."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from provisioning.differences import patched
from provisioning.marks import Marks
from provisioning.resolve import Upstream
from provisioning.specs import CentreSpec, UnitKind
from townhall.centres.models import Centre, Revision
from townhall.centres.writing import marks_of
from townhall.standards.models import CountyOverlay, Release
from townhall.standards.operations import upstream_of
from townhall.units.models import Unit


@dataclass(frozen=True, slots=True)
class Standing:
    """A centre as its newest revision has it; `base` is the standard that it was last reconciled with."""

    centre: CentreSpec
    content_hash: str
    marks: Marks
    base: Upstream
    revision: int


def standings(session: Session, units: Collection[Unit]) -> dict[str, Standing]:
    """Where some units stand, by code; those without a centre are left out. One query for all.

    A revision keeps only what differs from the (immutable) standard, so what a township has not touched is the
    standard's own object and costs nothing.
    """
    kinds = {unit.code: UnitKind(unit.kind) for unit in units}
    wanted = (
        select(Revision)
        .join(Centre, (Centre.unit_id == Revision.unit_id) & (Centre.revision == Revision.number))
        .where(Revision.unit_id.in_(kinds))
    )
    rows = session.scalars(wanted).all()
    releases = {one: _release(session, one) for one in {row.release_id for row in rows}}
    overlays = {one: session.get_one(CountyOverlay, one) for one in {row.overlay_id for row in rows} if one}
    return {
        row.unit_id: _standing(
            row, upstream_of(releases[row.release_id], overlays.get(row.overlay_id or 0), kinds[row.unit_id])
        )
        for row in rows
    }


def at_revision(session: Session, unit: Unit, number: int) -> Standing:
    """How a centre stood after a revision. Raises `LookupError` for one that it never had."""
    revision = session.get(Revision, (unit.code, number))
    if revision is None:
        raise LookupError(f"{unit.short_code} 沒有第 {number} 次修訂")
    return _stood(session, unit, revision)


def as_of(session: Session, unit: Unit, moment: dt.datetime) -> Standing | None:
    """How a centre stood at a moment, None before it was there (rule M4)."""
    before = select(Revision).where(Revision.unit_id == unit.code, Revision.created_at <= moment)
    revision = session.scalars(before.order_by(Revision.number.desc()).limit(1)).first()
    return None if revision is None else _stood(session, unit, revision)


def _stood(session: Session, unit: Unit, row: Revision) -> Standing:
    overlay = session.get_one(CountyOverlay, row.overlay_id) if row.overlay_id else None
    return _standing(row, upstream_of(_release(session, row.release_id), overlay, UnitKind(unit.kind)))


def _release(session: Session, number: int) -> Release:
    """Without its content, which is long and as a rule known already by its hash."""
    return session.get_one(Release, number, options=[defer(Release.content)])


def _standing(row: Revision, base: Upstream) -> Standing:
    centre = patched(base.centre, row.changes) if row.changes else base.centre
    return Standing(centre, row.content_hash, marks_of(row.marks), base, row.number)


def standing(session: Session, unit: Unit) -> Standing | None:
    """Where one unit stands, None without a centre."""
    return standings(session, [unit]).get(unit.code)
