"""Every way to a row of another tenant, with the walls one behind the other and each of them alone (T3)."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import (
    Engine,
    bindparam,
    delete,
    event,
    exists,
    func,
    insert,
    literal,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.exc import DBAPIError, InvalidRequestError, SAWarning
from sqlalchemy.orm import Session, aliased, sessionmaker
from sqlalchemy.orm.exc import StaleDataError

from provisioning.specs import Pack
from tests.fixtures.databases import Copies
from tests.fixtures.standards import MOMENT, TOWNSHIPS
from tests.fixtures.walls import without_the_walls_of_the_orm
from townhall import tenancy
from townhall.audit.act import host_act
from townhall.centres.models import Centre, Revision, Window
from townhall.centres.provision import provision
from townhall.database import create_engine_for, table_of
from townhall.models import TENANT_OWNED
from townhall.standards.operations import publish_release
from townhall.tenancy import HOST, Scope, ScopeMissing, ScopeViolation, enter, judged, scope_of, scoped
from townhall.units.operations import ensure_units
from townhall.units.sheet import read_sheet

MINE, THEIRS = "522301001000", "522301002000"
KEY = "zhou:civil"
Probe = Callable[[Session], Any]


@pytest.mark.parametrize(
    ("code", "first", "last"),
    [
        ("520000000000", "520000000000", "529999999999"),
        ("522300000000", "522300000000", "522399999999"),
        ("522301000000", "522301000000", "522301999999"),
        ("522301001000", "522301001000", "522301001999"),
        ("522301001002", "522301001002", "522301001002"),
        ("522301100000", "522301100000", "522301100999"),
        ("522301010000", "522301010000", "522301010999"),
    ],
)
def test_a_unit_and_what_lies_below_it_are_one_range_of_codes(code: str, first: str, last: str) -> None:
    assert scope_of(code) == Scope(first, last)


@pytest.mark.parametrize("code", ["", "522301", "52230100100%", "５２２３０１００１０００", "5223010010000"])
def test_what_is_no_code_is_no_scope(code: str) -> None:
    with pytest.raises(ValueError, match="no unit code"):
        scope_of(code)


def test_a_scope_covers_neither_what_is_before_nor_what_is_after_it() -> None:
    scope = scope_of(THEIRS)
    inside = [code for code in (MINE, THEIRS, "522301002999", "522301003000", "", None) if scope.covers(code)]
    assert inside == [THEIRS, "522301002999"]


@pytest.fixture
def engine(copies: Copies, pack: Pack) -> Iterator[Engine]:
    """Two centres on a database of its own."""
    engine = create_engine_for(copies.of("two centres", lambda url: settle(url, pack)))
    yield engine
    engine.dispose()


def settle(url: str, pack: Pack) -> None:
    engine = create_engine_for(url)
    sessions = sessionmaker(engine, expire_on_commit=False, info=scoped(HOST))
    with sessions.begin() as session:
        units = ensure_units(session, pack.header, read_sheet(TOWNSHIPS).townships[:2], "")
        release = publish_release(session, pack, MOMENT)
    assert [unit.code for unit in units] == [MINE, THEIRS]
    provision(sessions, units, release, {}, act=host_act("測試", MOMENT))
    engine.dispose()


def bulk_update_by_key(session: Session) -> Any:
    return session.execute(update(Window), [{"unit_id": THEIRS, "key": KEY, "name": "侵入"}])


def touched_after_loading_as_host(session: Session) -> Any:
    """An object of another tenant smuggled in from elsewhere."""
    with Session(session.get_bind(), info=scoped(HOST)) as other:
        window = other.get_one(Window, (THEIRS, KEY))
        other.expunge(window)
    window.name = "侵入"
    session.add(window)
    session.flush()
    return window


def removed_after_loading_as_host(session: Session) -> Any:
    with Session(session.get_bind(), info=scoped(HOST)) as other:
        window = other.get_one(Window, (THEIRS, KEY))
        other.expunge(window)
    session.delete(window)
    session.flush()


def moved_away(session: Session) -> None:
    session.get_one(Window, (MINE, KEY)).unit_id = THEIRS
    session.flush()


def refreshed(session: Session) -> Any:
    with Session(session.get_bind(), info=scoped(HOST)) as other:
        window = other.get_one(Window, (THEIRS, KEY))
        other.expunge(window)
    session.add(window)
    session.refresh(window)
    return window.name


def row(**values: Any) -> dict[str, Any]:
    return (
        {"unit_id": THEIRS, "key": "xiang:522301002:new", "position": 99, "number": 99, "name": "侵入"}
        | {
            "duties": None,
            "low_counter": False,
            "note": None,
        }
        | values
    )


OTHER = aliased(Window)
READS: dict[str, Probe] = {
    "select of a class": lambda s: s.scalars(select(Window).where(Window.unit_id == THEIRS)).all(),
    "select of columns": lambda s: s.execute(select(Window.name).where(Window.unit_id == THEIRS)).all(),
    "select of an alias": lambda s: s.scalars(select(OTHER).where(OTHER.unit_id == THEIRS)).all(),
    "get": lambda s: s.get(Window, (THEIRS, KEY)),
    "get with a lock": lambda s: s.get(Centre, THEIRS, with_for_update=True),
    "query": lambda s: s.query(Window).filter_by(unit_id=THEIRS).all(),
    "count": lambda s: s.scalar(select(func.count()).select_from(Window).where(Window.unit_id == THEIRS)),
    "aggregate": lambda s: s.scalar(select(func.max(Window.name)).where(Window.unit_id == THEIRS)),
    "exists": lambda s: s.scalar(select(literal(1)).where(exists().where(Window.unit_id == THEIRS))),
    "subquery": lambda s: s.scalar(
        select(func.count()).select_from(select(Window).where(Window.unit_id == THEIRS).subquery())
    ),
    "join": lambda s: s.execute(
        select(Window.name).join(Centre, Centre.unit_id == Window.unit_id).where(Centre.unit_id == THEIRS)
    ).all(),
    "union": lambda s: s.execute(
        union_all(select(Window.name).where(Window.unit_id == THEIRS), select(Centre.unit_id).where(False))
    ).all(),
    "from the other side": lambda s: s.execute(
        select(Centre.unit_id, OTHER.name).join(OTHER, OTHER.unit_id != Centre.unit_id)
    ).all(),
    "refresh": refreshed,
    "core select": lambda s: s.execute(select(table_of(Window)).where(text("true"))).all(),
    "core select past the session": lambda s: s.connection().execute(select(table_of(Window))).all(),
    "text": lambda s: s.execute(text('SELECT * FROM "window"')).all(),
    "text past the session": lambda s: s.connection().execute(text('SELECT * FROM "window"')).all(),
    "merge": lambda s: s.merge(Window(**row(key=KEY))) and s.flush(),
}
WRITES: dict[str, Probe] = {
    "add": lambda s: s.add(Window(**row())) or s.flush(),
    "update of a class": lambda s: s.execute(
        update(Window).where(Window.unit_id == THEIRS).values(name="侵入")
    ),
    "update to another tenant": lambda s: s.execute(
        # Under a key and a number that are free there: nothing but the wall stands in the way.
        update(Window).where(Window.key == KEY).values(unit_id=THEIRS, key="zhou:moved", number=77)
    ),
    "bulk update by key": bulk_update_by_key,
    "bulk_update_mappings": lambda s: s.bulk_update_mappings(
        Window, [{"unit_id": THEIRS, "key": KEY, "name": "侵入"}]
    ),
    "bulk_insert_mappings": lambda s: s.bulk_insert_mappings(Window, [row()]),
    "bulk_save_objects": lambda s: s.bulk_save_objects([Window(**row())]),
    "insert of a class": lambda s: s.execute(insert(Window), [row()]),
    "insert with values": lambda s: s.execute(insert(Window).values(**row())),
    "insert from select": lambda s: s.execute(
        insert(Revision).from_select(["unit_id", "number"], select(Centre.unit_id, literal(9)))
    ),
    "core insert": lambda s: s.connection().execute(insert(table_of(Window)), [row()]),
    "core update": lambda s: s.connection().execute(update(table_of(Window)).values(name="侵入")),
    "core update of rows that name no unit": lambda s: s.connection().execute(
        update(table_of(Window)).where(table_of(Window).c.key == bindparam("which")).values(name="侵入"),
        [{"which": KEY}, {"which": "zhou:general"}],
    ),
    "core delete": lambda s: s.connection().execute(delete(table_of(Window))),
    "delete of a class": lambda s: s.execute(delete(Window).where(Window.unit_id == THEIRS)),
    "query delete": lambda s: s.query(Window).filter_by(unit_id=THEIRS).delete(),
    "a foreign object changed": touched_after_loading_as_host,
    "a foreign object deleted": removed_after_loading_as_host,
    "an own object moved away": moved_away,
}
# The last three are how the ORM says that a row it wanted to write or read again is not there.
REFUSALS = (ScopeViolation, ScopeMissing, DBAPIError, StaleDataError, InvalidRequestError, SAWarning)


def foreign_rows(engine: Engine) -> list[tuple[Any, ...]]:
    """All that the other tenant has, as the owner of the database sees it."""
    with Session(engine, info=scoped(HOST)) as session:
        statements = (
            judged(select(table_of(model)).where(table_of(model).c.unit_id == THEIRS))
            for model in (Window, Centre, Revision)
        )
        return [tuple(row) for statement in statements for row in session.connection().execute(statement)]


def gained(session: Session, probe: Probe) -> Any:
    """What a probe came back with; nothing when it was refused."""
    try:
        return probe(session)
    except REFUSALS:
        session.rollback()
        return None


@pytest.mark.parametrize("name", READS)
def test_no_way_of_reading_reaches_another_tenant(engine: Engine, name: str) -> None:
    with Session(engine, info=scoped(scope_of(MINE))) as session:
        assert not gained(session, READS[name])


@pytest.mark.parametrize("name", READS | WRITES)
def test_without_a_tenant_nothing_is_read_or_written(engine: Engine, name: str) -> None:
    before = foreign_rows(engine)
    with Session(engine) as session:
        assert not gained(session, (READS | WRITES)[name])
        session.commit()
    assert foreign_rows(engine) == before


@pytest.mark.parametrize("name", WRITES)
def test_no_way_of_writing_reaches_another_tenant(engine: Engine, name: str) -> None:
    before = foreign_rows(engine)
    with Session(engine, info=scoped(scope_of(MINE))) as session:
        gained(session, WRITES[name])
        session.commit()
    assert foreign_rows(engine) == before


def test_rows_of_ones_own_may_be_updated_by_key_in_bulk(engine: Engine) -> None:
    with Session(engine, info=scoped(scope_of(MINE))) as session:
        session.execute(update(Window), [{"unit_id": MINE, "key": KEY, "name": "改名"}])
        session.commit()
        assert session.get_one(Window, (MINE, KEY)).name == "改名"


def test_a_foreign_object_is_refused_before_anything_is_sent(engine: Engine) -> None:
    """Also what is written with it: the wall at each statement would have let the first of the two through."""
    sent: list[str] = []
    with Session(engine, info=scoped(scope_of(MINE))) as session:
        window = session.get_one(Window, (MINE, KEY))
        event.listen(session.connection(), "before_cursor_execute", lambda *given: sent.append(given[2]))
        window.name = "改名"
        added = Window(**row() | {"unit_id": MINE})
        session.add(added)
        added.unit_id = THEIRS
        with pytest.raises(ScopeViolation):
            session.flush()
    assert sent == []


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
@pytest.mark.parametrize("name", (READS | WRITES).keys())
def test_row_level_security_alone_holds(engine: Engine, name: str) -> None:
    before = foreign_rows(engine)
    with without_the_walls_of_the_orm(), Session(engine, info=scoped(scope_of(MINE))) as session:
        answer = gained(session, (READS | WRITES)[name])
        session.commit()
    assert foreign_rows(engine) == before
    if name in READS.keys() - {
        "core select past the session",
        "text",
        "text past the session",
        "core select",
    }:
        assert not answer
    elif name in READS:
        assert all(row[0] == MINE or MINE in row for row in answer)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_probes_do_reach_another_tenant_where_there_is_no_wall(engine: Engine) -> None:
    """The control: the same probes, no walls; those that must find something do."""
    reached = []
    for name, probe in READS.items():
        with without_the_walls_of_the_orm(), Session(engine, info=scoped(scope_of(MINE))) as session:
            if gained(session, probe):
                reached.append(name)
    assert set(READS) - set(reached) <= {"merge"}


@pytest.mark.parametrize("model", TENANT_OWNED)
def test_every_table_of_a_tenant_is_seen_as_one(model: Any) -> None:
    assert issubclass(model, tenancy.Owned)
    assert table_of(model).info["townhall_owned"]


def test_a_session_is_for_one_tenant(engine: Engine) -> None:
    with Session(engine) as session:
        enter(session, scope_of(MINE))
        enter(session, scope_of(MINE))
        with pytest.raises(ScopeViolation):
            enter(session, scope_of(THEIRS))


def test_a_scope_entered_in_the_middle_of_a_transaction_holds_at_once(engine: Engine) -> None:
    with Session(engine) as session:
        session.execute(select(func.now()))
        enter(session, scope_of(MINE))
        assert session.get(Window, (MINE, KEY)) is not None
        session.commit()
        assert set(session.scalars(select(Window.unit_id))) == {MINE}


def test_a_county_sees_its_townships(engine: Engine) -> None:
    with Session(engine, info=scoped(scope_of("522301000000"))) as session:
        assert set(session.scalars(select(Centre.unit_id))) == {MINE, THEIRS}
    with Session(engine, info=scoped(scope_of("522302000000"))) as session:
        assert not session.scalars(select(Centre.unit_id)).all()
