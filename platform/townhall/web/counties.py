"""What a county adds to the prefecture's standard: its own words, its questions, publication, its townships."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from provisioning.marks import open_conflict
from townhall.accounts.rights import Right
from townhall.approvals.models import Approval, Verdict
from townhall.approvals.operations import ApprovalRefused, decide, propose, withdraw
from townhall.centres.deciding import typable
from townhall.centres.edit import EditRefused
from townhall.counties import operations
from townhall.counties.bringing import effects
from townhall.counties.operations import CountyDesk, NoStandard, county_desk, lines
from townhall.counties.steps import PUBLISH
from townhall.jobs.models import Job
from townhall.jobs.operations import JobRefused, ask
from townhall.jobs.standards import BRING_ON
from townhall.standards.models import CountyOverlay
from townhall.tenancy import scope_of
from townhall.units.models import Level, Unit
from townhall.units.operations import full_code
from townhall.web.edge import database
from townhall.web.editing import entered
from townhall.web.guards import acting, held_unit, reader, requires
from townhall.web.language import msgid
from townhall.web.life import kinds
from townhall.web.questions import CHANGED, CHOICES, decision_entered, place_words, told

pages = Blueprint("counties", __name__, url_prefix="/counties")

SAVED, RESTORED = msgid("已存入草稿。"), msgid("已恢復州標準，存入草稿。")
DECIDED, PROPOSED, SETTLED = msgid("已決定，存入草稿。"), msgid("已提請審批。"), msgid("審批已記錄。")
DISCARDED, BROUGHT_ON = msgid("草稿已放棄。"), msgid("已交後台處理，本頁會顯示進度。")
View = Callable[..., ResponseReturnValue]


def county(right: Right) -> Callable[[View], View]:
    """A page of one county within the reader's unit: the view gets its desk in place of the code in the address."""

    def decorate(view: View) -> View:
        @requires(right)
        @wraps(view)
        def found(county: str, **arguments: Any) -> ResponseReturnValue:
            try:
                unit = database().get(Unit, full_code(county[:12]))
            except LookupError:
                unit = None
            within = scope_of(held_unit().code)
            if unit is None or unit.level != Level.COUNTY or not within.covers(unit.code):
                abort(404)
            try:
                return view(desk=county_desk(database(), unit), **arguments)
            except NoStandard:
                abort(404)

        return found

    return decorate


@pages.get("/<county>")
@county(Right.FLEET)
def show(desk: CountyDesk) -> ResponseReturnValue:
    """Everything that the county says, and what waits for it."""
    return _page(desk)


@pages.post("/<county>/questions/<identifier>")
@county(Right.OVERLAY)
def settle(desk: CountyDesk, identifier: str) -> ResponseReturnValue:
    """Decide between the county's words and the prefecture's."""
    try:
        mark = open_conflict(desk.marks, identifier)
        if request.form.get("question", mark.question) != mark.question:
            return _refused(desk, CHANGED)
        decision, fault = decision_entered(mark)
        if decision is None:
            return _refused(desk, fault)
        act = acting(entered("reason"))
        operations.decide_question(database(), desk.county, identifier, decision, act=act)
    except (EditRefused, LookupError) as refusal:
        return _refused(desk, *getattr(refusal, "reasons", [str(refusal)]))
    return _done(desk, DECIDED)


@pages.post("/<county>/lines/<token>")
@county(Right.OVERLAY)
def restore(desk: CountyDesk, token: str) -> ResponseReturnValue:
    """Say nothing of a place any more."""
    path = next((line.path for line in lines(desk) if line.token == token), None)
    if path is None:
        return _refused(desk, CHANGED)
    return _tried(desk, RESTORED, lambda act: operations.restore(database(), desk.county, path, act=act))


@pages.post("/<county>/discard")
@county(Right.OVERLAY)
def discard(desk: CountyDesk) -> ResponseReturnValue:
    """Throw the draft away."""
    return _tried(desk, DISCARDED, lambda act: operations.discard(database(), desk.county, act=act))


@pages.post("/<county>/slacken")
@county(Right.OVERLAY)
def slacken(desk: CountyDesk) -> ResponseReturnValue:
    """Take one of the county's own rules back."""
    path = entered("path")
    return _tried(desk, SAVED, lambda act: operations.slacken(database(), desk.county, path, act=act))


@pages.post("/<county>/publish")
@county(Right.OVERLAY)
def put(desk: CountyDesk) -> ResponseReturnValue:
    """Propose to publish; a second person approves."""
    try:
        propose(database(), acting(entered("reason")), kinds(), desk.county.code, PUBLISH)
    except ApprovalRefused as refusal:
        return _refused(desk, str(refusal))
    return _done(desk, PROPOSED)


@pages.post("/<county>/decide")
@county(Right.OVERLAY)
def verdict(desk: CountyDesk) -> ResponseReturnValue:
    """Approve, return or take back the proposal to publish."""
    proposal, word = _proposal(desk) or abort(404), request.form.get("verdict", "")
    try:
        if word == "withdraw":
            withdraw(database(), acting(), proposal)
        elif word in {"approve", "return"}:
            comment = entered("comment")
            decide(database(), acting(), kinds(), proposal, approve=word == "approve", comment=comment)
        else:
            abort(400)
    except (ApprovalRefused, EditRefused) as refusal:
        return _refused(desk, str(refusal))
    return _done(desk, SETTLED)


@pages.post("/<county>/bring-on")
@county(Right.OVERLAY)
def bring_on(desk: CountyDesk) -> ResponseReturnValue:
    """Bring the county's townships to what is published, in the background."""
    jobs, post = current_app.extensions["townhall.jobs"], current_app.extensions["townhall.post"]
    try:
        post.announce(database(), ask(database(), acting(), jobs, desk.county.code, BRING_ON, {}))
    except JobRefused as refusal:
        return _refused(desk, str(refusal))
    return _done(desk, BROUGHT_ON)


def _proposal(desk: CountyDesk) -> Approval | None:
    pending = select(Approval).filter_by(
        unit_id=desk.county.code, kind=PUBLISH, verdict=Verdict.PENDING.value
    )
    return database().scalars(pending).one_or_none()


def _job(desk: CountyDesk) -> Job | None:
    """The last time that the townships were brought on."""
    asked = select(Job).filter_by(unit_id=desk.county.code, kind=BRING_ON).order_by(Job.asked_at.desc())
    return database().scalars(asked.limit(1)).first()


def _page(desk: CountyDesk, *reasons: str) -> str:
    session, proposal = database(), _proposal(desk)
    versions = select(CountyOverlay).filter_by(county_code=desk.county.code)
    page = {
        "lines": [*lines(desk)],
        "effects": effects(session, desk) if desk.changed else [],
        "versions": session.scalars(versions.order_by(CountyOverlay.version.desc())).all(),
        "fault": operations.publication_fault(session, desk.county) if desk.changed else None,
        "proposal": proposal,
        "mine": proposal is not None and proposal.proposer == reader().login,
        "job": _job(desk),
        "choices": CHOICES,
    }
    words = {"told": told, "place_words": place_words, "simple": typable}
    return render_template(
        "county.html", desk=desk, reasons=reasons, today=acting().moment.date(), **page, **words
    )


def _tried(desk: CountyDesk, words: str, verb: Callable[[Any], object]) -> ResponseReturnValue:
    try:
        verb(acting(entered("reason")))
    except EditRefused as refusal:
        return _refused(desk, *refusal.reasons)
    return _done(desk, words)


def _refused(desk: CountyDesk, *reasons: str) -> ResponseReturnValue:
    """The page as things stand, not as the refused step would have left them."""
    database().rollback()
    return _page(county_desk(database(), desk.county), *reasons), 422


def _done(desk: CountyDesk, words: str) -> ResponseReturnValue:
    flash(words)
    return redirect(url_for("counties.show", county=desk.county.code[:6]), 303)
