"""Print packages: asked for here, made by a job, watched, called off, and fetched while they are kept."""

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from townhall.accounts.rights import Right
from townhall.clock import now
from townhall.jobs.models import Job, State
from townhall.jobs.operations import JobRefused, ask, cancel
from townhall.jobs.packages import KEPT, PACKAGE, file_of
from townhall.script import HANT, SCRIPTS
from townhall.web.desk import Desk
from townhall.web.edge import settings
from townhall.web.guards import acting, held_unit, reader, township
from townhall.web.language import msgid

pages = Blueprint("packages", __name__, url_prefix="/t/<code9:code>/packages")

RECENT = 20
# Words, the look of the mark and its sign: a state is never told by colour alone.
STATES = {
    State.WAITING: (msgid("等待中"), "open", "clock"),
    State.RUNNING: (msgid("製作中"), "open", "progress"),
    State.DONE: (msgid("已完成"), "complete", "circle-check"),
    State.FAILED: (msgid("失敗"), "fault", "alert-triangle"),
    State.CANCELLED: (msgid("已取消"), "closed", "x"),
}
ASKED, CANCELLED = msgid("已提交，完成後可在本頁下載。"), msgid("已取消。")


@pages.get("")
@township(Right.PRINT)
def show(desk: Desk) -> ResponseReturnValue:
    """The packages that the reader may see, newest first; refreshed while one is being made."""
    return _page(desk, "")


@pages.post("")
@township(Right.PRINT)
def order(desk: Desk) -> ResponseReturnValue:
    """Ask for a package in one script; who asks twice is shown the one that is being made."""
    kinds, post = current_app.extensions["townhall.jobs"], current_app.extensions["townhall.post"]
    parameters = {"script": request.form.get("script") or abort(400)}
    try:
        job = ask(desk.session, acting(), kinds, desk.unit.code, PACKAGE, parameters)
    except JobRefused as refusal:
        desk.session.rollback()
        return _page(desk, str(refusal)), 422
    post.announce(desk.session, job)
    return _back(desk, ASKED)


@pages.post("/<key>/cancel")
@township(Right.PRINT)
def call_off(desk: Desk, key: str) -> ResponseReturnValue:
    """Cancel a package; one that was finished meanwhile stays."""
    try:
        cancel(desk.session, acting(), _found(desk, key))
    except JobRefused as refusal:
        desk.session.rollback()
        return _page(desk, str(refusal)), 422
    return _back(desk, CANCELLED)


@pages.get("/<key>/file.zip")
@township(Right.PRINT)
def fetch(desk: Desk, key: str) -> ResponseReturnValue:
    """The finished package, for whoever sees it in the list."""
    job = _found(desk, key)
    path = file_of(settings(), job, now()) or abort(404)
    answer = send_file(path, "application/zip", True, job.result["name"])
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def _page(desk: Desk, refusal: str) -> str:
    jobs = _jobs(desk)
    files = {job.key: file_of(settings(), job, now()) for job in jobs}
    page = {"jobs": jobs, "files": files, "refusal": refusal, "states": STATES, "kept": KEPT.days}
    return render_template("packages.html", desk=desk, scripts=SCRIPTS, traditional=HANT, **page)


def _jobs(desk: Desk) -> list[Job]:
    wanted = select(Job).filter_by(unit_id=desk.unit.code, kind=PACKAGE).order_by(Job.asked_at.desc())
    if held_unit().code != desk.unit.code:
        wanted = wanted.filter_by(login=reader().login)
    return list(desk.session.scalars(wanted.limit(RECENT)))


def _shown(desk: Desk, job: Job) -> bool:
    """Whether a package is the reader's own, or the reader is one of that centre's people."""
    return job.login == reader().login or held_unit().code == desk.unit.code


def _found(desk: Desk, key: str) -> Job:
    """A package by its key, or 404, the same for one that is somebody else's and one that does not exist."""
    job = desk.session.get(Job, (desk.unit.code, key[:32]))
    return job if job is not None and job.kind == PACKAGE and _shown(desk, job) else abort(404)


def _back(desk: Desk, words: str) -> ResponseReturnValue:
    flash(words)
    return redirect(url_for("packages.show", code=desk.code), 303)
