"""The numbers that Word counts: one way of counting for each style that has one, and a new start for each list."""

from collections.abc import Iterable

from docx.oxml.xmlchemy import BaseOxmlElement

from townhall.documents.word.style import Face, Numbering, Style
from townhall.documents.word.styles import fonts
from townhall.documents.word.xml import element, twips


def counting(styles: Iterable[Style]) -> dict[str, int]:
    """The number of the numbering of each style that counts, by its name."""
    return {style.name: number for number, style in enumerate((s for s in styles if s.numbering), 1)}


def definitions(styles: Iterable[Style], script: str, ids: dict[str, str]) -> list[BaseOxmlElement]:
    """How each of them counts, then what starts it."""
    counted = ((style.numbering, ids[style.name]) for style in styles if style.numbering)
    ways = [_way(numbering, script, id_, number) for number, (numbering, id_) in enumerate(counted, 1)]
    return ways + [start(number, number) for number in range(1, len(ways) + 1)]


def start(number: int, way: int, *, anew: bool = False) -> BaseOxmlElement:
    """A numbering that counts in a way, from 1 where it stands beside others of the same way."""
    restart = element("lvlOverride", element("startOverride", val=1), ilvl=0) if anew else None
    return element("num", element("abstractNumId", val=way), restart, numId=number)


def _way(numbering: Numbering, script: str, style_id: str, number: int) -> BaseOxmlElement:
    hang = twips(numbering.hang)
    level = element(
        "lvl",
        element("start", val=1),
        element("numFmt", val=numbering.form),
        element("pStyle", val=style_id),
        element("suff", val="tab" if hang else "nothing"),
        element("lvlText", val=numbering.text),
        element("lvlJc", val="left"),
        element("pPr", element("ind", left=hang, hanging=hang)) if hang else None,
        element("rPr", fonts(Face.HEI, script)),
        ilvl=0,
    )
    return element("abstractNum", element("multiLevelType", val="singleLevel"), level, abstractNumId=number)
