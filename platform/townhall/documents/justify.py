"""Flush justification of Han lines, which WeasyPrint leaves ragged because it stretches only spaces.

The room that is left on a line is spread over its ideographs and full-width marks as letter spacing. Spaces
keep their width (so the space after 第X條 is the same on every line), Latin runs keep their spacing, and the
last line is not stretched, as in stock WeasyPrint. A line with more spaces than ideographs is left to the
stock function.

PDF text is positioned in 1/1000 em, and WeasyPrint cuts every advance to that grid, so arbitrary spacing
loses up to half a millimetre on a board's line. Spacing is therefore taken in steps that survive the cut
(`STEP`), some ideographs getting one step more than the others; what remains is less than a step a line.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from math import ceil
from typing import Any

import weasyprint
from weasyprint.formatting_structure import boxes
from weasyprint.layout import inline
from weasyprint.text.ffi import TO_UNITS, ffi, pango
from weasyprint.text.line_break import Layout

SUPPORTED = "70.0"

# Everything of WeasyPrint used in these documents that is not its public interface.
PRIVATE_NAMES = (
    "weasyprint.formatting_structure.boxes",
    "weasyprint.layout.inline.justify_line",
    "weasyprint.pdf.build_fonts_dictionary",  # by letters and stamping.compiler, as is the rest of what a Font says
    "weasyprint.pdf.fonts.Font",  # its `missing`, read by pdf.finish
    "weasyprint.text.ffi.TO_UNITS",
    "weasyprint.text.ffi.ffi",
    "weasyprint.text.ffi.harfbuzz_subset",  # by fonts.require_subsetter
    "weasyprint.text.ffi.pango",
    "weasyprint.text.line_break.Layout",
)

# Ideographs, kana, bopomofo, CJK and full-width marks, and the marks shared with Latin that are full-width
# in Han text; not the ideographic space (U+3000), which indents, nor — and …, whose pairs must not be parted.
HAN = re.compile(
    "[\u2018\u2019\u201c\u201d\u3001-\u30ff\u3105-\u312f\u3200-\u9fff\uf900-\ufaff\uff01-\uff60"
    "\U00020000-\U0003ffff]"
)
SPACE = re.compile("[ \u00a0]")

# WeasyPrint writes a glyph's offset, half its spacing in 1/1024 px over the font size, as if it were 1/1000
# em, and cuts the rest of the advance to a whole number of 1/1000 em. With half-spacing x the cut part is
# CUT·x/size.
CUT = 2 * 1000 / 1024 - 1
SAFETY = 0.02  # in 1/1000 em, above the rounding of advances to 1/1024 px


class UnsupportedRenderer(RuntimeError):
    """The installed WeasyPrint is not the version whose private function is replaced."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A text box of a line and the places of its Han characters."""

    box: Any
    places: tuple[int, ...]
    first: bool  # on its line
    last: bool

    @property
    def opens(self) -> bool:
        """Whether the text starts with a Han character."""
        return self.places[:1] == (0,)

    @property
    def closes(self) -> bool:
        """Whether the text ends with a Han character."""
        return self.places[-1:] == (len(self.box.text) - 1,)

    @property
    def lost(self) -> float:
        """The spacings that do not count: half a one at the start of the line, half a one at its end."""
        return ((self.first and self.opens) + (self.last and self.closes)) / 2


class SpacedLayout(Layout):
    """A Pango layout with its own letter spacing over ranges of its text, also when it is set up again."""

    ranges: tuple[tuple[int, int, int], ...] = ()  # first byte, byte after the last, spacing in 1/1024 px

    def set_text(self, text: str, justify: bool = False) -> None:
        """Set the text, then the ranges' spacing over the style's own."""
        super().set_text(text, justify)
        attributes = pango.pango_layout_get_attributes(self.layout)
        if attributes == ffi.NULL:
            attributes = ffi.gc(pango.pango_attr_list_new(), pango.pango_attr_list_unref)
        for start, end, spacing in self.ranges:
            attribute = pango.pango_attr_letter_spacing_new(spacing)
            attribute.start_index, attribute.end_index = start, end
            pango.pango_attr_list_change(attributes, attribute)
        pango.pango_layout_set_attributes(self.layout, attributes)


_stock: Callable[[Any, Any, float], None] = inline.justify_line


def install() -> None:
    """Replace the line justification in this process. Raises UnsupportedRenderer for another WeasyPrint."""
    if weasyprint.__version__ != SUPPORTED:
        raise UnsupportedRenderer(f"WeasyPrint {weasyprint.__version__} is installed, {SUPPORTED} is needed")
    inline.justify_line = justify_line


def justify_line(context: Any, line: Any, extra_width: float) -> None:
    """Spread `extra_width` CSS pixels over the Han characters of a line box."""
    texts = [box for box in _text_boxes(line) if box.text]
    spaces = sum(len(SPACE.findall(box.text)) for box in texts)
    pieces = _pieces(texts)
    gaps = sum(len(piece.places) - piece.lost for piece in pieces)
    if gaps <= spaces or not gaps:
        _stock(context, line, extra_width)
        return
    # The box of the last character counts its trailing spacing, which is not seen: the edge is the
    # character's.
    extra_width += _base(texts[-1])
    Spreader({id(piece.box): piece for piece in pieces}, extra_width / gaps).move(line, 0.0)


def _text_boxes(box: Any) -> Iterator[Any]:
    if isinstance(box, boxes.TextBox):
        yield box
    elif isinstance(box, boxes.LineBox | boxes.InlineBox):
        for child in box.children:
            if child.is_in_normal_flow():
                yield from _text_boxes(child)


def _pieces(texts: list[Any]) -> list[Piece]:
    return [
        Piece(
            box, tuple(match.start() for match in HAN.finditer(box.text)), box is texts[0], box is texts[-1]
        )
        for box in texts
    ]


def _base(box: Any) -> float:
    spacing = box.style["letter_spacing"]
    return 0.0 if spacing == "normal" else float(spacing)


@dataclass(slots=True)
class Spreader:
    """Widens the Han characters of a line by `gap` pixels each and moves what follows them.

    `owed` is what rounding to whole levels has left for the next box, in pixels.
    """

    pieces: dict[int, Piece]
    gap: float
    owed: float = 0.0

    def move(self, box: Any, advance: float) -> float:
        """Move a box of the line by `advance` pixels; return by how much its follower moves."""
        if id(box) in self.pieces:
            return self._move_text(self.pieces[id(box)], advance)
        if isinstance(box, boxes.LineBox | boxes.InlineBox):
            return self._move_children(box, advance)
        box.translate(advance, 0)
        return advance

    def _move_children(self, box: Any, advance: float) -> float:
        start = advance
        box.position_x += advance
        for child in box.children:
            if child.is_in_normal_flow():
                advance = self.move(child, advance)
        box.width += advance - start
        return advance

    def _move_text(self, piece: Piece, advance: float) -> float:
        # Pango drops half the spacing at the start of its text; inside a line it is made up for here.
        before = self.gap / 2 if piece.opens and not piece.first else 0.0
        added = self._space_out(piece) - piece.lost * self.gap
        piece.box.position_x += advance + before
        piece.box.width += added - before
        return advance + added

    def _space_out(self, piece: Piece) -> float:
        """Give a text box its spacing; return the pixels it gained."""
        if not piece.places:
            return 0.0
        count, size, base = len(piece.places), piece.box.style["font_size"], _base(piece.box)
        wanted = count * (base + self.gap) + self.owed
        low, more = _levels(wanted, count, size)
        spacings = [_half_spacing(low + (index < more), size) * 2 for index in range(count)]
        piece.box.pango_layout = _spaced_layout(piece, spacings)
        reached = more * _drawn(low + 1, size) + (count - more) * _drawn(low, size)
        self.owed = wanted - reached
        return reached - count * base


def _spaced_layout(piece: Piece, spacings: list[int]) -> SpacedLayout:
    layout = SpacedLayout(piece.box.style, max_width=piece.box.pango_layout.max_width)
    layout.text, layout.ranges = piece.box.text, tuple(_ranges(piece, spacings))
    layout.deactivate()  # set up again, with the text and its spacing, when it is drawn
    return layout


def _levels(wanted: float, count: int, size: float) -> tuple[int, int]:
    """The lower level of spacing, and how many of `count` characters take one more to reach `wanted`."""
    low = int(wanted / count / _drawn(1, size) // 1)
    step = _drawn(low + 1, size) - _drawn(low, size)
    more = round((wanted - count * _drawn(low, size)) / step)
    return low, min(max(more, 0), count)


def _half_spacing(level: int, size: float) -> int:
    """Half the spacing of a level in 1/1024 px, so that `level`/1000 em remain of it after the cut."""
    half = ceil((abs(level) + SAFETY) * size / CUT) if level else 0
    # Pango rounds halves of whole pixels to whole pixels.
    half += bool(half) and half * 2 % TO_UNITS == 0
    return half if level > 0 else -half


def _drawn(level: int, size: float) -> float:
    """How far a level really moves what follows in the PDF, in pixels."""
    return (_half_spacing(level, size) / size + level) * size / 1000


def _ranges(piece: Piece, spacings: list[int]) -> Iterator[tuple[int, int, int]]:
    """Byte ranges of equal spacing over neighbouring characters."""
    offsets = [0, *accumulate(len(character.encode()) for character in piece.box.text)]
    open_range: tuple[int, int, int] | None = None
    for place, spacing in zip(piece.places, spacings, strict=True):
        start, end = offsets[place], offsets[place + 1]
        if open_range and open_range[1:] == (start, spacing):
            open_range = (open_range[0], end, spacing)
            continue
        if open_range:
            yield open_range
        open_range = (start, end, spacing)
    if open_range:
        yield open_range
