"""One pool, many tenants, failures everywhere: no transaction ever sees what another was told (bar T5)."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, create_engine, func, select, text
from sqlalchemy.orm import Session, sessionmaker

from provisioning.specs import Pack
from tests.fixtures.soak import SEED, rounds
from tests.fixtures.standards import MOMENT, TOWNSHIPS
from tests.fixtures.walls import without_the_walls_of_the_orm
from townhall.audit.act import host_act
from townhall.centres.models import Window
from townhall.centres.provision import provision
from townhall.database import create_engine_for
from townhall.standards.operations import publish_release
from townhall.tenancy import FIRST, HOST, judged, scope_of, scoped
from townhall.units.operations import ensure_units
from townhall.units.sheet import read_sheet

TENANTS, WORKERS, CONNECTIONS = 50, 8, 3
pytestmark = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)


@pytest.fixture
def pool(database_url: str, pack: Pack) -> Iterator[tuple[Engine, list[str]]]:
    """Fewer connections than workers, over a database with fifty centres."""
    engine = create_engine_for(database_url)
    sessions = sessionmaker(engine, expire_on_commit=False, info=scoped(HOST))
    with sessions.begin() as session:
        units = ensure_units(session, pack.header, read_sheet(TOWNSHIPS).townships[:TENANTS], "")
        release = publish_release(session, pack, MOMENT)
    provision(sessions, units, release, {}, act=host_act("測試", MOMENT))
    address = engine.url
    engine.dispose()
    small = create_engine(address, pool_size=CONNECTIONS, max_overflow=0, pool_timeout=60)
    yield small, [unit.code for unit in units]
    small.dispose()


class Failed(Exception):
    """What happens to a request in the middle of its work."""


def transaction(engine: Engine, codes: list[str], seed: int) -> bool:
    """One piece of work for a random tenant, ended in a random way; whether it saw only what it should."""
    chance = random.Random(seed)
    code = chance.choice([*codes, "nobody"])
    info = {} if code == "nobody" else scoped(scope_of(code))
    seen: set[str] = set()
    try:
        with Session(engine, info=info) as session:
            for _ in range(chance.randint(1, 3)):
                seen |= set(session.scalars(select(Window.unit_id)))
                end(session, chance)
    except Failed:
        pass
    return seen == (set() if code == "nobody" else {code})


def end(session: Session, chance: random.Random) -> None:
    way = chance.choice(["commit", "rollback", "nothing", "fail", "savepoint", "break"])
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


def test_bar_t5_interleaved_transactions_of_many_tenants_never_mix(pool: tuple[Engine, list[str]]) -> None:
    engine, codes = pool
    total = rounds(600, 10_000)
    with without_the_walls_of_the_orm(), ThreadPoolExecutor(WORKERS) as workers:
        right = list(workers.map(lambda number: transaction(engine, codes, SEED + number), range(total)))
    assert all(right)
    print(
        f"pool: {total} transactions, {TENANTS} tenants, {CONNECTIONS} connections, {right.count(False)} mixed"
    )


def test_bar_t5_the_control_with_a_setting_that_lasts_does_mix(pool: tuple[Engine, list[str]]) -> None:
    """The same pool told by SET instead of SET LOCAL: the next transaction is still somebody else's."""
    engine, codes = pool
    with engine.connect() as connection:
        for name in (FIRST, "townhall.last"):
            connection.execute(judged(text(f"SELECT set_config('{name}', '{codes[0]}', false)")))
        connection.commit()
    seen = set()
    with without_the_walls_of_the_orm():
        for _ in range(CONNECTIONS):
            with Session(engine) as session:
                seen |= set(session.scalars(select(Window.unit_id)))
    assert seen == {codes[0]}


def test_a_connection_that_comes_back_knows_no_tenant(pool: tuple[Engine, list[str]]) -> None:
    engine, codes = pool
    with Session(engine, info=scoped(scope_of(codes[0]))) as session:
        session.execute(select(func.now()))
        session.commit()
    with engine.connect() as connection:
        assert connection.execute(select(func.current_setting(FIRST, True))).scalar() in (None, "")
