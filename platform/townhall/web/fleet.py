"""All townships of a scope with how far each has come, in a number of queries that does not grow with them.

A centre that has changed is rebuilt from its newest revision, which is a difference from its standard; each
distinct configuration is judged once in a process.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.orm import Session, aliased

from provisioning.differences import patched
from provisioning.resolve import Upstream
from provisioning.specs import UnitKind
from townhall.centres.models import Centre, Revision
from townhall.centres.readiness import Identity, Readiness, Stage, keep, kept
from townhall.standards.models import CountyOverlay, Release
from townhall.standards.operations import pack_of, upstream_of
from townhall.units.models import Level, Unit
from townhall.units.succession import still_there

County = aliased(Unit, name="county")


@dataclass(frozen=True, slots=True)
class Township:
    """One line of the fleet; what depends on a centre is None or 0 while there is none."""

    unit: Unit
    county: Unit
    readiness: Readiness | None
    envelope: int
    revision: int

    @property
    def code(self) -> str:
        return self.unit.short_code

    @property
    def stage(self) -> Stage:
        return self.readiness.stage if self.readiness else Stage.CLOSED

    @property
    def percent(self) -> int:
        return self.readiness.percent if self.readiness else 0

    @property
    def missing(self) -> int:
        return self.readiness.count if self.readiness else 0


def fleet(session: Session, scope: ColumnElement[bool]) -> list[Township]:
    """The townships of a scope by code."""
    found = session.execute(_lines(scope)).all()
    judged = _judged(session, [line for line in found if line.content_hash])
    return [_township(line, judged) for line in found]


def _lines(scope: ColumnElement[bool]) -> Any:
    columns = (Centre.content_hash, Centre.envelope, Centre.revision, Centre.release_id, Centre.overlay_id)
    wanted = select(Unit, County, *columns, Release.content_hash.label("release_hash"))
    joined = (
        wanted.join(County, County.code == Unit.parent_code)
        .outerjoin(Centre, Centre.unit_id == Unit.code)
        .outerjoin(Release, Release.id == Centre.release_id)
    )
    standing = (Unit.level == Level.TOWNSHIP.value, still_there(), scope)
    return joined.where(*standing).order_by(Unit.code)


def _township(line: Any, judged: dict[Identity, Readiness]) -> Township:
    unit, county = line[0], line[1]
    if not line.content_hash:
        return Township(unit, county, None, 0, 0)
    ready = judged[(line.content_hash, line.release_hash)]
    return Township(unit, county, ready, line.envelope, line.revision)


def _judged(session: Session, lines: Iterable[Any]) -> dict[Identity, Readiness]:
    """Readiness by configuration; only what this process has not met before is read."""
    by_identity = {(line.content_hash, line.release_hash): line for line in lines}
    judged = {identity: known for identity in by_identity if (known := kept(identity))}
    unknown = [line for identity, line in by_identity.items() if identity not in judged]
    return judged | dict(_judge(session, unknown)) if unknown else judged


def _judge(session: Session, lines: list[Any]) -> Iterator[tuple[Identity, Readiness]]:
    releases = _by_id(session, Release, {line.release_id for line in lines})
    overlays = _by_id(session, CountyOverlay, {line.overlay_id for line in lines if line.overlay_id})
    changes = _changes(session, lines)
    for line in lines:
        release, overlay = releases[line.release_id], overlays.get(line.overlay_id)
        standard = upstream_of(release, overlay, UnitKind(line[0].kind))
        identity = (line.content_hash, line.release_hash)
        centre = _configuration(standard, line.content_hash, changes.get(line[0].code, []))
        yield identity, keep(identity, centre, pack_of(release))


def _configuration(standard: Upstream, digest: str, changes: list[Any]) -> Any:
    return standard.centre if digest == standard.revision else patched(standard.centre, changes)


def _by_id(session: Session, model: Any, ids: set[int]) -> dict[int, Any]:
    if not ids:
        return {}
    return {row.id: row for row in session.scalars(select(model).where(model.id.in_(ids)))}


def _changes(session: Session, lines: list[Any]) -> dict[str, list[Any]]:
    """What each centre's newest revision says, by unit."""
    newest = [(line[0].code, line.revision) for line in lines if line.revision > 1]
    if not newest:
        return {}
    wanted = select(Revision.unit_id, Revision.changes)
    chosen = wanted.where(tuple_(Revision.unit_id, Revision.number).in_(newest))
    return dict(session.execute(chosen).all())
