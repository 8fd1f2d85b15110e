"""Reads that are themselves acts: staff above a township opening its pages, and addresses that were not theirs.

Each is written once a sign-in, in a transaction of its own, so that pages are still only read.
"""

from flask import current_app, request
from sqlalchemy import select

from townhall.accounts.sessions import SignedIn
from townhall.audit.act import Act
from townhall.audit.models import AuditRecord
from townhall.audit.operations import record
from townhall.clock import now
from townhall.tenancy import enter, scope_of
from townhall.web.edge import database

READ, DENIED = "read", "denied"


def note_reading(signed: SignedIn, unit_id: str) -> None:
    """Record that somebody opened the pages of a unit that is not the one held (rule O1).

    What is changed there is recorded by itself.
    """
    if request.method == "GET" and signed.held is not None and signed.held.unit_id != unit_id:
        _once(signed.act(now(), _number(signed)), unit_id, READ)


def note_denied(signed: SignedIn) -> None:
    """Record an address in somebody else's unit, in the chain of the unit that is held (bar A1).

    The request ends here: its own transaction is given up first, so that nobody waits for anybody.
    """
    if signed.held is not None:
        act = signed.act(now(), _number(signed))
        database().rollback()
        _once(act, act.held, DENIED)


def _number(signed: SignedIn) -> str:
    """What ties together all that was read in one sign-in."""
    return signed.session.id[:32]


def _once(act: Act, unit_id: str, action: str) -> None:
    """Reads of one sign-in are told apart by unit, refusals by address."""
    path = request.path[:200]
    known = select(AuditRecord.number).filter_by(unit_id=unit_id, action=action, correlation=act.correlation)
    if action == DENIED:
        known = known.where(AuditRecord.path == path)
    with current_app.extensions["townhall.sessions"]() as session:
        enter(session, scope_of(unit_id))
        if session.scalar(known.limit(1)) is None:
            record(session, act, unit_id, action, path=path)
            session.commit()
