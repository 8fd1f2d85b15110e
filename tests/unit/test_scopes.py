"""What a scope is and what the walls of the ORM say, on a small table of their own in memory."""

from collections.abc import Iterator

import pytest
from sqlalchemy import (
    Column,
    Engine,
    ForeignKey,
    String,
    Table,
    create_engine,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, aliased, mapped_column

from townhall import tenancy
from townhall.tenancy import (
    HOST,
    Owned,
    Scope,
    ScopeMissing,
    ScopeViolation,
    current,
    enter,
    is_owned,
    judged,
    require,
    scope_of,
    scoped,
    spanning,
)

HOME, ABROAD = "522301001000", "522301002000"
MINE, THEIRS = scope_of(HOME), scope_of(ABROAD)


class Local(DeclarativeBase):
    pass


class Stool(Owned, Local):
    """Something that a unit owns."""

    __tablename__ = "stool"

    key: Mapped[str] = mapped_column(String(9), primary_key=True)
    colour: Mapped[str] = mapped_column(String(9), default="紅")


class Shop(Local):
    """Something that nobody owns."""

    __tablename__ = "shop"

    name: Mapped[str] = mapped_column(String(9), primary_key=True)


# Names its owner under another name than the column of the key.
LOAN = Table(
    "loan",
    Local.metadata,
    Column("unit_id", String(12), ForeignKey("shop.name"), primary_key=True),
    Column("lender_unit_id", String(12)),
    info=Stool.__table__.info,
)


@pytest.fixture
def engine() -> Iterator[Engine]:
    """A stool of each of two units and a shop."""
    engine = create_engine("sqlite://")
    Local.metadata.create_all(engine)
    with Session(engine, info=scoped(HOST)) as session:
        session.add_all([Stool(unit_id=HOME, key="a"), Stool(unit_id=ABROAD, key="b"), Shop(name="木匠")])
        session.commit()
    yield engine
    engine.dispose()


@pytest.fixture
def mine(engine: Engine) -> Iterator[Session]:
    with Session(engine, info=scoped(MINE)) as session:
        yield session


@pytest.fixture
def bare(engine: Engine) -> Iterator[Session]:
    with Session(engine) as session:
        yield session


def test_the_host_is_every_code_there_can_be() -> None:
    assert Scope("000000000000", "999999999999") == HOST


def test_a_scope_covers_its_ends_and_nothing_beyond_them() -> None:
    scope = Scope("522301001000", "522301001999")
    outside = ("522301000999", "522301002000", "5223010011", "5223010010000", "", None, 522301001000)
    assert [scope.covers(code) for code in (scope.first, scope.last, *outside)] == [True, True] + [False] * 7


def test_a_scope_contains_itself_and_what_lies_within() -> None:
    county = scope_of("522301000000")
    assert county.contains(county)
    assert county.contains(MINE)
    assert not MINE.contains(county)
    assert not Scope(county.first, MINE.last).contains(county)
    assert not Scope(MINE.first, county.last).contains(county)


def test_units_are_spanned_by_the_smallest_range_whatever_their_order() -> None:
    assert spanning([ABROAD, HOME]) == Scope(MINE.first, THEIRS.last)
    assert spanning([HOME]) == MINE
    with pytest.raises(ValueError, match="empty"):
        spanning([])


@pytest.mark.parametrize(
    "code", ["", "52230100100", "5223010010000", "52230100100x", "५२२३०१००१०००", "²" * 12]
)
def test_what_is_no_code_is_named_in_the_refusal(code: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the whole message is compared
        scope_of(code)
    assert str(refused.value) == f"no unit code: {code!r}"


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        *(("520000000000", "52"), ("522300000000", "5223"), ("522301000000", "522301")),
        *(("522301001000", "522301001"), ("522301001200", "522301001200"), ("000000000000", "00")),
        *(("522300001000", "522300001"), ("520001000000", "520001"), ("522000000000", "5220")),
    ],
)
def test_a_code_means_its_digits_up_to_the_zeros_of_its_level(code: str, meaning: str) -> None:
    assert scope_of(code) == Scope(meaning.ljust(12, "0"), meaning.ljust(12, "9"))


def test_only_tables_of_owned_classes_are_owned() -> None:
    assert [is_owned(one) for one in (Stool.__table__, LOAN, Shop.__table__, None, "stool")] == [
        *(True, True, False, False, False)
    ]
    assert is_owned(Stool.__table__) is True
    assert is_owned(None) is False


def test_a_session_is_told_its_scope_once(bare: Session) -> None:
    with pytest.raises(ScopeMissing) as missing:
        current(bare)
    assert str(missing.value) == "no tenant is set for this session"
    enter(bare, MINE)
    enter(bare, scope_of(HOME))
    assert current(bare) == MINE
    with pytest.raises(ScopeViolation) as refused:
        enter(bare, THEIRS)
    assert str(refused.value) == f"session is for {MINE}, not for {THEIRS}"
    assert current(bare) == MINE


def test_a_scope_told_in_the_middle_of_a_transaction_counts_for_core_at_once(bare: Session) -> None:
    bare.execute(select(Shop))
    enter(bare, MINE)
    bare.connection().execute(insert(Stool.__table__), {"unit_id": HOME, "key": "c", "colour": "藍"})
    with pytest.raises(ScopeViolation):
        bare.connection().execute(insert(Stool.__table__), {"unit_id": ABROAD, "key": "c", "colour": "藍"})


def test_what_lies_outside_is_named(mine: Session) -> None:
    require(mine, HOME)
    with pytest.raises(ScopeViolation) as refused:
        require(mine, ABROAD)
    assert str(refused.value) == f"{ABROAD} is outside {MINE}"


def test_every_select_is_narrowed_under_whatever_name(mine: Session) -> None:
    other = aliased(Stool)
    assert mine.scalars(select(Stool.key)).all() == ["a"]
    assert mine.scalars(select(other.key)).all() == ["a"]
    assert mine.scalar(select(func.count()).select_from(Stool)) == 1
    assert mine.scalars(select(Shop.name).where(select(Stool).where(Stool.key == "b").exists())).all() == []
    assert mine.scalars(select(Shop.name)).all() == ["木匠"]
    assert mine.get(Stool, {"unit_id": ABROAD, "key": "b"}) is None


def test_updates_and_deletes_are_narrowed(engine: Engine, mine: Session) -> None:
    mine.execute(update(Stool).values(colour="黑"))
    mine.execute(delete(Stool).where(Stool.key == "b"))
    mine.commit()
    with Session(engine, info=scoped(HOST)) as host:
        assert {stool.key: stool.colour for stool in host.scalars(select(Stool))} == {"a": "黑", "b": "紅"}


def test_without_a_tenant_a_statement_says_so_and_what_nobody_owns_is_free(bare: Session) -> None:
    for statement in (select(Stool), update(Stool).values(colour="黑"), delete(Stool), insert(Stool)):
        with pytest.raises(ScopeMissing) as missing:
            bare.execute(statement)
        assert str(missing.value) == "no tenant is set for a statement on stool"
    assert bare.scalars(select(Shop.name)).all() == ["木匠"]
    bare.execute(update(Shop).values(name="鐵匠"))
    with pytest.raises(ScopeMissing) as missing:
        bare.connection().execute(insert(Stool.__table__), {"unit_id": HOME, "key": "c"})
    assert str(missing.value) == "no tenant is set for a statement on stool"


def test_without_a_tenant_its_rows_are_not_even_asked_about(bare: Session) -> None:
    """A subquery is no reason to refuse, and finds nothing."""
    for stool in (Stool, aliased(Stool)):
        there = select(stool).where(stool.key == "a").exists()
        assert bare.scalars(select(Shop.name).where(there)).all() == []
        assert bare.scalars(select(Shop.name).where(~there)).all() == ["木匠"]


def test_an_insert_of_the_orm_is_judged_row_by_row(mine: Session) -> None:
    rows = [{"unit_id": unit, "key": "c", "colour": "藍"} for unit in (HOME, ABROAD)]
    with pytest.raises(ScopeViolation, match="a row of stool outside"):
        mine.execute(insert(Stool), rows)
    mine.execute(insert(Stool), rows[:1])
    assert mine.scalars(select(Stool.key).order_by(Stool.key)).all() == ["a", "c"]


def test_the_unit_is_twelve_digits_and_part_of_the_key() -> None:
    column = Stool.__table__.c.unit_id
    assert (column.type.length, column.primary_key) == (12, True)


def test_no_update_moves_a_row(mine: Session) -> None:
    for values in ({"unit_id": ABROAD}, {Stool.unit_id: HOME}):
        with pytest.raises(ScopeViolation) as refused:
            mine.execute(update(Stool).values(values))
        assert str(refused.value) == "an update must not set unit_id"


def test_no_object_of_another_tenant_is_taken_in_or_flushed(mine: Session) -> None:
    with pytest.raises(ScopeViolation, match=f"{ABROAD} is outside"):
        mine.add(Stool(unit_id=ABROAD, key="c"))
    late = Stool(key="d")
    mine.add(late)
    late.unit_id = ABROAD
    with pytest.raises(ScopeViolation, match=f"{ABROAD} is outside"):
        mine.flush()
    mine.rollback()
    moved = mine.get_one(Stool, {"unit_id": HOME, "key": "a"})
    moved.unit_id = ABROAD
    with pytest.raises(ScopeViolation, match=f"{ABROAD} is outside"):
        mine.flush()


def test_what_is_within_is_added_changed_and_deleted(mine: Session) -> None:
    mine.add(Shop(name="篾匠"))
    mine.add(Stool(unit_id=HOME, key="c"))
    mine.flush()
    mine.get_one(Stool, {"unit_id": HOME, "key": "a"}).colour = "黑"
    mine.delete(mine.get_one(Stool, {"unit_id": HOME, "key": "c"}))
    mine.commit()
    assert mine.execute(select(Stool.key, Stool.colour)).all() == [("a", "黑")]


def test_a_session_runs_no_text_and_a_bare_connection_does(engine: Engine, mine: Session) -> None:
    for send in (mine.execute, mine.connection().execute):
        with pytest.raises(ScopeViolation) as refused:
            send(text("SELECT key FROM stool"))
        assert str(refused.value) == "a session runs no SQL text"
        assert len(send(judged(text("SELECT key FROM stool"))).all()) == 2
    with engine.connect() as connection:
        assert len(connection.execute(text("SELECT key FROM stool")).all()) == 2


def test_core_asks_for_rows_of_tenants_in_no_form(mine: Session) -> None:
    stool, shop = Stool.__table__, Shop.__table__
    forms = [
        select(stool),
        select(stool.alias()),
        select(select(stool).subquery()),
        select(shop).where(select(stool).where(stool.c.key == shop.c.name).exists()),
        select(shop).join(stool, stool.c.key == shop.c.name),
        insert(shop).from_select(["name"], select(stool.c.key)),
        update(stool).values(colour="黑"),
        delete(stool),
    ]
    for form in forms:
        with pytest.raises(ScopeViolation) as refused:
            mine.connection().execute(form)
        assert str(refused.value).startswith("a statement on stool")
        assert str(refused.value).endswith(f"that was not narrowed to {MINE}")
    assert mine.connection().execute(select(shop)).all() == [("木匠",)]


def test_each_row_of_a_core_write_is_judged_and_the_first_bad_one_refuses_all(mine: Session) -> None:
    connection, stool = mine.connection(), Stool.__table__
    good, foreign = ({"unit_id": unit, "key": "c", "colour": "藍"} for unit in (HOME, ABROAD))
    with pytest.raises(ScopeViolation) as refused:
        connection.execute(insert(stool), [good, foreign])
    assert str(refused.value) == f"a row of stool outside {MINE}"
    with pytest.raises(ScopeViolation, match="a row of stool outside"):
        connection.execute(insert(stool), {"key": "c", "colour": "藍"})
    connection.execute(insert(stool), [good])
    connection.execute(insert(stool), {**good, "key": "d"})
    assert mine.scalar(select(func.count()).select_from(Stool)) == 3


def test_an_update_of_many_rows_names_units_before_and_after_and_all_count(mine: Session) -> None:
    mine.execute(update(Stool), [{"unit_id": HOME, "key": "a", "colour": "黑"}])
    assert mine.scalars(select(Stool.colour)).all() == ["黑"]
    with pytest.raises(ScopeViolation, match="a row of stool outside"):
        mine.execute(update(Stool), [{"unit_id": ABROAD, "key": "b", "colour": "白"}])


def test_an_insert_says_whose_a_row_is_in_one_place_and_may_name_another_unit(mine: Session) -> None:
    mine.connection().execute(insert(LOAN), {"unit_id": HOME, "lender_unit_id": ABROAD})
    with pytest.raises(ScopeViolation, match="a row of loan outside"):
        mine.connection().execute(insert(LOAN), {"unit_id": ABROAD, "lender_unit_id": HOME})


def test_a_statement_answered_for_is_the_same_with_a_mark() -> None:
    statement = select(Shop.name)
    assert judged(statement).get_execution_options() == {tenancy._NARROWED: True}
    assert str(judged(statement)) == str(statement)
