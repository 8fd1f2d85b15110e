"""Which characters the faces must cover beyond the national sets: those of the packs and of place names."""

import json
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from townhall.centres.models import Centre
from townhall.documents.fonts import Faces, Progress, base_coverage, ensure_faces
from townhall.script import HANS, to_script
from townhall.standards.models import CountyOverlay, Release
from townhall.units.models import Unit


def faces_of(session: Session, progress: Progress | None = None) -> Faces:
    """The faces for everything that this installation may print; built once and kept.

    Most installations need nothing beyond the national sets and share one build.
    """
    return ensure_faces(rare_characters(session), progress)


def rare_characters(session: Session) -> frozenset[str]:
    """Characters of names, packs and overlays that no national set has."""
    names = [name for row in session.execute(select(Unit.name, Unit.name_hans)) for name in row]
    contents = [*session.scalars(select(Release.content)), *session.scalars(select(CountyOverlay.content))]
    texts = [*names, *(json.dumps(content, ensure_ascii=False) for content in contents)]
    covered = base_coverage()
    return frozenset(c for c in set("".join(texts)) if ord(c) not in covered and c.isprintable())


def place_characters(session: Session, units: Sequence[Unit]) -> frozenset[str]:
    """The characters with which some units, those above them and their addresses are written, in both scripts."""
    codes = {unit.code for unit in units}
    above = {unit.parent_code for unit in units}
    names = select(Unit.name, Unit.name_hans).where(Unit.code.in_(codes | above))
    texts = [name for row in session.execute(names) for name in row]
    for profile in session.scalars(select(Centre.profile).where(Centre.unit_id.in_(codes))):
        if isinstance(address := profile.get("address"), str):
            texts += [address, to_script(address, HANS)]
    return frozenset("".join(texts))
