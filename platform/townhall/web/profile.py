"""The local facts of a centre: phones, address, hours, director."""

from collections.abc import Iterator

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from townhall.accounts.rights import Right
from townhall.centres.edit import Edit
from townhall.web.desk import Desk
from townhall.web.editing import entered, faults, restored, save
from townhall.web.guards import township
from townhall.web.language import msgid

pages = Blueprint("profile", __name__, url_prefix="/t/<code9:code>/profile")

FIELDS = (
    "hotline",
    "complaint_phone",
    "address",
    "opening_hours",
    "director",
    "director_title",
    "slogan",
)
SAVED = msgid("已保存。")


@pages.get("")
@township(Right.READ)
def show(desk: Desk) -> ResponseReturnValue:
    return _page(desk, (), {})


@pages.post("")
@township(Right.EDIT)
def change(desk: Desk) -> ResponseReturnValue:
    """Save the form, or show it again as it was typed with every reason for refusing it."""
    typed = {name: entered(name) for name in FIELDS}
    reasons = tuple(faults(FIELDS)) or save(desk, _edits(desk, typed), "修改中心基本信息")
    if reasons:
        return _page(desk, reasons, typed), 422
    flash(SAVED)
    return redirect(url_for("profile.show", code=desk.code), 303)


def _page(desk: Desk, reasons: tuple[str, ...], typed: dict[str, str]) -> str:
    return render_template("profile.html", desk=desk, reasons=reasons, typed=typed, fields=FIELDS)


def _edits(desk: Desk, typed: dict[str, str]) -> Iterator[Edit]:
    standard = desk.standard.upstream.centre.profile
    for name, text in typed.items():
        standing = getattr(desk.spec.profile, name)
        if text != standing:
            yield Edit("profile", None, name, text or restored(standing, getattr(standard, name)))
