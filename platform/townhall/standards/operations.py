"""Verbs on releases and overlays. They write and flush; the edge commits."""

import datetime as dt

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from provisioning.canonical import content_hash
from provisioning.resolve import Upstream, upstream
from provisioning.specs import Overlay, Pack, UnitKind
from townhall.standards.models import CountyOverlay, Release, Status


class StandardConflict(ValueError):
    """A release of that number exists with other content; releases are immutable."""


def publish_release(session: Session, pack: Pack, moment: dt.datetime) -> Release:
    """Store a pack whole as a published release; the same content again is the same release."""
    digest = content_hash(pack)
    header = pack.header
    standing = session.scalars(select(Release).filter_by(pack=header.id, number=header.release)).one_or_none()
    if standing is not None:
        if standing.content_hash != digest:
            raise StandardConflict(
                f"{header.title}第 {header.release} 版已發布且內容不同；發布後不可更改，請提高版本號"
            )
        return standing
    release = Release(
        pack=header.id,
        number=header.release,
        title=header.title,
        status=Status.PUBLISHED.value,
        content_hash=digest,
        content=pack.model_dump(mode="json"),
        published_at=moment,
    )
    session.add(release)
    session.flush()
    return release


def newest_release(session: Session, pack_id: str) -> Release | None:
    """The published release of a pack with the highest number."""
    found = (
        select(Release).filter_by(pack=pack_id, status=Status.PUBLISHED.value).order_by(Release.number.desc())
    )
    return session.scalars(found.limit(1)).first()


def newest_ids(session: Session, pack_id: str, county_code: str | None) -> tuple[int | None, int | None]:
    """The newest release of a pack and the newest overlay of a county, where there are any; asked at once."""
    release = select(Release.id).filter_by(pack=pack_id, status=Status.PUBLISHED.value)
    overlay = select(CountyOverlay.id).filter_by(county_code=county_code)
    newest = (
        release.order_by(Release.number.desc()).limit(1).scalar_subquery(),
        overlay.order_by(CountyOverlay.version.desc()).limit(1).scalar_subquery(),
    )
    found = session.execute(select(*newest)).one()
    return found[0], found[1]


def publish_overlay(
    session: Session, county_code: str, overlay: Overlay, moment: dt.datetime
) -> CountyOverlay:
    """Store one version of a county's overlay; the same content again is the same version."""
    digest = content_hash(overlay)
    standing = session.scalars(
        select(CountyOverlay).filter_by(county_code=county_code, version=overlay.version)
    ).one_or_none()
    if standing is not None:
        if standing.content_hash != digest:
            raise StandardConflict(f"縣級補充規定第 {overlay.version} 版已存在且內容不同")
        return standing
    row = CountyOverlay(
        county_code=county_code,
        version=overlay.version,
        title=overlay.title,
        content_hash=digest,
        content=overlay.model_dump(mode="json"),
        published_at=moment,
    )
    session.add(row)
    session.flush()
    return row


def newest_overlays(session: Session) -> dict[str, CountyOverlay]:
    """The newest overlay of each county that has one, by county code."""
    newest = select(CountyOverlay.county_code, func.max(CountyOverlay.version).label("version"))
    chosen = newest.group_by(CountyOverlay.county_code).subquery()
    same = (CountyOverlay.county_code == chosen.c.county_code) & (CountyOverlay.version == chosen.c.version)
    return {row.county_code: row for row in session.scalars(select(CountyOverlay).join(chosen, same))}


# Content never changes under its hash, so these need no invalidation. Releases are few; upstreams number
# releases × counties × three kinds.
_PACKS: dict[str, Pack] = {}
_UPSTREAMS: dict[tuple[str, str | None, UnitKind], Upstream] = {}


def pack_of(release: Release) -> Pack:
    """The pack that a release stores, as a value."""
    digest = release.content_hash
    if digest not in _PACKS:
        _PACKS[digest] = Pack.model_validate(release.content)
    return _PACKS[digest]


def upstream_of(release: Release, overlay: CountyOverlay | None, kind: UnitKind) -> Upstream:
    """The standard as it reaches units of one kind; one and the same value for the same content."""
    identity = (release.content_hash, overlay.content_hash if overlay else None, kind)
    if identity not in _UPSTREAMS:
        layer = Overlay.model_validate(overlay.content) if overlay else None
        _UPSTREAMS[identity] = upstream(pack_of(release), layer, kind, release.content_hash)
    return _UPSTREAMS[identity]
