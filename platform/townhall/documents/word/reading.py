"""From a composed page to what stands in the Word file. Nothing is laid out; style sheets are not read.

A number that the page writes before a paragraph (1. or 一、) is left to Word to count, where the paragraph's style
counts: who takes an entry out in Word need not write the others anew.
"""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import count, groupby, takewhile
from xml.etree.ElementTree import Element

import tinyhtml5

from townhall.documents.errors import DocumentError, FetchRefused
from townhall.documents.word.columns import widths
from townhall.documents.word.matter import Block, Cell, Field, Inline, Matter, Paragraph, Picture, Run, Table
from townhall.documents.word.selector import Path, Place, first_fitting
from townhall.documents.word.style import NORMAL, Kind, Manner, Style
from townhall.script import to_script

Node = str | Element

HEAD, FOOT = "header", "footer"  # the styles of what stands on every page
_INLINE = frozenset({"a", "b", "br", "em", "i", "img", "span", "strong"})
_LISTS = frozenset({"ol", "ul"})
_SPACE = re.compile(r"[ \t\r\n\f]+")  # and not the ideographic one, which is meant
_ORDINAL = re.compile(r"\d+\.?|[一二三四五六七八九十]+、?")
_WIDTH = re.compile(r"width:\s*([\d.]+)mm")
_PICTURE = re.compile(r"data:image/(?:png|jpeg);base64,(.+)")


class Reader:
    """Reads one page in the manner of its kind; `pictures` are drawings by their address, as images Word can show."""

    def __init__(self, manner: Manner, script: str, pictures: Mapping[str, bytes]) -> None:
        self._manner, self._script, self._pictures = manner, script, pictures
        self._series = count(1)
        self._ordinal = ""
        self._floating: list[Inline] = []

    def matter(self, html: str) -> Matter:
        """Raises `DocumentError` for what a Word file cannot hold."""
        body = tinyhtml5.parse(html, namespace_html_elements=False).find("body")
        blocks = [] if body is None else list(self._blocks(body, (_place(body),), None))
        apart = {block.style: block for block in blocks if block.style in {HEAD, FOOT}}
        edges = (apart.get(style) for style in (HEAD, FOOT))
        head, foot = (edge if isinstance(edge, Paragraph) else None for edge in edges)
        return Matter(head, foot, tuple(block for block in blocks if block.style not in apart))

    def _blocks(self, element: Element, path: Path, series: int | None) -> Iterator[Block]:
        """What an element holds; words that stand between blocks make a paragraph of their own."""
        for loose, nodes in groupby(_nodes(element), _is_loose):
            if loose:
                yield from self._paragraph(list(nodes), path, series)
                continue
            for node in nodes:
                if isinstance(node, Element):
                    inside = next(self._series) if node.tag in _LISTS else series
                    yield from self._block(node, (*path, _place(node)), inside)

    def _block(self, element: Element, path: Path, series: int | None) -> Iterator[Block]:
        if element.tag != "table":
            yield from self._blocks(element, path, series)
        elif self._style(path).kind is Kind.TABLE:
            yield self._table(element, path)
        else:
            yield self._styled(self._line(element, path), path, series)

    def _paragraph(self, nodes: list[Node], path: Path, series: int | None) -> Iterator[Paragraph]:
        """None where there are no words yet: a number or a floating picture waits for those that follow."""
        if ordinal := _ordinal(nodes):
            self._ordinal = ordinal
            nodes = nodes[1 + next(index for index, node in enumerate(nodes) if isinstance(node, Element)) :]
        content = list(self._inlines(nodes, path, None))
        if all(isinstance(part, Picture) and part.floating for part in tidied(content)):
            self._floating += tidied(content)
            return
        yield self._styled(content, path, series)

    def _styled(self, content: Iterable[Inline], path: Path, series: int | None) -> Paragraph:
        ordinal, self._ordinal = self._ordinal, ""
        floating, self._floating = self._floating, []
        if ordinal:
            path = (*path[:-1], path[-1]._replace(classes=path[-1].classes | {"numbered"}))
        style = self._style(path)
        counted = style.numbering is not None
        kept = [Run(ordinal)] if ordinal and not counted else []
        words = tidied([*floating, *kept, *content])
        return Paragraph(style.name, words, series if counted else None)

    def _line(self, table: Element, path: Path) -> Iterator[Inline]:
        """A table that only puts words side by side: one line with tabs."""
        for index, cell in enumerate(_filled_cells(table)):
            if index:
                yield Run("\t")
            yield from self._inlines(_nodes(cell), path, None)

    def _table(self, table: Element, path: Path) -> Table:
        rows = tuple(tuple(self._cells(row, path)) for row in table.iter("tr"))
        heads = sum(1 for _ in takewhile(lambda row: all(cell.tag == "th" for cell in row), table.iter("tr")))
        size = self._manner.style(NORMAL).size or 0
        return Table(self._style(path).name, widths(table, self._manner.width, size), rows, heads)

    def _cells(self, row: Element, path: Path) -> Iterator[Cell]:
        for cell in row:
            blocks = tuple(self._blocks(cell, (*path, _place(row), _place(cell)), None))
            paragraphs = tuple(block for block in blocks if isinstance(block, Paragraph))
            if paragraphs != blocks:
                raise DocumentError("表格中另有表格，不能寫成 Word 文件")
            yield Cell(paragraphs, int(cell.get("colspan", 1)), int(cell.get("rowspan", 1)))

    def _inlines(self, nodes: Iterable[Node], path: Path, style: str | None) -> Iterator[Inline]:
        for node in nodes:
            if isinstance(node, str):
                yield Run(_SPACE.sub(" ", node), style)
            elif node.tag == "br":
                yield Run("\n", style)
            elif node.tag == "img":
                yield self._picture(node, (*path, _place(node)))
            elif "page-number" in _place(node).classes:
                yield from self._page_number()
            else:
                inside = (*path, _place(node))
                yield from self._inlines(
                    _nodes(node), inside, first_fitting(self._manner.runs, inside) or style
                )

    def _page_number(self) -> Iterator[Inline]:
        """As `_base.css` counts."""
        before, between, after = (Run(to_script(words, self._script)) for words in ("第", "頁　共", "頁"))
        yield from (before, Field.PAGE, between, Field.PAGES, after)

    def _picture(self, image: Element, path: Path) -> Picture:
        address, alt = image.get("src", ""), image.get("alt", "")
        said = _WIDTH.search(image.get("style", ""))
        width = float(said[1]) if said else first_fitting(self._manner.pictures, path) or 0
        return Picture(self._data(address), alt, abs(width), floating=width < 0)

    def _data(self, address: str) -> bytes:
        if address in self._pictures:
            return self._pictures[address]
        if found := _PICTURE.fullmatch(address):
            return base64.b64decode(found[1])
        raise FetchRefused(f"圖片不能放入 Word 文件：{address[:40]}")

    def _style(self, path: Path) -> Style:
        return self._manner.style(first_fitting(self._manner.blocks, path) or NORMAL)


def tidied(content: Iterable[Inline]) -> tuple[Inline, ...]:
    """White space as a page shows it: none where a line begins or ends, nowhere two."""
    found: list[Inline] = []
    for part in content:
        kept = _trimmed(part, start=_at_edge(found))
        if kept is not None:
            found.append(kept)
    last = _trimmed(found.pop(), end=True) if found else None
    return tuple(found) if last is None else (*found, last)


def _trimmed(part: Inline, *, start: bool = False, end: bool = False) -> Inline | None:
    """Without the spaces at an edge; None when nothing is left."""
    if not isinstance(part, Run):
        return part
    text = part.text.lstrip(" ") if start else part.text
    text = text.rstrip(" ") if end else text
    return Run(text, part.style) if text else None


def _at_edge(found: list[Inline]) -> bool:
    last = found[-1] if found else Run("\n")
    return isinstance(last, Run) and last.text[-1] in " \n\t"


def _place(element: Element) -> Place:
    return Place(element.tag, frozenset(element.get("class", "").split()))


def _nodes(element: Element) -> Iterator[Node]:
    """Texts and elements in their order."""
    if element.text:
        yield element.text
    for child in element:
        if isinstance(child.tag, str):  # and no comment
            yield child
        if child.tail:
            yield child.tail


def _is_loose(node: Node) -> bool:
    return isinstance(node, str) or node.tag in _INLINE


def _ordinal(nodes: list[Node]) -> str:
    """The number that a paragraph begins with, in an element of its own; an empty text without one."""
    first = next((node for node in nodes if isinstance(node, Element) or _SPACE.sub("", node)), None)
    words = "".join(first.itertext()) if isinstance(first, Element) else ""
    return words if _ORDINAL.fullmatch(words) else ""


def _filled_cells(table: Element) -> Iterator[Element]:
    cells = [cell for row in table.iter("tr") for cell in row]
    while cells and not "".join(cells[-1].itertext()).strip():
        del cells[-1]
    yield from cells
