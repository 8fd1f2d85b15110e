"""Zip packages from outside, judged by their directory and then by their real content, before anybody unpacks them."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

MOST_MEMBERS = 1_000
MAXIMUM_UNPACKED = 100_000_000  # bytes of all parts together
MAXIMUM_RATIO = 200  # unpacked bytes for one packed byte; real sheets stay below 30
PIECE = 1 << 20
_HEADER = 30  # bytes of a member's own header before its name
_ENCRYPTED = 0x1


class Bomb(Exception):
    """A package that would unpack to more than we read, or is not what its directory says; says which, in Chinese."""


def require_bounded(archive: zipfile.ZipFile, size: int) -> None:
    """Judge a package by its directory; `size` is that of the file in bytes. Raises `Bomb`."""
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if len(entries) > MOST_MEMBERS:
        raise Bomb("所含部件過多，不予讀取")
    if unpacked > MAXIMUM_UNPACKED or unpacked > MAXIMUM_RATIO * max(packed, 10_000):
        raise Bomb("解壓後過大，不予讀取")
    if packed > size or len({entry.filename for entry in entries}) < len(entries):
        raise Bomb("所含部件互相重疊，不予讀取")
    for entry in entries:
        if entry.flag_bits & _ENCRYPTED:
            raise Bomb("已加密，不予讀取")
        if entry.filename.startswith(("/", "\\")) or ".." in entry.filename or ":" in entry.filename:
            raise Bomb("所含部件的名稱指向別處，不予讀取")


def pieces(file: IO[bytes], entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The real content of a member, a part at a time. Raises `Bomb` when it is longer than the directory says.

    Readers differ in whom they believe: Python's stops at the length in the directory, others read on.
    """
    left = entry.file_size
    for piece in _unpacked(file, entry):
        left -= len(piece)
        if left < 0:
            raise Bomb("所含部件比目錄所說的更長，不予讀取")
        yield piece


def _unpacked(file: IO[bytes], entry: zipfile.ZipInfo) -> Iterator[bytes]:
    packed = _packed(file, entry)
    if entry.compress_type == zipfile.ZIP_STORED:
        yield from packed
        return
    if entry.compress_type != zipfile.ZIP_DEFLATED:
        raise Bomb("壓縮方式不是電子表格所用的，不予讀取")
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    for part in packed:
        rest = part
        while rest and not inflater.eof:
            yield inflater.decompress(rest, PIECE)
            rest = inflater.unconsumed_tail
    while not inflater.eof and (piece := inflater.decompress(b"", PIECE)):
        yield piece


def _packed(file: IO[bytes], entry: zipfile.ZipInfo) -> Iterator[bytes]:
    file.seek(entry.header_offset)
    name, extra = struct.unpack("<HH", file.read(_HEADER)[26:30])
    file.seek(name + extra, 1)
    left = entry.compress_size
    while left > 0 and (part := file.read(min(left, PIECE))):
        left -= len(part)
        yield part
