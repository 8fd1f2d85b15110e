"""A style as the element that Word keeps of it. The order of children is the schema's (ECMA-376 part 1, 17.7.4)."""

from collections.abc import Mapping, Sequence

from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement

from townhall.documents.word.style import NORMAL, Face, Kind, Style
from townhall.documents.word.xml import element, twips, value
from townhall.script import to_script

_RULE = 6  # eighths of a point
_SHADE = "EBEBEB"  # light enough for copies in black and white
_LINE = 240  # what Word calls one line


def style_ids(styles: Sequence[Style]) -> dict[str, str]:
    """The ids by which a file refers to its styles, by their names: ASCII, as not every program takes another."""
    return {
        style.name: style.name.replace(" ", "") if style.name.isascii() else f"Townhall{index}"
        for index, style in enumerate(styles, 1)
    }


def style_element(style: Style, script: str, ids: Mapping[str, str], number: int | None) -> BaseOxmlElement:
    """`number` is the numbering of a style that counts."""
    root = style.kind is not Kind.PARAGRAPH or style.name == NORMAL
    made = element(
        "style",
        element("name", val=to_script(style.name, script)),
        None if root else element("basedOn", val=ids[style.base]),
        element("uiPriority", val=1),
        element("qFormat"),
        _paragraph(style, number) if style.kind is not Kind.CHARACTER else None,
        _letters(style, script),
        *(_table(style) if style.kind is Kind.TABLE else ()),
        type=style.kind,
        styleId=ids[style.name],
        customStyle=None if style.name.isascii() else 1,
    )
    if style.name == NORMAL:
        made.set(qn("w:default"), "1")
    return made


def fonts(face: Face, script: str) -> BaseOxmlElement:
    """One face for all scripts: with a Latin one “ ” … · would be taken from it, at half their width."""
    name = face.called(script)
    return element("rFonts", ascii=name, hAnsi=name, eastAsia=name, cs=name, hint="eastAsia")


def _paragraph(style: Style, number: int | None) -> BaseOxmlElement:
    return element(
        "pPr",
        element("keepNext") if style.keep else None,
        element("keepLines") if style.whole else None,
        None if number is None else element("numPr", element("numId", val=number)),
        _edges("pBdr", style.borders if style.kind is Kind.PARAGRAPH else ()),
        None if style.tab is None else element("tabs", element("tab", val="right", pos=twips(style.tab))),
        _spacing(style),
        _indent(style),
        element("contextualSpacing") if style.borders else None,
        value("jc", style.align),
        value("outlineLvl", style.level),
    )


def _letters(style: Style, script: str) -> BaseOxmlElement:
    half_points = None if style.size is None else round(style.size * 2)
    weight = None if style.bold is None else int(style.bold)
    return element(
        "rPr",
        fonts(style.face, script) if style.face else None,
        value("b", weight),
        value("bCs", weight),
        value("sz", half_points),
        value("szCs", half_points),
    )


def _spacing(style: Style) -> BaseOxmlElement | None:
    """Lines of a fixed height, so that a paper is as long with one face as with another."""
    said = (style.before, style.after, style.pitch)
    if not any(length is not None for length in said):
        return None
    before, after, line = (None if length is None else round(length * 20) for length in said)
    rule = None if line is None else "exact" if line else "auto"
    return element("spacing", before=before, after=after, line=_LINE if line == 0 else line, lineRule=rule)


def _indent(style: Style) -> BaseOxmlElement | None:
    """In characters where Word counts them, and as a length for other programs."""
    if style.left is style.first is None:
        return None
    first = None if style.first is None else round(style.first * 100)
    length = None if style.first is None else round(style.first * (style.size or 0) * 20)
    left = None if style.left is None else twips(style.left)
    return element("ind", left=left, firstLineChars=first, firstLine=length)


def _table(style: Style) -> tuple[BaseOxmlElement, ...]:
    room = {"top": 0.5, "left": 1.4, "bottom": 0.5, "right": 1.4}  # millimetres
    sides = (element(side, w=twips(width), type="dxa") for side, width in room.items())
    edges = _edges("tblBorders", style.borders)
    properties = element("tblPr", element("tblInd", w=0, type="dxa"), edges, element("tblCellMar", *sides))
    shade = element("tcPr", element("shd", val="clear", color="auto", fill=_SHADE))
    return (properties, element("tblStylePr", shade, type="firstRow")) if style.shaded else (properties,)


def _edges(tag: str, sides: Sequence[str]) -> BaseOxmlElement | None:
    """Borders in the schema's order, which is the one that a manner writes them in."""
    if not sides:
        return None
    return element(
        tag,
        *(
            element(side, val="single", sz=_RULE, space=int(tag == "pBdr") * 4, color="auto")
            for side in sides
        ),
    )
