"""What is open between a centre and its standard, decided here: for one centre, or for all that have the same question."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from provisioning.labels import FIELD, SECTION, item_label
from provisioning.marks import Choice, Mark, NoSuchConflict
from provisioning.plan import Action
from provisioning.sentences import side
from provisioning.specs import CentreSpec
from provisioning.specs.centre import COLLECTIONS
from provisioning.tree import Path
from townhall.accounts.rights import Right
from townhall.centres import deciding
from townhall.centres.asking import Open, ledger, shared_questions, shared_together, units_with
from townhall.centres.deciding import Decision, decide_alike, decide_conflicts, typable, typed
from townhall.centres.edit import EditRefused
from townhall.centres.ruling import decided_by_rules
from townhall.clock import now
from townhall.jobs.conflicts import DECIDE, asked_for
from townhall.jobs.models import OPEN, Job, State
from townhall.jobs.operations import JobRefused, ask
from townhall.units.models import Unit
from townhall.web.desk import Desk
from townhall.web.edge import database
from townhall.web.editing import entered, faults
from townhall.web.guards import acting, held_unit, requires, township
from townhall.web.language import data, msgid
from townhall.web.ruling import pattern_words

pages = Blueprint("questions", __name__)

CHOICES = {
    "keep": (Choice.KEEP_LOCAL, msgid("留本地")),
    "take": (Choice.TAKE_STANDARD, msgid("用標準")),
    "other": (Choice.NEW_VALUE, msgid("改為其他值")),
    "later": (Choice.LATER, msgid("以後再定")),
}
# Of everything that is open in one item at once; a value can only be given to a single place.
ALL = {
    "keep": (Choice.KEEP_LOCAL, msgid("都留本地")),
    "take": (Choice.TAKE_STANDARD, msgid("都用標準")),
    "later": (Choice.LATER, msgid("都以後再定")),
}
DECIDED, NOTED = msgid("已決定。"), msgid("已記下。")
NO_CHOICE = msgid("請選擇怎樣決定")
NO_DAY = msgid("請填寫日期，不早於今天")
NO_VALUE = msgid("請填寫要改成的內容；時限填天數")
STARTED = msgid("已交後台逐個中心決定，本頁會顯示進度。")
UNDER_WAY = msgid("這個問題正在為各中心決定，請等它完成")
RECENT, TOLD = 5, dt.timedelta(days=1)  # how many decisions for many centres are shown, and for how long
STATES = {
    State.WAITING: (msgid("等待中"), "open", "clock"),
    State.RUNNING: (msgid("正在決定"), "open", "progress"),
    State.DONE: (msgid("已完成"), "complete", "circle-check"),
    State.FAILED: (msgid("失敗"), "fault", "alert-triangle"),
    State.CANCELLED: (msgid("已取消"), "closed", "x"),
}
CHANGED = msgid("這項內容已有變動，請重新打開頁面")
Act = Callable[[Desk, Any], object]
Choices = Mapping[str, tuple[Choice, str]]


@pages.get("/t/<code9:code>/differences")
@township(Right.READ)
def show(desk: Desk) -> ResponseReturnValue:
    """Open questions, what a lock suspended, and every local difference."""
    return _page(desk)


@pages.post("/t/<code9:code>/differences/questions/<identifier>")
@township(Right.EDIT)
def settle(desk: Desk, identifier: str) -> ResponseReturnValue:
    """Decide one question."""
    open_now = (one.mark for one in ledger(desk.session, desk.unit).questions if one.mark.id == identifier)
    # The same conflict may have come to be about other values since the page was shown (rule G2).
    shown = [mark for mark in open_now if request.form.get("question", mark.question) == mark.question]
    return _settled(desk, shown, CHOICES)


@pages.post("/t/<code9:code>/differences/together/<token>")
@township(Right.EDIT)
def settle_together(desk: Desk, token: str) -> ResponseReturnValue:
    """Decide all questions on one item at once; they are just those that the page showed, or it is refused."""
    found = next((one for one in ledger(desk.session, desk.unit).together if one.token == token), None)
    return _settled(desk, [one.mark for one in found.questions] if found else [], ALL)


def _settled(desk: Desk, marks: list[Mark], choices: Choices) -> ResponseReturnValue:
    if not marks:
        return _refused(desk, CHANGED)
    decision, fault = decision_entered(marks[0], choices)
    if decision is None:
        return _refused(desk, fault)
    decisions = dict.fromkeys((mark.id for mark in marks), decision)
    try:
        decide_conflicts(desk.session, desk.unit, decisions, act=acting(entered("reason")))
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
    found = [one for one in shared_questions(database()) if one.question == question]
    return _settled_alike([Open(one.mark, one.action) for one in found], CHOICES)


@pages.post("/questions/together/<token>")
@requires(Right.EDIT)
def settle_together_alike(token: str) -> ResponseReturnValue:
    """One decision about all that is open in one item, for every centre where just that is open alike."""
    found = [one.together for one in shared_together(database()) if one.together.token == token]
    return _settled_alike([asked for one in found for asked in one.questions], ALL)


def _settled_alike(asked: list[Open], choices: Choices) -> ResponseReturnValue:
    if not asked:
        return _inbox(CHANGED), 422
    decision, fault = decision_entered(asked[0].mark, choices)
    if decision is None:
        return _inbox(fault), 422
    questions = [one.mark.question for one in asked]
    units = units_with(database(), questions)
    if not units:
        return _inbox(CHANGED), 422
    try:
        if len(units) == 1:
            decide_alike(database(), units[0], questions, decision, act=acting(entered("reason")))
        else:
            _start(questions, decision, [one.action.sentence for one in asked])
    except (EditRefused, NoSuchConflict, JobRefused) as refusal:
        database().rollback()
        return _inbox(*getattr(refusal, "reasons", [str(refusal)])), 422
    flash(DECIDED if len(units) == 1 else STARTED)
    return redirect(url_for("questions.inbox"), 303)


def _start(questions: list[str], decision: Decision, about: list[str]) -> None:
    """Have many centres decided beside the request. Raises `JobRefused`, also where one of them is being decided."""
    if _under_way() & {*questions}:
        raise JobRefused(UNDER_WAY)
    kinds, post = current_app.extensions["townhall.jobs"], current_app.extensions["townhall.post"]
    parameters = asked_for(questions, decision, entered("reason"), about)
    post.announce(database(), ask(database(), acting(), kinds, held_unit().code, DECIDE, parameters))


def _jobs() -> list[Job]:
    """What is being decided for many centres, newest first, and what came of it within a day."""
    wanted = select(Job).filter_by(unit_id=held_unit().code, kind=DECIDE).order_by(Job.asked_at.desc())
    newest = database().scalars(wanted.limit(RECENT)).all()
    return [job for job in newest if job.ended_at is None or now() - job.ended_at < TOLD]


def _under_way() -> set[str]:
    """The questions that are being decided."""
    wanted = select(Job).filter_by(unit_id=held_unit().code, kind=DECIDE).where(Job.state.in_(OPEN))
    return {question for job in database().scalars(wanted) for question in job.parameters["questions"]}


def _refusals(jobs: list[Job]) -> dict[str, list[tuple[Unit, str]]]:
    """By job the centres that could not be decided, and why."""
    return {
        job.key: [(database().get_one(Unit, code), reason) for code, reason in job.result["reasons"]]
        for job in jobs
        if job.result
    }


def decision_entered(mark: Mark, choices: Choices = CHOICES) -> tuple[Decision | None, str]:
    """What the form decides about a question, or what is missing of it."""
    if wrong := faults(["value", "reason"]):
        return None, wrong[0]
    choice = choices.get(request.form.get("choice", ""))
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
        "ruled": decided_by_rules(desk.session, desk.unit),
        "words": pattern_words,
        "told": told,
        "place_words": place_words,
        "choices": CHOICES,
        "all": ALL,
        "simple": typable,
        "today": now().date(),
    }
    return render_template("differences.html", desk=desk, reasons=reasons, **page)


def _inbox(*reasons: str) -> str:
    shared, together, jobs = shared_questions(database()), shared_together(database()), _jobs()
    busy = _under_way()
    page = {
        "shared": [one for one in shared if one.question not in busy],
        "together": [one for one in together if busy.isdisjoint(one.questions)],
        "jobs": jobs,
        "refusals": _refusals(jobs),
        "states": STATES,
        "said": {choice.value: words for choice, words in CHOICES.values()},
        "told": told,
        "choices": CHOICES,
        "all": ALL,
        "simple": typable,
        "today": now().date(),
    }
    return render_template("questions.html", held=held_unit(), reasons=reasons, **page)


def _refused(desk: Desk, *reasons: str) -> ResponseReturnValue:
    desk.session.rollback()
    return _page(desk, *reasons), 422


def _done(desk: Desk, words: str) -> ResponseReturnValue:
    flash(words)
    return redirect(url_for("questions.show", code=desk.code), 303)
