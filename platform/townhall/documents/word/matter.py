"""What stands in a Word file: paragraphs of runs in named styles, tables of cells. Lengths are in millimetres."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Run:
    """Words in one character style, None for that of the paragraph; a line break is "\\n", a tab is "\\t"."""

    text: str
    style: str | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """An image among the words; one that floats stands at the right edge, with the text beside it."""

    data: bytes
    alt: str
    width: float
    floating: bool


class Field(StrEnum):
    """What Word counts when it lays out: the number of the page, and how many there are."""

    PAGE = "PAGE"
    PAGES = "NUMPAGES"


Inline = Run | Picture | Field


@dataclass(frozen=True, slots=True)
class Paragraph:
    """`series` tells lists apart: each starts its numbers anew; None for what no list holds."""

    style: str
    content: tuple[Inline, ...]
    series: int | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell over so many columns and rows."""

    paragraphs: tuple[Paragraph, ...]
    columns: int = 1
    rows: int = 1


@dataclass(frozen=True, slots=True)
class Table:
    """`widths` are the parts of the text's width that the columns take; `heads` rows are repeated on every page."""

    style: str
    widths: tuple[float, ...]
    rows: tuple[tuple[Cell, ...], ...]
    heads: int


Block = Paragraph | Table


@dataclass(frozen=True, slots=True)
class Matter:
    """A whole file: what stands at the head and the foot of each page, and between."""

    head: Paragraph | None
    foot: Paragraph | None
    body: tuple[Block, ...]
