"""A service item of the township's own: a short form, and explicit blanks where somebody else has the word.

Nothing that could be taken for law is ever made up here: legal basis, legal limit, bodies and remedies begin as
blanks that say who fills them, and hold up printing until then.
"""

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from provisioning.specs.item import CaseType, Category, Target
from provisioning.specs.values import DayUnit
from townhall.accounts.rights import Right
from townhall.centres.arranging import added
from townhall.centres.edit import EditRefused, item_of, next_key
from townhall.web.desk import Desk
from townhall.web.editing import entered, faults, save, typed
from townhall.web.guards import township
from townhall.web.language import msgid

pages = Blueprint("adding", __name__, url_prefix="/t/<code9:code>/arrange/items/new")

TEXTS = ("name", "description", "scope", "result", "delivery")
LISTS = ("conditions", "materials", "steps")
WAITING = {
    "legal_basis": "由有權部門填寫設定依據（文件名稱、文號、條款）",
    "legal_limit": "由有權部門填寫法定辦結時限",
    "accepting_body": "由本中心填寫受理機構",
    "deciding_body": "由有權部門填寫決定機構",
    "remedies": "由有權部門填寫救濟途徑",
}
NO_LIMIT, NO_FEE = "由本中心填寫承諾時限", "由有權部門確認是否收費、收費標準和依據"
CASES = (
    CaseType.PROMISED,
    CaseType.IMMEDIATE,
)  # a joint case needs its departments, which this form does not ask
SOURCE = "申請人自備"
ADDED = msgid("已新增。請在本頁填齊其餘要素，填齊後才能印製辦事指南。")
GAPS = msgid("帶 * 的各項都要填寫")
NO_STEP = msgid("辦事程序每行須寫明步驟、經辦人、內容，用「／」隔開")
NO_DAYS = msgid("時限須為 0 至 3650 的整數天數")


@pages.get("")
@township(Right.EDIT)
def form(desk: Desk) -> ResponseReturnValue:
    return _page(desk, ())


@pages.post("")
@township(Right.EDIT)
def add(desk: Desk) -> ResponseReturnValue:
    """Add an item behind the others of its category; it opens where the rest of it is filled in."""
    key = next_key(desk.session, desk.unit)
    reasons = tuple(faults((*TEXTS, *LISTS, "item_type", "visit_reason"))) or _wrong()
    reasons = reasons or _added(desk, key)
    if reasons:
        desk.session.rollback()
        return _page(desk, reasons), 422
    flash(ADDED)
    return redirect(url_for("items.show", code=desk.code, key=key), 303)


def _added(desk: Desk, key: str) -> tuple[str, ...]:
    try:
        item = item_of("items", {"key": key, **_fields()})
    except EditRefused as refusal:
        return refusal.reasons
    return save(desk, added(desk.spec, "items", item), f"新增自選事項〔{entered('name')}〕")


def _page(desk: Desk, reasons: tuple[str, ...]) -> str:
    kinds = sorted({item.item_type for item in desk.spec.items})
    page = {
        "categories": [*Category],
        "targets": [*Target],
        "cases": CASES,
        "units": [*DayUnit],
        "kinds": kinds,
    }
    return render_template(
        "adding.html",
        desk=desk,
        reasons=reasons,
        typed=typed(),
        chosen=request.form.getlist,
        source=SOURCE,
        **page,
    )


def _wrong() -> tuple[str, ...]:
    """What the form does not say, or says so that it cannot be an item."""
    asked = all(entered(name) for name in (*TEXTS, *LISTS, "category", "item_type", "case_type", "fee"))
    chosen = all(request.form.getlist(name) for name in ("windows", "targets"))
    days = entered("days")
    sound = not days or (days.isascii() and days.isdigit() and len(days) < 5)
    found = {GAPS: asked and chosen, NO_STEP: all(len(step) == 3 for step in _parts("steps")), NO_DAYS: sound}
    return tuple(words for words, fine in found.items() if not fine)


def _fields() -> dict[str, Any]:
    """The item in canonical form, but for its key."""
    reason = entered("visit_reason")
    return {
        **{name: entered(name) for name in (*TEXTS, "category", "item_type", "case_type")},
        **{name: {"blank": words} for name, words in WAITING.items()},
        **{name: sorted({*request.form.getlist(name)}) for name in ("windows", "targets")},
        "conditions": [*_lines("conditions")],
        "materials": [*_materials()],
        "steps": [*_steps()],
        "promised_limit": _limit(),
        "fee": {"free": True} if entered("fee") == "free" else {"blank": NO_FEE},
        "optional": True,
        "visits": 1 if reason else 0,
        **({"visit_reason": reason} if reason else {}),
    }


def _limit() -> dict[str, Any]:
    """What is done on the spot takes no days; what is left open is a blank."""
    if entered("case_type") == CaseType.IMMEDIATE and not entered("days"):
        return {"days": 0, "unit": DayUnit.WORKING.value}
    if not entered("days"):
        return {"blank": NO_LIMIT}
    return {"days": int(entered("days")), "unit": entered("unit") or DayUnit.WORKING.value}


def _materials() -> Iterator[dict[str, Any]]:
    for place, (name, *rest) in enumerate(_parts("materials"), 1):
        yield {"key": f"material-{place}", "name": name, "source": "／".join(rest) or SOURCE}


def _steps() -> Iterator[dict[str, Any]]:
    for place, (name, actor, action) in enumerate(_parts("steps"), 1):
        yield {"key": f"step-{place}", "name": name, "actor": actor, "action": action}


def _lines(name: str) -> Iterator[str]:
    return (line.strip() for line in entered(name).splitlines() if line.strip())


def _parts(name: str) -> Iterator[list[str]]:
    """The lines of a field, each in its parts: a full-width stroke stands between them, or a plain one where none is."""
    for line in _lines(name):
        parts = (part.strip() for part in line.split("／" if "／" in line else "/"))
        yield [part for part in parts if part] or [line]
