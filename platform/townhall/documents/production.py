"""From a centre's rows to the papers it needs: what there is, what each is called, what stops it."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sqlalchemy.orm import Session

from provisioning.specs import CentreSpec, DocumentType, Pack
from townhall.centres.apply import pinned
from townhall.centres.models import Centre
from townhall.centres.rows import read_centre
from townhall.documents.catalogue import Subject, file_name, folder_name, subjects
from townhall.documents.context import Illustration, Issue, UnitFacts, context
from townhall.documents.errors import DocumentError
from townhall.documents.html import compose
from townhall.documents.public_facts import code_images
from townhall.documents.sheet import Sheet
from townhall.documents.word.manuscript import SUFFIX, Manuscript
from townhall.pictures.models import PictureKind
from townhall.pictures.operations import picture_of
from townhall.standards.operations import pack_of
from townhall.units.models import Unit

SCRIPTS = ("hant", "hans")


@dataclass(frozen=True)
class Order:
    """One document to be made: which, about what, in which script; printed, or in Word to be written on."""

    document: DocumentType
    subject: Subject
    script: str
    word: bool = False

    @property
    def identity(self) -> str:
        """Unique within one centre, the same from one run to the next."""
        return f"{self.document.key}/{self.subject.key or ''}/{self.script}"


@dataclass(frozen=True)
class Binder:
    """Everything that the documents of one centre are made from, detached from the database."""

    unit: UnitFacts
    centre: CentreSpec
    pack: Pack
    issue: Issue
    way: Illustration | None = None  # how to get there

    @cached_property
    def documents(self) -> dict[str, DocumentType]:
        return {document.key: document for document in self.pack.documents}

    def orders(self, scripts: tuple[str, ...] = SCRIPTS, *, alternatives: bool = False) -> Iterator[Order]:
        """Every document of the centre, in the order of the pack's list; alternatives to one only when asked for."""
        for document in self.pack.documents:
            if alternatives or document.alternative_to is None:
                for subject in subjects(document, self.centre):
                    yield from (Order(document, subject, script) for script in scripts)

    def order(self, document_key: str, subject_key: str | None, script: str) -> Order | None:
        """One document by its keys, or None when the centre has no such document."""
        document = self.documents.get(document_key)
        found = subjects(document, self.centre) if document else []
        return next((Order(document, s, script) for s in found if document and s.key == subject_key), None)

    def facts(self, order: Order) -> dict[str, Any]:
        """What a document says, as plain values. Raises `DocumentError` when something stops it."""
        about = (order.document, order.subject.key, self.centre, self.unit)
        return context(*about, self.pack.header, self.issue, order.script, self.way)

    def sheet(self, order: Order) -> Sheet:
        """The composed document. Raises `DocumentError` when something stops it."""
        return self.composed(order, self.facts(order))

    def composed(self, order: Order, facts: dict[str, Any]) -> Sheet:
        """The document that says these facts. Raises `DocumentError` for a faulty template."""
        return compose(order.document, self.pack.templates, facts, order.script)

    def manuscript(self, order: Order) -> Manuscript:
        """The document for Word. Raises `DocumentError` when something stops it, as for the printer."""
        facts = self.facts(order)
        return Manuscript(
            template=order.document.template,
            script=order.script,
            html=self.composed(order, facts).html,
            title=facts["title"],
            author=facts["issuer"],
            number=self.issue.number,
            date=self.issue.date,
            pictures=code_images(facts),
        )

    def work(self, order: Order) -> Sheet | Manuscript:
        """What is to be made of an order."""
        return self.manuscript(order) if order.word else self.sheet(order)

    def file_name(self, order: Order) -> str:
        suffix = SUFFIX if order.word else ".pdf"
        return file_name(self.unit, order.document, order.subject, order.script, self.issue, suffix)

    def path(self, order: Order) -> str:
        """Folder and file name within a delivery to a print shop."""
        return f"{folder_name(self.unit, order.script)}/{self.file_name(order)}"

    def obstacle(self, order: Order) -> DocumentError | None:
        """What stops a document before it is laid out: blanks and clauses that a lawyer must see."""
        try:
            self.sheet(order)
        except DocumentError as error:
            return error
        return None

    def reworded(self, field: str, text: str | None) -> "Binder":
        """The same with another text for a part that the township words itself (`provisioning.parts`)."""
        profile = self.centre.profile.model_copy(update={field: text})
        return replace(self, centre=self.centre.model_copy(update={"profile": profile}))

    def as_draft(self) -> "Binder":
        """The same with blanks shown and marked 草稿: previews never stop, printing does."""
        return replace(self, issue=replace(self.issue, draft=True))


def unit_facts(unit: Unit, county: Unit, prefecture: Unit) -> UnitFacts:
    """The names that appear on paper, in both scripts."""
    return UnitFacts(
        code=unit.code,
        name=unit.name,
        name_hans=unit.name_hans,
        kind=unit.kind,
        county=county.name,
        county_hans=county.name_hans,
        prefecture=prefecture.name,
        prefecture_hans=prefecture.name_hans,
    )


# A paper bears the date in China on which its centre was last changed, not the date of printing, so that the
# same configuration gives the same bytes on any day.
CHINA = dt.timezone(dt.timedelta(hours=8))


def binder(session: Session, unit: Unit, *, public_url: str | None, draft: bool = False) -> Binder:
    """Gather one centre. Raises `LookupError` when the unit has none."""
    row, centre = session.get(Centre, unit.code), read_centre(session, unit.code)
    if row is None or centre is None:
        raise LookupError(f"{unit.name}尚未開通中心")
    county = session.get_one(Unit, unit.parent_code)
    prefecture = session.get_one(Unit, county.parent_code)
    standard = pinned(session, unit)
    issue = Issue(
        date=row.updated_at.astimezone(CHINA).date(),
        number=f"{standard.release.number}.{row.revision}",
        draft=draft,
        demonstration=bool(standard.overlay and standard.overlay.content.get("demonstration")),
        public_url=public_url,
    )
    pack, way = pack_of(standard.release), _way(session, unit)
    return Binder(unit_facts(unit, county, prefecture), centre, pack, issue, way)


def _way(session: Session, unit: Unit) -> Illustration | None:
    found = picture_of(session, unit.code, PictureKind.MAP)
    return Illustration(found.mime, found.width, found.height, found.data) if found else None
