"""What a citizen reads after scanning the code on the wall: no sign-in, phone first, what to bring at the top."""

from dataclasses import dataclass
from itertools import groupby

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from provisioning.following import Following
from provisioning.specs.item import MaterialNeed
from townhall.centres.status import Status
from townhall.documents.currency import Currency, currency, printed_mark, since
from townhall.pictures.models import PictureKind
from townhall.pictures.operations import picture_of, pictures_of
from townhall.tenancy import HOST
from townhall.units.succession import ended
from townhall.web.desk import Desk, find_desk
from townhall.web.edge import database, settings
from townhall.web.guards import public
from townhall.web.items import matching
from townhall.web.language import current
from townhall.web.pictures import NAMED, answered

pages = Blueprint("guide", __name__, url_prefix="/g/<code9:code>")


@pages.get("/")
@public
def index(code: str) -> ResponseReturnValue:
    """All items of a centre, found by present and former names in either script."""
    desk = _desk(database(), code)
    words = request.args.get("q", "").strip()[:40]
    found = matching(desk.spec, words)
    groups = [(category, [*items]) for category, items in groupby(found, lambda item: item.category)]
    page = {"groups": groups, "q": words, "found": len(found), "held": _held(desk, None)}
    return _answer(desk, render_template("guide_list.html", desk=desk, **page))


@pages.get("/papers")
@public
def papers(code: str) -> ResponseReturnValue:
    """Since which version each paper on the walls says what it says: who stands before one reads its foot."""
    desk = _desk(database(), code)
    orders = [*desk.binder(None).orders((current().script,), alternatives=True)]
    known = since(desk.session, desk.unit.code, [order.identity for order in orders])
    groups = [
        (document, [(order.subject, known[order.identity]) for order in found])
        for document, found in groupby(orders, lambda order: order.document)
    ]
    return _answer(desk, render_template("guide_papers.html", desk=desk, groups=groups))


@pages.get("/<key:key>")
@public
def show(code: str, key: str) -> ResponseReturnValue:
    """One item: what to bring, where, when, how long, what it costs."""
    desk = _desk(database(), code)
    item = next((item for item in desk.spec.items if item.key == key), None)
    if item is None:
        return _moved(desk, key)
    always = [material for material in item.materials if material.need is MaterialNeed.REQUIRED]
    sometimes = [material for material in item.materials if material.need is not MaterialNeed.REQUIRED]
    windows = [window for window in desk.spec.windows if window.key in item.windows]
    page = {"item": item, "always": always, "sometimes": sometimes, "windows": windows}
    page |= {"pictures": pictures_of(desk.session, desk.unit.code), "held": _held(desk, item.key)}
    return _answer(desk, render_template("guide.html", desk=desk, **page))


@pages.get(f"/pictures/{NAMED}")
@public
def picture(code: str, name: str) -> ResponseReturnValue:
    """The map or the photograph, for whoever wants to find the centre."""
    desk = _desk(database(), code)
    return answered(picture_of(desk.session, desk.unit.code, PictureKind(name)))


@dataclass(frozen=True, slots=True)
class Held:
    """The paper whose code was scanned: the version that it bears, and what can be said of it."""

    version: str
    state: Currency


def _held(desk: Desk, subject: str | None) -> Held | None:
    """None where the address names no paper about this item, nor about the centre, as a booklet of guides is."""
    paper = printed_mark(request.args.get("v", ""))
    kinds = {document.key: document.per for document in desk.pack.documents}
    about = {"item": subject, "centre": None}
    per = kinds.get(paper.document) if paper else None
    if paper is None or per not in about or (per == "item" and subject is None):
        return None
    state = currency(desk.session, desk.unit.code, paper, about[per])
    return Held(f"{paper.release}.{paper.revision}", state)


def _moved(desk: Desk, key: str) -> ResponseReturnValue:
    """Paper on the wall still carries the old key of an item that goes on under another (rule F1)."""
    now, *_ = Following(desk.pack.moves).keys("items", key)
    if now == key or now not in {item.key for item in desk.spec.items}:
        abort(404)
    return redirect(url_for(".show", code=desk.code, key=now))


def _desk(session: Session, code: str) -> Desk:
    """A centre that is open; a township without one looks like no township."""
    desk = find_desk(session, code, HOST)
    if desk is None or desk.row is None or desk.row.status == Status.ARCHIVED:
        abort(404)
    if desk.row.status == Status.ENDED:
        abort(_succeeded(desk))
    return desk


def _succeeded(desk: Desk) -> Response:
    """Where to go now; the code on an old wall is still scanned."""
    if (gone := ended(desk.session, desk.unit.code)) is None:
        abort(404)
    return make_response(render_template("guide_ended.html", desk=desk, ended=gone), 410)


def _answer(desk: Desk, page: str) -> ResponseReturnValue:
    """Invented facts must not be found by a search engine and taken for real ones."""
    answer = make_response(page)
    answer.headers["Cache-Control"] = "private, no-cache"  # it holds the token of the language form
    answer.headers["Vary"] = "Accept-Language, Cookie"
    if desk.demonstration or settings().demo:
        answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer
