"""Bringing the centres of a wave on, and taking a wave back: one transaction a centre (rules I2, J3, J7, M1).

Killed at any moment and started again it goes on where it was: what a centre was brought to and the line that says
so are written together.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from townhall.audit.act import Act
from townhall.centres.apply import PlanRefused, Standard, plan_unit, standard_for
from townhall.centres.models import Centre, Question
from townhall.centres.rollback import roll_back
from townhall.centres.ruling import bring_on
from townhall.centres.status import closed as closed_centre
from townhall.rollouts.models import Progress, Rollout, RolloutCentre, RolloutState
from townhall.rollouts.operations import RolloutRefused, halt, halt_reason, open_next
from townhall.rollouts.simulation import foreseen
from townhall.standards.models import Release
from townhall.standards.operations import newest_overlays
from townhall.units.models import Unit

SessionMaker = sessionmaker[Session]


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one centre: its name and code, how it ended, and why where there is something to say."""

    unit: Unit
    progress: Progress
    reason: str = ""


Advance = Callable[[Told], None]


def run(
    sessions: SessionMaker,
    rollout_id: int,
    *,
    act: Act,
    through: int | None = None,
    advance: Advance = lambda _told: None,
) -> RolloutState:
    """Bring on the open wave and those after it up to number `through` (all of them by default); gives the state.

    A wave is opened only when the one before it is through (rule J2). Ends when the rollout halts.
    """
    while _open(sessions, rollout_id, act, through):
        run_wave(sessions, rollout_id, act=act, advance=advance)
    with sessions() as session:
        return RolloutState(session.get_one(Rollout, rollout_id).state)


def _open(sessions: SessionMaker, rollout_id: int, act: Act, through: int | None) -> bool:
    """Whether there is a wave to bring on: the open one while it has centres waiting, or the next."""
    with sessions.begin() as session:
        rollout = session.get_one(Rollout, rollout_id)
        last = len(rollout.waves) if through is None else through
        if rollout.state != RolloutState.RUNNING:
            return False
        if rollout.wave and _waiting(session, rollout):
            return True
        try:
            # The last wave asked for may end the rollout, but opens no further one.
            return (rollout.wave < last or rollout.wave == len(rollout.waves)) and open_next(
                session, rollout, act=act
            )
        except RolloutRefused as refusal:
            halt(session, rollout, str(refusal), act=act)
            return False


def run_wave(
    sessions: SessionMaker, rollout_id: int, *, act: Act, advance: Advance = lambda _told: None
) -> None:
    """Bring on what waits in the open wave, so many centres at one time as the wave says."""
    with sessions() as session:
        rollout = session.get_one(Rollout, rollout_id)
        release = session.get_one(Release, rollout.release_id)
        codes, parallel = _waiting(session, rollout), _parallel(rollout)
        known = foreseen(session, release)

    def one(code: str) -> Told | None:
        return _bring_on(sessions, rollout_id, code, act, known)

    for told in _results(one, codes, parallel):
        if told is not None:
            advance(told)


def _results(one: Callable[[str], Told | None], codes: list[str], parallel: int) -> Iterator[Told | None]:
    if parallel == 1:
        yield from map(one, codes)
        return
    with ThreadPoolExecutor(parallel) as pool:
        yield from pool.map(one, codes)


def _waiting(session: Session, rollout: Rollout) -> list[str]:
    chosen = select(RolloutCentre.unit_id).filter_by(
        rollout_id=rollout.id, wave=rollout.wave, progress=Progress.WAITING.value
    )
    return list(session.scalars(chosen.order_by(RolloutCentre.unit_id)))


def _parallel(rollout: Rollout) -> int:
    return int(rollout.waves[rollout.wave - 1]["parallel"]) if rollout.wave else 1


def _bring_on(
    sessions: SessionMaker, rollout_id: int, code: str, act: Act, known: frozenset[str]
) -> Told | None:
    """One centre; None when the rollout does not run any more, or somebody else was faster."""
    with sessions() as session:
        rollout, line = _line(session, rollout_id, code)
        if rollout.state != RolloutState.RUNNING or line.progress != Progress.WAITING:
            return None
        unit = session.get_one(Unit, code)
        told = _applied(session, rollout, line, unit, act, known)
        session.commit()
        _halt_by_limits(session, rollout, act)
        return told


def _line(session: Session, rollout_id: int, code: str) -> tuple[Rollout, RolloutCentre]:
    line = session.get_one(RolloutCentre, (code, rollout_id), with_for_update=True, populate_existing=True)
    return session.get_one(Rollout, rollout_id, populate_existing=True), line


def _applied(
    session: Session, rollout: Rollout, line: RolloutCentre, unit: Unit, act: Act, known: frozenset[str]
) -> Told:
    """Plan and apply in one transaction with the line that says so; what is refused leaves only the line."""
    centre = session.get_one(Centre, unit.code)
    if (reason := closed_centre(centre)) is not None:
        return _ended(session, rollout, unit, Progress.SKIPPED, reason, act)
    release = session.get_one(Release, rollout.release_id)
    standard = standard_for(unit, release, newest_overlays(session, release))
    try:
        plan, outcome = bring_on(session, unit, standard, act=act, force=rollout.force)
    except PlanRefused as refusal:
        session.rollback()
        return _failed(session, rollout, unit, standard, str(refusal), act, known)
    except DBAPIError as error:
        session.rollback()
        return _ended(session, rollout, unit, Progress.FAILED, f"資料庫未能寫入（{error.orig}）", act)
    line.progress, line.at = Progress.APPLIED.value, act.moment
    # What rules decided right after it are revisions of their own, and stay when the wave is taken back.
    line.revision = outcome.revision if outcome.written else None
    line.opened = session.scalar(select(func.count()).select_from(Question).filter_by(unit_id=unit.code)) or 0
    return Told(unit, Progress.APPLIED, f"待決分歧 {line.opened} 處" if plan.changes.conflicts else "")


def _failed(
    session: Session,
    rollout: Rollout,
    unit: Unit,
    standard: Standard,
    reason: str,
    act: Act,
    known: frozenset[str],
) -> Told:
    """A centre that could not be brought on; a sort of fault that nobody foresaw halts the rollout (rule J3)."""
    found = {one.reason.value for one in plan_unit(session, unit, standard).errors}
    told = _ended(session, rollout, unit, Progress.FAILED, reason, act)
    if found - known:
        halt(session, rollout, f"{unit.name}出現模擬時沒有的問題：{reason}", act=act)
    return told


def _ended(session: Session, rollout: Rollout, unit: Unit, progress: Progress, reason: str, act: Act) -> Told:
    line = session.get_one(RolloutCentre, (unit.code, rollout.id), populate_existing=True)
    line.progress, line.reason, line.at = progress.value, reason, act.moment
    session.flush()
    return Told(unit, progress, reason)


def _halt_by_limits(session: Session, rollout: Rollout, act: Act) -> None:
    if (reason := halt_reason(session, rollout)) is not None:
        halt(session, rollout, reason, act=act)
    session.commit()


def take_back(
    sessions: SessionMaker,
    rollout_id: int,
    wave: int,
    *,
    act: Act,
    advance: Advance = lambda _told: None,
) -> None:
    """Take a wave back: every revision that the rollout made in it is rolled back, later local edits stay (rule M1).

    The rollout halts first. A centre that had the release before the rollout is left as it is. Raises
    `RolloutRefused` without a reason, or for a wave that was never opened.
    """
    with sessions.begin() as session:
        rollout = session.get_one(Rollout, rollout_id)
        _refuse_taking_back(rollout, wave, act)
        halt(session, rollout, f"第 {wave} 批正在回滾：{act.reason}", act=act)
        codes = session.scalars(_brought_on(rollout, wave)).all()
    for code in codes:
        with sessions.begin() as session:
            told = _taken_back(session, rollout_id, code, act)
        advance(told)


def _refuse_taking_back(rollout: Rollout, wave: int, act: Act) -> None:
    if not 1 <= wave <= rollout.wave:
        raise RolloutRefused(f"第 {wave} 批還沒有開始，無可回滾")
    if not act.reason.strip():
        raise RolloutRefused("回滾須寫明理由")
    if rollout.state == RolloutState.SUPERSEDED:
        raise RolloutRefused("這次推行已被取代，請逐個中心回滾")


def _brought_on(rollout: Rollout, wave: int) -> Any:
    chosen = select(RolloutCentre.unit_id).filter_by(
        rollout_id=rollout.id, wave=wave, progress=Progress.APPLIED.value
    )
    return chosen.where(RolloutCentre.revision.is_not(None)).order_by(RolloutCentre.unit_id)


def _taken_back(session: Session, rollout_id: int, code: str, act: Act) -> Told:
    rollout, line = _line(session, rollout_id, code)
    unit = session.get_one(Unit, code)
    if line.progress != Progress.APPLIED or line.revision is None:
        return Told(unit, Progress(line.progress), line.reason)
    try:
        roll_back(session, unit, line.revision, act=act)
    except PlanRefused as refusal:
        session.rollback()
        return Told(unit, Progress.APPLIED, str(refusal))
    return _ended(session, rollout, unit, Progress.TAKEN_BACK, act.reason, act)
