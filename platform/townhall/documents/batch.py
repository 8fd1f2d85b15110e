"""Printing many documents: into a folder tree or a zip, with a report that names what could not be made."""

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Protocol

from townhall.documents.errors import DocumentError
from townhall.documents.fonts import Faces
from townhall.documents.pool import render_many
from townhall.documents.production import Binder, Order
from townhall.documents.sheet import Sheet
from townhall.documents.store import Store
from townhall.spreadsheet import csv_bytes

REPORT = "印製報告.csv"


@dataclass(frozen=True, slots=True)
class Failure:
    """A document that was not made: which centre, which paper, what stopped it."""

    unit: str
    document: str
    subject: str
    script: str
    code: str
    message: str


@dataclass
class BatchReport:
    """What a batch made and what it could not make."""

    made: int = 0
    failures: list[Failure] = field(default_factory=list)

    def csv(self) -> bytes:
        """The failures as CSV with a heading, for Excel."""
        heading = ("鄉鎮", "文件", "對象", "字形", "錯誤代碼", "說明")
        return csv_bytes([heading, *(astuple(failure) for failure in self.failures)])

    def json(self) -> str:
        rows = [
            {name: getattr(failure, name) for name in Failure.__dataclass_fields__}
            for failure in self.failures
        ]
        return json.dumps({"made": self.made, "failures": rows}, ensure_ascii=False, indent=2)


class Target(Protocol):
    """Where finished files go."""

    def write(self, name: str, data: bytes) -> None: ...

    def close(self) -> None: ...


class FolderTarget:
    """A folder tree; each file appears whole or not at all."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, data: bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + ".part")
        partial.write_bytes(data)
        partial.replace(path)

    def close(self) -> None:
        """Nothing is held open."""


class ZipTarget:
    """One zip with fixed times, so that the same documents give the same archive; it appears when complete."""

    EPOCH = (1980, 1, 1, 0, 0, 0)

    def __init__(self, path: Path) -> None:
        self.path = path
        self.partial = path.with_name(path.name + ".part")
        path.parent.mkdir(parents=True, exist_ok=True)
        self.archive = zipfile.ZipFile(self.partial, "w", zipfile.ZIP_STORED)

    def write(self, name: str, data: bytes) -> None:
        entry = zipfile.ZipInfo(name, self.EPOCH)
        entry.external_attr = 0o644 << 16
        self.archive.writestr(entry, data)

    def close(self) -> None:
        self.archive.close()
        self.partial.replace(self.path)


def target_for(path: Path) -> Target:
    """A zip when the name ends so, otherwise a folder."""
    return ZipTarget(path) if path.suffix.lower() == ".zip" else FolderTarget(path)


Wanted = Iterable[tuple[Binder, Order]]


def print_batch(
    wanted: Wanted,
    target: Target,
    *,
    workers: int,
    store: Store | None,
    faces: Faces,
    advance: Callable[[], None] = lambda: None,
) -> BatchReport:
    """Render every wanted document into the target; what fails is reported and stops nothing else.

    Documents stream through: only a bounded number is in memory at a time.
    """
    report = BatchReport()
    names: dict[str, tuple[Binder, Order]] = {}
    composed = _composed(wanted, report, names, advance)
    for outcome in render_many(composed, workers=workers, store=store, faces=faces):
        binder, order = names.pop(str(outcome.key))
        if outcome.error is not None:
            report.failures.append(_failure(binder, order, outcome.error))
        else:
            target.write(str(outcome.key), outcome.read())
            report.made += 1
        advance()
    target.write(REPORT, report.csv())
    target.close()
    return report


def _composed(
    wanted: Wanted, report: BatchReport, names: dict[str, tuple[Binder, Order]], advance: Callable[[], None]
) -> Iterator[tuple[str, Sheet]]:
    for binder, order in wanted:
        try:
            sheet = binder.sheet(order)
        except DocumentError as error:
            report.failures.append(_failure(binder, order, error))
            advance()
            continue
        name = binder.path(order)
        names[name] = (binder, order)
        yield name, sheet


def _failure(binder: Binder, order: Order, error: DocumentError) -> Failure:
    script = "繁體" if order.script == "hant" else "簡體"
    unit = f"{binder.unit.code[:9]} {binder.unit.name}"
    return Failure(unit, order.document.title, order.subject.label, script, error.code, str(error))
