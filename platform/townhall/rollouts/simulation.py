"""What a release would mean for every centre, computed without writing to any (rules J6, J7)."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, insert, or_, select
from sqlalchemy.orm import Session, sessionmaker

from provisioning.plan import Plan, Reason
from provisioning.tree import written
from townhall.audit.act import Act
from townhall.centres.apply import Standard, plan_for, standard_for
from townhall.centres.models import Centre
from townhall.centres.standing import Standing, standings
from townhall.centres.status import Status
from townhall.clock import now
from townhall.rollouts.models import SimulatedCentre, Simulation
from townhall.standards.models import CountyOverlay, Release
from townhall.standards.operations import newest_overlays
from townhall.units.models import Unit

_GONE = (Status.ARCHIVED.value, Status.ENDED.value)
READ_AT_ONCE = 100  # centres in memory at one time

# What a township keeps of its own says nothing about the release.
_OF_THE_TOWNSHIP = frozenset({Reason.LOCAL_KEPT, Reason.LOCAL_ORDER_KEPT, Reason.LOCAL_REMOVAL_KEPT})

SessionMaker = sessionmaker[Session]
Places = defaultdict[str, Counter[str]]


def in_scope(pack_id: str) -> Select[Unit]:
    """The townships whose centres follow a pack and are neither archived nor ended, by code."""
    return (
        select(Unit)
        .join(Centre, Centre.unit_id == Unit.code)
        .join(Release, Release.id == Centre.release_id)
        .where(Release.pack == pack_id, Centre.status.not_in(_GONE))
        .order_by(Unit.code)
    )


def size(session: Session, pack_id: str) -> int:
    """How many centres a release of a pack is about."""
    return session.scalar(select(func.count()).select_from(in_scope(pack_id).subquery())) or 0


def simulate(
    readers: SessionMaker,
    sessions: SessionMaker,
    release_id: int,
    *,
    act: Act,
    advance: Callable[[int, int], None] = lambda _done, _total: None,
) -> int:
    """Plan a release for every centre and keep what comes of it in place of an earlier simulation; gives its id.

    Reads and plans `READ_AT_ONCE` centres at a time, so that memory does not grow with the fleet, and keeps nobody
    from writing meanwhile. What goes wrong with one centre is said in its line. `advance` is given the centres done
    and all.
    """
    simulation_id, total = _begun(sessions, release_id, act)
    places: Places = defaultdict(Counter)
    with readers() as session:
        release = session.get_one(Release, release_id)
        overlays = newest_overlays(session, release)
        done = 0
        for group in groups(session, release.pack):
            lines = _lines(session, group, release, overlays, places)
            _keep(sessions, simulation_id, lines)
            done += len(group)
            advance(done, total)
    with sessions.begin() as session:
        simulation = session.get_one(Simulation, simulation_id)
        simulation.ended_at, simulation.places = (
            now(),
            {place: dict(counts) for place, counts in places.items()},
        )
    return simulation_id


def _begun(sessions: SessionMaker, release_id: int, act: Act) -> tuple[int, int]:
    with sessions.begin() as session:
        release = session.get_one(Release, release_id)
        earlier = session.scalars(select(Simulation).filter_by(release_id=release_id)).one_or_none()
        if earlier is not None:
            session.execute(delete(SimulatedCentre).where(SimulatedCentre.simulation_id == earlier.id))
            session.delete(earlier)
            session.flush()
        made = Simulation(
            release_id=release_id,
            content_hash=release.content_hash,
            total=size(session, release.pack),
            places={},
            actor=act.author,
            started_at=act.moment,
        )
        session.add(made)
        session.flush()
        return made.id, made.total


def groups(session: Session, pack_id: str) -> Iterator[list[Unit]]:
    """The townships of a pack a part at a time; what was read before is let go."""
    reached = ""
    while part := session.scalars(in_scope(pack_id).where(Unit.code > reached).limit(READ_AT_ONCE)).all():
        reached = part[-1].code
        yield list(part)
        for unit in part:
            session.expunge(unit)


def _lines(
    session: Session,
    group: Sequence[Unit],
    release: Release,
    overlays: dict[str, CountyOverlay],
    places: Places,
) -> list[dict[str, Any]]:
    there = _read(session, group)
    return [
        _line(session, unit, there.get(unit.code), standard_for(unit, release, overlays), places)
        for unit in group
    ]


def _read(session: Session, group: Sequence[Unit]) -> dict[str, Standing]:
    """Where a group stands, read at once; when one of them cannot be read, each is read by itself later."""
    try:
        return standings(session, group)
    except Exception:  # noqa: BLE001 - said in the line of the centre that it is about
        session.rollback()
        return {}


def _line(
    session: Session, unit: Unit, stands: Standing | None, standard: Standard, places: Places
) -> dict[str, Any]:
    overlay = standard.overlay.id if standard.overlay else None
    line: dict[str, Any] = {"unit_id": unit.code, "revision": 0, "overlay_id": overlay}
    try:
        stands = stands or standings(session, [unit])[unit.code]
        plan = plan_for(unit, stands, standard)
        _count(plan, places)
        return {**line, "revision": stands.revision, **told(plan), "fault": None}
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one centre is that centre's (rule J7)
        nothing: dict[str, Any] = {"plan_hash": None, "counts": {}, "findings": [], "guard": []}
        return {**line, **nothing, "fault": f"{type(error).__name__}：{error}"[:500]}


def _count(plan: Plan, places: Places) -> None:
    for action in plan.changes.actions:
        if action.reason not in _OF_THE_TOWNSHIP:
            places[written(action.path)][action.reason.value] += 1


def told(plan: Plan) -> dict[str, Any]:
    """What is kept of a plan: its hash, its actions by reason, what blocks it, and what it needs a reason for."""
    errors = sorted({found.reason.value for found in plan.errors if not found.known})
    return {
        "plan_hash": plan.hash,
        "counts": dict(sorted(Counter(action.reason.value for action in plan.changes.actions).items())),
        "findings": errors,
        "guard": list(plan.changes.guard),
    }


def _keep(sessions: SessionMaker, simulation_id: int, lines: list[dict[str, Any]]) -> None:
    rows = [{**line, "simulation_id": simulation_id} for line in lines]
    with sessions.begin() as session:
        session.execute(insert(SimulatedCentre), rows)


def simulation_of(session: Session, release: Release) -> Simulation | None:
    """The newest simulation of a release, finished or not."""
    return session.scalars(select(Simulation).filter_by(release_id=release.id)).one_or_none()


def staleness(session: Session, release: Release) -> str | None:
    """Why the simulation of a release says nothing any more, in Chinese; None when it still holds (rule J6)."""
    found = simulation_of(session, release)
    if found is None:
        return "尚未模擬"
    if found.ended_at is None:
        return "模擬沒有完成"
    if found.content_hash != release.content_hash:
        return "草案在模擬之後有改動"
    if moved := _moved(session, release, found):
        return f"模擬之後有 {moved} 個中心有變動"
    return None


def _moved(session: Session, release: Release, simulation: Simulation) -> int:
    """How many centres are no longer as they were simulated, or came after it."""
    units = in_scope(release.pack).with_only_columns(
        Unit.parent_code, SimulatedCentre.overlay_id, _changed().label("changed")
    )
    here = (SimulatedCentre.unit_id == Unit.code) & (SimulatedCentre.simulation_id == simulation.id)
    newest = {county: overlay.id for county, overlay in newest_overlays(session, release).items()}
    rows = session.execute(units.outerjoin(SimulatedCentre, here))
    return sum(row.changed or row.overlay_id != newest.get(row.parent_code or "") for row in rows)


def _changed() -> ColumnElement[bool]:
    return or_(SimulatedCentre.revision.is_(None), SimulatedCentre.revision != Centre.revision)


def foreseen(session: Session, release: Release) -> frozenset[str]:
    """The reasons of blocking findings that the simulation of a release met anywhere."""
    found = simulation_of(session, release)
    if found is None:
        return frozenset()
    lines = session.scalars(select(SimulatedCentre.findings).filter_by(simulation_id=found.id))
    return frozenset(reason for line in lines for reason in line)
