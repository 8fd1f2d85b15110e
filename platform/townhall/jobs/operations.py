"""Verbs on jobs: ask, take, report, finish, fail, cancel. They write and flush; the edge commits.

The row alone says who may do what to a job: every verb is one update that names the state, and for a worker also
the taking, that it starts from. So a job has its effect once, whatever carries the news of it and however often.
"""

import datetime as dt
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, and_, func, literal, or_, select, update
from sqlalchemy.orm import Session

from townhall.audit.act import HOST_STAFF, Act
from townhall.audit.operations import record
from townhall.database import Moment
from townhall.jobs.kinds import Kind
from townhall.jobs.models import OPEN, Job, State
from townhall.units.succession import ended_fault

OPEN_AT_MOST = 5  # jobs of one unit that wait or run
UNNOTICED = dt.timedelta(minutes=1)  # how long a job may wait while no worker does anything
STAFF = "後台任務"  # who ends a job, in the audit

TOO_MANY = "本單位已有多個任務在等待，請等它們完成後再試"
ENDED = "這個任務已經結束"


class JobRefused(ValueError):
    """A job that cannot be asked for or cancelled; the message says why in Chinese."""


class JobLost(RuntimeError):
    """The job is no longer the worker's: cancelled meanwhile, or taken by another after the lease ran out."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A job in the hands of the worker that took it; `attempt` is the number of that taking, `asker` who asked for it."""

    unit_id: str
    key: str
    kind: str
    parameters: Mapping[str, Any]
    attempt: int
    asker: Act

    def act(self, moment: dt.datetime) -> Act:
        """Who does what the job does: the host's staff, tied to the request in which it was asked for."""
        return Act(STAFF, "", HOST_STAFF, "", moment, correlation=self.asker.correlation)

    @property
    def path(self) -> str:
        """What the audit calls the job."""
        return f"{self.kind}/{self.key}"


def ask(
    session: Session,
    act: Act,
    kinds: Mapping[str, Kind],
    unit_id: str,
    kind: str,
    parameters: Mapping[str, Any],
) -> Job:
    """Ask for a job. Raises `JobRefused`; who asks again for what still waits or runs is given that one."""
    if fault := ended_fault(session, unit_id) or kinds[kind].fault(parameters):
        raise JobRefused(fault)
    standing = session.scalars(select(Job).where(Job.unit_id == unit_id, Job.state.in_(OPEN))).all()
    same = (one for one in standing if (one.kind, one.login, one.parameters) == (kind, act.login, parameters))
    if (found := next(same, None)) is not None:
        return found
    if len(standing) >= OPEN_AT_MOST:
        raise JobRefused(TOO_MANY)
    made = _made(act, unit_id, kind, parameters)
    session.add(made)
    session.flush()
    record(session, act, unit_id, "job.ask", path=f"{kind}/{made.key}", basis=dict(parameters))
    return made


def _made(act: Act, unit_id: str, kind: str, parameters: Mapping[str, Any]) -> Job:
    asker = {"login": act.login, "name": act.name, "role": act.role, "held": act.held}
    return Job(
        unit_id=unit_id,
        key=secrets.token_hex(16),
        kind=kind,
        parameters=dict(parameters),
        state=State.WAITING.value,
        done=0,
        total=0,
        message="",
        result={},
        **asker,
        correlation=act.correlation,
        attempts=0,
        asked_at=act.moment,
    )


def due(session: Session, moment: dt.datetime, limit: int) -> list[tuple[str, str]]:
    """Unit and key of the jobs within the session's scope that anybody may take, oldest first."""
    wanted = select(Job.unit_id, Job.key).where(_free(moment)).order_by(Job.asked_at, Job.key)
    return [(row.unit_id, row.key) for row in session.execute(wanted.limit(limit))]


@dataclass(frozen=True, slots=True)
class Backlog:
    """What stands in line. `forsaken` says that some of it has waited too long with no worker at anything."""

    waiting: int
    running: int
    forsaken: bool


def backlog(session: Session, moment: dt.datetime) -> Backlog:
    """How many jobs within the session's scope wait and run."""
    alive = and_(Job.state == State.RUNNING, Job.leased_until >= moment)
    waiting, running = _count(session, _free(moment)), _count(session, alive)
    old = _count(session, and_(_free(moment), Job.asked_at < moment - UNNOTICED))
    return Backlog(waiting, running, forsaken=bool(old) and not running)


def _count(session: Session, which: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(Job).where(which)) or 0


def take(session: Session, unit_id: str, key: str, moment: dt.datetime, lease: dt.timedelta) -> Claim | None:
    """Take a job that waits, or that a dead worker holds, until `moment` + `lease`; None when it is not to be had."""
    values = {
        "state": State.RUNNING.value,
        "attempts": Job.attempts + 1,
        "leased_until": moment + lease,
        "started_at": func.coalesce(Job.started_at, literal(moment, Moment)),
        "done": 0,
        "total": 0,
    }
    if not _changed(session, and_(Job.unit_id == unit_id, Job.key == key, _free(moment)), values):
        return None
    job = session.get_one(Job, (unit_id, key), populate_existing=True)
    asker = Act(job.login, job.name, job.role, job.held, moment, correlation=job.correlation)
    return Claim(unit_id, key, job.kind, dict(job.parameters), job.attempts, asker)


def renew(session: Session, claim: Claim, until: dt.datetime) -> bool:
    """Hold on to a job for longer; False when it is no longer the worker's."""
    return _changed(session, _held(claim), {"leased_until": until})


def report(session: Session, claim: Claim, done: int, total: int) -> bool:
    """Say how far a job has come; False when it is no longer the worker's."""
    return _changed(session, _held(claim), {"done": done, "total": total})


def give_back(session: Session, claim: Claim) -> bool:
    """Let another worker have a job; nothing was done yet that would be done twice."""
    return _changed(session, _held(claim), {"state": State.WAITING.value, "leased_until": None})


def finish(session: Session, claim: Claim, result: Mapping[str, Any], moment: dt.datetime) -> None:
    """Keep what a job made. Raises `JobLost`; then nothing of it may be kept."""
    values = {"done": Job.total, "result": dict(result)}
    _end(session, claim, State.DONE, values, moment)
    record(session, claim.act(moment), claim.unit_id, "job.finish", path=claim.path, basis=dict(result))


def fail(session: Session, claim: Claim, message: str, moment: dt.datetime) -> None:
    """Say in Chinese why a job came to nothing. Raises `JobLost`."""
    _end(session, claim, State.FAILED, {"message": message}, moment)
    act = claim.act(moment).because(message)
    record(session, act, claim.unit_id, "job.fail", path=claim.path)


def cancel(session: Session, act: Act, job: Job) -> None:
    """Call a job off; a worker that is at it stops at its next step. Raises `JobRefused` when it has ended."""
    still_open = and_(Job.unit_id == job.unit_id, Job.key == job.key, Job.state.in_(OPEN))
    if not _changed(session, still_open, _ended(State.CANCELLED, act.moment)):
        raise JobRefused(ENDED)
    session.refresh(job)
    record(session, act, job.unit_id, "job.cancel", path=f"{job.kind}/{job.key}")


def _free(moment: dt.datetime) -> ColumnElement[bool]:
    abandoned = and_(Job.state == State.RUNNING, Job.leased_until < moment)
    return or_(Job.state == State.WAITING, abandoned)


def _held(claim: Claim) -> ColumnElement[bool]:
    same = and_(Job.unit_id == claim.unit_id, Job.key == claim.key)
    return and_(same, Job.state == State.RUNNING, Job.attempts == claim.attempt)


def _ended(state: State, moment: dt.datetime) -> dict[str, Any]:
    return {"state": state.value, "ended_at": moment, "leased_until": None}


def _end(
    session: Session, claim: Claim, state: State, values: Mapping[str, Any], moment: dt.datetime
) -> None:
    if not _changed(session, _held(claim), _ended(state, moment) | dict(values)):
        raise JobLost(f"{claim.path} is no longer held")


def _changed(session: Session, which: ColumnElement[bool], values: Mapping[Any, Any]) -> bool:
    """Whether the one update that decides found its row as it expected it."""
    statement = update(Job).where(which).values(values)
    done = session.execute(statement, execution_options={"synchronize_session": False})
    assert isinstance(done, CursorResult)  # noqa: S101 # nosec B101 # what an update answers
    return done.rowcount == 1
