"""Where the characters of the township that does not exist stand in the objects of a PDF, whatever they are written in.

Three ways of writing: glyph numbers of a face in a content stream, UTF-16 in the texts of dictionaries, UTF-8 in the
metadata and in addresses. An ideograph is found by itself, a number only as a whole, and both only where the
same object of a real township has something else in that very place.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeVar

from townhall.documents.stamping.codes import strokes
from townhall.documents.stamping.slots import Slot
from townhall.documents.stamping.splicing import Code, Piece, Run

T = TypeVar("T", bytes, str)
UTF8, UTF16 = "utf-8", "utf-16"
_FACE = re.compile(rb"/([A-Z]{6}) [0-9.]+ Tf|(?<!<)<([0-9a-f]+)>(?!>)")
_TEXT = re.compile(rb"<feff([0-9a-f]*)>")
_GLYPH = 4  # hexadecimal digits


@dataclass(frozen=True, slots=True)
class Sign:
    """One character that is replaced: which slot's, which of its characters."""

    slot: int
    place: int


@dataclass(frozen=True)
class Signs:
    """What to look for: ideographs, each by itself, and numbers with the places in them that are replaced."""

    ideographs: Mapping[str, Sign]
    numbers: Mapping[str, tuple[Sign | None, ...]]


def signs_of(slots: Sequence[Slot]) -> Signs:
    """The signs of some slots."""
    ideographs: dict[str, Sign] = {}
    numbers: dict[str, tuple[Sign | None, ...]] = {}
    for index, slot in enumerate(slots):
        signs = {place: Sign(index, place) for place in slot.replaced}
        if not slot.numeric:
            ideographs |= {slot.sentinel[place]: sign for place, sign in signs.items()}
        elif signs:
            reach = range(min(signs), max(signs) + 1)
            numbers[slot.sentinel[reach.start : reach.stop]] = tuple(map(signs.get, reach))
    return Signs(ideographs, numbers)


# content streams -------------------------------------------------------------------------------------------


def in_content(
    data: bytes,
    real: bytes,
    signs: Signs,
    glyphs: Mapping[str, Mapping[str, int]],
    addresses: Iterable[str] = (),
) -> list[Piece]:
    """The pieces of a content stream; `glyphs` are the numbers of characters by the name of the font.

    `real` is the same stream of the township that exists, `addresses` are those whose QR codes are drawn in it.
    """
    shown = list(_shown(data))
    by_font = {name: _Written(signs, numbers) for name, numbers in glyphs.items()}
    letters: Iterator[Group] = (
        [(place, _GLYPH, _run(by_font[name].ideographs[glyph], name))]
        for place, glyph, name in shown
        if glyph in by_font[name].ideographs
    )
    groups = (*letters, *_numbers(shown, by_font), *_codes(data, signs, addresses))
    return _cut(data, _confirmed(data, real, groups))


def _codes(data: bytes, signs: Signs, addresses: Iterable[str]) -> Iterator["Group"]:
    for address in addresses:
        drawing, pieces = strokes(address), in_metadata(address.encode(), b"", signs)
        for at in _places(data, drawing):
            yield [(at, len(drawing), Code(tuple(one for one in pieces if not isinstance(one, Code))))]


class _Written:
    """The signs as one font writes them."""

    def __init__(self, signs: Signs, numbers: Mapping[str, int]) -> None:
        def written(text: str) -> list[bytes] | None:
            known = [numbers.get(one) for one in text]
            return None if None in known else [b"%04x" % (one or 0) for one in known]

        self.ideographs = {
            found[0]: sign for one, sign in signs.ideographs.items() if (found := written(one)) is not None
        }
        self.numbers = [
            (found, places) for text, places in signs.numbers.items() if (found := written(text)) is not None
        ]


def _shown(data: bytes) -> Iterator[tuple[int, bytes, str]]:
    """Every glyph that is shown: where it stands, its number, the name of its font."""
    font = ""
    for found in _FACE.finditer(data):
        if found[1]:
            font = found[1].decode()
        elif font:
            start, text = found.start(2), found[2]
            yield from (
                (start + at, text[at : at + _GLYPH], font)
                for at in range(0, len(text) - len(text) % _GLYPH, _GLYPH)
            )


def _numbers(shown: Sequence[tuple[int, bytes, str]], by_font: Mapping[str, _Written]) -> Iterator["Group"]:
    for index, (_, glyph, name) in enumerate(shown):
        for text, places in by_font[name].numbers:
            here = shown[index : index + len(text)]
            if glyph == text[0] and [one[1:] for one in here] == [(one, name) for one in text]:
                yield [
                    (at, _GLYPH, _run(sign, name))
                    for (at, _, _), sign in zip(here, places, strict=True)
                    if sign is not None
                ]


# texts -----------------------------------------------------------------------------------------------------


def in_texts(data: bytes, real: bytes, signs: Signs) -> list[Piece]:
    """The pieces of a dictionary: UTF-16 in hexadecimal, and numbers as plain text.

    `real` is the same dictionary of the township that exists.
    """
    groups = list(_ascii(data, signs))
    for text in _TEXT.finditer(data):
        characters = bytes.fromhex(text[1].decode()).decode("utf-16-be")
        if all(ord(one) <= 0xFFFF for one in characters):
            groups += [
                [(text.start(1) + _GLYPH * place, _GLYPH, _run(sign, UTF16)) for place, sign in group]
                for group in _in_words(characters, signs)
            ]
    return _cut(data, _confirmed(data, real, groups))


def in_metadata(data: bytes, real: bytes, signs: Signs) -> list[Piece]:
    """The pieces of a text in UTF-8."""
    words = data.decode()
    sizes = [len(one.encode()) for one in words]
    starts = [0, *accumulate(sizes)]
    groups: Iterator[Group] = (
        [(starts[place], sizes[place], _run(sign, UTF8)) for place, sign in group]
        for group in _in_words(words, signs)
    )
    return _cut(data, _confirmed(data, real, groups))


def _in_words(words: str, signs: Signs) -> Iterator[list[tuple[int, Sign]]]:
    for place, character in enumerate(words):
        if character in signs.ideographs:
            yield [(place, signs.ideographs[character])]
    for text, places in signs.numbers.items():
        for at in _places(words, text):
            yield [(at + inner, sign) for inner, sign in enumerate(places) if sign is not None]


def _ascii(data: bytes, signs: Signs) -> Iterator["Group"]:
    for text, places in signs.numbers.items():
        for at in _places(data, text.encode()) if text.isascii() else ():
            yield [(at + inner, 1, _run(sign, UTF8)) for inner, sign in enumerate(places) if sign is not None]


def _places(data: T, wanted: T) -> Iterator[int]:
    at = data.find(wanted)
    while at >= 0:
        yield at
        at = data.find(wanted, at + len(wanted))


# Where a piece belongs in the bytes, and how many of them it replaces; those of one number belong together.
Found = tuple[int, int, Run | Code]
Group = list[Found]


def _confirmed(data: bytes, real: bytes, groups: Iterable[Group]) -> Iterator[Found]:
    """What differs from the real one in one place at least; of two numbers in one place the longer."""
    taken: set[int] = set()
    for group in sorted(groups, key=len, reverse=True):
        differs = any(data[at : at + size] != real[at : at + size] for at, size, _ in group)
        if differs and taken.isdisjoint(at for at, _, _ in group):
            taken |= {at for at, _, _ in group}
            yield from group


def _run(sign: Sign, encoding: str) -> Run:
    return Run(sign.slot, sign.place, sign.place + 1, encoding)


def _cut(data: bytes, found: Iterable[Found]) -> list[Piece]:
    """Bytes and what replaces some of them, in turn; neighbouring characters of one slot make one run."""
    pieces: list[Piece] = []
    reached = 0
    for place, size, piece in sorted(found, key=lambda one: one[0]):
        if place > reached:
            pieces.append(data[reached:place])
        last = pieces[-1] if pieces else None
        if isinstance(last, Run) and isinstance(piece, Run) and _follows(last, piece):
            pieces[-1] = Run(last.slot, last.start, piece.stop, last.encoding)
        else:
            pieces.append(piece)
        reached = place + size
    if reached < len(data):
        pieces.append(data[reached:])
    return pieces


def _follows(one: Run, other: Run) -> bool:
    return (one.slot, one.stop, one.encoding) == (other.slot, other.start, other.encoding)
