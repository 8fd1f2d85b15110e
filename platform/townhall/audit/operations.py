"""Verbs on the audit. A record is written in the transaction of what it records, so both are there or neither."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from townhall.audit.act import Act
from townhall.audit.chain import FIELDS, START, Break, digest_of, first_break, plain
from townhall.audit.models import AuditRecord
from townhall.database import table_of
from townhall.tenancy import judged, require
from townhall.units.models import Unit

READ_AT_ONCE = 1_000
FIELDS_OF_ROW = (*FIELDS, "digest")


def record(
    session: Session,
    act: Act,
    unit_id: str,
    action: str,
    *,
    path: str = "",
    changes: Iterable[Iterable[Any]] = (),
    basis: dict[str, Any] | None = None,
) -> AuditRecord:
    """Add an act to the chain of a unit. Raises `ScopeViolation` for one outside the session's scope.

    Written without the ORM: a fleet that is provisioned writes one for each centre.
    """
    require(session, unit_id)
    session.flush()
    number, previous = _last(session, unit_id)
    made = AuditRecord(
        unit_id=unit_id,
        number=number + 1,
        at=act.moment,
        login=act.login,
        name=act.name,
        role=act.role,
        held=act.held,
        action=action,
        path=path[:200],
        changes=[list(change) for change in changes],
        reason=act.reason,
        basis=basis or {},
        correlation=act.correlation,
        previous=previous,
        digest="",
    )
    made.digest = digest_of(plain(made))
    table = table_of(AuditRecord)
    session.connection().execute(insert(table), {column: getattr(made, column) for column in FIELDS_OF_ROW})
    return made


def _last(session: Session, unit_id: str) -> tuple[int, str]:
    """Number and digest of the newest record of a unit; whoever wants to add the next one waits here."""
    connection, units, chain = session.connection(), table_of(Unit), table_of(AuditRecord)
    waiting = select(units.c.code).where(units.c.code == unit_id).with_for_update(key_share=True)
    connection.execute(waiting).one()
    newest = select(chain.c.number, chain.c.digest).where(chain.c.unit_id == unit_id)
    found = connection.execute(judged(newest.order_by(chain.c.number.desc()).limit(1))).one_or_none()
    return (found.number, found.digest) if found else (0, START)


def records(session: Session, unit_id: str) -> Iterator[AuditRecord]:
    """The chain of a unit from its beginning, read a part at a time, so that its length does not matter."""
    wanted = select(AuditRecord).where(AuditRecord.unit_id == unit_id).order_by(AuditRecord.number)
    reached = 0
    while part := session.scalars(wanted.where(AuditRecord.number > reached).limit(READ_AT_ONCE)).all():
        yield from part
        reached = part[-1].number


def chained_units(session: Session) -> list[str]:
    """The units within the session's scope that have a chain."""
    return list(session.scalars(select(AuditRecord.unit_id).distinct().order_by(AuditRecord.unit_id)))


def broken(session: Session, unit_id: str) -> Break | None:
    """The first broken link of a unit's chain, or None."""
    return first_break(unit_id, ((plain(one), one.digest) for one in records(session, unit_id)))
