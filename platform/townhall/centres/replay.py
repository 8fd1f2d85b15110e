"""A centre from its audit alone: creation and every edit, one after the other (rule O2)."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.canonical import content_hash
from provisioning.differences import patched
from provisioning.specs import CentreSpec, UnitKind
from townhall.audit.models import AuditRecord
from townhall.audit.operations import records
from townhall.standards.models import CountyOverlay, Release
from townhall.standards.operations import upstream_of
from townhall.units.models import Unit

CREATE = "centre.create"


class ReplayBroken(ValueError):
    """The audit of a unit does not lead to a configuration; the message says at which record, in Chinese."""


def replay(session: Session, unit: Unit) -> CentreSpec | None:
    """The configuration that a unit's audit leads to, None where it never got a centre. Raises `ReplayBroken`."""
    centre: CentreSpec | None = None
    for _, deeds in groupby(_of_the_configuration(records(session, unit.code)), _revision):
        for one in deeds:
            centre = _created(session, unit, one) if one.action == CREATE else _edited(centre, one)
        if content_hash(centre) != one.basis["after"]:
            raise ReplayBroken(f"{unit.code} 第 {one.number} 條：重放結果與記錄的內容哈希不符")
    return centre


def _revision(one: AuditRecord) -> Any:
    """Several decisions may be one revision; only together they lead to what it says."""
    return one.basis["revision"]


def _of_the_configuration(found: Iterable[AuditRecord]) -> Iterable[AuditRecord]:
    """Whatever led to a configuration says which; a picture is a revision of the same one."""
    return (one for one in found if {"revision", "after"} <= one.basis.keys())


def _created(session: Session, unit: Unit, one: AuditRecord) -> CentreSpec:
    """Releases and overlays are immutable and known by their content, so their hashes are enough."""
    release = session.scalars(select(Release).filter_by(content_hash=one.basis["release"])).one()
    overlay = None
    if one.basis["overlay"]:
        overlay = session.scalars(select(CountyOverlay).filter_by(content_hash=one.basis["overlay"])).first()
    return upstream_of(release, overlay, UnitKind(unit.kind)).centre


def _edited(centre: CentreSpec | None, one: AuditRecord) -> CentreSpec:
    if centre is None:
        raise ReplayBroken(f"{one.unit_id} 第 {one.number} 條：修改在開通之前")
    changes: list[list[Any]] = [[section, key, field, after] for section, key, field, _, after in one.changes]
    return patched(centre, changes)
