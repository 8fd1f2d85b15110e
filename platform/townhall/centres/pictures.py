"""Pictures of a centre put up and taken down: each is a revision, since papers that bear them change with them."""

import hashlib

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from townhall.audit.act import Act
from townhall.audit.operations import record
from townhall.centres.models import Centre, Revision
from townhall.centres.status import closed
from townhall.centres.writing import tell_documents
from townhall.intake.raster import Bitmap
from townhall.pictures.models import Picture, PictureKind
from townhall.units.models import Unit

OVERTAKEN = "在您打開頁面之後，他人已更換這張圖片；請核對後再試"
ABSENT = "這張圖片已經不在了"


class PictureRefused(ValueError):
    """A picture that cannot be put up or taken down now; says why, in Chinese."""


def put_picture(
    session: Session, unit: Unit, kind: PictureKind, bitmap: Bitmap, *, seen: str, act: Act
) -> int:
    """Put up a picture in the place of the one that was there; gives the number of the revision.

    `seen` is the digest of the picture that the person was looking at, empty for none. Raises `PictureRefused`.
    The same bytes again are no revision.
    """
    centre, standing = _open(session, unit, kind, seen)
    digest = hashlib.sha256(bitmap.data).hexdigest()
    if standing is not None and standing.digest == digest:
        return centre.revision
    before = standing.digest if standing else None
    picture = standing or Picture(unit_id=unit.code, key=kind.value)
    picture.mime, picture.width, picture.height = bitmap.mime, bitmap.width, bitmap.height
    picture.data, picture.digest, picture.placed_at = bitmap.data, digest, act.moment
    session.add(picture)
    return _revised(session, centre, act, kind, before, digest)


def remove_picture(session: Session, unit: Unit, kind: PictureKind, *, seen: str, act: Act) -> int:
    """Take a picture down; gives the number of the revision. Raises `PictureRefused`."""
    centre, standing = _open(session, unit, kind, seen)
    if standing is None:
        raise PictureRefused(ABSENT)
    before = standing.digest
    session.delete(standing)
    return _revised(session, centre, act, kind, before, None)


def _open(session: Session, unit: Unit, kind: PictureKind, seen: str) -> tuple[Centre, Picture | None]:
    """The centre, locked, and the picture that is there. Raises `PictureRefused`."""
    centre = session.get_one(Centre, unit.code, with_for_update=True, populate_existing=True)
    if (reason := closed(centre)) is not None:
        raise PictureRefused(reason)
    standing = session.get(Picture, (unit.code, kind.value))
    if seen != (standing.digest if standing else ""):
        raise PictureRefused(OVERTAKEN)
    return centre, standing


def _revised(
    session: Session, centre: Centre, act: Act, kind: PictureKind, before: str | None, after: str | None
) -> int:
    """A revision like the newest one, and the record of the act: the hashes of the bytes, not the bytes."""
    newest = session.get_one(Revision, (centre.unit_id, centre.revision))
    facts = {one.key: getattr(newest, one.key) for one in inspect(Revision).column_attrs}
    centre.revision += 1
    centre.updated_at = act.moment
    own = {"number": centre.revision, "plan_hash": None, "reason": act.reason[:120], "actor": act.author}
    session.add(Revision(**facts | own | {"created_at": act.moment}))
    session.flush()
    tell_documents(session, centre, act)
    basis = {"revision": centre.revision, "content": centre.content_hash}
    changes = [["", None, f"picture.{kind.value}", before, after]]
    record(session, act, centre.unit_id, "centre.picture", changes=changes, basis=basis)
    return centre.revision
