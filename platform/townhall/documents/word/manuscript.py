"""A paper to be written as a Word file: everything it follows from, detached, so that any process can write it."""

import datetime as dt
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from townhall.documents.word.manners import MANNERS

if TYPE_CHECKING:
    from docx.document import Document

    from townhall.documents.pdf import Renderer

SUFFIX = ".docx"
MIME = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip knows: equal papers are equal files


@dataclass(frozen=True, slots=True)
class Manuscript:
    """`html` is the composed page; `pictures` are drawings on it by their address, as images that Word can show."""

    template: str
    script: str
    html: str
    title: str
    author: str
    number: str
    date: dt.date
    pictures: Mapping[str, bytes]

    def made(self, renderer: "Renderer") -> bytes:  # noqa: ARG002 - as any work of the pool (`pool.Made`)
        """The file; for a process that has a renderer, which this does not need."""
        return self.written()

    def written(self) -> bytes:
        """The bytes of the .docx, equal for equal manuscripts. Raises `DocumentError` for what Word cannot hold."""
        # Imported late: who prints, which is most of the time, never loads python-docx.
        from townhall.documents.word.reading import Reader
        from townhall.documents.word.writing import Writer

        manner = MANNERS[self.template]
        matter = Reader(manner, self.script, self.pictures).matter(self.html)
        paper = Writer(self.template, manner, self.script).written(matter)
        _sign(paper, self)
        file = io.BytesIO()
        paper.save(file)
        return _timeless(file)


def has_word(template: str) -> bool:
    """Whether papers of a template are also there as Word files: those that officials go on writing."""
    return template in MANNERS


def _sign(paper: "Document", manuscript: Manuscript) -> None:
    """The properties that a file manager shows; their time is the edition's, not the clock's."""
    from townhall.documents.word.blank import LOCALES

    properties, day = paper.core_properties, dt.datetime.combine(manuscript.date, dt.time())
    properties.title, properties.version = manuscript.title, manuscript.number
    properties.author = properties.last_modified_by = manuscript.author
    properties.created = properties.modified = day
    properties.language, properties.comments, properties.revision = LOCALES[manuscript.script], "", 1


def _timeless(file: io.BytesIO) -> bytes:
    """The same archive without the time at which it was packed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(file) as made, zipfile.ZipFile(packed, "w") as archive:
        for name in made.namelist():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), made.read(name), zipfile.ZIP_DEFLATED)
    return packed.getvalue()
