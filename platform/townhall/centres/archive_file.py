"""The file of a centre, read and judged without a database: every part by its hash, then all of them together.

Only a file that agrees with itself is opened. What it does not prove by itself is where it comes from: whoever
passes it on says the SHA-256 of its manifest by another way, and the reader compares.
"""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError

from provisioning.canonical import content_hash
from provisioning.specs import CentreSpec, Overlay, Pack
from townhall.approvals.models import Approval
from townhall.audit.chain import FIELDS, first_break
from townhall.audit.models import AuditRecord
from townhall.centres.models import Centre, Outbox, Question, Revision
from townhall.centres.rows import MODELS
from townhall.database import Base, table_of
from townhall.pictures.models import Picture
from townhall.standards.models import CountyOverlay, Release
from townhall.tenancy import scope_of
from townhall.units.models import Unit

FORMAT = 5
LARGEST = 200_000_000  # bytes of a part once unpacked: twenty times the largest centre
MANIFEST = "manifest.json"
CARRIED: tuple[type[Base], ...] = (Centre, Revision, Approval, Question, Picture, *MODELS.values())
# Tables of a tenant that are not among the rows: the audit is a part of its own, messages were for the old host.
APART: tuple[type[Base], ...] = (AuditRecord, Outbox)
FACTS = {"format", "unit", "name", "revision", "content_hash", "parts"}
Row = dict[str, Any]


class ArchiveInvalid(ValueError):
    """A file that is no archive, or one whose parts are not what its manifest says; says which, in Chinese."""


@dataclass(frozen=True, slots=True)
class Archive:
    """What a sound file holds: `rows` by table, the audit, the standards and units that the rows speak of.

    `digest` is the SHA-256 of the manifest, and with it of everything. `units` begin at the top and end with `unit`.
    """

    unit: str
    content_hash: str
    digest: str
    rows: dict[str, list[Row]]
    audit: list[Row]
    releases: list[Row]
    overlays: list[Row]
    units: list[Row]


def part_of(model: type[Base]) -> str:
    """The name of the part that holds a table's rows."""
    return f"rows/{model.__tablename__}.jsonl"


PARTS = frozenset(
    {"centre.json", "audit.jsonl", "standards.json", "units.json", *(part_of(model) for model in CARRIED)}
)


def read_manifest(path: Path) -> Row:
    """The manifest of an archive whose every part is as it says. Raises `ArchiveInvalid`."""
    return _opened(path)[0]


def read_archive(path: Path) -> Archive:
    """A sound archive. Raises `ArchiveInvalid`."""
    manifest, parts = _opened(path)
    try:
        made = _made(manifest, parts)
        _judge_centre(made, manifest, _json(parts, "centre.json"))
        _judge_audit(made)
        _judge_standards(made)
        _judge_units(made)
    except (TypeError, AttributeError, KeyError) as error:  # values of kinds that nobody wrote there
        raise ArchiveInvalid(f"檔案的內容不對：{error}") from error
    return made


def _made(manifest: Row, parts: dict[str, bytes]) -> Archive:
    standards = _json(parts, "standards.json")
    if not isinstance(standards, dict) or standards.keys() != {"releases", "overlays"}:
        _refuse("standards.json 的結構不對")
    return Archive(
        manifest["unit"],
        manifest["content_hash"],
        hashlib.sha256(parts[MANIFEST]).hexdigest(),
        {model.__tablename__: _table(parts, model, manifest["unit"]) for model in CARRIED},
        _lines(parts, "audit.jsonl", {*FIELDS, "digest"}),
        _records(standards["releases"], "standards.json", _columns(Release)),
        _records(standards["overlays"], "standards.json", _columns(CountyOverlay)),
        _records(_json(parts, "units.json"), "units.json", _columns(Unit)),
    )


def _refuse(what: str) -> NoReturn:
    raise ArchiveInvalid(what)


def _opened(path: Path) -> tuple[Row, dict[str, bytes]]:
    """The manifest and the parts, the manifest among them, each as its hash says."""
    try:
        with zipfile.ZipFile(path) as file:
            parts = dict(_unpacked(file))
        manifest = json.loads(parts[MANIFEST])
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        if isinstance(error, ArchiveInvalid):
            raise
        raise ArchiveInvalid(f"{path.name} 不是中心檔案，或已損壞") from error
    except (NotImplementedError, RuntimeError, RecursionError) as error:
        raise ArchiveInvalid(f"{path.name} 不是中心檔案：已加密、壓縮方式不對或嵌套過深") from error
    _judge_manifest(manifest)
    _judge_parts(manifest["parts"], parts)
    return manifest, parts


def _unpacked(file: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    seen: set[str] = set()
    for one in file.infolist():
        if one.filename in seen:
            _refuse(f"{one.filename} 在檔案中重複出現")
        if one.filename not in PARTS | {MANIFEST}:
            _refuse(f"檔案中有不該有的 {one.filename[:80]}")
        if one.file_size > LARGEST:
            _refuse(f"{one.filename} 過大")
        seen.add(one.filename)
        yield one.filename, file.read(one)


def _judge_manifest(manifest: Any) -> None:
    if not isinstance(manifest, dict) or "format" not in manifest:
        _refuse("清單的結構不對")
    if manifest["format"] != FORMAT:
        _refuse(f"清單的格式是 {manifest['format']!s:.20}，本版本只認格式 {FORMAT}")
    texts = [manifest.get(name) for name in ("unit", "name", "content_hash")]
    sound = all(isinstance(text, str) for text in texts) and isinstance(manifest.get("parts"), dict)
    if manifest.keys() != FACTS or not sound or type(manifest["revision"]) is not int:
        _refuse("清單的結構不對")


def _judge_parts(listed: Row, parts: dict[str, bytes]) -> None:
    for name in sorted(PARTS - listed.keys()):
        _refuse(f"清單缺少 {name}")
    for name in sorted(listed.keys() - PARTS):
        _refuse(f"清單列有不該有的 {name[:80]}")
    for name, digest in sorted(listed.items()):
        if name not in parts:
            _refuse(f"檔案缺少 {name}")
        if hashlib.sha256(parts[name]).hexdigest() != digest:
            _refuse(f"{name} 與清單不符")


def _json(parts: dict[str, bytes], name: str) -> Any:
    try:
        return json.loads(parts[name])
    except (ValueError, RecursionError):
        _refuse(f"{name} 不是 JSON")


def _lines(parts: dict[str, bytes], name: str, wanted: set[str]) -> list[Row]:
    try:
        found = [json.loads(line) for line in parts[name].splitlines()]
    except (ValueError, RecursionError):
        _refuse(f"{name} 不是每行一條 JSON")
    return _records(found, name, wanted)


def _table(parts: dict[str, bytes], model: type[Base], unit: str) -> list[Row]:
    name = part_of(model)
    rows = _lines(parts, name, _columns(model))
    if any(row["unit_id"] != unit for row in rows):
        _refuse(f"{name} 含有其他單位的記錄")
    return rows


def _records(found: Any, name: str, wanted: set[str]) -> list[Row]:
    if not isinstance(found, list) or not all(
        isinstance(one, dict) and one.keys() == wanted for one in found
    ):
        _refuse(f"{name} 的結構不對：各條應有 {'、'.join(sorted(wanted))}")
    return found


def _columns(model: type[Base]) -> set[str]:
    return {column.name for column in table_of(model).columns}


def _judge_centre(made: Archive, manifest: Row, content: Any) -> None:
    """The configuration, the centre's row, its revisions and the manifest say the same."""
    if len(made.rows["centre"]) != 1:
        _refuse("rows/centre.jsonl 應恰有一個中心")
    (centre,) = made.rows["centre"]
    try:
        spec = CentreSpec.model_validate(content)
    except ValidationError:
        _refuse("centre.json 不是中心的配置")
    if not content_hash(spec) == centre["content_hash"] == made.content_hash:
        _refuse("centre.json、中心的記錄和清單三者的內容哈希不一致")
    numbers = [one["number"] for one in made.rows["revision"]]
    if numbers != list(range(1, len(numbers) + 1)) or centre["revision"] != manifest["revision"]:
        _refuse("rows/revision.jsonl 的版本不連續，或與清單不符")
    last = made.rows["revision"][-1] if numbers else {}
    if (last.get("number"), last.get("content_hash")) != (centre["revision"], made.content_hash):
        _refuse("rows/revision.jsonl 的最後一版不是中心現在的配置")


def _judge_audit(made: Archive) -> None:
    if not made.audit:
        _refuse("audit.jsonl 沒有審計記錄")
    if any(one["unit_id"] != made.unit for one in made.audit):
        _refuse("audit.jsonl 含有其他單位的記錄")
    broken = first_break(made.unit, ((one, one["digest"]) for one in made.audit))
    if broken is not None:
        _refuse(f"audit.jsonl 的審計鏈不完整：{broken}")


def _judge_standards(made: Archive) -> None:
    """Every standard is what its hash says, and every one that the rows are pinned to is there."""
    for one in made.releases:
        _judge_content(one, Pack, f"標準 {one['pack']} 第 {one['number']} 版")
    for one in made.overlays:
        _judge_content(one, Overlay, f"縣級補充規定 {one['county_code']} 第 {one['version']} 版")
    pinned = [*made.rows["centre"], *made.rows["revision"]]
    kinds = (
        ("release_id", made.releases, [*pinned, *made.overlays]),
        ("overlay_id", made.overlays, pinned),
    )
    for column, carried, wanting in kinds:
        known = {one["id"] for one in carried} | ({None} if column == "overlay_id" else set())
        if any(row[column] not in known for row in wanting):
            _refuse(f"standards.json 缺少中心所依據的標準（{column}）")


def _judge_content(one: Row, kind: type[Pack] | type[Overlay], name: str) -> None:
    try:
        value = kind.model_validate(one["content"])
    except ValidationError:
        _refuse(f"standards.json：{name}不能讀取")
    if content_hash(value) != one["content_hash"]:
        _refuse(f"standards.json：{name}的內容與哈希不符")
    if isinstance(value, Pack) and (value.header.id, value.header.release) != (one["pack"], one["number"]):
        _refuse(f"standards.json：{name}的編號與內容不符")


def _judge_units(made: Archive) -> None:
    """The unit itself last, and before it what it lies in, each below the one before it."""
    above = None
    for one in made.units:
        code = one["code"]
        if not (isinstance(code, str) and code.isascii() and code.isdigit() and len(code) == 12):
            _refuse("units.json 的代碼應為 12 位數字")
        if one["parent_code"] != above or (above and not scope_of(above).covers(code)):
            _refuse(f"units.json：{code} 不在其上級之下")
        above = code
    if above != made.unit:
        _refuse("units.json 的最後一個應是本單位")
