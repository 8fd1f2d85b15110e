"""Typst in process, at its best: one compiler, the lean faces, and the township's words as inputs of a document.

Run by `bench_stamp.py` in an environment of its own (`content.contest`).
"""

import sys

import typst
from content import Block, Paper, Values, contest, papers


def source(paper: Paper) -> bytes:
    """The paper as Typst; a township's words are `sys.inputs`."""
    top, right, bottom, left = paper.margins
    head = (
        f"#set page(width: {paper.width}mm, height: {paper.height}mm, "
        f"margin: (top: {top}mm, right: {right}mm, bottom: {bottom}mm, left: {left}mm))\n"
        f'#set text(font: "Townhall Song TC", size: {paper.size}pt, lang: "zh", region: "TW")\n'
        f"#set par(justify: true, leading: {paper.pitch - 1:.2f}em, spacing: {paper.pitch - 1:.2f}em)\n"
        f'#set document(title: "{paper.key}")\n'
    )
    return (head + "\n".join(_block(block, paper) for block in paper.blocks)).encode()


def _text(text: str) -> str:
    escaped = text.replace("#", "\\#").replace("-", "\\-")
    for name in ("name", "phone", "date"):
        escaped = escaped.replace("{" + name + "}", f"#sys.inputs.{name};")
    return escaped


def _block(block: Block, paper: Paper) -> str:
    if block.kind == "title":
        return f"#heading(level: 1, text(size: {paper.heading}pt)[{_text(block.text)}])\n"
    if block.kind == "h2":
        return f"#heading(level: 2)[{_text(block.text)}]\n"
    if block.kind == "p":
        return f"{_text(block.text)}\n"
    columns = ", ".join(f"{width}mm" if width else "1fr" for width in block.columns)
    cells = "".join(f"[{_text(cell)}], " for row in block.rows for cell in row)
    return f"#table(columns: ({columns}), inset: 1.5mm, stroke: 0.3mm, {cells})\n"


def main() -> None:
    """The folder of the faces is the argument."""
    fonts = typst.Fonts(False, False, [sys.argv[1]])
    compiler = typst.Compiler(font_paths=fonts, ignore_system_fonts=True)
    sources = {paper.key: source(paper) for paper in papers()}

    def made(paper: Paper, values: Values, tagged: bool) -> bytes:
        text = sources[paper.key]
        return compiler.compile(text, format="pdf", sys_inputs=vars(values), timestamp=0, pdf_tags=tagged)

    contest(made)


if __name__ == "__main__":
    main()
