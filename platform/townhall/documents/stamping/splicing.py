"""Deflated streams with holes: what stays is deflated once, what comes into the holes is stored as it is (RFC 1951).

Nothing here knows about PDF. A piece of a stream is either bytes or a `Run`, a part of a value in some encoding.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from townhall.documents.stamping.codes import strokes

LEVEL = 6
NEAR = 64  # bytes: where less lies between two holes, deflating it would cost more than it saves
LONGEST_BLOCK = 0xFFFF
_HEAD, _END = b"\x78\x9c", b"\x03\x00"
_BASE = 65521  # of the Adler-32 sum, RFC 1950


@dataclass(frozen=True, slots=True)
class Run:
    """Characters `start` to `stop` of a slot's value, in an encoding."""

    slot: int
    start: int
    stop: int
    encoding: str


@dataclass(frozen=True, slots=True)
class Settled:
    """A part that is the same in every copy: its deflated blocks, its sum and its length before."""

    blocks: bytes
    sum: int
    length: int


@dataclass(frozen=True, slots=True)
class Code:
    """The drawing of a QR code whose address is made of pieces."""

    address: tuple[bytes | Run, ...]


Piece = bytes | Run | Code
Part = Settled | tuple[Piece, ...]
Tables = Mapping[str, Mapping[str, bytes]]


class Unknown(KeyError):
    """A character that the encodings of a layout do not have."""


def filled(pieces: Sequence[Piece], values: Sequence[str], tables: Tables) -> bytes:
    """The bytes of some pieces for some values. Raises `Unknown`."""
    try:
        return b"".join(
            [piece if isinstance(piece, bytes) else _put(piece, values, tables) for piece in pieces]
        )
    except KeyError as error:
        raise Unknown(*error.args) from None


def _put(run: Run | Code, values: Sequence[str], tables: Tables) -> bytes:
    if isinstance(run, Code):
        return strokes(filled(run.address, values, tables).decode())
    table = tables[run.encoding]
    return b"".join([table[character] for character in values[run.slot][run.start : run.stop]])


def settled(pieces: Sequence[Piece]) -> tuple[Part, ...]:
    """The parts of a stream: long stretches without a hole deflated, what lies between them left open."""
    parts: list[Part] = []
    open_pieces: list[Piece] = []
    for place, piece in enumerate(pieces):
        inner = 0 < place < len(pieces) - 1
        if isinstance(piece, bytes) and not (inner and len(piece) < NEAR):
            if open_pieces:
                parts.append(tuple(open_pieces))
                open_pieces = []
            if piece:
                parts.append(_settled(piece))
        else:
            open_pieces.append(piece)
    return (*parts, tuple(open_pieces)) if open_pieces else tuple(parts)


def _settled(data: bytes) -> Settled:
    deflater = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    blocks = deflater.compress(data) + deflater.flush(zlib.Z_FULL_FLUSH)
    return Settled(blocks, zlib.adler32(data), len(data))


def deflated(parts: Sequence[Part], values: Sequence[str], tables: Tables) -> bytes:
    """The deflated stream for some values; it never ends in a carriage return, which some checkers misread.

    Raises `Unknown` for a character that an encoding does not have.
    """
    blocks, total = [_HEAD], 1
    for part in parts:
        if isinstance(part, Settled):
            blocks.append(part.blocks)
            total = _joined(total, part.sum, part.length)
        else:
            data = filled(part, values, tables)
            blocks.append(_stored(data))
            total = zlib.adler32(data, total)
    if total & 0xFF == ord("\r"):
        blocks.append(_stored(b"\n"))
        total = zlib.adler32(b"\n", total)
    return b"".join((*blocks, _END, total.to_bytes(4, "big")))


def _stored(data: bytes) -> bytes:
    """Blocks of type 00; each starts on a byte, as the flush before it left it."""
    starts = range(0, len(data), LONGEST_BLOCK)
    return b"".join(_block(data[start : start + LONGEST_BLOCK]) for start in starts)


def _block(data: bytes) -> bytes:
    size = len(data)
    return b"\0" + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + data


def _joined(first: int, second: int, length: int) -> int:
    """The Adler-32 of two parts from their sums and the length of the second."""
    rest = length % _BASE
    low = (first & 0xFFFF) + (second & 0xFFFF) - 1
    high = rest * (first & 0xFFFF) + (first >> 16) + (second >> 16) - rest
    return high % _BASE << 16 | low % _BASE
