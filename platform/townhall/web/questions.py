"""What is open between a centre and its standard, decided here: for one centre, or for all that have the same question."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from provisioning.labels import FIELD, SECTION, item_label
from provisioning.marks import Choice, Mark
from provisioning.plan import Action
from provisioning.sentences import side
from provisioning.specs import CentreSpec
from provisioning.specs.centre import COLLECTIONS
from provisioning.tree import Path
from townhall.accounts.rights import Right
from townhall.centres import deciding
from townhall.centres.asking import ledger, shared_questions, units_with
from townhall.centres.deciding import Decision, decide_alike, decide_conflict, typable, typed
from townhall.centres.edit import EditRefused
from townhall.clock import now
from townhall.web.desk import Desk
from townhall.web.edge import database
from townhall.web.editing import entered, faults
from townhall.web.guards import acting, held_unit, requires, township
from townhall.web.language import data, msgid

pages = Blueprint("questions", __name__)

CHOICES = {
    "keep": (Choice.KEEP_LOCAL, msgid("留本地")),
    "take": (Choice.TAKE_STANDARD, msgid("用標準")),
    "other": (Choice.NEW_VALUE, msgid("改為其他值")),
    "later": (Choice.LATER, msgid("以後再定")),
}
DECIDED, NOTED = msgid("已決定。"), msgid("已記下。")
NO_CHOICE = msgid("請選擇怎樣決定")
NO_DAY = msgid("請填寫日期，不早於今天")
NO_VALUE = msgid("請填寫要改成的內容；時限填天數")
CHANGED = msgid("這項內容已有變動，請重新打開頁面")
Act = Callable[[Desk, Any], object]


@pages.get("/t/<code9:code>/differences")
@township(Right.READ)
def show(desk: Desk) -> ResponseReturnValue:
    """Open questions, what a lock suspended, and every local difference."""
    return _page(desk)


@pages.post("/t/<code9:code>/differences/questions/<identifier>")
@township(Right.EDIT)
def settle(desk: Desk, identifier: str) -> ResponseReturnValue:
    """Decide one question."""
    mark = next(
        (one.mark for one in ledger(desk.session, desk.unit).questions if one.mark.id == identifier), None
    )
    if mark is None:
        return _refused(desk, CHANGED)
    decision, fault = _decision(mark)
    if decision is None:
        return _refused(desk, fault)
    try:
        decide_conflict(desk.session, desk.unit, mark.id, decision, act=acting(entered("reason")))
    except (EditRefused, LookupError) as refusal:
        return _refused(desk, *getattr(refusal, "reasons", [str(refusal)]))
    return _done(desk, DECIDED)


@pages.post("/t/<code9:code>/differences/places/<token>")
@township(Right.EDIT)
def say(desk: Desk, token: str) -> ResponseReturnValue:
    """Hold a place, let it follow, accept that it differs until a day, or take either back."""
    path = ledger(desk.session, desk.unit).place(token)
    deed = DEEDS.get(request.form.get("deed", "")) or abort(400)
    if path is None:
        return _refused(desk, CHANGED)
    return _tried(desk, lambda: deed(desk, path))


@pages.post("/t/<code9:code>/differences/suspended/<identifier>")
@township(Right.EDIT)
def bring_back(desk: Desk, identifier: str) -> ResponseReturnValue:
    """Bring back a value that a lock had suspended."""
    act = acting(entered("reason"))
    return _tried(desk, lambda: deciding.restore_suspended(desk.session, desk.unit, identifier, act=act))


def _accept(desk: Desk, path: Any) -> object:
    until = _day(entered("until"))
    if until is None:
        raise EditRefused([NO_DAY])
    return deciding.accept(desk.session, desk.unit, path, until, act=acting(entered("reason")))


def _deed(verb: Any) -> Act:
    return lambda desk, path: verb(desk.session, desk.unit, path, act=acting(entered("reason")))


DEEDS: dict[str, Act] = {
    "pin": _deed(deciding.pin),
    "unpin": _deed(deciding.unpin),
    "follow": _deed(deciding.follow_standard),
    "accept": _accept,
    "withdraw": _deed(deciding.withdraw_acceptance),
}


@pages.get("/questions")
@requires(Right.READ)
def inbox() -> ResponseReturnValue:
    """The open questions of all centres below the reader's unit; equal ones are one line."""
    return _inbox()


@pages.post("/questions/<question>")
@requires(Right.EDIT)
def settle_alike(question: str) -> ResponseReturnValue:
    """One decision for every centre with the same question; what one of them refuses does not stop the others."""
    shared = next((one for one in shared_questions(database()) if one.question == question), None)
    if shared is None:
        return _inbox(CHANGED), 422
    decision, fault = _decision(shared.mark)
    if decision is None:
        return _inbox(fault), 422
    units = units_with(database(), question)
    results = decide_alike(database(), units, question, decision, act=acting(entered("reason")))
    refused = [f"{unit.name}：{results[unit.code]}" for unit in units if results.get(unit.code)]
    if refused:
        return _inbox(*refused, committed=len(results) - len(refused))
    flash(DECIDED)
    return redirect(url_for("questions.inbox"), 303)


def _decision(mark: Mark) -> tuple[Decision | None, str]:
    """What the form decides about a question, or what is missing of it."""
    if wrong := faults(["value", "reason"]):
        return None, wrong[0]
    choice = CHOICES.get(request.form.get("choice", ""))
    if choice is None:
        return None, NO_CHOICE
    if choice[0] is Choice.LATER:
        until = _day(entered("until"))
        return (Decision(Choice.LATER, until=until), "") if until else (None, NO_DAY)
    if choice[0] is Choice.NEW_VALUE:
        value = typed(mark, entered("value"))
        return (None, NO_VALUE) if value is None else (Decision(Choice.NEW_VALUE, value), "")
    return Decision(choice[0]), ""


def told(value: Any, action: Action | None) -> str:
    """A side of a question as people read it: a text whole, anything else as sentences tell it."""
    return data(side(value, action.path[-1] if action else ""))


def place_words(path: Path, centre: CentreSpec) -> str:
    """A place as people would point at it."""
    items = getattr(centre, path[0]) if path[0] in COLLECTIONS else ()
    item = next((one for one in items if len(path) > 1 and one.key == path[1]), None)
    field = (
        path[2] if path[0] in COLLECTIONS and len(path) > 2 else path[1] if path[0] not in COLLECTIONS else ""
    )
    label = f"〔{item_label(item)}〕" if item else ""
    return f"{SECTION[path[0]]}{label}{FIELD.get(field, '')}"


def _day(text: str) -> dt.date | None:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return day if day >= now().date() else None


def _tried(desk: Desk, verb: Callable[[], object]) -> ResponseReturnValue:
    try:
        verb()
    except EditRefused as refusal:
        return _refused(desk, *refusal.reasons)
    return _done(desk, NOTED)


def _page(desk: Desk, *reasons: str) -> str:
    found = ledger(desk.session, desk.unit)
    page = {
        "ledger": found,
        "told": told,
        "place_words": place_words,
        "choices": CHOICES,
        "simple": typable,
        "today": now().date(),
    }
    return render_template("differences.html", desk=desk, reasons=reasons, **page)


def _inbox(*reasons: str, committed: int = 0) -> str:
    shared = shared_questions(database())
    page = {"shared": shared, "told": told, "choices": CHOICES, "simple": typable, "today": now().date()}
    return render_template("questions.html", held=held_unit(), reasons=reasons, committed=committed, **page)


def _refused(desk: Desk, *reasons: str) -> ResponseReturnValue:
    desk.session.rollback()
    return _page(desk, *reasons), 422


def _done(desk: Desk, words: str) -> ResponseReturnValue:
    flash(words)
    return redirect(url_for("questions.show", code=desk.code), 303)
