"""Layers P and Q: from a composed sheet to the bytes of its PDF, true to size, tagged and reproducible.

One Renderer serves a process: it shares the font configuration, the parsed stylesheets and a fetcher that
refuses everything but `data:`. The output passes `qpdf --check`; no conformance to a PDF standard is
claimed.
"""

import hashlib
import logging
import unicodedata
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pydyf
from weasyprint import CSS, HTML, Document
from weasyprint.css.counters import CounterStyle
from weasyprint.logger import LOGGER
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from townhall.documents import justify, letters
from townhall.documents.basesheet import BASE_CSS, page_css
from townhall.documents.errors import DocumentError, FetchRefused, MissingGlyph, Overflow
from townhall.documents.fonts import Faces, ensure_faces, require_subsetter
from townhall.documents.sheet import Sheet

VARIANT = "pdf/ua-1"  # makes WeasyPrint tag the document and write XMP
POINTS_PER_MM = 72 / 25.4
STYLESHEETS_KEPT = 64
NOWHERE = "sheet:/"  # a base that serves nothing: a relative address reaches the fetcher and is refused
CONTEXT = 10  # characters shown on either side of a missing one
UNSEEN = frozenset(("script", "style", "template"))
LEVEL = 6  # of deflate; the library's 9 takes twice the time for 1 % of the size


class Renderer:
    """Renders sheets; one a process, not for several threads.

    Raises FontsMissing when HarfBuzz's subsetter is absent and UnsupportedRenderer for another WeasyPrint.
    """

    def __init__(self, faces: Faces | None = None) -> None:
        self.faces = faces or ensure_faces()
        self.faces.activate()
        require_subsetter()
        justify.install()
        letters.install()
        self._covered = frozenset(map(chr, self.faces.coverage))
        self._fonts = FixedFonts()
        self._fetcher = ClosedFetcher()
        self._stylesheets: OrderedDict[str, tuple[CSS, CounterStyle]] = OrderedDict()

    def render(self, sheet: Sheet) -> bytes:
        """The PDF of a sheet; equal sheets give equal bytes.

        Raises MissingGlyph, Overflow, FetchRefused, or DocumentError when language or title is missing or a
        picture cannot be drawn.
        """
        return self.drawn(sheet)

    def drawn(self, sheet: Sheet, last_hand: "Finisher | None" = None) -> bytes:
        """The same, and another hand may be the last on the PDF's objects before they are written.

        Raises what `render` raises, and whatever that hand raises.
        """
        self._fetcher.refused.clear()
        with watched() as faults:
            try:
                return self._draw(sheet, last_hand, faults)
            except FatalURLFetchingError as refusal:  # a BaseException
                raise FetchRefused(str(refusal)) from None

    def _require_whole(self, faults: list[str]) -> None:
        """While it draws an SVG, the library swallows whatever is raised and leaves the rest of the drawing out."""
        if self._fetcher.refused:
            raise FetchRefused(self._fetcher.refused[0])
        if faults:
            raise DocumentError(f"圖形或樣式未能載入：{faults[0]}")

    def _draw(self, sheet: Sheet, last_hand: "Finisher | None", faults: list[str]) -> bytes:
        html = HTML(string=sheet.html, base_url=NOWHERE, url_fetcher=self._fetcher)
        text = visible_text(html)
        require_description(html)
        self._require_coverage(text)
        document = self._lay_out(html, sheet)
        if sheet.pages is not None and len(document.pages) != sheet.pages:
            raise Overflow(len(document.pages), sheet.pages)

        def finisher(drawn: Document, output: pydyf.PDF) -> None:
            self._require_whole(faults)  # all is drawn by now
            if last_hand:
                last_hand(drawn, output)
            else:
                finish(drawn, output, sheet, text)

        pdf: bytes = document.write_pdf(
            finisher=finisher, pdf_variant=VARIANT, pdf_identifier=identifier(sheet)
        )
        return pdf

    def _lay_out(self, html: HTML, sheet: Sheet) -> Document:
        counters = CounterStyle()
        stylesheets = []
        for css in (BASE_CSS, sheet.stylesheet, page_css(sheet)):
            parsed, own_counters = self._stylesheet(css)
            stylesheets.append(parsed)
            counters.update(own_counters)
        return html.render(self._fonts, counters, stylesheets=stylesheets, pdf_variant=VARIANT)

    def _stylesheet(self, css: str) -> tuple[CSS, CounterStyle]:
        """Parsed CSS with the counters it defines, kept for the next document."""
        if css not in self._stylesheets:
            counters = CounterStyle()
            parsed = CSS(
                string=css,
                base_url=NOWHERE,
                url_fetcher=self._fetcher,
                font_config=self._fonts,
                counter_style=counters,
            )
            self._stylesheets[css] = (parsed, counters)
        self._stylesheets.move_to_end(css)
        if len(self._stylesheets) > STYLESHEETS_KEPT:
            self._stylesheets.popitem(last=False)
        return self._stylesheets[css]

    def _require_coverage(self, text: str) -> None:
        unknown = {character for character in set(text) - self._covered if not _invisible(character)}
        if unknown:
            first = min(unknown, key=text.index)
            raise MissingGlyph(first, surroundings(text, first))


# Does the last work on the objects of a PDF before they are written.
Finisher = Callable[[Document, pydyf.PDF], None]


class ClosedFetcher(URLFetcher):
    """Serves `data:` only; anything else stops the rendering and is remembered in `refused`."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: list[str] = []

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        """The content of a `data:` address. Raises FatalURLFetchingError for any other."""
        if url[:5].lower() != "data:":
            self.refused.append(f"文件不得引用外部資源：{url[:200]}")
            raise FatalURLFetchingError(self.refused[-1])
        return super().fetch(url, headers)


class FixedFonts(FontConfiguration):
    """The process's fonts, to which no document may add: all that follow would see its face."""

    def add_font_face(self, rule_descriptors: dict[str, Any], url_fetcher: URLFetcher) -> None:  # noqa: ARG002
        """Refuse `@font-face`."""
        raise FatalURLFetchingError(f"文件不得自帶字體：{rule_descriptors.get('font_family', '')}")


class Faults(logging.Handler):
    """Collects what the library only logs although a part of the document is missing then."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the message when it tells of a failure."""
        if record.getMessage().startswith("Failed to"):
            self.messages.append(record.getMessage()[:200])


@contextmanager
def watched() -> Iterator[list[str]]:
    """Collect the library's failures while a document is rendered."""
    faults = Faults()
    LOGGER.disabled = False  # reading a logging configuration disables the loggers it does not name
    LOGGER.addHandler(faults)
    try:
        yield faults.messages
    finally:
        LOGGER.removeHandler(faults)


def identifier(sheet: Sheet) -> bytes:
    """The PDF's permanent identifier, 32 hexadecimal digits that follow from the sheet alone."""
    return hashlib.sha256(repr(sheet).encode()).hexdigest()[:32].encode()


def require_description(html: HTML) -> None:
    """Raise DocumentError unless the page states its language and its title."""
    root = html.etree_element
    if not root.get("lang") or not (root.findtext("head/title") or "").strip():
        raise DocumentError("文件缺少語言標記（html lang）或標題（title）")


def visible_text(html: HTML) -> str:
    """The text of the page's body, without scripts and styles."""
    body = html.etree_element.find("body")
    return "" if body is None else "".join(_texts(body))


def _texts(element: Any) -> Iterator[str]:
    if element.tag not in UNSEEN and isinstance(element.tag, str):
        yield element.text or ""
        for child in element:
            yield from _texts(child)
            yield child.tail or ""


def _invisible(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in ("Cc", "Cf")


def surroundings(text: str, character: str) -> str:
    """The text around the first occurrence of a character, for a reader to find it."""
    place = text.find(character)
    if place < 0:
        return "版面生成的文字"
    return " ".join(text[max(0, place - CONTEXT) : place + CONTEXT + 1].split())


def finish(document: Document, pdf: pydyf.PDF, sheet: Sheet, text: str) -> None:
    """Last hand on the PDF's objects before they are written. Raises MissingGlyph for a drawn box."""
    for font in document.fonts.values():
        for code in font.missing:
            raise MissingGlyph(chr(code), surroundings(text, chr(code)))
    for item in pdf.objects:
        if isinstance(item, pydyf.Dictionary) and item.get("Type") == "/Page":
            set_boxes(item, sheet)
        settle(item)
    # The object and cross-reference streams are only added while the file is written.
    pdf.add_object = partial(_add_settled, pdf.add_object)


def _add_settled(add: Callable[[pydyf.Object], None], item: pydyf.Object) -> None:
    settle(item)
    add(item)


def set_boxes(page: pydyf.Dictionary, sheet: Sheet) -> None:
    """Media, bleed and trim box in points: the media is the bleed and the slug around it, its corner is the origin."""
    slug, edge = (side * POINTS_PER_MM for side in (sheet.slug, sheet.slug + sheet.bleed))
    right, top = (side * POINTS_PER_MM + 2 * edge for side in (sheet.width, sheet.height))
    page["MediaBox"] = pydyf.Array([0, 0, right, top])
    page["BleedBox"] = pydyf.Array([slug, slug, right - slug, top - slug])
    page["TrimBox"] = pydyf.Array([edge, edge, right - edge, top - edge])


def settle(item: pydyf.Object) -> None:
    """Deflate an object that is a stream once and for good; metadata stays readable.

    The library would deflate it again for the file identifier. Some checkers misread a stream that ends in a
    carriage return, as one in 256 does: its last byte is that of a sum over the content.
    """
    if not isinstance(item, pydyf.Stream) or not item.compress:
        return
    item.compress = False
    if item.extra.get("Type") == "/Metadata":
        return
    content = content_of(item)
    deflated = zlib.compress(content, LEVEL)
    if deflated.endswith(b"\r"):
        if item.extra.get("Type") == "/XRef":
            return  # its length is fixed by its entries; written as it is, it ends in a zero
        deflated = zlib.compress(content + b"\n", LEVEL)
    item.stream, item.extra = [deflated], {**item.extra, "Filter": "/FlateDecode"}


def content_of(stream: pydyf.Stream) -> bytes:
    """The bytes of an uncompressed stream."""
    data: bytes = stream.data
    return data[data.index(b"\nstream\n") + len(b"\nstream\n") : -len(b"\nendstream")]
