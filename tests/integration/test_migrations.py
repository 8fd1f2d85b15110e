"""The schema goes up, down and up again, and says the same as the models, on both databases."""

import pytest
from alembic import command
from sqlalchemy import CheckConstraint, inspect, select, text
from sqlalchemy.orm import Session

from provisioning.specs.centre import COLLECTIONS, MANUAL
from tests.fixtures.databases import Copies, as_role
from tests.fixtures.postgresql import ROLE
from townhall.accounts.models import User
from townhall.centres.models import Centre, Window
from townhall.centres.rows import MODELS
from townhall.database import Base, TenantOwned, alembic_config, create_engine_for, table_of
from townhall.models import HOST_OWNED, TENANT_OWNED
from townhall.tenancy import HOST, scoped


def test_the_migrated_schema_is_what_the_models_say(database_url: str) -> None:
    command.check(alembic_config(as_role(database_url, ROLE)))


def test_texts_have_the_lengths_and_rows_the_checks_that_the_models_say(database_url: str) -> None:
    """Which Alembic does not compare where a model says nothing, or says it in other words."""
    engine = create_engine_for(database_url)
    schema = inspect(engine)
    for table in Base.metadata.sorted_tables:
        found = {one["name"]: getattr(one["type"], "length", None) for one in schema.get_columns(table.name)}
        # The others take the type of their target.
        own = [one for one in table.columns if not one.foreign_keys]
        assert {one.name: found[one.name] for one in own} == {
            one.name: getattr(one.type, "length", None) for one in own
        }, table.name
        checks = {one["name"] for one in schema.get_check_constraints(table.name)}
        assert checks == {one.name for one in table.constraints if isinstance(one, CheckConstraint)}
    engine.dispose()


def test_the_schema_goes_down_to_nothing_and_up_again(copies: Copies) -> None:
    url = as_role(copies(), ROLE)
    configuration = alembic_config(url)
    command.downgrade(configuration, "base")
    engine = create_engine_for(url)
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    engine.dispose()
    command.upgrade(configuration, "head")
    command.check(configuration)


FIRST_RELEASE = """
INSERT INTO release (id, pack, number, title, status, content_hash, content) VALUES (1, 'p', 1, 't', 'published', 'h', '{}');
INSERT INTO unit (code, level, kind, name, name_hans) VALUES ('522301001000', 'township', '鎮', '甲鎮', '甲镇');
INSERT INTO account (id, login, name, role, unit_id, password_hash, session_stamp, active, demonstration, created_at)
    VALUES (7, 'li', '李（虛構）', 'printer', '522301001000', 'x', 's', true, false, '2026-01-01 00:00:00+00');
INSERT INTO centre (unit_id, release_id, revision, content_hash, created_at, updated_at, profile, hall, envelope)
    VALUES ('522301001000', 1, 1, 'h', '2026-01-01 00:00:00+00', '2026-01-01 00:00:00+00', '{}', '{}', 5);
INSERT INTO "window" (unit_id, number, name, low_counter, key, position)
    VALUES ('522301001000', 1, '窗口', false, 'zhou:a', 0)
"""


def test_what_the_first_release_wrote_survives_going_up_and_down(copies: Copies) -> None:
    url = as_role(copies(), ROLE)
    configuration = alembic_config(url)
    command.downgrade(configuration, "0001")
    engine = create_engine_for(url)
    with engine.begin() as connection:
        for statement in FIRST_RELEASE.split(";\n"):
            connection.execute(text(statement))
    command.upgrade(configuration, "head")
    with Session(engine, info=scoped(HOST)) as session:
        user = session.scalars(select(User)).one()
        assert [(held.role, held.unit_id) for held in user.memberships] == [
            ("print_operator", "522301001000")
        ]
        assert session.get_one(Centre, "522301001000").status == "preparing"
        assert session.get_one(Window, ("522301001000", "zhou:a")).name == "窗口"
    command.downgrade(configuration, "0001")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT login, role, unit_id FROM account")).all() == [
            ("li", "printer", "522301001000")
        ]
        assert connection.scalar(text('SELECT count(*) FROM "window"')) == 1
    engine.dispose()


WITH_OVERLAYS = """
INSERT INTO release (id, pack, number, title, status, content_hash, content) VALUES
    (1, 'other', 1, 't', 'published', 'a', '{"header": {"counties": [{"code": "520101"}]}}'),
    (2, 'p', 2, 't', 'published', 'b', '{"header": {"counties": [{"code": "522301"}]}}'),
    (3, 'p', 1, 't', 'published', 'c', '{"header": {"counties": [{"code": "522301"}]}}');
INSERT INTO unit (code, level, kind, name, name_hans) VALUES ('522301000000', 'county', '縣', '甲縣', '甲县');
INSERT INTO county_overlay (id, county_code, version, title, content_hash, content, published_at)
    VALUES (5, '522301000000', 1, 't', 'd', '{}', '2026-01-01 00:00:00+00')
"""


def test_an_overlay_of_before_is_bound_to_the_first_release_that_knows_its_county(copies: Copies) -> None:
    url = as_role(copies(), ROLE)
    configuration = alembic_config(url)
    command.downgrade(configuration, "0015")
    engine = create_engine_for(url)
    with engine.begin() as connection:
        for statement in WITH_OVERLAYS.split(";\n"):
            connection.execute(text(statement))
    command.upgrade(configuration, "head")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT release_id FROM county_overlay")).scalars().all() == [3]
    engine.dispose()


def test_every_constraint_has_a_name() -> None:
    unnamed = [
        (table.name, constraint)
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
        if constraint.name is None
    ]
    assert not unnamed


def test_every_mapped_class_is_owned_by_a_tenant_or_by_the_host() -> None:
    mapped = {mapper.class_ for mapper in Base.registry.mappers}
    assert mapped == {*TENANT_OWNED, *HOST_OWNED}


@pytest.mark.parametrize("model", TENANT_OWNED)
def test_the_unit_leads_every_key_of_what_a_tenant_owns(model: type[Base]) -> None:
    table = table_of(model)
    assert next(iter(table.primary_key.columns)).name == "unit_id"
    for constraint in table.constraints:
        if type(constraint).__name__ == "UniqueConstraint":
            assert "unit_id" in constraint.columns  # type: ignore[attr-defined]


@pytest.mark.parametrize("section", COLLECTIONS)
def test_a_table_has_exactly_the_fields_of_its_specification(section: str) -> None:
    model = MODELS[section]
    assert issubclass(model, TenantOwned)
    extra = {"unit_id"} | ({"position"} if section in MANUAL else set())
    assert set(table_of(model).columns.keys()) == set(COLLECTIONS[section].model_fields) | extra
