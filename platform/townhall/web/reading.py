"""Reads that are themselves acts: staff above a township opening its pages, and addresses that were not theirs.

Each is written once a sign-in, in a transaction of its own, so that pages are still only read.
"""

from flask import request
from sqlalchemy import select
from sqlalchemy.orm import Session

from townhall.accounts.sessions import SignedIn
from townhall.audit.act import Act
from townhall.audit.models import AuditRecord
from townhall.audit.operations import record
from townhall.clock import now
from townhall.tenancy import scope_of
from townhall.web.edge import database, session_beside

READ, DENIED = "read", "denied"


def note_reading(signed: SignedIn, unit_id: str) -> None:
    """Record that somebody opened the pages of a unit that is not the one held (rule O1).

    What is changed there is recorded by itself. Whether it is known already is asked in the request's own session,
    so that only the first page of a sign-in waits for writers.
    """
    if request.method != "GET" or signed.held is None or signed.held.unit_id == unit_id:
        return
    act = signed.act(now(), _number(signed))
    if not _known(database(), act, unit_id, READ):
        _write(act, unit_id, READ)


def note_denied(signed: SignedIn) -> None:
    """Record an address in somebody else's unit, in the chain of the unit that is held (bar A1).

    The request ends here: its own transaction is given up first, so that nobody waits for anybody.
    """
    if signed.held is not None:
        act = signed.act(now(), _number(signed))
        database().rollback()
        _write(act, act.held, DENIED)


def _number(signed: SignedIn) -> str:
    """What ties together all that was read in one sign-in."""
    return signed.session.id[:32]


def _known(session: Session, act: Act, unit_id: str, action: str) -> bool:
    """Reads of one sign-in are told apart by unit, refusals by address."""
    same = select(AuditRecord.number).filter_by(unit_id=unit_id, action=action, correlation=act.correlation)
    if action == DENIED:
        same = same.where(AuditRecord.path == _path())
    return session.scalar(same.limit(1)) is not None


def _write(act: Act, unit_id: str, action: str) -> None:
    with session_beside(scope_of(unit_id)) as session:
        if not _known(session, act, unit_id, action):
            record(session, act, unit_id, action, path=_path())


def _path() -> str:
    return request.path[:200]
