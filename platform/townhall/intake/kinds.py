"""What kinds of file are accepted from outside, told by their content, and how large each may be."""

import re
from enum import StrEnum
from types import MappingProxyType

from townhall.intake.refusals import DOUBLE, LARGE, UNKNOWN_PICTURE, UNKNOWN_SHEET, Refused


class Kind(StrEnum):
    """A kind of file; the value is how it is named to people."""

    XLSX = "XLSX"
    CSV = "CSV"
    PNG = "PNG"
    JPEG = "JPEG"
    SVG = "SVG"


LARGEST = MappingProxyType(  # bytes
    {
        Kind.XLSX: 10_000_000,
        Kind.CSV: 10_000_000,
        Kind.PNG: 8_000_000,
        Kind.JPEG: 8_000_000,
        Kind.SVG: 500_000,
    }
)
PICTURE_BYTES = max(LARGEST[kind] for kind in (Kind.PNG, Kind.JPEG, Kind.SVG))

_HEAD = 4096
_ZIP, _PNG, _JPEG = b"PK\x03\x04", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
# What begins like one of these is no text in cells: old Excel, PDF, pictures, archives, programs, markup.
_NO_CELLS = (
    *(b"\xd0\xcf\x11\xe0", b"%PDF-", b"GIF8", _PNG, _JPEG, b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!"),
    *(b"\x7fELF", b"{\\rtf", b"<"),
)
_ROOT = (b"<svg", b":svg")
# A second document inside a picture: some reader would open the file as that one.
_SECOND = re.compile(rb"%PDF-|<!doctype|<html|<script|<\?php|<svg", re.IGNORECASE)


def sheet_kind(head: bytes) -> Kind:
    """XLSX or CSV, by the first bytes of a file. Raises `Refused` for what is neither."""
    if head.startswith(_ZIP):
        return Kind.XLSX
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_NO_CELLS):
        raise Refused(UNKNOWN_SHEET)
    return Kind.CSV


def picture_kind(data: bytes) -> Kind:
    """PNG, JPEG or SVG, by a file's bytes. Raises `Refused` for anything else, two in one, and too many bytes."""
    kind = _picture_kind(data)
    if len(data) > LARGEST[kind]:
        raise Refused(LARGE, limit=LARGEST[kind] // 1000)
    if kind is not Kind.SVG and _SECOND.search(data):
        raise Refused(DOUBLE)
    return kind


def _picture_kind(data: bytes) -> Kind:
    if data.startswith(_PNG):
        return Kind.PNG
    if data.startswith(_JPEG):
        return Kind.JPEG
    head = data[:_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"<") and any(root in head for root in _ROOT):
        return Kind.SVG  # or something that holds one: whoever reads it will see
    raise Refused(UNKNOWN_PICTURE)
