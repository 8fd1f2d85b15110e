"""Verbs on releases and overlays. They write and flush; the edge commits."""

import datetime as dt
from collections.abc import Iterable

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from provisioning.canonical import content_hash
from provisioning.layers import county_standard
from provisioning.publication import release_faults
from provisioning.resolve import Upstream, upstream
from provisioning.specs import Overlay, Pack, UnitKind
from townhall.audit.act import Act
from townhall.audit.operations import record
from townhall.standards.models import CountyOverlay, Release, Status
from townhall.units.operations import full_code


class StandardConflict(ValueError):
    """A release of that number exists with other content; releases are immutable."""


class ReleaseRefused(ValueError):
    """What a release may not do, or may not be done with it; `faults` are Chinese sentences."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("；".join(self.faults))


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


def draft_release(session: Session, pack: Pack, *, act: Act) -> Release:
    """Store a pack as the draft of its next release, in place of an earlier draft of that number.

    Raises `ReleaseRefused` when it may not follow the newest published release (rules F2, C5, J5), or when that
    number is published already.
    """
    header, digest = pack.header, content_hash(pack)
    standing = session.scalars(select(Release).filter_by(pack=header.id, number=header.release)).one_or_none()
    if standing is not None and standing.status != Status.DRAFT:
        raise ReleaseRefused([f"第 {header.release} 版已經發布，不可更改，請提高版本號"])
    refuse_unfit(session, pack)
    release = standing or Release(pack=header.id, number=header.release, status=Status.DRAFT.value)
    release.title, release.content_hash = header.title, digest
    release.content = pack.model_dump(mode="json")
    session.add(release)
    session.flush()
    _record(session, act, release, "release.draft")
    return release


def refuse_unfit(session: Session, pack: Pack) -> None:
    """Raises `ReleaseRefused` when a pack may not follow what its line has published."""
    line = [pack_of(one) for one in published(session, pack.header.id)]
    if line:
        faults = [text for _, text in release_faults(line[0], pack, line[1:])]
        if faults:
            raise ReleaseRefused(faults)


def discard_draft(session: Session, release: Release, *, act: Act) -> None:
    """Throw a draft away; its simulation goes with it. Raises `ReleaseRefused` for what is no draft."""
    if release.status != Status.DRAFT:
        raise ReleaseRefused(["只有草案可以刪除"])
    _record(session, act, release, "release.discard")
    session.delete(release)
    session.flush()


def make_published(session: Session, release: Release, *, act: Act) -> None:
    """Publish a draft: from now on its content never changes. Raises `ReleaseRefused`."""
    if release.status != Status.DRAFT:
        raise ReleaseRefused([f"第 {release.number} 版不是草案，不能發布"])
    refuse_unfit(session, pack_of(release))
    release.status, release.published_at = Status.PUBLISHED.value, act.moment
    session.flush()
    _record(session, act, release, "release.publish")


def withdraw_release(session: Session, release: Release, *, act: Act) -> None:
    """Withdraw a published release: no centre is brought to it any more, those that have it keep it.

    Raises `ReleaseRefused` without a reason, or when it is the only one that is published.
    """
    if release.status != Status.PUBLISHED:
        raise ReleaseRefused([f"第 {release.number} 版沒有發布，不能撤回"])
    if not act.reason.strip():
        raise ReleaseRefused(["撤回已發布的標準須寫明理由"])
    if len(published(session, release.pack)) == 1:
        raise ReleaseRefused(["這是唯一已發布的版本，撤回後無標準可依，不能撤回"])
    release.status = Status.WITHDRAWN.value
    session.flush()
    _record(session, act, release, "release.withdraw")


def _record(session: Session, act: Act, release: Release, action: str) -> None:
    """The audit of a standard is that of the prefecture which issues it."""
    prefecture = full_code(pack_of(release).header.prefecture.code)
    basis = {"release": release.content_hash, "pack": release.pack, "number": release.number}
    record(session, act, prefecture, action, path=f"{release.pack}/{release.number}", basis=basis)


def published(session: Session, pack_id: str) -> list[Release]:
    """The published releases of a pack, the newest first."""
    chosen = select(Release).filter_by(pack=pack_id, status=Status.PUBLISHED.value)
    return list(session.scalars(chosen.order_by(Release.number.desc())))


def release_numbered(session: Session, pack_id: str, number: int) -> Release:
    """One release of a pack, whatever its status. Raises `LookupError`."""
    found = session.scalars(select(Release).filter_by(pack=pack_id, number=number)).one_or_none()
    if found is None:
        raise LookupError(f"模板包「{pack_id}」沒有第 {number} 版")
    return found


def newest_release(session: Session, pack_id: str) -> Release | None:
    """The published release of a pack with the highest number."""
    found = (
        select(Release).filter_by(pack=pack_id, status=Status.PUBLISHED.value).order_by(Release.number.desc())
    )
    return session.scalars(found.limit(1)).first()


def in_force(session: Session, release: Release, county_code: str | None) -> tuple[str | None, int | None]:
    """The status of a release and the newest overlay of a county on it, where there is one; asked at once."""
    overlay = select(CountyOverlay.id).join(CountyOverlay.release).where(_laid_on(release))
    overlay = overlay.filter(CountyOverlay.county_code == county_code).order_by(CountyOverlay.version.desc())
    status = select(Release.status).filter_by(id=release.id)
    found = session.execute(select(status.scalar_subquery(), overlay.limit(1).scalar_subquery())).one()
    return found[0], found[1]


def _laid_on(release: Release) -> ColumnElement[bool]:
    """The overlays that may be laid on a release: those written on it, or on one before it (rule A1)."""
    return (Release.pack == release.pack) & (Release.number <= release.number)


def released(session: Session, county_code: str) -> Release | None:
    """The newest published release that concerns a county."""
    line = session.scalars(
        select(Release)
        .filter_by(status=Status.PUBLISHED.value)
        .order_by(Release.number.desc(), Release.id.desc())
    )
    short = county_code[:6]
    return next(
        (one for one in line if short in {place.code for place in pack_of(one).header.counties}), None
    )


def publish_overlay(
    session: Session, county_code: str, overlay: Overlay, moment: dt.datetime, release: Release
) -> CountyOverlay:
    """Store one version of a county's overlay, written on `release`; the same content again is the same version."""
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
        release=release,
        version=overlay.version,
        title=overlay.title,
        content_hash=digest,
        content=overlay.model_dump(mode="json"),
        published_at=moment,
    )
    session.add(row)
    session.flush()
    return row


def newest_overlays(session: Session, release: Release) -> dict[str, CountyOverlay]:
    """Of each county that has one the newest overlay that may be laid on a release, by county code."""
    newest = select(CountyOverlay.county_code, func.max(CountyOverlay.version).label("version"))
    newest = newest.join(CountyOverlay.release).where(_laid_on(release))
    chosen = newest.group_by(CountyOverlay.county_code).subquery()
    same = (CountyOverlay.county_code == chosen.c.county_code) & (CountyOverlay.version == chosen.c.version)
    return {row.county_code: row for row in session.scalars(select(CountyOverlay).join(chosen, same))}


def newest_overlay(session: Session, county_code: str) -> CountyOverlay | None:
    """The newest published overlay of a county, whatever release it was written on."""
    line = select(CountyOverlay).filter_by(county_code=county_code).order_by(CountyOverlay.version.desc())
    return session.scalars(line.limit(1)).first()


# Content never changes under its hash, so these need no invalidation. Releases are few; upstreams number
# releases × counties × three kinds.
_PACKS: dict[str, Pack] = {}
_UPSTREAMS: dict[tuple[str, str | None, str | None, UnitKind], Upstream] = {}


def pack_of(release: Release) -> Pack:
    """The pack that a release stores, as a value."""
    digest = release.content_hash
    if digest not in _PACKS:
        _PACKS[digest] = Pack.model_validate(release.content)
    return _PACKS[digest]


def overlay_on(release: Release, row: CountyOverlay) -> Overlay:
    """What a county's overlay says on a release, which may be a later one than it was written on (rule A1)."""
    overlay = Overlay.model_validate(row.content)
    if row.release_id == release.id:
        return overlay
    return county_standard(pack_of(row.release), overlay, pack_of(release)).overlay


def upstream_of(release: Release, overlay: CountyOverlay | None, kind: UnitKind) -> Upstream:
    """The standard as it reaches units of one kind; one and the same value for the same content."""
    digests = (overlay.content_hash, overlay.release.content_hash) if overlay else (None, None)
    identity = (release.content_hash, *digests, kind)
    if identity not in _UPSTREAMS:
        layer = Overlay.model_validate(overlay.content) if overlay else None
        on = pack_of(overlay.release) if overlay else None
        _UPSTREAMS[identity] = upstream(pack_of(release), layer, kind, release.content_hash, on)
    return _UPSTREAMS[identity]
