"""What a centre has open against its own standard: questions, local differences, and what it has said of them."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from provisioning.marks import Mark, MarkKind, identity, of_kind
from provisioning.plan import Action, Operation, Plan, Reason
from provisioning.resolve import Upstream
from provisioning.tree import Path
from townhall.centres.apply import pinned, plan_for
from townhall.centres.models import Question, Revision
from townhall.centres.standing import Standing, standing
from townhall.centres.writing import marks_of
from townhall.units.models import Unit


@dataclass(frozen=True, slots=True)
class Open:
    """A question that waits for a decision: its mark and the action that tells it in words."""

    mark: Mark
    action: Action


@dataclass(frozen=True, slots=True)
class Difference:
    """A place where the township differs from its standard, and what is said of it.

    `accepted` is the acceptance that holds for the present value; `token` names the place in a form.
    """

    action: Action
    token: str
    pinned: bool
    accepted: Mark | None

    def expired(self, day: dt.date) -> bool:
        """Whether an acceptance has run out by a day."""
        return self.accepted is not None and self.accepted.until is not None and self.accepted.until < day


@dataclass(frozen=True, slots=True)
class Suspended:
    """A value that a lock displaced; `free` when nothing locks its place any more (rule E2)."""

    mark: Mark
    free: bool


@dataclass(frozen=True)
class Ledger:
    """Everything of one centre, by place."""

    questions: tuple[Open, ...]
    differences: tuple[Difference, ...]
    suspended: tuple[Suspended, ...]

    def place(self, token: str) -> Path | None:
        """The place that a form names, if it is one of this centre's differences."""
        return next((one.action.path for one in self.differences if one.token == token), None)


def ledger(session: Session, unit: Unit) -> Ledger:
    """What a centre has open. Raises `LookupError` for a unit without a centre."""
    stands = standing(session, unit)
    if stands is None:
        raise LookupError(unit.code)
    plan = plan_for(unit, stands, pinned(session, unit))
    asked = {action.path: action for action in plan.changes.conflicts}
    questions = (
        Open(mark, asked[mark.path])
        for mark in of_kind(stands.marks, MarkKind.CONFLICT)
        if mark.path in asked
    )
    suspended = (
        Suspended(mark, _free(stands.base, mark)) for mark in of_kind(stands.marks, MarkKind.SUSPENDED)
    )
    return Ledger(tuple(questions), tuple(_differences(stands, plan)), tuple(suspended))


def _free(standard: Upstream, mark: Mark) -> bool:
    rule = standard.rule(mark.path)
    return rule is None or rule.policy != "locked"


def _differences(stands: Standing, plan: Plan) -> Iterator[Difference]:
    pins = {mark.path for mark in of_kind(stands.marks, MarkKind.PIN)}
    accepted = {mark.path: mark for mark in of_kind(stands.marks, MarkKind.ACCEPTED)}
    for action in plan.changes.actions:
        if action.operation is not Operation.KEEP or action.reason is Reason.CONVERGED:
            continue
        mark = accepted.get(action.path)
        holds = mark if mark is not None and mark.value == action.before else None
        yield Difference(action, identity(list(action.path)), action.path in pins, holds)


@dataclass(frozen=True, slots=True)
class Shared:
    """One question that several centres have alike (rule G6), told by the first of them."""

    question: str
    centres: int
    units: tuple[Unit, ...]
    action: Action
    mark: Mark


MOST = 100  # questions on one page


def shared_questions(session: Session, most: int | None = MOST) -> list[Shared]:
    """The open questions within the session's scope, those of the most centres first; all with `most` None."""
    counted = (
        select(Question.question, func.count().label("centres"), func.min(Question.unit_id).label("first"))
        .group_by(Question.question)
        .order_by(func.count().desc(), func.min(Question.place), Question.question)
    )
    found = (
        _shared(session, row.question, row.centres, row.first)
        for row in session.execute(counted.limit(most)).all()
    )
    return [one for one in found if one is not None]


def _shared(session: Session, question: str, centres: int, first: str) -> Shared | None:
    unit = session.get_one(Unit, first)
    mark = next((one for one in _marks(session, unit) if one.question == question), None)
    action = next((one.action for one in ledger(session, unit).questions if one.mark == mark), None)
    if mark is None or action is None:
        return None
    having = select(Unit).join(Question, Question.unit_id == Unit.code).where(Question.question == question)
    units = session.scalars(having.order_by(Unit.code).limit(MOST)).all()
    return Shared(question, centres, tuple(units), action, mark)


def _marks(session: Session, unit: Unit) -> Iterator[Mark]:
    newest = select(Revision.marks).filter_by(unit_id=unit.code).order_by(Revision.number.desc()).limit(1)
    return of_kind(marks_of(session.scalar(newest)), MarkKind.CONFLICT)


def units_with(session: Session, question: str) -> list[Unit]:
    """The units within the session's scope that have a question, by code."""
    having = select(Unit).join(Question, Question.unit_id == Unit.code).where(Question.question == question)
    return list(session.scalars(having.order_by(Unit.code)))


def units_asked(session: Session) -> list[Unit]:
    """The units within the session's scope that have any question, by code."""
    having = select(Unit).where(Unit.code.in_(select(Question.unit_id)))
    return list(session.scalars(having.order_by(Unit.code)))
