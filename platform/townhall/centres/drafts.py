"""A standard extracted from centres that are there, as a folder: a pack to be completed, and what each has of its own.

The folder appears whole or not at all. Before it does, the pack was read as any pack is, and every centre was given
back exactly from what was written.
"""

import datetime as dt
import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from provisioning.canonical import canonical
from provisioning.drafting import Draft, draft
from provisioning.extract import Extraction, ExtractionRefused, Source, extract, overlay_of, resolved
from provisioning.faults import Fault, PackInvalid
from provisioning.load import load_pack
from provisioning.matching import Match
from provisioning.parameters import attributes_of
from provisioning.specs import CentreSpec, Pack
from provisioning.specs.centre import COLLECTIONS
from provisioning.yamlfile import parse, text_of
from townhall.centres.apply import pinned
from townhall.centres.standing import standings
from townhall.standards.operations import pack_of
from townhall.units.models import Unit

# The files of a pack and the sections in each, as packs are laid out.
_FILES = {
    "pack.yaml": ("header", "profile"),
    "windows.yaml": ("windows", "posts"),
    "items/items.yaml": ("items",),
    "hall.yaml": ("hall", "zones", "objects", "slots"),
    "signage.yaml": ("signs",),
    "fixtures.yaml": ("fixtures",),
    "budget.yaml": ("envelope", "budget"),
    "regimes/regimes.yaml": ("regimes",),
    "policy.yaml": ("policies",),
    "standards.yaml": ("checks", "milestones", "documents"),
}
OVERLAYS, TEMPLATE = "overlays", "template.json"


@dataclass(frozen=True, slots=True)
class Taken:
    """What was written: how much each centre has of its own, by code, and the places that must be worded anew."""

    folder: Path
    own: Mapping[str, int]
    to_word: tuple[str, ...]


def sources_of(session: Session, units: Sequence[Unit]) -> list[Source]:
    """The centres of some units as they stand; units without one are left out."""
    there = standings(session, units)
    return [
        Source(
            unit.code,
            attributes_of(unit.name, unit.name_hans, there[unit.code].centre),
            there[unit.code].centre,
        )
        for unit in units
        if unit.code in there
    ]


def take(
    session: Session,
    units: Sequence[Unit],
    folder: Path,
    day: dt.date,
    threshold: int | None = None,
    matches: Sequence[Match] = (),
) -> Taken:
    """Extract a standard from the centres of some units and write it to a folder that is not there yet.

    Raises `ExtractionRefused`, and `PackInvalid` where what most centres say is no sound pack; then nothing is written.
    """
    if folder.exists():
        raise ExtractionRefused([f"「{folder}」已經存在，不予覆蓋"])
    sources = sources_of(session, units)
    made = extract(sources, threshold, matches)
    first = next(unit for unit in units if unit.code == sources[0].unit)
    base = pack_of(pinned(session, first).release)
    drafted = draft(made.template, base, _header(base, len(sources), day))
    _write(folder, drafted, made, base, sources)
    return Taken(folder, {one.unit: len(one.changes) for one in made.overlays}, drafted.to_word)


def _header(base: Pack, count: int, day: dt.date) -> dict[str, Any]:
    title = f"{base.header.title[:90]}（由{count}個中心提取的草案）"
    return {
        "id": f"{base.header.id[:50]}-draft",
        "release": 1,
        "title": title,
        "version_date": day.isoformat(),
    }


def _write(folder: Path, drafted: Draft, made: Extraction, base: Pack, sources: Sequence[Source]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as place:
        half = Path(place) / "pack"
        for name, text in (*_pack_files(drafted, base), *_overlay_files(made)):
            path = half / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        load_pack(half, folder.name)
        _judge(half / OVERLAYS, sources)
        half.rename(folder)


def _pack_files(drafted: Draft, base: Pack) -> Iterable[tuple[str, str]]:
    for name, sections in _FILES.items():
        data = {section: drafted.sections[section] for section in sections if section in drafted.sections}
        yield name, (_head(drafted) if name == "pack.yaml" else "") + text_of(data)
    yield from ((f"documents/{name}", text) for name, text in base.templates.items())


def _head(drafted: Draft) -> str:
    lines = ["由各中心現有配置提取的草案，不是已發布的標準。發布前須逐條核對。"]
    lines += [f"含有各鄉鎮自己的內容，須改寫：{place}" for place in drafted.to_word]
    return "".join(f"# {line}\n" for line in lines)


def _overlay_files(made: Extraction) -> Iterable[tuple[str, str]]:
    # Not the canonical form, which would put some collections into another order than the differences expect.
    template = {name: getattr(made.template, name) for name in CentreSpec.model_fields}
    plain = {
        name: [canonical(one) for one in value] if name in COLLECTIONS else canonical(value)
        for name, value in template.items()
    }
    yield f"{OVERLAYS}/{TEMPLATE}", _json(plain)
    yield from ((f"{OVERLAYS}/{one.unit[:9]}.json", _json(one.data())) for one in made.overlays)


def _json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def _judge(folder: Path, sources: Sequence[Source]) -> None:
    """Every centre must come back from the files exactly as it is (rule L1)."""
    template = read_template(folder)
    for source in sources:
        overlay = overlay_of(json.loads((folder / f"{source.unit[:9]}.json").read_text(encoding="utf-8")))
        if resolved(template, overlay) != source.centre:
            raise ExtractionRefused([f"{source.unit} 的配置不能由提取的結果還原"])


def read_template(folder: Path) -> CentreSpec:
    """The common standard with its parameters, from the folder `overlays` of a draft."""
    return CentreSpec.model_validate(json.loads((folder / TEMPLATE).read_text(encoding="utf-8")))


def read_matches(path: Path) -> list[Match]:
    """The reviewed list of a file: lines of `section` and `same`, each of those a unit's code and a key.

    Raises `PackInvalid` with the place of every fault.
    """
    file = parse(path.name, path.read_bytes())
    rows = file.data if isinstance(file.data, list) else []
    faults = list(file.faults)
    if not isinstance(file.data, list) and not faults:
        faults.append(Fault(path.name, 1, 1, "", "應為列表，每條有 section 和 same"))
    faults += [
        file.fault((place,), "須有 section（區段）和 same（單位代碼: 鍵）")
        for place, row in enumerate(rows)
        if not _sound(row)
    ]
    if faults:
        raise PackInvalid(faults)
    return [
        Match(row["section"], tuple((unit.ljust(12, "0"), key) for unit, key in row["same"].items()))
        for row in rows
    ]


def _sound(row: Any) -> bool:
    if not isinstance(row, dict) or row.keys() != {"section", "same"} or row["section"] not in COLLECTIONS:
        return False
    same = row["same"]
    return isinstance(same, dict) and len(same) > 1 and all(isinstance(key, str) for key in same.values())
