"""PostgreSQL's row-level security for tenant-owned tables, used by the migrations that make them.

The restrictive policy is the wall: it is and-ed to whatever else is ever granted. The permissive one opens what
the wall leaves, since a restrictive policy alone shows nothing. `FORCE` holds the owner to it too.
Without a scope the settings are empty, `nullif` makes them NULL, and nothing is seen or written.
"""

from alembic import op

WALL, DOOR = "within_scope", "whatever_is_within"
_WITHIN = (
    "unit_id >= nullif(current_setting('townhall.first', true), '') "
    "AND unit_id <= nullif(current_setting('townhall.last', true), '')"
)


def protect(*tables: str) -> None:
    """Put up the wall on tables that have a `unit_id`. Does nothing on SQLite, which has no such thing."""
    if op.get_context().dialect.name != "postgresql":
        return
    for table in tables:
        op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
        op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
        op.execute(
            f'CREATE POLICY {WALL} ON "{table}" AS RESTRICTIVE USING ({_WITHIN}) WITH CHECK ({_WITHIN})'
        )
        op.execute(f'CREATE POLICY {DOOR} ON "{table}" AS PERMISSIVE USING (true) WITH CHECK (true)')


def unprotect(*tables: str) -> None:
    """Take the wall down again."""
    if op.get_context().dialect.name != "postgresql":
        return
    for table in tables:
        op.execute(f'DROP POLICY {DOOR} ON "{table}"')
        op.execute(f'DROP POLICY {WALL} ON "{table}"')
        op.execute(f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY')
        op.execute(f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY')
