"""The pages of one township and one prefecture: alone in a database, and among 40,000 townships (bar T8).

Run by `make bench`; `bench_scale.py 4000 sqlite` takes fewer townships or one database. The small database is the real
prefecture with its 140 centres, provisioned. The large one is the same and, filled by SQL, invented prefectures of 140
townships each: every one has all rows of the model centre but only every sixth service item, so that the
whole fits a small disk; one account a township. Audit chains are copied too, so their seals do not hold.
The same requests go to both in turn, so that what else the machine does slows both. Ratios are of one run.
Bar: p95 of a township's pages at most 1.5 times, and no statement of theirs reads a table from end to end.
"""

import itertools
import logging
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Table, create_engine, insert, make_url, text
from sqlalchemy.engine import Connection

sys.path[:0] = [str(Path(__file__).parents[2] / "platform"), str(Path(__file__).parents[2])]

from provisioning.load import load_pack  # noqa: E402
from provisioning.specs import Pack  # noqa: E402
from tests.benchmarks.bench_provision import databases, fresh_host  # noqa: E402
from tests.fixtures.databases import as_role  # noqa: E402
from tests.fixtures.plans import asked, scans  # noqa: E402
from tests.fixtures.postgresql import RUNTIME, server_account  # noqa: E402
from tests.fixtures.standards import MOMENT, PACK_FOLDER  # noqa: E402
from townhall.accounts.models import Membership, Role, User  # noqa: E402
from townhall.accounts.operations import create_user  # noqa: E402
from townhall.app import create_app  # noqa: E402
from townhall.audit.act import host_act  # noqa: E402
from townhall.centres.provision import provision  # noqa: E402
from townhall.config import Settings  # noqa: E402
from townhall.database import Base, create_engine_for, table_of  # noqa: E402
from townhall.tenancy import is_owned, judged  # noqa: E402
from townhall.units.models import Unit  # noqa: E402

TENANTS, PREFECTURE, COUNTIES, REAL = 40_000, 140, 8, 140
MODEL, PASSWORD = "522301001000", "一個夠長的口令 2026"
THIN = {"service_item": "position % 6 = 0"}
ROUNDS, VISITED = 6, 12  # times each page of each visited township is measured
BAR = 1.5
ITEM = "zhou.temporary-relief"
TOWNSHIP_PAGES = (
    *("workspace.show", "workspace.windows", "workspace.budget", "profile.show", "items.index"),
    *("items.show", "inventory.show", "history.show", "life.show", "api.show", "api.items", "guide.show"),
)
FLEET_PAGES = ("overview.show", "overview.townships", "people.show")


def invented(count: int) -> Iterator[tuple[str, str, str]]:
    """Codes of prefecture, county and township that no real place has."""
    for number in range(count):
        prefecture = f"{9001 + number // PREFECTURE}"
        county = f"{prefecture}{number % COUNTIES + 1:02}"
        yield prefecture, county, f"{county}{number % PREFECTURE + 1:03}000"


def fill(connection: Connection, count: int) -> int:
    """Add townships with a centre and an account each. Gives how many rows of tenants there are then."""
    codes = list(invented(count))
    add_units(connection, codes)
    add_accounts(connection, [code for *_, code in codes])
    connection.execute(text("CREATE TABLE addition (added VARCHAR(12) PRIMARY KEY)"))
    connection.execute(text("INSERT INTO addition VALUES (:code)"), [{"code": code} for *_, code in codes])
    owned = [table for table in Base.metadata.sorted_tables if is_owned(table)]
    for table in owned:
        connection.execute(text(multiplied(table)), {"model": MODEL})
    connection.execute(text("DROP TABLE addition"))
    counts = (connection.scalar(text(f'SELECT count(*) FROM "{table.name}"')) for table in owned)
    return sum(found or 0 for found in counts)


def multiplied(table: Table) -> str:
    """The rows of the model centre, once for each added unit."""
    names = [column.name for column in table.columns if column.name != "unit_id"]
    columns = ", ".join(f'"{name}"' for name in names)
    some = f" AND {THIN[table.name]}" if table.name in THIN else ""
    return (
        f'INSERT INTO "{table.name}" (unit_id, {columns}) SELECT added, {columns} '
        f'FROM addition CROSS JOIN "{table.name}" WHERE unit_id = :model{some} ORDER BY added'
    )


def add_units(
    connection: Connection, codes: list[tuple[str, str, str]], known: Collection[str] = frozenset()
) -> None:
    rows = [
        unit(code.ljust(12, "0"), level, above and above.ljust(12, "0"))
        for level, found in (
            ("prefecture", {(prefecture, "") for prefecture, _, _ in codes}),
            ("county", {(county, prefecture) for prefecture, county, _ in codes}),
            ("township", {(code, county) for _, county, code in codes}),
        )
        for code, above in sorted(found)
        if code.ljust(12, "0") not in known
    ]
    connection.execute(judged(insert(table_of(Unit))), rows)


def unit(code: str, level: str, above: str) -> dict[str, Any]:
    name = {"prefecture": "州", "county": "縣", "township": "鎮"}[level]
    named = {"name": f"樣例{code}{name}", "name_hans": f"样例{code}{name}", "kind": name}
    return {"code": code, "level": level, "parent_code": above or None, "budget_holder": code} | named


def add_accounts(connection: Connection, codes: list[str]) -> None:
    people = [
        {"id": 1_000 + number, "login": f"d{code}", "name": f"樣例{number}", "must_change": False}
        | {"active": True, "demonstration": False, "created_at": MOMENT}
        for number, code in enumerate(codes)
    ]
    held = [
        {"user_id": 1_000 + number, "role": Role.TOWNSHIP_DIRECTOR.value, "unit_id": code}
        | {"granted_at": MOMENT, "granted_by": "bench"}
        for number, code in enumerate(codes)
    ]
    connection.execute(judged(insert(table_of(User))), people)
    connection.execute(judged(insert(table_of(Membership))), held)


class Visitor:
    """The prefecture's administrator and one director at an application on a database."""

    def __init__(self, url: str, home: Path) -> None:
        self.app = create_app(Settings(home=home, database=as_role(url, RUNTIME), demo=False))
        for limiter in self.app.extensions["limiter"]:
            limiter.enabled = False
        self.engine: Engine = self.app.extensions["townhall.sessions"].kw["bind"]
        self.client = self.app.test_client()
        self.app.config["WTF_CSRF_ENABLED"] = False
        signed = self.client.post("/login", data={"login": "prefecture", "password": PASSWORD})
        assert signed.status_code == 303

    def visit(self, endpoint: str, code: str) -> float:
        """Seconds that a page takes."""
        with self.app.test_request_context():
            given = {"code": code[:9], "key": ITEM}
            wanted = self.app.url_map._rules_by_endpoint[endpoint][0].arguments
            address = self.app.url_for(endpoint, **{name: given[name] for name in wanted})
        start = time.perf_counter()
        answer = self.client.get(address)
        assert answer.status_code == 200, (endpoint, answer.status_code)
        answer.close()
        return time.perf_counter() - start


def prepared(url: str, pack: Pack) -> list[str]:
    """The real prefecture with its centres and an administrator; gives the codes of the townships."""
    sessions, units, release = fresh_host(url, pack, REAL)
    provision(sessions, units, release, {}, act=host_act("bench", MOMENT))
    with sessions.begin() as session:
        held = {"role": Role.PREFECTURE_ADMIN, "unit_id": "522300000000", "password": PASSWORD}
        create_user(session, host_act("bench", MOMENT), login="prefecture", name="樣例", **held)
    sessions.kw["bind"].dispose()
    return [one.code for one in units]


def enlarged(url: str, count: int) -> int:
    """Fill a database, past its walls, and let it learn how much there is."""
    past = make_url(url)
    if past.get_backend_name() == "postgresql":
        past = past.set(username="postgres")
    engine = create_engine(past) if past.get_backend_name() == "postgresql" else create_engine_for(url)
    with engine.begin() as connection:
        total = fill(connection, count)
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()
    return total


def percentile(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def measured(
    small: Visitor, large: Visitor, endpoint: str, codes: list[str]
) -> tuple[list[float], list[float]]:
    """Times of the same visits at both, in turn and each first half of the time; the first of each is not counted."""
    times: tuple[list[float], list[float]] = ([], [])
    for number, (_, code) in enumerate(itertools.product(range(ROUNDS + 1), codes)):
        pair = ((0, small), (1, large))
        for at, visitor in pair if number % 2 else pair[::-1]:
            seconds = visitor.visit(endpoint, code)
            if number >= len(codes):
                times[at].append(seconds)
    return times


def compare(kind: str, pack: Pack, count: int) -> None:
    with tempfile.TemporaryDirectory(prefix="townhall-bench-") as name:
        folder = Path(name)
        if kind == "postgresql" and (owner := server_account()):
            shutil.chown(folder, **owner)
        with databases(kind, folder) as urls, tempfile.TemporaryDirectory() as home:
            small, large = next(urls), next(urls)
            codes = prepared(small, pack)
            prepared(large, pack)
            start = time.perf_counter()
            total = enlarged(large, count - REAL)
            spent = time.perf_counter() - start
            print(
                f"{kind}: {REAL} townships beside {count}, {total} rows of tenants, filled in {spent:.0f} s"
            )
            visitors = Visitor(small, Path(home)), Visitor(large, Path(home))
            report(*visitors, codes[:: len(codes) // VISITED][:VISITED])
            for visitor in visitors:
                visitor.engine.dispose()


def report(small: Visitor, large: Visitor, codes: list[str]) -> None:
    """A line a page, then all pages of a township together, then the plans."""
    every: tuple[list[float], list[float]] = ([], [])
    with asked(large.engine) as questions:
        for endpoint in (*TOWNSHIP_PAGES, *FLEET_PAGES):
            times = measured(small, large, endpoint, codes if endpoint in TOWNSHIP_PAGES else codes[:1] * 3)
            line(endpoint, *times)
            if endpoint in TOWNSHIP_PAGES:
                every[0].extend(times[0])
                every[1].extend(times[1])
    line("all pages of a township", *every)
    whole = scans(large.engine, questions)
    print(f"  {len(questions)} statements, {len(whole)} of them read a table from end to end")
    for table, statement in whole:
        print(f"    {table}: {' '.join(statement.split())[:300]}")
    ratio = percentile(every[1], 0.95) / percentile(every[0], 0.95)
    print(
        f"  bar: {ratio:.2f} × of at most {BAR} ×, {'held' if ratio <= BAR and not whole else 'NOT HELD'}",
        flush=True,
    )


def line(what: str, small: list[float], large: list[float]) -> None:
    shown: Callable[[float], str] = lambda share: (  # noqa: E731
        f"{percentile(small, share) * 1e3:7.1f} → {percentile(large, share) * 1e3:7.1f} ms, "
        f"{percentile(large, share) / percentile(small, share):5.2f} ×"
    )
    print(f"  {what:26} median {shown(0.5)}   p95 {shown(0.95)}   ({len(small)} visits)", flush=True)


def main() -> None:
    logging.disable(logging.WARNING)
    count = next((int(word) for word in sys.argv[1:] if word.isdigit()), TENANTS)
    kinds = [word for word in sys.argv[1:] if not word.isdigit()] or ["sqlite", "postgresql"]
    pack = load_pack(PACK_FOLDER)
    for kind in kinds:
        compare(kind, pack, count)


if __name__ == "__main__":
    main()
