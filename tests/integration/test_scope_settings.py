"""What PostgreSQL is told of a session's scope, which its policies read: both ends, for one transaction."""

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from townhall.tenancy import enter, scope_of, scoped

pytestmark = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
HOME = scope_of("522301001000")
FIRST, LAST = "townhall.first", "townhall.last"  # as migrations/row_security.py writes them
NOTHING = (None, "")  # a setting that was local to a transaction is empty afterwards


def told(session: Session) -> tuple[str | None, str | None]:
    asked = select(func.current_setting(FIRST, True), func.current_setting(LAST, True))
    first, last = session.execute(asked).one()
    return first, last


def test_each_transaction_is_told_both_ends_of_the_scope(engine: Engine) -> None:
    with Session(engine, info=scoped(HOME)) as session:
        for _ in range(2):
            assert told(session) == (HOME.first, HOME.last)
            session.commit()


def test_a_scope_entered_in_a_transaction_is_told_at_once(engine: Engine) -> None:
    with Session(engine) as session:
        assert all(one in NOTHING for one in told(session))
        enter(session, HOME)
        assert told(session) == (HOME.first, HOME.last)


def test_the_next_user_of_the_connection_is_told_nothing(engine: Engine) -> None:
    with Session(engine, info=scoped(HOME)) as session:
        told(session)
        session.commit()
    with Session(engine) as session:
        assert all(one in NOTHING for one in told(session))
