"""Which letters a face is embedded with where a paper is filled in on a screen.

WeasyPrint embeds the whole face for a text field, 28,000 characters in 4 MB and a second. What names and remarks are
written with are the first levels of both national sets, 5,401 characters of Big5 and 3,755 of GB 2312; for a character
beyond them a reader of PDF takes a font of its own.
"""

import io
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import weasyprint.pdf
from fontTools.ttLib import TTFont

_FIRST_LEVELS = (("big5", 0xA4, 0xC6), ("gb2312", 0xB0, 0xD7))  # with their lead bytes
_stock = weasyprint.pdf.build_fonts_dictionary


class Glyphs(NamedTuple):
    """The glyph numbers of a face by character, their advances, and the names of its tables."""

    numbers: Mapping[str, int]
    advances: Mapping[int, int]
    tables: frozenset[str]


_KNOWN: dict[str, Glyphs] = {}


def glyphs_of(font: Any) -> Glyphs:
    """The glyphs of a font of WeasyPrint before it is subset."""
    if font.hash not in _KNOWN:
        with TTFont(io.BytesIO(font.file_content)) as face:
            order, metrics = face.getReverseGlyphMap(), face["hmtx"].metrics
            numbers = {chr(code): order[name] for code, name in face.getBestCmap().items()}
            advances = {order[name]: advance for name, (advance, _) in metrics.items()}
            _KNOWN[font.hash] = Glyphs(numbers, advances, frozenset(face.keys()))
    return _KNOWN[font.hash]


def embed(font: Any, characters: frozenset[str]) -> None:
    """Embed a font with more characters than its document shows, those of them that it has."""
    glyphs = glyphs_of(font)
    for character in sorted(characters & glyphs.numbers.keys()):
        glyph = glyphs.numbers[character]
        font.to_unicode.setdefault(glyph, character)
        font.widths.setdefault(glyph, round(glyphs.advances[glyph] * 1000 / font.upem))


@cache
def typed() -> frozenset[str]:
    """What can be typed into a form: ASCII, marks of Han text and the first levels of both national sets."""
    marks = [*map(chr, range(0x20, 0x7F)), *"　、。〇《》「」『』【】〔〕！（），：；？“”‘’—…·～％"]
    return frozenset(marks).union(*(_level(*one) for one in _FIRST_LEVELS))


def _level(encoding: str, first: int, last: int) -> frozenset[str]:
    pairs = (bytes((lead, trail)) for lead in range(first, last + 1) for trail in range(0x40, 0xFF))
    decoded = (pair.decode(encoding, errors="ignore") for pair in pairs)
    return frozenset(text for text in decoded if len(text) == 1)


def install() -> None:
    """Embed no whole face in this process; whoever installs it has seen to the version (`justify.install`)."""
    weasyprint.pdf.build_fonts_dictionary = _build


def _build(pdf: Any, fonts: Mapping[Any, Any], *arguments: Any) -> Any:
    for font in fonts.values():
        if font.used_in_forms:
            embed(font, typed())
            font.used_in_forms = False
    return _stock(pdf, fonts, *arguments)
