"""Failed attempts at a secret, counted in the database: several server processes count together.

A turn is taken before the secret is tried and given back when it was right, so that attempts that are made at
once, on any number of processes, cannot all slip through before the first of them is counted.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from townhall.accounts.models import Attempt

WINDOW = dt.timedelta(minutes=15)
_INSERT = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


@dataclass(frozen=True, slots=True)
class Turn:
    """A try of some kind by or at somebody (`whose`: an address, a login), of which `most` may fail in a window."""

    kind: str
    whose: str
    most: int

    @property
    def key(self) -> str:
        """What the database keeps of it: nobody's address and nobody's login."""
        return hashlib.sha256(f"{self.kind}\n{self.whose}".encode()).hexdigest()


def standing(session: Session, turns: Iterable[Turn], moment: dt.datetime) -> int:
    """The seconds to wait where a window is full already, else 0; takes no turn."""
    by_key = {turn.key: turn for turn in turns}
    found = select(Attempt).where(Attempt.key.in_(by_key), Attempt.expires_at > moment)
    full = [one for one in session.scalars(found) if one.count >= by_key[one.key].most]
    return max([_seconds(one.expires_at, moment) for one in full], default=0)


def take(session: Session, turns: Iterable[Turn], moment: dt.datetime) -> int:
    """Take a turn of each kind; gives the seconds to wait when one of them was a turn too many, else 0."""
    _forget(session, moment)
    # In one order for everybody, so that no two transactions wait for each other.
    ordered = sorted(turns, key=lambda turn: turn.key)
    return max([_taken(session, turn, moment) for turn in ordered], default=0)


def _forget(session: Session, moment: dt.datetime) -> None:
    """Drop what is over, but nothing that somebody else is just counting."""
    over = select(Attempt.key).where(Attempt.expires_at <= moment).limit(100)
    session.execute(delete(Attempt).where(Attempt.key.in_(over.with_for_update(skip_locked=True))))


def _taken(session: Session, turn: Turn, moment: dt.datetime) -> int:
    """In one statement: reading first and writing later would lose turns."""
    insert: Any = _INSERT[session.connection().dialect.name]
    fresh = insert(Attempt).values(key=turn.key, count=1, expires_at=moment + WINDOW)
    over = Attempt.expires_at <= moment
    changes = {
        "count": case((over, 1), else_=Attempt.count + 1),
        "expires_at": case((over, fresh.excluded.expires_at), else_=Attempt.expires_at),
    }
    counted = fresh.on_conflict_do_update(index_elements=[Attempt.key], set_=changes)
    count, expires = session.execute(counted.returning(Attempt.count, Attempt.expires_at)).one()
    return 0 if count <= turn.most else _seconds(expires, moment)


def give_back(session: Session, turns: Iterable[Turn]) -> None:
    """Count attempts as not made: what was tried was right."""
    for turn in sorted(turns, key=lambda turn: turn.key):
        mine = update(Attempt).where(Attempt.key == turn.key, Attempt.count > 0)
        session.execute(mine.values(count=Attempt.count - 1))


def _seconds(expires: dt.datetime, moment: dt.datetime) -> int:
    return max(1, int((expires - moment).total_seconds()))
