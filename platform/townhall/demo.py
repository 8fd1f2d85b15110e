"""The demonstration: the real prefecture's 140 townships with plainly fictional local facts."""

from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import track
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

import tenant_templates
from provisioning.load import load_overlay, load_pack
from provisioning.specs import CentreSpec, Pack
from provisioning.specs.centre import required
from townhall.accounts.demonstration import LOGINS
from townhall.accounts.models import User
from townhall.accounts.operations import create_user
from townhall.audit.act import host_act
from townhall.centres import demonstration
from townhall.centres.edit import Edit, edit_centre
from townhall.centres.models import Centre, Revision
from townhall.centres.provision import Result, provision
from townhall.centres.rows import require_centre
from townhall.clock import now
from townhall.config import Settings
from townhall.counties.demonstration import follow_withdrawals
from townhall.database import create_engine_for, reading
from townhall.rollouts.demonstration import publish_next, roll_out
from townhall.standards.models import Release
from townhall.standards.operations import newest_overlays, publish_overlay, publish_release
from townhall.tenancy import HOST, scoped
from townhall.units.models import Unit
from townhall.units.operations import ensure_units, full_code
from townhall.units.sheet import read_sheet

PACK = "qianxinan"
ACTOR = "演示數據"


def prepare_demo(settings: Settings, console: Console) -> None:
    """Bring the demonstration to its full state; what is there already is left alone.

    Raises `LookupError` in a home that holds anything else.
    """
    engine = create_engine_for(settings.database_url)
    try:
        sessions = sessionmaker(engine, expire_on_commit=False, info=scoped(HOST))
        units = _fill(sessions, console)
        _roll_out(sessionmaker(reading(engine), info=scoped(HOST)), sessions, units, console)
    finally:
        engine.dispose()


def _fill(sessions: sessionmaker[Session], console: Console) -> list[Unit]:
    """Release 1, its centres, and what they have made of it; gives the townships."""
    folder = tenant_templates.pack_directory(PACK)
    pack = load_pack(folder, PACK)
    sheet = read_sheet(Path(str(folder / "demo" / "townships.csv")))
    with sessions.begin() as session:
        _refuse_real_data(session)
        release = publish_release(session, pack, now())
        units = ensure_units(session, pack.header, sheet.townships, "")
        _publish_overlays(session, pack, release)
        _create_logins(session)
    _provision(sessions, units, release, console)
    _live(sessions, units, console)
    return units


def _roll_out(
    readers: sessionmaker[Session], sessions: sessionmaker[Session], units: list[Unit], console: Console
) -> None:
    """Release 2 goes out to the first county; the last wave is left to whoever looks at the demonstration."""
    pack = load_pack(tenant_templates.pack_directory(tenant_templates.releases(PACK)[1]))
    county = units[0].parent_code
    codes = [unit.code for unit in units if unit.parent_code == county]
    act = host_act(ACTOR, now(), f"推行第 {pack.header.release} 版")
    with console.status("推行第二版"):
        release = publish_next(readers, sessions, pack, act=act)
        if release is None:
            return
        with sessions.begin() as session:
            follow_withdrawals(session, session.get_one(Unit, county), act=act)
        roll_out(sessions, release, codes, act=act)


def _refuse_real_data(session: Session) -> None:
    """Invented facts and published passwords have no place beside centres that somebody else opened."""
    others = select(Revision.unit_id).where(Revision.number == 1, Revision.actor != ACTOR)
    accounts = set(session.scalars(select(User.demonstration)))
    if session.scalar(others.limit(1)) or accounts == {False}:
        raise LookupError("資料目錄中已有實際數據，不能用於演示；請用 TOWNHALL_HOME 另指一個空目錄")


def _publish_overlays(session: Session, pack: Pack, release: Release) -> None:
    for entry in (tenant_templates.pack_directory(PACK) / "demo").iterdir():
        if entry.name.endswith(".yaml"):
            overlay = load_overlay(entry.read_bytes(), entry.name, pack)
            publish_overlay(session, full_code(overlay.county), overlay, now(), release)


def _create_logins(session: Session) -> None:
    present = set(session.scalars(select(User.login)))
    for login in LOGINS:
        if login.login not in present:
            create_user(
                session,
                host_act(ACTOR, now()),
                login=login.login,
                name=login.name,
                role=login.role,
                unit_id=full_code(login.unit_code),
                password=login.password,
                demonstration=True,
            )


def _provision(
    sessions: sessionmaker[Session], units: list[Unit], release: Release, console: Console
) -> None:
    with sessions() as session:
        overlays = newest_overlays(session, release)
    report = provision(sessions, units, release, overlays, act=host_act(ACTOR, now()))
    counts = report.counts
    text = f"鄉鎮 {len(units)} 個：新開通 {counts[Result.CREATED]}，原已開通 {counts[Result.UNCHANGED]}"
    console.print(text, markup=False)


def _live(sessions: sessionmaker[Session], units: list[Unit], console: Console) -> None:
    """Give the fresh centres local facts and changes, so that every state is to be seen.

    A centre gets all of its own in one transaction: what was interrupted is done at the next start.
    """
    with sessions() as session:
        fresh = set(session.scalars(select(Centre.unit_id).where(Centre.revision == 1)))
    chosen = [(place, unit) for place, unit in enumerate(units) if unit.code in fresh]
    for place, unit in track(chosen, "填入演示數據", console=console, transient=True):
        with sessions.begin() as session:
            if place % 3 != 2:
                edits = list(_facts(place, unit, require_centre(session, unit.code)))
                edit_centre(session, unit, edits, seen=None, act=host_act(ACTOR, now(), "填入演示數據"))
            demonstration.tell(session, place, unit, host_act(ACTOR, now()))


def _facts(place: int, unit: Unit, centre: CentreSpec) -> Iterator[Edit]:
    """Plainly fictional: no such numbers, addresses or people exist."""
    number = f"{place + 1:04}"
    yield Edit("profile", None, "hotline", f"0000-{number}001（演示）")
    if place % 3 == 0:
        yield Edit("profile", None, "complaint_phone", f"0000-{number}002（演示）")
        yield Edit("profile", None, "address", f"{unit.name}演示路 1 號（演示）")
        yield Edit("profile", None, "opening_hours", "工作日 9:00—12:00，13:30—17:00（演示）")
        yield Edit("profile", None, "director", "演示人員")
    # Every fifteenth has everything, so that a complete centre is to be seen too.
    owned = len(centre.fixtures) if place % 15 == 0 else (place * 7) % len(centre.fixtures)
    for fixture in centre.fixtures[:owned]:
        yield Edit("fixtures", fixture.key, "on_hand", required(fixture.quantity, centre))
