import sqlalchemy
from sqlalchemy import event, insert, literal_column, select, text
from sqlalchemy.orm import Session

from townhall.database import table_of
from townhall.tenancy import judged
from townhall.units.models import Unit


def read_all(session: Session, engine: sqlalchemy.Engine) -> None:
    # ruleid: sql-text
    session.execute(text("SELECT * FROM approval"))
    # ruleid: sql-text
    session.execute(sqlalchemy.text("SELECT * FROM approval"))
    # ruleid: sql-text
    session.execute(select(literal_column("1")))
    # ruleid: sql-text, core-connection
    session.connection().exec_driver_sql("SELECT 1")
    # ruleid: core-connection
    session.connection().execute(select(Unit))
    # ruleid: core-connection
    engine.connect()
    # ruleid: core-connection
    table = table_of(Unit)
    # ruleid: wall-opened
    session.execute(judged(select(table)))
    # ok: wall-opened, sql-text, core-connection
    session.execute(select(Unit))


def take_down(session: Session) -> None:
    # ruleid: listener-removed
    event.remove(Session, "do_orm_execute", print)
    # ok: listener-removed
    session.info.pop("known")
    insert(Unit)
