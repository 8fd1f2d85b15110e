"""The declarative base, engines for both databases, and the way to the newest schema."""

import datetime as dt
from importlib import resources
from typing import Any, ClassVar

from alembic import command
from alembic.config import Config
from pydantic_core import from_json  # of short values faster than `json.loads`, and a centre has a thousand
from sqlalchemy import (
    JSON,
    URL,
    Connection,
    DateTime,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from townhall.tenancy import Owned

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Moment(TypeDecorator[dt.datetime]):
    """A point in time, always aware and in UTC, also where the database knows no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Any) -> dt.datetime | None:  # noqa: ARG002
        if value is not None and value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value.astimezone(dt.UTC) if value else None

    def process_result_value(self, value: dt.datetime | None, dialect: Any) -> dt.datetime | None:  # noqa: ARG002
        return value.replace(tzinfo=dt.UTC) if value and value.tzinfo is None else value


# A value in canonical form (rule A8): text, list, duration, blank. Absent is SQL NULL.
Canonical = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class Base(DeclarativeBase):
    """Every table of ours; constraints are named by one convention."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        dt.datetime: Moment,
        dict[str, Any]: Canonical,
        list[Any]: Canonical,
        Any: Canonical,
    }


class TenantOwned(Owned):
    """A row of one centre: its identity is the unit with the row's own immutable key (rule A3)."""

    key: Mapped[str] = mapped_column(String(80), primary_key=True)


class Ordered:
    """A row of a collection ordered by hand (rule D1); positions count from 0."""

    position: Mapped[int] = mapped_column(Integer)


def table_of(model: type[Base]) -> Table:
    """The table of a mapped class, for statements that write many rows at once."""
    return model.metadata.tables[model.__tablename__]


def create_engine_for(url: str) -> Engine:
    """An engine for SQLite or PostgreSQL; SQLite gets WAL, foreign keys, a busy timeout and real transactions."""
    address = make_url(url)
    if address.get_backend_name() == "postgresql":
        return _postgresql_engine(address)
    if address.get_backend_name() != "sqlite":
        raise ArgumentError(f"資料庫只能是 sqlite 或 postgresql，不能是 {address.get_backend_name()}")
    engine = create_engine(address, json_deserializer=from_json)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgresql_engine(address: URL) -> Engine:
    """Behind a pooler each transaction may be on another connection, which knows no statement prepared before."""
    arguments = {"prepare_threshold": None} if is_pooled(address) else {}
    direct = address.difference_update_query([POOLER]).set(drivername="postgresql+psycopg")
    return create_engine(direct, pool_pre_ping=True, connect_args=arguments, json_deserializer=from_json)


def is_pooled(address: str | URL) -> bool:
    """Whether an address says that it leads through pgbouncer, with `?pgbouncer=true`."""
    return make_url(address).query.get(POOLER) == "true"


POOLER = "pgbouncer"


def runtime_role(url: str) -> str | None:
    """The PostgreSQL role of an address, or None for SQLite, which has no roles."""
    address = make_url(url)
    return address.username if address.get_backend_name() == "postgresql" else None


def shown_address(url: str) -> str:
    """A database's address for people to read, without its password."""
    return make_url(url).render_as_string(hide_password=True)


def reading(engine: Engine) -> Engine:
    """The same engine for transactions that only read: on SQLite they do not wait for a writer, nor it for them."""
    return engine.execution_options(**{_READING: True})


_READING = "townhall_reading"


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at once, unless told otherwise.

    A transaction that reads first and writes later fails when somebody else wrote in between, and no busy
    timeout helps; one that asks for the lock at its start waits for its turn.
    """
    deferred = connection.get_execution_options().get(_READING, False)
    connection.exec_driver_sql("BEGIN" if deferred else "BEGIN IMMEDIATE")


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Python's driver begins transactions late by itself; it is told not to, and SQLAlchemy says BEGIN."""
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "busy_timeout=10000", "synchronous=NORMAL"):
        connection.execute(f"PRAGMA {pragma}")


def alembic_config(url: str) -> Config:
    """Alembic's configuration for the migrations that came with this installation."""
    config = Config()
    config.set_main_option("script_location", str(resources.files("migrations")))
    config.attributes["url"] = url
    return config


def upgrade(url: str, revision: str = "head", *, runtime: str | None = None) -> None:
    """Bring a database to a revision, by default the newest.

    `runtime` is the PostgreSQL role that the application runs under: it gets the rows and nothing of the tables.
    """
    command.upgrade(alembic_config(url), revision)
    if runtime is not None:
        grant(url, runtime)


def grant(url: str, role: str) -> None:
    """Give a PostgreSQL role what the application needs, table by table: no owner's right, no TRUNCATE, no DDL."""
    engine = create_engine_for(url)
    with engine.begin() as connection:
        quoted = connection.dialect.identifier_preparer.quote(role)
        connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {quoted}"))
        connection.execute(
            text(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {quoted}")
        )
        connection.execute(text(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {quoted}"))
        for table in APPEND_ONLY:
            connection.execute(text(f"REVOKE UPDATE, DELETE ON {table} FROM {quoted}"))
    engine.dispose()


# Tables that the application may add to and read, and nothing else (security, 2b).
APPEND_ONLY = ("audit_record",)
