"""Whether PostgreSQL really holds every tenant apart: read from its catalog, at start and by the doctor (T4).

Row-level security has a long list of conditions, and the database says nothing when one is missing.
"""

import re
from collections.abc import Iterator

from sqlalchemy import Connection, Engine, text

from townhall.database import Base
from townhall.tenancy import FIRST, LAST, is_owned, judged

_WITHIN = f"unit_id>=nullifcurrent_setting'{FIRST}',true,''andunit_id<=nullifcurrent_setting'{LAST}',true,''"

_ROLE = text("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
_TABLES = text("""
    SELECT c.relname AS name, c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced,
           pg_get_userbyid(c.relowner) = current_user AS own,
           has_table_privilege(c.oid, 'TRUNCATE') AS truncates
    FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
""")
_POLICIES = text("""
    SELECT tablename AS name, permissive, cmd, roles::text AS roles, qual, with_check
    FROM pg_policies WHERE schemaname = current_schema()
""")
_VIEWS = text("""
    SELECT relname FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('v', 'm')
""")
_DEFINERS = text("""
    SELECT proname FROM pg_proc WHERE pronamespace = current_schema()::regnamespace AND prosecdef
""")
_KEYS = text("""
    SELECT con.conname AS name, con.conrelid::regclass::text AS "table"
    FROM pg_constraint con
    WHERE con.connamespace = current_schema()::regnamespace AND con.contype IN ('u', 'p', 'f')
      AND con.conrelid::regclass::text = ANY(:tables)
      AND (con.contype <> 'f' OR con.confrelid::regclass::text = ANY(:tables))
      AND NOT EXISTS (SELECT 1 FROM pg_attribute a
                      WHERE a.attrelid = con.conrelid AND a.attnum = ANY(con.conkey) AND a.attname = 'unit_id')
""")


class WallsBroken(RuntimeError):
    """The database would not hold tenants apart; the message lists what is missing, in Chinese."""


def owned_tables() -> set[str]:
    """The names of all tables whose rows belong to a tenant."""
    return {table.name for table in Base.metadata.tables.values() if is_owned(table)}


def require_walls(engine: Engine) -> None:
    """Raises `WallsBroken` unless the database holds tenants apart; SQLite has only the walls of the ORM."""
    if engine.dialect.name != "postgresql":
        return
    with engine.connect() as connection:
        faults = list(wall_faults(connection))
    if faults:
        engine.dispose()
        raise WallsBroken("資料庫不能保證各鄉鎮數據隔離：" + "；".join(faults))


def wall_faults(connection: Connection) -> Iterator[str]:
    """What is wrong with the role and the catalog, in Chinese; nothing when all walls stand."""
    superuser, bypasses = connection.execute(judged(_ROLE)).one()
    if superuser or bypasses:
        yield "運行角色是超級用戶或可繞過行級安全，請改用普通角色"
    owned = owned_tables()
    yield from _table_faults(connection, owned)
    yield from _policy_faults(connection, owned)
    for (name,) in connection.execute(judged(_VIEWS)):
        yield f"存在視圖 {name}，視圖不受行級安全約束"
    for (name,) in connection.execute(judged(_DEFINERS)):
        yield f"函數 {name} 以所有者身份運行，可繞過行級安全"
    for name, table in connection.execute(
        judged(_KEYS), {"tables": [*owned, *(f'"{one}"' for one in owned)]}
    ):
        yield f"表 {table} 的約束 {name} 不含 unit_id，會洩露其他鄉鎮的數據是否存在"


def _table_faults(connection: Connection, owned: set[str]) -> Iterator[str]:
    found = {row.name: row for row in connection.execute(judged(_TABLES))}
    if any(row.own for row in found.values()):
        yield "運行角色是表的所有者，可以自行關閉行級安全；請另設運行角色（見 docs/operators.md）"
    for name in sorted(owned):
        row = found.get(name)
        if row is None:
            yield f"缺少表 {name}，請執行 townhall init"
        elif not (row.enabled and row.forced):
            yield f"表 {name} 沒有強制行級安全"
        elif row.truncates:
            yield f"運行角色可以清空表 {name}"


def _policy_faults(connection: Connection, owned: set[str]) -> Iterator[str]:
    walled = {
        row.name
        for row in connection.execute(judged(_POLICIES))
        if (row.permissive, row.cmd, row.roles) == ("RESTRICTIVE", "ALL", "{public}")
        and _bare(row.qual) == _bare(row.with_check) == _WITHIN
    }
    for name in sorted(owned - walled):
        yield f"表 {name} 沒有按單位範圍限制的策略"


def _bare(expression: str | None) -> str:
    """A policy's condition without casts, brackets and spaces, which versions of PostgreSQL write differently."""
    return re.sub(r"::character varying|::text|[()\s]", "", (expression or "").lower())
