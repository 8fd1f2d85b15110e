"""A named style as Word keeps it, and a manner: the styles of one kind of paper and which elements take them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from townhall.script import HANT

NORMAL = "Normal"  # 正文, on which every style of paragraphs stands


class Face(StrEnum):
    """Faces by the names under which Word and WPS have them on the mainland. None is shipped with a file."""

    SONG = "宋体"
    HEI = "黑体"
    FANGSONG = "仿宋_GB2312"

    def called(self, script: str) -> str:
        """The name for a script: 仿宋_GB2312 has no Traditional characters, the system's 仿宋 has those of GBK."""
        return "仿宋" if self is Face.FANGSONG and script == HANT else str(self)


class Kind(StrEnum):
    """What a style is for."""

    PARAGRAPH = "paragraph"
    CHARACTER = "character"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Numbering:
    """Numbers that Word counts: `form` is its name of a way to count, `text` has %1 where the number stands.

    `hang` is the room for the number in millimetres; 0 lets the text follow on it. `head` counts through the paper.
    """

    form: str
    text: str
    hang: float = 0
    head: bool = False


@dataclass(frozen=True, slots=True)
class Style:
    """Sizes and spaces are in points, indents in millimetres, `first` in ems; None is what the base has.

    A built-in style has Word's own English name, by which Word and WPS show it in the reader's language (heading 1 as
    標題 1, Normal as 正文); any other has a name in the canonical script. `pitch` is the height of a line, 0 for what
    pictures need. `keep` holds a paragraph to the next one, `whole` its lines to one page. `tab` stops words at the
    right, so many millimetres from the left edge. `borders` are Word's names of sides. What is `shaded` is the first
    row of a table.
    """

    name: str
    kind: Kind = Kind.PARAGRAPH
    base: str = NORMAL
    face: Face | None = None
    size: float | None = None
    bold: bool | None = None
    align: str | None = None
    before: float | None = None
    after: float | None = None
    pitch: float | None = None
    left: float | None = None
    first: float | None = None
    level: int | None = None
    keep: bool = False
    whole: bool = False
    tab: float | None = None
    borders: tuple[str, ...] = ()
    shaded: bool = False
    numbering: Numbering | None = None


@dataclass(frozen=True, slots=True)
class Manner:
    """How one kind of paper is written in Word.

    `margins` are top, right, bottom and left in millimetres. `blocks` and `runs` name the styles of paragraphs and
    tables, and of words within them, by kinds of elements (`selector`): the first that fits decides. `pictures` give
    the width of images in millimetres where the page does not; a negative one floats at the right edge.
    """

    margins: tuple[float, float, float, float]
    styles: tuple[Style, ...]
    blocks: Mapping[str, str]
    runs: Mapping[str, str]
    pictures: Mapping[str, float]

    @property
    def width(self) -> float:
        """Of the text on A4, in millimetres."""
        return 210 - self.margins[1] - self.margins[3]

    def style(self, name: str) -> Style:
        return next(style for style in self.styles if style.name == name)
