"""Writing all rows of a new centre: one statement a table on SQLite, one for all of them on PostgreSQL."""

import json
from functools import lru_cache
from typing import Any

from sqlalchemy import Table, insert, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import TextClause

from provisioning.plan import Changes
from townhall.centres.rows import MODELS, Row, rows_of
from townhall.database import table_of
from townhall.tenancy import judged, require


def insert_rows(session: Session, unit_id: str, changes: Changes) -> None:
    """Insert what a creation makes, in the caller's transaction. Raises `ScopeViolation` for a foreign unit.

    PostgreSQL gets the rows of a table as a JSON document, which is made once for all centres that share the
    changes, and all documents in one statement: sending the rows one by one, or asking once a table, takes longer.
    SQLite is quicker with plain rows.
    """
    require(session, unit_id)
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        documents = _documents(changes)
        connection.execute(_from_documents(tuple(documents)), {"unit": unit_id, **documents})
        return
    for section, rows in rows_of(changes).items():
        if rows:
            connection.execute(insert(table_of(MODELS[section])), _owned(rows, unit_id))


def _owned(rows: tuple[Row, ...], unit_id: str) -> list[dict[str, Any]]:
    return [{**row, "unit_id": unit_id} for row in rows]


@lru_cache(maxsize=64)
def _documents(changes: Changes) -> dict[str, str]:
    return {
        section: json.dumps(rows, ensure_ascii=False) for section, rows in rows_of(changes).items() if rows
    }


@lru_cache(maxsize=64)
def _from_documents(sections: tuple[str, ...]) -> TextClause:
    """The insertions of several sections as one statement, which counts as one for the keys between them."""
    parts = ", ".join(f"{section} AS ({_from_document(section)})" for section in sections)
    return judged(text(f"WITH {parts} SELECT 1"))


def _from_document(section: str) -> str:
    """`INSERT … SELECT` from a JSON document; every name comes from our own metadata, every value is bound."""
    table: Table = table_of(MODELS[section])
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    quote = dialect.identifier_preparer.quote
    columns = [column for column in table.columns if column.name != "unit_id"]
    names = ", ".join(quote(column.name) for column in columns)
    types = ", ".join(f"{quote(column.name)} {column.type.compile(dialect)}" for column in columns)
    return (
        f"INSERT INTO {quote(table.name)} (unit_id, {names}) "  # noqa: S608 # nosec B608 # names of our own metadata
        f"SELECT :unit, {names} FROM jsonb_to_recordset(CAST(:{section} AS jsonb)) AS given ({types})"
    )
