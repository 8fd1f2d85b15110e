"""The places in documents that the township words itself: the list, the editor, and how a text will stand on paper."""

import base64
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from provisioning.partlanguage import Fault
from provisioning.parts import BY_FIELD, PARTS, TextPart, part_faults
from provisioning.policy import governing
from provisioning.specs import DocumentType, PolicyRule
from provisioning.specs.pack import Policy
from townhall.accounts.rights import Right
from townhall.centres.edit import Edit
from townhall.documents.errors import DocumentError
from townhall.documents.part_facts import placed
from townhall.documents.production import Order
from townhall.web.desk import Desk
from townhall.web.edge import settings
from townhall.web.editing import entered, faults, save
from townhall.web.guards import township
from townhall.web.language import current, data, msgid, translate
from townhall.web.profile import SAVED
from townhall.web.studio import press

pages = Blueprint("wording", __name__, url_prefix="/t/<code9:code>/wording")

PLACE = msgid("第 {line} 行第 {column} 字：")
NOWHERE = msgid("本中心現在沒有印這一處的文件。")


@dataclass
class Sheet:
    """One part on the desk of one centre."""

    desk: Desk
    part: TextPart

    @property
    def text(self) -> str | None:
        text: str | None = getattr(self.desk.spec.profile, self.part.field)
        return text

    @property
    def standard(self) -> str | None:
        text: str | None = getattr(self.desk.standard.upstream.centre.profile, self.part.field)
        return text

    @cached_property
    def lock(self) -> PolicyRule | None:
        """The rule by which the layers above keep the text for themselves, if they do (rule E2)."""
        rule = governing(self.desk.standard.upstream.policies, f"profile.{self.part.field}")
        return rule if rule and rule.policy is Policy.LOCKED else None

    @property
    def papers(self) -> list[DocumentType]:
        """The documents in which it stands."""
        return [one for one in self.desk.pack.documents if one.template in self.part.templates]

    def order(self) -> Order | None:
        """The paper on which a text is tried: the first."""
        orders = self.desk.binder(settings().public_url).orders((current().script,))
        return next((order for order in orders if order.document.template in self.part.templates), None)


@dataclass(frozen=True)
class Trial:
    """How a text would stand: its lines, the page as a picture where one was asked for, and what is wrong."""

    lines: tuple[str, ...] = ()
    picture: str = ""
    reasons: tuple[str, ...] = ()


@pages.get("")
@township(Right.READ)
def index(desk: Desk) -> ResponseReturnValue:
    return render_template("wording.html", desk=desk, sheets=[Sheet(desk, part) for part in PARTS])


@pages.get("/<field>")
@township(Right.READ)
def show(desk: Desk, field: str) -> ResponseReturnValue:
    sheet = _sheet(desk, field)
    return _page(sheet, sheet.text or "", (), _tried(sheet, sheet.text or ""))


@pages.post("/<field>")
@township(Right.EDIT)
def change(desk: Desk, field: str) -> ResponseReturnValue:
    """Save the text, or take up the standard one again."""
    sheet = _sheet(desk, field)
    text = (sheet.standard or "") if "back" in request.form else entered("text")
    reasons = _wrong(sheet.part, text)
    if not reasons and text != (sheet.text or ""):
        reasons = save(desk, [Edit("profile", None, field, text or None)], "修改文件用語")
    if reasons:
        return _page(sheet, text, reasons, Trial()), 422
    flash(SAVED)
    return redirect(url_for("wording.show", code=desk.code, field=field), 303)


@pages.post("/<field>/preview")
@township(Right.EDIT)
def preview(desk: Desk, field: str) -> ResponseReturnValue:
    """How the text that was typed would stand; `paper` asks for the page too, `bare` for nothing around it."""
    sheet, text = _sheet(desk, field), entered("text")
    reasons = _wrong(sheet.part, text)
    trial = Trial(reasons=reasons) if reasons else _tried(sheet, text, on_paper="paper" in request.form)
    status = 422 if trial.reasons else 200
    if "bare" in request.form:
        return render_template("wording_trial.html", trial=trial), status
    return _page(sheet, text, (), trial), status


def _sheet(desk: Desk, field: str) -> Sheet:
    return Sheet(desk, BY_FIELD.get(field) or abort(404))


def _page(sheet: Sheet, text: str, reasons: tuple[str, ...], trial: Trial) -> str:
    page: dict[str, Any] = {"sheet": sheet, "part": sheet.part, "text": text, "trial": trial}
    return render_template("wording_part.html", desk=sheet.desk, reasons=reasons, **page)


def _wrong(part: TextPart, text: str) -> tuple[str, ...]:
    """What is wrong with a text, in the reader's language; an empty one is never wrong."""
    return tuple(faults(("text",))) or tuple(_said(fault) for fault in part_faults(part, text) if text)


def _said(fault: Fault) -> str:
    place = translate(PLACE, line=fault.line, column=fault.column)
    return place + translate(fault.words, **fault.values)


def _tried(sheet: Sheet, text: str, *, on_paper: bool = False) -> Trial:
    """The text on the first of its papers, as a draft, so that blanks stop nothing."""
    order = sheet.order()
    if order is None:
        return Trial(reasons=(translate(NOWHERE),))
    binder = sheet.desk.binder(settings().public_url).as_draft().reworded(sheet.part.field, text or None)
    try:
        lines = placed(sheet.part.field, binder.facts(order))
        if not on_paper:
            return Trial(tuple(lines))
        printed = press().pdf(binder.sheet(order))
        picture = press().picture(printed, printed.pages).read_bytes()
    except DocumentError as error:
        return Trial(reasons=(data(error),))
    return Trial(tuple(lines), base64.b64encode(picture).decode())
