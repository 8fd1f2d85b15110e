"""One decision for every centre that has the same questions: one transaction a centre (rules G6, O3).

Killed at any moment and started again it goes on where it was: the records of an act say which centres it has
decided.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from provisioning.marks import NoSuchConflict
from townhall.audit.act import Act
from townhall.audit.models import AuditRecord
from townhall.centres.asking import units_with
from townhall.centres.deciding import Decision, decide_alike
from townhall.centres.edit import EditRefused
from townhall.units.models import Unit

SessionMaker = sessionmaker[Session]
Advance = Callable[[int, int], None]  # centres done, centres in all


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of it: how many centres are decided, and by 12-digit code why others could not be, in Chinese."""

    decided: int
    refused: dict[str, str]


def settle(
    sessions: SessionMaker,
    questions: Collection[str],
    decision: Decision,
    *,
    act: Act,
    advance: Advance = lambda _done, _total: None,
) -> Settled:
    """Decide in every centre within the sessions' scope that has all of the questions; refusals hold up nobody."""
    with sessions() as session:
        before = _decided_by(session, act)
        waiting = [unit.code for unit in units_with(session, questions) if unit.code not in before]
    refused: dict[str, str] = {}
    for done, code in enumerate(waiting, len(before) + 1):
        if (reason := _refusal(sessions, code, questions, decision, act)) is not None:
            refused[code] = reason
        advance(done, len(before) + len(waiting))
    return Settled(len(before) + len(waiting) - len(refused), refused)


def _decided_by(session: Session, act: Act) -> set[str]:
    """The centres that an act has decided before its worker died; what it put off is still open there."""
    told = select(AuditRecord.unit_id).filter_by(action="conflict.decide", correlation=act.correlation)
    return set(session.scalars(told.distinct()))


def _refusal(
    sessions: SessionMaker, code: str, questions: Collection[str], decision: Decision, act: Act
) -> str | None:
    """Decide in one centre; gives why it could not be, and then nothing of it is written."""
    try:
        with sessions.begin() as session:
            decide_alike(session, session.get_one(Unit, code), questions, decision, act=act)
    except (EditRefused, NoSuchConflict) as refusal:
        return str(refusal)
    except DBAPIError as error:
        return f"資料庫未能寫入（{error.orig}）"
    return None
