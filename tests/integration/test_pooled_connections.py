"""One pool, many tenants, failures everywhere: no transaction ever sees what another was told (bar T5).

Directly, and through pgbouncer in transaction mode, where the connection changes under a client between two
transactions and carries along whatever the client before it left there.
"""

import os
import random
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

import psycopg
import pytest
from sqlalchemy import Engine, create_engine, func, literal, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import NullPool

from provisioning.specs import Pack
from tests.fixtures.databases import Copies
from tests.fixtures.pgbouncer import pooled
from tests.fixtures.soak import SEED, SOAK, rounds
from tests.fixtures.standards import MOMENT, TOWNSHIPS
from tests.fixtures.walls import without_the_walls_of_the_orm
from townhall import tenancy
from townhall.audit.act import host_act
from townhall.centres.models import Window
from townhall.centres.provision import provision
from townhall.cli.setup import upgrade_as_owner
from townhall.config import Settings, SettingsInvalid
from townhall.database import create_engine_for
from townhall.standards.operations import publish_release
from townhall.tenancy import FIRST, HOST, LAST, judged, scope_of, scoped
from townhall.units.operations import ensure_units
from townhall.units.sheet import read_sheet

TENANTS, WORKERS, CONNECTIONS = 50, 8, 3
DIRECT, POOLED = 0, (1, 2, 3, 4) if SOAK else (2,)  # connections of pgbouncer to the server
# How often each ending comes. Were they all alike, hardly a connection would live long enough to be passed on.
WAYS = {
    "commit": 6,
    "rollback": 3,
    "nothing": 3,
    "fail": 3,
    "savepoint": 3,
    "break": 1,
    "cut": 1,
    "terminate": 1,
}
LETHAL = {"fail", "break", "cut", "terminate"}
STRANGERS = 0.2  # the share of works that are told no tenant and must see nothing
pytestmark = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)


@pytest.fixture(scope="module")
def centres(copies: Copies, pack: Pack) -> tuple[str, list[str]]:
    """A database with fifty centres, which nothing here changes, and their codes."""
    url = copies()
    engine = create_engine_for(url)
    sessions = sessionmaker(engine, expire_on_commit=False, info=scoped(HOST))
    with sessions.begin() as session:
        units = ensure_units(session, pack.header, read_sheet(TOWNSHIPS).townships[:TENANTS], "")
        release = publish_release(session, pack, MOMENT)
    provision(sessions, units, release, {}, act=host_act("測試", MOMENT))
    engine.dispose()
    return url, [unit.code for unit in units]


@dataclass
class Pool:
    """Fewer connections to the server than there are workers."""

    name: str
    engine: Engine
    server: str
    codes: list[str]


@pytest.fixture(params=(DIRECT, *POOLED), ids=lambda size: f"pgbouncer of {size}" if size else "direct")
def pool(request: pytest.FixtureRequest, centres: tuple[str, list[str]]) -> Iterator[Pool]:
    """The program's own pool, or a pgbouncer with a client for each worker and the engine that operators get."""
    (url, codes), size = centres, request.param
    with ExitStack() as stack:
        if size:
            engine = create_engine_for(stack.enter_context(pooled(url, size)))
        else:
            engine = create_engine(url, pool_size=CONNECTIONS, max_overflow=0, pool_timeout=60)
        stack.callback(engine.dispose)
        name = f"pgbouncer, {size} connections" if size else f"own pool, {CONNECTIONS} connections"
        yield Pool(name, engine, url, codes)


class Failed(Exception):
    """What happens to a request in the middle of its work."""


class Trial:
    """Pieces of work for random tenants, ended in random ways, several at a time."""

    def __init__(self, pool: Pool) -> None:
        self.engine, self.codes = pool.engine, pool.codes
        self.beside = create_engine(pool.server, isolation_level="AUTOCOMMIT", poolclass=NullPool)

    def run(self, total: int) -> tuple[int, dict[str, int]]:
        """How many saw anything but what they should, and how often each ending came."""
        with without_the_walls_of_the_orm(), ThreadPoolExecutor(WORKERS) as workers:
            done = list(workers.map(self.work, range(SEED, SEED + total)))
        ended = [way for _, ways in done for way in ways]
        return sum(not right for right, _ in done), {way: ended.count(way) for way in WAYS}

    def work(self, seed: int) -> tuple[bool, list[str]]:
        chance, seen, ways = random.Random(seed), set[str](), list[str]()
        code = None if chance.random() < STRANGERS else chance.choice(self.codes)
        info = scoped(scope_of(code)) if code else {}
        # A connection that was cut says so at the next use of it, or when it is given back.
        try:
            with Session(self.engine, info=info) as session:
                for _ in range(chance.randint(1, 3)):
                    seen |= set(session.scalars(select(Window.unit_id)))
                    ways.append(*chance.choices([*WAYS], [*WAYS.values()]))
                    self.end(session, ways[-1])
        except (Failed, DBAPIError):
            if not LETHAL.intersection(ways[-1:]):
                raise
        return seen == ({code} if code else set()), ways

    def end(self, session: Session, way: str) -> None:
        if way == "commit":
            session.commit()
        elif way == "rollback":
            session.rollback()
        elif way == "fail":
            raise Failed
        elif way == "savepoint":
            with session.begin_nested() as inner:
                inner.rollback()
        elif way == "break":
            session.connection().invalidate()
            raise Failed
        elif way == "cut":
            cut(session)
        elif way == "terminate":
            self.terminate(session)

    def terminate(self, session: Session) -> None:
        """The server ends the connection under the transaction."""
        number = session.scalar(select(func.pg_backend_pid()))
        with self.beside.connect() as connection:
            assert connection.scalar(select(func.pg_terminate_backend(number)))
        session.scalar(select(literal(1)))
        raise AssertionError("a connection that was ended still answers")


def cut(session: Session) -> None:
    """The client is gone from one moment to the next: no rollback, no farewell."""
    raw = session.connection().connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    with socket.socket(fileno=os.dup(raw.pgconn.socket)) as line:
        line.shutdown(socket.SHUT_RDWR)
    session.scalar(select(literal(1)))
    raise AssertionError("a connection that was cut still answers")


def lasting(connection: object, scope: tenancy.Scope | None) -> None:
    """The control: what a session may touch is told by SET instead of SET LOCAL."""
    if scope is not None:
        told = (func.set_config(FIRST, scope.first, False), func.set_config(LAST, scope.last, False))
        connection.execute(select(*told))  # type: ignore[attr-defined]


def test_bar_t5_interleaved_transactions_of_many_tenants_never_mix(pool: Pool) -> None:
    total = rounds(400, 10_000)
    mixed, ended = Trial(pool).run(total)
    assert mixed == 0
    assert all(ended.values())
    print(f"{pool.name}: {total} works, {TENANTS} tenants, {WORKERS} workers, {mixed} mixed; {ended}")


def test_bar_t5_the_control_with_a_setting_that_lasts_does_mix(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same work, told by SET instead of SET LOCAL: whoever was told nothing is somebody else."""
    monkeypatch.setattr(tenancy, "_bind", lasting)
    mixed, _ = Trial(pool).run(300)
    assert mixed > 0
    print(f"{pool.name}, told by SET: {mixed} of 300 works mixed")


def test_a_connection_that_comes_back_knows_no_tenant(pool: Pool) -> None:
    with Session(pool.engine, info=scoped(scope_of(pool.codes[0]))) as session:
        session.execute(select(func.now()))
        session.commit()
    with pool.engine.connect() as connection:
        assert connection.execute(select(func.current_setting(FIRST, True))).scalar() in (None, "")


def test_statements_are_prepared_only_where_the_next_transaction_finds_them(
    centres: tuple[str, list[str]],
) -> None:
    """Asked often enough to be prepared: directly they are, through pgbouncer they are not."""
    with pooled(centres[0], 1) as through:
        engines = [create_engine_for(url) for url in (centres[0], through)]
        assert [prepared(engine) for engine in engines] == [True, False]
        for engine in engines:
            engine.dispose()


def prepared(engine: Engine) -> bool:
    with engine.connect() as connection:
        for _ in range(10):
            connection.execute(select(func.now()))
        return bool(connection.scalar(judged(text("SELECT count(*) FROM pg_prepared_statements"))))


def test_tables_are_not_made_through_pgbouncer(database_url: str) -> None:
    settings = Settings(database=database_url, owner_database=f"{database_url}&pgbouncer=true")
    with pytest.raises(SettingsInvalid, match="不得經過 pgbouncer"):
        upgrade_as_owner(settings)
