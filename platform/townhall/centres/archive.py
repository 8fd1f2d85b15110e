"""A centre as one file: configuration, rows, revisions, audit and the standards they rest on, each with its SHA-256."""

import base64
import hashlib
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.canonical import canonical, content_hash
from townhall.audit.chain import plain
from townhall.audit.operations import records
from townhall.centres.archive_file import CARRIED, FORMAT, MANIFEST, ArchiveInvalid, part_of
from townhall.centres.models import Centre, Revision
from townhall.centres.rows import require_centre
from townhall.database import Base, table_of
from townhall.standards.models import CountyOverlay, Release
from townhall.units.models import Unit

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest moment that a zip can hold: the same content is the same file


def write_archive(session: Session, unit: Unit, path: Path) -> str:
    """Write everything of a centre to a file, whole or not at all; gives the SHA-256 of its manifest.

    Raises `ArchiveInvalid` when its rows are not those of its newest revision.
    """
    parts = dict(_parts(session, unit))
    manifest = _text(_manifest(session, unit, parts))
    draft = path.with_name(path.name + ".part")
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in {MANIFEST: manifest, **parts}.items():
            file.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)
    draft.replace(path)
    return hashlib.sha256(manifest).hexdigest()


def _manifest(session: Session, unit: Unit, parts: dict[str, bytes]) -> dict[str, Any]:
    centre = session.get_one(Centre, unit.code)
    return {
        "format": FORMAT,
        "unit": unit.code,
        "name": unit.name,
        "revision": centre.revision,
        "content_hash": centre.content_hash,
        "parts": {name: hashlib.sha256(data).hexdigest() for name, data in parts.items()},
    }


def _parts(session: Session, unit: Unit) -> Iterator[tuple[str, bytes]]:
    spec = require_centre(session, unit.code)
    if content_hash(spec) != session.get_one(Centre, unit.code).content_hash:
        raise ArchiveInvalid(f"{unit.name}的配置與最近一次修訂的摘要不符，不能歸檔")
    yield "centre.json", _text(canonical(spec))
    for model in CARRIED:
        yield part_of(model), _lines(_rows(session, model, unit.code))
    yield "standards.json", _text(_standards(session, unit))
    yield "units.json", _text([_row(one) for one in _line(session, unit)])
    sealed = (plain(one) | {"digest": one.digest} for one in records(session, unit.code))
    yield "audit.jsonl", _lines(sealed)


def _rows(session: Session, model: type[Base], unit_id: str) -> Iterator[dict[str, Any]]:
    owned: Any = model
    wanted = select(owned).where(owned.unit_id == unit_id).order_by(*table_of(model).primary_key.columns)
    return (_row(row) for row in session.scalars(wanted))


def _row(row: Base) -> dict[str, Any]:
    """The values of a row; bytes, which JSON does not have, in Base64."""
    values = ((column.name, getattr(row, column.name)) for column in table_of(type(row)).columns)
    return {
        name: base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for name, value in values
    }


def _standards(session: Session, unit: Unit) -> dict[str, list[dict[str, Any]]]:
    """Every standard that the centre was ever pinned to, whole: its revisions are differences from them.

    With each overlay goes the release that it was written on.
    """
    pins = select(Revision.release_id, Revision.overlay_id).where(Revision.unit_id == unit.code)
    found = session.execute(pins).all()
    overlays = [
        session.get_one(CountyOverlay, key) for key in sorted({pin.overlay_id for pin in found} - {None})
    ]
    pinned = {pin.release_id for pin in found} | {one.release_id for one in overlays}
    releases = [session.get_one(Release, key) for key in sorted(pinned)]
    return {"releases": [_row(one) for one in releases], "overlays": [_row(one) for one in overlays]}


def _line(session: Session, unit: Unit) -> list[Unit]:
    """What a unit lies in, from the top, and the unit itself."""
    found = [unit]
    while found[0].parent_code is not None:
        found.insert(0, session.get_one(Unit, found[0].parent_code))
    return found


def _text(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, default=str).encode()


def _lines(rows: Iterator[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows).encode()
