"""The local facts of a centre: phones, address, hours, director."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from townhall.accounts.rights import Right
from townhall.centres.edit import Edit
from townhall.pictures.models import PictureKind
from townhall.pictures.operations import pictures_of
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
# Each with its name and what it is for.
PICTURES = {
    PictureKind.MAP: (
        msgid("位置示意圖"),
        msgid(
            "印在辦事指南的「辦公地址和時間」一項，群眾掃碼後也能看到。請畫出附近的道路、車站和明顯的建築。"
        ),
    ),
    PictureKind.PHOTO: (
        msgid("中心照片"),
        msgid("讓第一次來的人認得門面，群眾掃碼後可以看到。請不要拍到人臉和車牌。"),
    ),
}


@pages.get("")
@township(Right.READ)
def show(desk: Desk) -> ResponseReturnValue:
    return page(desk)


@pages.post("")
@township(Right.EDIT)
def change(desk: Desk) -> ResponseReturnValue:
    """Save the form, or show it again as it was typed with every reason for refusing it."""
    typed = {name: entered(name) for name in FIELDS}
    reasons = tuple(faults(FIELDS)) or save(desk, _edits(desk, typed), "修改中心基本信息")
    if reasons:
        return page(desk, reasons, typed), 422
    flash(SAVED)
    return redirect(url_for("profile.show", code=desk.code), 303)


def page(
    desk: Desk,
    reasons: tuple[str, ...] = (),
    typed: Mapping[str, str] = MappingProxyType({}),
    refused: Mapping[PictureKind, str] = MappingProxyType({}),
) -> str:
    """The page with why its form was refused, what was typed, and which picture was refused why."""
    pictures = pictures_of(desk.session, desk.unit.code)
    shown = [(kind, *PICTURES[kind], pictures.get(kind), refused.get(kind)) for kind in PictureKind]
    return render_template(
        "profile.html", desk=desk, reasons=reasons, typed=typed, fields=FIELDS, pictures=shown
    )


def _edits(desk: Desk, typed: dict[str, str]) -> Iterator[Edit]:
    standard = desk.standard.upstream.centre.profile
    for name, text in typed.items():
        standing = getattr(desk.spec.profile, name)
        if text != standing:
            yield Edit("profile", None, name, text or restored(standing, getattr(standard, name)))
