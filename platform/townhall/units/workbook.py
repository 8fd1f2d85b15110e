"""XLSX from strangers: bounded before it is unpacked, read by a library, given as texts."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

MAXIMUM_UNPACKED = 100_000_000  # bytes of all parts together
MAXIMUM_RATIO = 200  # unpacked bytes for one packed byte; real sheets stay below 30
MAXIMUM_ROWS, MAXIMUM_COLUMNS = 60_000, 50
_PIECE, _OVERLAP = 1 << 20, 64
_REFERENCE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]+)([0-9]+)["']""")
_BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError, ValueError)


class WorkbookRefused(Exception):
    """A file that is no workbook or more than we read; the message says which, in Chinese."""


def workbook_rows(path: Path) -> list[list[str]]:
    """The rows of the first sheet from its first row on, as texts; whole numbers have no decimal point.

    Raises `WorkbookRefused`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_bombs(archive)
    except _BROKEN as error:
        raise WorkbookRefused(_UNREADABLE) from error
    return [[_text(value) for value in row] for row in _read(path)]


_UNREADABLE = "不是可讀的 XLSX 電子表格"


def _read(path: Path) -> list[list[object]]:
    try:
        sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
        return sheet.to_python(skip_empty_area=False)  # type: ignore[return-value]
    except (CalamineError, IndexError, OSError) as error:
        raise WorkbookRefused(_UNREADABLE) from error
    except BaseException as error:
        # A panic inside the reader's native code arrives as an exception that is no `Exception`.
        if type(error).__name__ != "PanicException":
            raise
        raise WorkbookRefused(_UNREADABLE) from error


def _refuse_bombs(archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if unpacked > MAXIMUM_UNPACKED or unpacked > MAXIMUM_RATIO * max(packed, 10_000):
        raise WorkbookRefused("解壓後過大，不予讀取")
    for entry in entries:
        if entry.filename.lower().endswith(".xml"):
            _refuse_declarations(archive, entry)
        if "worksheets/" in entry.filename.lower():
            _refuse_far_cells(archive, entry)


def _refuse_declarations(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """No workbook needs entities; a document type is how they are smuggled in."""
    with archive.open(entry) as file:
        if b"<!DOCTYPE" in file.read(_PIECE).upper():
            raise WorkbookRefused("含有文檔類型聲明，不予讀取")


def _refuse_far_cells(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """One cell at the far corner makes the reader reserve the whole rectangle before it."""
    for piece in _pieces(archive, entry):
        for letters, digits in _REFERENCE.findall(piece):
            if len(letters) > 3 or len(digits) > 7 or _beyond(letters, digits):
                cell = (letters + digits).decode()[:12]
                raise WorkbookRefused(
                    f"單元格 {cell} 超出可讀範圍（{MAXIMUM_ROWS} 行、{MAXIMUM_COLUMNS} 列）"
                )


def _pieces(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(entry) as file:
        tail = b""
        while piece := file.read(_PIECE):
            yield tail + piece
            tail = piece[-_OVERLAP:]


def _beyond(letters: bytes, digits: bytes) -> bool:
    column = 0
    for letter in letters.upper():
        column = column * 26 + letter - 64
    return column > MAXIMUM_COLUMNS or int(digits) > MAXIMUM_ROWS


def _text(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
