"""PostgreSQL's own walls: each one missing is noticed at start, and they hold with the ORM's taken away."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from tests.fixtures.databases import as_role
from tests.fixtures.postgresql import ROLE
from townhall.app import create_app
from townhall.cli.setup import upgrade_as_owner
from townhall.config import Settings, SettingsInvalid
from townhall.database import create_engine_for
from townhall.walls import WallsBroken, owned_tables, require_walls

pytestmark = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)

BREAKS = {
    "no row-level security": ("ALTER TABLE post DISABLE ROW LEVEL SECURITY", "表 post 沒有強制行級安全"),
    "not forced": ("ALTER TABLE post NO FORCE ROW LEVEL SECURITY", "表 post 沒有強制行級安全"),
    "wall dropped": ("DROP POLICY within_scope ON post", "表 post 沒有按單位範圍限制的策略"),
    "wall open": ("ALTER POLICY within_scope ON post USING (true)", "表 post 沒有按單位範圍限制的策略"),
    "wall open for writing": (
        "ALTER POLICY within_scope ON post WITH CHECK (true)",
        "表 post 沒有按單位範圍限制的策略",
    ),
    "wall for others only": ("ALTER POLICY within_scope ON post TO townhall", "表 post 沒有按單位範圍"),
    "table may be emptied": ("GRANT TRUNCATE ON post TO townhall_web", "運行角色可以清空表 post"),
    "a view": ("CREATE VIEW peep AS SELECT * FROM post", "存在視圖 peep"),
    "a materialized view": ("CREATE MATERIALIZED VIEW peep AS SELECT 1", "存在視圖 peep"),
    "a function of its owner": (
        "CREATE FUNCTION peep() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
        "函數 peep 以所有者身份運行",
    ),
    "a key without the unit": ("ALTER TABLE post ADD CONSTRAINT uq UNIQUE (key)", "約束 uq 不含 unit_id"),
    "a table gone": ("DROP TABLE post", "缺少表 post"),
}


@pytest.fixture
def owner(database_url: str) -> Iterator[Engine]:
    engine = create_engine_for(as_role(database_url, ROLE))
    yield engine
    engine.dispose()


@pytest.mark.parametrize("name", BREAKS)
def test_the_application_does_not_start_on_a_broken_wall(owner: Engine, database_url: str, name: str) -> None:
    statement, message = BREAKS[name]
    with owner.begin() as connection:
        connection.execute(text(statement))
    with pytest.raises(WallsBroken, match=message):
        create_app(Settings(database=database_url))


def test_the_application_does_not_run_as_the_owner_of_its_tables(owner: Engine) -> None:
    with pytest.raises(WallsBroken, match="運行角色是表的所有者"):
        require_walls(owner)


def test_init_wants_two_roles(database_url: str) -> None:
    with pytest.raises(SettingsInvalid, match="須用兩個角色"):
        upgrade_as_owner(Settings(database=database_url, owner_database=None))
    upgrade_as_owner(Settings(database=database_url, owner_database=as_role(database_url, ROLE)))


def test_all_walls_stand_after_the_migrations(database_url: str) -> None:
    engine = create_engine_for(database_url)
    require_walls(engine)
    engine.dispose()
    assert {"centre", "revision", "window", "service_item", "budget_line"} <= owned_tables()
