"""A finished layout with holes, and what comes out when values are put into them.

Needs nothing but the standard library: a process that only stamps is small and starts at once.
"""

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from townhall.documents.stamping.splicing import Code, Part, Piece, Run, Settled, Tables, deflated, filled

_FIELDS = (1, 4, 2)  # bytes of an entry of the cross-reference stream: kind, place, index
_ENTRY = sum(_FIELDS)


@dataclass(frozen=True, slots=True)
class Moving:
    """An object that differs from copy to copy: a dictionary of pieces, or the head of a stream and its parts.

    A stream whose `parts` are pieces throughout stays readable.
    """

    number: int
    pieces: tuple[Piece, ...]
    parts: tuple[Part, ...] | None = None
    readable: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """A PDF with holes.

    `head` are the objects that are the same in every copy, as they stand in the file; `entries` the table of
    cross-references with nothing for those that move; `trailer` what the table's dictionary says besides.
    `sentinels` are the values of the township that does not exist, `fixed` the places in them that hold no slot.
    """

    head: bytes
    entries: bytes
    trailer: bytes
    moving: tuple[Moving, ...]
    tables: Tables
    sentinels: tuple[str, ...]
    digest: str

    def stamped(self, values: Sequence[str]) -> bytes:
        """The PDF for some values, one a sentinel and as long.

        Raises `Unknown` for a character that was not foreseen, `ValueError` for a value of another length.
        """
        if [len(value) for value in values] != [len(value) for value in self.sentinels]:
            raise ValueError("values of other lengths need another layout")
        blocks, place = [self.head], len(self.head)
        entries = bytearray(self.entries)
        for one in self.moving:
            made = _object(one, values, self.tables)
            _enter(entries, one.number, place)
            blocks.append(made)
            place += len(made)
        blocks.append(self._table(entries, place, values))
        return b"".join(blocks)

    def _table(self, entries: bytearray, place: int, values: Sequence[str]) -> bytes:
        number = len(entries) // _ENTRY - 1
        _enter(entries, number, place)
        table = zlib.compress(entries, 1)
        if table.endswith(b"\r"):  # a deflated stream may be stored as well
            table = zlib.compress(entries, 0)
        name = hashlib.sha256("\0".join((self.digest, *values)).encode()).hexdigest()[:32].encode()
        return b"%d 0 obj\n<<%s/ID [(%s) (%s)]/Filter /FlateDecode/Length %d>>\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % (
            number, self.trailer, name, name, len(table), table, place,
        )  # fmt: skip


def _object(one: Moving, values: Sequence[str], tables: Tables) -> bytes:
    if one.parts is None:
        return b"%d 0 obj\n%s\nendobj\n" % (one.number, filled(one.pieces, values, tables))
    if one.readable:
        stream = b"".join(filled(part, values, tables) for part in one.parts if isinstance(part, tuple))
    else:
        stream = deflated(one.parts, values, tables)
    head = filled(one.pieces, values, tables)
    return b"%d 0 obj\n<<%s/Length %d>>\nstream\n%s\nendstream\nendobj\n" % (
        one.number,
        head,
        len(stream),
        stream,
    )


def _enter(entries: bytearray, number: int, place: int) -> None:
    entries[number * _ENTRY : (number + 1) * _ENTRY] = entry(1, place, 0)


def entry(kind: int, place: int, index: int) -> bytes:
    """One cross-reference: 0 for a free object, 1 for one at a place of the file, 2 for one within another."""
    return b"".join(
        value.to_bytes(size, "big") for value, size in zip((kind, place, index), _FIELDS, strict=True)
    )


# kept on disk: what is bytes one after the other, and before it what they are ------------------------------


def dumped(layout: Layout) -> bytes:
    """A layout as one file."""
    blob = bytearray()

    def kept(data: bytes) -> list[int]:
        blob.extend(data)
        return [len(blob) - len(data), len(blob)]

    def piece(one: Piece) -> list[Any]:
        if isinstance(one, Code):
            return [[piece(inner) for inner in one.address]]
        return kept(one) if isinstance(one, bytes) else [one.slot, one.start, one.stop, one.encoding]

    def part(one: Part) -> list[Any]:
        return (
            [kept(one.blocks), one.sum, one.length] if isinstance(one, Settled) else [[piece(p) for p in one]]
        )

    facts = {
        "head": kept(layout.head),
        "entries": kept(layout.entries),
        "trailer": kept(layout.trailer),
        "moving": [
            [
                one.number,
                [piece(p) for p in one.pieces],
                None if one.parts is None else [part(p) for p in one.parts],
                one.readable,
            ]
            for one in layout.moving
        ],
        "tables": {name: _flat(table) for name, table in layout.tables.items()},
        "sentinels": layout.sentinels,
        "digest": layout.digest,
    }
    text = json.dumps(facts, ensure_ascii=False).encode()
    return len(text).to_bytes(4, "big") + text + bytes(blob)


def _flat(table: Mapping[str, bytes]) -> list[str]:
    return ["".join(table), *(value.decode("latin-1") for value in table.values())]


def loaded(data: bytes) -> Layout:
    """The layout of a file. Raises `ValueError` for anything else."""
    size = int.from_bytes(data[:4], "big")
    facts, blob = json.loads(data[4 : 4 + size]), memoryview(data)[4 + size :]

    def simple(one: list[Any]) -> bytes | Run:
        return bytes(blob[one[0] : one[1]]) if len(one) == 2 else Run(*one)

    def piece(one: list[Any]) -> Piece:
        if len(one) == 1:
            return Code(tuple(simple(inner) for inner in one[0]))
        return bytes(blob[one[0] : one[1]]) if len(one) == 2 else Run(*one)

    def part(one: list[Any]) -> Part:
        if len(one) == 1:
            return tuple(piece(p) for p in one[0])
        return Settled(bytes(blob[slice(*one[0])]), *one[1:])

    return Layout(
        head=bytes(blob[slice(*facts["head"])]),
        entries=bytes(blob[slice(*facts["entries"])]),
        trailer=bytes(blob[slice(*facts["trailer"])]),
        moving=tuple(
            Moving(
                number,
                tuple(map(piece, pieces)),
                None if parts is None else tuple(map(part, parts)),
                readable,
            )
            for number, pieces, parts, readable in facts["moving"]
        ),
        tables={
            name: dict(zip(flat[0], (value.encode("latin-1") for value in flat[1:]), strict=True))
            for name, flat in facts["tables"].items()
        },
        sentinels=tuple(facts["sentinels"]),
        digest=facts["digest"],
    )


def characters(values: Sequence[str]) -> frozenset[str]:
    """Every character of some values."""
    return frozenset(chain.from_iterable(values))
