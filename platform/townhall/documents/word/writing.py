"""What stands in a Word file, written into a blank one."""

import io
from collections.abc import Iterator, Sequence

from docx import Document
from docx.document import Document as Paper
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Mm
from docx.table import Table as Grid
from docx.table import _Cell as Square
from docx.text.paragraph import Paragraph as Line

from townhall.documents.word.blank import blank
from townhall.documents.word.floating import float_right
from townhall.documents.word.matter import Cell, Field, Inline, Matter, Paragraph, Picture, Table
from townhall.documents.word.numbering import counting, start
from townhall.documents.word.style import Manner
from townhall.documents.word.styles import style_ids
from townhall.documents.word.xml import element, twips


class Writer:
    """Writes one file; every paragraph, run and table gets its looks from a named style."""

    def __init__(self, template: str, manner: Manner, script: str) -> None:
        self._manner = manner
        self._paper: Paper = Document(io.BytesIO(blank(template, script)))
        self._ids = style_ids(manner.styles)
        self._ways = counting(manner.styles)
        self._series: dict[int, int] = {}

    def written(self, matter: Matter) -> Paper:
        """The file with its text."""
        for block in matter.body:
            if isinstance(block, Table):
                self._table(block)
            else:
                self._paragraph(self._paper.add_paragraph(), block)
        section = self._paper.sections[0]
        for edge, words in ((section.header, matter.head), (section.footer, matter.foot)):
            if words is not None:
                self._paragraph(edge.paragraphs[0], words)
        return self._paper

    def _paragraph(self, line: Line, paragraph: Paragraph) -> None:
        line._p.style = self._ids[paragraph.style]
        if paragraph.series is not None:
            self._count(line, paragraph.style, paragraph.series)
        for part in paragraph.content:
            self._inline(line, part)

    def _count(self, line: Line, style: str, series: int) -> None:
        """Each list begins at 1 again; the way of counting is the style's."""
        if series not in self._series:
            numbering = self._paper.part.numbering_part.element
            self._series[series] = number = len(numbering.num_lst) + 1
            numbering.append(start(number, self._ways[style], anew=True))
        number = element("numPr", element("ilvl", val=0), element("numId", val=self._series[series]))
        line._p.get_or_add_pPr()._insert_numPr(number)

    def _inline(self, line: Line, part: Inline) -> None:
        if isinstance(part, Field):
            line._p.append(element("fldSimple", line.add_run("1")._r, instr=part))
        elif isinstance(part, Picture):
            self._picture(line, part)
        else:
            line.add_run(part.text)._r.style = self._ids[part.style] if part.style else None

    def _picture(self, line: Line, picture: Picture) -> None:
        shape = line.add_run().add_picture(io.BytesIO(picture.data), width=Mm(picture.width))
        shape._inline.docPr.set("descr", picture.alt)
        if picture.floating:
            float_right(shape)

    def _table(self, table: Table) -> None:
        grid = self._paper.add_table(len(table.rows), len(table.widths))
        grid._tbl.tblStyle_val = self._ids[table.style]
        _set_widths(grid, table.widths)
        for index, row in enumerate(grid.rows):
            if (flow := _flow(index, table.heads)) is not None:
                row._tr.get_or_add_trPr().append(flow)
        for square, cell in _placed([row.cells for row in grid.rows], table.rows):
            self._cell(square, cell)

    def _cell(self, square: Square, cell: Cell) -> None:
        for index, paragraph in enumerate(cell.paragraphs):
            self._paragraph(square.add_paragraph() if index else square.paragraphs[0], paragraph)


def _flow(index: int, heads: int) -> BaseOxmlElement | None:
    """Heads are repeated on each page, and no row is torn.

    The first row below a repeated head may be: where it just fits its page, LibreOffice 7.4 loses all that follow if
    it may not.
    """
    if index < heads:
        return element("tblHeader")
    return None if index == heads > 0 else element("cantSplit")


def _set_widths(grid: Grid, widths: Sequence[float]) -> None:
    """Fixed ones, told to columns and cells: some programs ask these, some those."""
    grid.autofit = False
    told = {"w": str(twips(sum(widths))), "type": "dxa"}
    grid._tblPr.find(qn("w:tblW")).attrib.update({qn(f"w:{name}"): said for name, said in told.items()})
    for column, width in zip(grid.columns, widths, strict=True):
        column.width = Mm(width)
    for row in grid.rows:
        for square, width in zip(row.cells, widths, strict=True):
            square.width = Mm(width)


def _placed(
    squares: Sequence[Sequence[Square]], rows: Sequence[Sequence[Cell]]
) -> Iterator[tuple[Square, Cell]]:
    """Each cell with its square of the grid, or with those that it covers, which become one."""
    taken: set[tuple[int, int]] = set()
    for top, row in enumerate(rows):
        free = (left for left in range(len(squares[top])) if (top, left) not in taken)
        for cell in row:
            left = next(free)
            area = {(top + down, left + along) for down in range(cell.rows) for along in range(cell.columns)}
            taken |= area
            bottom, right = max(area)
            first, last = squares[top][left], squares[bottom][right]
            yield (first if first is last else first.merge(last)), cell
