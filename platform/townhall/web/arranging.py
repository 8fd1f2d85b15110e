"""Items and windows as wholes: order them, take one away, and bring back what was taken away.

All of it works with the keyboard and without scripts: one place up or down a press.
"""

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from provisioning.labels import item_label
from provisioning.specs import CentreSpec, Keyed
from townhall.accounts.rights import Right
from townhall.centres.arranging import away, brought_back, groups, hindrances, moved, of_key
from townhall.centres.edit import removal
from townhall.centres.standing import at_revision
from townhall.web.addresses import slug
from townhall.web.desk import Desk
from townhall.web.editing import save
from townhall.web.guards import township
from townhall.web.language import msgid

pages = Blueprint("arranging", __name__, url_prefix="/t/<code9:code>/arrange/<any(items, windows):section>")

STEPS = {"up": -1, "down": 1}
BACK = msgid("已恢復到清單中。")
CHANGED = msgid("內容已有變動，請核對後再操作")
# What the page and its buttons are called, by section.
WORDS = {
    "items": (msgid("增刪和排序事項"), msgid("返回事項"), "items.index"),
    "windows": (msgid("增刪和排序窗口"), msgid("返回窗口"), "workspace.windows"),
}


@pages.get("")
@township(Right.EDIT)
def show(desk: Desk, section: str) -> ResponseReturnValue:
    """What stands here in its order, and what the standard has beside it; `undo` is a revision that took one away."""
    return _page(desk, section)


@pages.post("/order")
@township(Right.EDIT)
def order(desk: Desk, section: str) -> ResponseReturnValue:
    """Move one up or down; the button that was pressed has the focus again."""
    way = next((way for way in STEPS if request.form.get(way)), None) or abort(400)
    key = request.form[way]
    item = _item(desk.spec, section, key)
    edits = moved(desk.spec, section, key, STEPS[way])
    if reasons := save(desk, edits, f"調整〔{item_label(item)}〕的次序"):
        return _refused(desk, section, reasons)
    return redirect(_address(desk, section, at=slug(key), way=way), 303)


@pages.get("/<key:key>/remove")
@township(Right.EDIT)
def confirm(desk: Desk, section: str, key: str) -> ResponseReturnValue:
    """Ask before one is taken away, or say why it has to stay."""
    item = _item(desk.spec, section, key)
    reasons = hindrances(desk.standard.upstream, desk.spec, section, key)
    page = {
        "section": section,
        "item": item,
        "label": item_label(item),
        "standing": _standard(desk, section, key),
    }
    return render_template("remove.html", desk=desk, reasons=reasons, **page)


@pages.post("/<key:key>/remove")
@township(Right.EDIT)
def remove(desk: Desk, section: str, key: str) -> ResponseReturnValue:
    """Take one away; the page then offers to bring it back."""
    item = _item(desk.spec, section, key)
    if reasons := save(desk, [removal(section, key)], f"移除〔{item_label(item)}〕"):
        return _refused(desk, section, reasons)
    return redirect(_address(desk, section, undo=desk.centre.revision), 303)


@pages.post("/<key:key>/back")
@township(Right.EDIT)
def bring_back(desk: Desk, section: str, key: str) -> ResponseReturnValue:
    """Bring one back: as the standard has it, or (`revision`) as it stood here before that took it away."""
    number = _number(request.form.get("revision", ""))
    source = _before(desk, number) if number else desk.standard.upstream.centre
    item = of_key(source, section, key) if source else None
    edits = brought_back(desk.spec, section, key, source) if source and item else []
    reasons = save(desk, edits, f"恢復〔{item_label(item)}〕") if item else (CHANGED,)
    if reasons:
        return _refused(desk, section, reasons)
    flash(BACK)
    return redirect(_address(desk, section, _anchor=f"row-{slug(key)}"), 303)


def _item(centre: CentreSpec, section: str, key: str) -> Keyed:
    return of_key(centre, section, key) or abort(404)


def _standard(desk: Desk, section: str, key: str) -> bool:
    """Whether the standard has an item, so that it can come back at any time."""
    return of_key(desk.standard.upstream.centre, section, key) is not None


def _before(desk: Desk, number: int) -> CentreSpec | None:
    """The centre before a revision, None where it has had none."""
    try:
        return at_revision(desk.session, desk.unit, number - 1).centre
    except LookupError:
        return None


def _undoable(desk: Desk, section: str) -> list[Keyed]:
    """What the revision that `undo` names has taken away, while it is the newest."""
    number = _number(request.args.get("undo", ""))
    before = _before(desk, number) if number and number == desk.centre.revision else None
    return away(desk.spec, section, before) if before else []


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _page(desk: Desk, section: str, reasons: Iterable[str] = ()) -> str:
    title, back, endpoint = WORDS[section]
    page: dict[str, Any] = {
        "section": section,
        "words": (title, back, url_for(endpoint, code=desk.code)),
        "groups": groups(desk.spec, section),
        "away": away(desk.spec, section, desk.standard.upstream.centre),
        "undoable": _undoable(desk, section),
        "at": (request.args.get("at", ""), request.args.get("way", "")),
        "label": item_label,
        "own": lambda item: item.key.startswith("xiang:"),
    }
    return render_template("arrange.html", desk=desk, reasons=tuple(reasons), **page)


def _refused(desk: Desk, section: str, reasons: Iterable[str]) -> ResponseReturnValue:
    desk.session.rollback()
    desk.forget()
    return _page(desk, section, reasons), 422


def _address(desk: Desk, section: str, **values: Any) -> str:
    return url_for("arranging.show", code=desk.code, section=section, **values)
