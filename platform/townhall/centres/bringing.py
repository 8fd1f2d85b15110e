"""Bringing the file of a centre into a host that has no such centre: all of it or nothing, in one transaction."""

import base64
import datetime as dt
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Column, Date, LargeBinary, Table, insert, select
from sqlalchemy.exc import DBAPIError, NoResultFound
from sqlalchemy.orm import Session

from provisioning.canonical import content_hash
from townhall.audit.act import Act
from townhall.audit.models import AuditRecord
from townhall.audit.operations import broken, record, records
from townhall.centres.archive_file import CARRIED, Archive, Row
from townhall.centres.models import Centre
from townhall.centres.replay import ReplayBroken, replay
from townhall.centres.rows import require_centre
from townhall.database import Base, Moment, table_of
from townhall.standards.models import CountyOverlay, Release, Status
from townhall.standards.operations import newest_release
from townhall.units.models import Unit

SAME = ("level", "kind", "parent_code")  # what must agree where the host knows a unit already


class ImportRefused(ValueError):
    """A sound file that cannot be taken into this host; the message says why in Chinese."""


def bring(session: Session, act: Act, archive: Archive) -> Unit:
    """Write a centre with its history, in the caller's transaction. Raises `ImportRefused`.

    The chain of the audit is taken over as it is and goes on with a record of the import.
    """
    unit = _unit(session, archive)
    if session.get(Centre, unit.code) is not None:
        raise ImportRefused(f"{unit.short_code} {unit.name}已有中心，不能再導入")
    pins = _pins(session, archive)
    _continue_chain(session, archive)
    for table in _in_order():
        _insert(session, table, [_mapped(row, pins) for row in archive.rows[table.name]])
    session.expire_all()
    _judge(session, unit, archive)
    basis = {"archive": archive.digest, "after": archive.content_hash}
    record(session, act, unit.code, "centre.import", basis=basis)
    if (fault := broken(session, unit.code)) is not None:
        raise ImportRefused(f"導入後審計鏈不完整：{fault}")
    return unit


def _unit(session: Session, archive: Archive) -> Unit:
    """The unit, made with what it lies in where the host does not know them."""
    for row in archive.units:
        standing = session.get(Unit, row["code"])
        if standing is None:
            session.add(Unit(**row))
            session.flush()
        elif (different := [name for name in SAME if getattr(standing, name) != row[name]]) != []:
            raise ImportRefused(f"單位 {row['code']} 在本平台的{'、'.join(different)}與檔案中的不同")
    return session.get_one(Unit, archive.unit)


def _pins(session: Session, archive: Archive) -> dict[str, dict[int | None, int | None]]:
    """From the numbers of standards in the file to those of this host."""
    releases: dict[int | None, int | None] = {one["id"]: _release(session, one) for one in archive.releases}
    overlays: dict[int | None, int | None] = {
        one["id"]: _overlay(session, one | {"release_id": releases.get(one["release_id"])})
        for one in archive.overlays
    }
    return {"release_id": releases, "overlay_id": overlays | {None: None}}


def _release(session: Session, row: Row) -> int:
    """A release of the past is stored as one that is no longer offered; a newer one must be published here first."""
    name = f"標準「{row['pack']}」第 {row['number']} 版"
    known = select(Release).filter_by(pack=row["pack"], number=row["number"])
    standing = session.scalars(known).one_or_none()
    if standing is not None:
        return _same(standing.id, standing.content_hash, row, name)
    newest = newest_release(session, row["pack"])
    if newest is None or newest.number < row["number"]:
        raise ImportRefused(f"本平台還沒有{name}；請先發布（townhall init 載入自帶的模板包），再導入")
    return _stored(session, Release, row | {"status": Status.WITHDRAWN.value})


def _overlay(session: Session, row: Row) -> int:
    """A county's overlay of the past is stored; one newer than this host's would bind its other townships too."""
    name = f"縣級補充規定 {row['county_code']} 第 {row['version']} 版"
    known = select(CountyOverlay).filter_by(county_code=row["county_code"])
    standing = {one.version: one for one in session.scalars(known)}
    if (found := standing.get(row["version"])) is not None:
        if found.release_id != row["release_id"]:
            raise ImportRefused(f"本平台的{name}所依據的州標準與檔案中的不同")
        return _same(found.id, found.content_hash, row, name)
    if max(standing, default=0) < row["version"] and _has_centres(session, row["county_code"]):
        raise ImportRefused(f"本平台還沒有{name}，而該縣已有中心；請先發布，再導入")
    return _stored(session, CountyOverlay, row)


def _same(number: int, digest: str, row: Row, name: str) -> int:
    if digest != row["content_hash"]:
        raise ImportRefused(f"本平台的{name}與檔案中的內容不同")
    return number


def _has_centres(session: Session, county_code: str) -> bool:
    beside = (
        select(Centre.unit_id).join(Unit, Unit.code == Centre.unit_id).filter(Unit.parent_code == county_code)
    )
    return session.scalars(beside.limit(1)).first() is not None


def _stored(session: Session, model: type[Release] | type[CountyOverlay], row: Row) -> int:
    values = _stored_values(table_of(model), {name: value for name, value in row.items() if name != "id"})
    made = model(**values)
    session.add(made)
    session.flush()
    return made.id


def _continue_chain(session: Session, archive: Archive) -> None:
    """What this host has recorded of the unit must be the beginning of the file's chain; mostly it is nothing."""
    standing = list(records(session, archive.unit))
    for one, sealed in zip(standing, archive.audit, strict=False):
        if one.digest != sealed["digest"]:
            raise ImportRefused(
                f"本平台已有該單位的審計記錄（第 {one.number} 條起與檔案不同），兩條鏈不能接成一條"
            )
    if len(standing) > len(archive.audit):
        raise ImportRefused("本平台該單位的審計記錄比檔案中的更長：檔案是較早時導出的")
    _insert(session, table_of(AuditRecord), archive.audit[len(standing) :])


def _in_order() -> list[Table]:
    """The centre before what refers to it."""
    wanted = {model.__tablename__ for model in CARRIED}
    return [table for table in Base.metadata.sorted_tables if table.name in wanted]


def _mapped(row: Row, pins: dict[str, dict[int | None, int | None]]) -> Row:
    return row | {column: numbers[row[column]] for column, numbers in pins.items() if column in row}


def _insert(session: Session, table: Table, rows: list[Row]) -> None:
    if not rows:
        return
    try:
        session.connection().execute(insert(table), [_stored_values(table, row) for row in rows])
    except (DBAPIError, TypeError, ValueError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise ImportRefused(f"表 {table.name} 的記錄不能寫入：{cause}") from error


def _stored_values(table: Table, row: Row) -> dict[str, Any]:
    """A row with its moments and bytes, which the file holds as text. Raises `ValueError` for what is neither."""
    return {name: _stored_value(table.columns[name], value) for name, value in row.items()}


def _stored_value(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, Moment):
        return dt.datetime.fromisoformat(value)
    if isinstance(column.type, Date):
        return dt.date.fromisoformat(value)
    return base64.b64decode(value, validate=True) if isinstance(column.type, LargeBinary) else value


def _judge(session: Session, unit: Unit, archive: Archive) -> None:
    """The rows read back, and the audit replayed from its beginning, must both say what the file says."""
    try:
        written = content_hash(require_centre(session, unit.code))
    except ValidationError as error:
        raise ImportRefused("寫入的記錄不是中心的配置") from error
    if written != archive.content_hash:
        raise ImportRefused("寫入的記錄與檔案中的配置不一致")
    try:
        replayed = replay(session, unit)
    except (ReplayBroken, NoResultFound, LookupError, TypeError, ValueError) as error:
        raise ImportRefused(f"審計記錄不能重放出檔案中的配置：{error}") from error
    if replayed is None or content_hash(replayed) != archive.content_hash:
        raise ImportRefused("由審計記錄重放的配置與檔案中的不一致")
