"""What a centre has open against its own standard: questions, local differences, and what it has said of them."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from provisioning.marks import Mark, MarkKind, identity, of_kind
from provisioning.plan import Action, Operation, Plan, Reason
from provisioning.resolve import Upstream
from provisioning.tree import Path
from townhall.centres.apply import pinned, plan_for
from townhall.centres.models import Question
from townhall.centres.standing import Standing, standing
from townhall.units.models import Unit


@dataclass(frozen=True, slots=True)
class Open:
    """A question that waits for a decision: its mark and the action that tells it in words."""

    mark: Mark
    action: Action


@dataclass(frozen=True, slots=True)
class Together:
    """All questions on one item where there are several: they may depend on each other and can be decided at once."""

    item: Path
    questions: tuple[Open, ...]

    @property
    def label(self) -> str:
        """What people call the item."""
        return self.questions[0].action.label

    @property
    def token(self) -> str:
        """Names just these questions in a form: with another one, or about other values, they are others."""
        return token_of(one.mark.question for one in self.questions)


def token_of(questions: Iterable[str]) -> str:
    """What names a number of questions in a form, in whatever order they come."""
    return identity(*sorted(questions))


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

    @property
    def together(self) -> tuple[Together, ...]:
        """The items with several questions to the standard; between two townships each is decided by itself."""
        asked = (one for one in self.questions if not one.mark.origin)
        items = groupby(asked, lambda one: one.mark.path[:2])
        found = (Together(item, tuple(inside)) for item, inside in items)
        return tuple(one for one in found if len(one.questions) > 1)

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


@dataclass(frozen=True, slots=True)
class SharedTogether:
    """Several questions on one item that several centres have alike, told by the first of them."""

    together: Together
    centres: int
    units: tuple[Unit, ...]

    @property
    def questions(self) -> tuple[str, ...]:
        return tuple(one.mark.question for one in self.together.questions)


MOST = 100  # questions on one page
Ledgers = Callable[[Unit], Ledger]


def shared_questions(session: Session, most: int | None = MOST) -> list[Shared]:
    """The open questions within the session's scope, those of the most centres first; all with `most` None."""
    counted = (
        select(Question.question, func.count().label("centres"), func.min(Question.unit_id).label("first"))
        .group_by(Question.question)
        .order_by(func.count().desc(), func.min(Question.place), Question.question)
    )
    ledgers = _ledgers(session)
    found = (
        _shared(session, ledgers, row.question, row.centres, row.first)
        for row in session.execute(counted.limit(most)).all()
    )
    return [one for one in found if one is not None]


def _ledgers(session: Session) -> Ledgers:
    """The ledgers of centres, each made once: many questions are told by the same one."""
    return cache(lambda unit: ledger(session, unit))


def _shared(session: Session, ledgers: Ledgers, question: str, centres: int, first: str) -> Shared | None:
    asked = ledgers(session.get_one(Unit, first)).questions
    found = next((one for one in asked if one.mark.question == question), None)
    if found is None:
        return None
    units = tuple(units_with(session, [question])[:MOST])
    return Shared(question, centres, units, found.action, found.mark)


def shared_together(session: Session) -> list[SharedTogether]:
    """The items with several open questions within the session's scope, those of the most centres first."""
    ledgers, inside = _ledgers(session), _by_item(session)
    alike = {(item, frozenset(questions)) for (_, item), questions in inside.items() if len(questions) > 1}
    having = {
        (item, questions): [code for (code, at), asked in inside.items() if at == item and questions <= asked]
        for item, questions in alike
    }
    counted = sorted(having.items(), key=lambda one: (-len(one[1]), one[0][0], sorted(one[0][1])))
    found = (_together(session, ledgers, questions, codes) for (_, questions), codes in counted[:MOST])
    return [one for one in found if one is not None]


def _by_item(session: Session) -> dict[tuple[str, str], set[str]]:
    """The open questions of each centre (in the order of codes) by the item that they are about, as it is written."""
    rows = session.execute(
        select(Question.unit_id, Question.place, Question.question).order_by(Question.unit_id)
    )
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for code, place, question in rows:
        found[code, place.partition("]")[0]].add(question)
    return found


def _together(
    session: Session, ledgers: Ledgers, questions: Collection[str], codes: list[str]
) -> SharedTogether | None:
    found = ledgers(session.get_one(Unit, codes[0])).questions
    asked = [one for one in found if one.mark.question in questions and not one.mark.origin]
    if len(asked) != len(questions):
        return None
    units = tuple(session.get_one(Unit, code) for code in codes[:MOST])
    return SharedTogether(Together(asked[0].mark.path[:2], tuple(asked)), len(codes), units)


def units_with(session: Session, questions: Collection[str]) -> list[Unit]:
    """The units within the session's scope that have all of some questions, by code."""
    having = (
        select(Unit).join(Question, Question.unit_id == Unit.code).where(Question.question.in_(questions))
    )
    every = having.group_by(Unit.code).having(func.count() == len(questions))
    return list(session.scalars(every.order_by(Unit.code)))


def units_asked(session: Session) -> list[Unit]:
    """The units within the session's scope that have any question, by code."""
    having = select(Unit).where(Unit.code.in_(select(Question.unit_id)))
    return list(session.scalars(having.order_by(Unit.code)))
