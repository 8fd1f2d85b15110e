"""Service items: the list with its search, and one item with all elements of its guide."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from provisioning.canonical import canonical
from provisioning.policy import governing
from provisioning.specs import CentreSpec, ServiceItem, is_blank
from provisioning.specs.values import DayUnit, Duration
from townhall.accounts.rights import Right
from townhall.centres.edit import Edit
from townhall.centres.readiness import blank_fields
from townhall.script import fold
from townhall.web.desk import Desk
from townhall.web.editing import entered, faults, restored, save
from townhall.web.guards import township
from townhall.web.language import msgid
from townhall.web.profile import SAVED

pages = Blueprint("items", __name__, url_prefix="/t/<code9:code>/items")

TEXTS = ("accepting_body", "deciding_body", "remedies")
LIMITS = ("legal_limit", "promised_limit")
NO_NUMBER = msgid("時限須為 0 至 3650 的整數天數")
NO_STANDARD = msgid("收費的事項須同時寫明收費標準和收費依據")


def matching(centre: CentreSpec, words: str) -> list[ServiceItem]:
    """The items that a search finds by present or former name, by what they are for, or by category."""
    wanted = fold(words)
    return [item for item in centre.items if wanted in fold(_searched(item))]


def _searched(item: ServiceItem) -> str:
    return "\n".join((item.name, *item.former_names, item.category, item.description))


@pages.get("")
@township(Right.READ)
def index(desk: Desk) -> ResponseReturnValue:
    """Items by category; `blank=1` leaves those that wait to be filled."""
    words, only_blank = request.args.get("q", "").strip()[:40], bool(request.args.get("blank"))
    blanks = {item.key: blank_fields(item) for item in desk.spec.items}
    found = [item for item in matching(desk.spec, words) if blanks[item.key] or not only_blank]
    groups = [(category, [*items]) for category, items in groupby(found, lambda item: item.category)]
    page = {"groups": groups, "blanks": blanks, "found": len(found), "q": words, "only_blank": only_blank}
    return render_template("items.html", desk=desk, **page)


@pages.get("/<key:key>")
@township(Right.READ)
def show(desk: Desk, key: str) -> ResponseReturnValue:
    return _page(desk, _item(desk, key), ())


@pages.post("/<key:key>")
@township(Right.EDIT)
def change(desk: Desk, key: str) -> ResponseReturnValue:
    """Save the elements that are filled in locally."""
    item = _item(desk, key)
    reasons = tuple(faults((*TEXTS, "legal_basis", "fee_standard", "fee_basis"))) + _wrong(item)
    reasons = reasons or save(desk, _edits(desk, item), f"修改事項〔{item.name}〕")
    if reasons:
        return _page(desk, item, reasons), 422
    flash(SAVED)
    return redirect(url_for("items.show", code=desk.code, key=key), 303)


def _item(desk: Desk, key: str) -> ServiceItem:
    item = next((item for item in desk.spec.items if item.key == key), None)
    if item is None:
        abort(404)
    return item


def _page(desk: Desk, item: ServiceItem, reasons: tuple[str, ...]) -> str:
    rule = governing(desk.standard.upstream.policies, f"items[{item.key}].promised_limit")
    windows = [window for window in desk.spec.windows if window.key in item.windows]
    page = {"item": item, "blanks": blank_fields(item), "windows": windows, "bound": rule}
    return render_template("item.html", desk=desk, reasons=reasons, typed=request.form, units=DayUnit, **page)


def _edits(desk: Desk, item: ServiceItem) -> Iterator[Edit]:
    """One edit for each element that the form changes; an emptied one falls back to the standard."""
    upstream = {one.key: one for one in desk.standard.upstream.centre.items}.get(item.key)
    for name, value in _values():
        if name == "fee" and entered("fee") == "charged" and _fee_waits(item):
            continue
        standing = canonical(getattr(item, name))
        wanted = value if value is not None else restored(getattr(item, name), getattr(upstream, name, None))
        if wanted != standing:
            yield Edit("items", item.key, name, wanted)


def _values() -> Iterator[tuple[str, Any]]:
    """What the form says of each element in canonical form; None where it says nothing."""
    yield from ((name, entered(name) or None) for name in TEXTS)
    yield (
        "legal_basis",
        [line.strip() for line in entered("legal_basis").splitlines() if line.strip()] or None,
    )
    yield from ((name, _limit(name)) for name in LIMITS)
    yield "fee", _fee()


def _limit(name: str) -> dict[str, Any] | None:
    days, unit = entered(f"{name}_days"), entered(f"{name}_unit")
    return {"days": int(days), "unit": DayUnit(unit).value} if days else None


def _fee() -> dict[str, Any] | None:
    """What the form says of the fee; a charge without words is a blank that somebody else fills."""
    kind = entered("fee")
    if kind == "free":
        return {"free": True}
    standard, basis = _charge()
    return (
        {"free": False, "standard": standard, "basis": basis}
        if kind == "charged" and standard and basis
        else None
    )


def _charge() -> tuple[str, str]:
    return entered("fee_standard"), entered("fee_basis")


def _fee_waits(item: ServiceItem) -> bool:
    """Whether the item is known to cost something, nobody has said how much, and the form leaves it so."""
    return not any(_charge()) and "fee" in blank_fields(item) and not is_blank(item.fee)


def _wrong(item: ServiceItem) -> tuple[str, ...]:
    """What the form says that cannot be an element at all."""
    days = [entered(f"{name}_days") for name in LIMITS]
    units = [entered(f"{name}_unit") for name in LIMITS]
    numbers = all(not text or (text.isascii() and text.isdigit() and int(text) <= 3650) for text in days)
    sound = all(unit in set(DayUnit) for unit, text in zip(units, days, strict=True) if text)
    charged = entered("fee") != "charged" or all(_charge()) or _fee_waits(item)
    return (() if numbers and sound else (NO_NUMBER,)) + (() if charged else (NO_STANDARD,))


def days_of(value: Duration | Any) -> str:
    """A limit as the form shows it; empty while it is blank."""
    return "" if value is None or is_blank(value) else str(value.days)
