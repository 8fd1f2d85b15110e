"""From the sheet of the township that does not exist to a layout with holes. Uses WeasyPrint's inside (`justify.PRIVATE_NAMES`).

The proof comes with it: the sheet of one real township is laid out in full as well, and every object of the two must
be the same, but for the fonts, of which the layout holds more; there each glyph that the real one shows must be equal.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pydyf
import weasyprint.pdf
from weasyprint import Document

from townhall.documents.errors import NotStampable
from townhall.documents.letters import Glyphs, embed, glyphs_of
from townhall.documents.pdf import Renderer, content_of, set_boxes, settle
from townhall.documents.sheet import Sheet
from townhall.documents.stamping.draft import Draft
from townhall.documents.stamping.holes import UTF8, UTF16, Signs, in_content, in_metadata, in_texts, signs_of
from townhall.documents.stamping.layout import Layout, Moving, entry
from townhall.documents.stamping.splicing import Code, Piece, Run, Unknown, filled, settled

Raw = tuple[bytes, bytes | None]  # a dictionary, and the content of a stream
HEADER = b"%PDF-1.7\n%\xf0\x9f\x96\xa4\n"
DIGITS = "0123456789"
NOTHING = Signs({}, {})


@dataclass(frozen=True)
class Captured:
    """The objects of a PDF before they are written, and its fonts."""

    pdf: pydyf.PDF
    fonts: Mapping[Any, Any]

    @cached_property
    def raw(self) -> dict[int, Raw]:
        """What each object says: its dictionary, and the content of a stream."""
        return {one.number: _raw(one) for one in self.pdf.objects if one.free != "f"}

    @cached_property
    def of_fonts(self) -> frozenset[int]:
        """The numbers of objects that only say how glyphs look and are called."""
        return frozenset(_of_fonts(self.pdf))


def _raw(item: pydyf.Object) -> Raw:
    if not isinstance(item, pydyf.Stream):
        return item.data, None
    extra = pydyf.Dictionary({name: value for name, value in item.extra.items() if name != "Length"})
    return extra.data, content_of(pydyf.Stream(item.stream, item.extra))


def _of_fonts(pdf: pydyf.PDF) -> Iterator[int]:
    named = {"/Font", "/FontDescriptor"}
    for item in pdf.objects:
        if isinstance(item, pydyf.Dictionary) and str(item.get("Type")) in named:
            yield item.number
            for name in ("ToUnicode", "FontFile2", "FontFile3", "CIDSet", "DescendantFonts"):
                if name in item:
                    yield from _referred(item[name])


def _referred(reference: Any) -> Iterator[int]:
    text = reference.data if isinstance(reference, pydyf.Object) else reference
    words = text.strip(b"[]").split()
    yield from map(int, words[::3])


def compiled(renderer: Renderer, draft: Draft) -> Layout:
    """The layout of a paper in disguise.

    Raises `NotStampable` when it and the real one differ in more than the slots say, and what the renderer raises.
    """
    (sheet, real), slots = draft.sheets, draft.slots
    signs = signs_of(slots)
    wanted = draft.alphabet | {one for slot in slots for one in slot.value}
    taken = captured(renderer, sheet, signs, wanted)
    glyphs = {font.hash: _glyphs(font).numbers for font in taken.fonts.values()}

    def drawn(content: bytes, own: bytes) -> list[Piece]:
        return in_content(content, own, signs, glyphs, draft.addresses)

    own = captured(renderer, real)
    if taken.raw.keys() != own.raw.keys() or taken.of_fonts != own.of_fonts:
        raise NotStampable("版面不同")
    parts = {
        number: _pieces(item, (taken.raw[number], own.raw[number]), drawn, signs)
        for item in taken.pdf.objects
        if (number := item.number) in taken.raw and number not in taken.of_fonts
    }
    layout = _layout(taken, parts, _tables(taken, wanted | set(DIGITS)), draft)
    _prove(own, parts, layout, [slot.value for slot in slots])
    _prove_fonts(taken, own)
    return layout


def captured(
    renderer: Renderer, sheet: Sheet, signs: Signs = NOTHING, wanted: frozenset[str] = frozenset()
) -> Captured:
    """A sheet laid out and drawn, but not written. Fonts that draw a sign get the glyphs of the `wanted` as well."""
    found: list[Captured] = []

    def take(document: Document, pdf: pydyf.PDF) -> None:
        if any(font.missing for font in document.fonts.values()):
            raise NotStampable("缺字")
        for item in pdf.objects:
            if isinstance(item, pydyf.Dictionary) and item.get("Type") == "/Page":
                set_boxes(item, sheet)
        if pdf.info:
            pdf.add_object(pdf.info)
        found.append(Captured(pdf, document.fonts))
        raise _Enough

    with _more_glyphs(signs, wanted):
        try:
            renderer.drawn(sheet, take)
        except _Enough:
            return found[0]
    raise AssertionError("unreachable")


class _Enough(Exception):
    """The objects are there; nothing need be written."""


@contextmanager
def _more_glyphs(signs: Signs, wanted: frozenset[str]) -> Iterator[None]:
    """While a document is drawn, let the fonts that need it be embedded with more glyphs than it shows."""
    stock = weasyprint.pdf.build_fonts_dictionary

    def build(pdf: Any, fonts: Mapping[Any, Any], *arguments: Any) -> Any:
        for font in fonts.values():
            _extend(font, signs, wanted)
        return stock(pdf, fonts, *arguments)

    weasyprint.pdf.build_fonts_dictionary = build
    try:
        yield
    finally:
        weasyprint.pdf.build_fonts_dictionary = stock


def _extend(font: Any, signs: Signs, wanted: frozenset[str]) -> None:
    shown = set(font.to_unicode.values())
    numbers, advances, _ = _glyphs(font)
    asked = set(DIGITS) if shown & set(DIGITS) else set()
    ideographs = shown & signs.ideographs.keys()
    if ideographs:
        em = {advances[numbers[one]] for one in ideographs}
        asked |= {one for one in wanted if one in numbers and advances[numbers[one]] in em}
    embed(font, frozenset(asked))


_REPLACING = frozenset(("GSUB", "GPOS", "kern", "kerx", "morx"))


def _glyphs(font: Any) -> Glyphs:
    """The glyphs of a face. Our faces replace no glyph by another."""
    glyphs = glyphs_of(font)
    if _REPLACING & glyphs.tables:
        raise NotStampable(f"字體「{font.family}」會改換字形")
    return glyphs


def _tables(taken: Captured, wanted: frozenset[str]) -> dict[str, dict[str, bytes]]:
    """How characters are written: by each font that is embedded with them, and in texts."""
    tables: dict[str, dict[str, bytes]] = {}
    for font in taken.fonts.values():
        shown = {text: b"%04x" % glyph for glyph, text in font.to_unicode.items() if text in wanted}
        tables.setdefault(font.hash, {}).update(shown)
    characters = sorted(wanted)
    tables[UTF8] = {one: one.encode() for one in characters}
    tables[UTF16] = {one: one.encode("utf-16-be").hex().encode() for one in characters if ord(one) <= 0xFFFF}
    return tables


Parts = Mapping[int, tuple[list[Piece], list[Piece] | None]]


def _pieces(
    item: pydyf.Object,
    both: tuple[Raw, Raw],
    drawn: Callable[[bytes, bytes], list[Piece]],
    signs: Signs,
) -> tuple[list[Piece], list[Piece] | None]:
    """The pieces of a dictionary and of what its stream says; `drawn` finds those of a content stream.

    `both` are what the object says in disguise, and what it says in truth.
    """
    (head, content), (own_head, own_content) = both
    heads = in_texts(head, own_head, signs)
    if content is None:
        return heads, None
    if item.extra.get("Type") == "/Metadata":
        return heads, in_metadata(content, own_content or b"", signs)
    return heads, drawn(content, own_content or b"") if _shows(item) else [content]


def _shows(item: pydyf.Stream) -> bool:
    """Whether a stream draws: one of a page has no type, a form says what it is."""
    return item.extra.get("Subtype") == "/Form" or not {"Type", "Subtype", "Length1"} & item.extra.keys()


def _layout(
    taken: Captured,
    parts: Parts,
    tables: dict[str, dict[str, bytes]],
    draft: Draft,
) -> Layout:
    writing = _Writing()
    moving = []
    for item in taken.pdf.objects:
        if item.free == "f":
            continue
        head, content = parts.get(item.number, ([], None))
        if all(isinstance(one, bytes) for one in (*head, *(content or ()))):
            writing.add(item)
        elif content is None:
            moving.append(Moving(item.number, tuple(head)))
        else:
            moving.append(_stream(item, head, content))
    count = len(taken.pdf.objects)
    used = {one.encoding for move in moving for one in _runs(move)}
    return Layout(
        *writing.finished(count),
        trailer=_trailer(taken.pdf, count),
        moving=tuple(moving),
        tables={name: table for name, table in tables.items() if name in used},
        sentinels=tuple(slot.sentinel for slot in draft.slots),
        key=draft.key,
    )


def _runs(move: Moving) -> Iterator[Run]:
    groups = [move.pieces, *(part for part in move.parts or () if isinstance(part, tuple))]
    codes = [one.address for group in groups for one in group if isinstance(one, Code)]
    return (one for group in (*groups, *codes) for one in group if isinstance(one, Run))


def _stream(item: pydyf.Stream, head: list[Piece], content: list[Piece]) -> Moving:
    """A stream that moves; metadata stays readable."""
    inner = [*head]
    # The dictionary without its brackets, to which the length is added.
    inner[0] = bytes(inner[0])[2:] if isinstance(inner[0], bytes) else inner[0]
    inner[-1] = bytes(inner[-1])[:-2] if isinstance(inner[-1], bytes) else inner[-1]
    if item.extra.get("Type") == "/Metadata":
        return Moving(item.number, tuple(inner), (tuple(content),), readable=True)
    return Moving(item.number, (*inner, b"/Filter /FlateDecode"), settled(content))


class _Writing:
    """The objects that are the same in every copy, as WeasyPrint's writer would order them."""

    def __init__(self) -> None:
        self._blocks, self._place = [HEADER], len(HEADER)
        self._entries: dict[int, bytes] = {0: entry(0, 0, 0)}
        self._inner: list[pydyf.Object] = []

    def add(self, item: pydyf.Object) -> None:
        if item.compressible:
            self._inner.append(item)
        else:
            settle(item)
            self._append(item)

    def _append(self, item: pydyf.Object) -> None:
        self._entries[item.number] = entry(1, self._place, 0)
        self._blocks.append(item.indirect + b"\n")
        self._place += len(self._blocks[-1])

    def finished(self, count: int) -> tuple[bytes, bytes]:
        """The bytes, and the table of cross-references with places for the objects that move and for itself."""
        texts = [item.data for item in self._inner]
        starts = [0]
        for text in texts:
            starts.append(starts[-1] + len(text) + 1)
        index = " ".join(f"{item.number} {start}" for item, start in zip(self._inner, starts, strict=False))
        extra = {"Type": "/ObjStm", "N": len(texts), "First": len(index) + 1}
        stream = pydyf.Stream([index, *texts], extra, compress=True)
        stream.number = count
        settle(stream)
        self._append(stream)
        self._entries |= {item.number: entry(2, count, place) for place, item in enumerate(self._inner)}
        table = (self._entries.get(number, entry(0, 0, 0)) for number in range(count + 2))
        return b"".join(self._blocks), b"".join(table)


def _trailer(pdf: pydyf.PDF, count: int) -> bytes:
    info = b"/Info " + pdf.info.reference if pdf.info else b""
    return b"/Type /XRef/Index [0 %d]/W [1 4 2]/Size %d/Root %s%s" % (
        count + 2, count + 2, pdf.catalog.reference, info,
    )  # fmt: skip


# the proof -------------------------------------------------------------------------------------------------


def _prove(real: Captured, parts: Parts, layout: Layout, values: Sequence[str]) -> None:
    for number, (head, content) in parts.items():
        own_head, own_content = real.raw[number]
        try:
            same = filled(head, values, layout.tables) == own_head
            same &= content is None or filled(content, values, layout.tables) == own_content
        except Unknown as error:
            raise NotStampable(f"字符「{error.args[0]}」不能代入") from None
        if not same:
            raise NotStampable(f"第 {number} 個對象代入後不同")


def _prove_fonts(taken: Captured, real: Captured) -> None:
    if taken.fonts.keys() != real.fonts.keys():
        raise NotStampable("字體不同")
    for name, font in real.fonts.items():
        ours = taken.fonts[name]
        for glyph, text in font.to_unicode.items():
            if (ours.to_unicode.get(glyph), ours.widths.get(glyph)) != (text, font.widths[glyph]):
                raise NotStampable(f"字形「{text}」不同")
