"""Documents for the web, and their pages as pictures, made in a confined process (`bench`).

Neither the renderer nor PDFium may be used from several threads, and a web server has several. Everything that
was made is kept by the hash of what it was made from, so a page is laid out and drawn once; and what could not be
made is remembered for a while, so that it does not take its time again for each picture of a page.
"""

import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pypdfium2
from PIL import Image

from townhall.documents.bench import bench
from townhall.documents.errors import RenderFailed
from townhall.documents.fonts import Faces, ensure_faces
from townhall.documents.sheet import Sheet
from townhall.documents.store import Store, sheet_key, written
from townhall.documents.word.manuscript import Manuscript

RESOLUTION = 100  # dots an inch
LONGEST_SIDE = 1600  # pixels; a sign of 2.4 metres at 100 dpi would be 9,400
REFUSED = 300.0  # seconds for which a sheet that took too much is not tried again


@dataclass(frozen=True, slots=True)
class Printed:
    """A finished PDF: its file, the key of its content and how many pages it has."""

    path: Path
    key: str
    pages: int

    @property
    def size(self) -> int:
        """Bytes."""
        return self.path.stat().st_size


class Press:
    """Makes PDFs and pictures under a directory. Raises what the renderer raises, `DocumentError` above all."""

    def __init__(self, directory: Path, cast: Callable[[], Faces] = ensure_faces) -> None:
        """`cast` gives the faces for what this installation prints; it is asked once, at the first document."""
        self.store = Store(directory)
        self._cast = cast
        self.pictures = directory / "pictures"
        self._pages: dict[str, int] = {}
        self._refused: dict[str, tuple[float, str]] = {}

    @cached_property
    def faces(self) -> Faces:
        """The document faces; where none have been cast yet, this takes a minute or more."""
        return self._cast()

    def pdf(self, sheet: Sheet) -> Printed:
        """The PDF of a sheet, from the store when it has been made before."""
        key = sheet_key(sheet, self.faces.digest)
        path = self.store.get(key) or self._make(key, sheet)
        return Printed(path, key, self._count(key, path))

    def picture(self, printed: Printed, page: int) -> Path:
        """One page as PNG, counting from 1. Raises `IndexError` for a page that there is not."""
        if not 1 <= page <= printed.pages:
            raise IndexError(page)
        path = self.pictures / printed.key[:2] / f"{printed.key}-{page}.png"
        if not path.is_file():
            written(path, bench().done(self.faces, _drawn, printed.path, page))
        return path

    def word(self, manuscript: Manuscript) -> bytes:
        """The Word file of a paper: made in a moment and seldom asked for twice, so none is kept."""
        return bench().done(self.faces, Manuscript.written, manuscript)

    def _make(self, key: str, sheet: Sheet) -> Path:
        until, reason = self._refused.get(key, (0.0, ""))
        if until > time.monotonic():
            raise RenderFailed(reason)
        try:
            return self.store.put(key, bench().rendered(self.faces, sheet))
        except RenderFailed as failure:
            self._refused[key] = time.monotonic() + REFUSED, str(failure)
            raise

    def _count(self, key: str, path: Path) -> int:
        if key not in self._pages:
            self._pages[key] = bench().done(self.faces, _page_count, path)
        return self._pages[key]


def _page_count(path: Path) -> int:
    with pypdfium2.PdfDocument(path) as document:
        return len(document)


def _drawn(path: Path, page: int) -> bytes:
    with pypdfium2.PdfDocument(path) as document:
        leaf = document[page - 1]
        longest = max(leaf.get_size())  # points
        scale = min(RESOLUTION / 72, LONGEST_SIDE / longest)
        image: Image.Image = leaf.render(scale=scale).to_pil()
        return _png(image)


def _png(image: Image.Image) -> bytes:
    """Sixty-four colours are enough for print in two inks, and a fifth of the size."""
    output = io.BytesIO()
    image.convert("RGB").quantize(64).save(output, "PNG", optimize=True)
    return output.getvalue()
