"""The document studio: every paper of a centre, what stops it, its pages as pictures, and the PDF."""

import io
from collections import OrderedDict
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask.typing import ResponseReturnValue

from provisioning.specs import DocumentType
from townhall.accounts.rights import Right
from townhall.documents.errors import DocumentError, NeedsReview, RenderFailed, UnfilledBlank
from townhall.documents.papers import said
from townhall.documents.press import Press, Printed
from townhall.documents.production import Binder, Order
from townhall.documents.word.manuscript import MIME, has_word
from townhall.script import HANT, SCRIPTS
from townhall.web.desk import Desk
from townhall.web.edge import settings
from townhall.web.guards import township
from townhall.web.language import current, msgid

pages = Blueprint("studio", __name__, url_prefix="/t/<code9:code>/documents")

CENTRE = "centre"  # the subject in the address of a paper that is about the centre itself
PICTURE_AGE = 3600
BULKY = msgid("頁數多，不在網頁上排版；請製作印製包。")


class Printable(StrEnum):
    """What can be done with a paper now."""

    READY = msgid("可印製")
    BLANK = msgid("待填")
    REVIEW = msgid("需審查")
    FAULTY = msgid("有誤")


@dataclass(frozen=True, slots=True)
class Paper:
    """A line of the studio."""

    order: Order
    state: Printable
    obstacle: str

    @property
    def subject(self) -> str:
        return self.order.subject.key or CENTRE

    @property
    def has_word(self) -> bool:
        return has_word(self.order.document.template)


@dataclass
class Desktop:
    """The papers of one centre in one script, judged without laying any of them out."""

    desk: Desk
    script: str

    @cached_property
    def binder(self) -> Binder:
        return self.desk.binder(settings().public_url)

    @cached_property
    def papers(self) -> tuple[Paper, ...]:
        identity = (self.desk.unit.code, self.desk.centre.content_hash, self.binder.issue.number, self.script)
        if identity not in _JUDGED:
            orders = self.binder.orders((self.script,), alternatives=True)
            _JUDGED[identity] = tuple(_paper(self.binder, order) for order in orders)
            if len(_JUDGED) > JUDGED_AT_MOST:
                _JUDGED.popitem(last=False)
        return _JUDGED[identity]

    @property
    def whole(self) -> list[Paper]:
        """What a package holds: no document twice, in another size."""
        return [paper for paper in self.papers if paper.order.document.alternative_to is None]

    @property
    def groups(self) -> list[tuple[DocumentType, list[Paper]]]:
        found = [
            (d, [p for p in self.papers if p.order.document.key == d.key]) for d in self.binder.pack.documents
        ]
        return [(document, papers) for document, papers in found if papers]

    def paper(self, document: str, subject: str) -> Paper:
        """One paper by what stands in its address, or 404."""
        wanted = (document, subject)
        found = (paper for paper in self.papers if (paper.order.document.key, paper.subject) == wanted)
        return next(found, None) or abort(404)

    def printed(self, paper: Paper) -> Printed:
        """The PDF: the edition where nothing stops it, else a draft. Raises `DocumentError`, also for a bulky one."""
        if paper.order.document.bulky:
            raise RenderFailed(BULKY)
        return press().pdf(self._edition(paper).sheet(paper.order))

    def word(self, paper: Paper) -> bytes:
        """The Word file, an edition or a draft as the PDF is. Raises `DocumentError`."""
        return press().word(self._edition(paper).manuscript(paper.order))

    def file_name(self, paper: Paper, *, word: bool = False) -> str:
        return self._edition(paper).file_name(replace(paper.order, word=word))

    def _edition(self, paper: Paper) -> Binder:
        return self.binder if paper.state is Printable.READY else self.binder.as_draft()


_JUDGED: OrderedDict[tuple[str, ...], tuple[Paper, ...]] = OrderedDict()
JUDGED_AT_MOST = 64


def press() -> Press:
    """The process's one press."""
    known: Press = current_app.extensions["townhall.press"]
    return known


@pages.get("")
@township(Right.PRINT)
def show(desk: Desk) -> ResponseReturnValue:
    """The studio, opened at its first paper."""
    desktop = _desktop(desk)
    first = next(iter(desktop.papers), None)
    return _studio(desktop, first) if first else abort(404)


@pages.get("/<document>/<key:subject>")
@township(Right.PRINT)
def preview(desk: Desk, document: str, subject: str) -> ResponseReturnValue:
    desktop = _desktop(desk)
    return _studio(desktop, desktop.paper(document, subject))


@pages.get("/<document>/<key:subject>/page-<int:number>.png")
@township(Right.PRINT)
def page(desk: Desk, document: str, subject: str, number: int) -> ResponseReturnValue:
    """A page as it would be printed."""
    desktop = _desktop(desk)
    try:
        printed = desktop.printed(desktop.paper(document, subject))
        path = press().picture(printed, number)
    except (DocumentError, IndexError):
        abort(404)
    answer = send_file(path, mimetype="image/png", max_age=PICTURE_AGE)
    answer.headers["Cache-Control"] = f"private, max-age={PICTURE_AGE}"
    return answer


@pages.get("/<document>/<key:subject>/pdf")
@township(Right.PRINT)
def pdf(desk: Desk, document: str, subject: str) -> ResponseReturnValue:
    """The PDF under the name that a print shop needs; a draft says so in its name and on its pages."""
    desktop = _desktop(desk)
    paper = desktop.paper(document, subject)
    try:
        printed = desktop.printed(paper)
    except DocumentError:
        return _told_why(desktop, paper)
    name = desktop.file_name(paper)
    return _private(
        send_file(printed.path, mimetype="application/pdf", as_attachment=True, download_name=name)
    )


@pages.get("/<document>/<key:subject>/word")
@township(Right.PRINT)
def word(desk: Desk, document: str, subject: str) -> ResponseReturnValue:
    """The paper to write on in Word or WPS, where its kind has one; a draft says so in its name and on its pages."""
    desktop = _desktop(desk)
    paper = desktop.paper(document, subject)
    if not paper.has_word:
        abort(404)
    try:
        data = desktop.word(paper)
    except DocumentError:
        return _told_why(desktop, paper)
    name = desktop.file_name(paper, word=True)
    return _private(send_file(io.BytesIO(data), mimetype=MIME, as_attachment=True, download_name=name))


def _told_why(desktop: Desktop, paper: Paper) -> ResponseReturnValue:
    """To the page of the paper, which says what is wrong with it."""
    place = url_for(
        "studio.preview",
        code=desktop.desk.code,
        document=paper.order.document.key,
        subject=paper.subject,
        script=desktop.script,
    )
    return redirect(place, 303)


def _private(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def _desktop(desk: Desk) -> Desktop:
    """In the script that was asked for, else in the reader's."""
    asked = request.args.get("script", "")
    return Desktop(desk, asked if asked in SCRIPTS else current().script)


def _studio(desktop: Desktop, paper: Paper) -> ResponseReturnValue:
    """The page around one paper; 422 where the paper cannot be laid out at all."""
    printed, fault = None, ""
    try:
        printed = None if paper.order.document.bulky else desktop.printed(paper)
    except DocumentError as error:
        fault = str(error)
    desk = desktop.desk
    known = said(desk.session, desk.unit, paper.order)
    page = {
        "paper": paper,
        "said": known,
        "printed": printed,
        "fault": fault,
        "desktop": desktop,
        "desk": desk,
    }
    ready = sum(paper.state is Printable.READY for paper in desktop.whole)
    shown = render_template("studio.html", ready=ready, scripts=SCRIPTS, traditional=HANT, **page)
    return shown, 422 if fault else 200


def _paper(binder: Binder, order: Order) -> Paper:
    obstacle = binder.obstacle(order)
    if obstacle is None:
        return Paper(order, Printable.READY, "")
    states = ((UnfilledBlank, Printable.BLANK), (NeedsReview, Printable.REVIEW))
    state = next((state for kind, state in states if isinstance(obstacle, kind)), Printable.FAULTY)
    return Paper(order, state, str(obstacle))
