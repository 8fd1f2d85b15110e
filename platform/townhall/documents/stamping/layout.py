"""A finished layout with holes, and what comes out when values are put into them.

Needs nothing but the standard library: a process that only stamps is small and starts at once.
"""

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from townhall.documents.stamping.splicing import Code, Part, Piece, Run, Settled, Tables, deflated, filled

_FIELDS = (1, 4, 2)  # bytes of an entry of the cross-reference stream: kind, place, index
_ENTRY = sum(_FIELDS)
_SUM = 32  # bytes of a file's own hash, which comes first


@dataclass(frozen=True, slots=True)
class Moving:
    """An object that differs from copy to copy: a dictionary of pieces, or the head of a stream and its parts.

    A `readable` stream is not deflated: its `parts` are pieces throughout.
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
    `sentinels` are the values of the township that does not exist.
    """

    head: bytes
    entries: bytes
    trailer: bytes
    moving: tuple[Moving, ...]
    tables: Tables
    sentinels: tuple[str, ...]
    key: str

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
        table, how = zlib.compress(entries, 1), b"/Filter /FlateDecode"
        if table.endswith(b"\r"):  # its length is fixed by its entries; written as it is, it ends in a zero
            table, how = bytes(entries), b""
        name = hashlib.sha256("\0".join((self.key, *values)).encode()).hexdigest()[:32].encode()
        return b"%d 0 obj\n<<%s/ID [(%s) (%s)]%s/Length %d>>\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % (
            number, self.trailer, name, name, how, len(table), table, place,
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
        "key": layout.key,
    }
    text = json.dumps(facts, ensure_ascii=False).encode()
    whole = len(text).to_bytes(4, "big") + text + bytes(blob)
    return hashlib.sha256(whole).digest() + whole


def _flat(table: Mapping[str, bytes]) -> list[str]:
    return ["".join(table), *(value.decode("latin-1") for value in table.values())]


def loaded(data: bytes) -> Layout:
    """The layout of a file. Raises `ValueError` for one that is not whole."""
    if hashlib.sha256(data[_SUM:]).digest() != data[:_SUM]:
        raise ValueError("a layout that is not whole")
    start = _SUM + 4
    size = int.from_bytes(data[_SUM:start], "big")
    facts, blob = json.loads(data[start : start + size]), memoryview(data)[start + size :]

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
        key=facts["key"],
    )
