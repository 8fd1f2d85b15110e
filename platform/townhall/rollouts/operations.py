"""Verbs on rollouts: begin, open a wave, halt, resume, end before the end. They write and flush; the edge commits."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from provisioning.waves import Wave, WavesInvalid, assign
from townhall.audit.act import Act
from townhall.audit.operations import record
from townhall.centres.models import Centre
from townhall.rollouts.models import OPEN, Progress, Rollout, RolloutCentre, RolloutState
from townhall.rollouts.publication import open_rollout
from townhall.rollouts.simulation import in_scope
from townhall.standards.models import Release, Status
from townhall.standards.operations import pack_of
from townhall.units.operations import full_code


class RolloutRefused(ValueError):
    """What cannot be done with a rollout now; `faults` are Chinese sentences."""

    def __init__(self, *faults: str) -> None:
        self.faults = faults
        super().__init__("；".join(faults))


@dataclass(frozen=True, slots=True)
class Limits:
    """When a rollout halts (rule J3): more failed centres than `failed`, a centre with more open conflicts than `open`."""

    failed: int = 0
    open: int = 20


def start(
    session: Session,
    release: Release,
    waves: Sequence[Wave],
    limits: Limits,
    *,
    act: Act,
    force: str = "",
) -> Rollout:
    """Begin a rollout of a published release; which centre is in which wave is settled now (rules J1, J4).

    Raises `RolloutRefused` for what is not published, for a pack with a rollout that has not ended (rule J5), and
    for waves that do not share out the fleet.
    """
    _refuse_unfit(session, release, limits)
    units = {unit.code: unit.name for unit in session.scalars(in_scope(release.pack))}
    if not units:
        raise RolloutRefused("還沒有中心可以推行")
    try:
        chosen = assign(waves, units)
    except WavesInvalid as invalid:
        raise RolloutRefused(*invalid.faults) from invalid
    made = Rollout(
        release_id=release.id,
        prefecture_code=full_code(pack_of(release).header.prefecture.code),
        state=RolloutState.RUNNING.value,
        wave=0,
        waves=[{**asdict(wave), "selectors": list(wave.selectors)} for wave in waves],
        max_failed=limits.failed,
        max_open=limits.open,
        force=force.strip(),
        message="",
        actor=act.author,
        started_at=act.moment,
    )
    session.add(made)
    session.flush()
    session.add_all(_waiting(made, code, wave) for code, wave in chosen.items())
    session.flush()
    _record(session, act, made, "rollout.begin", {"waves": made.waves, "centres": len(units)})
    return made


def _refuse_unfit(session: Session, release: Release, limits: Limits) -> None:
    if release.status != Status.PUBLISHED:
        raise RolloutRefused(f"第 {release.number} 版尚未發布，不能推行")
    if open_rollout(session, release.pack) is not None:
        raise RolloutRefused("上一次推行還沒有結束，請先完成，或明確予以取代")
    if min(limits.failed, limits.open) < 0:
        raise RolloutRefused("限額不能是負數")


def _waiting(rollout: Rollout, code: str, wave: int) -> RolloutCentre:
    return RolloutCentre(
        unit_id=code,
        rollout_id=rollout.id,
        wave=wave,
        progress=Progress.WAITING.value,
        opened=0,
        reason="",
    )


def open_next(session: Session, rollout: Rollout, *, act: Act) -> bool:
    """Open the next wave, or complete the rollout after the last; gives whether a wave was opened.

    Raises `RolloutRefused` while the open wave is not through: every centre of it at an end, and those that were
    brought on confirmed to be at this release by their own rows (rule J2).
    """
    locked(session, rollout)
    if rollout.state != RolloutState.RUNNING:
        raise RolloutRefused(_not_running(rollout))
    if (fault := wave_fault(session, rollout)) is not None:
        raise RolloutRefused(fault)
    if rollout.wave == len(rollout.waves):
        _end(session, rollout, RolloutState.COMPLETED, act, "rollout.complete")
        return False
    rollout.wave += 1
    session.flush()
    _record(session, act, rollout, "rollout.open_wave", {"wave": rollout.wave})
    return True


def _not_running(rollout: Rollout) -> str:
    if rollout.state == RolloutState.HALTED:
        return f"推行已停下：{rollout.message}"
    return "這次推行已經結束"


def wave_fault(session: Session, rollout: Rollout) -> str | None:
    """Why the open wave is not through, in Chinese, or None."""
    ends = Counter(line.progress for line in _lines(session, rollout))
    if waiting := ends[Progress.WAITING]:
        return f"第 {rollout.wave} 批還有 {waiting} 個中心未處理"
    if back := ends[Progress.TAKEN_BACK]:
        return f"第 {rollout.wave} 批有 {back} 個中心已回滾"
    if unconfirmed := _unconfirmed(session, rollout):
        return f"第 {rollout.wave} 批有 {unconfirmed} 個中心的數據沒有到達這一版"
    return halt_reason(session, rollout)


def _lines(session: Session, rollout: Rollout) -> Sequence[RolloutCentre]:
    chosen = select(RolloutCentre).filter_by(rollout_id=rollout.id, wave=rollout.wave)
    return session.scalars(chosen).all()


def _unconfirmed(session: Session, rollout: Rollout) -> int:
    """How many centres count as brought on whose own rows say otherwise."""
    target = session.get_one(Release, rollout.release_id).number
    applied = (
        select(func.count())
        .select_from(RolloutCentre)
        .join(Centre, Centre.unit_id == RolloutCentre.unit_id)
        .join(Release, Release.id == Centre.release_id)
        .where(
            RolloutCentre.rollout_id == rollout.id,
            RolloutCentre.wave == rollout.wave,
            RolloutCentre.progress == Progress.APPLIED.value,
            Release.number < target,
        )
    )
    return session.scalar(applied) or 0


def halt_reason(session: Session, rollout: Rollout) -> str | None:
    """Why a rollout must halt by its limits, in Chinese, or None (rule J3)."""
    lines = select(RolloutCentre).filter_by(rollout_id=rollout.id).subquery()
    failed = select(func.count()).where(lines.c.progress == Progress.FAILED.value)
    found = session.scalar(failed) or 0
    if found > rollout.max_failed:
        return f"失敗的中心有 {found} 個，超過限額 {rollout.max_failed} 個"
    crowded = session.scalar(
        select(func.max(lines.c.opened)).where(lines.c.progress == Progress.APPLIED.value)
    )
    if crowded and crowded > rollout.max_open:
        return f"有中心的待決分歧達 {crowded} 處，超過限額 {rollout.max_open} 處"
    return None


def halt(session: Session, rollout: Rollout, reason: str, *, act: Act) -> None:
    """Stop a rollout where it is; what was applied stays. A rollout that does not run is left as it is."""
    locked(session, rollout)
    if rollout.state != RolloutState.RUNNING:
        return
    rollout.state, rollout.message = RolloutState.HALTED.value, reason
    session.flush()
    _record(session, act.because(reason), rollout, "rollout.halt", {"wave": rollout.wave})


def resume(
    session: Session, rollout: Rollout, *, act: Act, again: bool = False, limits: Limits | None = None
) -> None:
    """Let a halted rollout go on. `again` puts what failed or was taken back in line once more.

    Raises `RolloutRefused` without a reason, and where the limits would halt it at once.
    """
    locked(session, rollout)
    if rollout.state != RolloutState.HALTED:
        raise RolloutRefused("只有停下的推行可以恢復")
    if not act.reason.strip():
        raise RolloutRefused("恢復推行須寫明理由")
    if limits is not None:
        rollout.max_failed, rollout.max_open = limits.failed, limits.open
    if again:
        _again(session, rollout)
    if (reason := halt_reason(session, rollout)) is not None:
        raise RolloutRefused(f"{reason}；請先處理、重試，或調整限額")
    rollout.state, rollout.message = RolloutState.RUNNING.value, ""
    session.flush()
    facts = {"again": again, "max_failed": rollout.max_failed, "max_open": rollout.max_open}
    _record(session, act, rollout, "rollout.resume", facts)


def _again(session: Session, rollout: Rollout) -> None:
    ended_badly = [Progress.FAILED.value, Progress.TAKEN_BACK.value]
    here = (RolloutCentre.rollout_id == rollout.id) & RolloutCentre.progress.in_(ended_badly)
    values = {"progress": Progress.WAITING.value, "revision": None, "reason": "", "opened": 0}
    session.execute(update(RolloutCentre).where(here).values(values))
    session.flush()


def supersede(session: Session, rollout: Rollout, *, act: Act) -> None:
    """End a rollout before its end, so that another can begin (rule J5). Raises `RolloutRefused` without a reason."""
    locked(session, rollout)
    if rollout.state not in OPEN:
        raise RolloutRefused("這次推行已經結束")
    if not act.reason.strip():
        raise RolloutRefused("提前結束推行須寫明理由")
    rollout.message = act.reason
    _end(session, rollout, RolloutState.SUPERSEDED, act, "rollout.supersede")


def _end(session: Session, rollout: Rollout, state: RolloutState, act: Act, action: str) -> None:
    rollout.state, rollout.ended_at = state.value, act.moment
    session.flush()
    _record(session, act, rollout, action, {"wave": rollout.wave})


def locked(session: Session, rollout: Rollout) -> None:
    """Hold a rollout for this transaction, and see it as it is now."""
    session.get_one(Rollout, rollout.id, with_for_update=True, populate_existing=True)


def _record(session: Session, act: Act, rollout: Rollout, action: str, facts: Mapping[str, object]) -> None:
    basis = {"release": session.get_one(Release, rollout.release_id).content_hash, **facts}
    record(session, act, rollout.prefecture_code, action, path=f"rollout/{rollout.id}", basis=basis)
