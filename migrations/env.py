"""Runs migrations online, one transaction each, with time limits on PostgreSQL."""

from alembic import context
from sqlalchemy import text

from townhall.config import Settings
from townhall.database import Base, create_engine_for
from townhall.models import HOST_OWNED, TENANT_OWNED

# Named so that the import is seen to be for its effect: these classes fill the metadata.
MAPPED = (*HOST_OWNED, *TENANT_OWNED)

# Any number that no other program uses for its advisory lock on this database.
LOCK = 5_223_010_010


def run() -> None:
    url = context.config.attributes.get("url") or Settings().database_url
    engine = create_engine_for(url)
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            # SQLite changes a table by making it anew: what refers to it must not be held to the old one meanwhile.
            # Inside a transaction the setting is ignored, so the driver is told before there is one.
            connection.connection.execute("PRAGMA foreign_keys=OFF")
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET lock_timeout = '5s'"))
            connection.execute(text("SET statement_timeout = '300s'"))
            connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
            connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            compare_type=True,
            render_as_batch=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        if connection.dialect.name == "sqlite":
            lost = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if lost:
                raise RuntimeError(f"rows that refer to nothing after the migration: {lost[:5]}")
    engine.dispose()


run()
