"""A centre as one file: configuration, rows, revisions and audit, each with its SHA-256 in a manifest."""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.canonical import canonical, content_hash
from townhall.approvals.models import Approval
from townhall.audit.chain import plain
from townhall.audit.operations import records
from townhall.centres.models import Centre, Revision
from townhall.centres.rows import MODELS, require_centre
from townhall.database import Base, table_of
from townhall.pictures.models import PictureKind
from townhall.pictures.operations import picture_of
from townhall.units.models import Unit

FORMAT = 1
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest moment that a zip can hold: the same content is the same file


class ArchiveInvalid(ValueError):
    """A file that is no archive, or one whose parts are not what its manifest says; says which, in Chinese."""


def write_archive(session: Session, unit: Unit, path: Path) -> str:
    """Write everything of a centre to a file, whole or not at all; gives the SHA-256 of its manifest."""
    parts = dict(_parts(session, unit))
    manifest = json.dumps(
        _manifest(session, unit, parts), ensure_ascii=False, indent=1, sort_keys=True
    ).encode()
    draft = path.with_name(path.name + ".part")
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in {"manifest.json": manifest, **parts}.items():
            file.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)
    draft.replace(path)
    return hashlib.sha256(manifest).hexdigest()


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of an archive whose every part is as it says. Raises `ArchiveInvalid`."""
    try:
        with zipfile.ZipFile(path) as file:
            manifest: dict[str, Any] = json.loads(file.read("manifest.json"))
            for name, digest in manifest["parts"].items():
                if hashlib.sha256(file.read(name)).hexdigest() != digest:
                    raise ArchiveInvalid(f"{path.name} 中的 {name} 與清單不符")
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise (
            error if isinstance(error, ArchiveInvalid) else ArchiveInvalid(f"{path.name} 不是中心檔案")
        ) from error
    return manifest


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
    assert content_hash(spec) == session.get_one(Centre, unit.code).content_hash  # noqa: S101 - rows are the truth
    yield "centre.json", json.dumps(canonical(spec), ensure_ascii=False, indent=1, sort_keys=True).encode()
    models: tuple[type[Base], ...] = (Centre, Revision, Approval, *MODELS.values())
    for model in models:
        yield f"rows/{model.__tablename__}.jsonl", _lines(_rows(session, model, unit.code))
    yield from _pictures(session, unit.code)
    sealed = (plain(one) | {"digest": one.digest} for one in records(session, unit.code))
    yield "audit.jsonl", _lines(sealed)


def _pictures(session: Session, unit_id: str) -> Iterator[tuple[str, bytes]]:
    """Each picture as the file that it is."""
    for kind in PictureKind:
        if (picture := picture_of(session, unit_id, kind)) is not None:
            yield f"pictures/{kind.value}.{picture.mime.removeprefix('image/')}", picture.data


def _rows(session: Session, model: type[Base], unit_id: str) -> Iterator[dict[str, Any]]:
    owned: Any = model
    table = table_of(model)
    wanted = select(owned).where(owned.unit_id == unit_id).order_by(*table.primary_key.columns)
    for row in session.scalars(wanted):
        yield {column.name: getattr(row, column.name) for column in table.columns}


def _lines(rows: Iterator[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows).encode()
