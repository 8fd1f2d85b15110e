"""A second release over a fleet that has changed locally: planned, applied, and simulated for a whole country.

Run by `make bench`; `bench_fleet.py 4000 sqlite` takes fewer centres for the simulation, or one database. Ratios are
of one run; the seconds are this machine's, on the clock and of this process, and stand here because the bars name them.

The 140 real townships, five in six with the edits of the demonstration and some of their own, meet release 2 of the
pack. Planning stands beside reading the 140 configurations, a query a table and centre, and nothing else. Applying
stands beside the very writes to the centres' rows, replayed on a twin in one transaction: no plan, no check, no
revision, no audit, no transaction a centre. Bars: all planned in 1 s, all applied in 5 s.

The simulation runs in a process of its own over 4,000 centres and over as many as the country has townships (2020:
41,352): the 140, and invented ones whose centre and revisions are copies of theirs by SQL. A simulation reads nothing
else, so their rows are left out. It stands beside reading and planning each of the 140 by itself. Bar: peak memory at
most 1.2 times as much for ten times the centres.
"""

import gc
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Table, create_engine, event, func, make_url, select, text
from sqlalchemy.orm import Session, sessionmaker

sys.path[:0] = [str(Path(__file__).parents[2] / "platform"), str(Path(__file__).parents[2])]

from provisioning.load import load_pack  # noqa: E402
from provisioning.plan import Reason  # noqa: E402
from provisioning.planning import plan_centre  # noqa: E402
from provisioning.specs import Pack  # noqa: E402
from tests.benchmarks.bench_provision import databases, fresh_host  # noqa: E402
from tests.benchmarks.bench_scale import add_units, invented  # noqa: E402
from tests.fixtures.postgresql import server_account  # noqa: E402
from tests.fixtures.standards import MOMENT, PACK_FOLDER, SECOND_FOLDER  # noqa: E402
from townhall.audit.act import host_act  # noqa: E402
from townhall.centres.apply import pinned, standard_for  # noqa: E402
from townhall.centres.demonstration import STORIES  # noqa: E402
from townhall.centres.edit import Edit, edit_centre  # noqa: E402
from townhall.centres.models import Centre, Question, Revision  # noqa: E402
from townhall.centres.provision import Result, carry_out, plans, provision  # noqa: E402
from townhall.centres.rows import MODELS, read_centre  # noqa: E402
from townhall.database import create_engine_for, reading, table_of  # noqa: E402
from townhall.rollouts.models import SimulatedCentre  # noqa: E402
from townhall.rollouts.simulation import simulate  # noqa: E402
from townhall.standards.models import Release  # noqa: E402
from townhall.standards.operations import publish_release  # noqa: E402
from townhall.tenancy import HOST, scoped  # noqa: E402
from townhall.units.models import Unit  # noqa: E402

REAL, SMALL, COUNTRY = 140, 4_000, 41_352
ROUNDS = 3
PLANNED, APPLIED, MEMORY = 1.0, 5.0, 1.2  # the bars: seconds, seconds, times
ACT, FORCE = host_act("bench", MOMENT, "推行第二版"), "演練"
OWN = list(dict.fromkeys(STORIES.values()))
ROWS = {Centre.__tablename__, *(model.__tablename__ for model in MODELS.values())}

Sessions = sessionmaker[Session]
Write = tuple[str, Any, bool]


def changed(sessions: Sessions, pack: Pack, unit: Unit, place: int) -> None:
    """What a township has made of release 1: a story of the demonstration, and three scopes worded its own way."""
    chance = random.Random(place)  # the same edits in every run
    items = chance.sample([item.key for item in pack.centre.items if item.key.startswith("zhou:")], 3)
    with sessions.begin() as session:
        OWN[place % len(OWN)](session, unit, ACT)
        there = read_centre(session, unit.code)
        present = {item.key for item in there.items} if there else set()
        edits = [
            Edit("items", key, "scope", f"{unit.name}的居民（第 {place} 處）")
            for key in items
            if key in present
        ]
        edit_centre(session, unit, edits, seen=None, act=ACT)


def fleet_on(url: str, pack: Pack) -> tuple[Sessions, list[Unit]]:
    """The 140 at release 1, five in six of them changed, and release 2 published."""
    sessions, units, release = fresh_host(url, pack, REAL)
    provision(sessions, units, release, {}, act=ACT)
    for place, unit in enumerate(units):
        if place % 6:
            changed(sessions, pack, unit, place)
    with sessions.begin() as session:
        publish_release(session, load_pack(SECOND_FOLDER), MOMENT)
    return sessions, units


def newest(session: Session) -> Release:
    return session.scalars(select(Release).order_by(Release.number.desc()).limit(1)).one()


@dataclass(frozen=True)
class Taken:
    """Seconds on the clock and of this process."""

    clock: float
    own: float


def timed(work: Callable[[], Any]) -> tuple[Taken, Any]:
    gc.collect()
    start, own = time.perf_counter(), time.process_time()
    found = work()
    return Taken(time.perf_counter() - start, time.process_time() - own), found


def read_naively(sessions: Sessions, units: list[Unit]) -> list[Any]:
    with sessions() as session:
        return [read_centre(session, unit.code) for unit in units]


def planned(sessions: Sessions, units: list[Unit]) -> list[Any]:
    with sessions() as session:
        return list(plans(session, units, newest(session), {}))


@contextmanager
def writes(engine: Engine) -> Iterator[list[Write]]:
    """The statements that change rows of centres meanwhile, with their values."""
    found: list[Write] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        words = statement.replace('"', " ").split()
        table = words[1] if words[0] == "UPDATE" else words[2] if len(words) > 2 else ""
        if words[0] in {"INSERT", "UPDATE", "DELETE"} and table in ROWS:
            found.append((statement, values, many))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


def replayed(sessions: Sessions, found: list[Write]) -> None:
    """The same statements in one transaction and nothing else."""
    with sessions.begin() as session:
        cursor = session.connection().connection.cursor()
        for statement, values, many in found:
            (cursor.executemany if many else cursor.execute)(statement, values)


def applied(sessions: Sessions, given: list[Any]) -> tuple[Taken, list[Write]]:
    with writes(sessions.kw["bind"]) as found:
        seconds, report = timed(lambda: carry_out(sessions, given, act=ACT, force=FORCE))
    assert report.counts == {Result.UPDATED: REAL}, report.counts
    return seconds, found


def copied(url: str, number: int) -> str:
    """The same database once more, under another name."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        return f"sqlite:///{shutil.copyfile(str(address.database), f'{address.database}.{number}')}"
    import psycopg

    name = f"{address.database}_{number}"
    host = str(address.query["host"])
    with psycopg.connect(host=host, dbname="postgres", user="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {address.database} OWNER townhall".encode())
    return address.set(database=name).render_as_string(hide_password=False)


def opened(url: str) -> Sessions:
    return sessionmaker(create_engine_for(url), expire_on_commit=False, info=scoped(HOST))


@contextmanager
def prepared(kind: str) -> Iterator[Iterator[str]]:
    with tempfile.TemporaryDirectory(prefix="townhall-bench-") as name:
        if kind == "postgresql" and (owner := server_account()):
            shutil.chown(name, **owner)
        with databases(kind, Path(name)) as urls:
            yield urls


def measured(kind: str, pack: Pack, country: int) -> None:
    with prepared(kind) as urls:
        sessions, units = fleet_on(next(urls), pack)
        address = sessions.kw["bind"].url.render_as_string(hide_password=False)
        sessions.kw["bind"].dispose()
        upgraded(kind, address, units)
        simulated_over(kind, copied(address, 0), units, country)


def upgraded(kind: str, address: str, units: list[Unit]) -> None:
    """Planning and applying on copies of one database, a line each."""
    plans_made, readings, applies, bare = [], [], [], []
    for number in range(1, ROUNDS + 1):
        sessions, twin = opened(copied(address, number)), opened(copied(address, -number % 100))
        plan, given = timed(lambda s=sessions: planned(s, units))
        plans_made.append(plan)
        readings.append(timed(lambda s=sessions: read_naively(s, units))[0])
        apply, found = applied(sessions, given)
        applies.append(apply)
        bare.append(timed(lambda t=twin, f=found: replayed(t, f))[0])
        for one in (sessions, twin):
            one.kw["bind"].dispose()
    print(f"{kind:10} {told_of(given)}", flush=True)
    line(kind, "planned", "reading them naively", plans_made, readings, PLANNED)
    line(kind, "applied", f"their bare {len(found)} writes", applies, bare, APPLIED)


def told_of(given: list[Any]) -> str:
    kept = sum(any(one.reason is Reason.LOCAL_KEPT for one in plan.changes.actions) for plan, _, _ in given)
    asked = sum(bool(plan.changes.conflicts) for plan, _, _ in given)
    return f"{REAL} centres; release 2 leaves local changes in {kept} of them and a question in {asked}"


def line(kind: str, deed: str, beside: str, times: list[Taken], base: list[Taken], bar: float) -> None:
    ratios = sorted(one.clock / other.clock for one, other in zip(times, base, strict=True))
    clock, own = (sorted(values)[len(times) // 2] for values in zip(*map(astuple, times), strict=True))
    print(
        f"{kind:10} {deed} {ratios[len(ratios) // 2]:5.2f} × {beside} (median of {len(ratios)}; "
        f"{ratios[0]:.2f}–{ratios[-1]:.2f})   {clock:.2f} s, of this process {own:.2f} s; "
        f"bar {bar:g} s {'held' if clock <= bar else 'NOT HELD'}",
        flush=True,
    )


def simulated_over(kind: str, address: str, units: list[Unit], country: int) -> None:
    """The same database at 4,000 centres and at all of them, simulated by a process of its own each time."""
    sessions = opened(address)
    alone, _ = timed(lambda: one_by_one(sessions, units))
    small = min(SMALL, country // 10)
    peaks = []
    for start, end in ((REAL, small), (small, country)):
        grown(address, [unit.code for unit in units], start - REAL, end - REAL)
        peaks.append(told_simulation(kind, address, sessions, end, alone.clock / len(units)))
    sessions.kw["bind"].dispose()
    ratio = peaks[1] / peaks[0]
    held = "held" if ratio <= MEMORY else "NOT HELD"
    times = country / small
    print(
        f"{kind:10} peak memory {ratio:.2f} × for {times:.1f} × the centres; bar {MEMORY} × {held}",
        flush=True,
    )


def grown(address: str, models: list[str], start: int, end: int) -> None:
    """More centres: copies of the models', past the walls of the database, in townships of invented prefectures."""
    past = make_url(address)
    if past.get_backend_name() == "postgresql":
        past = past.set(username="postgres")
    engine = create_engine(past) if past.get_backend_name() == "postgresql" else create_engine_for(address)
    codes = list(invented(end))
    with engine.begin() as connection:
        known = set(connection.scalars(text("SELECT code FROM unit")))
        add_units(connection, codes[start:], known)
        connection.execute(text("CREATE TABLE addition (added VARCHAR(12) PRIMARY KEY, model VARCHAR(12))"))
        added = enumerate(code for *_, code in codes[start:])
        rows = [{"code": code, "model": models[place % len(models)]} for place, code in added]
        connection.execute(text("INSERT INTO addition VALUES (:code, :model)"), rows)
        for model in (Centre, Revision, Question):
            connection.execute(text(copies_of(table_of(model))))
        connection.execute(text("DROP TABLE addition"))
    engine.dispose()


def copies_of(table: Table) -> str:
    columns = ", ".join(f'"{column.name}"' for column in table.columns if column.name != "unit_id")
    return (
        f'INSERT INTO "{table.name}" (unit_id, {columns}) SELECT added, {columns} '
        f'FROM addition JOIN "{table.name}" ON unit_id = model'
    )


def told_simulation(kind: str, address: str, sessions: Sessions, count: int, alone: float) -> int:
    """A line about one simulation beside so many seconds a centre; gives the peak of its memory in KiB."""
    command = [sys.executable, __file__, "--simulate", address]
    made = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    assert made["last"] == [count, count], made
    assert made["calls"] == -(-count // 100), made
    with sessions() as session:
        faults = session.scalar(select(func.count()).where(SimulatedCentre.fault.is_not(None)))
        lines = session.scalar(select(func.count()).select_from(SimulatedCentre))
    assert (faults, lines) == (0, count)
    speed = count / made["seconds"]
    print(
        f"{kind:10} simulated {count:6} centres {speed * alone:5.1f} × as fast as one by one   "
        f"{speed:6.0f} centres a second, {made['seconds']:.1f} s, of its process {made['own']:.1f} s; "
        f"told of its progress {made['calls']} times; peak {made['peak'] / 1024:.0f} MiB",
        flush=True,
    )
    return int(made["peak"])


def one_by_one(sessions: Sessions, units: list[Unit]) -> None:
    """What somebody would write who did not think of fleets: the rows of each centre, then its plan."""
    for unit in units:
        with sessions() as session:
            target = standard_for(unit, newest(session), {}).upstream
            plan_centre(unit.code, read_centre(session, unit.code), pinned(session, unit).upstream, target)


def peak_memory() -> int:
    """KiB that this process has held at most. `getrusage` would tell what its parent held, if that was more."""
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


def simulate_alone(address: str) -> None:
    """In a process of its own: simulate the draft and say how long it took and what it needed."""
    engine = create_engine_for(address)
    sessions = sessionmaker(engine, expire_on_commit=False, info=scoped(HOST))
    readers = sessionmaker(reading(engine), expire_on_commit=False, info=scoped(HOST))
    with sessions() as session:
        release = newest(session).id
        session.rollback()
    told: list[tuple[int, int]] = []
    taken, _ = timed(
        lambda: simulate(readers, sessions, release, act=ACT, advance=lambda *step: told.append(step))
    )
    facts = {"seconds": taken.clock, "own": taken.own}
    peak = peak_memory()
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    print(json.dumps({**facts, "peak": peak, "calls": len(told), "last": told[-1]}))


def main() -> None:
    if sys.argv[1:2] == ["--simulate"]:
        simulate_alone(sys.argv[2])
        return
    country = next((int(word) for word in sys.argv[1:] if word.isdigit()), COUNTRY)
    kinds = [word for word in sys.argv[1:] if not word.isdigit()] or ["sqlite", "postgresql"]
    pack = load_pack(PACK_FOLDER)
    print(f"Release 2 over {REAL} centres, and simulated over up to {country}")
    for kind in kinds:
        measured(kind, pack, country)


if __name__ == "__main__":
    main()
