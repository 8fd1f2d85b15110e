"""The releases of the standard: what each changes, what that means for every centre, its publication and rollout."""

from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from provisioning.waves import REST, parsed
from townhall.accounts.rights import Right
from townhall.approvals.models import Approval, Verdict
from townhall.approvals.operations import ApprovalRefused, decide, propose, withdraw
from townhall.jobs.models import Job
from townhall.jobs.operations import JobRefused, ask
from townhall.jobs.standards import RUN, SIMULATE
from townhall.rollouts import publication
from townhall.rollouts.board import at_release, behind, newest_rollout
from townhall.rollouts.comparison import compare
from townhall.rollouts.matrix import by_county, simulated
from townhall.rollouts.operations import Limits, RolloutRefused, start
from townhall.rollouts.simulation import simulation_of, staleness
from townhall.rollouts.steps import PUBLISH
from townhall.standards.models import CountyOverlay, Release, Status
from townhall.standards.operations import ReleaseRefused, newest_overlay, pack_of
from townhall.tenancy import scope_of
from townhall.units.models import Level, Unit
from townhall.units.operations import full_code
from townhall.web.edge import database
from townhall.web.guards import acting, held_unit, holding, reader, requires
from townhall.web.language import msgid
from townhall.web.life import VERDICTS, kinds

pages = Blueprint("standards", __name__, url_prefix="/standards")

STATES = {
    Status.DRAFT: (msgid("草案"), "open", "edit"),
    Status.PUBLISHED: (msgid("已發布"), "complete", "circle-check"),
    Status.WITHDRAWN: (msgid("已撤回"), "closed", "x"),
}
SIMULATING = msgid("已開始模擬，本頁會顯示進度；模擬不改動任何中心。")
PROPOSED, DECIDED, WITHDRAWN = msgid("已提請審批。"), msgid("審批已記錄。"), msgid("已撤回。")
BEGUN = msgid("推行已開始，第一批正在處理。")


@pages.get("")
@requires(Right.FLEET)
def index() -> ResponseReturnValue:
    """Every release that concerns the reader, the newest first."""
    found = [one for one in database().scalars(select(Release).order_by(Release.number.desc())) if _ours(one)]
    counts = {one.id: at_release(database(), one) for one in found}
    return render_template(
        "standards.html", releases=found, counts=counts, states=STATES, counties=_counties()
    )


def _counties() -> list[tuple[Unit, CountyOverlay | None]]:
    """The counties that the reader oversees, each with the newest overlay that it has published."""
    scope = scope_of(held_unit().code)
    within = select(Unit).where(Unit.level == Level.COUNTY.value, Unit.code.between(scope.first, scope.last))
    counties = database().scalars(within.order_by(Unit.code)).all()
    return [(one, newest_overlay(database(), one.code)) for one in counties]


@pages.get("/<pack>/<int:number>")
@requires(Right.FLEET)
def show(pack: str, number: int) -> ResponseReturnValue:
    """One release beside the one before it."""
    return _page(_found(pack, number))


@pages.post("/<pack>/<int:number>/simulate")
@requires(Right.STANDARD)
def simulate(pack: str, number: int) -> ResponseReturnValue:
    """Ask for a simulation over all centres."""
    release = _found(pack, number)
    try:
        _ask(SIMULATE, {"release": release.id})
    except JobRefused as refusal:
        return _refused(release, str(refusal))
    return _done(release, SIMULATING)


@pages.post("/<pack>/<int:number>/publish")
@requires(Right.STANDARD)
def put(pack: str, number: int) -> ResponseReturnValue:
    """Propose to publish; a second person approves."""
    release = _found(pack, number)
    content = {
        "release": release.id,
        "number": release.number,
        "pack": release.pack,
        "hash": release.content_hash,
        "override": _text("override"),
    }
    try:
        propose(database(), acting(_text("reason")), kinds(), held_unit().code, PUBLISH, content)
    except ApprovalRefused as refusal:
        return _refused(release, str(refusal))
    return _done(release, PROPOSED)


@pages.post("/<pack>/<int:number>/decide")
@requires(Right.STANDARD)
def settle(pack: str, number: int) -> ResponseReturnValue:
    """Approve, return or take back the proposal to publish."""
    release, verdict = _found(pack, number), request.form.get("verdict", "")
    proposal = _proposal(release) or abort(404)
    try:
        if verdict == "withdraw":
            withdraw(database(), acting(), proposal)
        elif verdict in {"approve", "return"}:
            decide(
                database(),
                acting(),
                kinds(),
                proposal,
                approve=verdict == "approve",
                comment=_text("comment"),
            )
        else:
            abort(400)
    except (ApprovalRefused, ReleaseRefused) as refusal:
        return _refused(release, str(refusal))
    return _done(release, DECIDED)


@pages.post("/<pack>/<int:number>/withdraw")
@requires(Right.STANDARD)
def take_off(pack: str, number: int) -> ResponseReturnValue:
    """Withdraw a published release."""
    release = _found(pack, number)
    try:
        publication.withdraw(database(), release, act=acting(_text("reason")))
    except ReleaseRefused as refusal:
        return _refused(release, *refusal.faults)
    return _done(release, WITHDRAWN)


@pages.post("/<pack>/<int:number>/rollout")
@requires(Right.STANDARD)
def roll_out(pack: str, number: int) -> ResponseReturnValue:
    """Begin a rollout, one wave a line, and bring its first wave on."""
    release = _found(pack, number)
    lines = [line.strip() for line in _text("waves").splitlines() if line.strip()]
    waves = [parsed(place, line) for place, line in enumerate(lines, 1)]
    limits = Limits(_number("max_failed", 0), _number("max_open", 20))
    try:
        made = start(database(), release, waves, limits, act=acting(_text("reason")), force=_text("force"))
        _ask(RUN, {"rollout": made.id, "through": 1})
    except (RolloutRefused, JobRefused) as refusal:
        return _refused(release, *getattr(refusal, "faults", [str(refusal)]))
    flash(BEGUN)
    return redirect(url_for("rollouts.show", number=made.id), 303)


def _ask(kind: str, parameters: dict[str, Any]) -> None:
    jobs, post = current_app.extensions["townhall.jobs"], current_app.extensions["townhall.post"]
    post.announce(database(), ask(database(), acting(), jobs, held_unit().code, kind, parameters))


def _ours(release: Release) -> bool:
    """Whether a release is that of the prefecture which the reader belongs to."""
    return scope_of(full_code(pack_of(release).header.prefecture.code)).covers(held_unit().code)


def _found(pack: str, number: int) -> Release:
    """A release by pack and number, or 404, the same for one of another prefecture."""
    found = database().scalars(select(Release).filter_by(pack=pack[:60], number=number)).one_or_none()
    if found is None or not _ours(found):
        abort(404)
    if request.method != "GET" and held_unit().level != Level.PREFECTURE:
        abort(403)
    return found


def _proposal(release: Release) -> Approval | None:
    pending = select(Approval).filter_by(
        unit_id=held_unit().code, kind=PUBLISH, verdict=Verdict.PENDING.value
    )
    found = database().scalars(pending).all()
    return next((one for one in found if one.content.get("release") == release.id), None)


def _job(release: Release) -> Job | None:
    """The simulation of a release that waits or runs, or that came to nothing last."""
    wanted = select(Job).filter_by(unit_id=held_unit().code, kind=SIMULATE).order_by(Job.asked_at.desc())
    newest = next(
        (job for job in database().scalars(wanted.limit(20)) if job.parameters.get("release") == release.id),
        None,
    )
    return newest if newest is not None and (newest.open or newest.state == "failed") else None


def _page(release: Release, *reasons: str) -> str:
    session = database()
    simulation = simulation_of(session, release)
    centres = simulated(session, simulation) if simulation else []
    county = request.args.get("county", "")
    draft = release.status == Status.DRAFT
    proposal = _proposal(release)
    page = {
        "comparison": compare(session, release),
        "simulation": simulation,
        "stale": staleness(session, release) if draft else None,
        "counties": by_county(centres),
        "centres": [one for one in centres if one.county.code[:6] == county] if county else [],
        "county": county,
        "job": _job(release),
        "proposal": proposal,
        "mine": proposal is not None and proposal.proposer == reader().login,
        "rollout": newest_rollout(session, release),
        "behind": behind(session, release),
        "at": at_release(session, release),
        "proposed": _waves(),
    }
    return render_template(
        "standard.html", release=release, reasons=reasons, states=STATES, verdicts=VERDICTS, rest=REST, **page
    )


def _waves() -> str:
    """What the form proposes: the first two townships as a trial, then everything else."""
    held = holding()
    if held is None or held_unit().level != Level.PREFECTURE:
        return ""
    first = select(Unit.code).where(Unit.level == Level.TOWNSHIP.value).order_by(Unit.code).limit(2)
    scope = scope_of(held_unit().code)
    codes = [code[:9] for code in database().scalars(first.where(Unit.code.between(scope.first, scope.last)))]
    return f"試點={','.join(codes)}\n其他={REST}"


def _text(name: str) -> str:
    return request.form.get(name, "").strip()[:4000]


def _number(name: str, default: int) -> int:
    text = request.form.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else default


def _refused(release: Release, *reasons: str) -> ResponseReturnValue:
    """The page as things stand, not as the refused step would have left them."""
    database().rollback()
    return _page(release, *reasons), 422


def _done(release: Release, words: str) -> ResponseReturnValue:
    flash(words)
    return redirect(url_for("standards.show", pack=release.pack, number=release.number), 303)
