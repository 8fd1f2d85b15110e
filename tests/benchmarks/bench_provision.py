"""Provisioning beside a bare bulk insert of the same rows, on both databases, at growing sizes.

Run by `make bench`. Prints ratios from one run; the absolute seconds are this machine's and nobody else's.
The bare insert writes the very rows that provisioning wrote, in one transaction, and does nothing else: no
reading, no planning, no hashing, no transaction a centre. Bar: at most 3 times as long.
"""

import gc
import itertools
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, func, insert, select
from sqlalchemy.orm import Session, sessionmaker

sys.path[:0] = [str(Path(__file__).parents[2] / "platform"), str(Path(__file__).parents[2])]

from provisioning.load import load_pack  # noqa: E402
from provisioning.specs import Pack, UnitKind  # noqa: E402
from tests.fixtures.databases import as_role  # noqa: E402
from tests.fixtures.postgresql import RUNTIME, address, create_role, running_server, server_account  # noqa: E402
from tests.fixtures.standards import MOMENT, PACK_FOLDER, TOWNSHIPS  # noqa: E402
from townhall.audit.act import host_act  # noqa: E402
from townhall.audit.models import AuditRecord  # noqa: E402
from townhall.centres.models import Centre, Revision  # noqa: E402
from townhall.centres.provision import provision  # noqa: E402
from townhall.centres.rows import MODELS  # noqa: E402
from townhall.database import create_engine_for, table_of, upgrade  # noqa: E402
from townhall.standards.operations import publish_release  # noqa: E402
from townhall.tenancy import HOST, judged, scoped  # noqa: E402
from townhall.units.operations import ensure_units  # noqa: E402
from townhall.units.sheet import Township, read_sheet  # noqa: E402

WRITTEN = (Centre, Revision, AuditRecord, *MODELS.values())
ROUNDS = 3
CHUNK = 2_000


def townships(count: int) -> list[Township]:
    """The 140 real ones, then invented ones with codes that no real place has."""
    real = read_sheet(TOWNSHIPS).townships
    invented = (
        Township(
            f"9{number:08}000", f"樣例{number}鎮", f"样例{number}镇", UnitKind.TOWN, "522301", "", None, 0
        )
        for number in itertools.count(1)
    )
    return [*real, *itertools.islice(invented, max(0, count - len(real)))][:count]


def fresh_host(url: str, pack: Pack, count: int):  # type: ignore[no-untyped-def]
    runtime = RUNTIME if url.startswith("postgresql") else None
    upgrade(url, runtime=runtime)
    url = as_role(url, RUNTIME)
    sessions = sessionmaker(create_engine_for(url), expire_on_commit=False, info=scoped(HOST))
    with sessions.begin() as session:
        units = ensure_units(session, pack.header, townships(count), "")
        release = publish_release(session, pack, MOMENT)
    return sessions, units, release


def provisioned(url: str, pack: Pack, count: int) -> tuple[float, Engine]:
    sessions, units, release = fresh_host(url, pack, count)
    gc.collect()
    start = time.perf_counter()
    provision(sessions, units, release, {}, act=host_act("bench", MOMENT))
    return time.perf_counter() - start, sessions.kw["bind"]


def bare(url: str, pack: Pack, source: Engine, count: int) -> float:
    """Insert the rows of `source` into an empty database in one transaction; reading them is not timed."""
    sessions, _, _ = fresh_host(url, pack, count)
    spent = 0.0
    with sessions() as target, Session(source, info=scoped(HOST)) as reader:
        for model in WRITTEN:
            table = table_of(model)
            found = reader.connection().execute(judged(select(table)), execution_options={"yield_per": CHUNK})
            for chunk in found.mappings().partitions(CHUNK):
                rows = [dict(row) for row in chunk]
                start = time.perf_counter()
                target.connection().execute(judged(insert(table)), rows)
                spent += time.perf_counter() - start
        start = time.perf_counter()
        target.commit()
        spent += time.perf_counter() - start
    sessions.kw["bind"].dispose()
    return spent


def rows(engine: Engine) -> int:
    with Session(engine, info=scoped(HOST)) as session:
        return sum(session.scalar(judged(select(func.count()).select_from(model))) or 0 for model in WRITTEN)


@contextmanager
def databases(kind: str, folder: Path) -> Iterator[Iterator[str]]:
    """URLs of empty databases of one kind."""
    if kind == "sqlite":
        yield (f"sqlite:///{folder / f'{number}.db'}" for number in itertools.count())
        return
    import psycopg

    def created() -> Iterator[str]:
        for number in itertools.count():
            with psycopg.connect(
                host=str(folder), dbname="postgres", user="postgres", autocommit=True
            ) as connection:
                connection.execute(f"CREATE DATABASE bench{number} OWNER townhall")
            yield address(folder).set(database=f"bench{number}").render_as_string()

    with running_server(folder):
        create_role(folder)
        yield created()


def measure(kind: str, pack: Pack, count: int, rounds: int) -> None:
    import shutil

    ratios, times, total = [], [], 0
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="townhall-bench-") as name:
            folder = Path(name)
            if kind == "postgresql" and (owner := server_account()):
                shutil.chown(folder, **owner)
            with databases(kind, folder) as urls:
                seconds, engine = provisioned(next(urls), pack, count)
                total = rows(engine)
                baseline = bare(next(urls), pack, engine, count)
                engine.dispose()
        ratios.append(seconds / baseline)
        times.append(seconds)
    ratio, best = sorted(ratios)[len(ratios) // 2], sorted(times)[len(times) // 2]
    per_row = best / total * 1e6
    print(
        f"{kind:10} {count:6} centres {total:9} rows   {ratio:5.2f} × bare insert (median of {rounds}; "
        f"{min(ratios):.2f}–{max(ratios):.2f})   {best:7.2f} s, {per_row:5.1f} µs a row",
        flush=True,
    )


def main() -> None:
    pack = load_pack(PACK_FOLDER)
    print(
        "Provisioning, one transaction a centre, beside a bare bulk insert of the same rows in one transaction"
    )
    for kind in ("sqlite", "postgresql"):
        for count, rounds in ((140, ROUNDS), (1_400, 1), (14_000, 1)):
            measure(kind, pack, count, rounds)


if __name__ == "__main__":
    main()
