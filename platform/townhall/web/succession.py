"""Merging and splitting townships on one page of the prefecture: choose, see the plan, propose; another one decides."""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from provisioning.refusals import SuccessionRefused
from provisioning.succession import MERGE, SPLIT, SuccessionPlan
from townhall.accounts.rights import Right
from townhall.approvals.models import Approval
from townhall.approvals.operations import ApprovalRefused, decide, propose, waiting, withdraw
from townhall.centres.models import Centre
from townhall.clock import now
from townhall.successions.reading import Wish, plan_succession, wish_of
from townhall.successions.steps import DIVISION, MERGER
from townhall.units.models import Unit
from townhall.units.operations import full_code, visible
from townhall.units.succession import Ended, Succession, ended_among, still_there
from townhall.web.edge import database
from townhall.web.guards import acting, held_unit, holding, reader, requires
from townhall.web.language import msgid
from townhall.web.life import DECIDED, NAMES, PROPOSED, VERDICTS, kinds

pages = Blueprint("succession", __name__, url_prefix="/succession")

KINDS = {MERGE: MERGER, SPLIT: DIVISION}
RECENT, LONGEST = 20, 500
NO_DATE = msgid("生效日期應為「年-月-日」")
NO_SHARE = msgid("份額應為以元計的金額，最多兩位小數；每個承接單位都要填")
_YUAN = re.compile(r"([0-9]{1,13})(?:\.([0-9]{1,2}))?")


class Unclear(ValueError):
    """What was entered is no wish; says why in Chinese."""


@dataclass(frozen=True)
class Shown:
    """A proposal with its plan as things stand now, or why there is none any more."""

    approval: Approval
    plan: SuccessionPlan | None
    fault: str


@pages.get("")
@requires(Right.LIFECYCLE)
def show() -> ResponseReturnValue:
    """The forms, what waits and what has been; with a wish in the address its plan."""
    if request.args.get("act") not in KINDS:
        return _page()
    try:
        wish = _wish(request.args)
        plan = plan_succession(database(), wish, now())
    except SuccessionRefused as refusal:
        return _page(*(one.sentence for one in refusal.refusals)), 422
    except (Unclear, LookupError) as refusal:
        return _page(str(refusal.args[0])), 422
    return _page(wish=wish, plan=plan)


@pages.post("/propose")
@requires(Right.LIFECYCLE)
def put() -> ResponseReturnValue:
    """Put the plan that was seen before a second person of the prefecture."""
    if request.form.get("act") not in KINDS:
        abort(400)
    try:
        wish = _wish(request.form)
        content = {"wish": wish.data(), "plan": request.form.get("plan", "")[:64]}
        reason = request.form.get("reason", "").strip()[:LONGEST]
        propose(database(), acting(reason), kinds(), held_unit().code, KINDS[wish.act], content)
    except (ApprovalRefused, Unclear, LookupError) as refusal:
        return _refused(str(refusal.args[0]))
    flash(PROPOSED)
    return redirect(url_for("succession.show"), 303)


@pages.post("/<approval>/decide")
@requires(Right.LIFECYCLE)
def settle(approval: str) -> ResponseReturnValue:
    """Approve and carry out, return or withdraw a proposal; who may do which is judged by the operation."""
    found = database().get(
        Approval, (held_unit().code, approval[:32]), with_for_update=True, populate_existing=True
    )
    if found is None or found.kind not in KINDS.values():
        abort(404)
    wanted, comment = request.form.get("verdict", ""), request.form.get("comment", "")
    try:
        if wanted == "withdraw":
            withdraw(database(), acting(), found)
        elif wanted in {"approve", "return"}:
            decide(database(), acting(), kinds(), found, approve=wanted == "approve", comment=comment)
        else:
            abort(400)
    except ApprovalRefused as refusal:
        return _refused(str(refusal))
    flash(DECIDED)
    return redirect(url_for("succession.show"), 303)


def _wish(given: MultiDict[str, str]) -> Wish:
    """What was entered. Raises `Unclear`, and `LookupError` for what can be no code."""
    try:
        day = dt.date.fromisoformat(given.get("date", ""))
    except ValueError as error:
        raise Unclear(NO_DATE) from error
    sources = tuple(full_code(code) for code in given.getlist("source") if code)
    targets = tuple(full_code(code) for code in given.getlist("target") if code)
    note = given.get("note", "").strip()[:LONGEST]
    if given["act"] == MERGE:
        return Wish(MERGE, sources, targets, day, note)
    primary = given.get("primary", "")
    shares = _shares(given, targets)
    return Wish(SPLIT, sources, targets, day, note, full_code(primary) if primary else "", shares)


def _shares(given: MultiDict[str, str], targets: tuple[str, ...]) -> dict[str, int] | None:
    """Fen by heir; nothing at all where no share is given."""
    texts = {code: given.get(f"share-{code}", "").replace(",", "").strip() for code in targets}
    if not any(texts.values()):
        return None
    found = {code: _YUAN.fullmatch(text) for code, text in texts.items()}
    if not all(found.values()):
        raise Unclear(NO_SHARE)
    return {code: int(one[1]) * 100 + int((one[2] or "").ljust(2, "0")) for code, one in found.items() if one}


def _page(*reasons: str, wish: Wish | None = None, plan: SuccessionPlan | None = None) -> str:
    held = held_unit()
    page = {
        "units": _choices(held),
        "given": request.values,
        "wish": wish,
        "plan": plan,
        "shares": _shown_shares(wish, plan),
        "found": list(_proposals(held)),
        "gone": _gone(held),
        "names": NAMES,
        "verdicts": VERDICTS,
        "kinds": KINDS,
        "may": _may_decide,
        "login": reader().login,
        "waiting": waiting(database(), held.code),
    }
    return render_template("succession.html", reasons=reasons, **page)


def _choices(held: Unit) -> list[Unit]:
    """Townships that may take part: those with a centre that have not ended."""
    wanted = select(Unit).join(Centre, Centre.unit_id == Unit.code).where(visible(held), still_there())
    return list(database().scalars(wanted.order_by(Unit.code)))


def _shown_shares(wish: Wish | None, plan: SuccessionPlan | None) -> dict[str, int]:
    """Fen that each heir of a split gets by the plan, for the form to start from."""
    if wish is None or plan is None or wish.act == MERGE:
        return {}
    return {
        result.party.code: result.centre.envelope - result.party.centre.envelope for result in plan.results
    }


def _proposals(held: Unit) -> Iterator[Shown]:
    wanted = select(Approval).filter_by(unit_id=held.code).where(Approval.kind.in_(KINDS.values()))
    for approval in database().scalars(wanted.order_by(Approval.proposed_at.desc()).limit(RECENT)):
        yield _shown(approval)


def _shown(approval: Approval) -> Shown:
    if approval.verdict != "pending":
        return Shown(approval, None, "")
    try:
        plan = plan_succession(database(), wish_of(approval.content["wish"]), now())
    except (SuccessionRefused, LookupError) as refusal:
        return Shown(approval, None, str(refusal.args[0]))
    return Shown(approval, plan, "")


def _gone(held: Unit) -> list[Ended]:
    """The townships that have ended, the latest first."""
    codes = database().scalars(
        select(Unit.code).join(Succession, Succession.code == Unit.code).where(visible(held))
    )
    return sorted(ended_among(database(), {*codes}).values(), key=lambda one: one.ended_on, reverse=True)


def _may_decide(approval: Approval) -> bool:
    held = holding()
    sort = kinds()[approval.kind]
    return held is not None and held.role in sort.deciders and approval.proposer != reader().login


def _refused(reason: str) -> ResponseReturnValue:
    """The page as things stand, not as the refused step would have left them."""
    database().rollback()
    return _page(reason), 422
