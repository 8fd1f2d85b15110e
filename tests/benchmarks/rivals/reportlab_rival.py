"""ReportLab's Platypus with the lean TrueType faces. Run by `bench_stamp.py` in an environment of its own (`content.contest`)."""

import io
import sys
from pathlib import Path

from content import Block, Paper, Values, contest
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table, TableStyle

GRID = TableStyle([("GRID", (0, 0), (-1, -1), 0.3 * mm, "black"), ("VALIGN", (0, 0), (-1, -1), "TOP")])


def made(paper: Paper, values: Values) -> bytes:
    """The paper of a township."""
    output = io.BytesIO()
    top, right, bottom, left = (side * mm for side in paper.margins)
    page = SimpleDocTemplate(
        output,
        pagesize=(paper.width * mm, paper.height * mm),
        topMargin=top - 6,
        rightMargin=right - 6,
        bottomMargin=bottom - 6,
        leftMargin=left - 6,
        title=paper.key,
    )
    room = (paper.width * mm) - left - right
    page.build([_block(block, paper, values, room) for block in paper.blocks])
    return output.getvalue()


def _style(size: float, pitch: float) -> ParagraphStyle:
    return ParagraphStyle("body", fontName="Song", fontSize=size, leading=size * pitch, wordWrap="CJK")


def _block(block: Block, paper: Paper, values: Values, room: float) -> object:
    if block.kind != "table":
        size = {"title": paper.heading, "h2": paper.size * 1.3}.get(block.kind, paper.size)
        return Paragraph(values.put(block.text), _style(size, paper.pitch))
    fixed = sum(width * mm for width in block.columns)
    widths = [width * mm if width else room - fixed for width in block.columns]
    style = _style(paper.size, paper.pitch)
    rows = [[Paragraph(values.put(cell), style) for cell in row] for row in block.rows]
    return Table(rows, colWidths=widths, style=GRID)


def main() -> None:
    """The folder of the faces is the argument."""
    pdfmetrics.registerFont(TTFont("Song", str(Path(sys.argv[1]) / "TownhallSongTC-Regular.ttf")))
    contest(lambda paper, values, _tagged: made(paper, values))


if __name__ == "__main__":
    main()
