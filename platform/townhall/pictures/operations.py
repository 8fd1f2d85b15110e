"""Asking for pictures. They are put up and taken down with a revision of the centre (`townhall.centres.pictures`)."""

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from townhall.pictures.models import Picture, PictureKind


def pictures_of(session: Session, unit_id: str) -> dict[PictureKind, Picture]:
    """The pictures of a centre, without their bytes."""
    found = session.scalars(select(Picture).where(Picture.unit_id == unit_id))
    return {PictureKind(one.key): one for one in found}


def picture_of(session: Session, unit_id: str, kind: PictureKind) -> Picture | None:
    """One picture with its bytes, or None."""
    wanted = select(Picture).where(Picture.unit_id == unit_id, Picture.key == kind.value)
    return session.scalars(wanted.options(undefer(Picture.data))).one_or_none()
