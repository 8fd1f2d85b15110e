"""XLSX from strangers: judged before it is unpacked, read by a library in a bounded child, given as texts."""

import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from townhall.intake.bounded import child, worked
from townhall.intake.package import Bomb, pieces, require_bounded
from townhall.intake.refusals import Refused

MAXIMUM_ROWS, MAXIMUM_COLUMNS = 60_000, 50
MAXIMUM_TEXT = 20_000_000  # characters of all cells: one long shared text may stand in a million of them
_OVERLAP = 64
_REFERENCE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]+)([0-9]+)["']""")
_BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError, ValueError)
_UNREADABLE = "不是可讀的 XLSX 電子表格"
_LARGE = "內容過多，不予讀取"


class WorkbookRefused(Exception):
    """A file that is no workbook or more than we read; the message says which, in Chinese."""


def workbook_rows(path: Path) -> list[list[str]]:
    """The rows of the first sheet from its first row on, as texts; whole numbers have no decimal point.

    Raises `WorkbookRefused`.
    """
    data = path.read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _refuse_bombs(archive, data)
        rows: list[list[str]] = json.loads(worked("townhall.units.workbook", data))
    except (Bomb, Refused) as refusal:
        raise WorkbookRefused(str(refusal)) from refusal
    except _BROKEN as error:
        raise WorkbookRefused(_UNREADABLE) from error
    return rows


def _refuse_bombs(archive: zipfile.ZipFile, data: bytes) -> None:
    require_bounded(archive, len(data))
    for entry in archive.infolist():
        far = "worksheets/" in entry.filename.lower()
        file, first, tail = io.BytesIO(data), True, b""
        for piece in pieces(file, entry):
            if first and entry.filename.lower().endswith((".xml", ".rels")):
                _refuse_declarations(piece)
            if far:
                _refuse_far_cells(tail + piece)
            first, tail = False, piece[-_OVERLAP:]


def _refuse_declarations(start: bytes) -> None:
    """No workbook needs entities; a document type is how they are smuggled in, and UTF-16 is how that is hidden."""
    if b"<!DOCTYPE" in start.replace(b"\0", b"").upper():
        raise Bomb("含有文檔類型聲明，不予讀取")


def _refuse_far_cells(piece: bytes) -> None:
    """One cell at the far corner makes the reader reserve the whole rectangle before it."""
    for letters, digits in _REFERENCE.findall(piece):
        if len(letters) > 3 or len(digits) > 7 or _beyond(letters, digits):
            cell = (letters + digits).decode()[:12]
            raise Bomb(f"單元格 {cell} 超出可讀範圍（{MAXIMUM_ROWS} 行、{MAXIMUM_COLUMNS} 列）")


def _beyond(letters: bytes, digits: bytes) -> bool:
    column = 0
    for letter in letters.upper():
        column = column * 26 + letter - 64
    return column > MAXIMUM_COLUMNS or int(digits) > MAXIMUM_ROWS


def read(data: bytes) -> bytes:
    """The rows as JSON; the work of the child. Raises `Refused`."""
    left = MAXIMUM_TEXT
    rows = []
    for row in _rows(data):
        rows.append([_text(value) for value in row])
        left -= sum(map(len, rows[-1])) + 1
        if left < 0:
            raise Refused(_LARGE)
    return json.dumps(rows, ensure_ascii=False).encode()


def _rows(data: bytes) -> Iterator[Sequence[object]]:
    try:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0)
        yield from sheet.to_python(skip_empty_area=False)
    except (CalamineError, IndexError, OSError) as error:
        raise Refused(_UNREADABLE) from error
    except BaseException as error:
        # A panic inside the reader's native code arrives as an exception that is no `Exception`.
        if type(error).__name__ != "PanicException":
            raise
        raise Refused(_UNREADABLE) from error


def _text(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


if __name__ == "__main__":
    child(read)
