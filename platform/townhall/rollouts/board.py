"""How far a rollout is: its waves, and its centres one by one. Reads only."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, aliased

from provisioning.waves import Wave
from townhall.centres.models import Centre
from townhall.rollouts.models import Progress, Rollout, RolloutCentre
from townhall.rollouts.simulation import in_scope
from townhall.standards.models import Release
from townhall.units.models import Unit


@dataclass(frozen=True, slots=True)
class WaveState:
    """One wave: its number, what it selects, how many centres are how far, and their open conflicts."""

    number: int
    wave: Wave
    counts: Counter[Progress]
    opened: int

    @property
    def total(self) -> int:
        return self.counts.total()

    @property
    def ended(self) -> int:
        return self.total - self.counts[Progress.WAITING]

    @property
    def percent(self) -> int:
        return 100 * self.ended // self.total if self.total else 0


@dataclass(frozen=True, slots=True)
class Line:
    """One centre of a rollout with its unit and county."""

    unit: Unit
    county: Unit
    centre: RolloutCentre

    @property
    def progress(self) -> Progress:
        return Progress(self.centre.progress)


def waves_of(rollout: Rollout) -> list[Wave]:
    """The waves as they were given."""
    return [Wave(one["name"], tuple(one["selectors"]), one["parallel"]) for one in rollout.waves]


def wave_states(session: Session, rollout: Rollout) -> list[WaveState]:
    """Every wave with its counts."""
    columns = (RolloutCentre.wave, RolloutCentre.progress, func.count(), func.sum(RolloutCentre.opened))
    grouped = (
        select(*columns)
        .where(RolloutCentre.rollout_id == rollout.id)
        .group_by(RolloutCentre.wave, RolloutCentre.progress)
    )
    counts: dict[int, Counter[Progress]] = {}
    opened: Counter[int] = Counter()
    for wave, progress, count, conflicts in session.execute(grouped):
        counts.setdefault(wave, Counter())[Progress(progress)] = count
        opened[wave] += conflicts or 0
    return [
        WaveState(number, wave, counts.get(number, Counter()), opened[number])
        for number, wave in enumerate(waves_of(rollout), 1)
    ]


def lines(session: Session, rollout: Rollout, *where: ColumnElement[bool]) -> Sequence[Line]:
    """The centres of a rollout by wave and code, as far as the session's scope reaches."""
    county = aliased(Unit)
    wanted = (
        select(Unit, county, RolloutCentre)
        .join(RolloutCentre, RolloutCentre.unit_id == Unit.code)
        .join(county, county.code == Unit.parent_code)
        .where(RolloutCentre.rollout_id == rollout.id, *where)
        .order_by(RolloutCentre.wave, Unit.code)
    )
    return [Line(*row) for row in session.execute(wanted)]


def latecomers(session: Session, rollout: Rollout) -> int:
    """Centres that follow the pack, came after the rollout began and are not at its release (rule J4)."""
    release = session.get_one(Release, rollout.release_id)
    chosen = select(RolloutCentre.unit_id).filter_by(rollout_id=rollout.id)
    behind = in_scope(release.pack).where(Unit.code.not_in(chosen), Release.number < release.number)
    return session.scalar(select(func.count()).select_from(behind.subquery())) or 0


def behind(session: Session, release: Release) -> int:
    """How many centres that follow the pack are at an earlier release."""
    chosen = in_scope(release.pack).where(Release.number < release.number)
    return session.scalar(select(func.count()).select_from(chosen.subquery())) or 0


def at_release(session: Session, release: Release) -> int:
    """How many centres are pinned to a release."""
    here = select(func.count()).select_from(Centre).where(Centre.release_id == release.id)
    return session.scalar(here) or 0


def newest_rollout(session: Session, release: Release) -> Rollout | None:
    """The newest rollout of a release, ended or not."""
    chosen = select(Rollout).filter_by(release_id=release.id).order_by(Rollout.id.desc())
    return session.scalars(chosen.limit(1)).first()
