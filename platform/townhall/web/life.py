"""The life of a centre on one page: where it stands, what can be done, and what waits for a second person."""

import io
import tempfile
from pathlib import Path

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from townhall.accounts.rights import Right
from townhall.approvals.models import Approval, Verdict
from townhall.approvals.operations import ApprovalRefused, Kind, decide, propose, waiting, withdraw
from townhall.centres.archive import write_archive
from townhall.centres.lifecycle import STEPS, StepRefused, take
from townhall.centres.status import WORDS, Status
from townhall.centres.steps import archive_name
from townhall.counties.steps import PUBLISH as OVERLAY
from townhall.units.models import Level, Unit
from townhall.web.desk import Desk
from townhall.web.edge import database
from townhall.web.guards import acting, allowed, holding, reader, requires, township
from townhall.web.language import msgid

pages = Blueprint("life", __name__)

# Steps that one person takes, and the right for each; the others are proposed.
DIRECT = {"activate": Right.EDIT, "resume": Right.LIFECYCLE, "restore": Right.LIFECYCLE}
NAMES = {
    "activate": msgid("啟用中心"),
    "resume": msgid("恢復中心"),
    "restore": msgid("由歸檔還原"),
    "centre.suspend": msgid("暫停中心"),
    "centre.archive": msgid("歸檔中心"),
    "release.publish": msgid("發布標準"),
    OVERLAY: msgid("發布縣級補充規定"),
    "unit.merge": msgid("合併鄉鎮"),
    "unit.split": msgid("分設鄉鎮"),
}
VERDICTS = {
    Verdict.PENDING: msgid("待審批"),
    Verdict.APPROVED: msgid("已同意"),
    Verdict.RETURNED: msgid("已退回"),
    Verdict.WITHDRAWN: msgid("已撤回"),
}
TAKEN, PROPOSED, DECIDED = msgid("已完成。"), msgid("已提請審批。"), msgid("審批已記錄。")
RECENT = 20


@pages.get("/t/<code9:code>/life")
@township(Right.READ)
def show(desk: Desk) -> ResponseReturnValue:
    return _page(desk, ())


@pages.post("/t/<code9:code>/life/take")
@township(Right.READ)
def step(desk: Desk) -> ResponseReturnValue:
    """Take a step that needs nobody else; what stands in its way is listed."""
    wanted = request.form.get("step", "")
    if wanted not in DIRECT:
        abort(400)
    if not allowed(DIRECT[wanted]):
        abort(403)
    try:
        take(desk.session, acting(_reason()), desk.unit, wanted)
    except StepRefused as refusal:
        return _refused(desk, *refusal.reasons)
    return _done(desk, TAKEN)


@pages.post("/t/<code9:code>/life/propose")
@township(Right.READ)
def put(desk: Desk) -> ResponseReturnValue:
    """Put a step before a second person."""
    kind = request.form.get("kind", "")
    if kind not in kinds():
        abort(400)
    try:
        propose(desk.session, acting(_reason()), kinds(), desk.unit.code, kind)
    except ApprovalRefused as refusal:
        return _refused(desk, str(refusal))
    return _done(desk, PROPOSED)


@pages.post("/t/<code9:code>/life/<approval>/decide")
@township(Right.READ)
def settle(desk: Desk, approval: str) -> ResponseReturnValue:
    """Approve, return or withdraw a proposal; who may do which is judged by the operation."""
    found = desk.session.get(
        Approval, (desk.unit.code, approval[:32]), with_for_update=True, populate_existing=True
    )
    if found is None:
        abort(404)
    wanted, comment = request.form.get("verdict", ""), request.form.get("comment", "")
    try:
        if wanted == "withdraw":
            withdraw(desk.session, acting(), found)
        elif wanted in {"approve", "return"}:
            decide(desk.session, acting(), kinds(), found, approve=wanted == "approve", comment=comment)
        else:
            abort(400)
    except (ApprovalRefused, StepRefused) as refusal:
        return _refused(desk, str(refusal))
    return _done(desk, DECIDED)


@pages.get("/t/<code9:code>/life/export.zip")
@township(Right.AUDIT)
def export(desk: Desk) -> ResponseReturnValue:
    """Everything of this centre in one file, with a manifest of hashes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "centre.zip"
        write_archive(desk.session, desk.unit, path)
        data = io.BytesIO(path.read_bytes())
    return send_file(data, "application/zip", True, archive_name(desk.session, desk.unit))


@pages.get("/approvals")
@requires(Right.READ)
def undecided() -> ResponseReturnValue:
    """What waits for a decision within the reader's unit and below, oldest first."""
    wanted = select(Approval, Unit).join(Unit, Unit.code == Approval.unit_id)
    open_ones = wanted.where(Approval.verdict == Verdict.PENDING.value).order_by(Approval.proposed_at)
    if not allowed(Right.LIFECYCLE):
        # What is about several townships stands on a page of the prefecture's own.
        own = (Unit.level == Level.TOWNSHIP.value) | (Approval.kind == OVERLAY)
        open_ones = open_ones.where(own)
    found = database().execute(open_ones.limit(200)).all()
    return render_template("approvals.html", found=found, names=NAMES, may=_may_decide)


def kinds() -> dict[str, Kind]:
    """The kinds of approval of this installation."""
    found: dict[str, Kind] = current_app.extensions["townhall.kinds"]
    return found


def _reason() -> str:
    return request.form.get("reason", "").strip()[:500]


def _may_decide(approval: Approval) -> bool:
    held = holding()
    return (
        held is not None
        and held.role in kinds()[approval.kind].deciders
        and approval.proposer != reader().login
    )


def _may_propose(desk: Desk, name: str, kind: Kind) -> bool:
    held = holding()
    possible = held is not None and held.role in kind.proposers
    open_already = name in waiting(desk.session, desk.unit.code)
    return possible and not open_already and kind.check(desk.session, desk.unit.code, {}) is None


def _page(desk: Desk, reasons: tuple[str, ...]) -> str:
    status = Status(desk.centre.status)
    steps = [step for step, right in DIRECT.items() if status in STEPS[step] and allowed(right)]
    sorts = [name for name, kind in kinds().items() if _may_propose(desk, name, kind)]
    mine = (
        select(Approval).filter_by(unit_id=desk.unit.code).order_by(Approval.proposed_at.desc()).limit(RECENT)
    )
    page = {
        "status": WORDS[status],
        "steps": steps,
        "sorts": sorts,
        "approvals": desk.session.scalars(mine).all(),
        "names": NAMES,
        "verdicts": VERDICTS,
        "may": _may_decide,
        "login": reader().login,
    }
    return render_template("life.html", desk=desk, reasons=reasons, **page)


def _refused(desk: Desk, *reasons: str) -> ResponseReturnValue:
    """The page as things stand, not as the refused step would have left them."""
    desk.session.rollback()
    return _page(desk, reasons), 422


def _done(desk: Desk, words: str) -> ResponseReturnValue:
    flash(words)
    return redirect(url_for("life.show", code=desk.code), 303)
