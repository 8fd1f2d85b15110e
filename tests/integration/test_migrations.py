"""The schema goes up, down and up again, and says the same as the models, on both databases."""

import pytest
from alembic import command
from sqlalchemy import inspect

from provisioning.specs.centre import COLLECTIONS, MANUAL
from tests.fixtures.databases import Copies, as_role
from tests.fixtures.postgresql import ROLE
from townhall.centres.rows import MODELS
from townhall.database import Base, TenantOwned, alembic_config, create_engine_for, table_of
from townhall.models import HOST_OWNED, TENANT_OWNED


def test_the_migrated_schema_is_what_the_models_say(database_url: str) -> None:
    command.check(alembic_config(as_role(database_url, ROLE)))


def test_the_schema_goes_down_to_nothing_and_up_again(copies: Copies) -> None:
    url = as_role(copies(), ROLE)
    configuration = alembic_config(url)
    command.downgrade(configuration, "base")
    engine = create_engine_for(url)
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    engine.dispose()
    command.upgrade(configuration, "head")
    command.check(configuration)


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
