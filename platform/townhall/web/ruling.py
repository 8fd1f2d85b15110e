"""Rules that decide: what a unit answers once and for all, and what rules have decided in a centre (rule G7)."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from provisioning.labels import FIELD, SECTION
from provisioning.marks import Choice
from provisioning.specs.centre import COLLECTIONS
from townhall.accounts.rights import Right
from townhall.centres import ruling
from townhall.centres.apply import PlanRefused
from townhall.centres.models import DecisionRule
from townhall.centres.ruling import RuleRefused
from townhall.units.models import Unit
from townhall.web.desk import Desk
from townhall.web.edge import database
from townhall.web.editing import entered, faults
from townhall.web.guards import acting, held_unit, requires, township
from townhall.web.language import msgid

pages = Blueprint("ruling", __name__)

CHOICES = {
    "keep": (Choice.KEEP_LOCAL, msgid("留本地")),
    "take": (Choice.TAKE_STANDARD, msgid("用標準")),
}
ADDED, ENDED, TAKEN_BACK = msgid("規則已立。"), msgid("規則已停用。"), msgid("已撤回，這個問題重新待決。")
NO_CHOICE = msgid("請選擇怎樣決定")


@pages.get("/rules")
@requires(Right.READ)
def index() -> ResponseReturnValue:
    """The rules in force for the reader's unit, and a form for another one."""
    return _page()


@pages.post("/rules")
@requires(Right.EDIT)
def add() -> ResponseReturnValue:
    """Answer questions at a place from now on, in the reader's unit and all below it."""
    choice, wrong = CHOICES.get(request.form.get("choice", "")), faults(["path", "reason"])
    if wrong or choice is None:
        return _page(*(wrong or [NO_CHOICE])), 422
    try:
        ruling.add_rule(database(), held_unit(), entered("path"), choice[0], act=acting(entered("reason")))
    except RuleRefused as refusal:
        return _page(str(refusal)), 422
    return _done(ADDED)


@pages.post("/rules/<int:number>/end")
@requires(Right.EDIT)
def end(number: int) -> ResponseReturnValue:
    """Let one of the unit's own rules decide nothing any more."""
    rule = next((one for one in ruling.rules_over(database(), held_unit()) if one.id == number), None)
    if rule is None or rule.unit_code != held_unit().code:
        abort(404)
    ruling.end_rule(database(), rule, act=acting(entered("reason")))
    return _done(ENDED)


@pages.post("/t/<code9:code>/differences/ruled/<int:number>")
@township(Right.EDIT)
def take_back(desk: Desk, number: int) -> ResponseReturnValue:
    """Take back what a rule decided in the revision of that number."""
    try:
        ruling.take_back(desk.session, desk.unit, number, act=acting(entered("reason")))
    except (RuleRefused, PlanRefused) as refusal:
        desk.session.rollback()
        flash(str(refusal))
    else:
        flash(TAKEN_BACK)
    return redirect(url_for("questions.show", code=desk.code), 303)


def pattern_words(path: str) -> str:
    """A pattern as people read it: 事項的辦理結果, for all items of the section or for one."""
    section, _, rest = path.partition("[")
    section, field = section.partition(".")[0], path.rpartition(".")[2] if "." in path else ""
    one = "" if not rest or rest.startswith("*") else f"〔{rest.partition(']')[0]}〕"
    return f"{SECTION.get(section, section)}{one}{FIELD.get(field, field)}"


def _places() -> dict[str, list[tuple[str, str]]]:
    """What a rule may be about: by section, every field of all its items."""
    return {
        SECTION[section]: [
            (f"{section}[*].{field}", FIELD[field])
            for field in model.model_fields
            if field != "key" and field in FIELD
        ]
        for section, model in COLLECTIONS.items()
    }


def _page(*reasons: str) -> str:
    held = held_unit()
    rules = [(one, database().get_one(Unit, one.unit_code)) for one in _rules(held)]
    page = {"held": held, "rules": rules, "choices": CHOICES, "places": _places()}
    wanted = request.values.get("path", "")[:160]
    return render_template("rules.html", reasons=reasons, wanted=wanted, words=pattern_words, **page)


def _rules(held: Unit) -> list[DecisionRule]:
    return ruling.rules_over(database(), held)


def _done(words: str) -> ResponseReturnValue:
    flash(words)
    return redirect(url_for("ruling.index"), 303)
