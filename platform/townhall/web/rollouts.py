"""The board of a rollout: its waves, its centres, and what can be done about it."""

from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from townhall.accounts.rights import Right
from townhall.jobs.models import Job
from townhall.jobs.operations import JobRefused, ask
from townhall.jobs.standards import RUN, TAKE_BACK
from townhall.rollouts import operations
from townhall.rollouts.board import latecomers, lines, wave_states
from townhall.rollouts.models import Progress, Rollout, RolloutCentre, RolloutState
from townhall.rollouts.operations import Limits, RolloutRefused, wave_fault
from townhall.standards.models import Release
from townhall.tenancy import scope_of
from townhall.units.models import Level
from townhall.web.edge import database
from townhall.web.guards import acting, held_unit, requires
from townhall.web.language import msgid

pages = Blueprint("rollouts", __name__, url_prefix="/rollouts")

STATES = {
    RolloutState.RUNNING: (msgid("進行中"), "open", "progress"),
    RolloutState.HALTED: (msgid("已停下"), "fault", "alert-triangle"),
    RolloutState.COMPLETED: (msgid("已完成"), "complete", "circle-check"),
    RolloutState.SUPERSEDED: (msgid("已提前結束"), "closed", "x"),
}
PROGRESS = {
    Progress.WAITING: (msgid("待處理"), "open", "clock"),
    Progress.APPLIED: (msgid("已升級"), "complete", "circle-check"),
    Progress.SKIPPED: (msgid("跳過"), "closed", "x"),
    Progress.FAILED: (msgid("失敗"), "fault", "alert-triangle"),
    Progress.TAKEN_BACK: (msgid("已回滾"), "closed", "arrow-left"),
}
BROUGHT_ON = msgid("已交後台處理，本頁會顯示進度。")
HALTED, RESUMED, ENDED = msgid("已停下。"), msgid("已恢復。"), msgid("已結束。")
OPEN = {RolloutState.RUNNING, RolloutState.HALTED}


@pages.get("/<int:number>")
@requires(Right.FLEET)
def show(number: int) -> ResponseReturnValue:
    return _page(_found(number))


@pages.post("/<int:number>/run")
@requires(Right.STANDARD)
def go_on(number: int) -> ResponseReturnValue:
    """Finish the open wave, or begin the next."""
    found = _found(number)
    through = min(found.wave + (wave_fault(database(), found) is None), len(found.waves))
    return _asked(found, RUN, {"rollout": found.id, "through": max(through, 1)})


@pages.post("/<int:number>/halt")
@requires(Right.STANDARD)
def stop(number: int) -> ResponseReturnValue:
    found, reason = _found(number), _text("reason")
    if not reason:
        return _refused(found, msgid("請寫明理由"))
    operations.halt(database(), found, reason, act=acting(reason))
    return _done(found, HALTED)


@pages.post("/<int:number>/resume")
@requires(Right.STANDARD)
def resume(number: int) -> ResponseReturnValue:
    found = _found(number)
    limits = Limits(_number("max_failed", found.max_failed), _number("max_open", found.max_open))
    again = request.form.get("again") == "yes"
    try:
        operations.resume(database(), found, act=acting(_text("reason")), again=again, limits=limits)
    except RolloutRefused as refusal:
        return _refused(found, *refusal.faults)
    return _done(found, RESUMED)


@pages.post("/<int:number>/end")
@requires(Right.STANDARD)
def end(number: int) -> ResponseReturnValue:
    found = _found(number)
    try:
        operations.supersede(database(), found, act=acting(_text("reason")))
    except RolloutRefused as refusal:
        return _refused(found, *refusal.faults)
    return _done(found, ENDED)


@pages.post("/<int:number>/take-back")
@requires(Right.STANDARD)
def take_back(number: int) -> ResponseReturnValue:
    """Take a wave back; later local edits stay."""
    found, reason = _found(number), _text("reason")
    wave = _number("wave", 0)
    if not reason or not 1 <= wave <= found.wave:
        return _refused(found, msgid("請寫明理由並選擇已開始的批次"))
    return _asked(found, TAKE_BACK, {"rollout": found.id, "wave": wave, "reason": reason[:500]})


def _asked(found: Rollout, kind: str, parameters: dict[str, Any]) -> ResponseReturnValue:
    jobs, post = current_app.extensions["townhall.jobs"], current_app.extensions["townhall.post"]
    try:
        job = ask(database(), acting(), jobs, held_unit().code, kind, parameters)
    except JobRefused as refusal:
        return _refused(found, str(refusal))
    post.announce(database(), job)
    return _done(found, BROUGHT_ON)


def _found(number: int) -> Rollout:
    """A rollout by its number, or 404, the same for one of another prefecture."""
    found = database().scalars(select(Rollout).filter_by(id=number)).one_or_none()
    if found is None or not scope_of(found.prefecture_code).covers(held_unit().code):
        abort(404)
    if request.method != "GET" and held_unit().level != Level.PREFECTURE:
        abort(403)
    return found


def _job(found: Rollout) -> Job | None:
    """What is being done about a rollout, or came to nothing last."""
    wanted = select(Job).where(Job.unit_id == held_unit().code, Job.kind.in_((RUN, TAKE_BACK)))
    newest = database().scalars(wanted.order_by(Job.asked_at.desc()).limit(20))
    job = next((one for one in newest if one.parameters.get("rollout") == found.id), None)
    return job if job is not None and (job.open or job.state == "failed") else None


def _page(found: Rollout, *reasons: str) -> str:
    session = database()
    wave, progress = _argument("wave"), request.args.get("progress", "")
    chosen = [RolloutCentre.wave == wave] if wave else []
    if progress in set(Progress):
        chosen.append(RolloutCentre.progress == progress)
    page = {
        "release": session.get_one(Release, found.release_id),
        "waves": wave_states(session, found),
        "lines": [*lines(session, found, *chosen)],
        "chosen": {"wave": wave, "progress": progress},
        "late": latecomers(session, found),
        "job": _job(found),
        "fault": wave_fault(session, found) if found.wave else None,
        "open": found.state in OPEN,
    }
    return render_template(
        "rollout.html", rollout=found, reasons=reasons, states=STATES, progress=PROGRESS, **page
    )


def _argument(name: str) -> int:
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0


def _text(name: str) -> str:
    return request.form.get(name, "").strip()[:500]


def _number(name: str, default: int) -> int:
    text = request.form.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else default


def _refused(found: Rollout, *reasons: str) -> ResponseReturnValue:
    database().rollback()
    return _page(found, *reasons), 422


def _done(found: Rollout, words: str) -> ResponseReturnValue:
    flash(words)
    return redirect(url_for("rollouts.show", number=found.id), 303)
