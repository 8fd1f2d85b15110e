"""Printing many documents: into a folder tree or a zip, with a report that names what could not be made."""

import json
import zipfile
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Protocol

from townhall.documents.errors import DocumentError
from townhall.documents.fonts import Faces
from townhall.documents.pool import Outcome, Work, render_many
from townhall.documents.production import Binder, Order
from townhall.documents.stamping.stamper import Stamper
from townhall.documents.store import Store
from townhall.spreadsheet import csv_bytes

REPORT = "印製報告.csv"
MOST_WAITING = 50  # documents that wait for one layout; whoever comes then is laid out meanwhile


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
    stamper: Stamper | None = None,
    advance: Callable[[], None] = lambda: None,
) -> BatchReport:
    """Render every wanted document into the target; what fails is reported and stops nothing else.

    Documents stream through: only a bounded number is in memory at a time. With a `stamper` papers that share a
    layout are laid out once; that pays where there are three townships or more.
    """
    batch = _Batch(target, stamper, advance)
    while wanted:
        for outcome in render_many(batch.work(wanted), workers=workers, store=store, faces=faces):
            batch.take(outcome)
        wanted = batch.alone()
    target.write(REPORT, batch.report.csv())
    target.close()
    return batch.report


@dataclass(frozen=True, slots=True)
class _LayoutOf:
    """The key under which a layout comes back."""

    key: str


class _Batch:
    """Documents on their way: handed out, waiting for the layout that they share, or given back by their layout."""

    def __init__(self, target: Target, stamper: Stamper | None, advance: Callable[[], None]) -> None:
        self.report = BatchReport()
        self._target, self._stamper, self._advance = target, stamper, advance
        self._out: dict[str, tuple[Binder, Order]] = {}
        self._waiting: dict[str, list[tuple[Binder, Order, tuple[str, ...]]]] = {}
        self._alone: list[tuple[Binder, Order]] = []
        self._without: set[str] = set()

    def alone(self) -> list[tuple[Binder, Order]]:
        """Those whose layout could not be made or cannot write them, once."""
        found, self._alone = self._alone, []
        return found

    def work(self, wanted: Wanted) -> Iterator[tuple[Hashable, Work]]:
        """What has to be laid out; what can be stamped is written on the way."""
        for binder, order in wanted:
            try:
                work = self._work(binder, order)
            except DocumentError as error:
                self._failed(binder, order, error)
                continue
            if work is not None:
                yield work

    def take(self, outcome: Outcome) -> None:
        """A document, or a layout for all that wait for it."""
        if self._stamper and isinstance(outcome.key, _LayoutOf):
            self._take_layout(self._stamper, outcome.key.key, outcome)
            return
        binder, order = self._out.pop(str(outcome.key))
        if outcome.error is not None:
            self._failed(binder, order, outcome.error)
        else:
            self._write(str(outcome.key), outcome.read())

    def _single(self, binder: Binder, order: Order) -> tuple[Hashable, Work]:
        name = binder.path(order)
        work = binder.work(order)
        self._out[name] = (binder, order)
        return name, work

    def _work(self, binder: Binder, order: Order) -> tuple[Hashable, Work] | None:
        """Stamp a document, or have its layout made, or wait for it; what has none is laid out by itself."""
        stamper = self._stamper
        paper = stamper.prepared(binder, order) if stamper and not order.word else None
        if stamper is None or paper is None or paper.key in self._without:
            return self._single(binder, order)
        if (waiting := self._waiting.get(paper.key)) is not None:
            if len(waiting) == MOST_WAITING:
                return self._single(binder, order)
            waiting.append((binder, order, paper.values))
            return None
        if (data := stamper.stamped(paper.key, paper.values)) is not None:
            self._write(binder.path(order), data)
            return None
        self._waiting[paper.key] = [(binder, order, paper.values)]
        return _LayoutOf(paper.key), paper.draft(stamper.alphabet)

    def _take_layout(self, stamper: Stamper, key: str, outcome: Outcome) -> None:
        waiting = self._waiting.pop(key)
        if outcome.error is not None:
            # Whatever it was, each document tells it of itself when it is laid out alone.
            self._without.add(key)
            self._alone += [(binder, order) for binder, order, _ in waiting]
            return
        stamper.layouts.put(key, outcome.read())
        for binder, order, values in waiting:
            if (data := stamper.stamped(key, values)) is None:
                self._alone.append((binder, order))
            else:
                self._write(binder.path(order), data)

    def _write(self, name: str, data: bytes) -> None:
        self._target.write(name, data)
        self.report.made += 1
        self._advance()

    def _failed(self, binder: Binder, order: Order, error: DocumentError) -> None:
        self.report.failures.append(_failure(binder, order, error))
        self._advance()


def _failure(binder: Binder, order: Order, error: DocumentError) -> Failure:
    script = "繁體" if order.script == "hant" else "簡體"
    unit = f"{binder.unit.code[:9]} {binder.unit.name}"
    return Failure(unit, order.document.title, order.subject.label, script, error.code, str(error))
