"""Casting of lean faces: a TrueType font with only the wanted characters, out of packaged fonts.

The packaged collections hold 65,000 cubic outlines in CFF, which costs most of a small document's time and
60 to 250 KB a file. A cut keeps some 17,000 characters, in quadratic outlines, without shaping tables: Han
text needs none, and copies that differ only in their characters then have the same layout.

Song and Hei come from one collection each. FangSong and Kai are packaged for part of the characters only, with marks
of other widths: what they lack is drawn as in Song, so that every face covers the same characters.
"""

import struct
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont, newTable
from fontTools.ttLib.tables._g_l_y_f import Glyph, GlyphCoordinates

UNITS_PER_EM = 1000
TOLERANCE = (
    1.0  # largest distance between cubic and quadratic outline, in 1/1000 em: 0.02 mm at 20 mm characters
)
NOTDEF = ".notdef"
OWN = "own:"  # before the names of glyphs that a font with a base draws itself
IDEOGRAPHS = range(0x4E00, 0xA000)
ASCII = range(0x20, 0x7F)
DIGITS = "0123456789"
EM_DASH, BAR = 0x2014, 0x2015
MIDDLE_DOT, WIDE_DOT = 0x00B7, 0x30FB
SCRIPTS = ("TC", "SC")
# Mainland typesetting puts these at the lower left in both scripts (GB/T 15834); the TC faces centre them.
STOPS = "、。，．：；！？"

_PACKAGED_STYLES = {"Song": "Serif", "Hei": "Sans"}


@dataclass(frozen=True, slots=True)
class Source:
    """A packaged font of 1,000 units an em, the style and weight ("Regular" or "Bold") of the faces cut from it.

    Without a base it is a collection with both scripts. With one it draws what it can for `scripts`, and the base, a
    collection, draws the rest. `licence` is for fonts that do not name theirs.
    """

    path: Path
    style: str
    weight: str
    base: Path | None = None
    scripts: tuple[str, ...] = SCRIPTS
    licence: str = ""

    @property
    def collection(self) -> Path:
        """The collection that marks, metrics and missing characters come from."""
        return self.base or self.path

    def family(self, script: str) -> str:
        """The family name of its cut for a script ("TC" or "SC")."""
        return f"Townhall {self.style} {script}"

    def file_name(self, script: str) -> str:
        """The file name of its cut for a script ("TC" or "SC")."""
        return f"Townhall{self.style}{script}-{self.weight}.ttf"


@dataclass(frozen=True, slots=True)
class Cut:
    """What one face will hold: `cmap` maps code points to glyph names in glyph order, most common first."""

    source: Source
    script: str
    number: int
    cmap: dict[int, str]

    @property
    def glyph_order(self) -> list[str]:
        """Glyph names, `.notdef` first, each once."""
        return list(dict.fromkeys([NOTDEF, *self.cmap.values()]))


def plan_cuts(source: Source, wanted: Collection[int]) -> tuple[Cut, ...]:
    """The cuts of one source for the wanted code points, leaving out what its collection lacks."""
    if source.base is None:
        return _cuts_of_collection(source, wanted)
    song = _cuts_of_collection(Source(source.base, "Song", source.weight), wanted)
    own = _drawn_by(source.path)
    return tuple(
        replace(cut, source=source, cmap=cut.cmap | {code: own[code] for code in cut.cmap if code in own})
        for cut in song
        if cut.script in source.scripts
    )


def _drawn_by(path: Path) -> dict[int, str]:
    """The glyphs taken from a font with a base: ideographs, Latin letters, and marks that are one em wide."""
    with TTFont(str(path), lazy=True) as font:
        advances = font["hmtx"]
        return {
            code: OWN + name
            for code, name in font.getBestCmap().items()
            if code in IDEOGRAPHS or code in ASCII or advances[name][0] == UNITS_PER_EM
        }


def _cuts_of_collection(source: Source, wanted: Collection[int]) -> tuple[Cut, ...]:
    ordered = {script: common_first(wanted, script) for script in SCRIPTS}
    with TTCollection(str(source.path), lazy=True) as collection:
        numbers = {font["name"].getDebugName(1): index for index, font in enumerate(collection.fonts)}
        packaged = {
            script: numbers[f"Noto {_PACKAGED_STYLES[source.style]} CJK {script}"] for script in SCRIPTS
        }
        cmaps = {script: collection.fonts[packaged[script]].getBestCmap() for script in SCRIPTS}
    return tuple(
        Cut(source, script, packaged[script], _chinese(ordered[script], cmaps[script], cmaps["SC"]))
        for script in SCRIPTS
    )


def _chinese(ordered: Sequence[int], packaged: dict[int, str], mainland: dict[int, str]) -> dict[int, str]:
    """The packaged glyphs of the code points, stops at the lower left and the dot in names one em wide."""
    cmap = {code: packaged[code] for code in ordered if code in packaged}
    cmap |= {code: mainland[code] for code in map(ord, STOPS) if code in cmap}
    if MIDDLE_DOT in cmap and WIDE_DOT in packaged:
        cmap[MIDDLE_DOT] = packaged[WIDE_DOT]
    return cmap


def common_first(wanted: Collection[int], script: str) -> list[int]:
    """Code points so ordered that a document's subset, which keeps all ids up to its last, stays short."""
    encoding, last_lead = ("big5", 0xC6) if script == "TC" else ("gb2312", 0xD7)
    return sorted(wanted, key=lambda code: (_tier(chr(code), encoding, last_lead), code))


def _tier(character: str, encoding: str, last_lead: int) -> int:
    """0 for ASCII and the first level of the script's own national set, 1 for its second, 2 for the rest."""
    try:
        encoded = character.encode(encoding)
    except UnicodeEncodeError:
        return 2
    return 0 if len(encoded) == 1 or encoded[0] <= last_lead else 1


@lru_cache(maxsize=1)
def _font(path: Path) -> TTFont:
    # One font at a time: the outlines of a collection are shared by all its faces, so face 0 draws any of them.
    return TTFont(BytesIO(path.read_bytes()), fontNumber=0, lazy=True)


def convert(path: Path, names: Sequence[str]) -> dict[str, bytes]:
    """Quadratic outlines of the named glyphs of a font, as compiled `glyf` entries."""
    font = _font(path)
    glyphs, scales = font.getGlyphSet(), _scales(font, names)
    # Cubic outlines run the other way round; quadratic ones pass as they are.
    cubic = "glyf" not in font
    return {name: _convert_one(glyphs, name.removeprefix(OWN), scales.get(name, 1), cubic) for name in names}


def _scales(font: TTFont, names: Sequence[str]) -> dict[str, float]:
    """How much ideographs narrower than one em, of a font with a base, grow to fill it."""
    if not any(name.startswith(OWN) for name in names):
        return {}
    advances, wanted = font["hmtx"], set(names)
    return {
        OWN + name: UNITS_PER_EM / advances[name][0]
        for code, name in font.getBestCmap().items()
        if code in IDEOGRAPHS and OWN + name in wanted
    }


def _convert_one(glyphs: Any, name: str, scale: float, cubic: bool) -> bytes:
    pen = TTGlyphPen(None)
    outline = DecomposingRecordingPen(glyphs)
    glyphs[name].draw(outline)
    quadratic = Cu2QuPen(pen, TOLERANCE, reverse_direction=cubic)
    outline.replay(TransformPen(quadratic, (scale, 0, 0, scale, 0, 0)))
    compiled: bytes = pen.glyph().compile(None)
    return compiled


def cast(cut: Cut, outlines: dict[str, bytes]) -> bytes:
    """The finished face of a cut as TrueType bytes; the same input gives the same bytes."""
    outlines = outlines | _dash(cut, outlines)
    with TTFont(str(cut.source.collection), fontNumber=cut.number, lazy=True) as packaged:
        builder = FontBuilder(UNITS_PER_EM, isTTF=True)
        builder.setupGlyphOrder(cut.glyph_order)
        builder.setupCharacterMap(cut.cmap)
        _set_outlines(builder, {name: Glyph(outlines[name]) for name in cut.glyph_order})
        builder.setupHorizontalMetrics(_metrics(cut, packaged, outlines))
        builder.setupHorizontalHeader(ascent=packaged["hhea"].ascent, descent=packaged["hhea"].descent)
        _describe(builder, cut, packaged)
    output = BytesIO()
    builder.font.save(output)
    return output.getvalue()


def _dash(cut: Cut, outlines: dict[str, bytes]) -> dict[str, bytes]:
    """The em dash from edge to edge, so that the two of a Chinese dash join into one line of two ems.

    The packaged fonts do this by substitution, which the cuts do without.
    """
    if not {EM_DASH, BAR} <= cut.cmap.keys():
        return {}
    bar = Glyph(outlines[cut.cmap[BAR]])
    bar.expand(None)
    left, right = bar.xMin, bar.xMax
    stretched = [(0 if x - left < right - x else UNITS_PER_EM, y) for x, y in bar.coordinates]
    bar.coordinates = GlyphCoordinates(stretched)
    return {cut.cmap[EM_DASH]: bar.compile(None)}


def _set_outlines(builder: FontBuilder, glyphs: dict[str, Glyph]) -> None:
    # FontBuilder.setupGlyf takes only decompiled glyphs; ours arrive compiled from the workers.
    builder.font["loca"] = newTable("loca")
    builder.font["glyf"] = glyf = newTable("glyf")
    glyf.glyphOrder, glyf.glyphs = list(glyphs), glyphs
    builder.setupMaxp()


def _metrics(cut: Cut, packaged: TTFont, outlines: dict[str, bytes]) -> dict[str, tuple[int, int]]:
    """Advance and left bearing in 1/1000 em; digits share one advance, so that figures align in columns."""
    own = dict(_own_advances(cut))
    advances = {name: own.get(name) or packaged["hmtx"][name][0] for name in cut.glyph_order}
    if EM_DASH in cut.cmap:
        advances[cut.cmap[EM_DASH]] = UNITS_PER_EM
    digits = [cut.cmap[ord(digit)] for digit in DIGITS if ord(digit) in cut.cmap]
    advances |= dict.fromkeys(digits, max((advances[name] for name in digits), default=0))
    return {name: (advances[name], _left_bearing(outlines[name])) for name in cut.glyph_order}


def _own_advances(cut: Cut) -> Iterator[tuple[str, int]]:
    """The advances of what a font with a base draws itself; its ideographs are made one em wide."""
    if cut.source.base is None:
        return
    with TTFont(str(cut.source.path), lazy=True) as font:
        for code, name in cut.cmap.items():
            if name.startswith(OWN):
                advance = font["hmtx"][name.removeprefix(OWN)][0]
                yield name, UNITS_PER_EM if code in IDEOGRAPHS else advance


def _left_bearing(compiled: bytes) -> int:
    # A glyf entry starts with the number of contours, then xMin; an empty glyph has no entry.
    return struct.unpack(">hh", compiled[:4])[1] if compiled else 0


def _describe(builder: FontBuilder, cut: Cut, packaged: TTFont) -> None:
    """Names, weight and line metrics; dates are fixed, so that equal input gives equal bytes."""
    family, weight = cut.source.family(cut.script), cut.source.weight
    postscript = f"{family.replace(' ', '')}-{weight}"
    builder.setupNameTable(
        {"familyName": family, "styleName": weight, "uniqueFontIdentifier": postscript,
         "fullName": f"{family} {weight}", "psName": postscript, "version": "Version 1.0",
         **_rights(cut, packaged)},
        mac=False,
    )  # fmt: skip
    line = packaged["OS/2"]
    builder.setupOS2(
        usWeightClass=line.usWeightClass, fsSelection=0x20 if weight == "Bold" else 0x40,
        sTypoAscender=line.sTypoAscender, sTypoDescender=line.sTypoDescender, sTypoLineGap=line.sTypoLineGap,
        usWinAscent=line.usWinAscent, usWinDescent=line.usWinDescent, sxHeight=line.sxHeight,
        sCapHeight=line.sCapHeight, yStrikeoutSize=line.yStrikeoutSize,
        yStrikeoutPosition=line.yStrikeoutPosition,
    )  # fmt: skip
    post = packaged["post"]
    builder.setupPost(
        keepGlyphNames=False,
        underlinePosition=post.underlinePosition,
        underlineThickness=post.underlineThickness,
    )
    head = packaged["head"]
    builder.updateHead(created=head.created, modified=head.created, macStyle=int(weight == "Bold"))
    builder.font.recalcTimestamp = False


def _rights(cut: Cut, packaged: TTFont) -> dict[str, str]:
    """Whose the outlines are and on which terms: of the font itself, then of its base."""
    said = [(packaged["name"].getDebugName(0), packaged["name"].getDebugName(13))]
    if cut.source.base:
        with TTFont(str(cut.source.path), lazy=True) as font:
            names = font["name"]
            said.insert(0, (names.getDebugName(0), names.getDebugName(13) or cut.source.licence))
    owners, terms = ([text for text in texts if text] for texts in zip(*said, strict=True))
    return {"copyright": "\n".join(owners), "licenseDescription": "\n".join(terms)}
